/* SPDX-License-Identifier: ISC */
#include "client-tui/peer/peer_post.h"

#include <stdlib.h>

#include "shared/mem.h"

struct peer_call *
peer_call_ref(struct peer_call *call)
{
	atomic_fetch_add(&call->holders, 1);
	return call;
}

void
peer_call_unref(struct peer_call *call)
{
	if (call != NULL && atomic_fetch_sub(&call->holders, 1) == 1)
		free(call);
}

struct peer_event *
peer_event_new(enum peer_event_kind kind, struct peer_call *call, size_t extra)
{
	struct peer_event *event = mem_new(sizeof(*event) + extra);

	event->kind = kind;
	event->call = peer_call_ref(call);
	return event;
}

void
peer_event_free(struct peer_event *event)
{
	peer_call_unref(event->call);
	free(event);
}

/* LEAVE and RESUME live in their call. */
void
peer_order_free(struct peer_order *order)
{
	struct peer_call *call = order->call;

	if (order->kind == PEER_ORDER_DOOR)
		peer_door_close(&CONTAINER_OF(order, struct peer_door_order, order)->door);
	if (order->kind == PEER_ORDER_IDENTITY)
		identity_clear(&CONTAINER_OF(order, struct peer_identity_order, order)->identity);
	if (order->kind == PEER_ORDER_MEET)
		mem_wipe(&CONTAINER_OF(order, struct peer_meet_order, order)->meeting,
		    sizeof(struct peer_meeting));
	if (order->kind != PEER_ORDER_LEAVE && order->kind != PEER_ORDER_RESUME &&
	    order->kind != PEER_ORDER_STOP)
		free(order);
	peer_call_unref(call);
}
