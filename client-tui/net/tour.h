/* SPDX-License-Identifier: ISC */
/*
 * Which server to try next. A round goes: the work server we had (when it is worth a try), then
 * the route servers in turn, after each that answers the work servers it named, and when none
 * of them answered the work servers that were named some time before. A pure value: no sockets,
 * no time.
 */

#ifndef CLIENT_NET_TOUR_H
#define CLIENT_NET_TOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/endpoint.h"

enum { TOUR_OFFERS_MAX = 3 };

enum tour_kind {
	TOUR_ROUTE,
	TOUR_WORK,
};

/* A server to try. */
struct tour_stop {
	enum tour_kind kind;
	struct invite invite;
};

struct tour_route {
	struct invite invite;
	bool is_barred; /* a person has to look at its key first */
};

struct tour {
	struct tour_route *routes;
	size_t route_count;
	size_t first_route;   /* where a round begins */
	size_t routes_tried;  /* of this round */
	size_t current_route; /* the one that was tried last */

	struct tour_stop offers[TOUR_OFFERS_MAX]; /* named last */
	size_t offer_count;
	size_t offers_tried;
	bool was_answered; /* by a route server, in this round */

	struct tour_stop last; /* the work server we had */
	bool has_last;
	bool try_last;   /* still to do in this round */
	bool avoid_last; /* it sent us away */
};

/*
 * "first" is any number: clients that were told the same route servers begin with different
 * ones. The invites are copied.
 */
void tour_init(struct tour *tour, const struct invite *routes, size_t count, uint64_t first);
void tour_clear(struct tour *tour);

/* Begins a round. */
void tour_start(struct tour *tour);

/* The next stop; false: the round is over. */
bool tour_next(struct tour *tour, struct tour_stop *out);

/* The route server that was tried last named these (at most TOUR_OFFERS_MAX count). */
void tour_offer(struct tour *tour, const struct tour_stop *offers, size_t count);

/* A work server took us: the next round begins with it. */
void tour_arrive(struct tour *tour, const struct tour_stop *work);

/* The work server we had sent us away: not that one next, unless there is no other. */
void tour_avoid_last(struct tour *tour);

/* The route server that was tried last has this key, and a person trusts it. */
void tour_trust(struct tour *tour, const uint8_t pin[ENDPOINT_PIN_SIZE]);

/* The route server that was tried last shows a key that nobody trusts: it is left out from now
 * on. */
void tour_bar(struct tour *tour);

/* Somebody may have looked into it: all route servers count again. */
void tour_unbar(struct tour *tour);

/* Whether there is no route server left. */
bool tour_is_barred(const struct tour *tour);

#endif
