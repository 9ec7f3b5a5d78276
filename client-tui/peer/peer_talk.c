/* SPDX-License-Identifier: ISC */
#include "client-tui/peer/peer_talk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "client-tui/peer/peer_inner.h"
#include "client-tui/peer/peer_letters.h"
#include "client-tui/peer/peer_rate.h"
#include "client-tui/peer/peer_recent.h"
#include "client-tui/peer/peer_timer.h"
#include "shared/clock.h"
#include "shared/mem.h"
#include "shared/protocol.h"

enum {
	SENTENCE_MAX = 400,
	PACE_MS = 50,
	WATCH_MS = 1000, /* setting the timer at every frame would be too often */
};

struct peer_talk {
	const struct peer_side *side;
	const struct peer_talk_handler *handler;
	void *arg;
	struct link *link; /* NULL: none */
	struct peer_letters letters;
	struct peer_recent recent;
	struct peer_rate hears; /* frames of the other side */
	struct peer_rate says;  /* letters of ours */
	struct event *silence;  /* set while there is a link */
	struct event *pace;     /* set while letters wait for "says" */
	uint64_t ping_ms;
	uint64_t heard_ms;
	uint64_t watched_ms;  /* when "silence" was set last */
	uint64_t answered_ms; /* the first letter in line is that since then */
	uint64_t opened_us;
	uint32_t request;
	bool has_told_up;
	bool has_pinged; /* and heard nothing since */
	bool is_paused;
};

/* ---- the end ---- */

static const struct words {
	enum status status;
	const char *sentence;
} words[] = {
	{ STATUS_CLOSED, "The connection to the other side broke." },
	{ STATUS_RESET, "The connection to the other side broke." },
	{ STATUS_IDLE, "Nothing was heard from the other side for too long." },
	{ STATUS_TIMEOUT, "The other side does not answer any more." },
	{ STATUS_RATE_LIMITED, "The other side sent too much at once; the session was ended." },
	{ STATUS_SLOW_READER, "The other side does not take what we send; the session was ended." },
	{ STATUS_BAD_FRAME,
	    "The other side sent something that is no message; the session was ended." },
	{ STATUS_UNKNOWN_TYPE,
	    "The other side sent something that is no message; the session was ended." },
	{ STATUS_WRONG_STATE, "The other side sent something out of turn; the session was ended." },
	{ STATUS_BAD_VALUE,
	    "The other side sent a message of an unknown kind; the session was ended." },
	{ STATUS_BAD_TEXT, "The other side sent a text that is none; the session was ended." },
	{ STATUS_TOO_LONG, "The other side sent a text that is too long; the session was ended." },
	{ STATUS_TOO_SHORT,
	    "The other side sent a text without a character; the session was ended." },
};

static const char *
words_of(enum status why)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (words[i].status == why)
			return words[i].sentence;
	return status_text(why);
}

/* Lets go of the link, which ends or is ended by whom it was given to. */
static struct link *
detach(struct peer_talk *self)
{
	struct link *link = self->link;

	self->link = NULL;
	event_del(self->silence);
	event_del(self->pace);
	if (link != NULL)
		link_set_handler(link, NULL, NULL);
	return link;
}

/* Nothing of the caller's may follow, here and below: the talk is gone. */
static void
end(struct peer_talk *self, enum status why, const char *sentence)
{
	self->handler->on_end(self->arg, why, sentence);
}

static void
cut(struct peer_talk *self, enum status why)
{
	link_close(detach(self), why);
	end(self, why, words_of(why));
}

/* The other side did wrong, and is told so. */
static void
refuse(struct peer_talk *self, enum status why)
{
	link_refuse(detach(self), why, 0);
	end(self, why, words_of(why));
}

/* ---- out ---- */

static void
send_letter(struct peer_talk *self, const struct peer_letter *letter)
{
	uint8_t room[PEER_INNER_MAX];
	const struct peer_inner inner = {
		.kind = PEER_INNER_TEXT,
		.id = letter->number,
		.body = bytes_of(letter->text, letter->len),
	};
	const struct msg_user_conversation message = {
		.request = ++self->request,
		.inner = bytes_of(room, peer_inner_encode(&inner, room)),
	};

	link_send(self->link, MSG_USER_CONVERSATION, &message);
}

/* So many at once that the other side does not take it for a flood. */
static void
send_letters(struct peer_talk *self)
{
	const struct peer_letter *letter;
	uint64_t now = clock_monotonic_ms();

	while (self->letters.unsent != NULL && peer_rate_take(&self->says, now)) {
		letter = peer_letters_send(&self->letters);
		send_letter(self, letter);
	}
	if (self->letters.unsent != NULL)
		peer_timer_set(self->pace, PACE_MS);
}

static void
peer_talk_on_pace(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	send_letters(arg);
}

static void
ping(struct peer_talk *self)
{
	struct msg_ping message = { .request = ++self->request };

	link_send(self->link, MSG_PING, &message);
}

void
peer_talk_say(struct peer_talk *self, struct peer_letter *letter)
{
	if (!peer_letters_are_waiting(&self->letters))
		self->answered_ms = clock_monotonic_ms();
	peer_letters_add(&self->letters, letter);
	if (self->link != NULL && !event_pending(self->pace, EV_TIMEOUT, NULL))
		send_letters(self);
}

/* ---- signs of life ---- */

static uint64_t
left_of(uint64_t span_ms, uint64_t since_ms, uint64_t now_ms)
{
	uint64_t passed = now_ms > since_ms ? now_ms - since_ms : 0;

	return passed < span_ms ? span_ms - passed : 0;
}

static uint64_t
lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* When to look again: nothing is due before. */
static void
set_silence(struct peer_talk *self)
{
	const struct peer_limits *limits = self->side->limits;
	uint64_t now = clock_monotonic_ms();
	uint64_t ms =
	    left_of(self->has_pinged ? limits->lost_ms : self->ping_ms, self->heard_ms, now);

	if (peer_letters_are_waiting(&self->letters))
		ms = lesser(ms, left_of(limits->lost_ms, self->answered_ms, now));
	if (!self->has_told_up)
		ms = lesser(ms, left_of(limits->handshake_ms, self->opened_us / 1000, now));
	self->watched_ms = now;
	peer_timer_set(self->silence, ms);
}

/* STATUS_OK: it goes on. */
static enum status
verdict(const struct peer_talk *self, uint64_t now)
{
	const struct peer_limits *limits = self->side->limits;

	if (left_of(limits->lost_ms, self->heard_ms, now) == 0)
		return STATUS_IDLE;
	if (peer_letters_are_waiting(&self->letters) &&
	    left_of(limits->lost_ms, self->answered_ms, now) == 0)
		return STATUS_SLOW_READER;
	if (!self->has_told_up && left_of(limits->handshake_ms, self->opened_us / 1000, now) == 0)
		return STATUS_TIMEOUT;
	return STATUS_OK;
}

/* While we do not read, their silence is ours. */
static void
peer_talk_on_silence(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct peer_talk *self = arg;
	uint64_t now = clock_monotonic_ms();
	enum status status;

	if (self->is_paused)
		self->heard_ms = self->answered_ms = now;
	status = verdict(self, now);
	if (status != STATUS_OK) {
		cut(self, status);
		return;
	}
	if (!self->has_pinged && left_of(self->ping_ms, self->heard_ms, now) == 0) {
		self->has_pinged = true;
		ping(self);
	}
	set_silence(self);
}

static void
hear(struct peer_talk *self)
{
	self->heard_ms = clock_monotonic_ms();
	if (!self->has_pinged && self->heard_ms - self->watched_ms < WATCH_MS)
		return;
	self->has_pinged = false;
	set_silence(self);
}

static void
tell_up(struct peer_talk *self)
{
	if (self->has_told_up)
		return;
	self->has_told_up = true;
	self->handler->on_up(
	    self->arg, (uint32_t)((clock_monotonic_us() - self->opened_us + 500) / 1000));
}

/* ---- in ---- */

static void
take_text(struct peer_talk *self, const void *message)
{
	const struct msg_user_conversation *conversation = message;
	struct msg_user_conversation_ok answer = { .request = conversation->request };
	struct peer_inner inner;
	enum status status = peer_inner_decode(conversation->inner, &inner);

	if (status != STATUS_OK) {
		refuse(self, status);
		return;
	}
	tell_up(self);
	answer.id = inner.id;
	link_send(self->link, MSG_USER_CONVERSATION_OK, &answer);
	if (!peer_recent_add(&self->recent, inner.id) ||
	    self->handler->on_text(self->arg, inner.body))
		return;
	self->is_paused = true;
	link_pause(self->link);
}

static void
take_text_ok(struct peer_talk *self, const void *message)
{
	const struct msg_user_conversation_ok *answer = message;
	struct peer_letter *letter = peer_letters_take(&self->letters, answer->id);

	if (letter == NULL)
		return;
	self->answered_ms = clock_monotonic_ms();
	self->handler->on_delivered(self->arg, letter);
	peer_order_free(&letter->order);
}

static void
take_ping(struct peer_talk *self, const void *message)
{
	const struct msg_ping *question = message;
	struct msg_ping_ok answer = { .request = question->request };

	link_send(self->link, MSG_PING_OK, &answer);
}

static void
take_ping_ok(struct peer_talk *self, const void *message UNUSED)
{
	tell_up(self);
}

static void
take_leave(struct peer_talk *self, const void *message UNUSED)
{
	link_finish(detach(self), STATUS_LEFT);
	end(self, STATUS_LEFT, words_of(STATUS_LEFT));
}

static void
take_error(struct peer_talk *self, const void *message)
{
	const struct msg_error *error = message;
	enum status why = status_is_known(error->status) && error->status != STATUS_OK
	    ? error->status
	    : STATUS_RESET;
	const char *said = error->sentence.len > 0 ? error->sentence.data : status_text(why);
	size_t len = error->sentence.len > 0 ? error->sentence.len : strlen(said);
	char sentence[SENTENCE_MAX];

	snprintf(
	    sentence, sizeof(sentence), "The other side ended the session: %.*s", (int)len, said);
	link_finish(detach(self), why);
	end(self, why, sentence);
}

static const struct intake {
	uint16_t type;
	void (*take)(struct peer_talk *self, const void *message);
} intakes[] = {
	{ MSG_USER_CONVERSATION, take_text },
	{ MSG_USER_CONVERSATION_OK, take_text_ok },
	{ MSG_PING, take_ping },
	{ MSG_PING_OK, take_ping_ok },
	{ MSG_LEAVE, take_leave },
	{ MSG_ERROR, take_error },
};

static const struct intake *
intake_of(uint16_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(intakes); i++)
		if (intakes[i].type == type)
			return &intakes[i];
	return NULL;
}

static void
peer_talk_on_frame(struct link *link UNUSED, const struct frame *frame, void *arg)
{
	struct peer_talk *self = arg;
	const struct intake *intake = intake_of(frame->type);
	const struct schema *schema = protocol_schema(frame->type);
	union codec_room room;
	enum status status;

	hear(self);
	if (!peer_rate_take(&self->hears, self->heard_ms)) {
		refuse(self, STATUS_RATE_LIMITED);
		return;
	}
	if (intake == NULL) {
		if (frame->type < FRAME_TYPE_OPTIONAL)
			refuse(self, schema != NULL ? STATUS_WRONG_STATE : STATUS_UNKNOWN_TYPE);
		return;
	}
	status = codec_decode(schema, frame->payload, &room, NULL);
	if (status != STATUS_OK)
		refuse(self, status);
	else
		intake->take(self, &room);
}

static void
peer_talk_on_down(struct link *link UNUSED, enum status why, void *arg)
{
	struct peer_talk *self = arg;

	detach(self);
	end(self, why, words_of(why));
}

static const struct link_handler handler = {
	.on_frame = peer_talk_on_frame,
	.on_down = peer_talk_on_down,
};

/* ---- life ---- */

bool
peer_talk_is_open(const struct peer_talk *self)
{
	return self->link != NULL;
}

void
peer_talk_open(struct peer_talk *self, struct link *link)
{
	const struct peer_limits *limits = self->side->limits;
	struct link *before = detach(self);
	uint64_t now = clock_monotonic_ms();

	if (before != NULL)
		link_finish(before, STATUS_CLOSED);
	self->link = link;
	link_set_handler(link, &handler, self);
	if (self->is_paused)
		link_pause(link);
	peer_rate_init(&self->hears, limits->frame_burst, limits->frame_rate, now);
	peer_rate_init(&self->says, limits->letter_burst, limits->letter_rate, now);
	self->heard_ms = self->answered_ms = now;
	self->opened_us = clock_monotonic_us();
	self->has_told_up = self->has_pinged = false;
	ping(self);
	peer_letters_rewind(&self->letters);
	send_letters(self);
	set_silence(self);
}

void
peer_talk_resume(struct peer_talk *self)
{
	self->is_paused = false;
	if (self->link != NULL)
		link_resume(self->link);
}

void
peer_talk_leave(struct peer_talk *self)
{
	struct msg_leave message = { .request = ++self->request };
	const struct peer_letter *letter;
	struct link *link;

	if (self->link == NULL)
		return;
	while ((letter = peer_letters_send(&self->letters)) != NULL)
		send_letter(self, letter);
	link = detach(self);
	link_send(link, MSG_LEAVE, &message);
	link_finish(link, STATUS_LEFT);
}

struct peer_talk *
peer_talk_new(const struct peer_side *side, bool leads,
    const struct peer_talk_handler *talk_handler, void *arg)
{
	struct peer_talk *self = mem_new(sizeof(*self));

	self->side = side;
	self->ping_ms = side->limits->ping_ms + (leads ? 0 : side->limits->ping_skew_ms);
	self->handler = talk_handler;
	self->arg = arg;
	self->silence = evtimer_new(side->base, peer_talk_on_silence, self);
	self->pace = evtimer_new(side->base, peer_talk_on_pace, self);
	peer_letters_init(&self->letters);
	return self;
}

void
peer_talk_free(struct peer_talk *self)
{
	struct link *link;

	if (self == NULL)
		return;
	link = detach(self);
	if (link != NULL)
		link_close(link, STATUS_CLOSED);
	peer_letters_clear(&self->letters);
	event_free(self->silence);
	event_free(self->pace);
	free(self);
}
