/* SPDX-License-Identifier: ISC */
#include "shared/backoff.h"

/* step_ms after one failure, twice that after two, and so on. */
static uint32_t
longest_wait(const struct backoff *backoff)
{
	uint64_t wait = backoff->step_ms;

	for (uint32_t i = 1; i < backoff->failures && wait < backoff->most_ms; i++)
		wait *= 2;
	return wait < backoff->most_ms ? (uint32_t)wait : backoff->most_ms;
}

static uint32_t
between(uint32_t low, uint32_t high, uint64_t random)
{
	return low + (uint32_t)(random % ((uint64_t)high - low + 1));
}

uint32_t
backoff_next(struct backoff *backoff, uint64_t random)
{
	uint32_t longest = longest_wait(backoff);

	if (backoff->failures == UINT32_MAX)
		return between(longest / 2, longest, random);
	if (backoff->failures++ == 0)
		return between(0, backoff->first_ms, random);
	return between(longest / 2, longest, random);
}

void
backoff_reset(struct backoff *backoff)
{
	backoff->failures = 0;
}
