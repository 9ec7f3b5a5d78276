/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "server/proc/admission.h"
#include "shared/clock.h"
#include "shared/link.h"

enum { MANY = 200, PER_TURN = 16 };

/* So impatient that everybody has always waited too long. */
static const struct admission_limits late = { .per_turn = 1, .inside = 2 * MANY };
static const struct admission_limits wide = {
	.per_turn = PER_TURN, .inside = 2 * MANY, .per_second = 1, .patience_ms = 60000
};
static const struct admission_limits narrow = {
	.per_turn = PER_TURN, .inside = 20, .per_second = 0, .patience_ms = 60000
};

/* Sockets by their other ends; who came in, in that order. */
struct hall {
	struct event_base *base;
	struct admission *admission;
	int outside[MANY];
	int entered[MANY];
	size_t enter_count;
	size_t lost_count;
};

static void
on_enter(void *arg, int fd)
{
	struct hall *hall = arg;

	hall->entered[hall->enter_count++] = fd;
}

static void
on_lost(void *arg)
{
	struct hall *hall = arg;

	hall->lost_count++;
}

static const struct admission_events events = { .on_enter = on_enter, .on_lost = on_lost };

static void
hall_open(struct hall *hall, const struct admission_limits *limits)
{
	*hall = (struct hall){ .base = link_base_new() };
	hall->admission = admission_new(hall->base, limits, &events, hall);
	for (size_t i = 0; i < MANY; i++) {
		int ends[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
		hall->outside[i] = ends[0];
		admission_queue(hall->admission, ends[1]);
	}
	assert_int_equal(hall->enter_count, 0);
}

static void
hall_close(struct hall *hall)
{
	admission_free(hall->admission);
	for (size_t i = 0; i < hall->enter_count; i++)
		close(hall->entered[i]);
	for (size_t i = 0; i < MANY; i++)
		close(hall->outside[i]);
	event_base_free(hall->base);
}

static void
admission__lets_some_in_each_turn__in_order(void **state)
{
	struct hall hall;

	(void)state;
	hall_open(&hall, &wide);
	for (size_t turn = 1; turn <= MANY / PER_TURN; turn++) {
		event_base_loop(hall.base, EVLOOP_ONCE);
		assert_int_equal(hall.enter_count, turn * PER_TURN);
	}
	event_base_loop(hall.base, EVLOOP_ONCE);
	assert_int_equal(hall.enter_count, MANY);
	assert_int_equal(admission_waiting(hall.admission), 0);
	for (size_t i = 0; i < MANY; i++) {
		char byte = 0;

		assert_int_equal(write(hall.outside[i], "x", 1), 1);
		assert_int_equal(read(hall.entered[i], &byte, 1), 1);
	}
	hall_close(&hall);
}

static void
admission__lets_more_in__when_those_inside_are_through(void **state)
{
	struct hall hall;

	(void)state;
	hall_open(&hall, &narrow);
	while (hall.enter_count < narrow.inside)
		event_base_loop(hall.base, EVLOOP_ONCE);
	for (size_t settled = 1; settled <= narrow.inside; settled++) {
		admission_settle(hall.admission);
		event_base_loop(hall.base, EVLOOP_ONCE);
		assert_int_equal(hall.enter_count, narrow.inside + settled);
	}
	hall_close(&hall);
}

/* Those inside never get through: the others come in all the same, only slowly. */
static void
admission__is_not_held_up__by_the_slow(void **state)
{
	struct hall hall;

	(void)state;
	hall_open(&hall, &narrow);
	while (admission_waiting(hall.admission) > 0)
		event_base_loop(hall.base, EVLOOP_ONCE);
	assert_int_equal(hall.enter_count, MANY);
	hall_close(&hall);
}

static void
admission__takes_the_newest__when_the_oldest_waited_too_long(void **state)
{
	struct hall hall;
	char byte = 0;
	uint64_t start;

	(void)state;
	hall_open(&hall, &late);
	start = clock_monotonic_ms();
	while (clock_monotonic_ms() == start)
		continue;
	event_base_loop(hall.base, EVLOOP_ONCE);
	assert_int_equal(hall.enter_count, 1);
	assert_int_equal(write(hall.outside[MANY - 1], "x", 1), 1);
	assert_int_equal(read(hall.entered[0], &byte, 1), 1);
	hall_close(&hall);
}

static void
admission__spends_nothing__on_who_has_left(void **state)
{
	struct hall hall;

	(void)state;
	hall_open(&hall, &wide);
	for (size_t i = 0; i < MANY; i += 2) {
		assert_int_equal(
		    write(hall.outside[i], "hello", 5), 5); /* and does not wait for an answer */
		shutdown(hall.outside[i], SHUT_RDWR);
	}
	while (admission_waiting(hall.admission) > 0)
		event_base_loop(hall.base, EVLOOP_ONCE);
	assert_int_equal(hall.lost_count, MANY / 2);
	assert_int_equal(hall.enter_count, MANY / 2);
	hall_close(&hall);
}

static void
admission__closes_who_waits__when_it_ends(void **state)
{
	struct hall hall;
	char byte;

	(void)state;
	hall_open(&hall, &wide);
	admission_free(hall.admission);
	hall.admission = NULL;
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(read(hall.outside[i], &byte, 1), 0);
	hall_close(&hall);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(admission__lets_some_in_each_turn__in_order),
		cmocka_unit_test(admission__lets_more_in__when_those_inside_are_through),
		cmocka_unit_test(admission__is_not_held_up__by_the_slow),
		cmocka_unit_test(admission__takes_the_newest__when_the_oldest_waited_too_long),
		cmocka_unit_test(admission__spends_nothing__on_who_has_left),
		cmocka_unit_test(admission__closes_who_waits__when_it_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
