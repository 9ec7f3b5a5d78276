/* SPDX-License-Identifier: ISC */
#include "tests/bench/client_proc.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The number behind "name" in a file of lines "name number ..."; "" takes the first line. */
static unsigned long
number_in(const char *path, const char *name)
{
	FILE *file = fopen(path, "re");
	unsigned long number = 0;
	char line[256];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, name, strlen(name)) == 0) {
			number = strtoul(line + strlen(name), NULL, 10);
			break;
		}
	}
	if (file != NULL)
		fclose(file);
	return number;
}

static unsigned long
sum_over_threads(pid_t pid, const char *file, const char *name)
{
	unsigned long sum = 0;
	char pattern[64];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "/proc/%d/task/*/%s", (int)pid, file);
	if (glob(pattern, 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++)
		sum += number_in(found.gl_pathv[i], name);
	globfree(&found);
	return sum;
}

unsigned long
client_proc_memory_kb(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	return number_in(path, name);
}

unsigned long
client_proc_switches(pid_t pid)
{
	return sum_over_threads(pid, "status", "voluntary_ctxt_switches:");
}

unsigned long
client_proc_cpu_us(pid_t pid)
{
	return sum_over_threads(pid, "schedstat", "") / 1000;
}
