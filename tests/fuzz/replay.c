/* SPDX-License-Identifier: ISC */
/*
 * The main of a fuzz target in an ordinary build: gives every file of a corpus
 * folder to LLVMFuzzerTestOneInput() once. Run without arguments it takes the
 * folder from its own name: fuzz_frame replays tests/fuzz/corpus/frame below
 * $top_srcdir. An empty corpus is a failure: it would prove nothing.
 */

#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct stat info;
	uint8_t *data;

	if (file == NULL || fstat(fileno(file), &info) != 0) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	/* Exactly as large as the input, so that a sanitizer sees one byte
	 * too far. */
	data = malloc((size_t)info.st_size);
	if (data == NULL && info.st_size > 0) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	if (fread(data, 1, (size_t)info.st_size, file) != (size_t)info.st_size) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	fclose(file);
	LLVMFuzzerTestOneInput(data, (size_t)info.st_size);
	free(data);
}

static unsigned
replay_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	unsigned count = 0;

	if (dir == NULL) {
		perror(folder);
		exit(EXIT_FAILURE);
	}
	while ((entry = readdir(dir)) != NULL) {
		char path[PATH_MAX];

		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", folder,
		    entry->d_name) >= (int)sizeof(path))
			continue;
		replay_file(path);
		count++;
	}
	closedir(dir);
	return count;
}

int
main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	const char *root = getenv("top_srcdir");
	char folder[PATH_MAX];
	unsigned count;

	name = name != NULL ? name + 1 : argv[0];
	if (strncmp(name, "fuzz_", 5) == 0)
		name += 5;
	snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s",
	    root != NULL ? root : ".", name);
	count = replay_folder(argc > 1 ? argv[1] : folder);
	printf("%u inputs replayed\n", count);
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
