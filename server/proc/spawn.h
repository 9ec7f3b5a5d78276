/* SPDX-License-Identifier: ISC */
/*
 * The one place that makes processes: fork, and at once execute our own binary anew. A plain
 * fork of a process with threads inherits locks that nobody will ever open; after the exec
 * there is nothing inherited but what is named here.
 */

#ifndef SERVER_PROC_SPAWN_H
#define SERVER_PROC_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#include "shared/status.h"

enum {
	/* Exit status of a child that could not be executed. */
	SPAWN_EXIT_NO_EXEC = 127,
};

/*
 * Opens the binary that this process runs, close-on-exec; -1 and errno. Later starts use it
 * even when the file was replaced meanwhile, so that all processes of a server are of one
 * version.
 */
int spawn_open_image(void);

/*
 * Starts "image" with "argv" (ends with NULL; argv[0] is how it shows up in ps) and the
 * environment of this process. Of all our close-on-exec descriptors it gets those in "keep",
 * with the same numbers. All signals are blocked in it until it unblocks them.
 */
enum status spawn_start(int image, char *const argv[], const int *keep, size_t keep_count,
    pid_t *out);

/*
 * Starts another program, with no signals blocked and none of our close-on-exec descriptors.
 * When this process dies it gets "last_signal" (prctl(2), PR_SET_PDEATHSIG; the calling thread
 * counts). That it cannot be executed shows as SPAWN_EXIT_NO_EXEC.
 */
enum status spawn_start_program(const char *path, char *const argv[], int last_signal, pid_t *out);

#endif
