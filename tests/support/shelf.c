/* SPDX-License-Identifier: ISC */
#include "tests/support/shelf.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/support/tmpdir.h"

int
shelf_set_up(void **state)
{
	struct shelf *shelf = calloc(1, sizeof(*shelf));

	shelf->folder = tmpdir_new();
	shelf->path = tmpdir_path(shelf->folder, "a.history");
	*state = shelf;
	return 0;
}

int
shelf_tear_down(void **state)
{
	struct shelf *shelf = *state;

	history_page_clear(&shelf->page);
	history_store_close(shelf->store);
	free(shelf->path);
	tmpdir_free(shelf->folder);
	free(shelf);
	return 0;
}

void
shelf_open(struct shelf *shelf)
{
	history_store_close(shelf->store);
	shelf->store = NULL;
	if (history_store_open(shelf->path, &shelf->store, shelf->why) != STATUS_OK)
		fail_msg("%s", shelf->why);
}

struct history_message
shelf_message(uint64_t peer, enum history_author author, uint64_t sequence, const char *text)
{
	return (struct history_message){ .peer = peer,
		.key = { author, UINT64_MAX - 7, sequence },
		.time_s = NOON + sequence,
		.text = bytes_of_string(text) };
}

void
shelf_put(struct shelf *shelf, uint64_t peer, enum history_author author, uint64_t sequence,
    const char *text)
{
	struct history_message message = shelf_message(peer, author, sequence, text);

	assert_int_equal(history_store_begin(shelf->store), STATUS_OK);
	assert_int_equal(history_store_put(shelf->store, &message), STATUS_OK);
	assert_int_equal(history_store_commit(shelf->store), STATUS_OK);
}

void
shelf_put_many(struct shelf *shelf, uint64_t peer, unsigned first, unsigned last)
{
	char text[32];

	assert_int_equal(history_store_begin(shelf->store), STATUS_OK);
	for (unsigned i = first; i <= last; i++) {
		struct history_message message;

		snprintf(text, sizeof(text), "line %u", i);
		message = shelf_message(peer, HISTORY_THEIRS, i, text);
		assert_int_equal(history_store_put(shelf->store, &message), STATUS_OK);
	}
	assert_int_equal(history_store_commit(shelf->store), STATUS_OK);
}

void
shelf_load(struct shelf *shelf, uint64_t peer, enum history_direction direction,
    const struct history_key *from, size_t count)
{
	history_page_clear(&shelf->page);
	assert_int_equal(
	    history_store_page(shelf->store, peer, direction, from, count, &shelf->page),
	    STATUS_OK);
}

void
shelf_expect(const struct shelf *shelf, size_t at, const char *text)
{
	assert_in_range(at + 1, 1, shelf->page.count);
	assert_string_equal(shelf->page.messages[at].text.data, text);
}

void
shelf_expect_mode(const char *folder, const char *name)
{
	char *path = tmpdir_path(folder, name);
	struct stat stat_of;

	assert_int_equal(stat(path, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 07777, 0600);
	free(path);
}

void
shelf_limit_files(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	signal(SIGXFSZ, SIG_IGN);
}
