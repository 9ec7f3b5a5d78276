/* SPDX-License-Identifier: ISC */
/* What server, benchmark and kernel used up until one moment; two of them make a measurement. */

#ifndef SERVER_BENCH_READING_H
#define SERVER_BENCH_READING_H

#include <stdint.h>

#include "server/bench/procstat.h"

struct reading {
	struct procstat server;		/* zeros when its process is not known */
	struct procstat children;	/* of it, the session children */
	struct procstat bench;
	struct kernstat kernel;
};

/*
 * "server" is the process ID of its oldest process, or 0. One that cannot be read is zeros, with a
 * warning in the log.
 */
void reading_take(uint32_t server, struct reading *out);

/* Time on a CPU between two readings, in microseconds; 0 when processes ended that had more. */
double reading_cpu_us(const struct procstat *before, const struct procstat *after);

#endif
