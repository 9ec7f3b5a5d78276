/* SPDX-License-Identifier: ISC */
#include "shared/log.h"

#include <errno.h>
#include <pthread.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/tmpdir.h"

enum { THREADS = 4, LINES = 300 };

static char *folder;

static int
open_file(void **state UNUSED)
{
	char *path;

	folder = tmpdir_new();
	path = tmpdir_path(folder, "log");
	log_open("test/1");
	assert_int_equal(log_to_file(path), STATUS_OK);
	log_set_level(LOG_LEVEL_INFO);
	free(path);
	return 0;
}

static int
close_file(void **state UNUSED)
{
	log_open("test");
	tmpdir_free(folder);
	return 0;
}

/* Whether the file has exactly one line, and that is "date time test/1[pid] " and then "rest". */
static void
expect_line(const char *name, const char *rest)
{
	char *text = tmpdir_read(folder, name), head[128];
	regmatch_t match;
	regex_t regex;

	assert_non_null(text);
	snprintf(head, sizeof(head), "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"
	    "\\.[0-9]{3} test/1\\[%ld\\] ", (long)getpid());
	assert_int_equal(regcomp(&regex, head, REG_EXTENDED), 0);
	assert_int_equal(regexec(&regex, text, 1, &match, 0), 0);
	assert_string_equal(text + match.rm_eo, rest);
	regfree(&regex);
	free(text);
}

static void
writes_a_line(void **state UNUSED)
{
	log_warn("%s listens on %d", "somebody", 7400);
	expect_line("log", "warn: somebody listens on 7400\n");
}

static void
keeps_errno(void **state UNUSED)
{
	/* Where each write fails with ENOSPC. */
	assert_int_equal(log_to_file("/dev/full"), STATUS_OK);
	errno = EXDEV;
	log_info("nobody reads this");
	assert_int_equal(errno, EXDEV);
}

static void
lets_no_control_character_through(void **state UNUSED)
{
	log_info("a\033[2Jb\nc\177d\302\233e\302\240f\345\220\254g%c", 0x9b);
	expect_line("log", "info: a?[2Jb?c?d??e\302\240f\345\220\254g\233\n");
}

static void
cuts_a_long_line(void **state UNUSED)
{
	char text[4000], *line;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_error("%s", text);
	line = tmpdir_read(folder, "log");
	assert_in_range(strlen(line), 900, 1024);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	free(line);
}

static void
leaves_out_what_the_level_says(void **state UNUSED)
{
	static const char *const words[] = { "error", "warn", "info", "debug" };
	enum log_level level;

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		assert_true(log_level_parse(words[i], &level));
		assert_int_equal(level, i);
	}
	assert_false(log_level_parse("loud", &level));
	assert_false(log_level_parse("", &level));

	log_debug("not now");
	log_set_level(LOG_LEVEL_ERROR);
	assert_false(log_is_on(LOG_LEVEL_WARN));
	log_warn("not now");
	log_info("not now");
	log_set_level(LOG_LEVEL_DEBUG);
	assert_true(log_is_on(LOG_LEVEL_DEBUG));
	log_debug("now");
	expect_line("log", "debug: now\n");
}

static void
opens_its_file_again(void **state UNUSED)
{
	char *path = tmpdir_path(folder, "log"), *old = tmpdir_path(folder, "old");
	struct stat info;

	log_info("before");
	assert_int_equal(rename(path, old), 0);
	log_info("between");
	assert_int_equal(log_reopen(), STATUS_OK);
	log_info("after");
	expect_line("log", "info: after\n");
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07137, 0);
	free(path);
	path = tmpdir_read(folder, "old");
	assert_non_null(strstr(path, "between"));
	assert_null(strstr(path, "after"));
	free(path);
	free(old);
}

static void
keeps_the_old_sink_when_a_path_is_bad(void **state UNUSED)
{
	char *bad = tmpdir_path(folder, "no such folder/log"), longest[600];

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(log_to_file(bad), STATUS_NOT_FOUND);
	assert_int_equal(log_to_file(longest), STATUS_TOO_LONG);
	log_info("still here");
	expect_line("log", "info: still here\n");
	assert_int_equal(log_reopen(), STATUS_OK);
	free(bad);
}

/* However often the sink moves, it needs one descriptor. */
static void
needs_one_descriptor(void **state UNUSED)
{
	char *path = tmpdir_path(folder, "log"), *other = tmpdir_path(folder, "other");
	int before = dup(STDERR_FILENO), after;

	assert_int_equal(log_to_file(NULL), STATUS_OK);
	assert_int_equal(log_to_file(other), STATUS_OK);
	assert_int_equal(log_reopen(), STATUS_OK);
	assert_int_equal(log_to_file(path), STATUS_OK);
	log_info("back");
	after = dup(STDERR_FILENO);
	assert_int_equal(after, before + 1);
	expect_line("log", "info: back\n");
	close(before);
	close(after);
	free(path);
	free(other);
}

static void *
write_lines(void *argument)
{
	for (int i = 0; i < LINES; i++)
		log_info("thread %d line %d of many", *(int *)argument, i);
	return NULL;
}

static void
lines_of_threads_stay_whole(void **state UNUSED)
{
	int numbers[THREADS], next[THREADS] = { 0 }, thread, line;
	pthread_t threads[THREADS];
	char *text, *at;

	for (int i = 0; i < THREADS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &numbers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(log_reopen(), STATUS_OK);
		pthread_join(threads[i], NULL);
	}
	text = tmpdir_read(folder, "log");
	for (char *row = strtok_r(text, "\n", &at); row != NULL; row = strtok_r(NULL, "\n", &at)) {
		assert_non_null(strstr(row, "info: thread"));
		assert_int_equal(sscanf(strstr(row, "info: thread"),
		    "info: thread %d line %d of many", &thread, &line), 2);
		assert_in_range(thread, 0, THREADS - 1);
		assert_int_equal(line, next[thread]++);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(next[i], LINES);
	free(text);
}

static void
fatal_ends_the_process(void **state UNUSED)
{
	pid_t pid = fork();
	char *text;
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		log_set_level(LOG_LEVEL_ERROR);
		errno = ENOSPC;
		log_fatal("cannot go on with %d", 5);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	text = tmpdir_read(folder, "log");
	assert_non_null(strstr(text, "error: cannot go on with 5: No space left on device\n"));
	free(text);
}

int
main(void)
{
#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, open_file, close_file)
	const struct CMUnitTest tests[] = {
		LOG_TEST(writes_a_line),
		LOG_TEST(keeps_errno),
		LOG_TEST(lets_no_control_character_through),
		LOG_TEST(cuts_a_long_line),
		LOG_TEST(leaves_out_what_the_level_says),
		LOG_TEST(opens_its_file_again),
		LOG_TEST(keeps_the_old_sink_when_a_path_is_bad),
		LOG_TEST(needs_one_descriptor),
		LOG_TEST(lines_of_threads_stay_whole),
		LOG_TEST(fatal_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
