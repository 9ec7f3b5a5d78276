/* SPDX-License-Identifier: ISC */
#include "client-tui/net/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/mem.h"

/* Reads up to "room" bytes; -1 as read(2). */
static ssize_t
read_all(int fd, uint8_t *data, size_t room)
{
	size_t len = 0;
	ssize_t got;

	do {
		got = read(fd, data + len, room - len);
		if (got > 0)
			len += (size_t)got;
	} while ((got > 0 && len < room) || (got < 0 && errno == EINTR));
	return got < 0 ? -1 : (ssize_t)len;
}

static enum status
read_open(int fd, size_t most, uint8_t **out, size_t *len)
{
	enum status status = STATUS_OK;
	struct stat stat;
	uint8_t *data;
	ssize_t got;

	if (fstat(fd, &stat) != 0)
		return status_of_errno(errno);
	if (!S_ISREG(stat.st_mode) || (stat.st_mode & 077) != 0)
		return STATUS_NOT_ALLOWED;
	data = mem_new(most + 1);
	got = read_all(fd, data, most + 1);
	if (got < 0)
		status = status_of_errno(errno);
	else if ((size_t)got > most)
		status = STATUS_BAD_VALUE;
	if (status != STATUS_OK) {
		mem_wipe(data, most + 1);
		free(data);
		return status;
	}
	*out = data;
	*len = (size_t)got;
	return STATUS_OK;
}

enum status
whole_file_read(const char *path, size_t most, uint8_t **out, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	enum status status;

	if (fd < 0)
		return errno == ENOENT ? STATUS_NOT_FOUND : status_of_errno(errno);
	status = read_open(fd, most, out, len);
	close(fd);
	return status;
}

static bool
write_all(int fd, const uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t put = write(fd, data, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		data += put;
		len -= (size_t)put;
	}
	return true;
}

enum status
whole_file_write(const char *path, struct bytes content)
{
	char *beside = mem_format("%s.new", path);
	enum status status = STATUS_OK;
	int fd;

	unlink(beside);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || !write_all(fd, content.data, content.len) || fsync(fd) != 0 ||
	    rename(beside, path) != 0) {
		status = status_of_errno(errno);
		unlink(beside);
	}
	if (fd >= 0)
		close(fd);
	free(beside);
	return status;
}

enum status
whole_file_remove(const char *path)
{
	return unlink(path) == 0 || errno == ENOENT ? STATUS_OK : status_of_errno(errno);
}
