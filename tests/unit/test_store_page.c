/* SPDX-License-Identifier: ISC */
/*
 * Pages of the directory, on both engines: exact after any coming and going, whoever is asked
 * for.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/store/online.h"
#include "shared/compiler.h"
#include "shared/mem.h"
#include "tests/support/database.h"

struct seen {
	uint64_t uids[STORE_PER_PAGE_MAX];
	char names[STORE_PER_PAGE_MAX][17];
	size_t count;
	struct verb_page_end end;
};

static void
on_item(void *arg, const struct verb_page_item *item)
{
	struct seen *seen = arg;

	assert_true(seen->count < STORE_PER_PAGE_MAX);
	assert_true(item->name.len <= 16);
	memcpy(seen->names[seen->count], item->name.data, item->name.len);
	seen->names[seen->count][item->name.len] = '\0';
	seen->uids[seen->count++] = item->uid;
}

static enum status
page(struct database *database, struct online *online, const struct verb_account_page *ask,
    struct seen *out)
{
	*out = (struct seen){ 0 };
	return store_account_page(database->store, ask, online, on_item, out, &out->end);
}

static void
delete_account(struct store *store, uint64_t uid)
{
	bool was_there = false;

	assert_int_equal(store_account_delete(store, &(struct verb_account_delete){ .uid = uid },
	    &was_there), STATUS_OK);
}

static void
an_empty_directory_has_one_page(void **state)
{
	struct seen seen;

	assert_int_equal(page(*state, NULL, &(struct verb_account_page){ .page = 1 }, &seen),
	    STATUS_OK);
	assert_int_equal(seen.count, 0);
	assert_int_equal(seen.end.pages, 1);
	assert_int_equal(seen.end.total, 0);
	assert_int_equal(page(*state, NULL, &(struct verb_account_page){ .page = 2 }, &seen),
	    STATUS_NO_SUCH_PAGE);
	assert_int_equal(seen.end.pages, 1);
}

static void
nonsense_is_refused(void **state)
{
	struct seen seen;

	assert_int_equal(page(*state, NULL, &(struct verb_account_page){ .page = 0 }, &seen),
	    STATUS_BAD_VALUE);
	assert_int_equal(page(*state, NULL, &(struct verb_account_page){ .page = 1,
	    .per_page = 101 }, &seen), STATUS_BAD_VALUE);
	assert_int_equal(page(*state, NULL, &(struct verb_account_page){ .page = 1,
	    .per_page = 255 }, &seen), STATUS_BAD_VALUE);
	assert_int_equal(page(*state, NULL, &(struct verb_account_page){ .page = UINT32_MAX,
	    .per_page = 100 }, &seen), STATUS_NO_SUCH_PAGE);
}

/* Every page of this size, against the list of who there should be. */
static void
check_all_pages(struct database *database, const uint64_t *uids, size_t count, uint8_t per_page)
{
	uint32_t pages = (uint32_t)((count + per_page - 1) / per_page);
	struct seen seen;
	size_t at = 0;

	for (uint32_t number = 1; number <= pages; number++) {
		assert_int_equal(page(database, NULL,
		    &(struct verb_account_page){ .page = number, .per_page = per_page }, &seen),
		    STATUS_OK);
		assert_int_equal(seen.end.page, number);
		assert_int_equal(seen.end.pages, pages);
		assert_int_equal(seen.end.total, count);
		assert_int_equal(seen.count, number < pages ? per_page : count - at);
		assert_memory_equal(seen.uids, uids + at, seen.count * sizeof(*uids));
		at += seen.count;
	}
	assert_int_equal(page(database, NULL,
	    &(struct verb_account_page){ .page = pages + 1, .per_page = per_page }, &seen),
	    STATUS_NO_SUCH_PAGE);
	assert_int_equal(seen.count, 0);
	assert_int_equal(seen.end.pages, pages);
}

/*
 * Four blocks of uids, one of them emptied and all of them thinned out, with commits of many
 * rows and of one.
 */
static void
pages_are_exact_after_any_coming_and_going(void **state)
{
	enum { COUNT = 3500 };
	struct database *database = *state;
	uint64_t *uids = mem_new_array(COUNT + 10, sizeof(*uids));
	size_t count = 0;
	unsigned random = 1;

	database_fill(database, COUNT, 26);
	for (uint64_t uid = 1; uid <= COUNT; uid++)
		uids[uid - 1] = uid;
	check_all_pages(database, uids, COUNT, 100);

	assert_int_equal(store_begin(database->store), STATUS_OK);
	for (uint64_t uid = 1; uid <= COUNT; uid++) {
		random = random * 1103515245 + 12345;
		if (uid / 1024 == 1 || random >> 16 & 1)
			delete_account(database->store, uid);
		else
			uids[count++] = uid;
	}
	assert_int_equal(store_commit(database->store), STATUS_OK);
	delete_account(database->store, uids[--count]);
	for (uint64_t seed = 1; seed <= 5; seed++)
		uids[count++] = sample_add(database->store, seed, "late");
	assert_true(uids[count - 1] > COUNT);
	check_all_pages(database, uids, count, 100);
	check_all_pages(database, uids, count, 37);
	check_all_pages(database, uids, count, 1);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"), count);
	free(uids);
}

static void
a_page_has_twenty_users_when_nobody_says_otherwise(void **state)
{
	struct database *database = *state;
	struct seen seen;

	database_fill(database, 45, 26);
	assert_int_equal(page(database, NULL, &(struct verb_account_page){ .page = 3 }, &seen),
	    STATUS_OK);
	assert_int_equal(seen.count, 5);
	assert_int_equal(seen.end.pages, 3);
	assert_int_equal(seen.uids[0], 41);
}

static void
a_prefix_lists_names_in_their_order(void **state)
{
	static const char *const names[] = { "bob", "Bo", "b", "boC", "BOB", "a", "c", "bo1",
	    "b0" };
	static const char *const expected[] = { "Bo", "bo1", "bob", "BOB", "boC" };
	struct database *database = *state;
	struct seen seen;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		sample_add(database->store, i + 1, names[i]);
	assert_int_equal(page(database, NULL,
	    &(struct verb_account_page){ .page = 1, .prefix = bytes_of_string("bO") }, &seen),
	    STATUS_OK);
	assert_int_equal(seen.count, ARRAY_LEN(expected));
	for (size_t i = 0; i < ARRAY_LEN(expected); i++)
		assert_string_equal(seen.names[i], expected[i]);
	assert_int_equal(seen.end.total, 5);
	assert_int_equal(seen.end.more, 0);
	assert_int_equal(page(database, NULL,
	    &(struct verb_account_page){ .page = 2, .per_page = 3,
	    .prefix = bytes_of_string("bo") }, &seen), STATUS_OK);
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.names[0], "BOB");
	assert_string_equal(seen.names[1], "boC");
	assert_int_equal(page(database, NULL,
	    &(struct verb_account_page){ .page = 3, .per_page = 3,
	    .prefix = bytes_of_string("bo") }, &seen), STATUS_NO_SUCH_PAGE);
	assert_int_equal(seen.end.pages, 2);
}

static void
a_prefix_that_no_name_can_have_lists_nobody(void **state)
{
	static const char *const prefixes[] = { "%", "_", "b'", "zz", "b~", "名" };
	struct seen seen;

	sample_add(((struct database *)*state)->store, 1, "bob");
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		assert_int_equal(page(*state, NULL,
		    &(struct verb_account_page){ .page = 1,
		    .prefix = bytes_of_string(prefixes[i]) }, &seen), STATUS_OK);
		assert_int_equal(seen.count, 0);
		assert_int_equal(seen.end.total, 0);
		assert_int_equal(page(*state, NULL,
		    &(struct verb_account_page){ .page = 2,
		    .prefix = bytes_of_string(prefixes[i]) }, &seen), STATUS_NO_SUCH_PAGE);
	}
}

static void
a_prefix_of_very_many_says_that_there_are_more(void **state)
{
	struct database *database = *state;
	struct verb_account_page ask = { .page = 100, .per_page = 100,
	    .prefix = bytes_of_string("a") };
	struct seen seen;

	database_fill(database, STORE_PREFIX_MAX, 1);
	assert_int_equal(page(database, NULL, &ask, &seen), STATUS_OK);
	assert_int_equal(seen.end.more, 0);
	assert_int_equal(seen.end.total, STORE_PREFIX_MAX);
	assert_int_equal(seen.count, 100);
	ask.page = 101;
	assert_int_equal(page(database, NULL, &ask, &seen), STATUS_NO_SUCH_PAGE);

	sample_add(database->store, 1, "A");
	ask.page = 100;
	assert_int_equal(page(database, NULL, &ask, &seen), STATUS_OK);
	assert_int_equal(seen.end.more, 1);
	assert_int_equal(seen.end.total, STORE_PREFIX_MAX);
	assert_int_equal(seen.end.pages, 100);
	assert_int_equal(seen.count, 100);
	ask.page = 101;
	assert_int_equal(page(database, NULL, &ask, &seen), STATUS_NO_SUCH_PAGE);
	assert_int_equal(seen.end.pages, 100);
}

/* Presence as a test has it. */
struct crowd {
	const uint64_t *uids;
	size_t count;
	unsigned asked;
};

static size_t
snapshot(void *arg, uint64_t *uids, size_t room)
{
	struct crowd *crowd = arg;

	crowd->asked++;
	memcpy(uids, crowd->uids, (crowd->count < room ? crowd->count : room) * sizeof(*uids));
	return crowd->count;
}

static void
online_only_lists_who_is_online(void **state)
{
	/* in no order, one twice, one deleted */
	static const uint64_t uids[] = { 44, 7, 3, 7, 39, 1000 };
	struct database *database = *state;
	struct crowd crowd = { uids, ARRAY_LEN(uids), 0 };
	struct online *online = online_new(snapshot, &crowd);
	struct seen seen;

	database_fill(database, 45, 26);
	assert_int_equal(page(database, online,
	    &(struct verb_account_page){ .page = 1, .per_page = 3, .online_only = 1 }, &seen),
	    STATUS_OK);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.uids[0], 3);
	assert_int_equal(seen.uids[1], 7);
	assert_int_equal(seen.uids[2], 39);
	assert_int_equal(seen.end.pages, 2);
	assert_int_equal(page(database, online,
	    &(struct verb_account_page){ .page = 2, .per_page = 3, .online_only = 1 }, &seen),
	    STATUS_OK);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.uids[0], 44);
	assert_int_equal(page(database, online,
	    &(struct verb_account_page){ .page = 3, .per_page = 3, .online_only = 1 }, &seen),
	    STATUS_NO_SUCH_PAGE);
	assert_int_equal(crowd.asked, 1);
	online_free(online);
}

static void
nobody_online_is_one_empty_page(void **state)
{
	struct online *online = online_new(NULL, NULL);
	struct seen seen;

	sample_add(((struct database *)*state)->store, 1, "lin");
	assert_int_equal(page(*state, online, &(struct verb_account_page){ .page = 1,
	    .online_only = 1 }, &seen), STATUS_OK);
	assert_int_equal(seen.count, 0);
	assert_int_equal(page(*state, NULL, &(struct verb_account_page){ .page = 1,
	    .online_only = 1 }, &seen), STATUS_OK);
	assert_int_equal(seen.count, 0);
	assert_int_equal(seen.end.pages, 1);
	online_free(online);
}

/* Names with "b" that are among the "count" first uids, by name; every third of them is online. */
static void
check_online_prefix(struct database *database, size_t count)
{
	uint64_t *uids = mem_new_array(count, sizeof(*uids));
	struct crowd crowd = { uids, 0, 0 };
	struct online *online;
	struct seen seen;
	char last[17] = "";
	size_t expected = 0, found = 0;
	uint32_t pages;

	for (uint64_t uid = 3; uid <= count; uid += 3) {
		uids[crowd.count++] = uid;
		expected += uid % 26 == 1;
	}
	online = online_new(snapshot, &crowd);
	pages = (uint32_t)((expected + 9) / 10);
	for (uint32_t number = 1; number <= pages; number++) {
		assert_int_equal(page(database, online, &(struct verb_account_page){
		    .page = number, .per_page = 10, .online_only = 1,
		    .prefix = bytes_of_string("B") }, &seen), STATUS_OK);
		assert_int_equal(seen.end.total, expected);
		assert_int_equal(seen.end.more, 0);
		for (size_t i = 0; i < seen.count; i++) {
			assert_int_equal(seen.uids[i] % 3, 0);
			assert_int_equal(seen.names[i][0], 'b');
			assert_true(strcmp(last, seen.names[i]) < 0);
			strcpy(last, seen.names[i]);
		}
		found += seen.count;
	}
	assert_int_equal(found, expected);
	assert_int_equal(page(database, online, &(struct verb_account_page){
	    .page = pages + 1, .per_page = 10, .online_only = 1, .prefix = bytes_of_string("b") },
	    &seen), STATUS_NO_SUCH_PAGE);
	online_free(online);
	free(uids);
}

/* Few online: they are looked through. Many: the names are. The pages are the same. */
static void
online_only_with_a_prefix_is_both(void **state)
{
	database_fill(*state, 9000, 26);
	check_online_prefix(*state, 600);
	check_online_prefix(*state, 9000);
}

static void
a_list_of_who_is_online_grows_as_needed(void **state)
{
	struct database *database = *state;
	uint64_t *uids = mem_new_array(5000, sizeof(*uids));
	struct crowd crowd = { uids, 5000, 0 };
	struct online *online = online_new(snapshot, &crowd);
	const struct online_list *list, *again;

	for (size_t i = 0; i < crowd.count; i++)
		uids[i] = 5000 - i;
	assert_int_equal(online_acquire(online, database->store, &list), STATUS_OK);
	assert_int_equal(online_acquire(online, database->store, &again), STATUS_OK);
	assert_ptr_equal(list, again);
	assert_int_equal(list->count, 5000);
	assert_true(online_has(list, 1));
	assert_true(online_has(list, 5000));
	assert_false(online_has(list, 0));
	assert_false(online_has(list, 5001));
	online_release(online, again);
	online_release(online, list);
	online_free(online);
	free(uids);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_directory_has_one_page),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(pages_are_exact_after_any_coming_and_going),
		cmocka_unit_test(a_page_has_twenty_users_when_nobody_says_otherwise),
		cmocka_unit_test(a_prefix_lists_names_in_their_order),
		cmocka_unit_test(a_prefix_that_no_name_can_have_lists_nobody),
		cmocka_unit_test(a_prefix_of_very_many_says_that_there_are_more),
		cmocka_unit_test(online_only_lists_who_is_online),
		cmocka_unit_test(nobody_online_is_one_empty_page),
		cmocka_unit_test(online_only_with_a_prefix_is_both),
		cmocka_unit_test(a_list_of_who_is_online_grows_as_needed),
	};

	return database_run_tests(tests, ARRAY_LEN(tests));
}
