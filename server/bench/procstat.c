/* SPDX-License-Identifier: ISC */
#include "server/bench/procstat.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/mem.h"
#include "shared/str.h"

struct process {
	pid_t pid;
	pid_t parent;
	bool counted;	/* belongs to the family that is added up */
};

struct processes {
	struct process *items;
	size_t count;
};

/* A whole small file as a string; false when it is not there or may not be read (errno says). */
static bool
read_text(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got = -1;

	if (fd < 0)
		return false;
	while (used < room - 1 && (got = read(fd, text + used, room - 1 - used)) > 0)
		used += (size_t)got;
	close(fd);
	text[used] = '\0';
	return got >= 0;
}

/* The number behind "label" at the start of a line, or 0. */
static uint64_t
number_after(const char *text, const char *label)
{
	size_t len = strlen(label);

	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, label, len) == 0)
			return strtoull(line + len, NULL, 10);
	}
	return 0;
}

/*
 * The fields of PID/stat from "state" on: a program's name may hold blanks and parentheses,
 * proc_pid_stat(5).
 */
static const char *
stat_fields(const char *text)
{
	const char *end = strrchr(text, ')');

	return end == NULL || end[1] == '\0' ? "" : end + 2;
}

static bool
read_stat(const char *proc, pid_t pid, char *text, size_t room)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%d/stat", proc, (int)pid);
	return read_text(path, text, room);
}

static void
add_process(const char *proc, pid_t pid, struct processes *list)
{
	struct process *item;
	char text[1024];
	int parent;

	if (!read_stat(proc, pid, text, sizeof(text)) ||
	    sscanf(stat_fields(text), "%*c %d", &parent) != 1)
		return;
	if ((list->count & (list->count - 1)) == 0)
		list->items = mem_resize(list->items, list->count > 0 ? 2 * list->count : 1,
		    sizeof(*list->items));
	item = &list->items[list->count++];
	*item = (struct process){ .pid = pid, .parent = parent };
}

static void
list_processes(const char *proc, struct processes *list)
{
	DIR *folder = opendir(proc);
	struct dirent *entry;
	uint64_t pid;

	if (folder == NULL)
		return;
	while ((entry = readdir(folder)) != NULL)
		if (str_to_number(bytes_of_string(entry->d_name), INT32_MAX, &pid))
			add_process(proc, (pid_t)pid, list);
	closedir(folder);
}

static bool
has_counted_parent(const struct processes *list, const struct process *process)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].counted && list->items[i].pid == process->parent)
			return true;
	return false;
}

/*
 * Marks "root", then children of the marked until nothing is added: a family has few generations.
 */
static bool
mark_family(struct processes *list, pid_t root)
{
	bool found = false, more = true;

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].pid == root)
			found = list->items[i].counted = true;
	while (more) {
		more = false;
		for (size_t i = 0; i < list->count; i++) {
			struct process *process = &list->items[i];

			if (!process->counted && has_counted_parent(list, process))
				more = process->counted = true;
		}
	}
	return found;
}

/*
 * Time on a CPU of every thread, in nanoseconds: PID/task/TID/schedstat, where the kernel has it.
 */
static uint64_t
read_threads_ns(const char *proc, pid_t pid)
{
	char path[512], text[128];
	struct dirent *entry;
	uint64_t total = 0;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/%d/task", proc, (int)pid);
	folder = opendir(path);
	if (folder == NULL)
		return 0;
	while ((entry = readdir(folder)) != NULL) {
		snprintf(path, sizeof(path), "%s/%d/task/%.20s/schedstat", proc, (int)pid,
		    entry->d_name);
		if (entry->d_name[0] != '.' && read_text(path, text, sizeof(text)))
			total += strtoull(text, NULL, 10);
	}
	closedir(folder);
	return total;
}

static void
add_cpu(const char *proc, pid_t pid, struct procstat *sum)
{
	unsigned long long user = 0, system = 0;
	long tick_ms = 1000 / sysconf(_SC_CLK_TCK);
	uint64_t cpu_ns = read_threads_ns(proc, pid);
	char text[1024];

	/* Fields 14 and 15 of the file; the first one here is field 3. */
	if (read_stat(proc, pid, text, sizeof(text)))
		sscanf(stat_fields(text),
		    "%*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu", &user, &system);
	sum->user_ms += user * (uint64_t)tick_ms;
	sum->system_ms += system * (uint64_t)tick_ms;
	sum->cpu_ns += cpu_ns > 0 ? cpu_ns : (user + system) * (uint64_t)tick_ms * 1000000;
}

static enum status
add_memory(const char *proc, pid_t pid, struct procstat *sum)
{
	char path[512], text[2048];

	snprintf(path, sizeof(path), "%s/%d/smaps_rollup", proc, (int)pid);
	if (!read_text(path, text, sizeof(text)))
		return errno == EACCES || errno == EPERM ? STATUS_NOT_ALLOWED : STATUS_NOT_FOUND;
	sum->pss_kib += number_after(text, "Pss:");
	sum->private_kib += number_after(text, "Private_Clean:") +
	    number_after(text, "Private_Dirty:");
	return STATUS_OK;
}

/* Words of a command line end with a zero each, proc_pid_cmdline(5); here with a blank. */
static bool
has_word(const char *proc, pid_t pid, const char *word)
{
	char path[512], text[2048];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s/%d/cmdline", proc, (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	for (ssize_t i = 0; i < got; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	text[got > 0 ? got : 0] = '\0';
	return strstr(text, word) != NULL;
}

static enum status
add_process_to(const char *proc, pid_t pid, struct procstat *sum)
{
	enum status status = add_memory(proc, pid, sum);

	if (status != STATUS_OK)
		return status;
	add_cpu(proc, pid, sum);
	sum->processes++;
	return STATUS_OK;
}

static enum status
add_family(const char *proc, const struct processes *list, const char *word, struct procstat *sum)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct process *process = &list->items[i];

		if (!process->counted || (word != NULL && !has_word(proc, process->pid, word)))
			continue;
		if (add_process_to(proc, process->pid, sum) == STATUS_NOT_ALLOWED)
			return STATUS_NOT_ALLOWED;
	}
	return STATUS_OK;
}

enum status
procstat_read(const char *proc, pid_t root, const char *word, struct procstat *out)
{
	struct processes list = { 0 };
	enum status status = STATUS_NOT_FOUND;

	*out = (struct procstat){ 0 };
	list_processes(proc, &list);
	if (mark_family(&list, root))
		status = add_family(proc, &list, word, out);
	free(list.items);
	return status;
}

enum status
kernstat_read(const char *proc, struct kernstat *out)
{
	uint64_t page_kib = (uint64_t)sysconf(_SC_PAGESIZE) / 1024, pages;
	char path[512], text[8192];

	*out = (struct kernstat){ 0 };
	snprintf(path, sizeof(path), "%s/meminfo", proc);
	if (!read_text(path, text, sizeof(text)))
		return STATUS_NOT_FOUND;
	out->slab_kib = number_after(text, "SUnreclaim:");
	snprintf(path, sizeof(path), "%s/net/sockstat", proc);
	if (!read_text(path, text, sizeof(text)))
		return STATUS_NOT_FOUND;
	if (sscanf(strstr(text, "TCP:") == NULL ? "" : strstr(text, "TCP:"),
	        "TCP: inuse %" SCNu64 " orphan %*u tw %" SCNu64 " alloc %*u mem %" SCNu64,
	        &out->tcp_sockets, &out->tcp_waiting, &pages) != 3)
		return STATUS_NOT_FOUND;
	out->buffers_kib = pages * page_kib;
	return STATUS_OK;
}
