/* SPDX-License-Identifier: ISC */
/*
 * What the clients of one process share: the loop, where servers are, the queue in front of the
 * doors, and the row of the board where everything is counted.
 */

#ifndef SERVER_BENCH_CROWD_H
#define SERVER_BENCH_CROWD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "shared/backoff.h"
#include "server/bench/scoreboard.h"
#include "shared/bytes.h"
#include "shared/endpoint.h"
#include "shared/link.h"
#include "shared/tls.h"

struct asker;
struct bench_client;
struct wheel;

enum { CROWD_PLACES_MAX = 64, CROWD_ROUTE = 0 };

/* A server. */
struct place {
	struct endpoint endpoint;
	struct address address;
	bool has_pin;
	uint8_t pin[TLS_PIN_SIZE];
};

struct crowd {
	struct link_loop *loop;		/* the swarm's, as all pointers here */
	struct wheel *wheel;
	struct tls_context *tls;	/* NULL: plain */
	struct asker *asker;
	struct scoreboard_row *row;
	struct link_limits limits;	/* of every link; handshake_ms is a client's patience */
	uint32_t ping_ms;	/* every client pings so often */
	uint32_t answer_ms;	/* for a ping, and for anything before login */
	struct backoff backoff;	/* every client starts with this one */

	struct place places[CROWD_PLACES_MAX];	/* CROWD_ROUTE: the invite's; then work servers */
	uint32_t place_count;

	/* Clients that want to connect, and how many do so now. */
	TAILQ_HEAD(crowd_queue, bench_client) queue;
	uint32_t under_way, under_way_max;

	uint64_t random_state;
};

/*
 * The route server, times as real clients have them, the rest zero. STATUS_NOT_FOUND: nobody
 * knows that host.
 */
enum status crowd_init(struct crowd *crowd, const struct invite *invite);

/*
 * The number of a work server, made known if it is new. False: the host is not known, or there
 * are too many (CROWD_PLACES_MAX).
 */
bool crowd_find_place(struct crowd *crowd, struct bytes host, uint16_t port, struct bytes pin,
    uint32_t *out);

/* A number below "limit" (at least 1); cheap, for jitter and choices. */
uint32_t crowd_random(struct crowd *crowd, uint32_t limit);

/*
 * Puts a client at the end of the queue; bench_client_start() is called for it when there is
 * room.
 */
void crowd_enqueue(struct crowd *crowd, struct bench_client *client);
/* Takes it out again; one that is not in the queue is fine. */
void crowd_dequeue(struct crowd *crowd, struct bench_client *client);

/* Starts as many of those who wait as may be under way. */
void crowd_pump(struct crowd *crowd);

/*
 * Where client "index" connects from: one of as many addresses of 127.0.0.0/8 as it takes, so
 * that no two ends have more connections between them than there are ports. Port 0. False: the
 * server is not there, any address will do.
 */
bool crowd_source(const struct place *place, uint32_t index, struct address *out);

#endif
