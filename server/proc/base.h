/* SPDX-License-Identifier: ISC */
/* The event base that parents and children of the skeleton run on. */

#ifndef SERVER_PROC_BASE_H
#define SERVER_PROC_BASE_H

#include "shared/compiler.h"

struct event_base;

/*
 * Epoll, edge-triggered events known, no locks: it belongs to one thread, and is made after the
 * exec. Two priorities, of which channels take the higher one (shared/channel.h): a child with
 * thousands of busy clients still hears its parent and siblings after every few of them. Dies
 * when there is none.
 */
struct event_base *base_new(void) MUST_USE;

#endif
