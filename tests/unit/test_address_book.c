/* SPDX-License-Identifier: ISC */
/* The contacts of an account: shown, kept on disk by the helper, and nobody else's. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client-tui/address_book.h"
#include "client-tui/net/helper.h"
#include "client-tui/net/whole_file.h"
#include "tests/support/stage.h"
#include "tests/support/tmpdir.h"
#include "tests/support/typist.h"

struct desk {
	struct stage stage;
	struct helper *helper;
	struct typist *typist;
	struct address_book book;
	char *folder, *path, *other_path;
};

static const uint8_t a_key[IDENTITY_KEY_SIZE] = { 1 }, another_key[IDENTITY_KEY_SIZE] = { 2 };

static int
set_up(void **state)
{
	struct desk *desk = calloc(1, sizeof(*desk));

	stage_open(&desk->stage, false);
	assert_int_equal(helper_start(desk->stage.base, &desk->helper), STATUS_OK);
	desk->typist = typist_new(80, 24);
	desk->folder = tmpdir_new();
	desk->path = tmpdir_path(desk->folder, "15.contacts");
	desk->other_path = tmpdir_path(desk->folder, "16.contacts");
	address_book_init(&desk->book, desk->typist->control, desk->helper);
	*state = desk;
	return 0;
}

static void
close_desk(struct desk *desk)
{
	helper_stop(desk->helper);
	desk->helper = NULL;
	address_book_clear(&desk->book);
}

static int
tear_down(void **state)
{
	struct desk *desk = *state;

	close_desk(desk);
	typist_free(desk->typist);
	stage_close(&desk->stage);
	tmpdir_free(desk->folder);
	free(desk->path);
	free(desk->other_path);
	free(desk);
	return 0;
}

static const struct roster *
roster(const struct desk *desk)
{
	return &desk->typist->model->roster;
}

/* How many stand in the file. */
static size_t
count_kept(const char *path)
{
	struct contacts contacts = { .count = 0 };
	size_t count;

	assert_int_equal(contacts_load(path, &contacts), STATUS_OK);
	count = contacts.count;
	contacts_clear(&contacts);
	return count;
}

static void
keys_are_judged_by_the_first(void **state)
{
	struct desk *desk = *state;
	struct address_book *book = &desk->book;

	address_book_open(book, 15, desk->path);
	assert_int_equal(address_book_judge(book, 2, a_key), KEY_IS_NEW);
	assert_int_equal(address_book_add(book, 2, bytes_of_string("bob")), STATUS_OK);
	assert_int_equal(address_book_judge(book, 2, a_key), KEY_IS_NEW);
	assert_int_equal(address_book_pin(book, 2, bytes_of_string("bob"), a_key), STATUS_OK);
	assert_int_equal(address_book_judge(book, 2, a_key), KEY_IS_KNOWN);
	assert_int_equal(address_book_judge(book, 2, another_key), KEY_HAS_CHANGED);
	assert_true(contacts_find(&book->contacts, 2)->is_added);
	assert_int_equal(address_book_pin(book, 3, bytes_of_string("not a name"), a_key),
	    STATUS_BAD_NAME);
	assert_int_equal(address_book_pin(book, 0, bytes_of_string("nobody"), a_key),
	    STATUS_BAD_NAME);
	address_book_remove(book, 2);
	assert_int_equal(address_book_judge(book, 2, another_key), KEY_IS_NEW);
	assert_null(roster_find(roster(desk), 2));
}

/* Many changes at once: the last state is on disk, whenever the program ends. */
static void
the_last_state_is_kept(void **state)
{
	struct desk *desk = *state;

	address_book_open(&desk->book, 15, desk->path);
	for (uint64_t uid = 1; uid <= 500; uid++)
		assert_int_equal(
		    address_book_add(&desk->book, uid, bytes_of_string("bob")), STATUS_OK);
	assert_true(desk->book.is_dirty);
	stage_until(&desk->stage, desk->book.job == NULL);
	assert_int_equal(count_kept(desk->path), 500);
	for (uint64_t uid = 1; uid <= 100; uid++)
		address_book_remove(&desk->book, uid);
	close_desk(desk);
	assert_int_equal(count_kept(desk->path), 400);
}

static void
accounts_have_contacts_of_their_own(void **state)
{
	struct desk *desk = *state;
	struct address_book *book = &desk->book;
	uint64_t uids[4];
	unsigned revision;

	address_book_open(book, 15, desk->path);
	address_book_add(book, 2, bytes_of_string("bob"));
	address_book_pin(book, 3, bytes_of_string("carol"), a_key);
	address_book_add(book, 4, bytes_of_string("dave"));
	assert_int_equal(address_book_list(book, uids, 2), 2);
	assert_true(uids[0] == 2 && uids[1] == 4);
	assert_int_equal(address_book_list(book, uids, 4), 3);
	revision = book->revision;
	address_book_open(book, 16, desk->other_path);
	assert_int_not_equal(book->revision, revision);
	assert_int_equal(roster(desk)->count, 0);
	address_book_add(book, 5, bytes_of_string("erin"));
	stage_until(&desk->stage, book->job == NULL);
	/* Opened again it is what it was. */
	address_book_open(book, 15, desk->path);
	assert_int_equal(roster(desk)->count, 3);
	assert_int_equal(address_book_judge(book, 3, a_key), KEY_IS_KNOWN);
	assert_int_equal(count_kept(desk->other_path), 1);
}

static void
a_deleted_account_leaves_nothing(void **state)
{
	struct desk *desk = *state;

	address_book_open(&desk->book, 15, desk->path);
	address_book_add(&desk->book, 2, bytes_of_string("bob"));
	/* The one on its way to the disk is not the last word. */
	address_book_burn(&desk->book);
	close_desk(desk);
	assert_int_equal(roster(desk)->count, 0);
	assert_int_equal(access(desk->path, F_OK), -1);
}

static void
trouble_with_the_disk_is_told(void **state)
{
	struct desk *desk = *state;
	char *nowhere = tmpdir_path(desk->folder, "no/such/folder");

	assert_int_equal(whole_file_write(desk->path, bytes_of("damaged", 7)), STATUS_OK);
	address_book_open(&desk->book, 15, desk->path);
	assert_non_null(strstr(typist_last(desk->typist), "cannot be read"));
	assert_int_equal(desk->book.contacts.count, 0);
	address_book_open(&desk->book, 16, nowhere);
	address_book_add(&desk->book, 2, bytes_of_string("bob"));
	stage_until(&desk->stage, desk->book.job == NULL);
	assert_non_null(strstr(typist_last(desk->typist), "could not be kept on this computer"));
	assert_int_equal(roster(desk)->count, 1);
	free(nowhere);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keys_are_judged_by_the_first),
		TEST(the_last_state_is_kept),
		TEST(accounts_have_contacts_of_their_own),
		TEST(a_deleted_account_leaves_nothing),
		TEST(trouble_with_the_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
