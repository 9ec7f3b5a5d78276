/* SPDX-License-Identifier: ISC */
/*
 * The memory that all processes of a benchmark share: a row of counts and times for every swarm,
 * which it alone writes and the parent reads at any time, and the accounts, of which every swarm
 * has a part. It is made before the first fork and lives as long as the processes.
 */

#ifndef SERVER_BENCH_SCOREBOARD_H
#define SERVER_BENCH_SCOREBOARD_H

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

enum { SCOREBOARD_REASONS = 128 };	/* numbers of enum status */

/* How the operations of one kind went. */
struct scoreboard_operation {
	uint32_t refused;
	uint32_t unanswered;
	struct histogram answers;
};

/*
 * Times are of clock_monotonic_us(). What is not atomic is read when the swarm said that the
 * phase is done.
 */
struct scoreboard_row {
	_Atomic uint32_t tallies[TALLY_COUNT];
	_Atomic uint32_t reasons[SCOREBOARD_REASONS];	/* why attempts failed, connections ended */
	_Atomic uint64_t seen_online;	/* users online as the server counts; 0: not asked */
	_Atomic uint64_t first_us;	/* first connect of the phase; 0: none */
	_Atomic uint64_t last_us;	/* last arrival of the phase */
	struct histogram arrivals;	/* from connecting to logged in or registered */
	struct histogram absences;	/* from losing a connection to being online again */
	struct scoreboard_operation operations[OPERATION_COUNT];
} __attribute__((aligned(64)));

struct scoreboard {
	uint32_t row_count;
	uint32_t account_count;
	struct scoreboard_row *rows;
	struct account *accounts;
};

/*
 * Zeroed, shared with every process that is forked from now on. Ends the process when there is no
 * memory.
 */
void scoreboard_open(struct scoreboard *board, uint32_t rows, uint32_t accounts);
void scoreboard_close(struct scoreboard *board);

/*
 * The part of the accounts that swarm "row" has: *first and how many. Parts differ by one at
 * most.
 */
uint32_t scoreboard_share(const struct scoreboard *board, uint32_t row, uint32_t *first);

/* For the owner of the row. */
void scoreboard_count(struct scoreboard_row *row, enum tally tally, int change);
void scoreboard_reason(struct scoreboard_row *row, unsigned status);
/* A phase begins: everything but standing tallies is zeroed. */
void scoreboard_begin(struct scoreboard_row *row);

/* Over all rows. */
uint64_t scoreboard_sum(const struct scoreboard *board, enum tally tally);
uint64_t scoreboard_sum_reasons(const struct scoreboard *board, unsigned status);

/* From the first connect of the phase to its last arrival; 0 when nobody arrived. */
double scoreboard_seconds(const struct scoreboard *board);

/* The arrivals and absences of the phase; what was in there before is overwritten. */
void scoreboard_merge_times(const struct scoreboard *board, struct histogram *arrivals,
    struct histogram *absences);

#endif
