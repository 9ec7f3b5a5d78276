/* SPDX-License-Identifier: ISC */
/*
 * What a program that we start finds: our signals and descriptors are not its business, our
 * death is.
 */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/proc/spawn.h"
#include "shared/compiler.h"
#include "shared/mem.h"
#include "tests/support/process.h"
#include "tests/support/tmpdir.h"

static pid_t
start_shell(const char *script)
{
	char *const argv[] = { (char *)"sh", (char *)"-c", (char *)(uintptr_t)script, NULL };
	pid_t pid;

	assert_int_equal(spawn_start_program("/bin/sh", argv, SIGTERM, &pid), STATUS_OK);
	return pid;
}

static int
end_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
on_signal(int number UNUSED)
{
}

/* Whatever we block, ignore or catch: a program begins like one that a shell has started. */
static void
signals_are_as_at_the_beginning(void **state UNUSED)
{
	char *folder = tmpdir_new();
	char *script = mem_format("exec grep -E 'Sig(Blk|Ign)' /proc/self/status > %s/out", folder);
	unsigned long long blocked, ignored;
	sigset_t some, before;
	char *text;

	sigemptyset(&some);
	sigaddset(&some, SIGTERM);
	sigaddset(&some, SIGUSR1);
	sigprocmask(SIG_BLOCK, &some, &before);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, on_signal);
	assert_int_equal(end_of(start_shell(script)), 0);
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	text = tmpdir_read(folder, "out");
	assert_int_equal(sscanf(text, "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2);
	assert_int_equal(blocked, 0);
	/* The C library keeps the signals below SIGRTMIN for itself: nobody can set them, and what
	 * posix_spawn(3) starts (all that make runs) has them ignored. */
	for (int number = 32; number < SIGRTMIN; number++)
		ignored &= ~(1ULL << (number - 1));
	assert_int_equal(ignored, 0);
	free(text);
	free(script);
	tmpdir_free(folder);
}

static void
descriptors_stay_here(void **state UNUSED)
{
	int ours = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char *script = mem_format("test ! -e /proc/$$/fd/%d", ours);

	assert_true(ours > 2);
	assert_int_equal(end_of(start_shell(script)), 0);
	free(script);
	close(ours);
}

static void
what_cannot_be_executed_ends(void **state UNUSED)
{
	char *const argv[] = { (char *)"nothing", NULL };
	pid_t pid;
	int status;

	assert_int_equal(spawn_start_program("/no/such/program", argv, SIGTERM, &pid), STATUS_OK);
	status = end_of(pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), SPAWN_EXIT_NO_EXEC);
}

/* The process in the middle starts one and is killed: so that one gets its last signal. */
static void
our_death_is_told(void **state UNUSED)
{
	pid_t middle, grandchild;
	int pipe_fds[2];

	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	middle = fork();
	assert_true(middle >= 0);
	if (middle == 0) {
		pid_t pid;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pid = start_shell("exec sleep 600");
		_exit(write(pipe_fds[1], &pid, sizeof(pid)) == sizeof(pid) ? pause() : 1);
	}
	assert_int_equal(read(pipe_fds[0], &grandchild, sizeof(grandchild)), sizeof(grandchild));
	assert_int_equal(kill(grandchild, 0), 0);
	kill(middle, SIGKILL);
	end_of(middle);
	assert_true(process_wait_gone(grandchild, PROCESS_PATIENCE_MS));
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_are_as_at_the_beginning),
		cmocka_unit_test(descriptors_stay_here),
		cmocka_unit_test(what_cannot_be_executed_ends),
		cmocka_unit_test(our_death_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
