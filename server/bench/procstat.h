/* SPDX-License-Identifier: ISC */
/*
 * What processes and the kernel use, read from proc(5): memory and CPU of a process with all its
 * descendants, and the kernel's memory for sockets. Two readings and a subtraction make a
 * measurement.
 */

#ifndef SERVER_BENCH_PROCSTAT_H
#define SERVER_BENCH_PROCSTAT_H

#include <stdint.h>
#include <sys/types.h>

#include "shared/status.h"

struct procstat {
	uint32_t processes;
	uint64_t pss_kib;	/* smaps_rollup Pss: shared pages divided by their users */
	uint64_t private_kib;	/* Private_Clean + Private_Dirty: what goes when they go */
	uint64_t cpu_ns;	/* time on a CPU of all living threads: schedstat, else as below */
	uint64_t user_ms;	/* stat utime and stime, in steps of a clock tick (10 ms) */
	uint64_t system_ms;
};

struct kernstat {
	uint64_t slab_kib;	/* meminfo SUnreclaim: sockets, epoll items, file objects */
	uint64_t buffers_kib;	/* sockstat TCP mem: bytes on their way */
	uint64_t tcp_sockets;	/* sockstat TCP inuse: both ends of a loopback connection */
	uint64_t tcp_waiting;	/* sockstat TCP tw */
};

/*
 * Adds up "root" and all its descendants as they are now, or only those whose command line has
 * "word" in it (NULL: all); "proc" is "/proc" but for tests. Processes that end meanwhile are left
 * out. STATUS_NOT_FOUND: there is no process "root"; STATUS_NOT_ALLOWED: its memory may not be read
 * (it belongs to another user).
 */
enum status procstat_read(const char *proc, pid_t root, const char *word, struct procstat *out);

/* STATUS_NOT_FOUND: "proc" has no meminfo or no net/sockstat. */
enum status kernstat_read(const char *proc, struct kernstat *out);

#endif
