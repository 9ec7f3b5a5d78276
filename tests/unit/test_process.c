/* SPDX-License-Identifier: ISC */
/* The helper that end-to-end tests lean on must itself fail when it should. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "shared/mem.h"
#include "tests/support/process.h"
#include "tests/support/tmpdir.h"

static struct process *
start_shell(const char *script)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };

	return process_start("sh", argv);
}

static void
lines_are_found_in_order(void **state UNUSED)
{
	struct process *shell = start_shell("echo one; echo two; echo one; read -r x; exit 3");
	int status;

	assert_true(process_wait_line(shell, "one", PROCESS_PATIENCE_MS));
	assert_true(process_wait_line(shell, "one", PROCESS_PATIENCE_MS));
	assert_string_equal(process_log(shell), "one\ntwo\none\n");
	assert_true(process_wait_exit(shell, PROCESS_PATIENCE_MS, &status));
	assert_int_equal(WEXITSTATUS(status), 3);
	process_free(shell);
}

static void
waits_end_with_the_program(void **state UNUSED)
{
	struct process *shell = start_shell("echo last words");

	assert_false(process_wait_line(shell, "never said", PROCESS_PATIENCE_MS));
	assert_true(process_wait_line(shell, "last words", PROCESS_PATIENCE_MS));
	assert_false(process_wait_file(shell, "/tmp/there is no such file", PROCESS_PATIENCE_MS));
	process_free(shell);
}

static void
waits_end_with_the_time(void **state UNUSED)
{
	struct process *shell = start_shell("exec sleep 600");

	assert_false(process_wait_line(shell, "never said", 20));
	assert_false(process_wait_exit(shell, 20, NULL));
	assert_false(process_stop(shell, SIGTERM, PROCESS_PATIENCE_MS));
	process_free(shell);
}

static void
files_are_seen(void **state UNUSED)
{
	char *folder = tmpdir_new();
	char *path = tmpdir_path(folder, "made");
	char *script = mem_format("echo yes > %s.new; mv %s.new %s; exec sleep 600", path, path,
	    path);
	struct process *shell = start_shell(script);
	char *text;

	assert_true(process_wait_file(shell, path, PROCESS_PATIENCE_MS));
	text = tmpdir_read(folder, "made");
	assert_string_equal(text, "yes\n");
	process_free(shell);
	free(text);
	free(script);
	free(path);
	tmpdir_free(folder);
}

static void
children_are_found(void **state UNUSED)
{
	struct process *shell = start_shell("sleep 601 & sleep 602 & echo both; wait");
	pid_t pid;

	assert_true(process_wait_line(shell, "both", PROCESS_PATIENCE_MS));
	assert_int_equal(process_children(process_pid(shell), "sleep", &pid, 1), 2);
	kill(pid, SIGKILL);
	assert_true(process_wait_gone(pid, PROCESS_PATIENCE_MS));
	assert_int_equal(process_children(process_pid(shell), "sleep", &pid, 1), 1);
	assert_false(process_wait_gone(pid, 20));
	kill(pid, SIGKILL);
	process_free(shell);
}

static void
ports_differ_from_nothing(void **state UNUSED)
{
	assert_in_range(process_free_port(), 1024, 65535);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_found_in_order),
		cmocka_unit_test(waits_end_with_the_program),
		cmocka_unit_test(waits_end_with_the_time),
		cmocka_unit_test(files_are_seen),
		cmocka_unit_test(children_are_found),
		cmocka_unit_test(ports_differ_from_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
