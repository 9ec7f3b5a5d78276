/* SPDX-License-Identifier: ISC */
#include "server/bench/reading.h"

#include <string.h>
#include <unistd.h>

#include "shared/log.h"

/* In the command line of every process that holds sessions, proc.h. */
#define SESSION_WORD "--member work session/"

void
reading_take(uint32_t server, struct reading *out)
{
	pid_t pid = (pid_t)server;

	memset(out, 0, sizeof(*out));
	if (pid != 0 && procstat_read("/proc", pid, NULL, &out->server) != STATUS_OK)
		log_warn("process %d cannot be measured: it is gone or belongs to somebody else",
		    (int)pid);
	if (pid != 0)
		procstat_read("/proc", pid, SESSION_WORD, &out->children);
	procstat_read("/proc", getpid(), NULL, &out->bench);
	kernstat_read("/proc", &out->kernel);
}

double
reading_cpu_us(const struct procstat *before, const struct procstat *after)
{
	return after->cpu_ns > before->cpu_ns ? (double)(after->cpu_ns - before->cpu_ns) / 1000 : 0;
}
