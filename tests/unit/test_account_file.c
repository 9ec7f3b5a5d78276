/* SPDX-License-Identifier: ISC */
/* The account on disk: comes back as it was, and nothing that is damaged or open to others is believed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "client-tui/net/account_file.h"
#include "shared/mem.h"
#include "tests/support/tmpdir.h"

struct place {
	char *folder, *path;
};

static int
set_up(void **state)
{
	struct place *place = mem_new(sizeof(*place));

	place->folder = tmpdir_new();
	place->path = tmpdir_path(place->folder, "account");
	*state = place;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *place = *state;

	free(place->path);
	tmpdir_free(place->folder);
	free(place);
	return 0;
}

static void
make_account(struct account *account)
{
	static const uint8_t seed[IDENTITY_SEED_SIZE] = "a seed of thirty-two bytes here";
	struct bundle bundle;

	memset(account, 0, sizeof(*account));
	account->uid = 15;
	strcpy(account->name, "alice");
	strcpy(account->display, "Alice 张");
	account_set_token(account, bytes_of_string("token"));
	identity_init_from_seed(&account->identity, seed);
	account->has_identity = true;
	bundle_init(&bundle, seed);
	bundle.others = mem_new(5);
	bundle.others_len = 5;
	account_set_bundle(account, &bundle, 7);
	bundle_clear(&bundle);
	memset(account->bundle_key, 1, sizeof(account->bundle_key));
	memset(account->wrapped_key, 2, sizeof(account->wrapped_key));
	password_cost_init(&account->cost);
	account->has_cost = true;
}

static void
comes_back_as_it_was(void **state)
{
	struct place *place = *state;
	struct account account, back = { 0 };
	struct stat file;

	make_account(&account);
	assert_int_equal(account_file_save(place->path, &account), STATUS_OK);
	assert_int_equal(stat(place->path, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
	assert_int_equal(account_file_load(place->path, &back), STATUS_OK);
	assert_int_equal(back.uid, 15);
	assert_string_equal(back.name, "alice");
	assert_string_equal(back.display, "Alice 张");
	assert_memory_equal(back.token, "token", 5);
	assert_memory_equal(&back.identity, &account.identity, sizeof(account.identity));
	assert_int_equal(back.bundle_version, 7);
	assert_int_equal(back.bundle.others_len, 5);
	assert_memory_equal(back.bundle.seed, account.bundle.seed, sizeof(account.bundle.seed));
	assert_memory_equal(back.wrapped_key, account.wrapped_key, sizeof(account.wrapped_key));
	assert_memory_equal(&back.cost, &account.cost, sizeof(account.cost));
	account_clear(&back);
	account_clear(&account);
	/* None is no file. */
	assert_int_equal(account_file_save(place->path, &back), STATUS_OK);
	assert_int_equal(account_file_load(place->path, &back), STATUS_NOT_FOUND);
}

static void
open_to_others_is_not_believed(void **state)
{
	struct place *place = *state;
	struct account account, back = { 0 };

	make_account(&account);
	assert_int_equal(account_file_save(place->path, &account), STATUS_OK);
	assert_int_equal(chmod(place->path, 0640), 0);
	assert_int_equal(account_file_load(place->path, &back), STATUS_NOT_ALLOWED);
	assert_int_equal(back.uid, 0);
	account_clear(&account);
}

/* Cut anywhere, or longer than it was, it is none. */
static void
damage_is_noticed(void **state)
{
	struct place *place = *state;
	struct account account, back = { 0 };
	struct stat file;

	make_account(&account);
	assert_int_equal(account_file_save(place->path, &account), STATUS_OK);
	account_clear(&account);
	assert_int_equal(stat(place->path, &file), 0);
	assert_int_equal(truncate(place->path, file.st_size + 1), 0);
	assert_int_equal(account_file_load(place->path, &back), STATUS_BAD_VALUE);
	for (off_t size = file.st_size - 1; size >= 0; size--) {
		assert_int_equal(truncate(place->path, size), 0);
		assert_int_equal(account_file_load(place->path, &back), STATUS_BAD_VALUE);
		assert_int_equal(back.uid, 0);
		assert_null(back.bundle.others);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(comes_back_as_it_was),
		TEST(open_to_others_is_not_believed),
		TEST(damage_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
