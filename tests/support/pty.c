/* SPDX-License-Identifier: ISC */
#include "tests/support/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "shared/compiler.h"
#include "shared/mem.h"

extern char **environ;

/* Whether "variable" says something else about the same name. */
static bool
is_replaced(const char *variable, const char *const others[])
{
	size_t len = strcspn(variable, "=");

	for (size_t i = 0; others[i] != NULL; i++)
		if (strcspn(others[i], "=") == len && memcmp(others[i], variable, len) == 0)
			return true;
	return false;
}

/* The list is on the heap, its strings are borrowed. */
static const char **
make_environment(const char *const variables[])
{
	size_t count = 0, kept = 0;
	const char **list;

	while (environ[count] != NULL)
		count++;
	for (size_t i = 0; variables[i] != NULL; i++)
		count++;
	list = mem_new_array(count + 1, sizeof(*list));
	for (size_t i = 0; environ[i] != NULL; i++)
		if (!is_replaced(environ[i], variables))
			list[kept++] = environ[i];
	for (size_t i = 0; variables[i] != NULL; i++)
		if (strchr(variables[i], '=') != NULL)
			list[kept++] = variables[i];
	return list;
}

/* Only calls that are safe after the fork of a process with threads. */
static void NO_RETURN
become(const char *const argv[], const char **environment, const char *slave, pid_t parent)
{
	sigset_t none;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	fd = open(slave, O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) != 0)
		_exit(126);
	for (int to = 0; to <= 2; to++)
		dup2(fd, to);
	if (fd > 2)
		close(fd);
	execve(argv[0], (char *const *)argv, (char *const *)environment);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static int
open_master(char slave[PATH_MAX])
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0 && ptsname_r(fd, slave, PATH_MAX) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

enum status
pty_start(const char *const argv[], const char *const variables[], int columns, int rows,
    struct pty *out)
{
	const char **environment;
	char slave[PATH_MAX];
	pid_t parent = getpid();

	out->fd = open_master(slave);
	if (out->fd < 0)
		return status_of_errno(errno);
	pty_resize(out, columns, rows);
	environment = make_environment(variables);
	out->pid = fork();
	if (out->pid == 0)
		become(argv, environment, slave, parent);
	free(environment);
	if (out->pid > 0)
		return STATUS_OK;
	close(out->fd);
	return status_of_errno(errno);
}

void
pty_resize(const struct pty *pty, int columns, int rows)
{
	struct winsize size = { .ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows };

	ioctl(pty->fd, TIOCSWINSZ, &size);
}
