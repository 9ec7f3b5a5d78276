/* SPDX-License-Identifier: ISC */
/*
 * A histogram of times that keeps its precision from microseconds to an hour: exact up to 127,
 * then 64 steps per power of two, so that a value read back is at most 1.6 % too large. No
 * pointers: it may lie in shared memory.
 */

#ifndef SERVER_BENCH_HISTOGRAM_H
#define SERVER_BENCH_HISTOGRAM_H

#include <stdint.h>

enum {
	HISTOGRAM_STEP_BITS = 6,	/* 64 steps per power of two */
	HISTOGRAM_VALUE_BITS = 32,	/* values are held to 2^32 - 1 us, 71 minutes */
	HISTOGRAM_BUCKETS = (HISTOGRAM_VALUE_BITS - HISTOGRAM_STEP_BITS + 1) << HISTOGRAM_STEP_BITS,
};

struct histogram {
	uint64_t count;
	uint64_t max;	/* exact */
	uint32_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_init(struct histogram *histogram);

/* One more value, in microseconds; larger ones count as the largest there is. */
void histogram_record(struct histogram *histogram, uint64_t us);

/* Adds all values of another one. */
void histogram_merge(struct histogram *histogram, const struct histogram *other);

/*
 * The value that "percent" (0 to 100) of all values do not exceed, rounded up to its step and
 * never over the largest value; 0 when there is none.
 */
uint64_t histogram_percentile(const struct histogram *histogram, double percent);

#endif
