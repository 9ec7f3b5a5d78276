/* SPDX-License-Identifier: ISC */
/* The wheel by a clock that the test turns, and once by the loop's. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <event2/event.h>

#include "shared/clock.h"
#include "shared/compiler.h"
#include "shared/link.h"
#include "shared/wheel.h"

static uint64_t now_ms;

static uint64_t
test_clock(void)
{
	return now_ms;
}

struct alarm {
	struct wheel_timer timer;
	struct wheel *wheel;
	uint64_t rang_ms;
	unsigned rings;
	uint64_t again_ms;	/* set anew by its own callback */
	struct alarm *victim;	/* cleared by its callback */
};

static void
alarm_on_due(struct wheel_timer *timer)
{
	struct alarm *alarm = CONTAINER_OF(timer, struct alarm, timer);

	assert_false(wheel_is_set(timer));
	alarm->rang_ms = now_ms;
	alarm->rings++;
	if (alarm->again_ms > 0)
		wheel_set(alarm->wheel, timer, alarm->again_ms, alarm_on_due);
	if (alarm->victim != NULL)
		wheel_clear(alarm->wheel, &alarm->victim->timer);
}

static int
set_up(void **state)
{
	now_ms = 1234567;
	*state = wheel_new(NULL, 100, test_clock);
	return 0;
}

static int
tear_down(void **state)
{
	wheel_free(*state);
	return 0;
}

static void
advance_to(struct wheel *wheel, uint64_t ms)
{
	for (; now_ms < ms; now_ms += 7)
		wheel_advance(wheel);
}

/* Delays within a round, at its edge and over several rounds; from any place in a slot. */
static void
a_deadline_is_never_early_and_a_tick_late_at_most(void **state)
{
	static const uint64_t delays[] = { 0, 1, 99, 100, 101, 5000, 51100, 51199, 51200, 51201,
		51300, 120000, 1000000 };
	struct alarm alarms[ARRAY_LEN(delays)] = { 0 };
	uint64_t start = now_ms;
	struct wheel *wheel = *state;

	for (size_t i = 0; i < ARRAY_LEN(delays); i++)
		wheel_set(wheel, &alarms[i].timer, delays[i], alarm_on_due);
	advance_to(wheel, start + 1001000);
	for (size_t i = 0; i < ARRAY_LEN(delays); i++) {
		assert_int_equal(alarms[i].rings, 1);
		assert_in_range(alarms[i].rang_ms - start, delays[i], delays[i] + 100 + 7);
	}
	assert_true(wheel_next_ms(wheel) == UINT64_MAX);
}

/* The slot of this very moment was turned already: the next one has to do. */
static void
a_deadline_of_now_at_a_tick_comes_with_the_next(void **state)
{
	struct alarm alarm = { 0 };
	struct wheel *wheel = *state;

	now_ms = 1300000;
	wheel_advance(wheel);
	wheel_set(wheel, &alarm.timer, 0, alarm_on_due);
	now_ms += 100;
	wheel_advance(wheel);
	assert_int_equal(alarm.rings, 1);
}

/* A machine that slept, or a loop that was held up: everything that is due comes, nothing else. */
static void
a_jump_of_the_clock_skips_nobody(void **state)
{
	struct alarm due = { 0 }, late = { 0 }, later = { 0 };
	struct wheel *wheel = *state;

	wheel_set(wheel, &due.timer, 100, alarm_on_due);
	wheel_set(wheel, &late.timer, 3000000, alarm_on_due);
	wheel_set(wheel, &later.timer, 4000000, alarm_on_due);
	now_ms += 3500000;
	wheel_advance(wheel);
	assert_int_equal(due.rings + late.rings, 2);
	assert_int_equal(later.rings, 0);
	now_ms += 600000;
	wheel_advance(wheel);
	assert_int_equal(later.rings, 1);
}

static void
a_deadline_can_be_moved_and_cleared(void **state)
{
	struct alarm moved = { 0 }, cleared = { 0 };
	struct wheel *wheel = *state;
	uint64_t start = now_ms;

	wheel_set(wheel, &moved.timer, 500, alarm_on_due);
	wheel_set(wheel, &cleared.timer, 500, alarm_on_due);
	wheel_set(wheel, &moved.timer, 2000, alarm_on_due);
	assert_true(wheel_is_set(&moved.timer));
	wheel_clear(wheel, &cleared.timer);
	wheel_clear(wheel, &cleared.timer);
	assert_false(wheel_is_set(&cleared.timer));
	advance_to(wheel, start + 1900);
	assert_int_equal(moved.rings, 0);
	advance_to(wheel, start + 5000);
	assert_int_equal(moved.rings, 1);
	assert_int_equal(cleared.rings, 0);
}

/* One callback clears others that are due at the same moment, and sets itself again. */
static void
callbacks_may_set_and_clear(void **state)
{
	struct alarm again = { .wheel = *state, .again_ms = 200 }, killer = { .wheel = *state };
	struct alarm same_slot = { 0 }, next_slot = { 0 };
	struct wheel *wheel = *state;

	killer.victim = &same_slot;
	again.victim = &next_slot;
	wheel_set(wheel, &again.timer, 200, alarm_on_due);
	wheel_set(wheel, &killer.timer, 300, alarm_on_due);
	wheel_set(wheel, &same_slot.timer, 300, alarm_on_due);
	wheel_set(wheel, &next_slot.timer, 400, alarm_on_due);
	now_ms += 1000;
	wheel_advance(wheel);
	assert_int_equal(again.rings, 1);
	assert_int_equal(killer.rings, 1);
	assert_int_equal(same_slot.rings + next_slot.rings, 0);
	assert_true(wheel_is_set(&again.timer));
	now_ms += 1000;
	wheel_advance(wheel);
	assert_int_equal(again.rings, 2);
}

static void
other_on_due(struct wheel_timer *timer UNUSED)
{
	fail();
}

static void
some_can_be_called_before_their_time(void **state)
{
	struct alarm soon = { 0 }, late = { 0 }, again = { .wheel = *state, .again_ms = 100 };
	struct wheel_timer other = { 0 };
	struct wheel *wheel = *state;

	wheel_set(wheel, &soon.timer, 100, alarm_on_due);
	wheel_set(wheel, &late.timer, 1000000, alarm_on_due);
	wheel_set(wheel, &again.timer, 100, alarm_on_due);
	wheel_set(wheel, &other, 100, other_on_due);
	wheel_hurry(wheel, alarm_on_due);
	assert_int_equal(soon.rings + late.rings, 2);
	assert_int_equal(again.rings, 1);
	assert_true(wheel_is_set(&other) && wheel_is_set(&again.timer));
	wheel_clear(wheel, &other);
	wheel_clear(wheel, &again.timer);
	assert_true(wheel_next_ms(wheel) == UINT64_MAX);
}

static void
the_next_deadline_is_known(void **state)
{
	struct alarm near = { 0 }, far = { 0 };
	struct wheel *wheel = *state;

	now_ms = 1300000;
	wheel_advance(wheel);
	assert_true(wheel_next_ms(wheel) == UINT64_MAX);
	wheel_set(wheel, &far.timer, 40000, alarm_on_due);
	assert_int_equal(wheel_next_ms(wheel), 40000);
	wheel_set(wheel, &near.timer, 6400, alarm_on_due);
	assert_int_equal(wheel_next_ms(wheel), 6400);
	wheel_clear(wheel, &near.timer);
	assert_int_equal(wheel_next_ms(wheel), 40000);
	wheel_clear(wheel, &far.timer);
	assert_true(wheel_next_ms(wheel) == UINT64_MAX);
}

/* The loop's own clock, and how often the loop was woken. */
static void
a_loop_wakes_for_deadlines_only(void **state UNUSED)
{
	struct event_base *base = link_base_new();
	struct wheel *wheel = wheel_new(base, 20, clock_monotonic_ms);
	struct alarm first = { 0 }, second = { 0 }, cleared = { 0 };
	uint64_t start = clock_monotonic_ms();
	unsigned turns = 0;

	assert_int_equal(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 0);
	wheel_set(wheel, &cleared.timer, 1, alarm_on_due);
	wheel_set(wheel, &second.timer, 200, alarm_on_due);
	wheel_set(wheel, &first.timer, 100, alarm_on_due);
	wheel_clear(wheel, &cleared.timer);
	while (second.rings == 0) {
		event_base_loop(base, EVLOOP_ONCE);
		turns++;
	}
	assert_true(clock_monotonic_ms() - start >= 200);
	assert_int_equal(first.rings, 1);
	/* The third for the one that was cleared; a machine that slept meanwhile needs but one. */
	assert_in_range(turns, 1, 3);
	assert_int_equal(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 0);
	wheel_free(wheel);
	event_base_free(base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_deadline_is_never_early_and_a_tick_late_at_most, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_deadline_of_now_at_a_tick_comes_with_the_next, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_jump_of_the_clock_skips_nobody, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    a_deadline_can_be_moved_and_cleared, set_up, tear_down),
		cmocka_unit_test_setup_teardown(callbacks_may_set_and_clear, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    some_can_be_called_before_their_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_next_deadline_is_known, set_up, tear_down),
		cmocka_unit_test(a_loop_wakes_for_deadlines_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
