/* SPDX-License-Identifier: ISC */
/*
 * How a session child reaches users who are somewhere else: join and leave, find, send to one, announce to all. Behind it
 * stands a driver; bus_local.c is the one for a single machine. A bus belongs to the thread of its event base.
 */

#ifndef SERVER_BUS_BUS_H
#define SERVER_BUS_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "server/bus/presence.h"
#include "shared/bytes.h"
#include "shared/compiler.h"
#include "shared/status.h"

struct bus;
struct channel;

enum {
	/* The largest frame that can be sent or announced, header included. */
	BUS_FRAME_MAX = 60000,
};

struct bus_events {
	/*
	 * A frame for a user whose session is here. The sender has seen "session" hold "uid"; that may have changed: compare.
	 * Called inside bus_send() when the user is in this very child.
	 */
	void (*on_frame)(void *arg, uint64_t uid, uint32_t session, struct bytes frame);
	/* A newer login took "uid" away from "session" here: tell the client and close. It must not bus_leave() any more, but may. */
	void (*on_taken_over)(void *arg, uint64_t uid, uint32_t session);
	/* Somebody announced a frame to every child; the announcer does not get its own. */
	void (*on_announce)(void *arg, struct bytes frame);
};

/* The bus of one machine: "self" is this child (its session number does not matter), "presence" the shared table. */
struct bus *bus_local_new(struct presence *presence, const struct presence_holder *self,
    const struct bus_events *events, void *arg) MUST_USE;

/* A new channel to a sibling; the bus owns it. An older one to the same child is dropped. */
void bus_add_peer(struct bus *bus, uint32_t child, uint32_t generation, struct channel *channel);

void bus_free(struct bus *bus);

/* "uid" is online in "session" here; whoever had it before is told (on_taken_over, there or here). STATUS_FULL. */
enum status bus_join(struct bus *bus, uint64_t uid, uint32_t session);
void bus_leave(struct bus *bus, uint64_t uid, uint32_t session);

/* Whether and where "uid" is online. "out" may be NULL. */
bool bus_find(struct bus *bus, uint64_t uid, struct presence_holder *out);

/*
 * A whole frame to wherever "uid" is online. STATUS_NOT_ONLINE: nowhere, or that child has just died. STATUS_BUSY: the way
 * there is full, try later. STATUS_OK says that it is on its way, not that it arrived.
 */
enum status bus_send(struct bus *bus, uint64_t uid, struct bytes frame);

/* A whole frame to every other child. STATUS_BUSY when some child could not take it; the others have got it. */
enum status bus_announce(struct bus *bus, struct bytes frame);

#endif
