/* SPDX-License-Identifier: ISC */
/* The same samples as a table for people and as JSON. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "server/bench/bench_report.h"
#include "shared/compiler.h"

/* What a printer writes, on the heap. */
static char *
printed(void (*print)(const struct bench_report *, FILE *), const struct bench_report *report)
{
	char *text = NULL;
	size_t len;
	FILE *memory = open_memstream(&text, &len);

	assert_non_null(memory);
	print(report, memory);
	fclose(memory);
	return text;
}

static void
assert_contains(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

/* Brackets and quotes are closed in order; enough for a writer that never nests text. */
static void
assert_balanced(const char *json)
{
	char open[64];
	size_t depth = 0;
	bool quoted = false;

	for (; *json != '\0'; json++) {
		if (*json == '"')
			quoted = !quoted;
		if (quoted)
			continue;
		if (*json == '{' || *json == '[')
			open[depth++] = *json;
		if (*json == '}' || *json == ']')
			assert_int_equal(open[--depth], *json == '}' ? '{' : '[');
		if (*json == ',')
			assert_null(strchr("]},", json[1 + strspn(json + 1, " \n")]));
	}
	assert_false(quoted);
	assert_int_equal(depth, 0);
}

static void
the_median_stands_for_all(void **state UNUSED)
{
	struct samples odd = { 3, { 9, 1, 4 } }, even = { 4, { 10, 2, 4, 1 } };

	assert_true(samples_median(&odd) == 4);
	assert_true(samples_min(&odd) == 1);
	assert_true(samples_max(&odd) == 9);
	assert_true(samples_median(&even) == 3);
}

static void
one_sample_has_no_spread(void **state UNUSED)
{
	struct bench_report report;
	char *text;

	bench_report_init(&report, "127.0.0.1:7400", 1000, 2);
	bench_report_add(&report, FIGURE_LOGIN_seconds, 1.25);
	text = printed(bench_report_print, &report);
	assert_contains(text, "127.0.0.1:7400: 1000 clients in 2 processes\n");
	assert_contains(text, "\nlogin\n");
	assert_contains(text, "1.25 s\n");
	assert_null(strstr(text, "storm"));
	assert_null(strstr(text, "operation"));
	free(text);
}

static void
several_samples_show_their_spread(void **state UNUSED)
{
	struct bench_report report;
	char *text;

	bench_report_init(&report, "[::1]:7400", 10, 2);
	bench_report_add(&report, FIGURE_STORM_p99_us, 2500000);
	bench_report_add(&report, FIGURE_STORM_p99_us, 900);
	bench_report_add(&report, FIGURE_STORM_p99_us, 1500);
	text = printed(bench_report_print, &report);
	assert_contains(text, "1.50 ms  (900 us to 2.50 s)\n");
	free(text);
	text = printed(bench_report_print_json, &report);
	assert_contains(text, "\"storm\": {\n    \"p99_us\": {\"median\": 1500, \"min\": 900, "
	    "\"max\": 2500000, \"samples\": [2500000, 900, 1500]}\n  }");
	assert_balanced(text);
	free(text);
}

static void
operations_have_their_table(void **state UNUSED)
{
	struct bench_report report;
	struct histogram answers;
	char *text;

	histogram_init(&answers);
	for (uint64_t us = 1; us <= 100; us++)
		histogram_record(&answers, us);
	bench_report_init(&report, "localhost:7400", 10, 2);
	for (unsigned i = 0; i < OPERATION_COUNT; i++)
		bench_report_add_latency(&report, (enum operation)i, &answers, 3, 4);
	text = printed(bench_report_print, &report);
	assert_contains(text,
	    "FIND_USER                    100         3         4     50 us     90 us"
	    "     99 us    100 us\n");
	free(text);
	text = printed(bench_report_print_json, &report);
	assert_contains(text, "\"find_user\": {\n      \"answered\": {\"median\": 100,");
	assert_balanced(text);
	free(text);
}

static void
too_many_samples_are_dropped(void **state UNUSED)
{
	struct bench_report report;

	bench_report_init(&report, "h:1", 1, 1);
	for (unsigned i = 0; i < REPORT_SAMPLES_MAX + 5; i++)
		bench_report_add(&report, FIGURE_LOGIN_seconds, i);
	assert_int_equal(report.figures[FIGURE_LOGIN_seconds].count, REPORT_SAMPLES_MAX);
	assert_true(samples_max(&report.figures[FIGURE_LOGIN_seconds]) == REPORT_SAMPLES_MAX - 1);
}

static void
foreign_names_stay_inside_of_json(void **state UNUSED)
{
	struct bench_report report;
	char *text;

	bench_report_init(&report, "a\"\\\x1b[31m", 1, 1);
	text = printed(bench_report_print_json, &report);
	assert_contains(text, "\"target\": \"a???[31m\"");
	assert_balanced(text);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_median_stands_for_all),
		cmocka_unit_test(one_sample_has_no_spread),
		cmocka_unit_test(several_samples_show_their_spread),
		cmocka_unit_test(operations_have_their_table),
		cmocka_unit_test(too_many_samples_are_dropped),
		cmocka_unit_test(foreign_names_stay_inside_of_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
