/* SPDX-License-Identifier: ISC */
/* Timers of the event loop in milliseconds. */

#ifndef CLIENT_PEER_PEER_TIMER_H
#define CLIENT_PEER_PEER_TIMER_H

#include <stdint.h>

#include <event2/event.h>

/* (Re)sets it to "ms" from now. */
static inline void
peer_timer_set(struct event *timer, uint64_t ms)
{
	const struct timeval delay = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000),
	};

	event_add(timer, &delay);
}

#endif
