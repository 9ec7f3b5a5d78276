/* SPDX-License-Identifier: ISC */
#include "server/route/session.h"

#include <stdlib.h>
#include <unistd.h>

#include "server/proc/child.h"
#include "server/proc/counters.h"
#include "server/proc/limiter.h"
#include "server/route/dispatch.h"
#include "server/route/reports.h"
#include "server/route/route.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/mem.h"
#include "shared/protocol.h"

const char *
session_name(const struct session *session)
{
	static char name[ENDPOINT_TEXT_SIZE];
	struct endpoint endpoint;

	if (!endpoint_of_sockaddr((const struct sockaddr *)&session->from.address, &endpoint))
		return "somebody";
	endpoint_print(&endpoint, name);
	return name;
}

/* --- the end ---------------------------------------------------------------------------------------------------- */

/* Which counter an end belongs to; most ends are nobody's fault. */
static _Atomic uint64_t *
counter_of(struct counters *counters, enum status why)
{
	switch (why) {
	case STATUS_BAD_FRAME:
	case STATUS_UNKNOWN_TYPE:
	case STATUS_WRONG_STATE:
	case STATUS_TOO_LONG:
	case STATUS_TOO_SHORT:
	case STATUS_BAD_TEXT:
		return &counters->bad_frames;
	case STATUS_HANDSHAKE_FAILED:
		return &counters->bad_handshakes;
	case STATUS_SLOW_READER:
		return &counters->cut_slow;
	case STATUS_IDLE:
	case STATUS_TIMEOUT:
		return &counters->cut_idle;
	case STATUS_RATE_LIMITED:
	case STATUS_TOO_CHATTY:
		return &counters->cut_limit;
	default:
		return NULL;
	}
}

static void
on_down(struct link *link, enum status why, void *arg)
{
	struct session *session = arg;
	struct route *route = session->route;
	_Atomic uint64_t *counter = counter_of(proc_child_counters(route->child), why);

	if (counter != NULL)
		counter_add(counter, 1);
	if (session->state == SESSION_WORK)
		reports_end(session, why);
	else
		log_debug("%s: gone: %s %s", session_name(session), status_name(why), link_problem(link));
	wheel_clear(link_loop_wheel(route->loop), &session->deadline);
	LIST_REMOVE(session, siblings);
	proc_child_client_gone(route->child);
	free(session);
	route_on_session_gone(route);
}

static void
on_deadline(struct wheel_timer *timer)
{
	struct session *session = CONTAINER_OF(timer, struct session, deadline);

	/* Who got an answer and stays is only in the way; the others are told why they have to go. */
	if (session->state == SESSION_ASKER && session->asks > 0)
		link_finish(session->link, STATUS_IDLE);
	else
		session_refuse(session, session->state == SESSION_WORK ? STATUS_IDLE : STATUS_TIMEOUT, 0);
}

static void
set_deadline(struct session *session, uint64_t delay_ms)
{
	wheel_set(link_loop_wheel(session->route->loop), &session->deadline, delay_ms, on_deadline);
}

/* --- the beginning ---------------------------------------------------------------------------------------------- */

static void
on_frame(struct link *link UNUSED, const struct frame *frame, void *arg)
{
	dispatch_frame(arg, frame);
}

static const struct link_handler handler = {
	.on_frame = on_frame,
	.on_down = on_down,
};

/* Before the handshake, which is what a flood of connections would make expensive: so there is nobody to tell. */
static bool
may_connect(struct route *route, const struct proc_address *from)
{
	const struct sockaddr *address = (const struct sockaddr *)&from->address;

	if (limiter_take_address(route->limiter, RATE_CONNECTIONS, address, clock_monotonic_ms(), NULL) == STATUS_OK)
		return true;
	counter_add(&proc_child_counters(route->child)->cut_limit, 1);
	return false;
}

void
session_start(struct route *route, int fd, const struct proc_address *from)
{
	struct session *session;

	if (!may_connect(route, from)) {
		close(fd);
		proc_child_client_gone(route->child);
		return;
	}
	session = mem_new(sizeof(*session));
	session->route = route;
	session->state = SESSION_NEW;
	session->from = *from;
	session->link = link_accept(route->loop, fd, route->tls, &route->limits, &handler, session);
	link_set_read_budget(session->link, SESSION_ASKER_BYTES);
	LIST_INSERT_HEAD(&route->sessions, session, siblings);
	set_deadline(session, route->settings.login_seconds * UINT64_C(1000));
}

void
session_extend(struct session *session)
{
	session->asks++;
	set_deadline(session, SESSION_ASKER_STAYS_MS);
}

void
session_keep_work(struct session *session)
{
	/* Only a report counts as a sign of life, so the deadline is ours and not the link's. */
	set_deadline(session, session->route->settings.dead_seconds * UINT64_C(1000));
	if (session->state == SESSION_WORK)
		return;
	session->state = SESSION_WORK;
	link_set_read_budget(session->link, LINK_NO_BUDGET);
	link_set_idle(session->link, 0);
}

/* --- in between ------------------------------------------------------------------------------------------------- */

void
session_send_error(struct session *session, uint32_t request, enum status why, uint32_t retry_ms)
{
	const struct msg_error error = {
		.request = request,
		.status = (uint16_t)why,
		.retry_ms = retry_ms,
		.sentence = bytes_of_string(status_text(why)),
	};

	counter_add(&proc_child_counters(session->route->child)->errors, 1);
	link_send(session->link, MSG_ERROR, &error);
}

void
session_refuse(struct session *session, enum status why, uint32_t retry_ms)
{
	counter_add(&proc_child_counters(session->route->child)->errors, 1);
	link_refuse(session->link, why, retry_ms);
}

bool
session_pay(struct session *session, uint32_t request)
{
	uint32_t retry_ms;

	if (session->asks == 0 || limiter_take_address(session->route->limiter, RATE_CONNECTIONS,
	    (const struct sockaddr *)&session->from.address, clock_monotonic_ms(), &retry_ms) == STATUS_OK)
		return true;
	counter_add(&proc_child_counters(session->route->child)->cut_limit, 1);
	session_send_error(session, request, STATUS_RATE_LIMITED, retry_ms);
	return false;
}

/* --- all of them ------------------------------------------------------------------------------------------------ */

void
session_finish_all(struct route *route, enum status why)
{
	struct session *session;

	/* Their on_down comes later, from the loop: the list stands still. */
	LIST_FOREACH(session, &route->sessions, siblings)
		link_finish(session->link, why);
}

void
session_check_all(struct route *route)
{
	struct session *session;

	LIST_FOREACH(session, &route->sessions, siblings)
		if (session->state == SESSION_WORK)
			reports_check(session);
}
