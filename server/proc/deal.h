/* SPDX-License-Identifier: ISC */
/*
 * Accepting connections and dealing them to the children: each to the one with the fewest
 * clients, ties by turn. Accepted connections wait here, not in a child's queue, until a child
 * can take them at once; so whatever happens to a child, only those are lost that it had been
 * given.
 */

#ifndef SERVER_PROC_DEAL_H
#define SERVER_PROC_DEAL_H

#include <stdbool.h>

#include "server/proc/listener.h"

struct event;
struct proc_parent;
struct waiting;

struct doorway {
	struct deal *deal;
	struct listener listener;
	struct event *event;
	unsigned index;
};

struct deal {
	struct proc_parent *parent;
	struct doorway doorways[PROC_LISTENERS_MAX];
	unsigned doorway_count;

	struct waiting *waiting;	/* a ring of accepted connections */
	unsigned first, count, room;

	struct event *tick;	/* pending while there is anything to look after */
	bool is_open;		/* deal_start() was called */
	bool is_paused;		/* accepting, for want of room or descriptors */
	bool is_out_of_descriptors;
	int spare;		/* a descriptor to give up when there are no others */
	unsigned turn;		/* who was served last */
};

/*
 * Opens the listeners of the plan and writes their addresses on the board; false, and the log
 * says why.
 */
bool deal_open(struct deal *deal, struct proc_parent *parent);

/* Starts accepting. */
void deal_start(struct deal *deal);

/*
 * Gives waiting connections to children that can take them: call when one may have become able
 * to.
 */
void deal_turn(struct deal *deal);

/* Closes the listeners and everybody who waits. */
void deal_stop(struct deal *deal);

void deal_clear(struct deal *deal);

#endif
