/* SPDX-License-Identifier: ISC */
/* Percentiles are what the benchmark is judged by: they are held against a sorted list. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/bench/histogram.h"
#include "shared/compiler.h"

enum { MANY = 20000 };

static int
compare_numbers(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* Numbers over many powers of two, the same in every run (Marsaglia's xorshift). */
static void
fill_numbers(uint64_t *numbers, size_t count)
{
	uint64_t state = 88172645463325252;

	for (size_t i = 0; i < count; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		numbers[i] = (state >> 8) % (UINT64_C(1) << (state % 31 + 1));
	}
}

static void
nothing_is_zero(void **state UNUSED)
{
	struct histogram histogram;

	histogram_init(&histogram);
	assert_int_equal(histogram_percentile(&histogram, 50), 0);
	assert_int_equal(histogram.count, 0);
}

static void
small_values_are_exact(void **state UNUSED)
{
	struct histogram histogram;

	histogram_init(&histogram);
	for (uint64_t value = 1; value <= 100; value++)
		histogram_record(&histogram, value);
	assert_int_equal(histogram_percentile(&histogram, 0), 1);
	assert_int_equal(histogram_percentile(&histogram, 50), 50);
	assert_int_equal(histogram_percentile(&histogram, 99), 99);
	assert_int_equal(histogram_percentile(&histogram, 99.5), 100);
	assert_int_equal(histogram_percentile(&histogram, 100), 100);
}

static void
one_value_is_every_percentile(void **state UNUSED)
{
	static const uint64_t values[] = { 0, 1, 127, 128, 129, 1000003, UINT32_MAX };

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct histogram histogram;

		histogram_init(&histogram);
		histogram_record(&histogram, values[i]);
		assert_int_equal(histogram_percentile(&histogram, 1), values[i]);
		assert_int_equal(histogram_percentile(&histogram, 100), values[i]);
		assert_int_equal(histogram.max, values[i]);
	}
}

static void
percentiles_are_near_the_sorted_list(void **state UNUSED)
{
	static const double percents[] = { 1, 10, 50, 90, 99, 99.9, 100 };
	uint64_t *numbers = calloc(MANY, sizeof(*numbers));
	struct histogram histogram;

	fill_numbers(numbers, MANY);
	histogram_init(&histogram);
	for (size_t i = 0; i < MANY; i++)
		histogram_record(&histogram, numbers[i]);
	qsort(numbers, MANY, sizeof(*numbers), compare_numbers);
	for (size_t i = 0; i < ARRAY_LEN(percents); i++) {
		uint64_t exact = numbers[(size_t)(MANY * percents[i] / 100 + 0.5) - 1];
		uint64_t got = histogram_percentile(&histogram, percents[i]);

		assert_in_range(got, exact, exact + exact / 64);
	}
	free(numbers);
}

static void
too_large_counts_as_the_largest(void **state UNUSED)
{
	struct histogram histogram;

	histogram_init(&histogram);
	histogram_record(&histogram, UINT64_MAX);
	assert_int_equal(histogram.max, UINT32_MAX);
	assert_int_equal(histogram_percentile(&histogram, 50), UINT32_MAX);
}

static void
merged_is_as_if_recorded_together(void **state UNUSED)
{
	static struct histogram odd, even, both;

	for (uint64_t value = 0; value < 5000; value++) {
		histogram_record(value % 2 == 0 ? &even : &odd, value * 7);
		histogram_record(&both, value * 7);
	}
	histogram_merge(&odd, &even);
	assert_memory_equal(&odd, &both, sizeof(both));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_zero),
		cmocka_unit_test(small_values_are_exact),
		cmocka_unit_test(one_value_is_every_percentile),
		cmocka_unit_test(percentiles_are_near_the_sorted_list),
		cmocka_unit_test(too_large_counts_as_the_largest),
		cmocka_unit_test(merged_is_as_if_recorded_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
