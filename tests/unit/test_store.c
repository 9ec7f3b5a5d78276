/* SPDX-License-Identifier: ISC */
/* The verbs of accounts and bundles, on both engines. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "server/store/schema.h"
#include "shared/compiler.h"
#include "tests/support/database.h"

#define assert_bytes(bytes, expected) assert_true(bytes_equal(bytes, expected))

static void
an_account_comes_back_as_it_was_added(void **state)
{
	struct store *store = ((struct database *)*state)->store;
	struct sample sample;
	struct verb_account_add_ok added;
	struct verb_account_get_ok got;

	sample_fill(&sample, 1, "Lin");
	assert_int_equal(store_account_add(store, &sample.add, &added), STATUS_OK);
	assert_int_equal(added.uid, 1);
	assert_int_equal(store_account_get(store,
	    &(struct verb_account_get){ .uid = added.uid, .with_bundle = 1 }, &got), STATUS_OK);
	assert_int_equal(got.uid, added.uid);
	assert_bytes(got.name, sample.add.name);
	assert_bytes(got.display, sample.add.display);
	assert_bytes(got.salt, sample.add.salt);
	assert_bytes(got.secret_hash, sample.add.secret_hash);
	assert_bytes(got.identity, sample.add.identity);
	assert_bytes(got.wrapped_key, sample.add.wrapped_key);
	assert_bytes(got.bundle, sample.add.bundle);
	assert_int_equal(got.ops, 3);
	assert_int_equal(got.memory_kib, 65536);
	assert_int_equal(got.epoch, 1);
	assert_int_equal(got.bundle_version, 1);
}

static void
extreme_accounts_come_back_too(void **state)
{
	struct store *store = ((struct database *)*state)->store;
	struct sample sample;
	struct verb_account_add_ok added;
	struct verb_account_get_ok got;
	uint8_t *bundle = malloc(32768);
	char display[64];

	memset(bundle, 0xff, 32768);
	bundle[0] = 0;
	for (size_t i = 0; i < 64; i += 4)
		memcpy(display + i, "\xf0\x9f\x8c\xa7", 4);	/* a cloud with rain, four bytes */
	sample_fill(&sample, 1, "abcdefghij012345");
	sample.add.display = bytes_of(display, 64);
	sample.add.bundle = bytes_of(bundle, 32768);
	sample.add.ops = sample.add.memory_kib = UINT32_MAX;
	memset(sample.salt, 0, sizeof(sample.salt));
	assert_int_equal(store_account_add(store, &sample.add, &added), STATUS_OK);
	assert_int_equal(store_account_get(store,
	    &(struct verb_account_get){ .uid = added.uid, .with_bundle = 1 }, &got), STATUS_OK);
	assert_bytes(got.display, sample.add.display);
	assert_bytes(got.bundle, sample.add.bundle);
	assert_bytes(got.salt, sample.add.salt);
	assert_int_equal(got.ops, UINT32_MAX);

	sample_fill(&sample, 2, "x");
	sample.add.display = sample.add.bundle = bytes_of(NULL, 0);
	assert_int_equal(store_account_add(store, &sample.add, &added), STATUS_OK);
	assert_int_equal(store_account_get(store,
	    &(struct verb_account_get){ .uid = added.uid, .with_bundle = 1 }, &got), STATUS_OK);
	assert_int_equal(got.display.len, 0);
	assert_int_equal(got.bundle.len, 0);
	free(bundle);
}

static void
adding_twice_finds_the_same_account(void **state)
{
	struct database *database = *state;
	struct sample sample;
	struct verb_account_add_ok first, second;

	sample_fill(&sample, 7, "lin");
	assert_int_equal(store_account_add(database->store, &sample.add, &first), STATUS_OK);
	assert_int_equal(store_account_add(database->store, &sample.add, &second), STATUS_OK);
	assert_int_equal(first.uid, second.uid);
	sample.secret_hash[0] ^= 1;
	assert_int_equal(store_account_add(database->store, &sample.add, &second),
	    STATUS_IDENTITY_TAKEN);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"), 1);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM bundle"), 1);
	assert_int_equal(database_ask(database, "SELECT live FROM account_block"), 1);
}

static void
names_that_are_none_are_refused(void **state)
{
	static const char *const names[] = { "a:b", "a b", "a\n", "é", "", "abcdefghij0123456" };
	struct database *database = *state;
	struct sample sample;
	struct verb_account_add_ok out;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		sample_fill(&sample, i, names[i]);
		assert_int_equal(store_account_add(database->store, &sample.add, &out),
		    STATUS_BAD_NAME);
	}
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"), 0);
}

static void
the_bundle_is_left_out_when_it_is_not_needed(void **state)
{
	struct store *store = ((struct database *)*state)->store;
	uint64_t uid = sample_add(store, 1, "lin");
	struct verb_account_get_ok got;

	assert_int_equal(store_account_get(store, &(struct verb_account_get){ .uid = uid }, &got),
	    STATUS_OK);
	assert_int_equal(got.bundle.len, 0);
	assert_int_equal(got.wrapped_key.len, 0);
	assert_int_equal(got.bundle_version, 1);
	assert_int_equal(store_account_get(store,
	    &(struct verb_account_get){ .uid = uid, .with_bundle = 1, .bundle_version = 1 }, &got),
	    STATUS_OK);
	assert_int_equal(got.bundle.len, 0);
	assert_int_equal(store_account_get(store,
	    &(struct verb_account_get){ .uid = uid, .with_bundle = 1, .bundle_version = 9 }, &got),
	    STATUS_OK);
	assert_int_equal(got.bundle.len, 300);
	assert_int_equal(got.wrapped_key.len, 72);
}

static void
accounts_are_found_by_uid_and_by_name(void **state)
{
	struct store *store = ((struct database *)*state)->store;
	uint64_t lin = sample_add(store, 1, "LinYu");
	uint64_t bo = sample_add(store, 2, "bo");
	struct verb_account_find_ok found;
	struct verb_account_get_ok got;

	sample_add(store, 3, "BO");
	assert_int_equal(store_account_find(store, &(struct verb_account_find){ .uid = lin },
	    &found), STATUS_OK);
	assert_int_equal(found.uid, lin);
	assert_bytes(found.name, bytes_of_string("LinYu"));
	assert_bytes(found.display, bytes_of_string("听雨 the rain"));
	assert_int_equal(found.remote_online, 0);
	assert_int_equal(store_account_find(store,
	    &(struct verb_account_find){ .name = bytes_of_string("lINyU") }, &found), STATUS_OK);
	assert_int_equal(found.uid, lin);
	assert_int_equal(store_account_get(store,
	    &(struct verb_account_get){ .name = bytes_of_string("linyu") }, &got), STATUS_OK);
	assert_int_equal(got.uid, lin);

	/* The uid wins over the name. */
	assert_int_equal(store_account_find(store,
	    &(struct verb_account_find){ .uid = bo, .name = bytes_of_string("linyu") }, &found),
	    STATUS_OK);
	assert_int_equal(found.uid, bo);
	assert_int_equal(store_account_find(store,
	    &(struct verb_account_find){ .name = bytes_of_string("Bo") }, &found),
	    STATUS_AMBIGUOUS);
	assert_int_equal(store_account_get(store,
	    &(struct verb_account_get){ .name = bytes_of_string("bo") }, &got), STATUS_AMBIGUOUS);
}

static void
who_is_not_there_is_not_found(void **state)
{
	static const char *const names[] = { "lin", "", "l", "li%", "lin'", "\xff", "名" };
	struct store *store = ((struct database *)*state)->store;
	struct verb_account_find_ok found;
	struct verb_account_get_ok got;
	struct verb_account_epoch_ok epoch;
	bool was_there = false;

	sample_add(store, 1, "linn");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		assert_int_equal(store_account_find(store,
		    &(struct verb_account_find){ .name = bytes_of_string(names[i]) }, &found),
		    STATUS_NO_SUCH_USER);
	for (uint64_t uid = 2; uid != 0; uid <<= 1) {
		assert_int_equal(store_account_find(store,
		    &(struct verb_account_find){ .uid = uid }, &found), STATUS_NO_SUCH_USER);
		assert_int_equal(store_account_get(store, &(struct verb_account_get){ .uid = uid },
		    &got), STATUS_NO_SUCH_USER);
		assert_int_equal(store_account_epoch(store,
		    &(struct verb_account_epoch){ .uid = uid }, &epoch), STATUS_NO_SUCH_USER);
		assert_int_equal(store_account_delete(store,
		    &(struct verb_account_delete){ .uid = uid }, &was_there), STATUS_NO_SUCH_USER);
	}
}

static void
a_deleted_account_is_gone_and_its_uid_never_comes_again(void **state)
{
	struct database *database = *state;
	uint64_t uid, last;
	struct verb_account_epoch_ok epoch;
	bool was_there = false;

	sample_add(database->store, 1, "a");
	last = sample_add(database->store, 2, "b");
	assert_int_equal(store_account_epoch(database->store,
	    &(struct verb_account_epoch){ .uid = last }, &epoch), STATUS_OK);
	assert_int_equal(epoch.epoch, 1);
	assert_int_equal(store_account_delete(database->store,
	    &(struct verb_account_delete){ .uid = last }, &was_there), STATUS_OK);
	assert_true(was_there);
	assert_int_equal(store_account_epoch(database->store,
	    &(struct verb_account_epoch){ .uid = last }, &epoch), STATUS_NO_SUCH_USER);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"), 1);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM bundle"), 1);
	assert_int_equal(database_ask(database, "SELECT live FROM account_block"), 1);

	/*
	 * The same identity may come back, as somebody new; a repeated deletion does not reach
	 * it.
	 */
	uid = sample_add(database->store, 2, "b");
	assert_true(uid > last);
	assert_int_equal(store_account_delete(database->store,
	    &(struct verb_account_delete){ .uid = last }, &was_there), STATUS_OK);
	was_there = false;
	assert_int_equal(store_account_delete(database->store,
	    &(struct verb_account_delete){ .uid = last }, &was_there), STATUS_NO_SUCH_USER);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"), 2);
}

static struct verb_bundle_put
put_of(const struct sample *sample, uint64_t uid, uint64_t version)
{
	return (struct verb_bundle_put){
		.uid = uid, .version = version, .wrapped_key = sample->add.wrapped_key,
		    .bundle = sample->add.bundle,
	};
}

static void
a_bundle_is_replaced_only_by_who_has_seen_the_last_one(void **state)
{
	struct store *store = ((struct database *)*state)->store;
	uint64_t uid = sample_add(store, 1, "lin");
	struct sample one, other;
	struct verb_bundle_put put;
	struct verb_bundle_put_ok out;
	struct verb_account_get_ok got;

	sample_fill(&one, 11, "x");
	sample_fill(&other, 12, "x");
	put = put_of(&one, uid, 1);
	assert_int_equal(store_bundle_put(store, &put, &out), STATUS_OK);
	assert_int_equal(out.version, 2);
	/* Again: its answer was lost. */
	assert_int_equal(store_bundle_put(store, &put, &out), STATUS_OK);
	assert_int_equal(out.version, 2);
	put = put_of(&other, uid, 1);
	assert_int_equal(store_bundle_put(store, &put, &out), STATUS_CONFLICT);
	assert_int_equal(out.version, 2);
	put = put_of(&other, uid, 7);
	assert_int_equal(store_bundle_put(store, &put, &out), STATUS_CONFLICT);
	put = put_of(&other, uid, 2);
	assert_int_equal(store_bundle_put(store, &put, &out), STATUS_OK);
	assert_int_equal(out.version, 3);
	put = put_of(&one, uid + 1, 1);
	assert_int_equal(store_bundle_put(store, &put, &out), STATUS_NO_SUCH_USER);
	assert_int_equal(store_account_get(store,
	    &(struct verb_account_get){ .uid = uid, .with_bundle = 1 }, &got), STATUS_OK);
	assert_bytes(got.bundle, other.add.bundle);
	assert_bytes(got.wrapped_key, other.add.wrapped_key);
	assert_int_equal(got.bundle_version, 3);
}

static void
a_change_is_all_or_nothing(void **state)
{
	struct database *database = *state;
	struct sample sample;
	struct verb_account_add_ok out;

	assert_int_equal(store_begin(database->store), STATUS_OK);
	for (uint64_t seed = 1; seed <= 5; seed++) {
		sample_fill(&sample, seed, "lin");
		assert_int_equal(store_account_add(database->store, &sample.add, &out), STATUS_OK);
	}
	store_rollback(database->store);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"), 0);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account_block"), 0);

	assert_int_equal(store_begin(database->store), STATUS_OK);
	for (uint64_t seed = 1; seed <= 5; seed++) {
		sample_fill(&sample, seed, "lin");
		assert_int_equal(store_account_add(database->store, &sample.add, &out), STATUS_OK);
	}
	assert_int_equal(store_commit(database->store), STATUS_OK);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"), 5);
	assert_int_equal(database_ask(database, "SELECT live FROM account_block"), 5);
}

static void
a_request_that_is_refused_does_not_spoil_its_change(void **state)
{
	struct database *database = *state;
	struct sample sample;
	struct verb_account_add_ok out;
	bool was_there = false;

	sample_add(database->store, 1, "lin");
	assert_int_equal(store_begin(database->store), STATUS_OK);
	sample_fill(&sample, 2, "bo");
	assert_int_equal(store_account_add(database->store, &sample.add, &out), STATUS_OK);
	sample_fill(&sample, 1, "lin");
	sample.secret_hash[0] ^= 1;
	assert_int_equal(store_account_add(database->store, &sample.add, &out),
	    STATUS_IDENTITY_TAKEN);
	assert_int_equal(store_account_delete(database->store,
	    &(struct verb_account_delete){ .uid = 99 }, &was_there), STATUS_NO_SUCH_USER);
	assert_int_equal(store_commit(database->store), STATUS_OK);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"), 2);
}

static void
a_row_that_cannot_be_right_is_reported(void **state)
{
	struct database *database = *state;
	uint64_t uid = sample_add(database->store, 1, "lin");
	struct verb_account_get_ok got;
	struct verb_account_find_ok found;

	database_say(database, "UPDATE account SET name = ''");
	assert_int_equal(store_account_find(database->store,
	    &(struct verb_account_find){ .uid = uid }, &found), STATUS_STORE_FAILED);
	assert_int_equal(store_account_get(database->store,
	    &(struct verb_account_get){ .uid = uid }, &got), STATUS_STORE_FAILED);
	assert_non_null(strstr(store_error(database->store), "cannot be right"));
	database_say(database, "UPDATE account SET name = 'lin'");
	assert_int_equal(store_account_get(database->store,
	    &(struct verb_account_get){ .uid = uid }, &got), STATUS_OK);
}

static void
an_empty_database_is_made_and_found_again(void **state)
{
	struct database *database = *state;
	struct store *again;

	assert_int_equal(database_ask(database, "SELECT MAX(version) FROM tingyu_schema"),
	    schema_version());
	sample_add(database->store, 1, "lin");
	again = database_open(&database->config);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"), 1);
	assert_int_equal(sample_add(again, 1, "lin"), 1);
	store_close(again);
}

static void
a_newer_database_is_left_alone(void **state)
{
	struct database *database = *state;
	struct store *store;
	char why[512];

	database_say(database, "INSERT INTO tingyu_schema (version, since) VALUES (1000, 0)");
	assert_int_equal(store_open(&database->config, NULL, &store, why, sizeof(why)),
	    STATUS_STORE_NEWER);
	assert_null(store);
	assert_non_null(strstr(why, "newer version"));
}

/* Somebody died between two statements of a step that the engine commits one by one. */
static void
a_half_made_database_is_finished(void **state)
{
	struct database *database = *state;

	if (database->mariadb == NULL)
		return;		/* SQLite makes all tables in one transaction */
	store_close(database->store);
	database_say(database,
	    "DROP TABLE letter; DROP TABLE session; DELETE FROM tingyu_schema");
	database->store = database_open(&database->config);
	sample_add(database->store, 1, "lin");
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM session"), 0);
	assert_int_equal(database_ask(database, "SELECT MAX(version) FROM tingyu_schema"),
	    schema_version());
}

static void
the_file_is_for_us_alone(void **state)
{
	struct database *database = *state;
	static const char *const ends[] = { "", "-wal", "-shm" };
	struct stat info;
	char path[600];

	if (database->mariadb != NULL)
		return;
	sample_add(database->store, 1, "lin");
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		snprintf(path, sizeof(path), "%s%s", database->config.path, ends[i]);
		assert_int_equal(stat(path, &info), 0);
		assert_int_equal(info.st_mode & 0777, 0600);
	}
}

static void
what_cannot_be_opened_is_said_why(void **state)
{
	struct database *database = *state;
	struct store_config config = database->config;
	struct store *store;
	char why[512];

	if (database->mariadb == NULL)
		strcat(config.path, ".d/no/such/folder");
	else
		strcpy(config.database, "nowhere");
	assert_int_equal(store_open(&config, NULL, &store, why, sizeof(why)), STATUS_BAD_CONFIG);
	assert_null(store);
	assert_non_null(strstr(why, database->mariadb == NULL ? "/no/such/folder" : "nowhere"));
	if (database->mariadb == NULL)
		return;
	config = database->config;
	strcpy(config.user, "nobody");
	store_config_set_password(&config, "hush");
	assert_int_equal(store_open(&config, NULL, &store, why, sizeof(why)), STATUS_BAD_CONFIG);
	assert_null(strstr(why, "hush"));
	config = database->config;
	strcat(config.socket, "-not");
	assert_int_equal(store_open(&config, NULL, &store, why, sizeof(why)), STATUS_STORE_AWAY);
	assert_non_null(store);
	store_close(store);
}

static void
a_file_that_is_no_database_is_refused(void **state)
{
	struct database *database = *state;
	struct store_config config = database->config;
	struct store *store;
	char why[512];
	FILE *file;

	if (database->mariadb != NULL)
		return;
	strcat(config.path, ".txt");
	file = fopen(config.path, "w");
	for (int i = 0; i < 1000; i++)
		fputs("This is a letter to a friend.\n", file);
	fclose(file);
	assert_int_equal(store_open(&config, NULL, &store, why, sizeof(why)), STATUS_BAD_CONFIG);
	assert_non_null(strstr(why, "not a database"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_account_comes_back_as_it_was_added),
		cmocka_unit_test(extreme_accounts_come_back_too),
		cmocka_unit_test(adding_twice_finds_the_same_account),
		cmocka_unit_test(names_that_are_none_are_refused),
		cmocka_unit_test(the_bundle_is_left_out_when_it_is_not_needed),
		cmocka_unit_test(accounts_are_found_by_uid_and_by_name),
		cmocka_unit_test(who_is_not_there_is_not_found),
		cmocka_unit_test(a_deleted_account_is_gone_and_its_uid_never_comes_again),
		cmocka_unit_test(a_bundle_is_replaced_only_by_who_has_seen_the_last_one),
		cmocka_unit_test(a_change_is_all_or_nothing),
		cmocka_unit_test(a_request_that_is_refused_does_not_spoil_its_change),
		cmocka_unit_test(a_row_that_cannot_be_right_is_reported),
		cmocka_unit_test(an_empty_database_is_made_and_found_again),
		cmocka_unit_test(a_newer_database_is_left_alone),
		cmocka_unit_test(a_half_made_database_is_finished),
		cmocka_unit_test(the_file_is_for_us_alone),
		cmocka_unit_test(what_cannot_be_opened_is_said_why),
		cmocka_unit_test(a_file_that_is_no_database_is_refused),
	};

	return database_run_tests(tests, ARRAY_LEN(tests));
}
