/* SPDX-License-Identifier: ISC */
#include "server/route/visitor.h"

#include <stdlib.h>
#include <unistd.h>

#include "server/proc/admission.h"
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
visitor_name(const struct visitor *visitor)
{
	static char name[ENDPOINT_TEXT_SIZE];
	struct endpoint endpoint;

	if (!endpoint_of_sockaddr((const struct sockaddr *)&visitor->from.address, &endpoint))
		return "somebody";
	endpoint_print(&endpoint, name);
	return name;
}

/* --- the end -------------------------------------------------------------- */

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

/* Once in its life: has got what it came for, or is gone. */
static void
settle(struct visitor *visitor)
{
	if (!visitor->is_settled)
		admission_settle(visitor->route->admission);
	visitor->is_settled = true;
}

static void
on_down(struct link *link, enum status why, void *arg)
{
	struct visitor *visitor = arg;
	struct route *route = visitor->route;
	_Atomic uint64_t *counter = counter_of(proc_child_counters(route->child), why);

	if (counter != NULL)
		counter_add(counter, 1);
	if (visitor->state == VISITOR_WORK)
		reports_end(visitor, why);
	else
		log_debug("%s: gone: %s %s", visitor_name(visitor), status_name(why),
		    link_problem(link));
	wheel_clear(link_loop_wheel(route->loop), &visitor->deadline);
	LIST_REMOVE(visitor, siblings);
	settle(visitor);
	proc_child_client_gone(route->child);
	free(visitor);
	route_on_visitor_gone(route);
}

static void
on_deadline(struct wheel_timer *timer)
{
	struct visitor *visitor = CONTAINER_OF(timer, struct visitor, deadline);

	/*
	 * Who got an answer and stays is only in the way; the others are told why they have to
	 * go.
	 */
	if (visitor->state == VISITOR_ASKER && visitor->asks > 0)
		link_finish(visitor->link, STATUS_IDLE);
	else
		visitor_refuse(visitor,
		    visitor->state == VISITOR_WORK ? STATUS_IDLE : STATUS_TIMEOUT, 0);
}

static void
set_deadline(struct visitor *visitor, uint64_t delay_ms)
{
	wheel_set(link_loop_wheel(visitor->route->loop), &visitor->deadline, delay_ms, on_deadline);
}

/* --- the beginning -------------------------------------------------------- */

static void
on_frame(struct link *link UNUSED, const struct frame *frame, void *arg)
{
	route_dispatch_frame(arg, frame);
}

static const struct link_handler handler = {
	.on_frame = on_frame,
	.on_down = on_down,
};

/*
 * Before the handshake, which is what a flood of connections would make expensive: so there is
 * nobody to tell.
 */
bool
visitor_may_connect(struct route *route, const struct proc_address *from)
{
	const struct sockaddr *address = (const struct sockaddr *)&from->address;

	if (limiter_take_address(route->limiter, RATE_CONNECTIONS, address, clock_monotonic_ms(),
	    NULL) == STATUS_OK)
		return true;
	counter_add(&proc_child_counters(route->child)->cut_limit, 1);
	return false;
}

void
visitor_start(struct route *route, int fd)
{
	struct visitor *visitor = mem_new(sizeof(*visitor));

	visitor->route = route;
	visitor->state = VISITOR_NEW;
	visitor->from.len = sizeof(visitor->from.address);
	if (getpeername(fd, (struct sockaddr *)&visitor->from.address, &visitor->from.len) < 0)
		visitor->from.len = 0; /* it has just gone; on_down will say so */
	visitor->link = link_accept(route->loop, fd, route->tls, &route->limits, &handler, visitor);
	link_set_read_budget(visitor->link, VISITOR_ASKER_BYTES);
	LIST_INSERT_HEAD(&route->visitors, visitor, siblings);
	set_deadline(visitor, route->settings.login_seconds * UINT64_C(1000));
}

void
visitor_extend(struct visitor *visitor)
{
	visitor->asks++;
	settle(visitor);
	set_deadline(visitor, VISITOR_ASKER_STAYS_MS);
}

void
visitor_keep_work(struct visitor *visitor)
{
	/* Only a report counts as a sign of life, so the deadline is ours and not the link's. */
	set_deadline(visitor, visitor->route->settings.dead_seconds * UINT64_C(1000));
	if (visitor->state == VISITOR_WORK)
		return;
	visitor->state = VISITOR_WORK;
	settle(visitor);
	link_set_read_budget(visitor->link, LINK_NO_BUDGET);
	link_set_idle(visitor->link, 0);
}

/* --- in between ----------------------------------------------------------- */

void
visitor_send_error(struct visitor *visitor, uint32_t request, enum status why, uint32_t retry_ms)
{
	const struct msg_error error = {
		.request = request,
		.status = (uint16_t)why,
		.retry_ms = retry_ms,
		.sentence = bytes_of_string(status_text(why)),
	};

	counter_add(&proc_child_counters(visitor->route->child)->errors, 1);
	link_send(visitor->link, MSG_ERROR, &error);
}

void
visitor_refuse(struct visitor *visitor, enum status why, uint32_t retry_ms)
{
	counter_add(&proc_child_counters(visitor->route->child)->errors, 1);
	link_refuse(visitor->link, why, retry_ms);
}

bool
visitor_pay(struct visitor *visitor, uint32_t request)
{
	uint32_t retry_ms;

	if (visitor->asks == 0 || limiter_take_address(visitor->route->limiter, RATE_CONNECTIONS,
	    (const struct sockaddr *)&visitor->from.address, clock_monotonic_ms(), &retry_ms) ==
	    STATUS_OK)
		return true;
	counter_add(&proc_child_counters(visitor->route->child)->cut_limit, 1);
	visitor_send_error(visitor, request, STATUS_RATE_LIMITED, retry_ms);
	return false;
}

/* --- all of them ---------------------------------------------------------- */

void
visitor_finish_all(struct route *route, enum status why)
{
	struct visitor *visitor;

	/* Their on_down comes later, from the loop: the list stands still. */
	LIST_FOREACH(visitor, &route->visitors, siblings)
		link_finish(visitor->link, why);
}

void
visitor_check_all(struct route *route)
{
	struct visitor *visitor;

	LIST_FOREACH(visitor, &route->visitors, siblings)
		if (visitor->state == VISITOR_WORK)
			reports_check(visitor);
}
