/* SPDX-License-Identifier: ISC */
#include "server/proc/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status
close_with_error(int fd)
{
	enum status status = status_of_errno(errno);

	close(fd);
	return status;
}

static enum status
new_of_size(const char *name, size_t size, int *out)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return status_of_errno(errno);
	if (ftruncate(fd, (off_t)size) < 0)
		return close_with_error(fd);
	*out = fd;
	return STATUS_OK;
}

enum status
memory_new_shared(const char *name, size_t size, int *out)
{
	int fd;
	enum status status = new_of_size(name, size, &fd);

	if (status != STATUS_OK)
		return status;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return close_with_error(fd);
	*out = fd;
	return STATUS_OK;
}

static bool
write_all(int fd, struct bytes content)
{
	const char *at = content.data;

	for (size_t left = content.len; left > 0;) {
		ssize_t written = write(fd, at, left);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		at += written;
		left -= (size_t)written;
	}
	return true;
}

enum status
memory_new_sealed(const char *name, struct bytes content, int *out)
{
	int fd;
	enum status status = new_of_size(name, 0, &fd);

	if (status != STATUS_OK)
		return status;
	if (!write_all(fd, content) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		return close_with_error(fd);
	*out = fd;
	return STATUS_OK;
}

uint64_t
memory_of_machine(void)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
}

enum status
memory_map(int fd, bool is_writable, void **out, size_t *size)
{
	int protection = PROT_READ | (is_writable ? PROT_WRITE : 0);
	int flags = is_writable ? MAP_SHARED : MAP_PRIVATE;
	struct stat info;
	void *memory;

	*out = NULL;
	*size = 0;
	if (fstat(fd, &info) < 0)
		return status_of_errno(errno);
	if (info.st_size == 0)
		return STATUS_OK;
	memory = mmap(NULL, (size_t)info.st_size, protection, flags, fd, 0);
	if (memory == MAP_FAILED)
		return status_of_errno(errno);
	*out = memory;
	*size = (size_t)info.st_size;
	return STATUS_OK;
}

void
memory_unmap(void *memory, size_t size)
{
	if (memory != NULL)
		munmap(memory, size);
}
