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

/* What became of a letter that nobody waits for. */
static void
on_posted_for_nobody(void *arg UNUSED, const struct store_answer *answer UNUSED)
{
}

static enum status
post(struct worker *worker, uint64_t uid, struct bytes frame, store_on_answer *on_posted,
    void *arg)
{
	const struct verb_letter_put letter = { .uid = uid, .frame = frame };

	if (worker->registrar == NULL)
		return STATUS_NOT_ONLINE;
	if (on_posted == NULL)
		on_posted = on_posted_for_nobody;
	store_client_ask(worker->store, VERB_LETTER_PUT, &letter, on_posted, arg, 0);
	return STATUS_OK;
}

enum status
reach_whisper(struct worker *worker, uint64_t uid, uint16_t type, const void *message,
    store_on_answer *on_posted, void *arg)
{
	uint8_t room[REACH_WHISPER_MAX];
	struct bytes frame = bytes_of(room, codec_encode(whisper_schema(type), message, room));
	enum status status = bus_send(worker->bus, uid, frame);

	return status == STATUS_NOT_ONLINE ? post(worker, uid, frame, on_posted, arg) : status;
}

void
reach_end_session(struct worker *worker, uint64_t uid, enum status why)
{
	const struct whisper_end message = { .status = (uint16_t)why };
	uint8_t frame[16];
	size_t size = codec_encode(whisper_schema(WHISPER_END), &message, frame);

	/*
	 * Not online is what is wanted; a way that is full just now is looked after by the check
	 * of the epoch.
	 */
	(void)bus_send(worker->bus, uid, bytes_of(frame, size));
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
reach_on_letter(struct worker *worker, const struct verb_letter *letter)
{
	const struct session *session = session_table_find(worker->sessions, letter->session);
	bool is_here = session != NULL && session->uid == letter->uid;

	/* It may have moved to a sibling since; if it is nowhere, whoever asked is told. */
	if (is_here || bus_send(worker->bus, letter->uid, letter->frame) != STATUS_OK)
		reach_on_frame(worker, letter->uid, letter->session, letter->frame);
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
