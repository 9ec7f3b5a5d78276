/* SPDX-License-Identifier: ISC */
#include "server/work/reach.h"

#include "server/bus/bus.h"
#include "server/work/introduce.h"
#include "server/work/session.h"
#include "server/work/session_table.h"
#include "server/work/watch.h"
#include "server/work/whisper.h"
#include "server/work/worker.h"
#include "shared/compiler.h"
#include "shared/log.h"

enum status
reach_whisper(struct worker *worker, uint64_t uid, uint16_t type, const void *message)
{
	const struct schema *schema = whisper_schema(type);
	uint8_t frame[1024];

	return bus_send(worker->bus, uid, bytes_of(frame, codec_encode(schema, message, frame)));
}

void
reach_end_session(struct worker *worker, uint64_t uid, enum status why)
{
	struct whisper_end message = { .status = (uint16_t)why };

	/*
	 * Not online is what is wanted; a way that is full just now is looked after by the check
	 * of the epoch.
	 */
	(void)reach_whisper(worker, uid, WHISPER_END, &message);
}

static void
on_end(struct worker *worker UNUSED, uint64_t uid UNUSED, struct session *session, const void *data)
{
	const struct whisper_end *end = data;

	if (session != NULL)
		session_refuse(session, (enum status)end->status, 0);
}

static void
on_changed(struct worker *worker, uint64_t uid UNUSED, struct session *session UNUSED,
    const void *data)
{
	watch_on_changed(worker, ((const struct whisper_changed *)data)->uids);
}

static const struct {
	uint16_t type;
	bool is_for_all;
	void (*take)(
	    struct worker *worker, uint64_t uid, struct session *session, const void *data);
} whispers[] = {
	{ WHISPER_CALL, false, introduce_on_call },
	{ WHISPER_END, false, on_end },
	{ WHISPER_CHANGED, true, on_changed },
	{ WHISPER_CALLED, false, introduce_on_called },
};

static void
take(struct worker *worker, uint64_t uid, struct session *session, const struct frame *frame,
    bool is_for_all)
{
	const struct schema *schema = whisper_schema(frame->type);
	union codec_room message;

	if (schema == NULL || codec_decode(schema, frame->payload, &message, NULL) != STATUS_OK) {
		log_warn("a sibling sent a whisper of type %u that this build does not know",
		    frame->type);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(whispers); i++)
		if (whispers[i].type == frame->type && whispers[i].is_for_all == is_for_all)
			whispers[i].take(worker, uid, session, &message);
}

void
reach_on_announce(struct worker *worker, const struct frame *frame)
{
	take(worker, 0, NULL, frame, true);
}

void
reach_on_frame(struct worker *worker, uint64_t uid, uint32_t id, struct bytes bytes)
{
	struct session *session = session_table_find(worker->sessions, id);
	struct frame frame;
	size_t used;

	if (session != NULL && (session->uid != uid || session->state == IN_LEAVING))
		session = NULL;
	if (frame_parse(bytes, &frame, &used) == FRAME_WHOLE)
		take(worker, uid, session, &frame, false);
}
