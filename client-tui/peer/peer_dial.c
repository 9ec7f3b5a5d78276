/* SPDX-License-Identifier: ISC */
#include "client-tui/peer/peer_dial.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event_struct.h>

#include "client-tui/peer/peer_door.h"
#include "client-tui/peer/peer_preface.h"
#include "client-tui/peer/peer_timer.h"
#include "shared/clock.h"
#include "shared/crypto.h"
#include "shared/mem.h"

/*
 * With some there is no hurry. A way that was found already, or is just being closed, holds its
 * pair of addresses; or the other side's SYN has come first, and the connection is at the door.
 * Who closes without a token does not expect us yet.
 */
enum { PATIENCE = 10 };

enum target_state {
	TARGET_RESTING, /* until the next round */
	TARGET_WAITING, /* for its timer */
	TARGET_CONNECTING,
	TARGET_ASKING, /* our token is said, theirs is to come */
};

struct target {
	struct peer_dial *dial;
	struct address address;
	struct event timer;
	struct event io; /* set while there is a descriptor */
	struct peer_preface preface;
	enum target_state state;
	uint64_t since_ms;
	int fd; /* -1: none */
};

struct peer_dial {
	struct event_base *base;
	const struct peer_limits *limits;
	uint16_t port;
	uint8_t token[PEER_TOKEN_SIZE];
	struct target targets[PEER_ADDRESSES_MAX];
	size_t count;
	uint32_t rounds;
	struct event round;
	peer_dial_on_way *on_way;
	void *arg;
};

/* ---- addresses ---- */

static uint16_t
port_of(const struct address *address)
{
	return ntohs(
	    address->any.sa_family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port);
}

static bool
is_same_host(const struct address *a, const struct address *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET6)
		return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr)) == 0;
	return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

static struct address
local_of(int fd)
{
	struct address local = { .len = sizeof(local) - offsetof(struct address, any) };

	if (getsockname(fd, &local.any, &local.len) != 0)
		local.any.sa_family = AF_UNSPEC;
	return local;
}

/*
 * An address is ours when the system would send from it to itself. Dialling our own port there
 * makes a socket that talks to itself.
 */
static bool
is_ourselves(const struct address *address, uint16_t port)
{
	struct address local = { .len = 0 };
	int fd;

	if (port_of(address) != port)
		return false;
	fd = socket(address->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	if (connect(fd, &address->any, address->len) == 0)
		local = local_of(fd);
	close(fd);
	return is_same_host(&local, address);
}

static bool
is_dialable(const struct address *address, uint16_t port)
{
	int family = address->any.sa_family;

	return (family == AF_INET || family == AF_INET6) && port_of(address) != 0 &&
	    !endpoint_is_any(&address->any) && !is_ourselves(address, port);
}

/* ---- one target ---- */

static void
target_begin(
    struct target *target, int fd, short what, enum target_state state, event_callback_fn on_event)
{
	target->fd = fd;
	target->state = state;
	event_assign(
	    &target->io, target->dial->base, fd, (short)(what | EV_PERSIST), on_event, target);
	event_add(&target->io, NULL);
}

/* Returns the descriptor, or -1. */
static int
target_release(struct target *target)
{
	int fd = target->fd;

	event_del(&target->timer);
	if (fd >= 0)
		event_del(&target->io);
	target->fd = -1;
	target->state = TARGET_RESTING;
	return fd;
}

static void
target_rest(struct target *target)
{
	int fd = target_release(target);

	if (fd >= 0)
		close(fd);
}

/* Half of "ms" more or less: never in step with the other side. */
static void
target_wait(struct target *target, uint32_t ms)
{
	target_rest(target);
	target->state = TARGET_WAITING;
	peer_timer_set(&target->timer, ms / 2 + crypto_random_number() % (ms + 1));
}

static void
target_fail(struct target *target, int error)
{
	uint32_t redial_ms = target->dial->limits->redial_ms;

	if (error == ECONNREFUSED || error == ECONNRESET)
		target_wait(target, redial_ms);
	else if (error == EADDRNOTAVAIL)
		target_wait(target, redial_ms * PATIENCE);
	else
		target_rest(target);
}

static void
target_on_readable(evutil_socket_t fd, short what UNUSED, void *arg)
{
	struct target *target = arg;
	struct peer_dial *dial = target->dial;
	enum peer_preface_result result = peer_preface_receive(&target->preface, fd);

	if (result == PEER_PREFACE_PARTIAL)
		return;
	if (result == PEER_PREFACE_ENDED)
		target_wait(target, dial->limits->redial_ms * PATIENCE);
	else if (!crypto_equal(target->preface.token, dial->token, sizeof(dial->token)))
		target_rest(target);
	else
		dial->on_way(target_release(target), dial->arg);
}

static void
target_ask(struct target *target)
{
	int fd = target_release(target);

	target->preface.len = 0;
	target_begin(target, fd, EV_READ, TARGET_ASKING, target_on_readable);
	if (!peer_preface_send(fd, target->dial->token))
		target_fail(target, ECONNRESET);
}

static void
target_on_writable(evutil_socket_t fd, short what UNUSED, void *arg)
{
	struct target *target = arg;
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0)
		target_fail(target, error);
	else
		target_ask(target);
}

/* A socket with our port and nothing else; -1 and errno. */
static int
open_socket(int family, uint16_t port)
{
	struct address local = { .len = sizeof(local.v4) };
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -1;
	local.any.sa_family = (sa_family_t)family;
	if (family == AF_INET6) {
		local.len = sizeof(local.v6);
		local.v6.sin6_port = htons(port);
	} else {
		local.v4.sin_port = htons(port);
	}
	peer_door_share_port(fd);
	if (bind(fd, &local.any, local.len) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static void
target_dial(struct target *target)
{
	const struct address *address = &target->address;
	int fd;

	target_rest(target);
	target->since_ms = clock_monotonic_ms();
	fd = open_socket(address->any.sa_family, target->dial->port);
	if (fd < 0)
		return;
	target_begin(target, fd, EV_WRITE, TARGET_CONNECTING, target_on_writable);
	if (connect(fd, &address->any, address->len) != 0 && errno != EINPROGRESS)
		target_fail(target, errno);
}

static void
target_on_timer(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	target_dial(arg);
}

/* ---- rounds ---- */

/* Younger ones have their chance still. */
static bool
is_stale(const struct target *target)
{
	uint64_t age = clock_monotonic_ms() - target->since_ms;

	return target->state == TARGET_RESTING ||
	    (target->state != TARGET_WAITING && age >= target->dial->limits->round_ms / 2);
}

static void
peer_dial_on_round(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct peer_dial *self = arg;

	self->rounds++;
	for (size_t i = 0; i < self->count; i++) {
		struct target *target = &self->targets[i];

		if (self->rounds >= self->limits->rounds)
			target_rest(target);
		else if (is_stale(target))
			target_dial(target);
	}
	if (self->rounds < self->limits->rounds)
		peer_timer_set(&self->round, self->limits->round_ms);
}

static void
add_target(struct peer_dial *self, const struct address *address)
{
	struct target *target = &self->targets[self->count];

	if (!is_dialable(address, self->port))
		return;
	self->count++;
	target->dial = self;
	target->address = *address;
	target->fd = -1;
	evtimer_assign(&target->timer, self->base, target_on_timer, target);
	target_dial(target);
}

struct peer_dial *
peer_dial_new(struct event_base *base, const struct peer_limits *limits, uint16_t port,
    const struct peer_meeting *meeting, peer_dial_on_way *on_way, void *arg)
{
	struct peer_dial *self = mem_new(sizeof(*self));

	self->base = base;
	self->limits = limits;
	self->port = port;
	self->on_way = on_way;
	self->arg = arg;
	memcpy(self->token, meeting->token, sizeof(self->token));
	evtimer_assign(&self->round, base, peer_dial_on_round, self);
	for (size_t i = 0; i < meeting->address_count; i++)
		add_target(self, &meeting->addresses[i]);
	if (self->count > 0)
		peer_timer_set(&self->round, limits->round_ms);
	return self;
}

void
peer_dial_free(struct peer_dial *self)
{
	if (self == NULL)
		return;
	for (size_t i = 0; i < self->count; i++)
		target_rest(&self->targets[i]);
	event_del(&self->round);
	mem_wipe(self->token, sizeof(self->token));
	free(self);
}
