/* SPDX-License-Identifier: ISC */
/*
 * One client: it connects to the route server, asks where to go, goes there, proves who it is,
 * and stays, pinging. Whatever throws it out, it comes back as people's clients do: after a
 * random time that doubles with every failure, by the route server. What it does on which message
 * is a table.
 */

#ifndef SERVER_BENCH_BENCH_CLIENT_H
#define SERVER_BENCH_BENCH_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "shared/backoff.h"
#include "server/bench/accounts.h"
#include "shared/wheel.h"

struct crowd;
struct link;

enum {
	BENCH_CLIENT_TOKEN_MAX = 128,
	/*
	 * The request number of a client's own messages; operations (asker.h) count from 0 on and
	 * never get there.
	 */
	BENCH_CLIENT_REQUEST = 0xffffffff,
};

enum client_goal {
	GOAL_AWAY,		/* no connection */
	GOAL_REGISTERED,	/* no connection, once the account has a uid */
	GOAL_ONLINE,
};

enum client_state {
	CLIENT_AWAY,
	CLIENT_WAITING,		/* in the crowd's queue, or until a failure is forgotten */
	CLIENT_ROUTE_HELLO,	/* with the route server */
	CLIENT_ROUTE_ASKED,
	CLIENT_HELLO,		/* with a work server */
	CLIENT_REGISTERING,
	CLIENT_PROVING,
	CLIENT_ONLINE,
	CLIENT_GIVEN_UP,	/* refused for good */
};

/* Embedded in the swarm's array, zeroed; its address must not change. */
struct bench_client {
	struct crowd *crowd;
	struct account *account;
	struct link *link;
	TAILQ_ENTRY(bench_client) queued;	/* the crowd's */
	struct wheel_timer timer;	/* try again; ping; an answer is missing */
	struct backoff backoff;
	uint64_t begun_us;		/* when the first attempt to get there began */
	uint64_t lost_us;		/* when it was thrown out; 0: it was not */
	uint32_t index;			/* of all clients of the run */
	uint32_t place;			/* its work server; 0: none known */
	uint32_t retry_ms;		/* the server's wish after a refusal */
	uint16_t why;			/* status of an ERROR that ends the connection, or 0 */
	uint8_t goal;
	uint8_t state;
	bool is_queued;
	bool is_direct;			/* go straight to the last work server */
	bool ping_is_open;
	uint8_t token_len;
	uint8_t token[BENCH_CLIENT_TOKEN_MAX];
};

void bench_client_init(struct bench_client *client, struct crowd *crowd, struct account *account,
    uint32_t index);

/*
 * From now on it wants this. A client that the server refused for good tries again. "direct": the
 * first attempt goes straight to the work server that it was at last, with its token, if it has
 * both.
 */
void bench_client_want(struct bench_client *client, enum client_goal goal, bool direct);

/* Called by the crowd when there is room. */
void bench_client_start(struct bench_client *client);

/* It may be asked to send something: client->link is up and logged in. */
bool bench_client_is_online(const struct bench_client *client);

#endif
