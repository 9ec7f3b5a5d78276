/* SPDX-License-Identifier: ISC */
#include "tests/support/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/clock.h"
#include "shared/mem.h"

enum { CHILDREN_MAX = 64 };

struct process {
	char *name;
	char *log_path;
	char *log;
	size_t log_seen;	/* what process_wait_line() has gone through */
	pid_t pid;
	int pidfd;
	int status;
	bool ended;
};

const char *
process_program(const char *name)
{
	static char path[PATH_MAX];
	const char *folder = getenv("top_builddir");

	snprintf(path, sizeof path, "%s/%s", folder != NULL ? folder : ".", name);
	return path;
}

static int
open_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static int
open_log(struct process *process)
{
	const char *folder = getenv("TMPDIR");
	int fd;

	process->log_path = mem_format("%s/%s.XXXXXX", folder != NULL ? folder : "/tmp",
	    process->name);
	fd = mkostemp(process->log_path, O_APPEND | O_CLOEXEC);
	if (fd < 0)
		fail_msg("%s: %s", process->log_path, strerror(errno));
	return fd;
}

/* Only calls that are safe after the fork of a process with threads. */
static void NO_RETURN
become(const char *const argv[], int log, pid_t test)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != test)
		_exit(126);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		_exit(126);
	execv(argv[0], (char *const *)argv);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

struct process *
process_start(const char *name, const char *const argv[])
{
	struct process *process = mem_new(sizeof *process);
	pid_t test = getpid();
	int log;

	process->name = mem_string(name);
	log = open_log(process);
	process->pid = fork();
	if (process->pid == 0)
		become(argv, log, test);
	close(log);
	if (process->pid < 0)
		fail_msg("fork: %s", strerror(errno));
	process->pidfd = open_pidfd(process->pid);
	if (process->pidfd < 0)
		fail_msg("pidfd_open: %s", strerror(errno));
	return process;
}

void
process_free(struct process *process)
{
	if (process == NULL)
		return;
	if (!process->ended) {
		kill(process->pid, SIGKILL);
		waitpid(process->pid, NULL, 0);
	}
	close(process->pidfd);
	unlink(process->log_path);
	free(process->log_path);
	free(process->log);
	free(process->name);
	free(process);
}

pid_t
process_pid(const struct process *process)
{
	return process->pid;
}

const char *
process_log(struct process *process)
{
	int fd = open(process->log_path, O_RDONLY | O_CLOEXEC);
	size_t len = 0, room = 0;
	ssize_t got;

	if (fd < 0)
		fail_msg("%s: %s", process->log_path, strerror(errno));
	do {
		if (room - len < 4096)
			process->log = mem_resize(process->log, room = 2 * room + 8192, 1);
		got = read(fd, process->log + len, room - len - 1);
		len += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	process->log[len] = '\0';
	close(fd);
	return process->log;
}

static bool PRINTF_LIKE(2, 3)
complain(struct process *process, const char *format, ...)
{
	va_list args;

	print_error("%s[%d]: ", process->name, (int)process->pid);
	va_start(args, format);
	vprint_error(format, args);
	va_end(args);
	print_error("; it said:\n%s----\n", process_log(process));
	return false;
}

/* Takes its exit status if it has one; never waits. */
static bool
has_ended(struct process *process)
{
	if (!process->ended && waitpid(process->pid, &process->status, WNOHANG) == process->pid)
		process->ended = true;
	return process->ended;
}

static int
time_left(uint64_t deadline)
{
	uint64_t now = clock_monotonic_ms();

	return now >= deadline ? 0 : (int)(deadline - now);
}

/*
 * Until a wait's condition: anything moved in the watched place, or the process ended. Each may
 * come for nothing.
 */
static void
wait_for_move(struct process *process, int inotify, uint64_t deadline)
{
	struct pollfd fds[] = {
		{ .fd = inotify, .events = POLLIN },
		{ .fd = process->ended ? -1 : process->pidfd, .events = POLLIN },
	};
	char events[4096];

	poll(fds, ARRAY_LEN(fds), time_left(deadline));
	if (fds[0].revents & POLLIN && read(inotify, events, sizeof events) < 0)
		fail_msg("inotify: %s", strerror(errno));
}

typedef bool condition(struct process *process, const void *of);

/*
 * The condition is looked at after the watch stands, and once more after the end was seen: so a
 * last word before the end counts.
 */
static bool
wait_until(struct process *process, const char *watched, condition *holds, const void *of,
    int timeout_ms)
{
	uint64_t deadline = clock_monotonic_ms() + (uint64_t)timeout_ms;
	int inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	bool held, ended;

	if (inotify < 0 || inotify_add_watch(inotify, watched,
	    IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE) < 0)
		fail_msg("inotify on %s: %s", watched, strerror(errno));
	do {
		ended = has_ended(process);
		held = holds(process, of);
		if (held || ended || time_left(deadline) == 0)
			break;
		wait_for_move(process, inotify, deadline);
	} while (true);
	close(inotify);
	return held;
}

static bool
said_line(struct process *process, const void *text)
{
	const char *log = process_log(process);
	const char *found = strstr(log + process->log_seen, text);
	const char *end = found != NULL ? strchr(found, '\n') : NULL;

	if (end == NULL)
		return false;
	process->log_seen = (size_t)(end + 1 - log);
	return true;
}

bool
process_wait_line(struct process *process, const char *text, int timeout_ms)
{
	return wait_until(process, process->log_path, said_line, text, timeout_ms) ||
	    complain(process, "never said \"%s\"", text);
}

bool
process_wait_said(struct process *process, const char *text, int timeout_ms)
{
	size_t seen = process->log_seen;
	bool said;

	process->log_seen = 0;
	said = process_wait_line(process, text, timeout_ms);
	process->log_seen = seen;
	return said;
}

static bool
made_file(struct process *process UNUSED, const void *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0;
}

bool
process_wait_file(struct process *process, const char *path, int timeout_ms)
{
	char folder[PATH_MAX];
	char *slash;

	snprintf(folder, sizeof folder, "%s", path);
	slash = strrchr(folder, '/');
	assert_non_null(slash);
	*slash = '\0';
	return wait_until(process, folder, made_file, path, timeout_ms) ||
	    complain(process, "never made %s", path);
}

static bool
poll_pidfd(int pidfd, int timeout_ms)
{
	struct pollfd fd = { .fd = pidfd, .events = POLLIN };

	return poll(&fd, 1, timeout_ms) == 1;
}

bool
process_wait_exit(struct process *process, int timeout_ms, int *status)
{
	if (!has_ended(process)) {
		if (!poll_pidfd(process->pidfd, timeout_ms) || !has_ended(process))
			return complain(process, "did not end in %d ms", timeout_ms);
	}
	if (status != NULL)
		*status = process->status;
	return true;
}

void
process_signal(struct process *process, int signal)
{
	/* A pid that was waited for may be somebody else's by now. */
	if (!has_ended(process))
		kill(process->pid, signal);
}

bool
process_stop(struct process *process, int signal, int timeout_ms)
{
	int status;

	process_signal(process, signal);
	if (!process_wait_exit(process, timeout_ms, &status))
		return false;
	if (WIFSIGNALED(status))
		return complain(process, "died of signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return complain(process, "ended with %d", WEXITSTATUS(status));
	/* Its children write into the same log, and their ends do not show in its own. */
	if (strstr(process_log(process), "Sanitizer") != NULL ||
	    strstr(process->log, "runtime error:") != NULL)
		return complain(process, "was told off by a sanitizer");
	return true;
}

static bool
command_has(pid_t pid, const char *word)
{
	char path[64], command[4096];
	ssize_t len;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, command, sizeof command - 1);
	close(fd);
	for (ssize_t i = 0; i < len; i++)
		if (command[i] == '\0')
			command[i] = ' ';
	command[len > 0 ? len : 0] = '\0';
	return strstr(command, word) != NULL;
}

/* One reading of the kernel's list. */
static size_t
list_children(pid_t parent, pid_t *pids, size_t room)
{
	char path[64];
	size_t count = 0;
	FILE *file;
	int pid;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	while (fscanf(file, "%d", &pid) == 1) {
		if (count == room)
			fail_msg("more than %zu children", room);
		pids[count++] = pid;
	}
	fclose(file);
	return count;
}

/*
 * proc(5): when a child is reaped meanwhile others may be left out. So the list is good when it is
 * the same twice.
 */
static size_t
list_children_surely(pid_t parent, pid_t *pids, size_t room)
{
	pid_t before[CHILDREN_MAX];
	size_t count = list_children(parent, pids, room), count_before;

	do {
		memcpy(before, pids, count * sizeof(*pids));
		count_before = count;
		count = list_children(parent, pids, room);
	} while (count != count_before || memcmp(before, pids, count * sizeof(*pids)) != 0);
	return count;
}

size_t
process_children(pid_t parent, const char *word, pid_t *pids, size_t room)
{
	pid_t all[CHILDREN_MAX];
	size_t all_count = list_children_surely(parent, all, CHILDREN_MAX), count = 0;

	for (size_t i = 0; i < all_count; i++) {
		if (word != NULL && !command_has(all[i], word))
			continue;
		if (count < room)
			pids[count] = all[i];
		count++;
	}
	return count;
}

bool
process_wait_gone(pid_t pid, int timeout_ms)
{
	int pidfd = open_pidfd(pid);
	bool gone;

	if (pidfd < 0)
		return errno == ESRCH;
	gone = poll_pidfd(pidfd, timeout_ms);
	close(pidfd);
	return gone;
}

/* Stopped first, so that it starts no others while we look. */
bool
process_kill_family(struct process *process, int timeout_ms)
{
	pid_t pids[CHILDREN_MAX];
	size_t count;

	process_signal(process, SIGSTOP);
	count = list_children_surely(process->pid, pids, CHILDREN_MAX);
	process_signal(process, SIGKILL);
	for (size_t i = 0; i < count; i++)
		if (!process_wait_gone(pids[i], timeout_ms))
			return complain(process, "left its child %d behind", (int)pids[i]);
	return process_wait_exit(process, timeout_ms, NULL);
}

int
process_hold_port(unsigned *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* Bound as one that shares with nobody, so that nobody has it; only then it is shared. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0)
		fail_msg("no free port: %s", strerror(errno));
	*port = ntohs(address.sin_port);
	return fd;
}

unsigned
process_free_port(void)
{
	unsigned port;

	process_hold_port(&port); /* until the test ends */
	return port;
}
