/* SPDX-License-Identifier: ISC */
#include "server/proc/counters.h"

#include <assert.h>

static const struct counter_info infos[] = {
#define COUNTER(counter, sort, text) \
	[COUNTER_##counter] = { .name = #counter, .help = text, .kind = COUNTER_##sort },
#include "server/proc/counters.def"
#undef COUNTER
};

/* Where each counter lies in a row. */
static const size_t offsets[] = {
#define COUNTER(counter, sort, text) [COUNTER_##counter] = offsetof(struct counters, counter),
#include "server/proc/counters.def"
#undef COUNTER
};

const struct counter_info *
counters_info(enum counter counter)
{
	assert(counter < COUNTER_COUNT);
	return &infos[counter];
}

static _Atomic uint64_t *
place(const struct counters *row, enum counter counter)
{
	assert(counter < COUNTER_COUNT);
	return (_Atomic uint64_t *)((char *)row + offsets[counter]);
}

uint64_t
counters_value(const struct counters *row, enum counter counter)
{
	return counter_get(place(row, counter));
}

uint64_t
counters_sum(const struct counters *rows, size_t count, enum counter counter)
{
	uint64_t sum = 0;

	if (infos[counter].kind == COUNTER_MARK)
		return 0;
	for (size_t i = 0; i < count; i++)
		sum += counters_value(&rows[i], counter);
	return sum;
}

void
counters_bury(struct counters *row)
{
	for (enum counter i = 0; i < COUNTER_COUNT; i++)
		if (infos[i].kind != COUNTER_TOTAL)
			counter_set(place(row, i), 0);
}
