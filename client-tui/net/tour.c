/* SPDX-License-Identifier: ISC */
#include "client-tui/net/tour.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "shared/mem.h"

void
tour_init(struct tour *tour, const struct invite *routes, size_t count, uint64_t first)
{
	assert(count > 0);
	memset(tour, 0, sizeof(*tour));
	tour->routes = mem_new_array(count, sizeof(*tour->routes));
	tour->route_count = count;
	tour->first_route = (size_t)(first % count);
	tour->current_route = tour->first_route;
	for (size_t i = 0; i < count; i++)
		tour->routes[i].invite = routes[i];
}

void
tour_clear(struct tour *tour)
{
	free(tour->routes);
	memset(tour, 0, sizeof(*tour));
}

void
tour_start(struct tour *tour)
{
	tour->routes_tried = 0;
	tour->was_answered = false;
	tour->offers_tried = tour->offer_count;
	tour->try_last = tour->has_last && !tour->avoid_last;
}

static bool
is_same_server(const struct tour_stop *a, const struct tour_stop *b)
{
	return a->invite.server.port == b->invite.server.port &&
	    strcmp(a->invite.server.host, b->invite.server.host) == 0;
}

static bool
is_avoided(const struct tour *tour, const struct tour_stop *offer)
{
	return tour->avoid_last && tour->offer_count > 1 && is_same_server(offer, &tour->last);
}

static bool
next_offer(struct tour *tour, struct tour_stop *out)
{
	while (tour->offers_tried < tour->offer_count) {
		const struct tour_stop *offer = &tour->offers[tour->offers_tried++];

		if (is_avoided(tour, offer))
			continue;
		*out = *offer;
		return true;
	}
	return false;
}

static bool
next_route(struct tour *tour, struct tour_stop *out)
{
	while (tour->routes_tried < tour->route_count) {
		size_t i = (tour->first_route + tour->routes_tried++) % tour->route_count;

		if (tour->routes[i].is_barred)
			continue;
		tour->current_route = i;
		out->kind = TOUR_ROUTE;
		out->invite = tour->routes[i].invite;
		return true;
	}
	return false;
}

bool
tour_next(struct tour *tour, struct tour_stop *out)
{
	if (tour->try_last) {
		tour->try_last = false;
		*out = tour->last;
		return true;
	}
	if (next_offer(tour, out) || next_route(tour, out))
		return true;
	if (tour->was_answered)
		return false;
	/* Nobody to ask: those of some time ago may still be there. */
	tour->was_answered = true;
	tour->offers_tried = 0;
	return next_offer(tour, out);
}

void
tour_offer(struct tour *tour, const struct tour_stop *offers, size_t count)
{
	assert(count <= TOUR_OFFERS_MAX);
	for (size_t i = 0; i < count; i++)
		tour->offers[i] = offers[i];
	tour->offer_count = count;
	tour->offers_tried = 0;
	tour->was_answered = true;
}

void
tour_arrive(struct tour *tour, const struct tour_stop *work)
{
	tour->last = *work;
	tour->has_last = true;
	tour->avoid_last = false;
	tour->first_route = tour->current_route;
}

void
tour_avoid_last(struct tour *tour)
{
	tour->avoid_last = true;
}

void
tour_trust(struct tour *tour, const uint8_t pin[ENDPOINT_PIN_SIZE])
{
	struct invite *invite = &tour->routes[tour->current_route].invite;

	invite->has_pin = true;
	memcpy(invite->pin, pin, ENDPOINT_PIN_SIZE);
}

void
tour_bar(struct tour *tour)
{
	tour->routes[tour->current_route].is_barred = true;
}

void
tour_unbar(struct tour *tour)
{
	for (size_t i = 0; i < tour->route_count; i++)
		tour->routes[i].is_barred = false;
}

bool
tour_is_barred(const struct tour *tour)
{
	for (size_t i = 0; i < tour->route_count; i++)
		if (!tour->routes[i].is_barred)
			return false;
	return true;
}
