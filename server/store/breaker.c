/* SPDX-License-Identifier: ISC */
#include "server/store/breaker.h"

enum {
	WAIT_MIN_MS = 100,
	WAIT_MAX_MS = 2000,
	/* Whoever tries has so long before the next one is let through. */
	TRY_MS = 10000,
};

bool
breaker_may_try(struct breaker *breaker, uint64_t now_ms)
{
	uint64_t retry_at = breaker->retry_at;

	if (retry_at == 0)
		return true;
	if (now_ms < retry_at)
		return false;
	return atomic_compare_exchange_strong(&breaker->retry_at, &retry_at, now_ms + TRY_MS);
}

bool
breaker_worked(struct breaker *breaker)
{
	breaker->wait_ms = 0;
	return atomic_exchange(&breaker->retry_at, 0) != 0;
}

bool
breaker_failed(struct breaker *breaker, uint64_t now_ms)
{
	uint32_t wait = breaker->wait_ms;
	uint64_t retry_at = breaker->retry_at;

	/* Another handle has just found out the same. */
	if (retry_at > now_ms && retry_at - now_ms <= wait)
		return false;
	wait = wait == 0 ? WAIT_MIN_MS : wait >= WAIT_MAX_MS / 2 ? WAIT_MAX_MS : 2 * wait;
	breaker->wait_ms = wait;
	return atomic_exchange(&breaker->retry_at, now_ms + wait) == 0;
}

uint32_t
breaker_retry_ms(struct breaker *breaker, uint64_t now_ms)
{
	uint64_t retry_at = breaker->retry_at;

	if (retry_at <= now_ms + WAIT_MIN_MS)
		return WAIT_MIN_MS;
	return retry_at - now_ms > WAIT_MAX_MS ? WAIT_MAX_MS : (uint32_t)(retry_at - now_ms);
}
