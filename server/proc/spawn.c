/* SPDX-License-Identifier: ISC */
#include "server/proc/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

int
spawn_open_image(void)
{
	return open("/proc/self/exe", O_PATH | O_CLOEXEC);
}

/*
 * The way from fork to exec: nothing here but what signal-safety(7) allows, and everything
 * prepared before.
 */
static void
run_image(int image, char *const argv[], const int *keep, size_t keep_count)
{
	for (size_t i = 0; i < keep_count; i++)
		fcntl(keep[i], F_SETFD, 0);
	execveat(image, "", argv, environ, AT_EMPTY_PATH);
	_exit(SPAWN_EXIT_NO_EXEC);
}

/*
 * The same for another program. Nobody may take the signals that we handle for its own before
 * it is there.
 */
static void
run_program(const char *path, char *const argv[], int last_signal, pid_t parent)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, last_signal);
	if (getppid() != parent)
		_exit(SPAWN_EXIT_NO_EXEC);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(path, argv);
	_exit(SPAWN_EXIT_NO_EXEC);
}

/*
 * Or a signal between fork and exec would run our handlers in the child, which write to our own
 * pipe.
 */
static pid_t
fork_in_silence(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, before);
	return fork();
}

static enum status
end_silence(const sigset_t *before, pid_t pid, pid_t *out)
{
	int error = errno;

	pthread_sigmask(SIG_SETMASK, before, NULL);
	if (pid < 0)
		return status_of_errno(error);
	*out = pid;
	return STATUS_OK;
}

enum status
spawn_start(int image, char *const argv[], const int *keep, size_t keep_count, pid_t *out)
{
	sigset_t before;
	pid_t pid = fork_in_silence(&before);

	if (pid == 0)
		run_image(image, argv, keep, keep_count);
	return end_silence(&before, pid, out);
}

enum status
spawn_start_program(const char *path, char *const argv[], int last_signal, pid_t *out)
{
	pid_t parent = getpid();
	sigset_t before;
	pid_t pid = fork_in_silence(&before);

	if (pid == 0)
		run_program(path, argv, last_signal, parent);
	return end_silence(&before, pid, out);
}
