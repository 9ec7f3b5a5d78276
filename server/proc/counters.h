/* SPDX-License-Identifier: ISC */
/*
 * Counters in shared memory: one row per process, written by that process alone (but for what the
 * parent deals), read by everybody, no locks. Rows are those of proc_member.number. What is
 * counted: counters.def.
 */

#ifndef SERVER_PROC_COUNTERS_H
#define SERVER_PROC_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* A row, on cache lines of its own. */
struct counters {
#define COUNTER(name, kind, help) _Alignas(8) _Atomic uint64_t name;
#include "server/proc/counters.def"
#undef COUNTER
} __attribute__((aligned(64)));

enum counter {
#define COUNTER(name, kind, help) COUNTER_##name,
#include "server/proc/counters.def"
#undef COUNTER
	COUNTER_COUNT,
};

enum counter_kind {
	COUNTER_TOTAL,
	COUNTER_GAUGE,
	COUNTER_MARK,
};

struct counter_info {
	const char *name;
	const char *help;
	enum counter_kind kind;
};

/*
 * A row is written by one process only, so load and store are enough: no locked instruction on a
 * hot path.
 */
static inline void
counter_add(_Atomic uint64_t *counter, uint64_t amount)
{
	uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, now + amount, memory_order_relaxed);
}

static inline void
counter_set(_Atomic uint64_t *counter, uint64_t value)
{
	atomic_store_explicit(counter, value, memory_order_relaxed);
}

static inline uint64_t
counter_get(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* The row of the table; all COUNTER_COUNT of them in the order of counters.def. */
const struct counter_info *counters_info(enum counter counter);

/* One value of a row, by number. */
uint64_t counters_value(const struct counters *row, enum counter counter);

/* The sum of a value over "count" rows; 0 for a MARK. */
uint64_t counters_sum(const struct counters *rows, size_t count, enum counter counter);

/* After the death of its process: gauges and marks become zero, totals stay. */
void counters_bury(struct counters *row);

#endif
