/* SPDX-License-Identifier: ISC */
/* What the kernel counts for a process with all its threads (proc(5)). */

#ifndef TESTS_BENCH_CLIENT_PROC_H
#define TESTS_BENCH_CLIENT_PROC_H

#include <sys/types.h>

/* A line of smaps_rollup, as "Rss:" or "Pss:", in KiB; 0: there is none. */
unsigned long client_proc_memory_kb(pid_t pid, const char *name);

/* How often its threads went to sleep by themselves, and so were woken up again. */
unsigned long client_proc_switches(pid_t pid);

/* The time they have worked, in microseconds (schedstat). */
unsigned long client_proc_cpu_us(pid_t pid);

#endif
