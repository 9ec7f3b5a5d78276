/* SPDX-License-Identifier: ISC */
/* From one list of who is elsewhere to the next. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/store/elsewhere.h"
#include "shared/mem.h"

struct heard {
	unsigned calls;
	size_t came, went;
	uint64_t last_came, last_went;
};

static void
on_change(void *arg, bool online, const uint64_t *uids, size_t count)
{
	struct heard *heard = arg;

	assert_in_range(count, 1, ELSEWHERE_STEP);
	heard->calls++;
	*(online ? &heard->came : &heard->went) += count;
	*(online ? &heard->last_came : &heard->last_went) = uids[count - 1];
}

/* The next list: "count" uids from "first" on, each "step" apart. */
static struct heard
replace(struct elsewhere *elsewhere, uint64_t first, size_t count, uint64_t step)
{
	uint64_t *uids = mem_new_array(count + 1, sizeof(*uids));
	struct heard heard = { 0 };

	for (size_t i = 0; i < count; i++)
		uids[i] = first + i * step;
	elsewhere_replace(elsewhere, uids, count, on_change, &heard);
	assert_true(elsewhere->is_known);
	return heard;
}

static void
changes_are_told(void **state)
{
	struct elsewhere elsewhere = { 0 };
	struct heard heard;

	(void)state;
	assert_false(elsewhere_has(&elsewhere, 1));
	heard = replace(&elsewhere, 10, 3, 1); /* 10 11 12 */
	assert_int_equal(heard.came, 3);
	assert_int_equal(heard.went, 0);
	heard = replace(&elsewhere, 10, 3, 1);
	assert_int_equal(heard.calls, 0);
	heard = replace(&elsewhere, 11, 3, 1); /* 11 12 13 */
	assert_int_equal(heard.came, 1);
	assert_int_equal(heard.last_came, 13);
	assert_int_equal(heard.went, 1);
	assert_int_equal(heard.last_went, 10);
	assert_true(elsewhere_has(&elsewhere, 11));
	assert_true(elsewhere_has(&elsewhere, 13));
	assert_false(elsewhere_has(&elsewhere, 10));
	assert_false(elsewhere_has(&elsewhere, 14));
	heard = replace(&elsewhere, 0, 0, 1);
	assert_int_equal(heard.went, 3);
	assert_false(elsewhere_has(&elsewhere, 11));
	elsewhere_clear(&elsewhere);
	assert_false(elsewhere.is_known);
}

static void
many_changes_come_in_parts(void **state)
{
	struct elsewhere elsewhere = { 0 };
	struct heard heard;

	(void)state;
	heard = replace(&elsewhere, 1, 2 * ELSEWHERE_STEP + 1, 1);
	assert_int_equal(heard.calls, 3);
	assert_int_equal(heard.came, 2 * ELSEWHERE_STEP + 1);
	/* Each second one stays. */
	heard = replace(&elsewhere, 1, ELSEWHERE_STEP + 1, 2);
	assert_int_equal(heard.came, 0);
	assert_int_equal(heard.went, ELSEWHERE_STEP);
	assert_int_equal(heard.calls, 1);
	assert_true(elsewhere_has(&elsewhere, 2 * ELSEWHERE_STEP + 1));
	assert_false(elsewhere_has(&elsewhere, 2 * ELSEWHERE_STEP));
	elsewhere_clear(&elsewhere);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_are_told),
		cmocka_unit_test(many_changes_come_in_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
