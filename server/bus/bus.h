/* SPDX-License-Identifier: ISC */
/*
 * How a session child reaches users who are somewhere else: join and leave, find, send to one,
 * announce to all. Behind it stands a driver (driver.h); bus_local.c is the one for a single
 * machine. A bus belongs to the thread of its event base.
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
struct event_base;

enum {
	/* The largest frame that can be sent or announced, header included. */
	BUS_FRAME_MAX = 60000,
};

/* What the bus does to its owner; no member may be NULL. Every call is allowed in them. */
struct bus_events {
	/*
	 * A frame for a user whose session is here. The sender saw "session" hold "uid"; that may
	 * have changed: compare. Called inside bus_send() when the user is in this very child.
	 */
	void (*on_frame)(void *arg, uint64_t uid, uint32_t session, struct bytes frame);
	/*
	 * A newer login took "uid" away from "session", which was here: tell the client and
	 * close. Its entry is gone already. Called inside bus_join() when the newer one is in
	 * this very child.
	 */
	void (*on_taken_over)(void *arg, uint64_t uid, uint32_t session);
	/* Somebody announced a frame to every child; the announcer does not get its own. */
	void (*on_announce)(void *arg, struct bytes frame);
};

/*
 * The bus of one machine: "self" is this child (its session number does not matter), "presence"
 * the shared table; both are copied. "events" stays the caller's and outlives the bus.
 */
struct bus *bus_local_new(struct event_base *base, const struct presence *presence,
    const struct presence_holder *self, const struct bus_events *events, void *arg) MUST_USE;

/*
 * A channel to a sibling: our end of a channel_pair() (shared/channel.h), which the bus owns. An
 * older one to the same child is dropped.
 */
void bus_add_peer(struct bus *bus, uint32_t child, uint32_t generation, int fd);

/* NULL is fine. Entries of this child stay: leave first, or be swept. */
void bus_free(struct bus *bus);

/*
 * "uid" is online in "session" here from now on; whoever had it before is told (on_taken_over,
 * there or here). A session number joins once in the life of a process. STATUS_FULL, STATUS_BUSY.
 */
enum status bus_join(struct bus *bus, uint64_t uid, uint32_t session);
void bus_leave(struct bus *bus, uint64_t uid, uint32_t session);

/* Whether and where "uid" is online. "out" may be NULL. */
bool bus_find(struct bus *bus, uint64_t uid, struct presence_holder *out);

/*
 * A whole frame to wherever "uid" is online. STATUS_OK says that it is on its way, not that it
 * arrived. STATUS_NOT_ONLINE: nowhere, or that child has just died. STATUS_BUSY: the way there is
 * full or not made yet, try later. STATUS_TOO_LONG.
 */
enum status bus_send(struct bus *bus, uint64_t uid, struct bytes frame);

/*
 * A whole frame to every other child. STATUS_BUSY when one could not take it; the others have got
 * it. STATUS_TOO_LONG.
 */
enum status bus_announce(struct bus *bus, struct bytes frame);

#endif
