/* SPDX-License-Identifier: ISC */
#include "client-tui/peer/peer_worker.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "client-tui/peer/peer_preface.h"
#include "client-tui/peer/peer_session.h"
#include "client-tui/peer/peer_strangers.h"
#include "shared/mem.h"

enum {
	TICK_MS = 50,
	OUTPUT_LOW = 64 * 1024,
	OUTPUT_HIGH = 2 * PEER_WAITING_BYTES_MAX,
	/*
	 * Texts that wait for the owner: so many, then the session reads nothing more until
	 * PEER_UNREAD_LOW are left.
	 */
	UNREAD_HIGH = 128,
};

_Static_assert((int)UNREAD_HIGH > (int)PEER_UNREAD_LOW, "somebody has to say that it goes on");

LIST_HEAD(member_list, member);

/* A call that has a session. */
struct member {
	LIST_ENTRY(member) entry;
	struct peer_call *call; /* a holder of it */
};

struct peer_worker {
	struct peer_side side;
	struct mqueue *orders, *events;
	struct peer_door door;
	struct peer_strangers *strangers;
	struct member_list members;
};

/* ---- events ---- */

/*
 * There is always room: what may be under way is bounded by the sessions and what each may have
 * waiting.
 */
static void
tell(struct peer_worker *self, struct peer_event *event)
{
	enum status status = mqueue_push(self->events, &event->item);

	assert(status == STATUS_OK);
	(void)status;
}

static void
worker_on_up(void *arg, uint32_t ms)
{
	struct peer_call *call = arg;
	struct peer_event *event = peer_event_new(PEER_EVENT_UP, call, 0);

	event->ms = ms;
	tell(call->worker, event);
}

/*
 * The owner looks at the flag after it has counted down, we count after we have set it: one of us
 * sees the other.
 */
static bool
may_go_on(struct peer_call *call)
{
	if (atomic_fetch_add(&call->unread, 1) + 1 < UNREAD_HIGH)
		return true;
	atomic_store(&call->is_waiting, true);
	if (atomic_load(&call->unread) > PEER_UNREAD_LOW)
		return false;
	return atomic_exchange(&call->is_waiting, false);
}

static bool
worker_on_text(void *arg, struct bytes text)
{
	struct peer_call *call = arg;
	struct peer_event *event = peer_event_new(PEER_EVENT_TEXT, call, text.len);
	bool goes_on = may_go_on(call);

	event->len = text.len;
	memcpy(event->text, text.data, text.len);
	tell(call->worker, event);
	return goes_on;
}

static void
worker_on_delivered(void *arg, const struct peer_letter *letter)
{
	struct peer_call *call = arg;
	struct peer_event *event = peer_event_new(PEER_EVENT_DELIVERED, call, 0);

	event->id = letter->id;
	event->len = letter->len;
	tell(call->worker, event);
}

static struct member *
member_of(struct peer_worker *self, const struct peer_call *call)
{
	struct member *member;

	LIST_FOREACH(member, &self->members, entry)
	if (member->call == call)
		break;
	return member;
}

/* The last word about a call. */
static void
dismiss(struct peer_call *call, enum status why, const char *sentence)
{
	struct peer_worker *self = call->worker;
	struct member *member = member_of(self, call);
	struct peer_event *event = peer_event_new(PEER_EVENT_DOWN, call, strlen(sentence) + 1);

	event->why = why;
	strcpy(event->text, sentence);
	call->session = NULL;
	LIST_REMOVE(member, entry);
	free(member);
	tell(self, event);
	peer_call_unref(call);
}

static void
worker_on_over(void *arg, enum status why, const char *sentence)
{
	struct peer_call *call = arg;
	struct peer_session *session = call->session;

	dismiss(call, why, sentence);
	peer_session_free(session);
}

static const struct peer_session_handler session_handler = {
	.on_up = worker_on_up,
	.on_text = worker_on_text,
	.on_delivered = worker_on_delivered,
	.on_over = worker_on_over,
};

static void
leave(struct peer_call *call, enum status why)
{
	struct peer_session *session = call->session;

	dismiss(call, why, status_text(why));
	peer_session_leave(session);
}

static void
leave_all(struct peer_worker *self, enum status why)
{
	while (!LIST_EMPTY(&self->members))
		leave(LIST_FIRST(&self->members)->call, why);
}

/* ---- the door ---- */

static void
worker_on_knock(int fd, void *arg)
{
	struct peer_worker *self = arg;

	peer_strangers_add(self->strangers, fd);
}

/* All are asked, whoever is found, so that the time tells nothing. */
static struct peer_session *
session_that_expects(struct peer_worker *self, const uint8_t token[PEER_TOKEN_SIZE])
{
	struct peer_session *found = NULL;
	struct member *member;

	LIST_FOREACH(member, &self->members, entry)
	if (peer_session_expects(member->call->session, token))
		found = member->call->session;
	return found;
}

static void
worker_on_token(int fd, const uint8_t token[PEER_TOKEN_SIZE], void *arg)
{
	struct peer_session *session = session_that_expects(arg, token);

	if (session != NULL && peer_preface_send(fd, token))
		peer_session_add_way(session, fd);
	else
		close(fd);
}

/* ---- orders ---- */

static void
take_door(struct peer_worker *self, struct peer_order *order)
{
	struct peer_door_order *its = CONTAINER_OF(order, struct peer_door_order, order);

	peer_door_close(&self->door);
	self->door = its->door;
	its->door = (struct peer_door){ .fds = { -1, -1 } };
	self->side.port = self->door.port;
	peer_door_watch(&self->door, self->side.base, worker_on_knock, self);
}

/* The contexts had the secret half. */
static void
forget_identity(struct peer_side *side)
{
	tls_context_unref(side->as_server);
	tls_context_unref(side->as_client);
	side->as_server = side->as_client = NULL;
}

static enum status
new_context(bool is_server, const struct identity *identity, struct tls_context **out)
{
	return tls_context_new_peer(is_server, identity->secret_key, identity->public_key, out);
}

static void
take_identity(struct peer_worker *self, struct peer_order *order)
{
	const struct peer_identity_order *its =
	    CONTAINER_OF(order, struct peer_identity_order, order);
	const struct identity *identity = &its->identity;
	struct peer_side *side = &self->side;

	leave_all(self, STATUS_LEFT);
	forget_identity(side);
	if (its->is_nobody)
		return;
	memcpy(side->key, identity->public_key, sizeof(side->key));
	if (new_context(true, identity, &side->as_server) != STATUS_OK ||
	    new_context(false, identity, &side->as_client) != STATUS_OK)
		forget_identity(side);
}

static void
begin(struct peer_worker *self, struct peer_call *call, const struct peer_meeting *meeting)
{
	struct member *member = mem_new(sizeof(*member));

	member->call = peer_call_ref(call);
	LIST_INSERT_HEAD(&self->members, member, entry);
	call->worker = self;
	call->session = peer_session_new(&self->side, meeting->identity, &session_handler, call);
}

/* The first meeting begins a session; what follows on one that is over comes too late. */
static void
take_meet(struct peer_worker *self, struct peer_order *order)
{
	struct peer_call *call = order->call;
	const struct peer_meeting *meeting =
	    &CONTAINER_OF(order, struct peer_meet_order, order)->meeting;

	if (call->worker == NULL) {
		begin(self, call, meeting);
		if (self->side.as_client == NULL) {
			leave(call, STATUS_BAD_KEY);
			return;
		}
	}
	if (call->session != NULL)
		peer_session_meet(call->session, meeting);
}

static void
take_leave(struct peer_worker *self UNUSED, struct peer_order *order)
{
	if (order->call->session != NULL)
		leave(order->call, STATUS_LEFT);
}

static void
take_resume(struct peer_worker *self UNUSED, struct peer_order *order)
{
	if (order->call->session != NULL)
		peer_session_resume(order->call->session);
}

static void
take_stop(struct peer_worker *self, struct peer_order *order UNUSED)
{
	leave_all(self, STATUS_LEFT);
	event_base_loopbreak(self->side.base);
}

static void (*const takes[])(struct peer_worker *self, struct peer_order *order) = {
	[PEER_ORDER_DOOR] = take_door,
	[PEER_ORDER_IDENTITY] = take_identity,
	[PEER_ORDER_MEET] = take_meet,
	[PEER_ORDER_LEAVE] = take_leave,
	[PEER_ORDER_RESUME] = take_resume,
	[PEER_ORDER_STOP] = take_stop,
};

static void
worker_on_order(struct mqueue_item *item, void *arg)
{
	struct peer_worker *self = arg;
	struct peer_order *order = CONTAINER_OF(item, struct peer_order, item);

	/* A letter goes on into the session, if there is one. */
	if (order->kind == PEER_ORDER_SAY && order->call->session != NULL) {
		peer_session_say(
		    order->call->session, CONTAINER_OF(order, struct peer_letter, order));
		return;
	}
	if (order->kind != PEER_ORDER_SAY)
		takes[order->kind](self, order);
	peer_order_free(order);
}

/* ---- life ---- */

enum status
peer_worker_new(const struct peer_limits *limits, struct mqueue *orders, struct mqueue *events,
    struct peer_worker **out)
{
	struct peer_worker *self;
	struct event_base *base = link_base_new();

	if (base == NULL)
		return STATUS_SYSTEM;
	self = mem_new(sizeof(*self));
	self->side.base = base;
	self->side.loop = link_loop_new(base, TICK_MS);
	self->side.limits = limits;
	self->side.link_limits = (struct link_limits){
		.handshake_ms = limits->handshake_ms,
		.drain_ms = limits->drain_ms,
		.output_low = OUTPUT_LOW,
		.output_high = OUTPUT_HIGH,
	};
	self->orders = orders;
	self->events = events;
	self->door = (struct peer_door){ .fds = { -1, -1 } };
	self->strangers = peer_strangers_new(base, limits->preface_ms, worker_on_token, self);
	LIST_INIT(&self->members);
	mqueue_listen(orders, base, worker_on_order, self);
	*out = self;
	return STATUS_OK;
}

void *
peer_worker_main(void *arg)
{
	struct peer_worker *self = arg;

	event_base_loop(self->side.base, EVLOOP_NO_EXIT_ON_EMPTY);
	return NULL;
}

void
peer_worker_free(struct peer_worker *self)
{
	if (self == NULL)
		return;
	mqueue_close(self->orders);
	peer_door_close(&self->door);
	peer_strangers_free(self->strangers);
	/* Last words go out now, as far as there is room for them. */
	link_loop_free(self->side.loop);
	forget_identity(&self->side);
	event_base_free(self->side.base);
	free(self);
}
