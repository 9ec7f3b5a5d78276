/* SPDX-License-Identifier: ISC */
/*
 * The waiting room of a child. A crowd that connects at once costs more handshakes than a child
 * (or the clients' own machine) can do before the first of them run out of time, and then all
 * that work is lost. So only so many are inside at a time who have not got through the door yet:
 * let in, and neither settled nor gone. The others wait in the order in which they came, and
 * their time does not run; whoever goes away meanwhile costs nothing. Nobody can hold up the ones
 * outside by being slow inside: some are let in every moment even when it is full.
 *
 * When the queue has grown so long that those in front may be about to give up, the newest come
 * first: whoever waited too long comes back as a newcomer, and nobody is served just too late.
 */

#ifndef SERVER_PROC_ADMISSION_H
#define SERVER_PROC_ADMISSION_H

#include <stddef.h>
#include <stdint.h>

#include "shared/compiler.h"

struct admission;
struct event_base;

struct admission_events {
	/* Come in: the handler owns "fd". */
	void (*on_enter)(void *arg, int fd);
	/* Went away while waiting; "fd" is closed already. */
	void (*on_lost)(void *arg);
};

struct admission_limits {
	size_t per_turn;	/* let in at each turn of the loop, at most */
	size_t inside;		/* at the door at a time */
	size_t per_second;	/* let in when it is full */
	uint64_t patience_ms;	/* clients surely wait so long */
};

/* "limits" and "events" stay the caller's. */
struct admission *admission_new(struct event_base *base, const struct admission_limits *limits,
    const struct admission_events *events, void *arg) MUST_USE;

/* Closes whoever waits, without a word. NULL is fine. */
void admission_free(struct admission *admission);

/*
 * A new client, connected and non-blocking; on_enter or on_lost comes later, never from inside
 * this call.
 */
void admission_queue(struct admission *admission, int fd);

/* Once for each on_enter: that client is through (logged in), or gone. */
void admission_settle(struct admission *admission);

size_t admission_waiting(const struct admission *admission);

#endif
