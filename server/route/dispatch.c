/* SPDX-License-Identifier: ISC */
#include "server/route/dispatch.h"

#include "server/proc/counters.h"
#include "server/route/handlers.h"
#include "server/route/route.h"
#include "shared/log.h"
#include "shared/protocol.h"

/* One typed handler behind one untyped pointer: the cast is in one place. */
#define ON(MESSAGE, name, states, price) \
	static void \
	call_##name(struct visitor *visitor, const void *message) \
	{ \
		route_handle_##name(visitor, message); \
	}
#include "server/route/dispatch.def"
#undef ON

static const struct dispatch_row rows[] = {
#define ON(MESSAGE, name, states, price) { MSG_##MESSAGE, states, price, call_##name },
#include "server/route/dispatch.def"
#undef ON
};

enum status
route_dispatch_find(uint16_t type, enum visitor_state state, const struct dispatch_row **out)
{
	*out = NULL;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].type != type)
			continue;
		if ((rows[i].states & state) == 0)
			return STATUS_WRONG_STATE;
		*out = &rows[i];
		return STATUS_OK;
	}
	return type >= FRAME_TYPE_OPTIONAL ? STATUS_OK : STATUS_UNKNOWN_TYPE;
}

static void
refuse(struct visitor *visitor, enum status why, const struct frame *frame,
    const struct field *field)
{
	log_info("%s: %s%s%s: %s", visitor_name(visitor), protocol_name(frame->type),
	    field != NULL ? " in " : "", field != NULL ? field->name : "", status_text(why));
	visitor_refuse(visitor, why, 0);
}

static void
call(struct visitor *visitor, const struct dispatch_row *row, const struct frame *frame)
{
	const struct field *field = NULL;
	union codec_room room;
	enum status status = codec_decode(protocol_schema(row->type), frame->payload, &room,
	    &field);

	if (status != STATUS_OK)
		refuse(visitor, status, frame, field);
	else if (row->price == FREE || visitor_pay(visitor, protocol_request_of(frame)))
		row->handle(visitor, &room);
}

void
route_dispatch_frame(struct visitor *visitor, const struct frame *frame)
{
	struct counters *counters = proc_child_counters(visitor->route->child);
	const struct dispatch_row *row;
	enum status status = route_dispatch_find(frame->type, visitor->state, &row);

	counter_set(&counters->last_request, (uint64_t)frame->type + 1);
	counter_add(&counters->requests, 1);
	if (status != STATUS_OK)
		refuse(visitor, status, frame, NULL);
	else if (row != NULL)
		call(visitor, row, frame);
}
