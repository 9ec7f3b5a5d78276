/* SPDX-License-Identifier: ISC */
/*
 * All swarms, from the parent's side. The parent is one thread without an event loop when it
 * forks them, before anything is set up; this is the one file of the benchmark that makes
 * processes.
 */

#ifndef SERVER_BENCH_FLEET_H
#define SERVER_BENCH_FLEET_H

#include <sys/types.h>

#include "server/bench/swarm.h"

enum { FLEET_CLIENTS_PER_SWARM = 15000 };	/* some have two descriptors */

struct ship {
	pid_t pid;
	int socket;
	bool is_busy;
};

struct fleet {
	struct scoreboard *board;
	struct ship *ships;
	uint32_t count;
};

/* Processes for so many clients: what the user wants, but enough for their descriptors. */
uint32_t fleet_size(uint32_t clients, uint32_t wanted);

/*
 * Starts one swarm for each row of the board and waits until they are set up. False: one of them
 * could not.
 */
bool fleet_start(struct fleet *fleet, const struct bench_options *options,
    const struct invite *invite, struct scoreboard *board);

/*
 * Sends the order to the first "count" swarms and waits until all have done it; "on_wait" (may be
 * NULL) is called ten times a second meanwhile. False: a process of the benchmark died.
 */
bool fleet_order(struct fleet *fleet, const struct order *order, uint32_t count,
    void (*on_wait)(void *arg), void *arg);

/* Tells them to leave and waits for their end. False: one of them had trouble. */
bool fleet_stop(struct fleet *fleet);

#endif
