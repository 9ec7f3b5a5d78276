/* SPDX-License-Identifier: ISC */
#include "client-tui/model/transcript.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/mem.h"

static struct transcript transcript;

static int
begin(void **state UNUSED)
{
	transcript_init(&transcript);
	return 0;
}

static int
end(void **state UNUSED)
{
	transcript_clear(&transcript);
	return 0;
}

static uint64_t
add(enum transcript_kind kind, const char *text, bool is_seen)
{
	return transcript_add(&transcript, kind, 1000, bytes_of_string(text), is_seen);
}

static void
keeps_what_was_said_in_order(void **state UNUSED)
{
	uint64_t first = add(TRANSCRIPT_THEIRS, "hello", true),
		 second = add(TRANSCRIPT_MINE, "hi\033", true);

	assert_int_equal(second, first + 1);
	assert_int_equal(transcript.count, 2);
	assert_string_equal(transcript_at(&transcript, 0)->text, "hello");
	assert_string_equal(transcript_find(&transcript, second)->text, "hi\\x1b");
	assert_int_equal(transcript_find(&transcript, second)->len, 6);
	assert_int_equal(transcript_find(&transcript, second)->time_s, 1000);
	assert_null(transcript_find(&transcript, 0));
	assert_null(transcript_find(&transcript, second + 1));
}

static void
says_what_became_of_a_message(void **state UNUSED)
{
	uint64_t theirs = add(TRANSCRIPT_THEIRS, "a", true), mine = add(TRANSCRIPT_MINE, "b", true);
	uint64_t waiting = add(TRANSCRIPT_MINE, "c", true);

	assert_int_equal(transcript_find(&transcript, mine)->delivery, DELIVERY_QUEUED);
	assert_true(transcript_set_delivery(&transcript, mine, DELIVERY_DELIVERED));
	assert_false(transcript_set_delivery(&transcript, theirs, DELIVERY_DELIVERED));
	assert_false(transcript_set_delivery(&transcript, waiting + 1, DELIVERY_DELIVERED));
	assert_int_equal(transcript_settle(&transcript, DELIVERY_FAILED), 1);
	assert_int_equal(transcript_find(&transcript, mine)->delivery, DELIVERY_DELIVERED);
	assert_int_equal(transcript_find(&transcript, waiting)->delivery, DELIVERY_FAILED);
	assert_string_equal(delivery_word(DELIVERY_FAILED), "failed");
}

static void
counts_what_nobody_saw(void **state UNUSED)
{
	uint64_t second;

	add(TRANSCRIPT_THEIRS, "seen", true);
	second = add(TRANSCRIPT_THEIRS, "not seen", false);
	add(TRANSCRIPT_NOTE, "a note", false);
	add(TRANSCRIPT_THEIRS, "not seen either", false);
	assert_int_equal(transcript.unread, 2);
	assert_int_equal(transcript.unseen, 3);
	assert_int_equal(transcript.new_id, second);

	transcript_enter(&transcript);
	assert_int_equal(transcript.unread, 0);
	assert_int_equal(transcript.new_id, second);
	transcript_leave(&transcript);
	assert_int_equal(transcript.new_id, 0);
}

static void
reads_nothing_while_older_text_is_shown(void **state UNUSED)
{
	uint64_t first = add(TRANSCRIPT_THEIRS, "1", true), third;

	add(TRANSCRIPT_THEIRS, "2", true);
	transcript_scroll(&transcript, (struct transcript_place){ .id = first, .line = 0 });
	third = add(TRANSCRIPT_THEIRS, "3", true);
	assert_int_equal(transcript.unread, 1);
	assert_int_equal(transcript.new_id, third);
	assert_int_equal(transcript.place.id, first);
	transcript_enter(&transcript);
	assert_int_equal(transcript.unread, 1);
	transcript_leave(&transcript);
	assert_int_equal(transcript.new_id, third);
	transcript_scroll(&transcript, (struct transcript_place){ .id = 0 });
	assert_int_equal(transcript.unread, 0);
	/* A place that does not exist is the end. */
	transcript_scroll(&transcript, (struct transcript_place){ .id = 99 });
	assert_int_equal(transcript.place.id, 0);
}

static void
goes_to_the_end_when_i_answer(void **state UNUSED)
{
	uint64_t first = add(TRANSCRIPT_THEIRS, "1", true);

	add(TRANSCRIPT_THEIRS, "2", false);
	transcript_scroll(&transcript, (struct transcript_place){ .id = first });
	add(TRANSCRIPT_MINE, "answer", true);
	assert_int_equal(transcript.place.id, 0);
	assert_int_equal(transcript.unread, 0);
	assert_int_equal(transcript.new_id, 0);
}

static void
keeps_the_newest_two_thousand(void **state UNUSED)
{
	uint64_t first = add(TRANSCRIPT_THEIRS, "message 0", false), last = 0;
	char text[32];

	transcript_scroll(&transcript, (struct transcript_place){ .id = first, .line = 3 });
	for (int i = 1; i < TRANSCRIPT_MOST + 10; i++) {
		snprintf(text, sizeof(text), "message %d", i);
		last = add(TRANSCRIPT_THEIRS, text, false);
	}
	assert_int_equal(transcript.count, TRANSCRIPT_MOST);
	assert_true(transcript.has_lost);
	assert_null(transcript_find(&transcript, first));
	assert_string_equal(transcript_at(&transcript, 0)->text, "message 10");
	assert_int_equal(transcript_at(&transcript, 0)->id, transcript.first_id);
	assert_string_equal(transcript_find(&transcript, last)->text, "message 2009");
	/* Places that are gone move to the oldest one that is there. */
	assert_int_equal(transcript.place.id, transcript.first_id);
	assert_int_equal(transcript.place.line, 0);
	assert_int_equal(transcript.new_id, transcript.first_id);
}

static void
keeps_four_mebibytes(void **state UNUSED)
{
	enum { LONG = 16384 };
	char *text = mem_new(LONG + 1);

	memset(text, 'x', LONG);
	for (int i = 0; i < 300; i++)
		add(TRANSCRIPT_THEIRS, text, true);
	assert_int_equal(transcript.count, TRANSCRIPT_BYTES_MOST / LONG);
	assert_int_equal(transcript.bytes, TRANSCRIPT_BYTES_MOST);
	assert_true(transcript.has_lost);
	free(text);
}

static void
forgets_when_told(void **state UNUSED)
{
	uint64_t before = add(TRANSCRIPT_THEIRS, "1", false), after;

	transcript_forget(&transcript);
	assert_int_equal(transcript.count, 0);
	assert_int_equal(transcript.unread, 0);
	assert_false(transcript.has_lost);
	after = add(TRANSCRIPT_NOTE, "2", true);
	assert_true(after > before);
	assert_null(transcript_find(&transcript, before));
	assert_string_equal(transcript_find(&transcript, after)->text, "2");
}

/* --- a window onto what is on the disk ---------------------------------------------------- */

static void
kept(struct transcript_kept *messages, size_t count, unsigned first)
{
	static const char *const texts[] = { "one", "two", "three" };

	for (size_t i = 0; i < count; i++)
		messages[i] = (struct transcript_kept){
			.key = { 7, first + i },
			.kind = TRANSCRIPT_MINE,
			.delivery = DELIVERY_DELIVERED,
			.time_s = 500,
			.text = bytes_of_string(texts[(first + i) % 3]),
		};
}

static void
puts_older_ones_above(void **state UNUSED)
{
	struct transcript_kept messages[2];
	uint64_t live;

	transcript_keep(&transcript, 99);
	assert_true(transcript.has_older);
	live = add(TRANSCRIPT_MINE, "now", true);
	kept(messages, 2, 0);
	transcript_add_older(&transcript, messages, 2, false);
	assert_false(transcript.has_older);
	assert_int_equal(transcript.count, 3);
	assert_string_equal(transcript_at(&transcript, 0)->text, "one");
	assert_string_equal(transcript_at(&transcript, 1)->text, "two");
	assert_int_equal(transcript_at(&transcript, 1)->delivery, DELIVERY_DELIVERED);
	/* What is there keeps its id, and is at the end. */
	assert_string_equal(transcript_find(&transcript, live)->text, "now");
	assert_int_equal(transcript.place.id, 0);
	assert_int_equal(transcript.unseen, 0);
	assert_int_equal(transcript_oldest_kept(&transcript)->key.sequence, 0);
	assert_int_equal(transcript_newest_kept(&transcript)->key.epoch, 99);
	assert_true(transcript_set_delivery(&transcript, live, DELIVERY_READ));
	/* The ones of before have other names than mine of now. */
	assert_false(transcript_set_delivery(&transcript, transcript.first_id, DELIVERY_READ));
}

static void
lets_the_newest_go_for_a_reader_above(void **state UNUSED)
{
	struct transcript_kept message;
	uint64_t last = 0, next;

	transcript_keep(&transcript, 99);
	for (int i = 0; i < TRANSCRIPT_MOST; i++)
		last = add(TRANSCRIPT_MINE, "text", true);
	kept(&message, 1, 0);
	/* A reader at the end loses nothing there. */
	transcript_add_older(&transcript, &message, 1, false);
	assert_int_equal(transcript.count, TRANSCRIPT_MOST);
	assert_non_null(transcript_find(&transcript, last));
	assert_true(transcript.has_older);
	transcript_scroll(
	    &transcript, (struct transcript_place){ .id = transcript.first_id });
	transcript_add_older(&transcript, &message, 1, false);
	assert_int_equal(transcript.count, TRANSCRIPT_MOST);
	assert_true(transcript.has_newer);
	assert_null(transcript_find(&transcript, last));
	/* Others are counted, notes refused; nothing is put behind the gap. */
	next = add(TRANSCRIPT_THEIRS, "hello", true);
	assert_true(next > last);
	assert_int_equal(transcript.unread, 1);
	assert_int_equal(add(TRANSCRIPT_NOTE, "note", true), 0);
	assert_int_equal(transcript.count, TRANSCRIPT_MOST);
	/* Mine leads to the end; no id is given twice. */
	assert_int_equal(add(TRANSCRIPT_MINE, "mine", true), next + 1);
	assert_int_equal(transcript.count, 1);
	assert_true(transcript.has_older);
	assert_false(transcript.has_newer);
	assert_int_equal(transcript.unread, 0);
}

static void
puts_newer_ones_below_and_goes_on_from_there(void **state UNUSED)
{
	struct transcript_kept messages[3];
	uint64_t last = 0, live;

	transcript_keep(&transcript, 99);
	for (int i = 0; i < TRANSCRIPT_MOST; i++)
		last = add(TRANSCRIPT_MINE, "text", true);
	transcript_scroll(
	    &transcript, (struct transcript_place){ .id = transcript.first_id });
	kept(messages, 3, 0);
	transcript_add_older(&transcript, messages, 3, true);
	transcript_add_newer(&transcript, messages, 2, false);
	assert_int_equal(transcript.count, TRANSCRIPT_MOST);
	assert_false(transcript.has_newer);
	live = add(TRANSCRIPT_MINE, "mine", true);
	assert_true(live > last);
	assert_string_equal(transcript_find(&transcript, live)->text, "mine");
	for (size_t i = 1; i < transcript.count; i++)
		assert_int_equal(transcript_at(&transcript, i)->id,
		    transcript_at(&transcript, i - 1)->id + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keeps_what_was_said_in_order, begin, end),
		cmocka_unit_test_setup_teardown(says_what_became_of_a_message, begin, end),
		cmocka_unit_test_setup_teardown(counts_what_nobody_saw, begin, end),
		cmocka_unit_test_setup_teardown(reads_nothing_while_older_text_is_shown, begin,
		    end),
		cmocka_unit_test_setup_teardown(goes_to_the_end_when_i_answer, begin, end),
		cmocka_unit_test_setup_teardown(keeps_the_newest_two_thousand, begin, end),
		cmocka_unit_test_setup_teardown(keeps_four_mebibytes, begin, end),
		cmocka_unit_test_setup_teardown(forgets_when_told, begin, end),
		cmocka_unit_test_setup_teardown(puts_older_ones_above, begin, end),
		cmocka_unit_test_setup_teardown(lets_the_newest_go_for_a_reader_above, begin, end),
		cmocka_unit_test_setup_teardown(
		    puts_newer_ones_below_and_goes_on_from_there, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
