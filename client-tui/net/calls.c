/* SPDX-License-Identifier: ISC */
#include "client-tui/net/calls.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "shared/link.h"
#include "shared/mem.h"
#include "shared/protocol.h"
#include "shared/str.h"
#include "shared/wheel.h"

struct call {
	LIST_ENTRY(call)
	entry;
	struct calls *calls;
	uint32_t number;
	uint16_t type;
	struct wheel_timer deadline;
	call_on_item *on_item;
	call_on_answer *on_answer;
	void *arg;
};

LIST_HEAD(call_list, call);

struct calls {
	struct wheel *wheel;
	struct call_list list;
	size_t count;
	uint32_t last_number;
};

struct calls *
calls_new(struct wheel *wheel)
{
	struct calls *calls = mem_new(sizeof(*calls));

	calls->wheel = wheel;
	LIST_INIT(&calls->list);
	return calls;
}

/* Takes it out of the list; whoever answers it frees it. */
static void
take_out(struct call *call)
{
	LIST_REMOVE(call, entry);
	call->calls->count--;
	wheel_clear(call->calls->wheel, &call->deadline);
}

void
calls_free(struct calls *calls)
{
	struct call *call;

	if (calls == NULL)
		return;
	while ((call = LIST_FIRST(&calls->list)) != NULL) {
		take_out(call);
		free(call);
	}
	free(calls);
}

/* The call is gone before its owner hears, who may start new ones at once. */
static void
finish(struct call *call, const struct answer *answer)
{
	take_out(call);
	call->on_answer(call->arg, answer);
	free(call);
}

static void
call_on_due(struct wheel_timer *timer)
{
	const struct answer answer = {
		.status = STATUS_TIMEOUT,
		.sentence = status_text(STATUS_TIMEOUT),
		.is_local = true,
	};

	finish(CONTAINER_OF(timer, struct call, deadline), &answer);
}

/* 0 is the connection itself. */
static uint32_t
next_number(struct calls *calls)
{
	calls->last_number++;
	if (calls->last_number == 0)
		calls->last_number = 1;
	return calls->last_number;
}

enum status
calls_start(struct calls *calls, struct link *link, uint16_t type, void *message,
    uint32_t timeout_ms, call_on_item *on_item, call_on_answer *on_answer, void *arg)
{
	uint32_t number = next_number(calls);
	enum status status;
	struct call *call;

	if (calls->count == CALLS_MAX)
		return STATUS_BUSY;
	memcpy(message, &number, sizeof(number));
	status = link_send(link, type, message);
	if (status != STATUS_OK)
		return status;
	call = mem_new(sizeof(*call));
	call->calls = calls;
	call->number = number;
	call->type = type;
	call->on_item = on_item;
	call->on_answer = on_answer;
	call->arg = arg;
	LIST_INSERT_HEAD(&calls->list, call, entry);
	calls->count++;
	wheel_set(calls->wheel, &call->deadline, timeout_ms, call_on_due);
	return STATUS_OK;
}

static struct call *
find(struct calls *calls, uint32_t number)
{
	struct call *call;

	LIST_FOREACH(call, &calls->list, entry)
	if (call->number == number)
		return call;
	return NULL;
}

static enum calls_result
take_error(struct calls *calls, const struct msg_error *error)
{
	struct call *call = find(calls, error->request);
	struct answer answer = { .status = error->status, .retry_ms = error->retry_ms };
	char sentence[256];

	if (error->request == 0)
		return CALLS_UNASKED;
	if (error->status == STATUS_OK)
		return CALLS_BROKEN;
	if (call == NULL)
		return CALLS_TAKEN;
	answer.sentence = status_text(answer.status);
	if (error->sentence.len > 0 && str_copy(error->sentence, sentence, sizeof(sentence)))
		answer.sentence = sentence;
	finish(call, &answer);
	return CALLS_TAKEN;
}

/* An item only for a list, an answer only for its own question. */
static enum calls_result
take_answer(struct calls *calls, uint32_t number, const struct frame *frame, const void *message)
{
	const struct answer answer = {
		.sentence = status_text(STATUS_OK),
		.type = frame->type,
		.message = message,
	};
	struct call *call = find(calls, number);

	if (call == NULL)
		return number != 0 ? CALLS_TAKEN : CALLS_BROKEN;
	if (frame->type == call->type + PROTOCOL_OK) {
		finish(call, &answer);
		return CALLS_TAKEN;
	}
	if (frame->type == call->type + PROTOCOL_ITEM && call->on_item != NULL) {
		call->on_item(call->arg, message);
		return CALLS_TAKEN;
	}
	return CALLS_BROKEN;
}

enum calls_result
calls_take(struct calls *calls, const struct frame *frame)
{
	const struct schema *schema = protocol_schema(frame->type);
	union codec_room room;
	uint32_t number;

	if (schema == NULL || (frame->type < PROTOCOL_ITEM && frame->type != MSG_ERROR))
		return CALLS_UNASKED;
	if (codec_decode(schema, frame->payload, &room, NULL) != STATUS_OK)
		return CALLS_BROKEN;
	if (frame->type == MSG_ERROR)
		return take_error(calls, (const struct msg_error *)&room);
	memcpy(&number, &room, sizeof(number));
	return take_answer(calls, number, frame, &room);
}

void
calls_fail(struct calls *calls, enum status status, const char *sentence)
{
	const struct answer answer = { .status = status, .sentence = sentence, .is_local = true };
	struct call_list failed = calls->list;
	struct call *call;

	/* New ones may be started meanwhile: they go into a list of their own. */
	if (!LIST_EMPTY(&failed))
		LIST_FIRST(&failed)->entry.le_prev = &LIST_FIRST(&failed);
	LIST_INIT(&calls->list);
	while ((call = LIST_FIRST(&failed)) != NULL)
		finish(call, &answer);
}

void
calls_forget(struct calls *calls, const void *arg)
{
	struct call *call, *next;

	for (call = LIST_FIRST(&calls->list); call != NULL; call = next) {
		next = LIST_NEXT(call, entry);
		if (call->arg != arg)
			continue;
		take_out(call);
		free(call);
	}
}

size_t
calls_count(const struct calls *calls)
{
	return calls->count;
}
