/* SPDX-License-Identifier: ISC */
/*
 * Many coarse deadlines, one timer of the event loop: a hashed wheel of slots (Varghese and
 * Lauck, 1987, scheme 6). Setting, moving and clearing cost the same however many there are. The
 * loop's timer is armed for the next slot that holds something, so a wheel without deadlines
 * never wakes anybody up. One thread.
 */

#ifndef SHARED_WHEEL_H
#define SHARED_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct wheel;

/* A deadline, embedded where it belongs. All zero is "not set"; the fields are the wheel's. */
struct wheel_timer {
	struct wheel_timer *next;
	struct wheel_timer *previous;
	void (*on_due)(struct wheel_timer *timer);
	uint64_t due;
};

/*
 * "tick_ms" is the length of a slot: a deadline comes that much late at most, and never early.
 * With a base it turns by itself; with NULL somebody calls wheel_advance(). "clock" gives
 * milliseconds that never go back (clock_monotonic_ms; tests bring their own).
 */
struct wheel *wheel_new(struct event_base *base, uint32_t tick_ms, uint64_t (*clock)(void));

/* Timers that are still set are forgotten: neither called nor touched. NULL is fine. */
void wheel_free(struct wheel *wheel);

/*
 * (Re)sets the deadline to "delay_ms" from now; on_due is called once, with the timer already
 * cleared.
 */
void wheel_set(struct wheel *wheel, struct wheel_timer *timer, uint64_t delay_ms,
    void (*on_due)(struct wheel_timer *timer));

/* Clears it; a timer that is not set is fine. */
void wheel_clear(struct wheel *wheel, struct wheel_timer *timer);

bool wheel_is_set(const struct wheel_timer *timer);

/* Calls all that are due by the clock. They may set and clear any timers. */
void wheel_advance(struct wheel *wheel);

/* Calls all that were set with this "on_due" as if they were due. */
void wheel_hurry(struct wheel *wheel, void (*on_due)(struct wheel_timer *timer));

/* Milliseconds until the next slot with something in it; UINT64_MAX: none. */
uint64_t wheel_next_ms(const struct wheel *wheel);

#endif
