/* SPDX-License-Identifier: ISC */
#include "client-tui/peer/peer_thread.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "client-tui/peer/peer_inner.h"
#include "client-tui/peer/peer_limits.h"
#include "client-tui/peer/peer_post.h"
#include "client-tui/peer/peer_worker.h"
#include "shared/mem.h"

enum { CALLS_MAX = 2 * PEER_SESSIONS_MAX }; /* those that were left and are not yet over included */

LIST_HEAD(peer_call_list, peer_call);

struct peer_thread {
	const struct peer_handler *handler;
	void *arg;
	struct peer_limits limits;
	struct mqueue *orders, *events;
	struct peer_worker *worker;
	pthread_t thread;
	struct peer_order stop;
	struct peer_call_list calls;
	size_t call_count;
	size_t under_way; /* calls that the thread has not said its last word about */
	uint8_t key[IDENTITY_KEY_SIZE];
	bool has_identity;
	bool has_port;
};

/* ---- orders ---- */

/* The queue takes everything: what may wait in it is bounded before it comes here. */
static void
give(struct peer_thread *self, struct peer_order *order)
{
	enum status status = mqueue_push(self->orders, &order->item);

	assert(status == STATUS_OK);
	(void)status;
}

static void
init_order(struct peer_order *order, enum peer_order_kind kind, struct peer_call *call)
{
	order->kind = kind;
	order->call = call != NULL ? peer_call_ref(call) : NULL;
}

static struct peer_call *
call_of(const struct peer_thread *self, uint64_t uid)
{
	struct peer_call *call;

	LIST_FOREACH(call, &self->calls, entry)
	if (call->uid == uid)
		break;
	return call;
}

/* The list was a holder. */
static void
remove_call(struct peer_thread *self, struct peer_call *call)
{
	call->is_left = true;
	LIST_REMOVE(call, entry);
	self->call_count--;
	peer_call_unref(call);
}

/* ---- events ---- */

static void
take_up(struct peer_thread *self, struct peer_event *event)
{
	event->call->is_open = true;
	self->handler->on_up(self->arg, event->call->uid, event->ms);
}

/* See may_go_on() of the worker. */
static void
take_text(struct peer_thread *self, struct peer_event *event)
{
	struct peer_call *call = event->call;

	if (atomic_fetch_sub(&call->unread, 1) - 1 <= PEER_UNREAD_LOW &&
	    atomic_exchange(&call->is_waiting, false)) {
		init_order(&call->resume, PEER_ORDER_RESUME, call);
		give(self, &call->resume);
	}
	self->handler->on_message(self->arg, call->uid, bytes_of(event->text, event->len));
}

static void
take_delivered(struct peer_thread *self, struct peer_event *event)
{
	event->call->letters--;
	event->call->letter_bytes -= event->len;
	self->handler->on_delivered(self->arg, event->call->uid, event->id);
}

static void
take_down(struct peer_thread *self, struct peer_event *event)
{
	remove_call(self, event->call);
	self->handler->on_down(self->arg, event->call->uid, event->why, event->text);
}

static void (*const takes[])(struct peer_thread *self, struct peer_event *event) = {
	[PEER_EVENT_UP] = take_up,
	[PEER_EVENT_TEXT] = take_text,
	[PEER_EVENT_DELIVERED] = take_delivered,
	[PEER_EVENT_DOWN] = take_down,
};

static void
peer_thread_on_event(struct mqueue_item *item, void *arg)
{
	struct peer_thread *self = arg;
	struct peer_event *event = CONTAINER_OF(item, struct peer_event, item);

	if (event->kind == PEER_EVENT_DOWN)
		self->under_way--;
	if (!event->call->is_left)
		takes[event->kind](self, event);
	peer_event_free(event);
}

/* ---- what the owner asks for ---- */

enum status
peer_thread_listen(struct peer_thread *self, uint16_t *port)
{
	struct peer_door_order *order = mem_new(sizeof(*order));
	enum status status = peer_door_open(&order->door);

	if (status != STATUS_OK) {
		free(order);
		return status;
	}
	init_order(&order->order, PEER_ORDER_DOOR, NULL);
	self->has_port = true;
	*port = order->door.port;
	give(self, &order->order);
	return STATUS_OK;
}

static void
forget_calls(struct peer_thread *self)
{
	while (!LIST_EMPTY(&self->calls))
		remove_call(self, LIST_FIRST(&self->calls));
}

static bool
is_ours(const struct peer_thread *self, const struct identity *identity)
{
	return self->has_identity &&
	    memcmp(self->key, identity->public_key, sizeof(self->key)) == 0;
}

void
peer_thread_set_identity(struct peer_thread *self, const struct identity *identity)
{
	struct peer_identity_order *order;

	if (identity != NULL ? is_ours(self, identity) : !self->has_identity)
		return;
	forget_calls(self);
	order = mem_new(sizeof(*order));
	init_order(&order->order, PEER_ORDER_IDENTITY, NULL);
	order->is_nobody = identity == NULL;
	self->has_identity = identity != NULL;
	if (identity != NULL) {
		order->identity = *identity;
		memcpy(self->key, identity->public_key, sizeof(self->key));
	}
	give(self, &order->order);
}

static enum status
check_meeting(const struct peer_thread *self, const struct peer_call *call,
    const struct peer_meeting *meeting)
{
	if (!self->has_identity || !self->has_port)
		return STATUS_WRONG_STATE;
	if (memcmp(meeting->identity, self->key, sizeof(self->key)) == 0)
		return STATUS_NOT_ALLOWED;
	if (call != NULL && memcmp(meeting->identity, call->identity, sizeof(call->identity)) != 0)
		return STATUS_WRONG_PIN;
	if (call == NULL && self->call_count == PEER_SESSIONS_MAX)
		return STATUS_FULL;
	return call == NULL && self->under_way == CALLS_MAX ? STATUS_BUSY : STATUS_OK;
}

static struct peer_call *
add_call(struct peer_thread *self, const struct peer_meeting *meeting)
{
	struct peer_call *call = mem_new(sizeof(*call));

	call->uid = meeting->uid;
	memcpy(call->identity, meeting->identity, sizeof(call->identity));
	peer_call_ref(call);
	LIST_INSERT_HEAD(&self->calls, call, entry);
	self->call_count++;
	self->under_way++;
	return call;
}

enum status
peer_thread_meet(struct peer_thread *self, const struct peer_meeting *meeting)
{
	struct peer_call *call = call_of(self, meeting->uid);
	enum status status = check_meeting(self, call, meeting);
	struct peer_meet_order *order;

	assert(meeting->address_count <= PEER_ADDRESSES_MAX);
	if (status != STATUS_OK)
		return status;
	if (call == NULL)
		call = add_call(self, meeting);
	order = mem_new(sizeof(*order));
	init_order(&order->order, PEER_ORDER_MEET, call);
	order->meeting = *meeting;
	give(self, &order->order);
	return STATUS_OK;
}

static enum status
check_letter(const struct peer_call *call, struct bytes text)
{
	enum status status = peer_inner_check(text);

	if (status != STATUS_OK)
		return status;
	if (call == NULL || !call->is_open)
		return STATUS_CLOSED;
	if (call->letters == PEER_WAITING_MAX ||
	    call->letter_bytes + text.len > PEER_WAITING_BYTES_MAX)
		return STATUS_BUSY;
	return STATUS_OK;
}

enum status
peer_thread_say(struct peer_thread *self, uint64_t uid, uint64_t id, struct bytes text)
{
	struct peer_call *call = call_of(self, uid);
	enum status status = check_letter(call, text);
	struct peer_letter *letter;

	if (status != STATUS_OK)
		return status;
	letter = mem_new(sizeof(*letter) + text.len);
	init_order(&letter->order, PEER_ORDER_SAY, call);
	letter->id = id;
	letter->len = text.len;
	memcpy(letter->text, text.data, text.len);
	call->letters++;
	call->letter_bytes += text.len;
	give(self, &letter->order);
	return STATUS_OK;
}

void
peer_thread_leave(struct peer_thread *self, uint64_t uid)
{
	struct peer_call *call = call_of(self, uid);

	if (call == NULL)
		return;
	init_order(&call->leave, PEER_ORDER_LEAVE, call);
	give(self, &call->leave);
	remove_call(self, call);
}

/* ---- life ---- */

/* Signals are for the other threads. */
static enum status
start_thread(struct peer_thread *self)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&self->thread, NULL, peer_worker_main, self->worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error == 0 ? STATUS_OK : status_of_errno(error);
}

static void
free_orders(struct peer_thread *self)
{
	struct mqueue_item *item;

	mqueue_close(self->orders);
	while ((item = mqueue_take(self->orders)) != NULL)
		peer_order_free(CONTAINER_OF(item, struct peer_order, item));
}

static void
free_events(struct peer_thread *self)
{
	struct mqueue_item *item;

	mqueue_close(self->events);
	while ((item = mqueue_take(self->events)) != NULL)
		peer_event_free(CONTAINER_OF(item, struct peer_event, item));
}

static void
release(struct peer_thread *self)
{
	peer_worker_free(self->worker);
	if (self->orders != NULL)
		free_orders(self);
	if (self->events != NULL)
		free_events(self);
	mqueue_free(self->orders);
	mqueue_free(self->events);
	free(self);
}

enum status
peer_thread_start_with(struct event_base *base, const struct peer_limits *limits,
    const struct peer_handler *handler, void *arg, struct peer_thread **out)
{
	struct peer_thread *self = mem_new(sizeof(*self));
	enum status status = mqueue_new(SIZE_MAX, &self->orders);

	self->limits = *limits;
	self->handler = handler;
	self->arg = arg;
	LIST_INIT(&self->calls);
	if (status == STATUS_OK)
		status = mqueue_new(SIZE_MAX, &self->events);
	if (status == STATUS_OK)
		status = peer_worker_new(&self->limits, self->orders, self->events, &self->worker);
	if (status == STATUS_OK) {
		mqueue_listen(self->events, base, peer_thread_on_event, self);
		status = start_thread(self);
	}
	if (status != STATUS_OK) {
		release(self);
		return status;
	}
	*out = self;
	return STATUS_OK;
}

enum status
peer_thread_start(struct event_base *base, const struct peer_handler *handler, void *arg,
    struct peer_thread **out)
{
	return peer_thread_start_with(base, &peer_limits_usual, handler, arg, out);
}

void
peer_thread_stop(struct peer_thread *self)
{
	if (self == NULL)
		return;
	forget_calls(self);
	init_order(&self->stop, PEER_ORDER_STOP, NULL);
	give(self, &self->stop);
	pthread_join(self->thread, NULL);
	release(self);
}
