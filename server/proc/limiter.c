/* SPDX-License-Identifier: ISC */
#include "server/proc/limiter.h"

#include <assert.h>
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
 * A bucket as one number, the moment when it is full again: each token taken moves it by "step" into
 * the future, and a bucket with "burst" tokens may be at most that many steps away (the generic cell
 * rate algorithm of ITU-T I.371). 0: nobody uses the slot.
 */
struct slot {
	uint64_t key;
	uint64_t full_us;
	enum rate rate;
};

struct limiter {
	struct slot *slots;
	size_t mask;
	uint64_t seed;
	bool is_loopback_limited;
	struct {
		uint64_t step_us;	/* 0: no limit */
		uint64_t depth_us;	/* all tokens of a full bucket */
	} speeds[RATE_COUNT];
};

struct limiter *
limiter_new(size_t slots, const struct settings *settings)
{
	struct limiter *limiter = mem_new(sizeof(*limiter));
	size_t size = PROBES;

	while (size < slots)
		size *= 2;
	limiter->slots = mem_new_array(size, sizeof(*limiter->slots));
	limiter->mask = size - 1;
	/* Whoever could foresee places could push others out on purpose. */
	if (getrandom(&limiter->seed, sizeof(limiter->seed), 0) != sizeof(limiter->seed))
		log_fatal("no random number for the limits");
	limiter_configure(limiter, settings);
	return limiter;
}

void
limiter_free(struct limiter *limiter)
{
	if (limiter == NULL)
		return;
	free(limiter->slots);
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

/* The key's slot; else the one it gets, emptied: unused, or the one that is full first. */
static struct slot *
find_slot(struct limiter *limiter, enum rate rate, uint64_t key)
{
	uint64_t place = mix(mix(key ^ limiter->seed) + rate + limiter->seed);
	struct slot *victim = NULL;

	for (size_t i = 0; i < PROBES; i++) {
		struct slot *slot = &limiter->slots[(place + i) & limiter->mask];

		if (slot->full_us != 0 && slot->key == key && slot->rate == rate)
			return slot;
		if (victim == NULL || slot->full_us < victim->full_us)
			victim = slot;
	}
	*victim = (struct slot){ .key = key, .rate = rate };
	return victim;
}

static enum status
take(struct limiter *limiter, enum rate rate, uint64_t key, uint64_t now_ms, uint32_t *retry_ms)
{
	uint64_t step = limiter->speeds[rate].step_us, depth = limiter->speeds[rate].depth_us;
	uint64_t now = now_ms * 1000, full;
	struct slot *slot;

	if (step == 0)
		return STATUS_OK;
	slot = find_slot(limiter, rate, key);
	/* Deeper than empty it only is after limiter_configure(). */
	if (slot->full_us > now + depth)
		slot->full_us = now + depth;
	full = (slot->full_us > now ? slot->full_us : now) + step;
	if (full > now + depth) {
		if (retry_ms != NULL)
			*retry_ms = (uint32_t)((full - now - depth + 999) / 1000);
		return STATUS_RATE_LIMITED;
	}
	slot->full_us = full;
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
