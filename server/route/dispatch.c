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
	call_##name(struct session *session, const void *message) \
	{ \
		handle_##name(session, message); \
	}
#include "server/route/dispatch.def"
#undef ON

static const struct dispatch_row rows[] = {
#define ON(MESSAGE, name, states, price) { MSG_##MESSAGE, states, price, call_##name },
#include "server/route/dispatch.def"
#undef ON
};

enum status
dispatch_find(uint16_t type, enum session_state state, const struct dispatch_row **out)
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
refuse(struct session *session, enum status why, const struct frame *frame, const struct field *field)
{
	log_info("%s: %s%s%s: %s", session_name(session), protocol_name(frame->type),
	    field != NULL ? " in " : "", field != NULL ? field->name : "", status_text(why));
	session_refuse(session, why, 0);
}

static void
call(struct session *session, const struct dispatch_row *row, const struct frame *frame)
{
	const struct field *field = NULL;
	union codec_room room;
	enum status status = codec_decode(protocol_schema(row->type), frame->payload, &room, &field);

	if (status != STATUS_OK)
		refuse(session, status, frame, field);
	else if (row->price == FREE || session_pay(session, protocol_request_of(frame)))
		row->handle(session, &room);
}

void
dispatch_frame(struct session *session, const struct frame *frame)
{
	struct counters *counters = proc_child_counters(session->route->child);
	const struct dispatch_row *row;
	enum status status = dispatch_find(frame->type, session->state, &row);

	counter_set(&counters->last_request, (uint64_t)frame->type + 1);
	counter_add(&counters->requests, 1);
	if (status != STATUS_OK)
		refuse(session, status, frame, NULL);
	else if (row != NULL)
		call(session, row, frame);
}
