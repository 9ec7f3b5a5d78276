/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/work/session.h"
#include "server/work/session_table.h"

enum { MANY = 1000 };

static struct session sessions[MANY];

static void
table__finds_what_was_added__until_it_is_removed(void **state)
{
	struct session_table *table = session_table_new();
	uint32_t ids[MANY];

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		ids[i] = session_table_add(table, &sessions[i]);
		assert_int_not_equal(ids[i], 0);
	}
	assert_int_equal(session_table_count(table), MANY);
	for (size_t i = 0; i < MANY; i += 2)
		session_table_remove(table, ids[i]);
	for (size_t i = 0; i < MANY; i++)
		assert_ptr_equal(session_table_find(table, ids[i]), i % 2 == 0 ? NULL : &sessions[i]);
	assert_int_equal(session_table_count(table), MANY / 2);
	session_table_free(table);
}

static void
table__gives_no_number_twice__while_others_are_free(void **state)
{
	struct session_table *table = session_table_new();
	uint32_t old = session_table_add(table, &sessions[0]), id;

	(void)state;
	session_table_remove(table, old);
	for (size_t i = 0; i < 10 * MANY; i++) {
		id = session_table_add(table, &sessions[1]);
		assert_int_not_equal(id, 0);
		assert_int_not_equal(id, old);
		assert_null(session_table_find(table, old));
		session_table_remove(table, id);
	}
	session_table_free(table);
}

static void
table__knows_no_foreign_numbers(void **state)
{
	struct session_table *table = session_table_new();
	static const uint32_t foreign[] = { 0, 1, UINT32_MAX, 1U << SESSION_TABLE_SLOT_BITS };

	(void)state;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		assert_null(session_table_find(table, foreign[i]));
	session_table_free(table);
}

static void
table__is_walked_once__also_when_sessions_leave_on_the_way(void **state)
{
	struct session_table *table = session_table_new();
	struct session *session;
	size_t cursor = 0, seen = 0;

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		sessions[i].id = session_table_add(table, &sessions[i]);
	while ((session = session_table_next(table, &cursor)) != NULL) {
		session_table_remove(table, session->id);
		seen++;
	}
	assert_int_equal(seen, MANY);
	assert_int_equal(session_table_count(table), 0);
	session_table_free(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table__finds_what_was_added__until_it_is_removed),
		cmocka_unit_test(table__gives_no_number_twice__while_others_are_free),
		cmocka_unit_test(table__knows_no_foreign_numbers),
		cmocka_unit_test(table__is_walked_once__also_when_sessions_leave_on_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
