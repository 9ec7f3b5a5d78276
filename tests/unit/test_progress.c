/* SPDX-License-Identifier: ISC */
/* The line that moves, and how many processes a crowd needs. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/bench/fleet.h"
#include "server/bench/progress.h"
#include "shared/compiler.h"

static void
the_bar_grows(void **state UNUSED)
{
	char line[160];

	progress_format(line, sizeof(line), "login", 0, 1000, 0, 0);
	assert_string_equal(line,
	    "login      [..............................] 0/1000  0.0 s  lost 0");
	progress_format(line, sizeof(line), "operations", 500, 1000, 7, 12345);
	assert_string_equal(line,
	    "operations [###############...............] 500/1000  12.3 s  lost 7");
	progress_format(line, sizeof(line), "storm", 1001, 1000, 0, 59999);
	assert_string_equal(line,
	    "storm      [##############################] 1001/1000  60.0 s  lost 0");
	progress_format(line, sizeof(line), "hold", 0, 0, 0, 0);
	assert_string_equal(line,
	    "hold       [..............................] 0/0  0.0 s  lost 0");
}

static void
a_file_sees_no_bar(void **state UNUSED)
{
	struct progress progress;
	FILE *file = tmpfile();
	long written;

	assert_non_null(file);
	progress_init(&progress, file, true);
	progress_start(&progress, "login");
	progress_show(&progress, 1, 2, 0);
	progress_stop(&progress);
	written = ftell(file);
	fclose(file);
	assert_int_equal(written, 0);
}

static void
processes_are_enough_for_their_descriptors(void **state UNUSED)
{
	assert_int_equal(fleet_size(1, 0), 1);
	assert_int_equal(fleet_size(2, 0), 2);
	assert_int_equal(fleet_size(10000, 0), 2);
	assert_int_equal(fleet_size(10000, 1), 1);
	assert_int_equal(fleet_size(100000, 0), 7);
	assert_int_equal(fleet_size(100000, 3), 7);
	assert_int_equal(fleet_size(100000, 20), 20);
	assert_int_equal(fleet_size(3, 8), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bar_grows),
		cmocka_unit_test(a_file_sees_no_bar),
		cmocka_unit_test(processes_are_enough_for_their_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
