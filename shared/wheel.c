/* SPDX-License-Identifier: ISC */
#include "shared/wheel.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include <event2/event.h>

#include "shared/compiler.h"
#include "shared/mem.h"

enum {
	SLOTS = 512,
	BITS = 64,
	/*
	 * The loop's own clock (CLOCK_MONOTONIC_COARSE) is behind by a kernel tick at most;
	 * arming that much later saves a second waking for a slot whose time has not quite come.
	 */
	COARSE_MS = 5,
};

struct wheel {
	struct wheel_timer slots[SLOTS];	/* heads of rings */
	uint64_t occupied[SLOTS / BITS];	/* a bit for each slot that is not empty */
	uint64_t turned;	/* the last tick that was handled */
	uint64_t armed;		/* the tick the loop's timer waits for; UINT64_MAX: none */
	size_t count;
	uint64_t (*clock)(void);
	struct event *timer;	/* NULL without a base */
	uint32_t tick_ms;
};

static void
ring_init(struct wheel_timer *head)
{
	head->next = head->previous = head;
}

static bool
ring_is_empty(const struct wheel_timer *head)
{
	return head->next == head;
}

static void
ring_append(struct wheel_timer *head, struct wheel_timer *timer)
{
	timer->next = head;
	timer->previous = head->previous;
	head->previous->next = timer;
	head->previous = timer;
}

static void
ring_remove(struct wheel_timer *timer)
{
	timer->previous->next = timer->next;
	timer->next->previous = timer->previous;
	timer->next = timer->previous = NULL;
}

static void
mark_slot(struct wheel *wheel, size_t slot)
{
	uint64_t bit = UINT64_C(1) << slot % BITS;

	if (ring_is_empty(&wheel->slots[slot]))
		wheel->occupied[slot / BITS] &= ~bit;
	else
		wheel->occupied[slot / BITS] |= bit;
}

/* The first tick after the one handled last whose slot holds something; UINT64_MAX: none. */
static uint64_t
next_tick(const struct wheel *wheel)
{
	uint64_t tick = wheel->turned + 1, end = wheel->turned + SLOTS;

	while (wheel->count > 0 && tick <= end) {
		size_t slot = tick % SLOTS;
		uint64_t word = wheel->occupied[slot / BITS] >> slot % BITS;

		if (word != 0)
			return tick + (uint64_t)__builtin_ctzll(word);
		tick += BITS - slot % BITS;
	}
	return UINT64_MAX;
}

static uint64_t
ms_until(const struct wheel *wheel, uint64_t tick)
{
	uint64_t at = tick * wheel->tick_ms, now = wheel->clock();

	return at > now ? at - now : 0;
}

static void
arm(struct wheel *wheel, uint64_t tick)
{
	struct timeval delay;
	uint64_t ms;

	wheel->armed = tick;
	if (wheel->timer == NULL)
		return;
	if (tick == UINT64_MAX) {
		event_del(wheel->timer);
		return;
	}
	ms = ms_until(wheel, tick) + COARSE_MS;
	delay.tv_sec = (time_t)(ms / 1000);
	delay.tv_usec = (suseconds_t)(ms % 1000 * 1000);
	event_add(wheel->timer, &delay);
}

static void
wheel_on_timer(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	wheel_advance(arg);
}

struct wheel *
wheel_new(struct event_base *base, uint32_t tick_ms, uint64_t (*clock)(void))
{
	struct wheel *wheel = mem_new(sizeof(*wheel));

	assert(tick_ms > 0);
	for (size_t i = 0; i < SLOTS; i++)
		ring_init(&wheel->slots[i]);
	wheel->clock = clock;
	wheel->tick_ms = tick_ms;
	wheel->turned = clock() / tick_ms;
	wheel->armed = UINT64_MAX;
	if (base != NULL)
		wheel->timer = evtimer_new(base, wheel_on_timer, wheel);
	return wheel;
}

void
wheel_free(struct wheel *wheel)
{
	if (wheel == NULL)
		return;
	if (wheel->timer != NULL)
		event_free(wheel->timer);
	free(wheel);
}

bool
wheel_is_set(const struct wheel_timer *timer)
{
	return timer->next != NULL;
}

/* Takes the timer out of its ring without looking at the loop's timer. */
static void
take_out(struct wheel *wheel, struct wheel_timer *timer)
{
	ring_remove(timer);
	mark_slot(wheel, timer->due % SLOTS);
	wheel->count--;
}

void
wheel_set(struct wheel *wheel, struct wheel_timer *timer, uint64_t delay_ms,
    void (*on_due)(struct wheel_timer *timer))
{
	if (wheel_is_set(timer))
		take_out(wheel, timer);
	timer->due = (wheel->clock() + delay_ms + wheel->tick_ms - 1) / wheel->tick_ms;
	if (timer->due <= wheel->turned)
		timer->due = wheel->turned + 1;
	timer->on_due = on_due;
	ring_append(&wheel->slots[timer->due % SLOTS], timer);
	mark_slot(wheel, timer->due % SLOTS);
	wheel->count++;
	if (timer->due < wheel->armed)
		arm(wheel, timer->due);
}

void
wheel_clear(struct wheel *wheel, struct wheel_timer *timer)
{
	if (!wheel_is_set(timer))
		return;
	take_out(wheel, timer);
	if (wheel->count == 0)
		arm(wheel, UINT64_MAX);
}

static void
move_to(struct wheel_timer *ring, struct wheel_timer *timer)
{
	ring_remove(timer);
	ring_append(ring, timer);
}

/*
 * Moves what is due at "now" from a slot to "due"; a slot also holds what is due some rounds
 * later.
 */
static void
collect_slot(struct wheel *wheel, size_t slot, uint64_t now, struct wheel_timer *due)
{
	struct wheel_timer *head = &wheel->slots[slot], *next;

	for (struct wheel_timer *timer = head->next; timer != head; timer = next) {
		next = timer->next;
		if (timer->due <= now)
			move_to(due, timer);
	}
	mark_slot(wheel, slot);
}

/* They may set and clear any timers, those in "due" too. */
static void
call_all(struct wheel *wheel, struct wheel_timer *due)
{
	while (!ring_is_empty(due)) {
		struct wheel_timer *timer = due->next;

		take_out(wheel, timer);
		timer->on_due(timer);
	}
	arm(wheel, next_tick(wheel));
}

void
wheel_advance(struct wheel *wheel)
{
	uint64_t now = wheel->clock() / wheel->tick_ms;
	uint64_t last = now < wheel->turned + SLOTS ? now : wheel->turned + SLOTS;
	struct wheel_timer due;

	ring_init(&due);
	for (uint64_t tick = wheel->turned + 1; tick <= last; tick++)
		collect_slot(wheel, tick % SLOTS, now, &due);
	if (now > wheel->turned)
		wheel->turned = now;
	call_all(wheel, &due);
}

void
wheel_hurry(struct wheel *wheel, void (*on_due)(struct wheel_timer *timer))
{
	struct wheel_timer due, *next;

	ring_init(&due);
	for (size_t slot = 0; slot < SLOTS; slot++) {
		struct wheel_timer *head = &wheel->slots[slot];

		for (struct wheel_timer *timer = head->next; timer != head; timer = next) {
			next = timer->next;
			if (timer->on_due == on_due)
				move_to(&due, timer);
		}
		mark_slot(wheel, slot);
	}
	call_all(wheel, &due);
}

uint64_t
wheel_next_ms(const struct wheel *wheel)
{
	uint64_t tick = next_tick(wheel);

	return tick == UINT64_MAX ? UINT64_MAX : ms_until(wheel, tick);
}
