/* SPDX-License-Identifier: ISC */
/*
 * Whom an account knows: by uid, on disk, and nothing that is damaged or open to others is
 * believed.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "client-tui/net/contacts.h"
#include "client-tui/net/whole_file.h"
#include "shared/compiler.h"
#include "tests/support/tmpdir.h"

static const uint8_t bobs_key[IDENTITY_KEY_SIZE] = "a key of thirty-two bytes, bob's";

static void
put_people(struct contacts *contacts)
{
	struct contact_card *bob;

	*contacts = (struct contacts){ .count = 0 };
	contacts_put(contacts, 21, bytes_of_string("carol"))->is_added = true;
	bob = contacts_put(contacts, 11, bytes_of_string("bob"));
	bob->has_key = true;
	memcpy(bob->key, bobs_key, sizeof(bob->key));
	contacts_put(contacts, 7, bytes_of_string("dave"));
}

static void
people_are_found_by_uid(void **state UNUSED)
{
	struct contacts contacts;

	put_people(&contacts);
	assert_string_equal(contacts_find(&contacts, 11)->name, "bob");
	assert_null(contacts_find(&contacts, 12));
	assert_string_equal(contacts_put(&contacts, 11, bytes_of_string("robert"))->name, "robert");
	assert_true(contacts_find(&contacts, 11)->has_key);
	assert_int_equal(contacts.count, 3);
	assert_true(contacts_remove(&contacts, 11));
	assert_false(contacts_remove(&contacts, 11));
	assert_null(contacts_find(&contacts, 11));
	assert_string_equal(contacts_find(&contacts, 21)->name, "carol");
	contacts_clear(&contacts);
}

static void
there_is_an_end(void **state UNUSED)
{
	struct contacts contacts = { .count = 0 }, back = { .count = 0 };
	uint8_t *data;
	size_t len;

	for (uint64_t uid = CONTACTS_MAX; uid > 0; uid--)
		assert_non_null(contacts_put(&contacts, uid, bytes_of_string("sixteenletters16")));
	assert_null(contacts_put(&contacts, CONTACTS_MAX + 1, bytes_of_string("x")));
	assert_non_null(contacts_put(&contacts, 1, bytes_of_string("x")));
	data = contacts_encode(&contacts, &len);
	assert_int_equal(contacts_decode(bytes_of(data, len), &back), STATUS_OK);
	assert_int_equal(back.count, CONTACTS_MAX);
	free(data);
	contacts_clear(&contacts);
	contacts_clear(&back);
}

static void
a_file_comes_back(void **state UNUSED)
{
	char *folder = tmpdir_new(), *path = tmpdir_path(folder, "contacts");
	struct contacts contacts, back = { .count = 0 };
	struct stat file;
	uint8_t *data;
	size_t len;

	put_people(&contacts);
	data = contacts_encode(&contacts, &len);
	assert_int_equal(contacts_load(path, &back), STATUS_NOT_FOUND);
	assert_int_equal(whole_file_write(path, bytes_of("old", 3)), STATUS_OK);
	assert_int_equal(contacts_load(path, &back), STATUS_BAD_VALUE);
	assert_int_equal(whole_file_write(path, bytes_of(data, len)), STATUS_OK);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
	assert_int_equal(contacts_load(path, &back), STATUS_OK);
	assert_int_equal(back.count, 3);
	assert_true(contacts_find(&back, 21)->is_added && !contacts_find(&back, 21)->has_key);
	assert_false(contacts_find(&back, 11)->is_added);
	assert_true(contacts_find(&back, 11)->has_key);
	assert_memory_equal(contacts_find(&back, 11)->key, bobs_key, sizeof(bobs_key));
	contacts_clear(&back);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(contacts_load(path, &back), STATUS_NOT_ALLOWED);
	assert_int_equal(whole_file_remove(path), STATUS_OK);
	assert_int_equal(whole_file_remove(path), STATUS_OK);
	free(data);
	contacts_clear(&contacts);
	free(path);
	tmpdir_free(folder);
}

/* Cut between two cards it is a shorter list; anywhere else, or with bytes changed, it is none. */
static void
damage_is_noticed(void **state UNUSED)
{
	struct contacts contacts, back = { .count = 0 };
	size_t len, good = 0;
	uint8_t *data;

	put_people(&contacts);
	data = contacts_encode(&contacts, &len);
	for (size_t cut = 0; cut < len; cut++) {
		good += contacts_decode(bytes_of(data, cut), &back) == STATUS_OK;
		contacts_clear(&back);
	}
	/* With nobody, one, and two of them. */
	assert_int_equal(good, 3);
	/* The same uid twice; a name with an escape in it. */
	data[18 + 7] = 11;
	assert_int_equal(contacts_decode(bytes_of(data, len), &back), STATUS_BAD_VALUE);
	data[18 + 7] = 7;
	data[18 + 10] = '\033';
	assert_int_equal(contacts_decode(bytes_of(data, len), &back), STATUS_BAD_VALUE);
	assert_null(back.list);
	data[18 + 10] = 'd';
	assert_int_equal(contacts_decode(bytes_of(data, len), &back), STATUS_OK);
	free(data);
	contacts_clear(&contacts);
	contacts_clear(&back);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(people_are_found_by_uid),
		cmocka_unit_test(there_is_an_end),
		cmocka_unit_test(a_file_comes_back),
		cmocka_unit_test(damage_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
