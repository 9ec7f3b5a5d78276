/* SPDX-License-Identifier: ISC */
#include "server/bench/crowd.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "server/bench/bench_client.h"
#include "shared/str.h"

/*
 * Of about 28 000 ports (ip_local_port_range), the rest is for connections that just ended
 * (TIME_WAIT).
 */
enum { CLIENTS_PER_SOURCE = 8000 };

/* Times of client-tui/net/server_link.c. */
enum { PING_MS = 60000, ANSWER_MS = 10000 };

static const struct link_limits usual_limits = {
	.handshake_ms = 10000,
	.drain_ms = 2000,
	.output_low = 1 << 14,
	.output_high = 1 << 18,
};

static const struct backoff usual_backoff = {
	.first_ms = 500,
	.step_ms = 1000,
	.most_ms = 30000,
};

/* A name is asked for once and blocks so long: only the benchmark's own start waits. */
static enum status
resolve_name(const struct endpoint *endpoint, struct address *out)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *found;
	char port[8];

	snprintf(port, sizeof(port), "%u", endpoint->port);
	if (getaddrinfo(endpoint->host, port, &hints, &found) != 0)
		return STATUS_NOT_FOUND;
	out->len = found->ai_addrlen;
	memcpy(&out->any, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return STATUS_OK;
}

static enum status
resolve(const struct endpoint *endpoint, struct address *out)
{
	if (endpoint_to_address(endpoint, out) == STATUS_OK)
		return STATUS_OK;
	return resolve_name(endpoint, out);
}

enum status
crowd_init(struct crowd *crowd, const struct invite *invite)
{
	struct place *route = &crowd->places[CROWD_ROUTE];

	memset(crowd, 0, sizeof(*crowd));
	TAILQ_INIT(&crowd->queue);
	crowd->limits = usual_limits;
	crowd->ping_ms = PING_MS;
	crowd->answer_ms = ANSWER_MS;
	crowd->backoff = usual_backoff;
	if (getrandom(&crowd->random_state, sizeof(crowd->random_state), 0) < 0)
		return STATUS_SYSTEM;
	crowd->random_state |= 1;
	route->endpoint = invite->server;
	route->has_pin = invite->has_pin;
	memcpy(route->pin, invite->pin, sizeof(route->pin));
	crowd->place_count = 1;
	return resolve(&route->endpoint, &route->address);
}

static bool
is_place(const struct place *place, struct bytes host, uint16_t port, struct bytes pin)
{
	return place->endpoint.port == port &&
	    bytes_equal(bytes_of_string(place->endpoint.host), host) &&
	    bytes_equal(bytes_of(place->pin, sizeof(place->pin)), pin);
}

bool
crowd_find_place(struct crowd *crowd, struct bytes host, uint16_t port, struct bytes pin,
    uint32_t *out)
{
	struct place *place;

	for (uint32_t i = CROWD_ROUTE + 1; i < crowd->place_count; i++) {
		*out = i;
		if (is_place(&crowd->places[i], host, port, pin))
			return true;
	}
	if (crowd->place_count == CROWD_PLACES_MAX)
		return false;
	place = &crowd->places[crowd->place_count];
	if (!str_copy(host, place->endpoint.host, sizeof(place->endpoint.host)))
		return false;
	place->endpoint.port = port;
	place->has_pin = true;
	memcpy(place->pin, pin.data, sizeof(place->pin));
	if (resolve(&place->endpoint, &place->address) != STATUS_OK)
		return false;
	*out = crowd->place_count++;
	return true;
}

/* Marsaglia's xorshift64: good enough to spread clients. */
uint32_t
crowd_random(struct crowd *crowd, uint32_t limit)
{
	crowd->random_state ^= crowd->random_state << 13;
	crowd->random_state ^= crowd->random_state >> 7;
	crowd->random_state ^= crowd->random_state << 17;
	return (uint32_t)((crowd->random_state >> 16) % limit);
}

void
crowd_enqueue(struct crowd *crowd, struct bench_client *client)
{
	TAILQ_INSERT_TAIL(&crowd->queue, client, queued);
	client->is_queued = true;
}

void
crowd_dequeue(struct crowd *crowd, struct bench_client *client)
{
	if (client->is_queued)
		TAILQ_REMOVE(&crowd->queue, client, queued);
	client->is_queued = false;
}

void
crowd_pump(struct crowd *crowd)
{
	struct bench_client *client;

	while (crowd->under_way < crowd->under_way_max &&
	    (client = TAILQ_FIRST(&crowd->queue)) != NULL) {
		crowd_dequeue(crowd, client);
		bench_client_start(client);
	}
}

bool
crowd_source(const struct place *place, uint32_t index, struct address *out)
{
	if (place->address.any.sa_family != AF_INET || !endpoint_is_loopback(&place->address.any))
		return false;
	*out = (struct address){ .len = sizeof(out->v4) };
	out->v4.sin_family = AF_INET;
	/* 127.1.0.1 and up. */
	out->v4.sin_addr.s_addr = htonl(0x7f010001 + index / CLIENTS_PER_SOURCE);
	return true;
}
