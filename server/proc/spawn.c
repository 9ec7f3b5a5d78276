/* SPDX-License-Identifier: ISC */
#include "server/proc/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

int
spawn_open_image(void)
{
	return open("/proc/self/exe", O_PATH | O_CLOEXEC);
}

/* The way from fork to exec: nothing here but what signal-safety(7) allows, and everything prepared before. */
static void
run_image(int image, char *const argv[], const int *keep, size_t keep_count)
{
	for (size_t i = 0; i < keep_count; i++)
		fcntl(keep[i], F_SETFD, 0);
	execveat(image, "", argv, environ, AT_EMPTY_PATH);
	_exit(SPAWN_EXIT_NO_EXEC);
}

enum status
spawn_start(int image, char *const argv[], const int *keep, size_t keep_count, pid_t *out)
{
	sigset_t all, before;
	int error;
	pid_t pid;

	/* Or a signal between fork and exec would run our handlers in the child, which write to our own pipe. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		run_image(image, argv, keep, keep_count);
	error = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return status_of_errno(error);
	*out = pid;
	return STATUS_OK;
}
