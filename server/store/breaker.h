/* SPDX-License-Identifier: ISC */
/*
 * Keeps many handles from running against a database that is away: after a failure only one of
 * them tries again, and at growing distances (100 ms to 2 s); the others are refused at once.
 * Any thread.
 */

#ifndef SERVER_STORE_BREAKER_H
#define SERVER_STORE_BREAKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* All zero is closed: everybody may try. */
struct breaker {
	_Atomic uint64_t retry_at;	/* 0: closed */
	_Atomic uint32_t wait_ms;
};

/* Whether the caller may connect now. If so, breaker_worked() or breaker_failed() has to follow. */
bool breaker_may_try(struct breaker *breaker, uint64_t now_ms);

/* True when the database was away before, so that somebody can say that it is back. */
bool breaker_worked(struct breaker *breaker);

/* True when the database was not known to be away before. */
bool breaker_failed(struct breaker *breaker, uint64_t now_ms);

/* Milliseconds until it makes sense to ask again. */
uint32_t breaker_retry_ms(struct breaker *breaker, uint64_t now_ms);

#endif
