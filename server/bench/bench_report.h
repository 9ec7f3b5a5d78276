/* SPDX-License-Identifier: ISC */
/*
 * What a run found: samples of the figures of figures.def and latencies of the operations of
 * operations.def, printed as a table for people and as JSON for scripts. Where a phase was
 * repeated there are several samples: the median stands for them, with the smallest and the
 * largest beside it.
 */

#ifndef SERVER_BENCH_BENCH_REPORT_H
#define SERVER_BENCH_BENCH_REPORT_H

#include <stdint.h>
#include <stdio.h>

#include "server/bench/bench_options.h"
#include "server/bench/histogram.h"

enum { REPORT_SAMPLES_MAX = 32 };

enum figure {
#define FIGURE(PHASE, name, UNIT, label) FIGURE_##PHASE##_##name,
#include "server/bench/figures.def"
#undef FIGURE
	FIGURE_COUNT,
};

enum operation {
#define OPERATION(NAME, name, label, REQUEST) OPERATION_##NAME,
#include "server/bench/operations.def"
#undef OPERATION
	OPERATION_COUNT,
};

struct samples {
	uint32_t count;
	double values[REPORT_SAMPLES_MAX];
};

/* Columns of the table of operations. */
enum latency_column {
	LATENCY_ANSWERED,
	LATENCY_REFUSED,	/* answered by ERROR, or wrongly */
	LATENCY_UNANSWERED,
	LATENCY_P50,
	LATENCY_P90,
	LATENCY_P99,
	LATENCY_MAX,
	LATENCY_COUNT,
};

struct bench_report {
	char target[320];		/* the server, without the pin */
	uint32_t clients;
	uint32_t processes;
	struct samples figures[FIGURE_COUNT];
	struct samples latencies[OPERATION_COUNT][LATENCY_COUNT];
};

/* No samples; "target" is copied, and cut to its room. */
void bench_report_init(struct bench_report *report, const char *target, uint32_t clients,
    uint32_t processes);

/* One more sample; those over REPORT_SAMPLES_MAX are dropped. */
void bench_report_add(struct bench_report *report, enum figure figure, double value);

/* What one run of the phase "operations" found for one of them. */
void bench_report_add_latency(struct bench_report *report, enum operation operation,
    const struct histogram *answers, uint64_t refused, uint64_t unanswered);

/* For people; phases without samples are left out. */
void bench_report_print(const struct bench_report *report, FILE *out);

/* For scripts; the same figures, in the units that their names end with. */
void bench_report_print_json(const struct bench_report *report, FILE *out);

/* Of at least one sample; the mean of the two in the middle when they are even. */
double samples_median(const struct samples *samples);
double samples_min(const struct samples *samples);
double samples_max(const struct samples *samples);

#endif
