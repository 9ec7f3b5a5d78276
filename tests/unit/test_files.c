/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/proc/files.h"
#include "shared/compiler.h"
#include "tests/support/tmpdir.h"

static int
set_up(void **state)
{
	*state = tmpdir_new();
	return 0;
}

static int
tear_down(void **state)
{
	tmpdir_free(*state);
	return 0;
}

static void
what_is_written_is_read(void **state)
{
	char *path = tmpdir_path(*state, "a");
	struct bytes got;
	struct stat info;

	assert_int_equal(files_write(path, 0600, bytes_of_string("first")), STATUS_OK);
	assert_int_equal(files_write(path, 0640, bytes_of_string("second one")), STATUS_OK);
	assert_int_equal(files_read(path, 10, &got), STATUS_OK);
	assert_string_equal(got.data, "second one");
	assert_int_equal(got.len, 10);
	free((void *)(uintptr_t)got.data);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0640);
	assert_int_equal(files_read(path, 9, &got), STATUS_TOO_LONG);
	free(path);
}

static void
what_is_no_file_is_refused(void **state)
{
	char *missing = tmpdir_path(*state, "missing"), *pipe = tmpdir_path(*state, "pipe");
	struct bytes got;

	assert_int_equal(files_read(missing, 10, &got), STATUS_NOT_FOUND);
	assert_false(files_exist(missing));
	assert_int_equal(files_read(*state, 10, &got), STATUS_BAD_VALUE);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_int_equal(files_read(pipe, 10, &got), STATUS_BAD_VALUE);
	free(missing);
	free(pipe);
}

/* Nothing of an attempt that failed stays in the folder. */
static void
a_failed_write_leaves_the_old_file(void **state)
{
	char *folder = tmpdir_path(*state, "taken"), *other = tmpdir_path(*state, "no/such");

	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_not_equal(files_write(folder, 0600, bytes_of_string("x")), STATUS_OK);
	assert_int_equal(files_write(other, 0600, bytes_of_string("x")), STATUS_NOT_FOUND);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(rmdir(*state), 0);
	assert_int_equal(mkdir(*state, 0700), 0);
	free(folder);
	free(other);
}

/* RLIMIT_FSIZE stands for a full disk: write(2) refuses in the middle. */
static void
a_full_disk_is_told(void **state)
{
	const struct rlimit small = { 4096, RLIM_INFINITY },
	    large = { RLIM_INFINITY, RLIM_INFINITY };
	char *path = tmpdir_path(*state, "big");
	static char block[8192];
	enum status status;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	status = files_write(path, 0600, bytes_of(block, sizeof block));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &large), 0);
	assert_int_not_equal(status, STATUS_OK);
	assert_int_equal(rmdir(*state), 0);
	assert_int_equal(mkdir(*state, 0700), 0);
	free(path);
}

static void
folders_are_made(void **state)
{
	char *path = tmpdir_path(*state, "a/b/c"), *file = tmpdir_path(*state, "file"),
	    *under = tmpdir_path(*state, "file/x");
	struct stat info;

	assert_int_equal(files_make_folder(path), STATUS_OK);
	assert_int_equal(files_make_folder(path), STATUS_OK);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0700);
	assert_int_equal(files_write(file, 0600, bytes_of_string("x")), STATUS_OK);
	assert_int_equal(files_make_folder(file), STATUS_ALREADY_THERE);
	assert_int_not_equal(files_make_folder(under), STATUS_OK);
	free(path);
	free(file);
	free(under);
}

static void
the_folder_of_a_path(void **state UNUSED)
{
	static const char *const cases[][2] = {
		{ "/a/b", "/a" }, { "/a", "/" }, { "a", "." }, { "a/b/c", "a/b" }, { "/", "/" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *folder = files_folder_of(cases[i][0]);

		assert_string_equal(folder, cases[i][1]);
		free(folder);
	}
}

static void
one_holds_a_folder(void **state)
{
	int lock, other = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(files_lock_folder(*state, &lock), STATUS_OK);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	files_unlock(lock);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
	close(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_written_is_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_failed_write_leaves_the_old_file, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(a_full_disk_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(folders_are_made, set_up, tear_down),
		cmocka_unit_test(the_folder_of_a_path),
		cmocka_unit_test_setup_teardown(one_holds_a_folder, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
