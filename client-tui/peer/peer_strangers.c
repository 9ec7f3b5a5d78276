/* SPDX-License-Identifier: ISC */
#include "client-tui/peer/peer_strangers.h"

#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

#include <event2/event.h>

#include "client-tui/peer/peer_preface.h"
#include "client-tui/peer/peer_timer.h"
#include "shared/clock.h"
#include "shared/mem.h"

struct stranger {
	struct peer_strangers *home;
	TAILQ_ENTRY(stranger) entry;
	struct event *event;
	struct peer_preface preface;
	uint64_t until_ms;
	int fd;
};

TAILQ_HEAD(stranger_list, stranger);

struct peer_strangers {
	struct event_base *base;
	struct event *timer;       /* for the oldest; set when there is one */
	struct stranger_list list; /* in the order of coming */
	size_t count;
	uint32_t stay_ms;
	peer_strangers_on_token *on_token;
	void *arg;
};

/* Returns the descriptor. */
static int
forget(struct stranger *stranger)
{
	int fd = stranger->fd;

	TAILQ_REMOVE(&stranger->home->list, stranger, entry);
	stranger->home->count--;
	event_free(stranger->event);
	free(stranger);
	return fd;
}

static void
set_timer(struct peer_strangers *self)
{
	struct stranger *oldest = TAILQ_FIRST(&self->list);
	uint64_t now = clock_monotonic_ms();

	if (oldest == NULL)
		event_del(self->timer);
	else
		peer_timer_set(self->timer, oldest->until_ms > now ? oldest->until_ms - now : 0);
}

static void
peer_strangers_on_timer(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct peer_strangers *self = arg;
	uint64_t now = clock_monotonic_ms();

	while (!TAILQ_EMPTY(&self->list) && TAILQ_FIRST(&self->list)->until_ms <= now)
		close(forget(TAILQ_FIRST(&self->list)));
	set_timer(self);
}

static void
stranger_on_readable(evutil_socket_t fd, short what UNUSED, void *arg)
{
	struct stranger *stranger = arg;
	struct peer_strangers *self = stranger->home;
	enum peer_preface_result result = peer_preface_receive(&stranger->preface, fd);
	struct peer_preface preface = stranger->preface;

	if (result == PEER_PREFACE_PARTIAL)
		return;
	forget(stranger);
	set_timer(self);
	if (result == PEER_PREFACE_WHOLE)
		self->on_token(fd, preface.token, self->arg);
	else
		close(fd);
}

void
peer_strangers_add(struct peer_strangers *self, int fd)
{
	struct stranger *stranger = mem_new(sizeof(*stranger));

	if (self->count == PEER_STRANGERS_MAX)
		close(forget(TAILQ_FIRST(&self->list)));
	stranger->home = self;
	stranger->fd = fd;
	stranger->until_ms = clock_monotonic_ms() + self->stay_ms;
	stranger->event =
	    event_new(self->base, fd, EV_READ | EV_PERSIST, stranger_on_readable, stranger);
	TAILQ_INSERT_TAIL(&self->list, stranger, entry);
	self->count++;
	if (event_add(stranger->event, NULL) != 0)
		close(forget(stranger));
	set_timer(self);
}

struct peer_strangers *
peer_strangers_new(
    struct event_base *base, uint32_t stay_ms, peer_strangers_on_token *on_token, void *arg)
{
	struct peer_strangers *self = mem_new(sizeof(*self));

	self->base = base;
	self->stay_ms = stay_ms;
	self->on_token = on_token;
	self->arg = arg;
	self->timer = evtimer_new(base, peer_strangers_on_timer, self);
	TAILQ_INIT(&self->list);
	return self;
}

void
peer_strangers_free(struct peer_strangers *self)
{
	if (self == NULL)
		return;
	while (!TAILQ_EMPTY(&self->list))
		close(forget(TAILQ_FIRST(&self->list)));
	event_free(self->timer);
	free(self);
}
