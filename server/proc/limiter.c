/* SPDX-License-Identifier: ISC */
#include "server/proc/limiter.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>

#include "shared/compiler.h"
#include "shared/endpoint.h"
#include "shared/log.h"
#include "shared/mem.h"

/* A key lives in one of so many slots behind its own place. */
enum { PROBES = 8 };

enum whose { ADDRESS, ACCOUNT };

static const struct {
	const char *name;
	enum whose whose;
	size_t per_minute;	/* offsets in struct settings */
	size_t burst;
} rates[] = {
#define RATE(NAME, field, counted_by, help) \
	[RATE_##NAME] = { #field, counted_by, offsetof(struct settings, field##_per_minute), \
	    offsetof(struct settings, field##_burst) },
#include "server/proc/rate.def"
#undef RATE
};

/*
 * A bucket as one number, the moment when it is full again: each token taken moves it by "step"
 * into the future, and a bucket with "burst" tokens may be at most that many steps away (the
 * generic cell rate algorithm of ITU-T I.371).
 *
 * A slot is one word, so that compare-and-swap is all it takes and a process may die or stop
 * anywhere: in the upper 16 bits a tag of the key, below that moment in microseconds, which wraps
 * around in nine years. Two keys that meet in a tag share a bucket; nobody can choose with whom.
 * Zero, the start, is a bucket that has long been full.
 */
enum { TAG_SHIFT = 48 };

#define MOMENT_MASK ((UINT64_C(1) << TAG_SHIFT) - 1)

struct table {
	_Atomic uint64_t seed;	/* 0: nobody has chosen it yet */
	_Atomic uint64_t slots[];
};

struct limiter {
	struct table *table;
	uint64_t seed;
	size_t mask;
	bool is_loopback_limited;
	struct {
		uint64_t step_us;	/* 0: no limit */
		uint64_t depth_us;	/* all tokens of a full bucket */
	} speeds[RATE_COUNT];
};

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "shared memory needs atomics without locks");

size_t
limiter_size(size_t slots)
{
	size_t rounded = PROBES;

	while (rounded < slots)
		rounded *= 2;
	return sizeof(struct table) + rounded * sizeof(_Atomic uint64_t);
}

/* Whoever could foresee places could push others out on purpose. */
static uint64_t
agree_on_seed(struct table *table)
{
	uint64_t seed = atomic_load(&table->seed), fresh;

	while (seed == 0) {
		if (getrandom(&fresh, sizeof(fresh), 0) != sizeof(fresh))
			log_fatal("no random number for the limits");
		if (atomic_compare_exchange_strong(&table->seed, &seed, fresh))
			seed = fresh;
	}
	return seed;
}

struct limiter *
limiter_new(void *memory, size_t size, const struct settings *settings)
{
	struct limiter *limiter = mem_new(sizeof(*limiter));
	size_t slots = PROBES;

	assert(size >= limiter_size(PROBES));
	while (limiter_size(slots * 2) <= size)
		slots *= 2;
	limiter->table = memory;
	limiter->mask = slots - 1;
	limiter->seed = agree_on_seed(limiter->table);
	limiter_configure(limiter, settings);
	return limiter;
}

void
limiter_free(struct limiter *limiter)
{
	free(limiter);
}

static uint32_t
number_at(const struct settings *settings, size_t offset)
{
	return *(const uint32_t *)((const char *)settings + offset);
}

void
limiter_configure(struct limiter *limiter, const struct settings *settings)
{
	limiter->is_loopback_limited = settings->limit_loopback;
	for (size_t i = 0; i < RATE_COUNT; i++) {
		uint32_t per_minute = number_at(settings, rates[i].per_minute);

		limiter->speeds[i].step_us = per_minute > 0 ? 60000000 / per_minute : 0;
		limiter->speeds[i].depth_us =
		    limiter->speeds[i].step_us * number_at(settings, rates[i].burst);
	}
}

/* The finaliser of splitmix64: every bit of the key moves every bit of the place. */
static uint64_t
mix(uint64_t value)
{
	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

/* Microseconds from "now" until the bucket in "word" is full; below 0: since then. */
static int64_t
until_full(uint64_t word, uint64_t now)
{
	uint64_t distance = (word - now) & MOMENT_MASK;

	return distance <= MOMENT_MASK / 2 ? (int64_t)distance :
	    (int64_t)distance - (int64_t)MOMENT_MASK - 1;
}

/* The key's slot; else the one it gets: that which is full first. *word is what is in there. */
static _Atomic uint64_t *
find_slot(struct limiter *limiter, uint64_t place, uint64_t now, uint64_t *word)
{
	_Atomic uint64_t *victim = NULL;

	for (size_t i = 0; i < PROBES; i++) {
		_Atomic uint64_t *slot = &limiter->table->slots[(place + i) & limiter->mask];
		uint64_t seen = atomic_load_explicit(slot, memory_order_relaxed);

		if (seen != 0 && seen >> TAG_SHIFT == place >> TAG_SHIFT) {
			*word = seen;
			return slot;
		}
		if (victim == NULL || until_full(seen, now) < until_full(*word, now)) {
			victim = slot;
			*word = seen;
		}
	}
	return victim;
}

/* How far from full the key's bucket is. Deeper than empty only when the rates have changed. */
static uint64_t
missing_us(uint64_t place, uint64_t word, uint64_t now)
{
	int64_t missing = until_full(word, now);

	return word >> TAG_SHIFT != place >> TAG_SHIFT || missing < 0 ? 0 : (uint64_t)missing;
}

/* False: somebody else was quicker. */
static bool
replace(_Atomic uint64_t *slot, uint64_t word, uint64_t place, uint64_t moment)
{
	uint64_t fresh = (place & ~MOMENT_MASK) | (moment & MOMENT_MASK);

	return atomic_compare_exchange_strong_explicit(slot, &word, fresh, memory_order_relaxed,
	    memory_order_relaxed);
}

static enum status
take(struct limiter *limiter, enum rate rate, uint64_t key, uint64_t now_ms, uint32_t *retry_ms)
{
	uint64_t step = limiter->speeds[rate].step_us, depth = limiter->speeds[rate].depth_us;
	uint64_t place = mix(mix(key ^ limiter->seed) + rate + limiter->seed);
	uint64_t now = now_ms * 1000, word, missing;
	_Atomic uint64_t *slot;

	if (step == 0)
		return STATUS_OK;
	do {
		slot = find_slot(limiter, place, now, &word);
		missing = missing_us(place, word, now);
		if (missing > depth && replace(slot, word, place, now + depth))
			missing = depth;
		if (missing > depth - step) {
			if (retry_ms != NULL)
				*retry_ms = (uint32_t)((missing + step - depth + 999) / 1000);
			return STATUS_RATE_LIMITED;
		}
	} while (!replace(slot, word, place, now + missing + step));
	return STATUS_OK;
}

enum status
limiter_take_address(struct limiter *limiter, enum rate rate, const struct sockaddr *address,
    uint64_t now_ms, uint32_t *retry_ms)
{
	uint64_t prefix = endpoint_prefix(address);

	assert(rate < RATE_COUNT && rates[rate].whose == ADDRESS);
	if (prefix == 0 || (!limiter->is_loopback_limited && endpoint_is_loopback(address)))
		return STATUS_OK;
	return take(limiter, rate, prefix, now_ms, retry_ms);
}

enum status
limiter_take_account(struct limiter *limiter, enum rate rate, uint64_t uid, uint64_t now_ms,
    uint32_t *retry_ms)
{
	assert(rate < RATE_COUNT && rates[rate].whose == ACCOUNT);
	return take(limiter, rate, uid, now_ms, retry_ms);
}

bool
limiter_is_by_account(enum rate rate)
{
	return rates[rate].whose == ACCOUNT;
}

const char *
limiter_name(enum rate rate)
{
	return rates[rate].name;
}
