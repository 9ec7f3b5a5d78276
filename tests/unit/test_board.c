/* SPDX-License-Identifier: ISC */
#include "server/proc/board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/compiler.h"

#define GIB (UINT64_C(1) << 30)

static void
wishes_are_granted_as_far_as_descriptors_go(void **state UNUSED)
{
	assert_int_equal(board_clients_max(500, 20000, GIB, 4), 500);
	assert_int_equal(board_clients_max(30000, 20000, GIB, 4), 20000);
	/* Who says so gets more than we would dare. */
	assert_int_equal(board_clients_max(1000000, 1048576, GIB, 64), 1000000);
}

static void
descriptors_decide_when_nobody_says(void **state UNUSED)
{
	assert_int_equal(board_clients_max(0, 19000, 24 * GIB, 4), 19000);
	assert_int_equal(board_clients_max(0, 0, 24 * GIB, 4), 1);
}

/* A container may allow a billion descriptors. */
static void
memory_decides_when_descriptors_abound(void **state UNUSED)
{
	assert_int_equal(board_clients_max(0, 1073741816, GIB, 2), 65536);
	assert_int_equal(board_clients_max(0, 1073741816, 1024 * GIB, 16), 65536);
}

/* Each is counted while it is handed over and when it is taken, never not at all. */
static void
load_is_who_is_there_and_who_is_coming(void **state UNUSED)
{
	struct counters row = { .sessions = 7, .dealt = 12, .taken = 10 };

	assert_int_equal(board_load(&row), 9);
	row.taken = 12;
	assert_int_equal(board_load(&row), 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wishes_are_granted_as_far_as_descriptors_go),
		cmocka_unit_test(descriptors_decide_when_nobody_says),
		cmocka_unit_test(memory_decides_when_descriptors_abound),
		cmocka_unit_test(load_is_who_is_there_and_who_is_coming),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
