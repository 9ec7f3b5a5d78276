/* SPDX-License-Identifier: ISC */
/*
 * The bus of one machine: the presence table says which child has a user, and a channel leads
 * from each child to each other, with nobody in the middle.
 */

#include "server/bus/bus.h"

#include <event2/event.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/bus/driver.h"
#include "server/bus/messages.h"
#include "shared/channel.h"
#include "shared/log.h"
#include "shared/mem.h"

enum {
	/*
	 * More than this waiting for one sibling: it is slow or stopped, and senders hear "busy".
	 */
	DELIVERIES_MAX = 4 * 1024 * 1024,
	/*
	 * Takeovers must not be lost, or an account had two sessions: they have room of their
	 * own. One session is taken over once, so it is enough for more sessions than a process
	 * has descriptors.
	 */
	TAKEOVERS_MAX = 1024 * 1024,
};

struct peer {
	struct bus_local *bus;
	struct channel *channel;	/* NULL: not there */
	uint32_t generation;

	/* Takeovers for a generation whose channel has not come yet. */
	struct bus_taken_over *early;
	size_t early_count;
	uint32_t early_generation;
};

struct bus_local {
	struct bus bus;
	struct event_base *base;
	struct presence presence;
	struct presence_holder self;
	struct peer *peers;	/* by child */
	uint32_t peer_count;
};

static struct bus_local *
local_of(struct bus *bus)
{
	return CONTAINER_OF(bus, struct bus_local, bus);
}

static struct presence_holder
session_here(const struct bus_local *local, uint32_t session)
{
	struct presence_holder holder = local->self;

	holder.session = session;
	return holder;
}

static bool
is_here(const struct bus_local *local, const struct presence_holder *holder)
{
	return holder->child == local->self.child && holder->generation == local->self.generation;
}

/* --- siblings ----------------------------------------------------------- */

static void
handle_deliver(struct bus_local *local, const void *message)
{
	const struct bus_deliver *deliver = message;

	local->bus.events->on_frame(local->bus.arg, deliver->uid, deliver->session, deliver->frame);
}

static void
handle_taken_over(struct bus_local *local, const void *message)
{
	const struct bus_taken_over *taken = message;

	local->bus.events->on_taken_over(local->bus.arg, taken->uid, taken->session);
}

static void
handle_announce(struct bus_local *local, const void *message)
{
	const struct bus_announce *announce = message;

	local->bus.events->on_announce(local->bus.arg, announce->frame);
}

static void (*const handlers[])(struct bus_local *local, const void *message) = {
	[BUS_DELIVER - BUS_DELIVER] = handle_deliver,
	[BUS_TAKEN_OVER - BUS_DELIVER] = handle_taken_over,
	[BUS_ANNOUNCE - BUS_DELIVER] = handle_announce,
};

static void
drop_peer(struct peer *peer)
{
	channel_free(peer->channel);
	peer->channel = NULL;
}

static void
bus_on_frame(struct channel *channel UNUSED, const struct frame *frame, int fd, void *arg)
{
	struct peer *peer = arg;
	const struct schema *schema = bus_schema(frame->type);
	union codec_room message;

	if (fd >= 0)
		close(fd);
	if (schema == NULL || codec_decode(schema, frame->payload, &message, NULL) != STATUS_OK) {
		log_error("bus: a sibling sent nonsense (type 0x%04x); its channel is closed",
		    frame->type);
		drop_peer(peer);
		return;
	}
	handlers[frame->type - BUS_DELIVER](peer->bus, &message);
}

static void
bus_on_closed(struct channel *channel UNUSED, void *arg)
{
	drop_peer(arg);
}

static const struct channel_events channel_events = {
	.on_frame = bus_on_frame,
	.on_closed = bus_on_closed,
};

static enum status
send_to_peer(struct peer *peer, uint16_t type, const void *message)
{
	enum status status;

	if (channel_queued(peer->channel) > DELIVERIES_MAX && type != BUS_TAKEN_OVER)
		return STATUS_BUSY;
	status = channel_send_message(peer->channel, bus_schema(type), message, -1);
	return status == STATUS_CLOSED ? STATUS_NOT_ONLINE : status;
}

static void
keep_early(struct peer *peer, uint32_t generation, const struct bus_taken_over *message)
{
	if (peer->early_generation != generation)
		peer->early_count = 0;
	peer->early_generation = generation;
	peer->early = mem_resize(peer->early, peer->early_count + 1, sizeof(*peer->early));
	peer->early[peer->early_count++] = *message;
}

static void
send_early(struct peer *peer)
{
	for (size_t i = 0; i < peer->early_count && peer->early_generation == peer->generation; i++)
		send_to_peer(peer, BUS_TAKEN_OVER, &peer->early[i]);
	free(peer->early);
	peer->early = NULL;
	peer->early_count = 0;
}

/* Channels point to their peers, so the array is made once. */
static void
local_add_peer(struct bus *bus, uint32_t child, uint32_t generation, int fd)
{
	struct bus_local *local = local_of(bus);
	struct peer *peer = &local->peers[child];

	drop_peer(peer);
	peer->bus = local;
	peer->generation = generation & PRESENCE_GENERATION_MASK;
	peer->channel = channel_new(local->base, fd, &channel_events, peer);
	channel_set_limit(peer->channel, DELIVERIES_MAX + TAKEOVERS_MAX);
	send_early(peer);
}

/* Whether generation "a" came after "b"; they wrap around. */
static bool
is_newer(uint32_t a, uint32_t b)
{
	uint32_t ahead = (a - b) & PRESENCE_GENERATION_MASK;

	return ahead > 0 && ahead <= PRESENCE_GENERATION_MASK / 2;
}

/* The way to a holder elsewhere. */
static enum status
find_peer(struct bus_local *local, const struct presence_holder *holder, struct peer **out)
{
	struct peer *peer = &local->peers[holder->child];

	*out = peer;
	if (is_newer(holder->generation, peer->generation))
		return STATUS_BUSY; /* just replaced: its channel is on the way to us */
	if (peer->channel == NULL || holder->generation != peer->generation)
		return STATUS_NOT_ONLINE;
	return STATUS_OK;
}

/* --- the driver --------------------------------------------------------- */

static void
tell_previous(struct bus_local *local, uint64_t uid, const struct presence_holder *previous)
{
	struct bus_taken_over message = { .uid = uid, .session = previous->session };
	struct peer *peer;

	if (is_here(local, previous)) {
		local->bus.events->on_taken_over(local->bus.arg, uid, previous->session);
		return;
	}
	switch (find_peer(local, previous, &peer)) {
	case STATUS_OK:
		if (send_to_peer(peer, BUS_TAKEN_OVER, &message) == STATUS_BUSY)
			log_error("bus: child %u could not be told that a session was taken over",
			    previous->child);
		break;
	case STATUS_BUSY:
		keep_early(peer, previous->generation, &message);
		break;
	default:
		break; /* that child is dead, and its sessions with it */
	}
}

static enum status
local_join(struct bus *bus, uint64_t uid, uint32_t session)
{
	struct bus_local *local = local_of(bus);
	struct presence_holder own = session_here(local, session), previous;
	bool was_online;
	enum status status = presence_join(&local->presence, uid, &own, &previous, &was_online);

	if (status == STATUS_OK && was_online)
		tell_previous(local, uid, &previous);
	return status;
}

static void
local_leave(struct bus *bus, uint64_t uid, uint32_t session)
{
	struct bus_local *local = local_of(bus);
	struct presence_holder own = session_here(local, session);

	presence_leave(&local->presence, uid, &own);
}

static bool
local_find(struct bus *bus, uint64_t uid, struct presence_holder *out)
{
	return presence_find(&local_of(bus)->presence, uid, out);
}

static enum status
local_send(struct bus *bus, uint64_t uid, struct bytes frame)
{
	struct bus_local *local = local_of(bus);
	struct presence_holder holder;
	struct bus_deliver message = { .uid = uid, .frame = frame };
	struct peer *peer;
	enum status status;

	if (!presence_find(&local->presence, uid, &holder))
		return STATUS_NOT_ONLINE;
	if (is_here(local, &holder)) {
		bus->events->on_frame(bus->arg, uid, holder.session, frame);
		return STATUS_OK;
	}
	status = find_peer(local, &holder, &peer);
	if (status != STATUS_OK)
		return status;
	message.session = holder.session;
	return send_to_peer(peer, BUS_DELIVER, &message);
}

static enum status
local_announce(struct bus *bus, struct bytes frame)
{
	struct bus_local *local = local_of(bus);
	struct bus_announce message = { .frame = frame };
	enum status worst = STATUS_OK;

	for (uint32_t i = 0; i < local->peer_count; i++)
		if (local->peers[i].channel != NULL &&
		    send_to_peer(&local->peers[i], BUS_ANNOUNCE, &message) == STATUS_BUSY)
			worst = STATUS_BUSY;
	return worst;
}

static void
local_free(struct bus *bus)
{
	struct bus_local *local = local_of(bus);

	for (uint32_t i = 0; i < local->peer_count; i++) {
		drop_peer(&local->peers[i]);
		free(local->peers[i].early);
	}
	free(local->peers);
	free(local);
}

static const struct bus_driver driver = {
	.free = local_free,
	.add_peer = local_add_peer,
	.join = local_join,
	.leave = local_leave,
	.find = local_find,
	.send = local_send,
	.announce = local_announce,
};

struct bus *
bus_local_new(struct event_base *base, const struct presence *presence,
    const struct presence_holder *self, const struct bus_events *events, void *arg)
{
	struct bus_local *local = mem_new(sizeof(*local));

	local->bus = (struct bus){ .driver = &driver, .events = events, .arg = arg };
	local->base = base;
	local->presence = *presence;
	local->self = *self;
	local->self.generation &= PRESENCE_GENERATION_MASK;
	local->peer_count = PRESENCE_CHILD_MAX + 1;
	local->peers = mem_new_array(local->peer_count, sizeof(struct peer));
	return &local->bus;
}
