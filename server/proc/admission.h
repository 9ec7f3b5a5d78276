/* SPDX-License-Identifier: ISC */
/*
 * The waiting room of a child. A crowd that connects at once costs more handshakes than a child can do before the first of
 * them run out of time, and then all that work is lost. So only some new clients are let in at each turn of the loop, after
 * whatever the clients inside had to say; the others wait in the order in which they came, and their time does not run.
 * Whoever goes away meanwhile costs nothing. Nobody inside can hold up the ones outside by being slow.
 */

#ifndef SERVER_PROC_ADMISSION_H
#define SERVER_PROC_ADMISSION_H

#include <stddef.h>

#include "shared/compiler.h"

struct admission;
struct event_base;

struct admission_events {
	/* Come in: the handler owns "fd". */
	void (*on_enter)(void *arg, int fd);
	/* Went away while waiting; "fd" is closed already. */
	void (*on_lost)(void *arg);
};

/* "per_turn" clients are let in at each turn of the loop. "events" stays the caller's. */
struct admission *admission_new(struct event_base *base, size_t per_turn, const struct admission_events *events,
    void *arg) MUST_USE;

/* Closes whoever waits, without a word. NULL is fine. */
void admission_free(struct admission *admission);

/* A new client, connected and non-blocking; on_enter or on_lost comes later, never from inside this call. */
void admission_queue(struct admission *admission, int fd);

size_t admission_waiting(const struct admission *admission);

#endif
