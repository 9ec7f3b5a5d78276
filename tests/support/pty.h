/* SPDX-License-Identifier: ISC */
/*
 * A program on a pseudo-terminal (pty(7)): it leads a session of its own, and the terminal is its
 * controlling one. This is only the cable; what the program draws is terminal.h's.
 */

#ifndef TESTS_SUPPORT_PTY_H
#define TESTS_SUPPORT_PTY_H

#include <sys/types.h>

#include "shared/status.h"

struct pty {
	int fd; /* what the program writes comes out, what goes in was typed; non-blocking */
	pid_t pid;
};

/*
 * Starts argv[0] (NULL ends the arguments) with "variables" ("NAME=value", NULL ends them; a bare
 * "NAME" takes one away) on top of the environment. The kernel kills it together with the caller.
 * The caller closes fd and waits for pid. STATUS_SYSTEM, ...: there is no pty or process to be had.
 */
enum status pty_start(const char *const argv[], const char *const variables[], int columns,
    int rows, struct pty *out);

/* Another size; the program in the foreground gets SIGWINCH. */
void pty_resize(const struct pty *pty, int columns, int rows);

#endif
