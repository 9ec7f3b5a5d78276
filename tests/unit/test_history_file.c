/* SPDX-License-Identifier: ISC */
/* The files of histories: private, damaged, full or of others; and those that export writes. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "client-tui/history/history_export.h"
#include "tests/support/shelf.h"
#include "tests/support/tmpdir.h"

/* --- files ---------------------------------------------------------------------------------- */

static void
test_files_are_for_the_owner_alone(void **state)
{
	struct shelf *shelf = *state;

	tmpdir_write(shelf->folder, "a.history", "");
	assert_int_equal(chmod(shelf->path, 0644), 0);
	shelf_open(shelf);
	shelf_put(shelf, BOB, HISTORY_THEIRS, 1, "one");
	shelf_expect_mode(shelf->folder, "a.history");
	shelf_expect_mode(shelf->folder, "a.history-wal");
}

static void
expect_refused(struct shelf *shelf, enum status status, const char *word)
{
	assert_int_equal(history_store_open(shelf->path, &shelf->store, shelf->why), status);
	assert_null(shelf->store);
	assert_non_null(strstr(shelf->why, shelf->path));
	if (strstr(shelf->why, word) == NULL)
		fail_msg("no \"%s\" in: %s", word, shelf->why);
}

/* A number in the head of the file (https://www.sqlite.org/fileformat.html#the_database_header). */
static void
write_head(const char *path, off_t at, uint32_t number)
{
	uint8_t bytes[4] = { (uint8_t)(number >> 24), (uint8_t)(number >> 16),
		(uint8_t)(number >> 8), (uint8_t)number };
	int fd = open(path, O_WRONLY);

	assert_int_equal(pwrite(fd, bytes, sizeof(bytes), at), sizeof(bytes));
	close(fd);
}

static char *
read_all(const char *path, size_t *len)
{
	FILE *file = fopen(path, "r");
	char *data = calloc(1, 1 << 20);

	*len = fread(data, 1, 1 << 20, file);
	fclose(file);
	return data;
}

/* Whatever is wrong with a file: it stays as it was. */
static void
expect_refused_untouched(struct shelf *shelf, enum status status, const char *word)
{
	size_t before_len, after_len;
	char *before = read_all(shelf->path, &before_len), *after;

	expect_refused(shelf, status, word);
	after = read_all(shelf->path, &after_len);
	assert_int_equal(before_len, after_len);
	assert_memory_equal(before, after, before_len);
	free(before);
	free(after);
}

static void
test_file_from_the_future_is_left_alone(void **state)
{
	struct shelf *shelf = *state;

	shelf_open(shelf);
	shelf_put(shelf, BOB, HISTORY_THEIRS, 1, "one");
	history_store_close(shelf->store);
	shelf->store = NULL;
	write_head(shelf->path, 60, 1000);
	expect_refused_untouched(shelf, STATUS_STORE_NEWER, "newer version of tingyu");
}

static void
test_database_of_another_program_is_left_alone(void **state)
{
	struct shelf *shelf = *state;

	shelf_open(shelf);
	history_store_close(shelf->store);
	shelf->store = NULL;
	write_head(shelf->path, 68, 12345);
	expect_refused_untouched(shelf, STATUS_BAD_VALUE, "another program");
	write_head(shelf->path, 60, 0);
	expect_refused_untouched(shelf, STATUS_BAD_VALUE, "another program");
}

static void
test_damaged_file_is_left_alone(void **state)
{
	struct shelf *shelf = *state;
	char garbage[4097];

	memset(garbage, 'x', sizeof(garbage) - 1);
	garbage[sizeof(garbage) - 1] = '\0';
	tmpdir_write(shelf->folder, "a.history", garbage);
	expect_refused_untouched(shelf, STATUS_BAD_VALUE, "damaged");
}

static void
test_damage_inside_is_said_when_it_is_met(void **state)
{
	struct shelf *shelf = *state;
	struct history_message message = shelf_message(BOB, HISTORY_THEIRS, 100000, "more");
	struct stat stat_of;
	enum status status;

	shelf_open(shelf);
	shelf_put_many(shelf, BOB, 1, 2000);
	history_store_close(shelf->store);
	shelf->store = NULL;
	/* Every page behind the first. */
	assert_int_equal(stat(shelf->path, &stat_of), 0);
	for (off_t at = 4096; at < stat_of.st_size; at += 4)
		write_head(shelf->path, at, 0xfeedbeef);
	shelf_open(shelf);
	status = history_store_begin(shelf->store);
	if (status == STATUS_OK)
		status = history_store_put(shelf->store, &message);
	assert_int_equal(status, STATUS_BAD_VALUE);
	assert_non_null(strstr(history_store_why(shelf->store), "damaged"));
	history_store_roll_back(shelf->store);
}

static void
test_place_that_cannot_be_written(void **state)
{
	struct shelf *shelf = *state;

	/* A link is not followed, also where one may do everything. */
	assert_int_equal(symlink("/dev/null", shelf->path), 0);
	expect_refused(shelf, STATUS_NOT_ALLOWED, "cannot be written");
	unlink(shelf->path);
	assert_int_equal(mkdir(shelf->path, 0700), 0);
	expect_refused(shelf, STATUS_NOT_ALLOWED, "cannot be written");
	rmdir(shelf->path);
	free(shelf->path);
	shelf->path = tmpdir_path(shelf->folder, "nowhere/a.history");
	expect_refused(shelf, STATUS_NOT_ALLOWED, "cannot be written");
	if (geteuid() == 0)
		return;
	free(shelf->path);
	shelf->path = tmpdir_path(shelf->folder, "a.history");
	assert_int_equal(chmod(shelf->folder, 0500), 0);
	expect_refused(shelf, STATUS_NOT_ALLOWED, "cannot be written");
	assert_int_equal(chmod(shelf->folder, 0700), 0);
}

static void
test_full_disk_is_said_and_what_is_there_stays(void **state)
{
	struct shelf *shelf = *state;
	char large[16384];
	struct history_message message = shelf_message(BOB, HISTORY_THEIRS, 2, "");
	enum status status = STATUS_OK;

	memset(large, 'x', sizeof(large));
	message.text = bytes_of(large, sizeof(large));
	shelf_open(shelf);
	shelf_put(shelf, BOB, HISTORY_THEIRS, 1, "one");
	shelf_limit_files(1 << 18);
	while (status == STATUS_OK) {
		status = history_store_begin(shelf->store);
		if (status == STATUS_OK)
			status = history_store_put(shelf->store, &message);
		if (status == STATUS_OK)
			status = history_store_commit(shelf->store);
		message.key.sequence++;
	}
	assert_int_equal(status, STATUS_DISK_FULL);
	assert_non_null(strstr(history_store_why(shelf->store), "disk is full"));
	history_store_roll_back(shelf->store);
	shelf_load(shelf, BOB, HISTORY_BEHIND, NULL, 1);
	shelf_expect(shelf, 0, "one");
	shelf_limit_files(RLIM_INFINITY);
	shelf_put(shelf, BOB, HISTORY_THEIRS, 9999, "there is room again");
}

/* --- export --------------------------------------------------------------------------------- */

static char *
export_to(struct shelf *shelf, uint64_t peer, enum history_format format, const char *name)
{
	char *path = tmpdir_path(shelf->folder, name);
	struct history_export wish = {
		.peer = peer, .format = format, .path = path, .me = "alice"
	};
	uint64_t messages;

	assert_int_equal(history_export_run(&wish, shelf->store, &messages, shelf->why), STATUS_OK);
	assert_int_equal(messages, peer != 0 ? 2 : 3);
	shelf_expect_mode(shelf->folder, name);
	free(path);
	return tmpdir_read(shelf->folder, name);
}

static void
prepare_export(struct shelf *shelf)
{
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	shelf_open(shelf);
	assert_int_equal(
	    history_store_set_name(shelf->store, BOB, bytes_of_string("bob")), STATUS_OK);
	shelf_put(shelf, BOB, HISTORY_THEIRS, 1, "two\nlines\t\"quoted\" \\ 你好");
	shelf_put(shelf, CAROL, HISTORY_THEIRS, 1, "bad \x1b[31m bytes \xff");
	shelf_put(shelf, BOB, HISTORY_MINE, 86400, "mine");
}

static void
test_export_as_text(void **state)
{
	struct shelf *shelf = *state;
	char *text;

	prepare_export(shelf);
	text = export_to(shelf, BOB, HISTORY_TEXT, "bob.txt");
	assert_string_equal(text,
	    "=== bob (11) ===\n"
	    "\n--- 2023-11-14 ---\n"
	    "22:13  bob: two\n       lines\\x09\"quoted\" \\ 你好\n"
	    "\n--- 2023-11-15 ---\n"
	    "22:13  alice: mine [queued]\n");
	free(text);
	text = export_to(shelf, 0, HISTORY_TEXT, "all.txt");
	assert_non_null(strstr(text,
	    "\n\n=== 12 (12) ===\n\n--- 2023-11-14 ---\n22:13  12: bad \\x1b[31m bytes \\xff\n"));
	free(text);
}

static void
test_export_as_json(void **state)
{
	struct shelf *shelf = *state;
	char *text;

	prepare_export(shelf);
	text = export_to(shelf, 0, HISTORY_JSON, "all.json");
	assert_string_equal(text,
	    "[\n{\"uid\":11,\"with\":\"bob\",\"time\":\"2023-11-14T22:13:21+0000\",\"from\":"
	    "\"bob\",\"mine\":false,"
	    "\"text\":\"two\\nlines\\t\\\"quoted\\\" \\\\ 你好\"},"
	    "\n{\"uid\":11,\"with\":\"bob\",\"time\":\"2023-11-15T22:13:20+0000\",\"from\":"
	    "\"alice\",\"mine\":true,"
	    "\"state\":\"queued\",\"text\":\"mine\"},"
	    "\n{\"uid\":12,\"with\":\"12\",\"time\":\"2023-11-14T22:13:21+0000\",\"from\":\"12\","
	    "\"mine\":false,"
	    "\"text\":\"bad \\\\x1b[31m bytes \\\\xff\"}\n]\n");
	free(text);
}

static void
test_export_never_writes_over_a_file(void **state)
{
	struct shelf *shelf = *state;
	char *path = tmpdir_path(shelf->folder, "old"), *text;
	struct history_export wish = { .peer = BOB, .path = path, .me = "alice" };
	uint64_t messages;

	prepare_export(shelf);
	tmpdir_write(shelf->folder, "old", "precious");
	assert_int_equal(
	    history_export_run(&wish, shelf->store, &messages, shelf->why), STATUS_ALREADY_THERE);
	assert_non_null(strstr(shelf->why, path));
	text = tmpdir_read(shelf->folder, "old");
	assert_string_equal(text, "precious");
	free(text);
	free(path);
}

static void
test_export_onto_a_full_disk_leaves_nothing_half(void **state)
{
	struct shelf *shelf = *state;
	char *path = tmpdir_path(shelf->folder, "new");
	struct history_export wish = { .peer = BOB, .path = path, .me = "alice" };
	uint64_t messages;

	prepare_export(shelf);
	shelf_limit_files(10);
	assert_int_equal(
	    history_export_run(&wish, shelf->store, &messages, shelf->why), status_of_errno(EFBIG));
	shelf_limit_files(RLIM_INFINITY);
	assert_non_null(strstr(shelf->why, path));
	assert_int_equal(access(path, F_OK), -1);
	free(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SHELF(test_files_are_for_the_owner_alone),
		ON_SHELF(test_file_from_the_future_is_left_alone),
		ON_SHELF(test_database_of_another_program_is_left_alone),
		ON_SHELF(test_damaged_file_is_left_alone),
		ON_SHELF(test_damage_inside_is_said_when_it_is_met),
		ON_SHELF(test_place_that_cannot_be_written),
		ON_SHELF(test_full_disk_is_said_and_what_is_there_stays),
		ON_SHELF(test_export_as_text),
		ON_SHELF(test_export_as_json),
		ON_SHELF(test_export_never_writes_over_a_file),
		ON_SHELF(test_export_onto_a_full_disk_leaves_nothing_half),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
