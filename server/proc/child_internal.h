/* SPDX-License-Identifier: ISC */
/* What parent and child of the skeleton share with each other and with nobody else. */

#ifndef SERVER_PROC_CHILD_INTERNAL_H
#define SERVER_PROC_CHILD_INTERNAL_H

#include "server/proc/child.h"

/* First argument of a child's command line; CHILD_ARGUMENTS follow. */
#define CHILD_MARK "--member"

enum {
	/* "work", "session/3", "generation,number", and the descriptors "channel,settings,board,memories…" */
	CHILD_ARGUMENTS = 4,
	CHILD_DESCRIPTORS_MAX = 3 + PROC_MEMORIES_MAX,
};

/* An event base as parents and children use it: epoll, no locks, channels before clients. Dies when there is none. */
struct event_base *child_base_new(void);

/* A child that is itself a parent says that it is set up when its own children are. */
void child_hold_ready(struct proc_child *child);
void child_say_ready(struct proc_child *child);

#endif
