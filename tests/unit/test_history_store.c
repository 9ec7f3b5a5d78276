/* SPDX-License-Identifier: ISC */
/* What is kept of conversations: once each, in order, and found again. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "tests/support/shelf.h"

/* --- messages ------------------------------------------------------------------------------- */

static void
test_message_comes_back_as_it_was(void **state)
{
	struct shelf *shelf = *state;
	const struct history_message *found;

	shelf_open(shelf);
	shelf_put(shelf, BOB, HISTORY_MINE, 5, "hello\nagain \xf0\x9f\x91\x8d");
	shelf_open(shelf);
	shelf_load(shelf, BOB, HISTORY_BEFORE, NULL, 10);
	assert_int_equal(shelf->page.count, 1);
	assert_false(shelf->page.has_more);
	found = &shelf->page.messages[0];
	assert_int_equal(found->peer, BOB);
	assert_int_equal(found->key.author, HISTORY_MINE);
	assert_true(found->key.epoch == UINT64_MAX - 7);
	assert_int_equal(found->key.sequence, 5);
	assert_int_equal(found->time_s, NOON + 5);
	assert_int_equal(found->state, HISTORY_QUEUED);
	shelf_expect(shelf, 0, "hello\nagain \xf0\x9f\x91\x8d");
}

static void
test_same_key_is_kept_once_but_each_author_has_its_own(void **state)
{
	struct shelf *shelf = *state;

	shelf_open(shelf);
	shelf_put(shelf, BOB, HISTORY_THEIRS, 1, "one");
	shelf_put(shelf, BOB, HISTORY_THEIRS, 1, "one, with another text");
	shelf_put(shelf, BOB, HISTORY_MINE, 1, "mine");
	shelf_put(shelf, CAROL, HISTORY_THEIRS, 1, "carol's");
	shelf_load(shelf, BOB, HISTORY_BEFORE, NULL, 10);
	assert_int_equal(shelf->page.count, 2);
	shelf_expect(shelf, 0, "one");
	shelf_expect(shelf, 1, "mine");
}

static void
test_order_is_that_of_keeping_whatever_the_clock_says(void **state)
{
	struct shelf *shelf = *state;

	shelf_open(shelf);
	shelf_put(shelf, BOB, HISTORY_THEIRS, 9000, "first");
	shelf_put(shelf, BOB, HISTORY_THEIRS, 1, "second");
	shelf_load(shelf, BOB, HISTORY_BEFORE, NULL, 10);
	shelf_expect(shelf, 0, "first");
	shelf_expect(shelf, 1, "second");
}

static void
test_states_only_go_forward(void **state)
{
	static const struct {
		enum history_state next, then;
	} steps[] = {
		{ HISTORY_FAILED, HISTORY_FAILED },
		{ HISTORY_STORED, HISTORY_STORED },
		{ HISTORY_QUEUED, HISTORY_STORED },
		{ HISTORY_DELIVERED, HISTORY_DELIVERED },
		{ HISTORY_FAILED, HISTORY_DELIVERED },
		{ HISTORY_READ, HISTORY_READ },
	};
	struct shelf *shelf = *state;
	struct history_key key = { HISTORY_MINE, UINT64_MAX - 7, 1 };

	shelf_open(shelf);
	shelf_put(shelf, BOB, HISTORY_MINE, 1, "text");
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		assert_int_equal(
		    history_store_set_state(shelf->store, BOB, key, steps[i].next), STATUS_OK);
		shelf_load(shelf, BOB, HISTORY_BEFORE, NULL, 1);
		assert_int_equal(shelf->page.messages[0].state, steps[i].then);
	}
}

static void
test_pages_go_both_ways_without_gap_or_twin(void **state)
{
	struct shelf *shelf = *state;
	struct history_key from;
	unsigned expected = 100;
	char text[32];

	shelf_open(shelf);
	for (unsigned i = 1; i <= 100; i += 10) {
		shelf_put_many(shelf, BOB, i, i + 9);
		shelf_put_many(shelf, CAROL, i, i + 9);
	}
	shelf_load(shelf, BOB, HISTORY_BEFORE, NULL, 30);
	while (shelf->page.count > 0) {
		for (size_t i = shelf->page.count; i > 0; i--) {
			snprintf(text, sizeof(text), "line %u", expected--);
			shelf_expect(shelf, i - 1, text);
		}
		assert_int_equal(shelf->page.has_more, expected > 0);
		from = shelf->page.messages[0].key;
		shelf_load(shelf, BOB, HISTORY_BEFORE, &from, 30);
	}
	assert_int_equal(expected, 0);

	shelf_load(shelf, BOB, HISTORY_BEHIND, &from, 30);
	assert_int_equal(shelf->page.count, 30);
	assert_true(shelf->page.has_more);
	shelf_expect(shelf, 0, "line 2");
	shelf_expect(shelf, 29, "line 31");
	shelf_load(shelf, BOB, HISTORY_BEHIND, NULL, 1);
	shelf_expect(shelf, 0, "line 1");
}

static void
test_page_from_a_message_that_is_not_there(void **state)
{
	struct shelf *shelf = *state;
	struct history_key from = { HISTORY_MINE, 1, 1 };

	shelf_open(shelf);
	shelf_put(shelf, BOB, HISTORY_THEIRS, 1, "one");
	assert_int_equal(
	    history_store_page(shelf->store, BOB, HISTORY_BEFORE, &from, 5, &shelf->page),
	    STATUS_NOT_FOUND);
}

static void
test_conversations_newest_first_with_unread(void **state)
{
	struct shelf *shelf = *state;
	struct history_list list = { .count = 0 };

	shelf_open(shelf);
	shelf_put_many(shelf, BOB, 1, 3);
	assert_int_equal(history_store_mark_read(shelf->store, BOB), STATUS_OK);
	shelf_put(shelf, BOB, HISTORY_THEIRS, 4, "four");
	shelf_put(shelf, BOB, HISTORY_MINE, 1, "mine");
	shelf_put_many(shelf, CAROL, 1, 2);
	assert_int_equal(
	    history_store_set_name(shelf->store, BOB, bytes_of_string("bob")), STATUS_OK);
	assert_int_equal(
	    history_store_set_name(shelf->store, BOB, bytes_of_string("robert")), STATUS_OK);
	/* A name alone is no conversation. */
	assert_int_equal(
	    history_store_set_name(shelf->store, 13, bytes_of_string("dave")), STATUS_OK);

	assert_int_equal(history_store_conversations(shelf->store, &list), STATUS_OK);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.conversations[0].peer, CAROL);
	assert_int_equal(list.conversations[0].unread, 2);
	assert_string_equal(list.conversations[0].name, "");
	assert_int_equal(list.conversations[1].peer, BOB);
	assert_string_equal(list.conversations[1].name, "robert");
	assert_int_equal(list.conversations[1].messages, 5);
	assert_int_equal(list.conversations[1].unread, 1);
	assert_string_equal(list.conversations[1].last.text.data, "mine");
	history_list_clear(&list);
}

static void
test_rolled_back_is_as_if_it_never_was(void **state)
{
	struct shelf *shelf = *state;
	struct history_message message = shelf_message(BOB, HISTORY_THEIRS, 1, "gone");

	shelf_open(shelf);
	assert_int_equal(history_store_begin(shelf->store), STATUS_OK);
	assert_int_equal(history_store_put(shelf->store, &message), STATUS_OK);
	history_store_roll_back(shelf->store);
	shelf_put(shelf, CAROL, HISTORY_THEIRS, 1, "stays");
	shelf_load(shelf, BOB, HISTORY_BEFORE, NULL, 5);
	assert_int_equal(shelf->page.count, 0);
	history_page_clear(&shelf->page);
	assert_int_equal(
	    history_store_search(shelf->store, bytes_of_string("gone"), 0, 0, 5, &shelf->page),
	    STATUS_OK);
	assert_int_equal(shelf->page.count, 0);
}

/* --- search --------------------------------------------------------------------------------- */

static const struct {
	const char *words;
	int found; /* which text; -1: none */
} searches[] = {
	{ "hello", 0 },
	{ "HEL", 0 },
	{ "world hello", 0 },
	{ "\"hello wide\"", 0 },
	{ "\"hello world\"", -1 },
	{ "\"hell\"", -1 },
	{ "orld", -1 },
	{ "résumé", 1 },
	{ "RESUME", 1 },
	{ "re\xcc\x81sume\xcc\x81", 1 },
	{ "上海", 2 }, /* two characters, where no blank stands */
	{ "海下", 2 },
	{ "雨", 2 },
	{ "上下", -1 }, /* both there, but not side by side */
	{ "上 雨", 2 },
	{ "tingyu听雨", 2 },
	{ "東京", 3 },
	{ "カメラ", 3 },
	{ "서울", 4 },
	{ "ไทย", 5 },
	{ "नम", 6 },
	{ "привет", 7 },
	{ "ПРИВ", 7 },
	{ "👍", 8 },
	{ "great", 8 },
	{ "42", 9 },
	{ "c++ (really", 9 },
	{ "a\" OR \"b* NEAR(", -1 },
	{ "text:hello -peer p11", -1 },
	{ "。", -1 },
};

static void
test_words_of_any_language_are_found(void **state)
{
	static const char *const texts[] = {
		"Hello wide world",
		"my Résumé is here",
		"我在上海下雨了。听tingyu听雨",
		"東京でカメラを買った",
		"나는 서울에서",
		"ภาษาไทยง่าย",
		"नमस्ते दुनिया",
		"Привет, мир",
		"great👍!",
		"C++ has 42 (really)",
	};
	struct shelf *shelf = *state;

	shelf_open(shelf);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		shelf_put(shelf, i % 2 == 0 ? BOB : CAROL, HISTORY_THEIRS, i, texts[i]);
	for (size_t i = 0; i < ARRAY_LEN(searches); i++) {
		history_page_clear(&shelf->page);
		assert_int_equal(history_store_search(shelf->store,
				     bytes_of_string(searches[i].words), 0, 0, 10, &shelf->page),
		    STATUS_OK);
		if (shelf->page.count != (searches[i].found >= 0))
			fail_msg("%s: found %zu times", searches[i].words, shelf->page.count);
		if (searches[i].found >= 0)
			shelf_expect(shelf, 0, texts[searches[i].found]);
	}
}

static void
test_search_goes_on_where_it_was_and_stays_with_a_peer(void **state)
{
	struct shelf *shelf = *state;

	shelf_open(shelf);
	for (unsigned i = 1; i <= 10; i++) {
		shelf_put_many(shelf, BOB, i, i);
		shelf_put_many(shelf, CAROL, i, i);
	}
	assert_int_equal(
	    history_store_search(shelf->store, bytes_of_string("line"), BOB, 0, 4, &shelf->page),
	    STATUS_OK);
	assert_int_equal(shelf->page.count, 4);
	assert_true(shelf->page.has_more);
	shelf_expect(shelf, 0, "line 7");
	shelf_expect(shelf, 3, "line 10");
	assert_int_equal(shelf->page.messages[0].peer, BOB);

	uint64_t before = shelf->page.messages[0].place;

	history_page_clear(&shelf->page);
	assert_int_equal(history_store_search(
			     shelf->store, bytes_of_string("line"), BOB, before, 6, &shelf->page),
	    STATUS_OK);
	assert_int_equal(shelf->page.count, 6);
	assert_false(shelf->page.has_more);
	shelf_expect(shelf, 5, "line 6");
}

static void
test_nothing_to_search_for(void **state)
{
	static const char *const words[] = { "", "   ", "\"", "\"\" *", "-- !" };
	struct shelf *shelf = *state;

	shelf_open(shelf);
	shelf_put(shelf, BOB, HISTORY_THEIRS, 1, "text");
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		assert_int_equal(history_store_search(shelf->store, bytes_of_string(words[i]), 0, 0,
				     10, &shelf->page),
		    STATUS_TOO_SHORT);
}

/* Whatever is typed is words, and no language of its own. */
static void
test_any_bytes_can_be_searched_for(void **state)
{
	static const char *const parts[] = { "\"", "*", "(", ")", "^", ":", "-", "+", "{", "}", " ",
		"NEAR", "AND", "NOT", "OR", "text", "a", "雨", "\xcc\x81", "\xff", "\xe9\x9b", "'",
		";" };
	struct shelf *shelf = *state;

	shelf_open(shelf);
	shelf_put(shelf, BOB, HISTORY_THEIRS, 1, "a text of 雨");
	srandom(1);
	for (int i = 0; i < 2000; i++) {
		char words[64] = "";
		enum status status;

		for (long j = random() % 10; j >= 0; j--)
			strcat(words, parts[(size_t)random() % ARRAY_LEN(parts)]);
		history_page_clear(&shelf->page);
		status = history_store_search(
		    shelf->store, bytes_of_string(words), BOB, 0, 10, &shelf->page);
		if (status != STATUS_OK && status != STATUS_TOO_SHORT)
			fail_msg("%s: %s", words, history_store_why(shelf->store));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SHELF(test_message_comes_back_as_it_was),
		ON_SHELF(test_same_key_is_kept_once_but_each_author_has_its_own),
		ON_SHELF(test_order_is_that_of_keeping_whatever_the_clock_says),
		ON_SHELF(test_states_only_go_forward),
		ON_SHELF(test_pages_go_both_ways_without_gap_or_twin),
		ON_SHELF(test_page_from_a_message_that_is_not_there),
		ON_SHELF(test_conversations_newest_first_with_unread),
		ON_SHELF(test_rolled_back_is_as_if_it_never_was),
		ON_SHELF(test_words_of_any_language_are_found),
		ON_SHELF(test_search_goes_on_where_it_was_and_stays_with_a_peer),
		ON_SHELF(test_nothing_to_search_for),
		ON_SHELF(test_any_bytes_can_be_searched_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
