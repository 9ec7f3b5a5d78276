/* SPDX-License-Identifier: ISC */
/* The helper that end-to-end tests lean on must itself fail when it should. */

#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

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
	assert_true(process_wait_said(shell, "two", PROCESS_PATIENCE_MS));
	assert_true(process_wait_said(shell, "two", PROCESS_PATIENCE_MS));
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
	/* Each says when it is there: one that has not been executed yet has no command line. */
	struct process *shell = start_shell("for i in 1 2; do"
	    " sh -c 'echo there; kill -STOP $$' a-child & done; wait");
	pid_t pid;

	assert_true(process_wait_line(shell, "there", PROCESS_PATIENCE_MS));
	assert_true(process_wait_line(shell, "there", PROCESS_PATIENCE_MS));
	assert_int_equal(process_children(process_pid(shell), "another", NULL, 0), 0);
	assert_int_equal(process_children(process_pid(shell), "a-child", &pid, 1), 2);
	kill(pid, SIGKILL);
	assert_true(process_wait_gone(pid, PROCESS_PATIENCE_MS));
	assert_int_equal(process_children(process_pid(shell), "a-child", &pid, 1), 1);
	assert_false(process_wait_gone(pid, 20));
	kill(pid, SIGKILL);
	assert_true(process_kill_family(shell, PROCESS_PATIENCE_MS));
	assert_true(process_wait_gone(pid, 0));
	process_free(shell);
}

/* Whether somebody who shares (as our servers do) or not can listen there. */
static bool
can_listen(unsigned port, int shares)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool can;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &shares, sizeof shares), 0);
	can = bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0;
	close(fd);
	return can;
}

static void
ports_are_kept_for_servers(void **state UNUSED)
{
	unsigned port = process_free_port(), other;
	int fd;

	assert_in_range(port, 1024, 65535);
	assert_true(can_listen(port, 1));
	assert_true(can_listen(port, 1));
	assert_false(can_listen(port, 0));
	fd = process_hold_port(&other);
	assert_int_not_equal(other, port);
	assert_false(can_listen(other, 0));
	close(fd);
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
		cmocka_unit_test(ports_are_kept_for_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
