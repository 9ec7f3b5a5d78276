/* SPDX-License-Identifier: ISC */
#include "server/proc/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/log.h"
#include "shared/mem.h"

static enum status
read_all(int fd, size_t max, struct bytes *out)
{
	struct stat info;
	size_t size, len = 0;
	char *room;

	if (fstat(fd, &info) < 0)
		return status_of_errno(errno);
	if (!S_ISREG(info.st_mode))
		return STATUS_BAD_VALUE;
	if ((uintmax_t)info.st_size > max)
		return STATUS_TOO_LONG;
	size = (size_t)info.st_size;
	room = mem_new(size + 1);
	while (len < size) {
		ssize_t got = read(fd, room + len, size - len);

		if (got < 0) {
			enum status status = status_of_errno(errno);

			mem_wipe(room, size);
			free(room);
			return status;
		}
		if (got == 0)
			break;
		len += (size_t)got;
	}
	*out = bytes_of(room, len);
	return STATUS_OK;
}

enum status
files_read(const char *path, size_t max, struct bytes *out)
{
	/* O_NONBLOCK: a named pipe in its place must not hold a server up. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum status status;

	if (fd < 0)
		return errno == ENOENT ? STATUS_NOT_FOUND : status_of_errno(errno);
	status = read_all(fd, max, out);
	close(fd);
	return status;
}

enum status
files_read_secret(const char *path, size_t max, struct bytes *out)
{
	struct stat info;

	if (stat(path, &info) == 0 && (info.st_mode & S_IRWXO) != 0)
		log_warn("%s is open to every user of this machine: chmod o= %s", path, path);
	return files_read(path, max, out);
}

static enum status
write_all(int fd, struct bytes content)
{
	const char *next = content.data;
	size_t left = content.len;

	while (left > 0) {
		ssize_t put = write(fd, next, left);

		if (put < 0)
			return status_of_errno(errno);
		next += put;
		left -= (size_t)put;
	}
	return fsync(fd) < 0 ? status_of_errno(errno) : STATUS_OK;
}

/*
 * So that the name is on disk, too. A file system that cannot do that has said nothing about
 * the file.
 */
static void
sync_folder(const char *path)
{
	char *folder = files_folder_of(path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)fsync(fd);
		close(fd);
	}
	free(folder);
}

enum status
files_write(const char *path, mode_t mode, struct bytes content)
{
	char *fresh = mem_format("%s.XXXXXX", path);
	int fd = mkostemp(fresh, O_CLOEXEC);
	enum status status;

	if (fd < 0) {
		status = status_of_errno(errno);
		free(fresh);
		return status;
	}
	status = fchmod(fd, mode) < 0 ? status_of_errno(errno) : write_all(fd, content);
	if (close(fd) < 0 && status == STATUS_OK)
		status = status_of_errno(errno);
	if (status == STATUS_OK && rename(fresh, path) < 0)
		status = status_of_errno(errno);
	if (status == STATUS_OK)
		sync_folder(path);
	else
		unlink(fresh);
	free(fresh);
	return status;
}

static enum status
make_one(const char *path)
{
	struct stat info;

	if (mkdir(path, 0700) == 0)
		return STATUS_OK;
	if (errno != EEXIST)
		return status_of_errno(errno);
	if (stat(path, &info) == 0 && !S_ISDIR(info.st_mode))
		return STATUS_ALREADY_THERE;
	return STATUS_OK;
}

enum status
files_make_folder(const char *path)
{
	char *part = mem_string(path);
	enum status status = STATUS_OK;

	for (char *slash = strchr(part + 1, '/'); slash != NULL && status == STATUS_OK;
	    slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		status = make_one(part);
		*slash = '/';
	}
	if (status == STATUS_OK)
		status = make_one(part);
	free(part);
	return status;
}

char *
files_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return mem_string(".");
	return mem_string_of(bytes_of(path, slash == path ? 1 : (size_t)(slash - path)));
}

enum status
files_lock_folder(const char *path, int *out)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int locked;

	if (fd < 0)
		return errno == ENOENT ? STATUS_NOT_FOUND : status_of_errno(errno);
	do
		locked = flock(fd, LOCK_EX);
	while (locked < 0 && errno == EINTR);
	if (locked < 0) {
		enum status status = status_of_errno(errno);

		close(fd);
		return status;
	}
	*out = fd;
	return STATUS_OK;
}

void
files_unlock(int lock)
{
	close(lock);
}

bool
files_exist(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0;
}
