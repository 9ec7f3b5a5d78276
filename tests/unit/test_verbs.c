/* SPDX-License-Identifier: ISC */
/*
 * The table of verbs is what it says it is; and the breaker, which needs neither database nor
 * time.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/store/breaker.h"
#include "server/store/job.h"
#include "shared/compiler.h"

static void
rows_are_sorted_and_have_the_shape_of_their_structs(void **state UNUSED)
{
	size_t count;
	const struct schema *rows = verb_table(&count);

	for (size_t i = 0; i < count; i++) {
		assert_true(i == 0 || rows[i].type > rows[i - 1].type);
		assert_int_equal(codec_struct_size(&rows[i]), rows[i].struct_size);
		assert_true(rows[i].struct_size <= CODEC_STRUCT_MAX);
		assert_ptr_equal(verb_schema(rows[i].type), &rows[i]);
	}
	assert_null(verb_schema(0x0fff));
	assert_string_equal(verb_name(0x0fff), "?");
	assert_string_equal(verb_name(VERB_ACCOUNT_ADD), "ACCOUNT_ADD");
}

static void
every_question_has_a_number_an_answer_and_somebody_to_do_it(void **state UNUSED)
{
	size_t count, questions = 0;
	const struct schema *rows = verb_table(&count);

	for (size_t i = 0; i < count; i++) {
		if (rows[i].type >= VERB_TOLD && rows[i].type < VERB_ITEM) {
			assert_null(job_kind_of(rows[i].type));
			continue;
		}
		assert_string_equal(rows[i].fields[0].name, "request");
		assert_int_equal(rows[i].fields[0].kind, FIELD_U32);
		if (rows[i].type >= VERB_TOLD) {
			assert_null(job_kind_of(rows[i].type));
			continue;
		}
		questions++;
		assert_non_null(job_kind_of(rows[i].type));
		assert_non_null(verb_schema(rows[i].type + VERB_OK));
	}
	assert_true(questions > 0);
}

static void
the_longest_message_fits_into_a_frame(void **state UNUSED)
{
	size_t count;
	const struct schema *rows = verb_table(&count);

	for (size_t i = 0; i < count; i++) {
		size_t size = FRAME_HEADER_SIZE;

		for (size_t j = 0; j < rows[i].field_count; j++)
			size += 8 + rows[i].fields[j].max;
		assert_true(size <= FRAME_SIZE_MAX);
	}
}

static void
a_breaker_lets_one_try_at_growing_distances(void **state UNUSED)
{
	struct breaker breaker = { 0 };
	uint64_t now = 1000000, wait = 100;

	assert_true(breaker_may_try(&breaker, now));
	assert_true(breaker_may_try(&breaker, now));
	assert_true(breaker_failed(&breaker, now));
	assert_false(breaker_failed(&breaker, now));	/* the second one that was let through */
	for (unsigned i = 0; i < 8; i++) {
		assert_false(breaker_may_try(&breaker, now + wait - 1));
		now += wait;
		assert_int_equal(breaker_retry_ms(&breaker, now - wait), wait);
		assert_true(breaker_may_try(&breaker, now));
		assert_false(breaker_may_try(&breaker, now));
		assert_false(breaker_failed(&breaker, now));
		wait = 2 * wait < 2000 ? 2 * wait : 2000;
	}
	now += wait;
	assert_true(breaker_may_try(&breaker, now));
	/* Whoever was let through and never came back does not close the road for ever. */
	assert_false(breaker_may_try(&breaker, now + 9999));
	assert_true(breaker_may_try(&breaker, now + 10000));
	assert_true(breaker_worked(&breaker));
	assert_false(breaker_worked(&breaker));
	assert_true(breaker_may_try(&breaker, now));
	assert_true(breaker_failed(&breaker, now));
	assert_false(breaker_may_try(&breaker, now + 99));
	assert_true(breaker_may_try(&breaker, now + 100));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_sorted_and_have_the_shape_of_their_structs),
		cmocka_unit_test(every_question_has_a_number_an_answer_and_somebody_to_do_it),
		cmocka_unit_test(the_longest_message_fits_into_a_frame),
		cmocka_unit_test(a_breaker_lets_one_try_at_growing_distances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
