/* SPDX-License-Identifier: ISC */
/*
 * Accepting connections and dealing them to the children: each to the one with the fewest
 * clients, ties by turn. Accepted connections wait here, not in a child's queue, until a child
 * can take them at once. What a child was given and has not looked at when it is silent for a
 * second, or dead, is taken back and given to another one; so only those are lost that a child
 * had taken.
 *
 * Who has a connection is settled by one compare-and-swap on the child's counter "taken": the
 * child moves it by one, the parent to the end of what it has dealt. Whoever is first has it, and
 * the child closes what comes late. Until then the parent keeps a descriptor, too.
 */

#ifndef SERVER_PROC_DEAL_H
#define SERVER_PROC_DEAL_H

#include <stdbool.h>
#include <sys/queue.h>

#include "server/proc/listener.h"

struct event;
struct guest;
struct member;
struct proc_parent;

TAILQ_HEAD(guest_list, guest);

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

	struct guest *guests;		/* "room" of them, each in one list */
	unsigned room, used;
	struct guest_list free;
	struct guest_list waiting;	/* accepted, for a child; oldest first */

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

/*
 * The process of this member is dead, and its counters are as it left them: what it had not taken
 * waits again.
 */
void deal_bury(struct deal *deal, struct member *member);

/* Closes the listeners and everybody who waits. */
void deal_stop(struct deal *deal);

void deal_clear(struct deal *deal);

#endif
