/* SPDX-License-Identifier: ISC */
#include "tests/support/tmpdir.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/mem.h"

char *
tmpdir_new(void)
{
	const char *folder = getenv("TMPDIR");
	char *path = mem_format("%s/tingyu-test.XXXXXX", folder != NULL ? folder : "/tmp");

	if (mkdtemp(path) == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	return path;
}

static int
remove_one(const char *path, const struct stat *info UNUSED, int kind UNUSED,
    struct FTW *place UNUSED)
{
	return remove(path);
}

void
tmpdir_free(char *path)
{
	if (path == NULL)
		return;
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(path);
}

char *
tmpdir_path(const char *folder, const char *name)
{
	return mem_format("%s/%s", folder, name);
}

void
tmpdir_write(const char *folder, const char *name, const char *text)
{
	char *path = tmpdir_path(folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t len = strlen(text);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		fail_msg("%s: %s", path, strerror(errno));
	close(fd);
	free(path);
}

char *
tmpdir_read(const char *folder, const char *name)
{
	char *path = tmpdir_path(folder, name);
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;

	free(path);
	if (file == NULL)
		return NULL;
	if (getdelim(&text, &room, '\0', file) < 0) {
		free(text);
		text = mem_string("");
	}
	fclose(file);
	return text;
}
