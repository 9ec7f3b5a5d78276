/* SPDX-License-Identifier: ISC */
/* Drafts are written with "|" for the cursor: "ab|c". */
#include "client-tui/model/draft.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client-tui/model/text.h"
#include "shared/compiler.h"
#include "shared/mem.h"

#define FAMILY "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466"

static struct draft_clip clip;
static struct draft draft;

static int
begin(void **state UNUSED)
{
	draft_init(&draft, &clip, TEXT_MESSAGE_MAX, DRAFT_TEXT);
	return 0;
}

static int
end(void **state UNUSED)
{
	draft_clear(&draft);
	draft_clip_clear(&clip);
	return 0;
}

static enum status
type(const char *text)
{
	return draft_type(&draft, bytes_of_string(text));
}

static void
shows(const char *expected)
{
	char *shown = mem_format("%.*s|%s", (int)draft.cursor, draft.text, draft.text +
	    draft.cursor);

	assert_string_equal(shown, expected);
	assert_int_equal(draft.len, strlen(draft.text));
	free(shown);
}

/* Puts the draft into the state that "shown" describes. */
static void
given(const char *shown)
{
	const char *bar = strchr(shown, '|');
	char *before = mem_string_of(bytes_of(shown, (size_t)(bar - shown)));

	draft_reset(&draft);
	draft_paste(&draft, bytes_of_string(before));
	draft_paste(&draft, bytes_of_string(bar + 1));
	while (draft.cursor > strlen(before))
		draft_left(&draft);
	free(before);
}

static void
types_at_the_cursor(void **state UNUSED)
{
	assert_true(draft_is_empty(&draft));
	type("ac");
	draft_left(&draft);
	type("b");
	shows("ab|c");
	draft_right(&draft);
	draft_right(&draft);
	shows("abc|");
	for (int i = 0; i < 5; i++)
		draft_left(&draft);
	shows("|abc");
}

static void
moves_and_deletes_by_clusters(void **state UNUSED)
{
	static const char *const clusters[] = { "e\u0301", "听", FAMILY, "\U0001F1E9\U0001F1EA",
		"\u2764\uFE0F", "\u0e01\u0e33", "\u1112\u1161\u11ab", "\n" };

	for (size_t i = 0; i < ARRAY_LEN(clusters); i++) {
		char *after = mem_format("x%s|y", clusters[i]),
		     *before = mem_format("x|%sy", clusters[i]);

		given(after);
		draft_left(&draft);
		shows(before);
		draft_right(&draft);
		shows(after);
		draft_backspace(&draft);
		shows("x|y");
		given(before);
		draft_delete(&draft);
		shows("x|y");
		free(after);
		free(before);
	}
	given("|");
	draft_backspace(&draft);
	draft_delete(&draft);
	shows("|");
}

/*
 * Two clusters that become one by what is put between, or taken from between, are not parted by the
 * cursor.
 */
static void
never_stands_inside_a_cluster(void **state UNUSED)
{
	given("\U0001F468|\U0001F469");
	type("\u200D");
	shows("\U0001F468\u200D\U0001F469|");
	draft_backspace(&draft);
	shows("|");
	given("e|x\u0301z");
	draft_delete(&draft);
	shows("e|z");
	given("\U0001F1E9\U0001F1EAa|\U0001F1EB");
	draft_backspace(&draft);
	shows("\U0001F1E9\U0001F1EA|\U0001F1EB");
}

static void
moves_by_words(void **state UNUSED)
{
	static const struct {
		const char *from, *left, *right;
	} cases[] = {
		{ "one two|", "one |two", "one two|" },
		{ "one t|wo", "one |two", "one two|" },
		{ "one |two", "|one two", "one two|" },
		{ "|one two", "|one two", "one| two" },
		{ "one, (two)|", "one, (|two)", "one, (two)|" },
		{ "one\n  two|", "one\n  |two", "one\n  two|" },
		{ "one\n|  two", "|one\n  two", "one\n  two|" },
		{ "e\u0301te\u0301|x", "|e\u0301te\u0301x", "e\u0301te\u0301x|" },
		{ "...|", "|...", "...|" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		given(cases[i].from);
		draft_word_left(&draft);
		shows(cases[i].left);
		given(cases[i].from);
		draft_word_right(&draft);
		shows(cases[i].right);
	}
}

static void
goes_to_the_ends_of_line_and_text(void **state UNUSED)
{
	given("one\ntw|o\nthree");
	assert_int_equal(draft_line(&draft), 1);
	assert_int_equal(draft_line_count(&draft), 3);
	draft_home(&draft);
	shows("one\n|two\nthree");
	draft_home(&draft);
	shows("|one\ntwo\nthree");
	given("one\ntw|o\nthree");
	draft_end(&draft);
	shows("one\ntwo|\nthree");
	draft_end(&draft);
	shows("one\ntwo\nthree|");
}

static void
climbs_and_keeps_its_column(void **state UNUSED)
{
	given("12345\n听雨\nab|\n12345");
	assert_true(draft_up(&draft));
	shows("12345\n听|雨\nab\n12345");
	assert_true(draft_up(&draft));
	shows("12|345\n听雨\nab\n12345");
	assert_false(draft_up(&draft));
	draft_end(&draft);
	assert_true(draft_down(&draft));
	shows("12345\n听雨|\nab\n12345");
	assert_true(draft_down(&draft));
	shows("12345\n听雨\nab|\n12345");
	assert_true(draft_down(&draft));
	shows("12345\n听雨\nab\n12345|");
	assert_false(draft_down(&draft));
}

static void
swaps_two_clusters(void **state UNUSED)
{
	given("ab|听");
	draft_transpose(&draft);
	shows("a听b|");
	draft_transpose(&draft);
	shows("ab听|");
	given("|ab");
	draft_transpose(&draft);
	shows("|ab");
	given("a|");
	draft_transpose(&draft);
	shows("a|");
}

static void
kills_and_yanks(void **state UNUSED)
{
	given("one two| three\nfour");
	draft_kill_end(&draft);
	shows("one two|\nfour");
	draft_kill_end(&draft);
	shows("one two|four");
	draft_home(&draft);
	draft_yank(&draft);
	shows(" three\n|one twofour");
	draft_yank(&draft);
	shows(" three\n three\n|one twofour");

	given("one two |three");
	draft_kill_word_back(&draft);
	draft_kill_word_back(&draft);
	shows("|three");
	draft_end(&draft);
	draft_yank(&draft);
	shows("threeone two |");

	given("a\nbc|d");
	draft_kill_start(&draft);
	shows("a\n|d");
	draft_kill_start(&draft);
	shows("a|d");
	draft_kill_word(&draft);
	shows("a|");
	draft_kill_all(&draft);
	shows("|");
	draft_kill_all(&draft);
	draft_yank(&draft);
	shows("a\nbcd|");
}

/* The clip goes from one draft to the other. */
static void
shares_what_was_killed(void **state UNUSED)
{
	struct draft other;

	draft_init(&other, &clip, TEXT_MESSAGE_MAX, DRAFT_TEXT);
	given("for you|");
	draft_kill_all(&draft);
	draft_yank(&other);
	assert_string_equal(other.text, "for you");
	draft_clear(&other);
}

static void
undoes_and_redoes(void **state UNUSED)
{
	const char *typed = "two words";

	for (size_t i = 0; typed[i] != '\0'; i++)
		draft_type(&draft, bytes_of(typed + i, 1));
	assert_true(draft_undo(&draft));
	shows("two |");
	assert_true(draft_undo(&draft));
	shows("|");
	assert_false(draft_undo(&draft));
	assert_true(draft_redo(&draft));
	assert_true(draft_redo(&draft));
	shows("two words|");
	assert_false(draft_redo(&draft));

	draft_kill_word_back(&draft);
	draft_paste(&draft, bytes_of_string("lines\nof text"));
	shows("two lines\nof text|");
	assert_true(draft_undo(&draft));
	shows("two |");
	assert_true(draft_undo(&draft));
	shows("two words|");
	draft_undo(&draft);
	type("other");
	assert_false(draft_redo(&draft));
	shows("two other|");
}

static void
undoes_where_it_was_done(void **state UNUSED)
{
	given("abc|def");
	draft_backspace(&draft);
	draft_end(&draft);
	assert_true(draft_undo(&draft));
	shows("abc|def");
}

/* However much is done, what is kept for undo is bounded; the newest is there. */
static void
forgets_old_changes(void **state UNUSED)
{
	char *large = mem_new(TEXT_MESSAGE_MAX + 1);

	memset(large, 'x', TEXT_MESSAGE_MAX);
	for (int i = 0; i < 300; i++) {
		draft_paste(&draft, bytes_of_string("y"));
		draft_undo(&draft);
		assert_int_equal(draft_set(&draft, bytes_of(large, TEXT_MESSAGE_MAX - (size_t)i)),
		    STATUS_OK);
	}
	assert_true(draft_undo(&draft));
	assert_int_equal(draft.len, TEXT_MESSAGE_MAX - 298);
	for (int i = 0; i < 400; i++)
		draft_undo(&draft);
	assert_false(draft_undo(&draft));
	assert_true(draft.len > 0);
	free(large);
}

static void
takes_a_paste_as_text(void **state UNUSED)
{
	given("[|]");
	assert_int_equal(draft_paste(&draft, bytes_of_string("/quit\r\nrm -rf\r\tx\033[A\u202e")),
	    STATUS_OK);
	shows("[/quit\nrm -rf\n\tx\\x1b[A\\u202e|]");
	draft_undo(&draft);
	shows("[|]");
}

static void
says_when_it_is_full(void **state UNUSED)
{
	char *large = mem_new(TEXT_MESSAGE_MAX + 2);

	memset(large, 'x', TEXT_MESSAGE_MAX + 1);
	assert_int_equal(draft_paste(&draft, bytes_of(large, TEXT_MESSAGE_MAX + 1)),
	    STATUS_TOO_LONG);
	assert_true(draft.is_full);
	shows("|");
	assert_int_equal(draft_paste(&draft, bytes_of(large, TEXT_MESSAGE_MAX - 2)), STATUS_OK);
	assert_false(draft.is_full);
	assert_int_equal(type("听"), STATUS_TOO_LONG);
	assert_true(draft.is_full);
	assert_int_equal(type("é"), STATUS_OK);
	assert_false(draft.is_full);
	assert_int_equal(draft.len, TEXT_MESSAGE_MAX);
	assert_int_equal(type("x"), STATUS_TOO_LONG);
	draft_left(&draft);
	assert_false(draft.is_full);
	free(large);
}

static void
enter_line(const char *line)
{
	draft_reset(&draft);
	draft_paste(&draft, bytes_of_string(line));
	draft_remember(&draft);
	draft_reset(&draft);
}

static void
goes_through_its_history(void **state UNUSED)
{
	assert_false(draft_older(&draft));
	enter_line("first");
	enter_line("second\nline");
	enter_line("second\nline");
	enter_line("");
	type("not sent");
	assert_true(draft_older(&draft));
	shows("second\nline|");
	assert_true(draft_older(&draft));
	shows("first|");
	assert_false(draft_older(&draft));
	type("!");
	assert_true(draft_newer(&draft));
	assert_true(draft_newer(&draft));
	shows("not sent|");
	assert_false(draft_newer(&draft));
	/* What was changed on the way is not lost either. */
	draft_undo(&draft);
	draft_undo(&draft);
	shows("first!|");
}

static void
remembers_the_newest_hundred(void **state UNUSED)
{
	char line[32];

	for (int i = 0; i < 150; i++) {
		snprintf(line, sizeof(line), "line %d", i);
		enter_line(line);
	}
	for (int i = 149; i >= 50; i--) {
		assert_true(draft_older(&draft));
		snprintf(line, sizeof(line), "line %d", i);
		assert_string_equal(draft.text, line);
	}
	assert_false(draft_older(&draft));
}

static void
keeps_one_line_where_one_is_wanted(void **state UNUSED)
{
	struct draft line;

	draft_init(&line, &clip, 16, DRAFT_LINE);
	draft_paste(&line, bytes_of_string("home\texample\r\n\r\n"));
	assert_string_equal(line.text, "home example");
	draft_paste(&line, bytes_of_string("\n"));
	assert_string_equal(line.text, "home example");
	assert_int_equal(draft_paste(&line, bytes_of_string("12345")), STATUS_TOO_LONG);
	draft_clear(&line);
}

static void
gives_no_secret_away(void **state UNUSED)
{
	struct draft secret;

	draft_init(&secret, &clip, 64, DRAFT_SECRET);
	draft_paste(&secret, bytes_of_string("correct horse\n"));
	assert_string_equal(secret.text, "correct horse");
	draft_word_left(&secret);
	assert_int_equal(secret.cursor, 0);
	draft_word_right(&secret);
	assert_int_equal(secret.cursor, secret.len);
	draft_kill_word_back(&secret);
	assert_true(draft_is_empty(&secret));
	assert_int_equal(clip.len, 0);
	draft_type(&secret, bytes_of_string("x"));
	draft_remember(&secret);
	draft_reset(&secret);
	assert_false(draft_older(&secret));
	assert_false(draft_undo(&secret));
	draft_clear(&secret);
}

/* The bytes behind a shortened secret are wiped, not only cut off. */
static void
wipes_what_was_cut_from_a_secret(void **state UNUSED)
{
	struct draft secret;

	draft_init(&secret, NULL, 64, DRAFT_SECRET);
	draft_paste(&secret, bytes_of_string("abcdef"));
	for (int i = 0; i < 4; i++)
		draft_backspace(&secret);
	assert_memory_equal(secret.text, "ab\0\0\0\0\0", 7);
	draft_clear(&secret);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(types_at_the_cursor, begin, end),
		cmocka_unit_test_setup_teardown(moves_and_deletes_by_clusters, begin, end),
		cmocka_unit_test_setup_teardown(never_stands_inside_a_cluster, begin, end),
		cmocka_unit_test_setup_teardown(moves_by_words, begin, end),
		cmocka_unit_test_setup_teardown(goes_to_the_ends_of_line_and_text, begin, end),
		cmocka_unit_test_setup_teardown(climbs_and_keeps_its_column, begin, end),
		cmocka_unit_test_setup_teardown(swaps_two_clusters, begin, end),
		cmocka_unit_test_setup_teardown(kills_and_yanks, begin, end),
		cmocka_unit_test_setup_teardown(shares_what_was_killed, begin, end),
		cmocka_unit_test_setup_teardown(undoes_and_redoes, begin, end),
		cmocka_unit_test_setup_teardown(undoes_where_it_was_done, begin, end),
		cmocka_unit_test_setup_teardown(forgets_old_changes, begin, end),
		cmocka_unit_test_setup_teardown(takes_a_paste_as_text, begin, end),
		cmocka_unit_test_setup_teardown(says_when_it_is_full, begin, end),
		cmocka_unit_test_setup_teardown(goes_through_its_history, begin, end),
		cmocka_unit_test_setup_teardown(remembers_the_newest_hundred, begin, end),
		cmocka_unit_test_setup_teardown(keeps_one_line_where_one_is_wanted, begin, end),
		cmocka_unit_test_setup_teardown(gives_no_secret_away, begin, end),
		cmocka_unit_test_setup_teardown(wipes_what_was_cut_from_a_secret, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
