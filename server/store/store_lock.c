/* SPDX-License-Identifier: ISC */
#include "server/store/store_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "shared/clock.h"

enum { PAUSE_MS = 20 };

/* For people who look into the file. Only the holder writes there. */
static void
leave_note(int fd)
{
	char note[32];
	int len = snprintf(note, sizeof(note), "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) == 0 && pwrite(fd, note, (size_t)len, 0) == len)
		return;
	/* A full disk; the note is not what the lock is made of. */
}

static long
read_note(int fd)
{
	char note[32];
	ssize_t len = pread(fd, note, sizeof(note) - 1, 0);
	long pid = 0;

	if (len <= 0)
		return 0;
	note[len] = '\0';
	return sscanf(note, "%ld", &pid) == 1 ? pid : 0;
}

static enum status
take(int fd, unsigned patience_ms)
{
	uint64_t until = clock_monotonic_ms() + patience_ms;

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return STATUS_SYSTEM;
		if (clock_monotonic_ms() >= until)
			return STATUS_STORE_LOCKED;
		poll(NULL, 0, PAUSE_MS);
	}
	return STATUS_OK;
}

/* What the operator has to put right. */
static bool
is_misnamed(int error)
{
	return error == ENOENT || error == EACCES || error == ENOTDIR || error == EROFS ||
	    error == ELOOP;
}

enum status
store_lock_take(const struct store_config *config, unsigned patience_ms, int *fd, char *why,
    size_t room)
{
	char path[sizeof(config->path) + 8];
	enum status status;

	*fd = -1;
	if (config->engine != STORE_SQLITE)
		return STATUS_OK;
	snprintf(path, sizeof(path), "%s.lock", config->path);
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0) {
		snprintf(why, room, "%s cannot be opened: %s", path, strerror(errno));
		return is_misnamed(errno) ? STATUS_BAD_CONFIG : status_of_errno(errno);
	}
	status = take(*fd, patience_ms);
	if (status == STATUS_OK) {
		leave_note(*fd);
		return STATUS_OK;
	}
	if (status == STATUS_STORE_LOCKED)
		snprintf(why, room, "%s is used by another server (process %ld); "
		    "stop that one, or name another file", config->path, read_note(*fd));
	else
		snprintf(why, room, "%s cannot be locked: %s", path, strerror(errno));
	close(*fd);
	*fd = -1;
	return status;
}
