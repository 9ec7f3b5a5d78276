/* SPDX-License-Identifier: ISC */
/*
 * The parent from the inside, for its three files: parent.c (phases, signals, hooks), members.c
 * (starting, linking, replacing), deal.c (accepting and handing out).
 */

#ifndef SERVER_PROC_PARENT_H
#define SERVER_PROC_PARENT_H

#include <sys/types.h>

#include "server/proc/board.h"
#include "server/proc/deal.h"
#include "server/proc/proc.h"

struct channel;
struct event;
struct event_base;
struct schema;
struct signals;

enum phase {
	PHASE_RUNNING,
	PHASE_DRAINING,		/* no new clients, and those who are there are asked to leave */
	PHASE_STOPPING_FIRST,	/* roles with clients stop */
	PHASE_STOPPING_REST,	/* then what they stood on */
	PHASE_OVER,
};

struct member {
	struct proc_member who;
	struct proc_parent *parent;
	const struct proc_role *role;
	struct counters *row;

	pid_t pid;		/* 0: no process */
	struct channel *channel;	/* NULL: no process, or it has closed its end */
	bool is_ready;
	bool is_leaving;	/* it was told to; no death when it ends */
	uint64_t started_ms;
	unsigned quick_deaths;	/* in a row */
	struct event *timer;	/* without a process: start one; with one: kill it */

	/* For dealing. */
	uint32_t clients_max;
	struct guest_list lent;	/* handed to it and not settled yet, oldest first */
	uint64_t seen;		/* of the hand-outs, as noticed last … */
	uint64_t seen_ms;	/* … and since when it is so */
	bool is_silent;		/* it has not looked at a client for too long */
};

struct memory {
	int fd;
	void *at;
	size_t size;
};

struct proc_parent {
	const struct proc_service *service;
	const struct proc_plan *plan;
	struct event_base *base;
	struct signals *signals;
	int image;
	int settings;		/* sealed memory */
	uint32_t reloads;
	struct memory memories[PROC_MEMORIES_MAX];
	struct memory board_memory;
	struct board *board;
	struct member *members;
	unsigned member_count;
	enum phase phase;
	struct event *deadline;	/* of the drain */
	bool is_started;
	int exit_status;
	struct deal deal;
};

enum { MEMBER_NAME_SIZE = 48 };

/* "session/3" */
void member_name(const struct member *member, char name[MEMBER_NAME_SIZE]);

/*
 * Starts a process for a member that has none, and links it with all who are there; tries again
 * later when that fails.
 */
void member_start(struct member *member);

/* Tells a member. One that cannot take it any more is killed, so that its replacement can. */
void member_tell(struct member *member, const struct schema *schema, const void *message, int fd);

/* Tells it to stop, and kills it when it has not in "milliseconds". */
void member_stop(struct member *member, uint32_t milliseconds);
void member_kill(struct member *member);

/* Starts it again, at once or after a while (1 s, 2 s … 30 s) when it dies quickly. */
void member_replace(struct member *member);

/* Looks for processes that have ended. */
void members_reap(struct proc_parent *parent);

void members_init(struct proc_parent *parent);
void members_clear(struct proc_parent *parent);

/* Sums up what the members that can take clients can hold. */
void members_count_capacity(struct proc_parent *parent);

/* What members.c tells parent.c. */
void parent_on_ready(struct proc_parent *parent);
void parent_on_death(struct proc_parent *parent, struct member *member, int exit_status);

#endif
