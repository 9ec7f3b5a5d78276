/* SPDX-License-Identifier: ISC */
/* The line that moves while people wait: only on a terminal. */

#ifndef SERVER_BENCH_PROGRESS_H
#define SERVER_BENCH_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct progress {
	FILE *out;
	bool is_on;
	const char *what;	/* "login" */
	uint64_t start_ms;
};

/* "out" gets the line when it is a terminal and "wanted". */
void progress_init(struct progress *progress, FILE *out, bool wanted);

/* "what" is borrowed until the next call. */
void progress_start(struct progress *progress, const char *what);

/* "login    [######........] 512/1000  3.2 s  lost 0", over the line before. */
void progress_show(struct progress *progress, uint64_t done, uint64_t all, uint64_t lost);

/* Wipes the line. */
void progress_stop(struct progress *progress);

/* The line itself, without escape sequences; for tests. */
void progress_format(char *line, size_t room, const char *what, uint64_t done, uint64_t all,
    uint64_t lost, uint64_t elapsed_ms);

#endif
