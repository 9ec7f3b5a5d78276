/* SPDX-License-Identifier: ISC */
/* Sums over a made-up /proc, and over this process in the real one. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/bench/procstat.h"
#include "shared/compiler.h"
#include "tests/support/tmpdir.h"

/* A process of the made-up /proc, every time in it a multiple of "scale". */
static void
make_process(const char *proc, int pid, const char *name, int parent, int scale,
    const char *schedstat)
{
	char path[64], text[512];

	snprintf(path, sizeof(path), "%s/%d", proc, pid);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/%d/task", proc, pid);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/%d/task/%d", proc, pid, pid);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(text, sizeof(text),
	    "%d (%s) S %d 1 1 0 -1 4194560 104 0 0 0 %d %d 0 0 20 0 1 0 5\n", pid,
	    name, parent, 3 * scale, 2 * scale);
	snprintf(path, sizeof(path), "%d/stat", pid);
	tmpdir_write(proc, path, text);
	snprintf(text, sizeof(text), "00400000-7ffd1000 ---p 00000000 00:00 0    [rollup]\n"
	    "Rss:    900 kB\nPss:      %d kB\nPss_Dirty:   1 kB\nPrivate_Clean:   %d kB\n"
	    "Private_Dirty:   %d kB\nSwapPss:   0 kB\n", 10 * scale, scale, 5 * scale);
	snprintf(path, sizeof(path), "%d/smaps_rollup", pid);
	tmpdir_write(proc, path, text);
	snprintf(path, sizeof(path), "%d/task/%d/schedstat", pid, pid);
	if (schedstat != NULL)
		tmpdir_write(proc, path, schedstat);
}

static void
a_family_is_added_up(void **state UNUSED)
{
	char *proc = tmpdir_new();
	struct procstat sum;

	make_process(proc, 100, "tingyu-work", 1, 1, "7000 5 3\n");
	/* A name that looks like fields, a grandchild with a smaller pid, and a stranger. */
	make_process(proc, 300, "a) S 1 (b", 100, 10, "20000 5 3\n");
	make_process(proc, 200, "store", 300, 100, "500 5 3\n");
	make_process(proc, 400, "stranger", 1, 1000, "1 5 3\n");
	assert_int_equal(procstat_read(proc, 100, NULL, &sum), STATUS_OK);
	assert_int_equal(sum.processes, 3);
	assert_int_equal(sum.pss_kib, 1110);
	assert_int_equal(sum.private_kib, 666);
	assert_int_equal(sum.cpu_ns, 27500);
	assert_int_equal(sum.user_ms, 333 * 1000 / (uint64_t)sysconf(_SC_CLK_TCK));
	assert_int_equal(sum.system_ms, 222 * 1000 / (uint64_t)sysconf(_SC_CLK_TCK));
	tmpdir_free(proc);
}

/* The words of a command line end with zeros: here the blanks. */
static void
make_command(const char *proc, int pid, const char *words)
{
	char path[64], text[64];
	size_t len = strlen(words);
	FILE *file;

	memcpy(text, words, len + 1);
	for (size_t i = 0; i < len; i++)
		if (text[i] == ' ')
			text[i] = '\0';
	snprintf(path, sizeof(path), "%s/%d/cmdline", proc, pid);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len + 1, file), len + 1);
	fclose(file);
}

static void
some_of_a_family_can_be_added_up(void **state UNUSED)
{
	char *proc = tmpdir_new();
	struct procstat sum;

	make_process(proc, 100, "tingyu-work", 1, 1, "1 5 3\n");
	make_process(proc, 101, "tingyu-work", 100, 10, "10 5 3\n");
	make_process(proc, 102, "tingyu-work", 100, 100, "100 5 3\n");
	make_process(proc, 103, "no command line", 100, 1000, "1000 5 3\n");
	make_command(proc, 100, "tingyu-work -c session");
	make_command(proc, 101, "tingyu-work --member session/0");
	make_command(proc, 102, "tingyu-work --member session/1");
	assert_int_equal(procstat_read(proc, 100, "--member session/", &sum), STATUS_OK);
	assert_int_equal(sum.processes, 2);
	assert_int_equal(sum.pss_kib, 1100);
	assert_int_equal(sum.cpu_ns, 110);
	assert_int_equal(procstat_read(proc, 100, "nothing like this", &sum), STATUS_OK);
	assert_int_equal(sum.processes, 0);
	tmpdir_free(proc);
}

static void
without_schedstat_ticks_have_to_do(void **state UNUSED)
{
	char *proc = tmpdir_new();
	struct procstat sum;

	make_process(proc, 100, "old kernel", 1, 10, NULL);
	assert_int_equal(procstat_read(proc, 100, NULL, &sum), STATUS_OK);
	assert_int_equal(sum.cpu_ns, 50 * UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK));
	tmpdir_free(proc);
}

static void
nobody_there_is_said(void **state UNUSED)
{
	char *proc = tmpdir_new();
	struct kernstat kernel;
	struct procstat sum;

	assert_int_equal(procstat_read(proc, 100, NULL, &sum), STATUS_NOT_FOUND);
	assert_int_equal(procstat_read("/nowhere", 100, NULL, &sum), STATUS_NOT_FOUND);
	assert_int_equal(kernstat_read(proc, &kernel), STATUS_NOT_FOUND);
	tmpdir_free(proc);
}

static void
the_kernel_is_read(void **state UNUSED)
{
	char *proc = tmpdir_new(), path[64];
	struct kernstat kernel;

	snprintf(path, sizeof(path), "%s/net", proc);
	assert_int_equal(mkdir(path, 0700), 0);
	tmpdir_write(proc, "meminfo", "MemTotal:  24684020 kB\nSUnreclaim:  25740 kB\n");
	tmpdir_write(proc, "net/sockstat", "sockets: used 17\n"
	    "TCP: inuse 21 orphan 0 tw 4 alloc 22 mem 3\nUDP: inuse 0 mem 0\n");
	assert_int_equal(kernstat_read(proc, &kernel), STATUS_OK);
	assert_int_equal(kernel.slab_kib, 25740);
	assert_int_equal(kernel.tcp_sockets, 21);
	assert_int_equal(kernel.tcp_waiting, 4);
	assert_int_equal(kernel.buffers_kib, 3 * sysconf(_SC_PAGESIZE) / 1024);
	tmpdir_free(proc);
}

static void
our_own_memory_shows(void **state UNUSED)
{
	enum { TAKEN = 8 << 20 };
	struct procstat before, after;
	struct kernstat kernel;
	char *memory;

	assert_int_equal(procstat_read("/proc", getpid(), NULL, &before), STATUS_OK);
	memory = malloc(TAKEN);
	assert_non_null(memory);
	memset(memory, 1, TAKEN);
	assert_int_equal(procstat_read("/proc", getpid(), NULL, &after), STATUS_OK);
	assert_int_equal(memory[TAKEN / 2], 1);
	free(memory);
	assert_int_equal(before.processes, 1);
	assert_true(after.private_kib >= before.private_kib + TAKEN / 1024 / 2);
	assert_true(after.cpu_ns > 0 && after.cpu_ns >= before.cpu_ns);
	assert_int_equal(kernstat_read("/proc", &kernel), STATUS_OK);
	assert_true(kernel.slab_kib > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_family_is_added_up),
		cmocka_unit_test(some_of_a_family_can_be_added_up),
		cmocka_unit_test(without_schedstat_ticks_have_to_do),
		cmocka_unit_test(nobody_there_is_said),
		cmocka_unit_test(the_kernel_is_read),
		cmocka_unit_test(our_own_memory_shows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
