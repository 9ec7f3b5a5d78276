/* SPDX-License-Identifier: ISC */
/*
 * What is kept of conversations: once each, in order, found again; and files that cannot be used.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
#include "client-tui/history/history_store.h"
#include "shared/compiler.h"
#include "tests/support/tmpdir.h"

enum { BOB = 11, CAROL = 12, NOON = 1700000000 };

struct scene {
	char *folder, *path;
	struct history_store *store;
	struct history_page page;
	char why[HISTORY_WHY_ROOM];
};

static int
set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	scene->folder = tmpdir_new();
	scene->path = tmpdir_path(scene->folder, "a.history");
	*state = scene;
	return 0;
}

static int
tear_down(void **state)
{
	struct scene *scene = *state;

	history_page_clear(&scene->page);
	history_store_close(scene->store);
	free(scene->path);
	tmpdir_free(scene->folder);
	free(scene);
	return 0;
}

static void
open_store(struct scene *scene)
{
	history_store_close(scene->store);
	scene->store = NULL;
	if (history_store_open(scene->path, &scene->store, scene->why) != STATUS_OK)
		fail_msg("%s", scene->why);
}

static struct history_message
message_of(uint64_t peer, enum history_author author, uint64_t sequence, const char *text)
{
	return (struct history_message){ .peer = peer,
		.key = { author, UINT64_MAX - 7, sequence },
		.time_s = NOON + sequence,
		.text = bytes_of_string(text) };
}

static void
put(struct scene *scene, uint64_t peer, enum history_author author, uint64_t sequence,
    const char *text)
{
	struct history_message message = message_of(peer, author, sequence, text);

	assert_int_equal(history_store_begin(scene->store), STATUS_OK);
	assert_int_equal(history_store_put(scene->store, &message), STATUS_OK);
	assert_int_equal(history_store_commit(scene->store), STATUS_OK);
}

/* Messages from a number to another, in one transaction. */
static void
put_many(struct scene *scene, uint64_t peer, unsigned first, unsigned last)
{
	char text[32];

	assert_int_equal(history_store_begin(scene->store), STATUS_OK);
	for (unsigned i = first; i <= last; i++) {
		struct history_message message = message_of(peer, HISTORY_THEIRS, i, text);

		snprintf(text, sizeof(text), "line %u", i);
		message.text = bytes_of_string(text);
		assert_int_equal(history_store_put(scene->store, &message), STATUS_OK);
	}
	assert_int_equal(history_store_commit(scene->store), STATUS_OK);
}

static void
load(struct scene *scene, uint64_t peer, enum history_direction direction,
    const struct history_key *from, size_t count)
{
	history_page_clear(&scene->page);
	assert_int_equal(
	    history_store_page(scene->store, peer, direction, from, count, &scene->page),
	    STATUS_OK);
}

static void
expect_text(const struct scene *scene, size_t at, const char *text)
{
	assert_in_range(at + 1, 1, scene->page.count);
	assert_string_equal(scene->page.messages[at].text.data, text);
}

/* --- messages ------------------------------------------------------------------------------- */

static void
test_message_comes_back_as_it_was(void **state)
{
	struct scene *scene = *state;
	const struct history_message *found;

	open_store(scene);
	put(scene, BOB, HISTORY_MINE, 5, "hello\nagain \xf0\x9f\x91\x8d");
	open_store(scene);
	load(scene, BOB, HISTORY_BEFORE, NULL, 10);
	assert_int_equal(scene->page.count, 1);
	assert_false(scene->page.has_more);
	found = &scene->page.messages[0];
	assert_int_equal(found->peer, BOB);
	assert_int_equal(found->key.author, HISTORY_MINE);
	assert_true(found->key.epoch == UINT64_MAX - 7);
	assert_int_equal(found->key.sequence, 5);
	assert_int_equal(found->time_s, NOON + 5);
	assert_int_equal(found->state, HISTORY_QUEUED);
	expect_text(scene, 0, "hello\nagain \xf0\x9f\x91\x8d");
}

static void
test_same_key_is_kept_once_but_each_author_has_its_own(void **state)
{
	struct scene *scene = *state;

	open_store(scene);
	put(scene, BOB, HISTORY_THEIRS, 1, "one");
	put(scene, BOB, HISTORY_THEIRS, 1, "one, with another text");
	put(scene, BOB, HISTORY_MINE, 1, "mine");
	put(scene, CAROL, HISTORY_THEIRS, 1, "carol's");
	load(scene, BOB, HISTORY_BEFORE, NULL, 10);
	assert_int_equal(scene->page.count, 2);
	expect_text(scene, 0, "one");
	expect_text(scene, 1, "mine");
}

static void
test_order_is_that_of_keeping_whatever_the_clock_says(void **state)
{
	struct scene *scene = *state;

	open_store(scene);
	put(scene, BOB, HISTORY_THEIRS, 9000, "first");
	put(scene, BOB, HISTORY_THEIRS, 1, "second");
	load(scene, BOB, HISTORY_BEFORE, NULL, 10);
	expect_text(scene, 0, "first");
	expect_text(scene, 1, "second");
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
	struct scene *scene = *state;
	struct history_key key = { HISTORY_MINE, UINT64_MAX - 7, 1 };

	open_store(scene);
	put(scene, BOB, HISTORY_MINE, 1, "text");
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		assert_int_equal(
		    history_store_set_state(scene->store, BOB, key, steps[i].next), STATUS_OK);
		load(scene, BOB, HISTORY_BEFORE, NULL, 1);
		assert_int_equal(scene->page.messages[0].state, steps[i].then);
	}
}

static void
test_pages_go_both_ways_without_gap_or_twin(void **state)
{
	struct scene *scene = *state;
	struct history_key from;
	unsigned expected = 100;
	char text[32];

	open_store(scene);
	for (unsigned i = 1; i <= 100; i += 10) {
		put_many(scene, BOB, i, i + 9);
		put_many(scene, CAROL, i, i + 9);
	}
	load(scene, BOB, HISTORY_BEFORE, NULL, 30);
	while (scene->page.count > 0) {
		for (size_t i = scene->page.count; i > 0; i--) {
			snprintf(text, sizeof(text), "line %u", expected--);
			expect_text(scene, i - 1, text);
		}
		assert_int_equal(scene->page.has_more, expected > 0);
		from = scene->page.messages[0].key;
		load(scene, BOB, HISTORY_BEFORE, &from, 30);
	}
	assert_int_equal(expected, 0);

	load(scene, BOB, HISTORY_BEHIND, &from, 30);
	assert_int_equal(scene->page.count, 30);
	assert_true(scene->page.has_more);
	expect_text(scene, 0, "line 2");
	expect_text(scene, 29, "line 31");
	load(scene, BOB, HISTORY_BEHIND, NULL, 1);
	expect_text(scene, 0, "line 1");
}

static void
test_page_from_a_message_that_is_not_there(void **state)
{
	struct scene *scene = *state;
	struct history_key from = { HISTORY_MINE, 1, 1 };

	open_store(scene);
	put(scene, BOB, HISTORY_THEIRS, 1, "one");
	assert_int_equal(
	    history_store_page(scene->store, BOB, HISTORY_BEFORE, &from, 5, &scene->page),
	    STATUS_NOT_FOUND);
}

static void
test_conversations_newest_first_with_unread(void **state)
{
	struct scene *scene = *state;
	struct history_list list = { .count = 0 };

	open_store(scene);
	put_many(scene, BOB, 1, 3);
	assert_int_equal(history_store_mark_read(scene->store, BOB), STATUS_OK);
	put(scene, BOB, HISTORY_THEIRS, 4, "four");
	put(scene, BOB, HISTORY_MINE, 1, "mine");
	put_many(scene, CAROL, 1, 2);
	assert_int_equal(
	    history_store_set_name(scene->store, BOB, bytes_of_string("bob")), STATUS_OK);
	assert_int_equal(
	    history_store_set_name(scene->store, BOB, bytes_of_string("robert")), STATUS_OK);
	/* A name alone is no conversation. */
	assert_int_equal(
	    history_store_set_name(scene->store, 13, bytes_of_string("dave")), STATUS_OK);

	assert_int_equal(history_store_conversations(scene->store, &list), STATUS_OK);
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
	struct scene *scene = *state;
	struct history_message message = message_of(BOB, HISTORY_THEIRS, 1, "gone");

	open_store(scene);
	assert_int_equal(history_store_begin(scene->store), STATUS_OK);
	assert_int_equal(history_store_put(scene->store, &message), STATUS_OK);
	history_store_roll_back(scene->store);
	put(scene, CAROL, HISTORY_THEIRS, 1, "stays");
	load(scene, BOB, HISTORY_BEFORE, NULL, 5);
	assert_int_equal(scene->page.count, 0);
	history_page_clear(&scene->page);
	assert_int_equal(
	    history_store_search(scene->store, bytes_of_string("gone"), 0, 0, 5, &scene->page),
	    STATUS_OK);
	assert_int_equal(scene->page.count, 0);
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
	struct scene *scene = *state;

	open_store(scene);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		put(scene, i % 2 == 0 ? BOB : CAROL, HISTORY_THEIRS, i, texts[i]);
	for (size_t i = 0; i < ARRAY_LEN(searches); i++) {
		history_page_clear(&scene->page);
		assert_int_equal(history_store_search(scene->store,
				     bytes_of_string(searches[i].words), 0, 0, 10, &scene->page),
		    STATUS_OK);
		if (scene->page.count != (searches[i].found >= 0))
			fail_msg("%s: found %zu times", searches[i].words, scene->page.count);
		if (searches[i].found >= 0)
			expect_text(scene, 0, texts[searches[i].found]);
	}
}

static void
test_search_goes_on_where_it_was_and_stays_with_a_peer(void **state)
{
	struct scene *scene = *state;

	open_store(scene);
	for (unsigned i = 1; i <= 10; i++) {
		put_many(scene, BOB, i, i);
		put_many(scene, CAROL, i, i);
	}
	assert_int_equal(
	    history_store_search(scene->store, bytes_of_string("line"), BOB, 0, 4, &scene->page),
	    STATUS_OK);
	assert_int_equal(scene->page.count, 4);
	assert_true(scene->page.has_more);
	expect_text(scene, 0, "line 7");
	expect_text(scene, 3, "line 10");
	assert_int_equal(scene->page.messages[0].peer, BOB);

	uint64_t before = scene->page.messages[0].place;

	history_page_clear(&scene->page);
	assert_int_equal(history_store_search(
			     scene->store, bytes_of_string("line"), BOB, before, 6, &scene->page),
	    STATUS_OK);
	assert_int_equal(scene->page.count, 6);
	assert_false(scene->page.has_more);
	expect_text(scene, 5, "line 6");
}

static void
test_nothing_to_search_for(void **state)
{
	static const char *const words[] = { "", "   ", "\"", "\"\" *", "-- !" };
	struct scene *scene = *state;

	open_store(scene);
	put(scene, BOB, HISTORY_THEIRS, 1, "text");
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		assert_int_equal(history_store_search(scene->store, bytes_of_string(words[i]), 0, 0,
				     10, &scene->page),
		    STATUS_TOO_SHORT);
}

/* Whatever is typed is words, and no language of its own. */
static void
test_any_bytes_can_be_searched_for(void **state)
{
	static const char *const parts[] = { "\"", "*", "(", ")", "^", ":", "-", "+", "{", "}", " ",
		"NEAR", "AND", "NOT", "OR", "text", "a", "雨", "\xcc\x81", "\xff", "\xe9\x9b", "'", ";" };
	struct scene *scene = *state;

	open_store(scene);
	put(scene, BOB, HISTORY_THEIRS, 1, "a text of 雨");
	srandom(1);
	for (int i = 0; i < 2000; i++) {
		char words[64] = "";
		enum status status;

		for (long j = random() % 10; j >= 0; j--)
			strcat(words, parts[(size_t)random() % ARRAY_LEN(parts)]);
		history_page_clear(&scene->page);
		status = history_store_search(
		    scene->store, bytes_of_string(words), BOB, 0, 10, &scene->page);
		if (status != STATUS_OK && status != STATUS_TOO_SHORT)
			fail_msg("%s: %s", words, history_store_why(scene->store));
	}
}

/* --- files ---------------------------------------------------------------------------------- */

static void
expect_mode(const char *folder, const char *name)
{
	char *path = tmpdir_path(folder, name);
	struct stat stat_of;

	assert_int_equal(stat(path, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 07777, 0600);
	free(path);
}

static void
test_files_are_for_the_owner_alone(void **state)
{
	struct scene *scene = *state;

	tmpdir_write(scene->folder, "a.history", "");
	assert_int_equal(chmod(scene->path, 0644), 0);
	open_store(scene);
	put(scene, BOB, HISTORY_THEIRS, 1, "one");
	expect_mode(scene->folder, "a.history");
	expect_mode(scene->folder, "a.history-wal");
}

static void
expect_refused(struct scene *scene, enum status status, const char *word)
{
	assert_int_equal(history_store_open(scene->path, &scene->store, scene->why), status);
	assert_null(scene->store);
	assert_non_null(strstr(scene->why, scene->path));
	if (strstr(scene->why, word) == NULL)
		fail_msg("no \"%s\" in: %s", word, scene->why);
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
expect_refused_untouched(struct scene *scene, enum status status, const char *word)
{
	size_t before_len, after_len;
	char *before = read_all(scene->path, &before_len), *after;

	expect_refused(scene, status, word);
	after = read_all(scene->path, &after_len);
	assert_int_equal(before_len, after_len);
	assert_memory_equal(before, after, before_len);
	free(before);
	free(after);
}

static void
test_file_from_the_future_is_left_alone(void **state)
{
	struct scene *scene = *state;

	open_store(scene);
	put(scene, BOB, HISTORY_THEIRS, 1, "one");
	history_store_close(scene->store);
	scene->store = NULL;
	write_head(scene->path, 60, 1000);
	expect_refused_untouched(scene, STATUS_STORE_NEWER, "newer version of tingyu");
}

static void
test_database_of_another_program_is_left_alone(void **state)
{
	struct scene *scene = *state;

	open_store(scene);
	history_store_close(scene->store);
	scene->store = NULL;
	write_head(scene->path, 68, 12345);
	expect_refused_untouched(scene, STATUS_BAD_VALUE, "another program");
	write_head(scene->path, 60, 0);
	expect_refused_untouched(scene, STATUS_BAD_VALUE, "another program");
}

static void
test_damaged_file_is_left_alone(void **state)
{
	struct scene *scene = *state;
	char garbage[4097];

	memset(garbage, 'x', sizeof(garbage) - 1);
	garbage[sizeof(garbage) - 1] = '\0';
	tmpdir_write(scene->folder, "a.history", garbage);
	expect_refused_untouched(scene, STATUS_BAD_VALUE, "damaged");
}

static void
test_damage_inside_is_said_when_it_is_met(void **state)
{
	struct scene *scene = *state;
	struct history_message message = message_of(BOB, HISTORY_THEIRS, 100000, "more");
	struct stat stat_of;
	enum status status;

	open_store(scene);
	put_many(scene, BOB, 1, 2000);
	history_store_close(scene->store);
	scene->store = NULL;
	/* Every page behind the first. */
	assert_int_equal(stat(scene->path, &stat_of), 0);
	for (off_t at = 4096; at < stat_of.st_size; at += 4)
		write_head(scene->path, at, 0xfeedbeef);
	open_store(scene);
	status = history_store_begin(scene->store);
	if (status == STATUS_OK)
		status = history_store_put(scene->store, &message);
	assert_int_equal(status, STATUS_BAD_VALUE);
	assert_non_null(strstr(history_store_why(scene->store), "damaged"));
	history_store_roll_back(scene->store);
}

static void
test_place_that_cannot_be_written(void **state)
{
	struct scene *scene = *state;

	/* A link is not followed, also where one may do everything. */
	assert_int_equal(symlink("/dev/null", scene->path), 0);
	expect_refused(scene, STATUS_NOT_ALLOWED, "cannot be written");
	unlink(scene->path);
	assert_int_equal(mkdir(scene->path, 0700), 0);
	expect_refused(scene, STATUS_NOT_ALLOWED, "cannot be written");
	rmdir(scene->path);
	free(scene->path);
	scene->path = tmpdir_path(scene->folder, "nowhere/a.history");
	expect_refused(scene, STATUS_NOT_ALLOWED, "cannot be written");
	if (geteuid() == 0)
		return;
	free(scene->path);
	scene->path = tmpdir_path(scene->folder, "a.history");
	assert_int_equal(chmod(scene->folder, 0500), 0);
	expect_refused(scene, STATUS_NOT_ALLOWED, "cannot be written");
	assert_int_equal(chmod(scene->folder, 0700), 0);
}

/* As a full disk: files may not grow beyond this. */
static void
set_file_limit(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	signal(SIGXFSZ, SIG_IGN);
}

static void
test_full_disk_is_said_and_what_is_there_stays(void **state)
{
	struct scene *scene = *state;
	char large[16384];
	struct history_message message = message_of(BOB, HISTORY_THEIRS, 2, "");
	enum status status = STATUS_OK;

	memset(large, 'x', sizeof(large));
	message.text = bytes_of(large, sizeof(large));
	open_store(scene);
	put(scene, BOB, HISTORY_THEIRS, 1, "one");
	set_file_limit(1 << 18);
	while (status == STATUS_OK) {
		status = history_store_begin(scene->store);
		if (status == STATUS_OK)
			status = history_store_put(scene->store, &message);
		if (status == STATUS_OK)
			status = history_store_commit(scene->store);
		message.key.sequence++;
	}
	assert_int_equal(status, STATUS_DISK_FULL);
	assert_non_null(strstr(history_store_why(scene->store), "disk is full"));
	history_store_roll_back(scene->store);
	load(scene, BOB, HISTORY_BEHIND, NULL, 1);
	expect_text(scene, 0, "one");
	set_file_limit(RLIM_INFINITY);
	put(scene, BOB, HISTORY_THEIRS, 9999, "there is room again");
}

/* --- export --------------------------------------------------------------------------------- */

static char *
export_to(struct scene *scene, uint64_t peer, enum history_format format, const char *name)
{
	char *path = tmpdir_path(scene->folder, name);
	struct history_export wish = {
		.peer = peer, .format = format, .path = path, .me = "alice"
	};
	uint64_t messages;

	assert_int_equal(history_export_run(&wish, scene->store, &messages, scene->why), STATUS_OK);
	assert_int_equal(messages, peer != 0 ? 2 : 3);
	expect_mode(scene->folder, name);
	free(path);
	return tmpdir_read(scene->folder, name);
}

static void
prepare_export(struct scene *scene)
{
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	open_store(scene);
	assert_int_equal(
	    history_store_set_name(scene->store, BOB, bytes_of_string("bob")), STATUS_OK);
	put(scene, BOB, HISTORY_THEIRS, 1, "two\nlines\t\"quoted\" \\ 你好");
	put(scene, CAROL, HISTORY_THEIRS, 1, "bad \x1b[31m bytes \xff");
	put(scene, BOB, HISTORY_MINE, 86400, "mine");
}

static void
test_export_as_text(void **state)
{
	struct scene *scene = *state;
	char *text;

	prepare_export(scene);
	text = export_to(scene, BOB, HISTORY_TEXT, "bob.txt");
	assert_string_equal(text,
	    "=== bob (11) ===\n"
	    "\n--- 2023-11-14 ---\n"
	    "22:13  bob: two\n       lines\\x09\"quoted\" \\ 你好\n"
	    "\n--- 2023-11-15 ---\n"
	    "22:13  alice: mine [queued]\n");
	free(text);
	text = export_to(scene, 0, HISTORY_TEXT, "all.txt");
	assert_non_null(strstr(text,
	    "\n\n=== 12 (12) ===\n\n--- 2023-11-14 ---\n22:13  12: bad \\x1b[31m bytes \\xff\n"));
	free(text);
}

static void
test_export_as_json(void **state)
{
	struct scene *scene = *state;
	char *text;

	prepare_export(scene);
	text = export_to(scene, 0, HISTORY_JSON, "all.json");
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
	struct scene *scene = *state;
	char *path = tmpdir_path(scene->folder, "old"), *text;
	struct history_export wish = { .peer = BOB, .path = path, .me = "alice" };
	uint64_t messages;

	prepare_export(scene);
	tmpdir_write(scene->folder, "old", "precious");
	assert_int_equal(
	    history_export_run(&wish, scene->store, &messages, scene->why), STATUS_ALREADY_THERE);
	assert_non_null(strstr(scene->why, path));
	text = tmpdir_read(scene->folder, "old");
	assert_string_equal(text, "precious");
	free(text);
	free(path);
}

static void
test_export_onto_a_full_disk_leaves_nothing_half(void **state)
{
	struct scene *scene = *state;
	char *path = tmpdir_path(scene->folder, "new");
	struct history_export wish = { .peer = BOB, .path = path, .me = "alice" };
	uint64_t messages;

	prepare_export(scene);
	set_file_limit(10);
	assert_int_equal(
	    history_export_run(&wish, scene->store, &messages, scene->why), status_of_errno(EFBIG));
	set_file_limit(RLIM_INFINITY);
	assert_non_null(strstr(scene->why, path));
	assert_int_equal(access(path, F_OK), -1);
	free(path);
}

#define ON_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SCENE(test_message_comes_back_as_it_was),
		ON_SCENE(test_same_key_is_kept_once_but_each_author_has_its_own),
		ON_SCENE(test_order_is_that_of_keeping_whatever_the_clock_says),
		ON_SCENE(test_states_only_go_forward),
		ON_SCENE(test_pages_go_both_ways_without_gap_or_twin),
		ON_SCENE(test_page_from_a_message_that_is_not_there),
		ON_SCENE(test_conversations_newest_first_with_unread),
		ON_SCENE(test_rolled_back_is_as_if_it_never_was),
		ON_SCENE(test_words_of_any_language_are_found),
		ON_SCENE(test_search_goes_on_where_it_was_and_stays_with_a_peer),
		ON_SCENE(test_nothing_to_search_for),
		ON_SCENE(test_any_bytes_can_be_searched_for),
		ON_SCENE(test_files_are_for_the_owner_alone),
		ON_SCENE(test_file_from_the_future_is_left_alone),
		ON_SCENE(test_database_of_another_program_is_left_alone),
		ON_SCENE(test_damaged_file_is_left_alone),
		ON_SCENE(test_damage_inside_is_said_when_it_is_met),
		ON_SCENE(test_place_that_cannot_be_written),
		ON_SCENE(test_full_disk_is_said_and_what_is_there_stays),
		ON_SCENE(test_export_as_text),
		ON_SCENE(test_export_as_json),
		ON_SCENE(test_export_never_writes_over_a_file),
		ON_SCENE(test_export_onto_a_full_disk_leaves_nothing_half),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
