/* SPDX-License-Identifier: ISC */
/*
 * Moments as people write them, in the time zone of the environment (tzset(3)); names of days and
 * months in English.
 */

#ifndef CLIENT_VIEW_TIMES_H
#define CLIENT_VIEW_TIMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TIMES_ROOM = 40, /* enough for every text below */
};

/* "14:02" */
void times_clock(uint64_t wall_s, char *out);

/* "Sat 21 Nov" */
void times_date(uint64_t wall_s, char *out);

/* "today", or "Friday 20 November", with the year when it is not this one. */
void times_day(uint64_t wall_s, uint64_t now_s, char *out);

bool times_is_same_day(uint64_t a_s, uint64_t b_s);

/* "00:12", "1:02:03" */
void times_duration(uint64_t seconds, char *out);

/* "now", "5 min", "2 h", "3 d" */
void times_ago(uint64_t seconds, char *out);

#endif
