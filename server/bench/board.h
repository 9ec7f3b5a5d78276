/* SPDX-License-Identifier: ISC */
/*
 * The memory that all processes of a benchmark share: a row of counts and times for every swarm, which it alone
 * writes and the parent reads at any time, and the accounts, of which every swarm has a part. It is made before
 * the first fork and lives as long as the processes.
 */

#ifndef SERVER_BENCH_BOARD_H
#define SERVER_BENCH_BOARD_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "server/bench/accounts.h"
#include "server/bench/bench_report.h"
#include "server/bench/histogram.h"

enum tally {
#define TALLY(NAME, standing, help) TALLY_##NAME,
#include "server/bench/tallies.def"
#undef TALLY
	TALLY_COUNT,
};

enum { BOARD_REASONS = 128 };	/* numbers of enum status */

/* How the operations of one kind went. */
struct board_operation {
	uint32_t refused;
	uint32_t unanswered;
	struct histogram answers;
};

/* Times are of clock_monotonic_us(). What is not atomic is read when the swarm said that the phase is done. */
struct board_row {
	_Atomic uint32_t tallies[TALLY_COUNT];
	_Atomic uint32_t reasons[BOARD_REASONS];	/* why attempts failed and connections ended */
	_Atomic uint64_t seen_online;	/* users online as the server counts; 0: not asked */
	_Atomic uint64_t first_us;	/* first connect of the phase; 0: none */
	_Atomic uint64_t last_us;	/* last arrival of the phase */
	struct histogram arrivals;	/* from connecting to logged in or registered */
	struct histogram absences;	/* from losing a connection to being online again */
	struct board_operation operations[OPERATION_COUNT];
} __attribute__((aligned(64)));

struct board {
	uint32_t row_count;
	uint32_t account_count;
	struct board_row *rows;
	struct account *accounts;
};

/* Zeroed, shared with every process that is forked from now on. Ends the process when there is no memory. */
void board_open(struct board *board, uint32_t rows, uint32_t accounts);
void board_close(struct board *board);

/* The part of the accounts that swarm "row" has: *first and how many. Parts differ by one at most. */
uint32_t board_share(const struct board *board, uint32_t row, uint32_t *first);

/* For the owner of the row. */
void board_count(struct board_row *row, enum tally tally, int change);
void board_reason(struct board_row *row, unsigned status);
/* A phase begins: everything but standing tallies is zeroed. */
void board_begin(struct board_row *row);

/* Over all rows. */
uint64_t board_sum(const struct board *board, enum tally tally);
uint64_t board_sum_reasons(const struct board *board, unsigned status);

#endif
