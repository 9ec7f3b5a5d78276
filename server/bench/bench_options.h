/* SPDX-License-Identifier: ISC */
/* The command line of tingyu-bench as a struct. */

#ifndef SERVER_BENCH_BENCH_OPTIONS_H
#define SERVER_BENCH_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum phase {
#define PHASE(NAME, name, repeated, help) PHASE_##NAME,
#include "server/bench/phases.def"
#undef PHASE
	PHASE_COUNT,
};

struct bench_options {
#define NUMBER(field, ...) uint32_t field;
#define TEXT(field, ...) const char *field;
#define FLAG(field, ...) bool field;
#include "server/bench/bench_options.def"
#undef NUMBER
#undef TEXT
#undef FLAG
	const char *invite;		/* tingyu://host:port/?pin=... */
	bool phase_wanted[PHASE_COUNT];
};

/*
 * Reads a command line; texts are borrowed from argv. On a mistake "out" is of no use and "error"
 * has a sentence for the user. With --help or --version nothing else is looked at.
 */
bool bench_options_parse(int argc, char **argv, struct bench_options *out, char *error,
    size_t room);

/* What --help says. */
void bench_options_print_help(FILE *out);

/* "login". */
const char *phase_name(enum phase phase);
bool phase_is_repeated(enum phase phase);

#endif
