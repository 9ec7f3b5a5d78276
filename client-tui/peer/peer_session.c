/* SPDX-License-Identifier: ISC */
#include "client-tui/peer/peer_session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "client-tui/peer/peer_dial.h"
#include "client-tui/peer/peer_talk.h"
#include "client-tui/peer/peer_timer.h"
#include "shared/clock.h"
#include "shared/crypto.h"
#include "shared/mem.h"
#include "shared/protocol.h"

enum {
	ATTEMPTS_MAX = 4,
	WAYS_MAX = 24,
	REPLACE_MS = 1500, /* a lost way waits so long for a new one */
};

static const char no_way[] =
    "No way to the other side was found: the network lets neither of the two reach the other.";

/* A meeting under way. */
struct attempt {
	TAILQ_ENTRY(attempt) entry;
	struct peer_dial *dial;
	uint8_t token[PEER_TOKEN_SIZE];
};

/* A connection that may become the session's. */
struct way {
	LIST_ENTRY(way) entry;
	struct peer_session *session;
	struct link *link;
	bool is_up;
};

struct peer_session {
	const struct peer_side *side;
	const struct peer_session_handler *handler;
	void *arg;
	struct peer_talk *talk;
	TAILQ_HEAD(, attempt) attempts; /* the oldest first */
	size_t attempt_count;
	LIST_HEAD(, way) ways;
	size_t way_count;
	struct way *chosen;     /* CHOOSE was sent on it */
	struct event *deadline; /* of the attempts; set while there are any */
	uint64_t deadline_ms;
	uint8_t pin[TLS_PIN_SIZE];
	enum status failure; /* what was found out of why no way stands */
	enum status loss;    /* of the way there was, while another one is looked for */
	char *loss_sentence; /* on the heap */
	uint32_t request;
	bool leads; /* ours is the greater key: server of TLS, and we choose */
};

/* ---- the end ---- */

/* Nothing of the caller's may follow: the session is gone. */
static void
end(struct peer_session *self, enum status why, const char *sentence)
{
	self->handler->on_over(self->arg, why, sentence);
}

static void
forget_attempt(struct peer_session *self, struct attempt *attempt)
{
	TAILQ_REMOVE(&self->attempts, attempt, entry);
	self->attempt_count--;
	peer_dial_free(attempt->dial);
	mem_wipe(attempt->token, sizeof(attempt->token));
	free(attempt);
}

/* Returns the link, of which nothing comes any more. */
static struct link *
forget_way(struct way *way)
{
	struct peer_session *self = way->session;
	struct link *link = way->link;

	if (self->chosen == way)
		self->chosen = NULL;
	LIST_REMOVE(way, entry);
	self->way_count--;
	free(way);
	link_set_handler(link, NULL, NULL);
	return link;
}

/* The attempts are over, whatever came of them. */
static void
settle(struct peer_session *self)
{
	while (!TAILQ_EMPTY(&self->attempts))
		forget_attempt(self, TAILQ_FIRST(&self->attempts));
	while (!LIST_EMPTY(&self->ways))
		link_close(forget_way(LIST_FIRST(&self->ways)), STATUS_CLOSED);
	event_del(self->deadline);
}

static bool
is_meeting(const struct peer_session *self)
{
	return self->attempt_count > 0;
}

/* ---- failing ---- */

/* A key that is not the expected one says more than everything else, a silent network least. */
static int
weight_of(enum status failure)
{
	if (failure == STATUS_WRONG_PIN)
		return 2;
	return failure == STATUS_HANDSHAKE_FAILED ? 1 : 0;
}

static void
fail(struct peer_session *self)
{
	if (self->loss != STATUS_OK)
		end(self, self->loss, self->loss_sentence);
	else if (weight_of(self->failure) > 0)
		end(self, self->failure, status_text(self->failure));
	else
		end(self, STATUS_UNREACHABLE, no_way);
}

static void
peer_session_on_deadline(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct peer_session *self = arg;

	settle(self);
	if (!peer_talk_is_open(self->talk))
		fail(self);
}

/* ---- ways ---- */

static void
choose(struct peer_session *self)
{
	struct msg_choose message = { .request = ++self->request };
	struct way *way;

	if (!self->leads || self->chosen != NULL)
		return;
	LIST_FOREACH(way, &self->ways, entry)
	if (way->is_up)
		break;
	if (way == NULL)
		return;
	self->chosen = way;
	link_send(way->link, MSG_CHOOSE, &message);
}

static void
way_on_up(struct link *link UNUSED, void *arg)
{
	struct way *way = arg;

	way->is_up = true;
	choose(way->session);
}

static void
way_on_down(struct link *link UNUSED, enum status why, void *arg)
{
	struct way *way = arg;
	struct peer_session *self = way->session;

	if (weight_of(why) > weight_of(self->failure))
		self->failure = why;
	forget_way(way);
	choose(self);
}

static void
forget_loss(struct peer_session *self)
{
	self->loss = STATUS_OK;
	free(self->loss_sentence);
	self->loss_sentence = NULL;
}

/* This is the session from now on. */
static void
open_way(struct way *way)
{
	struct peer_session *self = way->session;
	struct link *link = forget_way(way);

	settle(self);
	self->failure = STATUS_OK;
	forget_loss(self);
	peer_talk_open(self->talk, link);
}

static void
take_choose(struct way *way, const void *message)
{
	const struct msg_choose *question = message;
	struct msg_choose_ok answer = { .request = question->request };

	link_send(way->link, MSG_CHOOSE_OK, &answer);
	open_way(way);
}

static void
take_choose_ok(struct way *way, const void *message UNUSED)
{
	open_way(way);
}

/*
 * They want no session, or none any more; what is open says so itself, and of two meetings the
 * later one may still be wanted.
 */
static void
take_leave(struct way *way, const void *message UNUSED)
{
	struct peer_session *self = way->session;

	link_finish(forget_way(way), STATUS_LEFT);
	if (self->attempt_count == 1 && !peer_talk_is_open(self->talk))
		end(self, STATUS_LEFT, status_text(STATUS_LEFT));
	else
		choose(self);
}

static bool
may_choose(const struct way *way)
{
	return !way->session->leads;
}

static bool
was_chosen(const struct way *way)
{
	return way->session->chosen == way;
}

static bool
always(const struct way *way UNUSED)
{
	return true;
}

static const struct intake {
	uint16_t type;
	bool (*is_allowed)(const struct way *way);
	void (*take)(struct way *way, const void *message);
} intakes[] = {
	{ MSG_CHOOSE, may_choose, take_choose },
	{ MSG_CHOOSE_OK, was_chosen, take_choose_ok },
	{ MSG_LEAVE, always, take_leave },
};

static void
refuse_way(struct way *way, enum status why)
{
	struct peer_session *self = way->session;

	link_refuse(forget_way(way), why, 0);
	choose(self);
}

static void
way_on_frame(struct link *link UNUSED, const struct frame *frame, void *arg)
{
	struct way *way = arg;
	union codec_room room;

	for (size_t i = 0; i < ARRAY_LEN(intakes); i++) {
		if (intakes[i].type != frame->type || !intakes[i].is_allowed(way))
			continue;
		if (codec_decode(protocol_schema(frame->type), frame->payload, &room, NULL) !=
		    STATUS_OK)
			refuse_way(way, STATUS_BAD_FRAME);
		else
			intakes[i].take(way, &room);
		return;
	}
	if (frame->type < FRAME_TYPE_OPTIONAL)
		refuse_way(way, STATUS_WRONG_STATE);
}

static const struct link_handler way_handler = {
	.on_up = way_on_up,
	.on_frame = way_on_frame,
	.on_down = way_on_down,
};

void
peer_session_add_way(struct peer_session *self, int fd)
{
	const struct peer_side *side = self->side;
	struct tls_context *tls = self->leads ? side->as_server : side->as_client;
	struct way *way;

	if (self->way_count == WAYS_MAX) {
		close(fd);
		return;
	}
	way = mem_new(sizeof(*way));
	way->session = self;
	way->link =
	    link_adopt(side->loop, fd, tls, self->pin, &side->link_limits, &way_handler, way);
	LIST_INSERT_HEAD(&self->ways, way, entry);
	self->way_count++;
}

/* ---- meetings ---- */

static void
peer_session_on_way(int fd, void *arg)
{
	peer_session_add_way(arg, fd);
}

void
peer_session_meet(struct peer_session *self, const struct peer_meeting *meeting)
{
	struct attempt *attempt;

	if (peer_session_expects(self, meeting->token))
		return;
	if (self->attempt_count == ATTEMPTS_MAX)
		forget_attempt(self, TAILQ_FIRST(&self->attempts));
	attempt = mem_new(sizeof(*attempt));
	memcpy(attempt->token, meeting->token, sizeof(attempt->token));
	attempt->dial = peer_dial_new(self->side->base, self->side->limits, self->side->port,
	    meeting, peer_session_on_way, self);
	TAILQ_INSERT_TAIL(&self->attempts, attempt, entry);
	self->attempt_count++;
	self->deadline_ms = clock_monotonic_ms() + self->side->limits->meet_ms;
	peer_timer_set(self->deadline, self->side->limits->meet_ms);
}

bool
peer_session_expects(const struct peer_session *self, const uint8_t token[PEER_TOKEN_SIZE])
{
	const struct attempt *attempt;
	bool found = false;

	TAILQ_FOREACH(attempt, &self->attempts, entry)
	found |= crypto_equal(attempt->token, token, PEER_TOKEN_SIZE);
	return found;
}

/* ---- the talk ---- */

/*
 * Whoever was killed is missed soon, also when a meeting had just begun that he knows nothing of.
 */
static void
shorten_deadline(struct peer_session *self)
{
	if (clock_monotonic_ms() + REPLACE_MS < self->deadline_ms)
		peer_timer_set(self->deadline, REPLACE_MS);
}

static void
session_on_up(void *arg, uint32_t ms)
{
	struct peer_session *self = arg;

	self->handler->on_up(self->arg, ms);
}

static bool
session_on_text(void *arg, struct bytes text)
{
	struct peer_session *self = arg;

	return self->handler->on_text(self->arg, text);
}

static void
session_on_delivered(void *arg, const struct peer_letter *letter)
{
	struct peer_session *self = arg;

	self->handler->on_delivered(self->arg, letter);
}

/* While another way is looked for, the end of one is not yet the end. */
static void
session_on_end(void *arg, enum status why, const char *sentence)
{
	struct peer_session *self = arg;

	if (!is_meeting(self)) {
		end(self, why, sentence);
		return;
	}
	forget_loss(self);
	self->loss = why;
	self->loss_sentence = mem_string(sentence);
	shorten_deadline(self);
}

static const struct peer_talk_handler talk_handler = {
	.on_up = session_on_up,
	.on_text = session_on_text,
	.on_delivered = session_on_delivered,
	.on_end = session_on_end,
};

void
peer_session_say(struct peer_session *self, struct peer_letter *letter)
{
	peer_talk_say(self->talk, letter);
}

void
peer_session_resume(struct peer_session *self)
{
	peer_talk_resume(self->talk);
}

/* ---- life ---- */

void
peer_session_leave(struct peer_session *self)
{
	struct msg_leave message = { .request = ++self->request };

	peer_talk_leave(self->talk);
	while (!LIST_EMPTY(&self->ways)) {
		struct way *way = LIST_FIRST(&self->ways);
		bool is_up = way->is_up;
		struct link *link = forget_way(way);

		if (is_up)
			link_send(link, MSG_LEAVE, &message);
		link_finish(link, STATUS_LEFT);
	}
	peer_session_free(self);
}

struct peer_session *
peer_session_new(const struct peer_side *side, const uint8_t identity[IDENTITY_KEY_SIZE],
    const struct peer_session_handler *handler, void *arg)
{
	struct peer_session *self = mem_new(sizeof(*self));
	int order = memcmp(side->key, identity, IDENTITY_KEY_SIZE);

	assert(order != 0);
	self->side = side;
	self->handler = handler;
	self->arg = arg;
	self->leads = order > 0;
	TAILQ_INIT(&self->attempts);
	LIST_INIT(&self->ways);
	self->deadline = evtimer_new(side->base, peer_session_on_deadline, self);
	self->talk = peer_talk_new(side, self->leads, &talk_handler, self);
	if (tls_pin_of_key(identity, self->pin) != STATUS_OK)
		crypto_random(self->pin, sizeof(self->pin)); /* a key that is none: nobody has it */
	return self;
}

void
peer_session_free(struct peer_session *self)
{
	if (self == NULL)
		return;
	settle(self);
	event_free(self->deadline);
	peer_talk_free(self->talk);
	forget_loss(self);
	free(self);
}
