/* SPDX-License-Identifier: ISC */
/*
 * One of the programs that the supervisor keeps running. It is found beside our own binary,
 * told which configuration to read, and started again when it ends without having been told to:
 * at once the first time, then after 1 s, 2 s … 30 s; who has run for a minute starts anew with
 * that.
 */

#ifndef SERVER_SUPERVISOR_PROGRAM_H
#define SERVER_SUPERVISOR_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/status.h"
#include "shared/wheel.h"

struct program {
	const char *name;	/* "tingyu-route" */
	char *path;
	const char *conf;
	struct wheel *wheel;
	struct wheel_timer again;
	pid_t pid;		/* 0: does not run */
	uint64_t started_ms;
	unsigned deaths;	/* in a row */
};

/* STATUS_NOT_FOUND: there is no such program beside ours. "name" and "conf" are borrowed. */
enum status program_init(struct program *program, const char *name, const char *conf,
    struct wheel *wheel);
void program_clear(struct program *program);

/* Starts it. Not STATUS_OK: the log says why. */
enum status program_start(struct program *program);

/*
 * Whether it has ended: then *status is what waitpid(2) gives, and the log has a line about it.
 * To be asked after SIGCHLD.
 */
bool program_has_ended(struct program *program, int *status);

/* How long one waits that has died so often in a row before. */
uint64_t program_wait_ms(unsigned deaths);

/* Starts it again after that time. */
void program_restart(struct program *program);

/* No restart any more; and the signal, if it runs. */
void program_forget_restart(struct program *program);
void program_signal(const struct program *program, int signal);

#endif
