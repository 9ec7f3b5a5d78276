/* SPDX-License-Identifier: ISC */
/*
 * The phases, one after the other, from the parent's side: orders to the swarms, readings before
 * and after, figures.
 */

#ifndef SERVER_BENCH_RUNNER_H
#define SERVER_BENCH_RUNNER_H

#include "server/bench/bench_options.h"
#include "server/bench/bench_report.h"
#include "server/bench/fleet.h"
#include "server/bench/progress.h"
#include "server/bench/reading.h"

struct runner {
	const struct bench_options *options;
	struct fleet *fleet;
	struct scoreboard *board;
	struct bench_report *report;
	struct progress progress;
	struct reading idle;		/* before the first login */
	bool has_idle;
	uint64_t next_line_ms;		/* of --verbose */
	uint64_t most_offline;
	uint64_t lost;			/* of anything, over all phases */
};

/* Everything is borrowed while it runs. */
void runner_init(struct runner *runner, const struct bench_options *options, struct fleet *fleet,
    struct bench_report *report);

/*
 * All phases that are wanted. False: a process of the benchmark died, the figures are worth
 * nothing.
 */
bool runner_run(struct runner *runner);

#endif
