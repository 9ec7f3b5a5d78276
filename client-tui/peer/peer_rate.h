/* SPDX-License-Identifier: ISC */
/* A token bucket for one session: so many at once, so many a second for long. */

#ifndef CLIENT_PEER_PEER_RATE_H
#define CLIENT_PEER_PEER_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct peer_rate {
	uint32_t burst;
	uint32_t per_second;  /* not 0 */
	uint64_t thousandths; /* of one that may pass */
	uint64_t at_ms;
};

/* Full at "now_ms", a time of clock_monotonic_ms(). */
void peer_rate_init(struct peer_rate *rate, uint32_t burst, uint32_t per_second, uint64_t now_ms);

/* Whether one more may pass now; it then has. */
bool peer_rate_take(struct peer_rate *rate, uint64_t now_ms);

#endif
