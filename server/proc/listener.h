/* SPDX-License-Identifier: ISC */
/* Sockets that wait for clients. */

#ifndef SERVER_PROC_LISTENER_H
#define SERVER_PROC_LISTENER_H

#include "server/proc/proc.h"

enum { LISTENER_BACKLOG = 4096 };

struct listener {
	int fd;		/* non-blocking, close-on-exec */
	struct proc_address address;	/* the one it really has */
};

/* Binds and listens; *out is set with STATUS_OK only. The log says what went wrong. */
enum status listener_open(const struct proc_address *address, struct listener *out);

/*
 * Sockets that a service manager has opened for us (LISTEN_PID and LISTEN_FDS, sd_listen_fds(3)),
 * in its order; returns how many. The environment is cleaned, so that children do not take them
 * for theirs.
 */
unsigned listener_inherit(struct listener *out, unsigned room);

void listener_close(struct listener *listener);

/* "127.0.0.1:7401", for logs. */
enum { LISTENER_TEXT_SIZE = 80 };
void listener_describe(const struct proc_address *address, char text[LISTENER_TEXT_SIZE]);

#endif
