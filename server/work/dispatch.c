/* SPDX-License-Identifier: ISC */
#include "server/work/dispatch.h"

#include <stdio.h>

#include "server/proc/limiter.h"
#include "server/work/session.h"
#include "server/work/worker.h"
#include "shared/clock.h"
#include "shared/compiler.h"
#include "shared/link.h"
#include "shared/log.h"

/* dispatch.def names a rate class by its row of rate.def; FREE is not counted. */
enum { RATE_FREE = RATE_COUNT };

struct row {
	void (*call)(struct session *session, const void *message);
	uint16_t type;
	uint8_t states;
	uint8_t rate;
};

#define HANDLE(NAME, name, states, rate) \
	static void call_##name(struct session *session, const void *message) \
	{ \
		handle_##name(session, message); \
	}
#include "server/work/dispatch.def"
#undef HANDLE

static const struct row rows[] = {
#define HANDLE(NAME, name, states, rate) { call_##name, MSG_##NAME, states, RATE_##rate },
#include "server/work/dispatch.def"
#undef HANDLE
};

static const struct row *
find_row(uint16_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].type == type)
			return &rows[i];
	return NULL;
}

static enum status
take_rate(struct session *session, enum rate rate, uint32_t *retry_ms)
{
	struct limiter *limiter = session->worker->limiter;
	struct sockaddr_storage address;
	uint64_t now = clock_monotonic_ms();

	if ((unsigned)rate == RATE_FREE)
		return STATUS_OK;
	if (limiter_is_by_account(rate))
		return limiter_take_account(limiter, rate, session->uid, now, retry_ms);
	if (link_peer_address(session->link, &address) != STATUS_OK)
		return STATUS_OK; /* it is gone; on_down is about to say so */
	return limiter_take_address(
	    limiter, rate, (const struct sockaddr *)&address, now, retry_ms);
}

static bool
is_of_one_field(enum status status)
{
	return status == STATUS_TOO_LONG || status == STATUS_TOO_SHORT || status == STATUS_BAD_TEXT;
}

static void
refuse_field(
    struct session *session, uint32_t request, enum status status, const struct field *field)
{
	char sentence[256];

	snprintf(sentence, sizeof(sentence), "%s (%s)", status_text(status), field->name);
	session_error(session, request, status, 0, sentence);
}

static void
call_row(struct session *session, const struct row *row, const struct schema *schema,
    const struct frame *frame)
{
	const struct field *bad = NULL;
	uint32_t request = protocol_request_of(frame), retry_ms = 0;
	union codec_room message;
	enum status status = codec_decode(schema, frame->payload, &message, &bad);

	if (is_of_one_field(status)) {
		refuse_field(session, request, status, bad);
		return;
	}
	if (status != STATUS_OK) {
		session_refuse(session, status, 0);
		return;
	}
	status = take_rate(session, row->rate, &retry_ms);
	if (status != STATUS_OK) {
		session_error(session, request, status, retry_ms, NULL);
		return;
	}
	row->call(session, &message);
}

void
dispatch_frame(struct session *session, const struct frame *frame)
{
	const struct schema *schema = protocol_schema(frame->type);
	const struct row *row = find_row(frame->type);

	if (schema == NULL && frame->type >= FRAME_TYPE_OPTIONAL)
		return;
	worker_note_request(session->worker, frame->type);
	if (schema == NULL)
		session_refuse(session, STATUS_UNKNOWN_TYPE, 0);
	else if (row == NULL || (row->states & session->state) == 0)
		session_refuse(session, STATUS_WRONG_STATE, 0);
	else
		call_row(session, row, schema, frame);
}
