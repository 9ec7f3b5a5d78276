/* SPDX-License-Identifier: ISC */
#include "server/bench/progress.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "shared/clock.h"

enum { BAR_WIDTH = 30 };

void
progress_init(struct progress *progress, FILE *out, bool wanted)
{
	*progress = (struct progress){ .out = out, .is_on = wanted && isatty(fileno(out)) };
}

void
progress_start(struct progress *progress, const char *what)
{
	progress->what = what;
	progress->start_ms = clock_monotonic_ms();
}

void
progress_format(char *line, size_t room, const char *what, uint64_t done, uint64_t all,
    uint64_t lost, uint64_t elapsed_ms)
{
	char bar[BAR_WIDTH + 1];
	size_t full = all == 0 ? 0 : done >= all ? BAR_WIDTH : (size_t)(done * BAR_WIDTH / all);

	memset(bar, '.', BAR_WIDTH);
	memset(bar, '#', full);
	bar[BAR_WIDTH] = '\0';
	snprintf(line, room, "%-10s [%s] %" PRIu64 "/%" PRIu64 "  %.1f s  lost %" PRIu64, what,
	    bar, done,
	    all, (double)elapsed_ms / 1000, lost);
}

void
progress_show(struct progress *progress, uint64_t done, uint64_t all, uint64_t lost)
{
	char line[160];

	if (!progress->is_on)
		return;
	progress_format(line, sizeof(line), progress->what, done, all, lost,
	    clock_monotonic_ms() - progress->start_ms);
	fprintf(progress->out, "\r%s\033[K", line);
	fflush(progress->out);
}

void
progress_stop(struct progress *progress)
{
	if (!progress->is_on)
		return;
	fputs("\r\033[K", progress->out);
	fflush(progress->out);
}
