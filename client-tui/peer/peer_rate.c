/* SPDX-License-Identifier: ISC */
#include "client-tui/peer/peer_rate.h"

#include <assert.h>

enum { ONE = 1000 };

void
peer_rate_init(struct peer_rate *rate, uint32_t burst, uint32_t per_second, uint64_t now_ms)
{
	assert(burst > 0 && per_second > 0);
	rate->burst = burst;
	rate->per_second = per_second;
	rate->thousandths = (uint64_t)burst * ONE;
	rate->at_ms = now_ms;
}

static void
refill(struct peer_rate *rate, uint64_t now_ms)
{
	uint64_t full = (uint64_t)rate->burst * ONE;
	uint64_t passed = now_ms > rate->at_ms ? now_ms - rate->at_ms : 0;

	/* Longer than it takes to fill does not matter, and multiplies without overflow. */
	if (passed > full)
		passed = full;
	rate->thousandths += passed * rate->per_second;
	if (rate->thousandths > full)
		rate->thousandths = full;
	rate->at_ms = now_ms;
}

bool
peer_rate_take(struct peer_rate *rate, uint64_t now_ms)
{
	refill(rate, now_ms);
	if (rate->thousandths < ONE)
		return false;
	rate->thousandths -= ONE;
	return true;
}
