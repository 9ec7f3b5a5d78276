/* SPDX-License-Identifier: ISC */
/*
 * Questions live in slots. A request number is the slot and a serial number above it, so an
 * answer that comes too late finds another serial there, or nobody. All questions have the same
 * patience, so the oldest is always the next one due.
 */
#include "server/store/store_client.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "shared/channel.h"
#include "shared/clock.h"
#include "shared/compiler.h"
#include "shared/log.h"
#include "shared/mem.h"
#include "shared/wire.h"

enum {
	SLOT_BITS = 20,
	SLOT_MASK = (1 << SLOT_BITS) - 1,
	SLOTS_MAX = 1 << SLOT_BITS,
	SLOTS_START = 64,
	NO_SLOT = UINT32_MAX,
	AWAY_RETRY_MS = 300,
	BUSY_RETRY_MS = 500,
};

enum list_name {
	LIST_FREE,
	LIST_ASKED,	/* in the order of asking */
	/* Without having been asked, or after the store died: to be told on the next turn. */
	LIST_FAILED,
	LIST_COUNT,
};

struct question {
	uint32_t request;
	uint32_t next, previous;	/* slots */
	enum list_name list;
	enum status status;		/* in LIST_FAILED: why */
	uint16_t verb;
	uint32_t tag;
	uint64_t due;
	store_on_answer *on_answer;
	void *arg;
};

struct list {
	uint32_t first, last;
};

struct store_client {
	struct event_base *base;
	struct channel *channel;	/* NULL: nobody to ask */
	unsigned timeout_ms;
	store_on_told *on_told;
	void *told_arg;
	struct question *slots;
	uint32_t slot_count;
	struct list lists[LIST_COUNT];
	size_t pending;
	struct event *due;		/* the oldest question has waited too long */
	struct event *failed;		/* LIST_FAILED is not empty */
	unsigned depth;			/* of callbacks that are running */
	bool is_freed;
};

static void
unlink_slot(struct store_client *client, uint32_t slot)
{
	struct question *question = &client->slots[slot];
	struct list *list = &client->lists[question->list];

	if (question->previous == NO_SLOT)
		list->first = question->next;
	else
		client->slots[question->previous].next = question->next;
	if (question->next == NO_SLOT)
		list->last = question->previous;
	else
		client->slots[question->next].previous = question->previous;
}

static void
link_slot(struct store_client *client, uint32_t slot, enum list_name name)
{
	struct question *question = &client->slots[slot];
	struct list *list = &client->lists[name];

	question->list = name;
	question->next = NO_SLOT;
	question->previous = list->last;
	if (list->last == NO_SLOT)
		list->first = slot;
	else
		client->slots[list->last].next = slot;
	list->last = slot;
}

static void
move_slot(struct store_client *client, uint32_t slot, enum list_name name)
{
	unlink_slot(client, slot);
	link_slot(client, slot, name);
}

static void
add_slots(struct store_client *client)
{
	uint32_t count = client->slot_count == 0 ? SLOTS_START : 2 * client->slot_count;

	/* A question that is refused needs one, too, until it is told. */
	if (count > SLOTS_MAX)
		log_fatalx("store: %u questions are unanswered", client->slot_count);
	client->slots = mem_resize(client->slots, count, sizeof(*client->slots));
	for (uint32_t slot = client->slot_count; slot < count; slot++) {
		client->slots[slot] = (struct question){ .request = slot };
		link_slot(client, slot, LIST_FREE);
	}
	client->slot_count = count;
}

/* The slot's next request number; 0 is never one. */
static uint32_t
take_slot(struct store_client *client)
{
	uint32_t slot = client->lists[LIST_FREE].first;
	struct question *question = &client->slots[slot];

	question->request += 1 << SLOT_BITS;
	if (question->request == 0)
		question->request += 1 << SLOT_BITS;
	client->pending++;
	return slot;
}

static void
free_slot(struct store_client *client, uint32_t slot)
{
	move_slot(client, slot, LIST_FREE);
	client->pending--;
}

static void
destroy(struct store_client *client)
{
	event_free(client->due);
	event_free(client->failed);
	free(client->slots);
	free(client);
}

static void
enter(struct store_client *client)
{
	client->depth++;
}

/* False: a callback has freed the client; do not touch it any more. */
static bool
leave(struct store_client *client)
{
	if (--client->depth > 0)
		return !client->is_freed;
	if (!client->is_freed)
		return true;
	destroy(client);
	return false;
}

static void
arm_due(struct store_client *client)
{
	uint32_t slot = client->lists[LIST_ASKED].first;
	uint64_t now = clock_monotonic_ms(), wait;
	struct timeval delay;

	if (slot == NO_SLOT) {
		event_del(client->due);
		return;
	}
	if (event_pending(client->due, EV_TIMEOUT, NULL))
		return;
	wait = client->slots[slot].due > now ? client->slots[slot].due - now : 0;
	delay = (struct timeval){ (time_t)(wait / 1000), (suseconds_t)(wait % 1000 * 1000) };
	event_add(client->due, &delay);
}

/* The question fails on the next turn of the loop. */
static void
fail_slot(struct store_client *client, uint32_t slot, enum status status)
{
	client->slots[slot].status = status;
	move_slot(client, slot, LIST_FAILED);
	event_active(client->failed, 0, 0);
}

static void
fail_all_asked(struct store_client *client)
{
	while (client->lists[LIST_ASKED].first != NO_SLOT)
		fail_slot(client, client->lists[LIST_ASKED].first, STATUS_STORE_AWAY);
}

/* The last answer; the slot is free before the callback runs. */
static bool
answer_slot(struct store_client *client, uint32_t slot, struct store_answer *answer)
{
	struct question question = client->slots[slot];

	free_slot(client, slot);
	answer->tag = question.tag;
	answer->is_last = true;
	enter(client);
	question.on_answer(question.arg, answer);
	return leave(client);
}

static uint32_t
retry_after(enum status status)
{
	return status == STATUS_BUSY ? BUSY_RETRY_MS : AWAY_RETRY_MS;
}

/* Those that fail while this runs (a callback may ask again) wait for the next turn. */
static void
on_failed(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct store_client *client = arg;
	uint32_t last = client->lists[LIST_FAILED].last, slot;

	do {
		struct store_answer answer = { 0 };

		slot = client->lists[LIST_FAILED].first;
		if (slot == NO_SLOT)
			return;
		answer.status = client->slots[slot].status;
		answer.retry_ms = retry_after(answer.status);
		if (!answer_slot(client, slot, &answer))
			return;
	} while (slot != last);
	if (client->lists[LIST_FAILED].first != NO_SLOT)
		event_active(client->failed, 0, 0);
}

static void
on_due(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct store_client *client = arg;
	uint64_t now = clock_monotonic_ms();
	uint32_t slot;
	unsigned count = 0;

	while ((slot = client->lists[LIST_ASKED].first) != NO_SLOT &&
	    client->slots[slot].due <= now) {
		fail_slot(client, slot, STATUS_STORE_AWAY);
		count++;
	}
	if (count > 0)
		log_warn("store: %u questions got no answer within %u ms", count,
		    client->timeout_ms);
	arm_due(client);
}

static void
on_told(struct store_client *client, const struct frame *frame, const struct schema *schema)
{
	union codec_room message;

	if (schema == NULL || codec_decode(schema, frame->payload, &message, NULL) != STATUS_OK) {
		log_error("store: something came that cannot be understood (type 0x%04x)",
		    frame->type);
		return;
	}
	if (client->on_told == NULL)
		return;
	enter(client);
	client->on_told(client->told_arg, frame->type, &message);
	leave(client);
}

/* NO_SLOT: nobody waits for this any more. */
static uint32_t
find_slot(const struct store_client *client, uint32_t request)
{
	uint32_t slot = request & SLOT_MASK;

	if (slot >= client->slot_count || client->slots[slot].request != request ||
	    client->slots[slot].list != LIST_ASKED)
		return NO_SLOT;
	return slot;
}

static void
on_item(struct store_client *client, uint32_t slot, const struct frame *frame,
    const union codec_room *message)
{
	struct question question = client->slots[slot];
	struct store_answer answer = {
		.tag = question.tag,
		.verb = frame->type,
		.message = message,
	};

	enter(client);
	question.on_answer(question.arg, &answer);
	leave(client);
}

static void
take_answer(struct store_client *client, uint32_t slot, const struct frame *frame,
    const union codec_room *message)
{
	const struct verb_store_error *error = (const void *)message;
	uint16_t asked = client->slots[slot].verb;
	struct store_answer answer = { .verb = frame->type };

	if (frame->type == asked + VERB_ITEM) {
		on_item(client, slot, frame, message);
		return;
	}
	if (frame->type == asked + VERB_OK) {
		answer.message = message;
	} else if (frame->type == VERB_STORE_ERROR && error->status != STATUS_OK &&
	    status_is_known(error->status)) {
		answer.status = (enum status)error->status;
		answer.retry_ms = error->retry_ms;
		answer.detail = error->detail;
	} else {
		log_error("store: %s was answered by %s", verb_name(asked), verb_name(frame->type));
		answer.status = STATUS_STORE_FAILED;
	}
	if (answer_slot(client, slot, &answer))
		arm_due(client);
}

static void
on_frame(struct channel *channel UNUSED, const struct frame *frame, int fd, void *arg)
{
	struct store_client *client = arg;
	const struct schema *schema = verb_schema(frame->type);
	struct wire wire = wire_reader(frame->payload);
	union codec_room message;
	uint32_t slot;

	if (fd >= 0)
		close(fd);
	if (frame->type >= VERB_TOLD && frame->type < VERB_ITEM) {
		on_told(client, frame, schema);
		return;
	}
	slot = find_slot(client, wire_get_u32(&wire));
	if (slot == NO_SLOT)
		return;
	if (schema == NULL || codec_decode(schema, frame->payload, &message, NULL) != STATUS_OK) {
		log_error("store: an answer cannot be understood (type 0x%04x)", frame->type);
		fail_slot(client, slot, STATUS_STORE_FAILED);
		return;
	}
	take_answer(client, slot, frame, &message);
}

static void
on_closed(struct channel *channel UNUSED, void *arg)
{
	struct store_client *client = arg;

	channel_free(client->channel);
	client->channel = NULL;
	fail_all_asked(client);
	arm_due(client);
}

static const struct channel_events channel_events = { on_frame, on_closed, NULL };

struct store_client *
store_client_new(struct event_base *base, unsigned timeout_ms, store_on_told *told, void *arg)
{
	struct store_client *client = mem_new(sizeof(*client));

	client->base = base;
	client->timeout_ms = timeout_ms;
	client->on_told = told;
	client->told_arg = arg;
	for (size_t i = 0; i < LIST_COUNT; i++)
		client->lists[i] = (struct list){ NO_SLOT, NO_SLOT };
	client->due = evtimer_new(base, on_due, client);
	client->failed = event_new(base, -1, 0, on_failed, client);
	return client;
}

void
store_client_free(struct store_client *client)
{
	if (client == NULL)
		return;
	channel_free(client->channel);
	client->channel = NULL;
	event_del(client->due);
	event_del(client->failed);
	client->is_freed = true;
	if (client->depth == 0)
		destroy(client);
}

void
store_client_attach(struct store_client *client, int fd)
{
	channel_free(client->channel);
	fail_all_asked(client);
	arm_due(client);
	client->channel = channel_new(client->base, fd, &channel_events, client);
}

bool
store_client_is_attached(const struct store_client *client)
{
	return client->channel != NULL;
}

static enum status
send_question(struct store_client *client, uint16_t verb, const void *message, uint32_t request)
{
	const struct schema *schema = verb_schema(verb);
	union codec_room copy;

	if (client->channel == NULL)
		return STATUS_STORE_AWAY;
	if (client->pending > STORE_CLIENT_PENDING_MAX)
		return STATUS_BUSY;
	memcpy(&copy, message, schema->struct_size);
	memcpy(&copy, &request, sizeof(request));	/* the first field of every verb */
	return channel_send_message(client->channel, schema, &copy, -1);
}

void
store_client_ask(struct store_client *client, uint16_t verb, const void *message,
    store_on_answer *on_answer, void *arg, uint32_t tag)
{
	struct question *question;
	uint32_t slot;
	enum status status;

	assert(verb_schema(verb) != NULL && verb < VERB_TOLD);
	if (client->lists[LIST_FREE].first == NO_SLOT)
		add_slots(client);
	slot = take_slot(client);
	question = &client->slots[slot];
	question->verb = verb;
	question->tag = tag;
	question->on_answer = on_answer;
	question->arg = arg;
	question->due = clock_monotonic_ms() + client->timeout_ms;
	move_slot(client, slot, LIST_ASKED);
	status = send_question(client, verb, message, question->request);
	if (status != STATUS_OK)
		fail_slot(client, slot, status == STATUS_BUSY ? STATUS_BUSY : STATUS_STORE_AWAY);
	else
		arm_due(client);
}

void
store_client_cancel(struct store_client *client, const void *arg)
{
	for (int name = LIST_ASKED; name <= LIST_FAILED && client->pending > 0; name++) {
		uint32_t next;

		for (uint32_t slot = client->lists[name].first; slot != NO_SLOT; slot = next) {
			next = client->slots[slot].next;
			if (client->slots[slot].arg == arg)
				free_slot(client, slot);
		}
	}
}

size_t
store_client_pending(const struct store_client *client)
{
	return client->pending;
}
