/* SPDX-License-Identifier: ISC */
/*
 * One process with its part of the clients. The parent tells it what to do by orders over a
 * SOCK_SEQPACKET socket, one struct a packet (both ends are the same program); the swarm sends
 * one byte when it is set up, and when an order is done. What it found is on the board. The end
 * of the socket is the end of the process.
 */

#ifndef SERVER_BENCH_SWARM_H
#define SERVER_BENCH_SWARM_H

#include <stdint.h>

#include "server/bench/bench_options.h"
#include "server/bench/scoreboard.h"
#include "shared/endpoint.h"

enum order_kind {
	ORDER_REGISTER,		/* done when every account has a uid */
	ORDER_LOGIN,		/* done when everybody is online */
	ORDER_DROP,		/* done when nobody has a connection */
	ORDER_STORM,		/* as LOGIN, all at once, straight to the work server */
	ORDER_STAY,		/* done when the time is over */
	ORDER_ASK,		/* operations; done when the time is over and all is answered */
	ORDER_COUNT,		/* ask how many are online; done at once, the answer comes later */
	ORDER_COUNT_KINDS,
};

struct order {
	enum order_kind kind;
	uint32_t seconds;	/* STAY, ASK: how long; else the longest time it may take */
	uint32_t millihertz;	/* ASK: questions of each kind in 1000 s by this swarm */
	uint32_t limit;		/* LOGIN: only so many clients of each swarm; 0: all */
	bool is_phase;		/* the row of the board begins anew */
};

/* The life of the process; returns its exit status when the socket ends. */
int swarm_run(const struct bench_options *options, const struct invite *invite,
    struct scoreboard *board, uint32_t row, int socket);

#endif
