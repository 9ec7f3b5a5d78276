/* SPDX-License-Identifier: ISC */
#include "client-tui/view/times.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const days[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
	"Friday", "Saturday" };
static const char *const months[] = { "January", "February", "March", "April", "May", "June",
	"July", "August", "September", "October", "November", "December" };

/* A moment that no calendar has (a foreign clock) is the beginning of time. */
static struct tm
local(uint64_t wall_s)
{
	time_t time = (time_t)wall_s;
	struct tm tm;

	if (localtime_r(&time, &tm) == NULL) {
		time = 0;
		localtime_r(&time, &tm);
	}
	return tm;
}

void
times_clock(uint64_t wall_s, char *out)
{
	struct tm tm = local(wall_s);

	snprintf(out, TIMES_ROOM, "%02d:%02d", tm.tm_hour, tm.tm_min);
}

void
times_date(uint64_t wall_s, char *out)
{
	struct tm tm = local(wall_s);

	snprintf(out, TIMES_ROOM, "%.3s %d %.3s", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon]);
}

void
times_day(uint64_t wall_s, uint64_t now_s, char *out)
{
	struct tm tm = local(wall_s), now = local(now_s);
	int used;

	if (times_is_same_day(wall_s, now_s)) {
		snprintf(out, TIMES_ROOM, "today");
		return;
	}
	used = snprintf(out, TIMES_ROOM, "%s %d %s", days[tm.tm_wday], tm.tm_mday,
	    months[tm.tm_mon]);
	if (tm.tm_year != now.tm_year)
		snprintf(out + used, TIMES_ROOM - (size_t)used, " %d", tm.tm_year + 1900);
}

bool
times_is_same_day(uint64_t a_s, uint64_t b_s)
{
	struct tm a = local(a_s), b = local(b_s);

	return a.tm_yday == b.tm_yday && a.tm_year == b.tm_year;
}

void
times_duration(uint64_t seconds, char *out)
{
	unsigned long long hours = seconds / 3600;
	unsigned minutes = (unsigned)(seconds / 60 % 60), rest = (unsigned)(seconds % 60);

	if (hours > 0)
		snprintf(out, TIMES_ROOM, "%llu:%02u:%02u", hours, minutes, rest);
	else
		snprintf(out, TIMES_ROOM, "%02u:%02u", minutes, rest);
}

void
times_ago(uint64_t seconds, char *out)
{
	unsigned long long minutes = seconds / 60, hours = minutes / 60;

	if (minutes == 0)
		snprintf(out, TIMES_ROOM, "now");
	else if (hours == 0)
		snprintf(out, TIMES_ROOM, "%llu min", minutes);
	else if (hours < 48)
		snprintf(out, TIMES_ROOM, "%llu h", hours);
	else
		snprintf(out, TIMES_ROOM, "%llu d", hours / 24);
}
