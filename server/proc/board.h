/* SPDX-License-Identifier: ISC */
/*
 * What every process of a service can see: the rows of counters, and how the server is as a
 * whole. Shared memory, made by the parent before the first child; only atomics change
 * afterwards.
 */

#ifndef SERVER_PROC_BOARD_H
#define SERVER_PROC_BOARD_H

#include <stdatomic.h>

#include "server/proc/counters.h"
#include "server/proc/proc.h"

struct board {
	uint32_t member_count;
	uint32_t listener_count;
	uint32_t counts[PROC_ROLES_MAX];
	uint32_t clients_max[PROC_ROLES_MAX];	/* per child; by plan and descriptors */
	struct proc_address listeners[PROC_LISTENERS_MAX];
	_Atomic uint32_t capacity;
	_Atomic uint32_t is_draining;
	struct counters rows[];	/* one per member, and the parent's own behind them */
};

/* Bytes of a board for so many members. */
size_t board_size(unsigned member_count);

/*
 * Clients that each of "members" processes may hold: as many as were wished for, if there are
 * descriptors for them; 0 wished: as many as descriptors and memory (bytes of this machine)
 * allow. A machine may allow a billion descriptors, and tables are made for so many clients.
 */
uint32_t board_clients_max(uint64_t wished, uint64_t descriptors, uint64_t memory,
    unsigned members);

/* Rows there are: members and parent. */
unsigned board_row_count(const struct board *board);
struct counters *board_parent_row(struct board *board);

/* Clients of one member, those on their way to it included. */
uint32_t board_load(const struct counters *row);

/* The same over all members. */
uint32_t board_sessions(const struct board *board);

#endif
