/* SPDX-License-Identifier: ISC */
/*
 * The turns of a thread's links. A turn is what the event loop does between two looks at the
 * sockets; at its end what was queued is sent and what was closed is freed.
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/compiler.h"
#include "shared/link_parts.h"
#include "shared/mem.h"

struct event_base *
link_base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config == NULL)
		return NULL;
	/*
	 * The change list (EVENT_EPOLL_USE_CHANGELIST in the environment) loses edges of
	 * descriptors that are reused.
	 */
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
	event_config_require_features(config, EV_FEATURE_ET | EV_FEATURE_O1);
	base = event_base_new_with_config(config);
	event_config_free(config);
	if (base != NULL && strcmp(event_base_get_method(base), "epoll") != 0) {
		event_base_free(base);
		return NULL;
	}
	return base;
}

/*
 * An event made active runs after all that are active now: the end of this turn. While that end
 * is being worked on it would run again before any socket is looked at, so what comes up then
 * waits for a timer of no length.
 */
static void
loop_wake(struct link_loop *loop)
{
	static const struct timeval now;

	if (loop->has_turn)
		return;
	loop->has_turn = true;
	if (loop->in_turn)
		event_add(&loop->turn, &now);
	else
		event_active(&loop->turn, EV_TIMEOUT, 0);
}

void
loop_add_ready(struct link *link)
{
	struct link_loop *loop = link->loop;

	if (link->on_ready)
		return;
	link->on_ready = true;
	TAILQ_INSERT_TAIL(&loop->ready, link, ready);
	loop_wake(loop);
}

void
loop_forget_ready(struct link *link)
{
	if (link->on_ready)
		TAILQ_REMOVE(&link->loop->ready, link, ready);
	link->on_ready = false;
}

void
loop_add_agenda(struct link *link)
{
	struct link_loop *loop = link->loop;

	if (link->on_agenda)
		return;
	link->on_agenda = true;
	STAILQ_INSERT_TAIL(&loop->agenda, link, agenda);
	loop_wake(loop);
}

/* A few only: a storm of handshakes must not keep the sessions waiting that are there. */
static void
work_ready(struct link_loop *loop)
{
	for (int i = 0; i < LINK_TURN_LINKS && !TAILQ_EMPTY(&loop->ready); i++) {
		struct link *link = TAILQ_FIRST(&loop->ready);

		loop_forget_ready(link);
		link_proceed(link);
	}
}

/* Those who are on it now; who is added meanwhile has the next turn. */
static void
work_agenda(struct link_loop *loop)
{
	STAILQ_HEAD(, link) now = STAILQ_HEAD_INITIALIZER(now);

	STAILQ_CONCAT(&now, &loop->agenda);
	while (!STAILQ_EMPTY(&now)) {
		struct link *link = STAILQ_FIRST(&now);

		STAILQ_REMOVE_HEAD(&now, agenda);
		link->on_agenda = false;
		link_settle(link);
	}
}

static void
loop_on_turn(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct link_loop *loop = arg;

	loop->has_turn = false;
	loop->in_turn = true;
	work_ready(loop);
	work_agenda(loop);
	if (!TAILQ_EMPTY(&loop->ready))
		loop_wake(loop);
	loop->in_turn = false;
}

struct link_loop *
link_loop_new(struct event_base *base, uint32_t tick_ms)
{
	struct link_loop *loop = mem_new(sizeof(*loop));

	loop->base = base;
	loop->wheel = wheel_new(base, tick_ms, clock_monotonic_ms);
	TAILQ_INIT(&loop->ready);
	STAILQ_INIT(&loop->agenda);
	event_assign(&loop->turn, base, -1, 0, loop_on_turn, loop);
	return loop;
}

void
link_loop_free(struct link_loop *loop)
{
	if (loop == NULL)
		return;
	work_agenda(loop);	/* last words, if there is room for them */
	loop->is_ending = true;
	wheel_hurry(loop->wheel, link_on_deadline);
	while (!STAILQ_EMPTY(&loop->agenda))
		work_agenda(loop);
	assert(loop->count == 0);
	event_del(&loop->turn);
	wheel_free(loop->wheel);
	free(loop);
}

struct wheel *
link_loop_wheel(struct link_loop *loop)
{
	return loop->wheel;
}

size_t
link_loop_count(const struct link_loop *loop)
{
	return loop->count;
}
