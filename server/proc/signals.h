/* SPDX-License-Identifier: ISC */
/* Signals as events of the loop, from the table in signals.def. */

#ifndef SERVER_PROC_SIGNALS_H
#define SERVER_PROC_SIGNALS_H

#include <stddef.h>

#include "shared/compiler.h"

struct event_base;
struct signals;

enum signal_action {
	SIGNAL_IGNORE,
	SIGNAL_DRAIN,
	SIGNAL_STOP,
	SIGNAL_RELOAD,
	SIGNAL_REOPEN,
	SIGNAL_REAP,
};

struct signal_info {
	int number;
	const char *name;	/* "SIGTERM" */
	const char *word;	/* "drain" */
	const char *help;
	enum signal_action parent;
	enum signal_action child;
};

/* All rows. */
const struct signal_info *signals_table(size_t *count);

typedef void signals_on_signal(enum signal_action action, void *arg);

/*
 * From now on the signals of a parent come to "on_signal", on the loop of "base". One per process.
 * signals_free() sets them to be ignored: what comes then comes too late.
 */
struct signals *signals_new(struct event_base *base, signals_on_signal *on_signal,
    void *arg) MUST_USE;
void signals_free(struct signals *signals);

/* The first thing in a child, which starts with all signals blocked. */
void signals_start_child(void);

#endif
