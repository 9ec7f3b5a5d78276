/* SPDX-License-Identifier: ISC */
/*
 * How long to wait before trying again: soon at first, then twice as long each time, and never
 * all clients at the same moment.
 */

#ifndef SHARED_BACKOFF_H
#define SHARED_BACKOFF_H

#include <stdint.h>

struct backoff {
	uint32_t first_ms; /* the first wait is 0 to this */
	uint32_t step_ms;  /* the second is half of this to this, and so on, doubling */
	uint32_t most_ms;  /* no wait is longer */
	uint32_t failures; /* waits since the last success */
};

/* The next wait; "random" is any number that nobody else has. */
uint32_t backoff_next(struct backoff *backoff, uint64_t random);

/* Something went well: the next wait is a first one. */
void backoff_reset(struct backoff *backoff);

#endif
