/* SPDX-License-Identifier: ISC */
#include "server/proc/admission.h"

#include <assert.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "shared/clock.h"
#include "shared/mem.h"

enum {
	ROOM_AT_START = 64,
	FULL_MS = 20,	/* how often some are let in when it is full */
};

struct waiting {
	int fd;
	uint64_t since_ms;
};

/* A ring of those who wait, oldest first; "room" is a power of two. */
struct admission {
	const struct admission_events *events;
	void *arg;
	struct waiting *ring;
	size_t room;
	size_t first;
	size_t count;
	size_t inside;
	const struct admission_limits *limits;
	struct event turn;
};

static bool
is_full(const struct admission *admission)
{
	return admission->inside >= admission->limits->inside;
}

/* A timer of nothing fires in the next turn, after the sockets that are ready then. */
static void
set_timer(struct admission *admission)
{
	static const struct timeval at_once = { 0, 0 }, later = { 0, FULL_MS * 1000 };

	if (admission->count > 0)
		event_add(&admission->turn, is_full(admission) ? &later : &at_once);
}

static struct waiting *
at(const struct admission *admission, size_t place)
{
	return &admission->ring[(admission->first + place) & (admission->room - 1)];
}

static int
take_oldest(struct admission *admission)
{
	int fd = at(admission, 0)->fd;

	admission->first = (admission->first + 1) & (admission->room - 1);
	admission->count--;
	return fd;
}

static int
take_next(struct admission *admission)
{
	uint64_t waited_ms = clock_monotonic_ms() - at(admission, 0)->since_ms;

	if (waited_ms <= admission->limits->patience_ms)
		return take_oldest(admission);
	admission->count--;
	return at(admission, admission->count)->fd;
}

/*
 * Closed or reset by the other side, perhaps long ago; what it said before that does not matter
 * any more.
 */
static bool
is_gone(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLRDHUP };

	return poll(&poll_fd, 1, 0) > 0 && (poll_fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

static void
let_in(struct admission *admission)
{
	int fd = take_next(admission);

	if (is_gone(fd)) {
		close(fd);
		admission->events->on_lost(admission->arg);
		return;
	}
	admission->inside++;
	admission->events->on_enter(admission->arg, fd);
}

static void
admission_on_turn(evutil_socket_t none UNUSED, short what UNUSED, void *arg)
{
	struct admission *admission = arg;
	const struct admission_limits *limits = admission->limits;
	size_t some = limits->per_second * FULL_MS / 1000 + 1;
	bool was_full = is_full(admission);
	size_t most = was_full && some < limits->per_turn ? some : limits->per_turn;

	for (size_t i = 0; i < most && admission->count > 0 && (was_full || !is_full(admission));
	     i++)
		let_in(admission);
	set_timer(admission);
}

struct admission *
admission_new(struct event_base *base, const struct admission_limits *limits,
    const struct admission_events *events, void *arg)
{
	struct admission *admission = mem_new(sizeof(*admission));

	admission->events = events;
	admission->arg = arg;
	admission->limits = limits;
	event_assign(&admission->turn, base, -1, 0, admission_on_turn, admission);
	return admission;
}

void
admission_free(struct admission *admission)
{
	if (admission == NULL)
		return;
	event_del(&admission->turn);
	while (admission->count > 0)
		close(take_oldest(admission));
	free(admission->ring);
	free(admission);
}

static void
grow(struct admission *admission)
{
	size_t room = admission->room == 0 ? ROOM_AT_START : admission->room * 2;
	struct waiting *ring = mem_new_array(room, sizeof(*ring));

	for (size_t i = 0; i < admission->count; i++)
		ring[i] = *at(admission, i);
	free(admission->ring);
	admission->ring = ring;
	admission->room = room;
	admission->first = 0;
}

void
admission_queue(struct admission *admission, int fd)
{
	if (admission->count == admission->room)
		grow(admission);
	*at(admission, admission->count) = (struct waiting){ fd, clock_monotonic_ms() };
	admission->count++;
	if (!event_pending(&admission->turn, EV_TIMEOUT, NULL))
		set_timer(admission);
}

void
admission_settle(struct admission *admission)
{
	bool was_full = is_full(admission);

	assert(admission->inside > 0);
	admission->inside--;
	if (was_full)
		set_timer(admission);
}

size_t
admission_waiting(const struct admission *admission)
{
	return admission->count;
}
