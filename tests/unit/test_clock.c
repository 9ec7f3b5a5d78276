/* SPDX-License-Identifier: ISC */
#include "shared/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "shared/compiler.h"

static void
only_goes_forward(void **state UNUSED)
{
	uint64_t last = clock_monotonic_us();

	for (int i = 0; i < 10000; i++) {
		uint64_t now = clock_monotonic_us();

		assert_true(now >= last);
		last = now;
	}
}

static void
both_units_are_one_clock(void **state UNUSED)
{
	uint64_t before = clock_monotonic_us(), ms = clock_monotonic_ms();
	uint64_t after = clock_monotonic_us();

	assert_true(ms >= before / 1000 && ms <= after / 1000);
}

static void
the_wall_has_the_system_time(void **state UNUSED)
{
	uint64_t before = (uint64_t)time(NULL), now = clock_wall_s();

	assert_true(now >= before && now <= (uint64_t)time(NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_goes_forward),
		cmocka_unit_test(both_units_are_one_clock),
		cmocka_unit_test(the_wall_has_the_system_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
