/* SPDX-License-Identifier: ISC */
/* Which server is tried after which. Servers are told apart by their ports. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "client-tui/net/tour.h"
#include "shared/compiler.h"

enum { ROUTE_A = 1, ROUTE_B, ROUTE_C, WORK_X = 11, WORK_Y, WORK_Z };

static struct tour_stop
stop_at(uint16_t port)
{
	return (struct tour_stop){
		.kind = port < WORK_X ? TOUR_ROUTE : TOUR_WORK,
		.invite = { .server = { .host = "127.0.0.1", .port = port } },
	};
}

static void
start(struct tour *tour, uint64_t first)
{
	const struct invite routes[] = { stop_at(ROUTE_A).invite, stop_at(ROUTE_B).invite,
		stop_at(ROUTE_C).invite };

	tour_init(tour, routes, ARRAY_LEN(routes), first);
	tour_start(tour);
}

/* 0: the round is over. */
static uint16_t
next(struct tour *tour)
{
	struct tour_stop stop;

	if (!tour_next(tour, &stop))
		return 0;
	assert_int_equal(stop.kind, stop_at(stop.invite.server.port).kind);
	return stop.invite.server.port;
}

static void
offer(struct tour *tour, uint16_t first, uint16_t second)
{
	const struct tour_stop offers[] = { stop_at(first), stop_at(second) };

	tour_offer(tour, offers, ARRAY_LEN(offers));
}

static void
arrive(struct tour *tour, uint16_t port)
{
	const struct tour_stop work = stop_at(port);

	tour_arrive(tour, &work);
}

static void
routes_in_turn(void **state UNUSED)
{
	struct tour tour;

	start(&tour, 7);
	assert_int_equal(next(&tour), ROUTE_B);
	assert_int_equal(next(&tour), ROUTE_C);
	assert_int_equal(next(&tour), ROUTE_A);
	assert_int_equal(next(&tour), 0);
	assert_int_equal(next(&tour), 0);
	tour_start(&tour);
	assert_int_equal(next(&tour), ROUTE_B);
	tour_clear(&tour);
}

static void
offers_then_the_other_routes(void **state UNUSED)
{
	struct tour tour;

	start(&tour, 0);
	assert_int_equal(next(&tour), ROUTE_A);
	offer(&tour, WORK_X, WORK_Y);
	assert_int_equal(next(&tour), WORK_X);
	assert_int_equal(next(&tour), WORK_Y);
	assert_int_equal(next(&tour), ROUTE_B);
	offer(&tour, WORK_Z, WORK_X);
	assert_int_equal(next(&tour), WORK_Z);
	assert_int_equal(next(&tour), WORK_X);
	assert_int_equal(next(&tour), ROUTE_C);
	/* Somebody answered, so what was named before is not tried again. */
	assert_int_equal(next(&tour), 0);
	tour_clear(&tour);
}

static void
the_last_one_first_then_who_named_it(void **state UNUSED)
{
	struct tour tour;

	start(&tour, 0);
	assert_int_equal(next(&tour), ROUTE_A);
	assert_int_equal(next(&tour), ROUTE_B);
	offer(&tour, WORK_X, WORK_Y);
	assert_int_equal(next(&tour), WORK_X);
	arrive(&tour, WORK_X);
	tour_start(&tour);
	assert_int_equal(next(&tour), WORK_X);
	assert_int_equal(next(&tour), ROUTE_B);
	assert_int_equal(next(&tour), ROUTE_C);
	assert_int_equal(next(&tour), ROUTE_A);
	/* Nobody to ask. */
	assert_int_equal(next(&tour), WORK_X);
	assert_int_equal(next(&tour), WORK_Y);
	assert_int_equal(next(&tour), 0);
	tour_clear(&tour);
}

static void
who_sent_us_away_is_left_alone(void **state UNUSED)
{
	struct tour tour;

	start(&tour, 0);
	next(&tour);
	offer(&tour, WORK_X, WORK_Y);
	arrive(&tour, WORK_X);
	tour_avoid_last(&tour);
	tour_start(&tour);
	assert_int_equal(next(&tour), ROUTE_A);
	offer(&tour, WORK_X, WORK_Y);
	assert_int_equal(next(&tour), WORK_Y);
	arrive(&tour, WORK_Y);
	tour_start(&tour);
	assert_int_equal(next(&tour), WORK_Y);
	tour_clear(&tour);
}

static void
unless_there_is_no_other(void **state UNUSED)
{
	const struct tour_stop only = stop_at(WORK_X);
	struct tour tour;

	start(&tour, 0);
	next(&tour);
	tour_offer(&tour, &only, 1);
	arrive(&tour, WORK_X);
	tour_avoid_last(&tour);
	tour_start(&tour);
	assert_int_equal(next(&tour), ROUTE_A);
	tour_offer(&tour, &only, 1);
	assert_int_equal(next(&tour), WORK_X);
	tour_clear(&tour);
}

static void
barred_routes_are_left_out(void **state UNUSED)
{
	const uint8_t pin[ENDPOINT_PIN_SIZE] = { 5 };
	struct tour_stop stop;
	struct tour tour;

	start(&tour, 0);
	assert_int_equal(next(&tour), ROUTE_A);
	tour_bar(&tour);
	assert_int_equal(next(&tour), ROUTE_B);
	tour_trust(&tour, pin);
	assert_int_equal(next(&tour), ROUTE_C);
	tour_bar(&tour);
	tour_start(&tour);
	assert_true(tour_next(&tour, &stop));
	assert_int_equal(stop.invite.server.port, ROUTE_B);
	assert_true(stop.invite.has_pin);
	assert_memory_equal(stop.invite.pin, pin, sizeof(pin));
	assert_false(tour_is_barred(&tour));
	tour_bar(&tour);
	assert_true(tour_is_barred(&tour));
	assert_int_equal(next(&tour), 0);
	tour_unbar(&tour);
	tour_start(&tour);
	assert_int_equal(next(&tour), ROUTE_A);
	tour_clear(&tour);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_in_turn),
		cmocka_unit_test(offers_then_the_other_routes),
		cmocka_unit_test(the_last_one_first_then_who_named_it),
		cmocka_unit_test(who_sent_us_away_is_left_alone),
		cmocka_unit_test(unless_there_is_no_other),
		cmocka_unit_test(barred_routes_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
