/* SPDX-License-Identifier: ISC */
/* Pauses: soon at first, doubling, bounded, never shorter than half. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/backoff.h"
#include "shared/compiler.h"

static const struct backoff usual = { .first_ms = 500, .step_ms = 1000, .most_ms = 30000 };

static void
grows_between_its_bounds(void **state UNUSED)
{
	static const uint32_t longest[] = { 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
	struct backoff low = usual, high = usual;

	for (size_t i = 0; i < ARRAY_LEN(longest); i++) {
		/* Random numbers that give the shortest and the longest wait. */
		uint32_t shortest = i == 0 ? 0 : longest[i] / 2;

		assert_int_equal(backoff_next(&low, 0), shortest);
		assert_int_equal(backoff_next(&high, longest[i] - shortest), longest[i]);
	}
}

static void
any_random_number_stays_within(void **state UNUSED)
{
	struct backoff backoff = usual;
	uint64_t random = 88172645463325252u;

	for (int i = 0; i < 10000; i++) {
		uint32_t wait;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		if (i % 10 == 0)
			backoff_reset(&backoff);
		wait = backoff_next(&backoff, random);
		if (i % 10 == 0)
			assert_in_range(wait, 0, 500);
		else
			assert_in_range(wait, 500, 30000);
	}
}

static void
starts_anew_after_a_success(void **state UNUSED)
{
	struct backoff backoff = usual;

	for (int i = 0; i < 20; i++)
		backoff_next(&backoff, UINT64_MAX);
	backoff_reset(&backoff);
	assert_int_equal(backoff_next(&backoff, 0), 0);
}

static void
counts_no_further_than_it_can(void **state UNUSED)
{
	struct backoff backoff = usual;

	backoff.failures = UINT32_MAX;
	assert_int_equal(backoff_next(&backoff, 0), 15000);
	assert_int_equal(backoff.failures, UINT32_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_between_its_bounds),
		cmocka_unit_test(any_random_number_stays_within),
		cmocka_unit_test(starts_anew_after_a_success),
		cmocka_unit_test(counts_no_further_than_it_can),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
