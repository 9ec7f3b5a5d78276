/* SPDX-License-Identifier: ISC */
/* The file of accounts, and how swarms share them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "server/bench/accounts.h"
#include "server/bench/scoreboard.h"
#include "shared/compiler.h"
#include "tests/support/tmpdir.h"

static void
names_are_names(void **state UNUSED)
{
	char name[ACCOUNT_NAME_ROOM];

	account_name(0, name);
	assert_string_equal(name, "bench000001");
	account_name(9999998, name);
	assert_string_equal(name, "bench9999999");
}

static void
what_is_saved_comes_back(void **state UNUSED)
{
	struct account made[4], read[4] = { 0 };
	char *folder = tmpdir_new(), *path = tmpdir_path(folder, "accounts");
	struct stat info;
	size_t loaded;

	accounts_make(made, 4);
	made[0].uid = 7;
	made[2].uid = UINT64_MAX;
	made[3].uid = 9;
	assert_int_equal(accounts_save(path, made, 4), STATUS_OK);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_equal(accounts_load(path, read, 4, &loaded, NULL), STATUS_OK);
	assert_int_equal(loaded, 3);
	assert_memory_equal(&read[0], &made[0], sizeof(made[0]));
	assert_memory_equal(&read[1], &made[2], sizeof(made[0]));
	assert_memory_equal(&read[2], &made[3], sizeof(made[0]));
	assert_int_equal(read[3].uid, 0);
	free(path);
	tmpdir_free(folder);
}

static void
fewer_can_be_asked_for(void **state UNUSED)
{
	struct account made[3], read[2];
	char *folder = tmpdir_new(), *path = tmpdir_path(folder, "accounts");
	size_t loaded;

	accounts_make(made, 3);
	for (size_t i = 0; i < 3; i++)
		made[i].uid = i + 1;
	assert_int_equal(accounts_save(path, made, 3), STATUS_OK);
	assert_int_equal(accounts_load(path, read, 2, &loaded, NULL), STATUS_OK);
	assert_int_equal(loaded, 2);
	assert_int_equal(read[1].uid, 2);
	free(path);
	tmpdir_free(folder);
}

static void
no_file_has_no_accounts(void **state UNUSED)
{
	struct account read[1];
	size_t loaded = 5;

	assert_int_equal(accounts_load("/nowhere/at all", read, 1, &loaded, NULL), STATUS_OK);
	assert_int_equal(loaded, 0);
}

static void
wrong_files_are_named_by_line(void **state UNUSED)
{
#define KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEADLINE "tingyu-bench accounts 1\n"
	static const struct {
		const char *text;
		size_t line;
	} wrong[] = {
		{ "", 1 },
		{ "something else\n", 1 },
		{ HEADLINE "1 " KEY " " KEY "\n0 " KEY " " KEY "\n", 3 },
		{ HEADLINE "x " KEY " " KEY "\n", 2 },
		{ HEADLINE "1 " KEY " " KEY "00\n", 2 },
		{ HEADLINE "1 " KEY "\n", 2 },
		{ HEADLINE "\n", 2 },
	};
	char *folder = tmpdir_new(), *path = tmpdir_path(folder, "accounts");
	struct account read[4];
	size_t loaded, line;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		tmpdir_write(folder, "accounts", wrong[i].text);
		assert_int_equal(accounts_load(path, read, 4, &loaded, &line), STATUS_BAD_VALUE);
		assert_int_equal(line, wrong[i].line);
	}
	free(path);
	tmpdir_free(folder);
}

static void
made_keys_differ(void **state UNUSED)
{
	struct account made[2];

	accounts_make(made, 2);
	assert_memory_not_equal(made[0].seed, made[1].seed, ACCOUNT_KEY_SIZE);
	assert_memory_not_equal(made[0].seed, made[0].secret, ACCOUNT_KEY_SIZE);
	assert_int_equal(made[0].uid, 0);
}

static void
shares_cover_everybody_once(void **state UNUSED)
{
	struct scoreboard board;
	uint32_t next = 0;

	scoreboard_open(&board, 7, 1000);
	for (uint32_t row = 0; row < 7; row++) {
		uint32_t first, count = scoreboard_share(&board, row, &first);

		assert_int_equal(first, next);
		assert_in_range(count, 142, 143);
		next = first + count;
	}
	assert_int_equal(next, 1000);
	scoreboard_close(&board);
}

static void
a_phase_forgets_but_what_stands(void **state UNUSED)
{
	struct scoreboard board;

	scoreboard_open(&board, 2, 10);
	scoreboard_count(&board.rows[0], TALLY_ONLINE, 5);
	scoreboard_count(&board.rows[1], TALLY_ONLINE, 5);
	scoreboard_count(&board.rows[1], TALLY_ONLINE, -2);
	scoreboard_count(&board.rows[1], TALLY_LOST, 1);
	scoreboard_reason(&board.rows[0], STATUS_RESET);
	scoreboard_reason(&board.rows[0], 60000);
	assert_int_equal(scoreboard_sum(&board, TALLY_ONLINE), 8);
	assert_int_equal(scoreboard_sum(&board, TALLY_LOST), 1);
	assert_int_equal(scoreboard_sum_reasons(&board, STATUS_RESET), 1);
	scoreboard_begin(&board.rows[0]);
	scoreboard_begin(&board.rows[1]);
	assert_int_equal(scoreboard_sum(&board, TALLY_ONLINE), 8);
	assert_int_equal(scoreboard_sum(&board, TALLY_LOST), 0);
	assert_int_equal(scoreboard_sum_reasons(&board, STATUS_RESET), 0);
	scoreboard_close(&board);
}

static void
a_phase_lasts_from_the_first_to_the_last(void **state UNUSED)
{
	struct histogram arrivals, absences;
	struct scoreboard board;

	scoreboard_open(&board, 3, 10);
	assert_true(scoreboard_seconds(&board) == 0);
	board.rows[0].first_us = 5000000;
	board.rows[0].last_us = 6000000;
	board.rows[2].first_us = 4500000;
	board.rows[2].last_us = 5500000;
	assert_true(scoreboard_seconds(&board) == 1.5);
	histogram_record(&board.rows[0].arrivals, 3);
	histogram_record(&board.rows[2].arrivals, 9);
	histogram_record(&board.rows[1].absences, 7);
	scoreboard_merge_times(&board, &arrivals, &absences);
	assert_int_equal(arrivals.count, 2);
	assert_int_equal(arrivals.max, 9);
	assert_int_equal(absences.max, 7);
	scoreboard_close(&board);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_names),
		cmocka_unit_test(what_is_saved_comes_back),
		cmocka_unit_test(fewer_can_be_asked_for),
		cmocka_unit_test(no_file_has_no_accounts),
		cmocka_unit_test(wrong_files_are_named_by_line),
		cmocka_unit_test(made_keys_differ),
		cmocka_unit_test(shares_cover_everybody_once),
		cmocka_unit_test(a_phase_forgets_but_what_stands),
		cmocka_unit_test(a_phase_lasts_from_the_first_to_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
