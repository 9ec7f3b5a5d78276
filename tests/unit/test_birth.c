/* SPDX-License-Identifier: ISC */
/* The command line that a parent writes and a child reads. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/proc/birth.h"
#include "shared/compiler.h"

static const struct proc_role roles[] = { { .name = "session" }, { .name = "store" } };
static const char *const memories[] = { "one", "two" };
static const struct proc_service work = { .name = "work", .roles = roles, .role_count = 2,
	.memories = memories, .memory_count = 2 };
static const struct proc_service route = { .name = "route", .roles = roles, .role_count = 1 };
static const struct proc_service *const services[] = { &route, &work };

static unsigned
count_arguments(char *const argv[])
{
	unsigned count = 0;

	while (argv[count] != NULL)
		count++;
	return count;
}

static void
what_is_written_is_read(void **state UNUSED)
{
	struct birth birth = { .service = &work,
		.who = { .role = 1, .index = 3, .number = 12, .generation = INT32_MAX },
		.fds = { 7, 0, INT32_MAX, 9, 10 } }, read;
	struct birth_line line;

	birth_write(&birth, &line);
	assert_int_equal(count_arguments(line.argv), BIRTH_ARGUMENTS);
	assert_string_equal(line.argv[3], "store/3");
	assert_true(birth_is_meant(BIRTH_ARGUMENTS, line.argv));
	assert_true(birth_read(services, ARRAY_LEN(services), line.argv, &read));
	assert_ptr_equal(read.service, &work);
	assert_int_equal(read.who.role, 1);
	assert_int_equal(read.who.index, 3);
	assert_int_equal(read.who.number, 12);
	assert_int_equal(read.who.generation, INT32_MAX);
	assert_memory_equal(read.fds, birth.fds, sizeof(birth.fds));
}

static void
other_command_lines_are_not_meant(void **state UNUSED)
{
	char *options[] = { "tingyu-work", "-c", "file", "-o", "a=b", "-h", NULL };
	char *fewer[] = { "tingyu-work", "--member", NULL };

	assert_false(birth_is_meant(6, options));
	assert_false(birth_is_meant(2, fewer));
	assert_false(birth_is_meant(1, fewer));
}

static void
what_nobody_wrote_is_refused(void **state UNUSED)
{
	static const char *const wrong[][4] = {
		{ "play", "session/0", "1,0", "1,2,3,4,5" },
		{ "work", "session", "1,0", "1,2,3,4,5" },
		{ "work", "session/", "1,0", "1,2,3,4,5" },
		{ "work", "session/x", "1,0", "1,2,3,4,5" },
		{ "work", "session/1000", "1,0", "1,2,3,4,5" },
		{ "work", "sess/0", "1,0", "1,2,3,4,5" },
		{ "work", "sessions/0", "1,0", "1,2,3,4,5" },
		{ "work", "session/0", "1", "1,2,3,4,5" },
		{ "work", "session/0", "1,", "1,2,3,4,5" },
		{ "work", "session/0", "1,0,2", "1,2,3,4,5" },
		{ "work", "session/0", "1,-1", "1,2,3,4,5" },
		{ "work", "session/0", "1,2147483648", "1,2,3,4,5" },
		{ "work", "session/0", "1,0", "" },
		{ "work", "session/0", "1,0", "1,2,3,4" },
		{ "work", "session/0", "1,0", "1,2,3,4,5,6" },
		{ "work", "session/0", "1,0", "1,,3,4,5" },
		{ "route", "store/0", "1,0", "1,2,3" },
	};

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		char *argv[] = { "tingyu-work", "--member", (char *)wrong[i][0],
		    (char *)wrong[i][1],
			(char *)wrong[i][2], (char *)wrong[i][3], NULL };
		struct birth birth;

		assert_true(birth_is_meant(6, argv));
		assert_false(birth_read(services, ARRAY_LEN(services), argv, &birth));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(other_command_lines_are_not_meant),
		cmocka_unit_test(what_nobody_wrote_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
