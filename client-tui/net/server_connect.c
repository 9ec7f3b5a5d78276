/* SPDX-License-Identifier: ISC */
/*
 * How the link finds its way: one server after the other, hello, and what follows from a loss.
 */

#include "client-tui/net/server_link_parts.h"

#include <event2/event.h>

#include "shared/clock.h"
#include "shared/crypto.h"
#include "shared/str.h"

enum {
	STEADY_MS = 10 * 1000,         /* a connection that held so long was a good one */
	SERVER_PAUSE_MAX = 300 * 1000, /* longer than this no server makes us wait */
	MOVE_MAX = 60 * 1000,
};

static void try_next(struct server_link *self);

bool
server_link_is_at_work(const struct server_link *self)
{
	return self->link != NULL &&
	    (self->state == SERVER_LINK_AT_WORK || self->state == SERVER_LINK_ONLINE);
}

bool
server_link_is_lost_answer(struct server_link *self, const struct answer *answer)
{
	struct reason reason;

	if (!answer->is_local)
		return false;
	if (self->link != NULL) {
		reason_set(&reason, STATUS_TIMEOUT, "The server did not answer in time.");
		server_link_lose(self, &reason);
	}
	return true;
}

void
server_link_close(struct server_link *self)
{
	if (self->link != NULL) {
		link_set_handler(self->link, NULL, NULL);
		link_close(self->link, STATUS_CLOSED);
		self->link = NULL;
	}
	server_link_forget_look_up(self);
	self->is_proving = false;
	wheel_clear(self->wheel, &self->retry);
	wheel_clear(self->wheel, &self->ping);
	wheel_clear(self->wheel, &self->move);
	watch_lose(self);
}

/* --- rounds ------------------------------------------------------------------------------- */

static bool
is_wanted(const struct server_link *self)
{
	return self->stays || self->operation != NULL || account_can_return(&self->account);
}

static void
begin_round(struct server_link *self)
{
	wheel_clear(self->wheel, &self->retry);
	tour_start(&self->tour);
	try_next(self);
}

void
server_link_on_kick(int fd UNUSED, short what UNUSED, void *arg)
{
	struct server_link *self = arg;

	if (self->link != NULL || self->look_up != NULL || !is_wanted(self)) {
		operation_proceed(self);
		return;
	}
	/* What ended the time before has nothing to do with this. */
	if (self->state == SERVER_LINK_IDLE)
		reason_set(&self->reason, STATUS_OK, NULL);
	begin_round(self);
}

void
server_link_wake(struct server_link *self)
{
	event_active(self->kick, EV_TIMEOUT, 0);
}

static void
retry_on_due(struct wheel_timer *timer)
{
	begin_round(CONTAINER_OF(timer, struct server_link, retry));
}

/*
 * A server that says when to come back is believed, within bounds, and not obeyed by all at
 * once.
 */
static void
retry_later(struct server_link *self, const struct reason *reason)
{
	uint64_t random = crypto_random_number();
	uint32_t wait = backoff_next(&self->backoff, random);
	uint32_t asked = reason->retry_ms;

	if (asked > SERVER_PAUSE_MAX)
		asked = SERVER_PAUSE_MAX;
	if (asked > wait)
		wait = asked + (uint32_t)(random % (self->times.retry_first + 1));
	self->retry_at = clock_monotonic_ms() + wait;
	wheel_set(self->wheel, &self->retry, wait, retry_on_due);
	server_link_enter(self, SERVER_LINK_OFFLINE, reason);
}

void
server_link_rest(struct server_link *self, const struct reason *reason)
{
	struct reason why = *reason;

	server_link_close(self);
	self->stays = false;
	server_link_enter(self, SERVER_LINK_IDLE, &why);
	calls_fail(self->calls, why.status, why.sentence);
	operation_fail(self, &why);
}

static void
end_round(struct server_link *self)
{
	struct reason why = self->reason;

	if (tour_is_barred(&self->tour) || !is_wanted(self))
		server_link_rest(self, &why);
	else
		retry_later(self, &why);
}

/* The reason is kept: the last one of a round is what people are told. */
static void
fail_stop(struct server_link *self, const struct reason *reason)
{
	struct reason why = *reason;

	server_link_close(self);
	calls_fail(self->calls, why.status, why.sentence);
	if (why.status == STATUS_WRONG_PIN && self->stop.kind == TOUR_ROUTE)
		tour_bar(&self->tour);
	self->reason = why;
	try_next(self);
}

/* What a loss means besides trying again. True: stay away. */
static bool
is_final_loss(struct server_link *self, enum status status)
{
	switch (status) {
	case STATUS_TAKEN_OVER:
		account_set_token(&self->account, bytes_of("", 0));
		server_link_tell_account(self);
		return true;
	case STATUS_BAD_TOKEN:
		/* It was good for a moment, then the server looked closer. */
		account_set_token(&self->account, bytes_of("", 0));
		server_link_tell_account(self);
		return false;
	case STATUS_ACCOUNT_GONE:
		account_clear(&self->account);
		server_link_tell_account(self);
		return true;
	case STATUS_DRAINING:
	case STATUS_FULL:
	case STATUS_STOPPED:
		tour_avoid_last(&self->tour);
		return false;
	default:
		return false;
	}
}

static void
lose_work(struct server_link *self, const struct reason *reason)
{
	struct reason why = *reason;

	if (clock_monotonic_ms() - self->arrived_at >= STEADY_MS)
		backoff_reset(&self->backoff);
	server_link_close(self);
	if (is_final_loss(self, why.status) || !is_wanted(self)) {
		server_link_rest(self, &why);
		return;
	}
	retry_later(self, &why);
	calls_fail(self->calls, why.status, why.sentence);
}

void
server_link_lose(struct server_link *self, const struct reason *reason)
{
	if (self->state == SERVER_LINK_AT_WORK || self->state == SERVER_LINK_ONLINE)
		lose_work(self, reason);
	else
		fail_stop(self, reason);
}

/* --- at a server -------------------------------------------------------------------------- */

void
server_link_lose_for(struct server_link *self, enum status status, const char *what)
{
	char server[ENDPOINT_TEXT_SIZE];
	struct reason reason;

	endpoint_print(&self->stop.invite.server, server);
	reason_print(&reason, status, "%s: %s", server,
	    what != NULL ? what : status_text(status));
	server_link_lose(self, &reason);
}

static void ping_on_due(struct wheel_timer *timer);

static void
ping_later(struct server_link *self)
{
	self->ping_at = clock_monotonic_ms() + self->times.ping;
	wheel_set(self->wheel, &self->ping, self->times.ping, ping_on_due);
}

static void
on_pong(void *arg, const struct answer *answer)
{
	struct server_link *self = arg;

	if (!server_link_is_lost_answer(self, answer))
		ping_later(self);
}

/* What link_send() refuses is told by on_down. */
static void
ping_on_due(struct wheel_timer *timer)
{
	struct server_link *self = CONTAINER_OF(timer, struct server_link, ping);
	struct msg_ping ping = { 0 };
	enum status status = calls_start(self->calls, self->link, MSG_PING, &ping,
	    self->times.answer, NULL, on_pong, self);

	if (status == STATUS_BUSY)
		ping_later(self);
}

void
server_link_ping_early(struct server_link *self, uint32_t within_ms)
{
	if (!wheel_is_set(&self->ping) || self->ping_at > clock_monotonic_ms() + within_ms)
		return;
	wheel_clear(self->wheel, &self->ping);
	ping_on_due(&self->ping);
}

static void
arrive(struct server_link *self)
{
	tour_arrive(&self->tour, &self->stop);
	self->arrived_at = clock_monotonic_ms();
	self->port_refusals = 0;
	self->stays = false;
	ping_later(self);
	server_link_enter(self, SERVER_LINK_AT_WORK, NULL);
	operation_proceed(self);
}

/*
 * An item of the route server's list. More than it may have: the end of the list will not fit.
 */
static void
on_offer(void *arg, const void *message)
{
	const struct msg_server_addr *item = message;
	struct server_link *self = arg;
	struct tour_stop *offer = &self->offers[self->offer_count];

	if (self->offer_count == TOUR_OFFERS_MAX ||
	    !endpoint_parse_host(item->host, item->port, &offer->invite.server))
		return;
	offer->kind = TOUR_WORK;
	offer->invite.has_pin = self->tls != NULL;
	memcpy(offer->invite.pin, item->pin.data, sizeof(offer->invite.pin));
	self->offer_count++;
}

static void
on_offers(void *arg, const struct answer *answer)
{
	const struct msg_obtain_server_addr_ok *ok = answer->message;
	struct server_link *self = arg;

	if (server_link_is_lost_answer(self, answer))
		return;
	if (answer->status != STATUS_OK) {
		server_link_lose_for(self, answer->status, answer->sentence);
	} else if (ok->count == 0) {
		server_link_lose_for(self, STATUS_NO_SERVER, NULL);
	} else if (ok->count != self->offer_count) {
		server_link_lose_for(self, STATUS_BAD_FRAME, "The list of work servers is broken.");
	} else {
		tour_offer(&self->tour, self->offers, self->offer_count);
		server_link_close(self);
		try_next(self);
	}
}

static void
ask_for_work_server(struct server_link *self)
{
	struct msg_obtain_server_addr ask = { 0 };
	enum status status;

	self->offer_count = 0;
	server_link_enter(self, SERVER_LINK_AT_ROUTE, NULL);
	if (self->link == NULL)
		return;
	status = calls_start(self->calls, self->link, MSG_OBTAIN_SERVER_ADDR, &ask,
	    self->times.answer, on_offer, on_offers, self);
	(void)status;
}

static void
on_hello(void *arg, const struct answer *answer)
{
	const struct msg_hello_ok *ok = answer->message;
	struct server_link *self = arg;

	if (server_link_is_lost_answer(self, answer))
		return;
	if (answer->status != STATUS_OK) {
		server_link_lose_for(self, answer->status, answer->sentence);
		return;
	}
	if (ok->version != PROTOCOL_VERSION) {
		server_link_lose_for(self, STATUS_BAD_VERSION, NULL);
		return;
	}
	if (self->tls == NULL)
		memcpy(self->channel.binding, ok->nonce.data, sizeof(self->channel.binding));
	if (!endpoint_parse_host(ok->host, ok->port, &self->seen_as))
		memset(&self->seen_as, 0, sizeof(self->seen_as));
	if (self->stop.kind == TOUR_ROUTE)
		ask_for_work_server(self);
	else
		arrive(self);
}

/* The other side's key, which a person may have to agree to first. */
static bool
is_trusted(struct server_link *self)
{
	const struct invite *invite = &self->stop.invite;

	if (self->tls == NULL || invite->has_pin)
		return true;
	if (self->handler->on_unknown_pin == NULL ||
	    !self->handler->on_unknown_pin(self->arg, &invite->server, self->channel.pin))
		return false;
	tour_trust(&self->tour, self->channel.pin);
	return true;
}

static bool
read_channel(struct server_link *self)
{
	memset(&self->channel, 0, sizeof(self->channel));
	if (self->tls == NULL)
		return true;
	return link_peer_pin(self->link, self->channel.pin) == STATUS_OK &&
	    link_binding(self->link, self->channel.binding) == STATUS_OK;
}

static void
server_link_on_up(struct link *link, void *arg)
{
	struct server_link *self = arg;
	struct msg_hello hello = { .version = PROTOCOL_VERSION,
		.program = bytes_of_string(self->program) };
	enum status status;

	if (!read_channel(self)) {
		server_link_lose_for(self, STATUS_HANDSHAKE_FAILED, NULL);
		return;
	}
	if (!is_trusted(self)) {
		server_link_lose_for(self, STATUS_WRONG_PIN,
		    "Nobody has said yet that this server's key can be trusted.");
		return;
	}
	status = calls_start(self->calls, link, MSG_HELLO, &hello, self->times.answer, NULL,
	    on_hello, self);
	(void)status;
}

/* Not for ever: whatever is wrong with ports here, the server matters more. */
static void
change_port(struct server_link *self)
{
	bool is_asked = self->handler->on_port_refused != NULL && self->port_refusals < PORT_REFUSALS_MAX;

	self->port_refusals++;
	self->local_port = is_asked ? self->handler->on_port_refused(self->arg) : 0;
}

static void
server_link_on_down(struct link *link UNUSED, enum status why, void *arg)
{
	struct server_link *self = arg;

	self->link = NULL;
	if (why == STATUS_PORT_TAKEN && self->local_port != 0) {
		change_port(self);
		calls_fail(self->calls, why, status_text(why));
		self->address_next--;
		server_link_dial_next(self);
		return;
	}
	if (self->state == SERVER_LINK_CONNECTING && why != STATUS_WRONG_PIN &&
	    self->address_next < self->address_count) {
		calls_fail(self->calls, why, status_text(why));
		server_link_dial_next(self);
		return;
	}
	server_link_lose_for(self, why, NULL);
}

/* The connection itself is over, and the server says why. */
static void
take_farewell(struct server_link *self, const struct msg_error *error)
{
	struct answer answer = { .status = error->status, .retry_ms = error->retry_ms };
	char sentence[SENTENCE_MAX] = "";
	struct reason reason;

	if (answer.status == STATUS_OK)
		answer.status = STATUS_CLOSED;
	str_copy(error->sentence, sentence, sizeof(sentence));
	answer.sentence = sentence[0] != '\0' ? sentence : status_text(answer.status);
	reason_of_answer(&reason, &answer);
	server_link_lose(self, &reason);
}

static void
move_on_due(struct wheel_timer *timer)
{
	server_link_lose_for(CONTAINER_OF(timer, struct server_link, move), STATUS_DRAINING, NULL);
}

/* What servers say without being asked. */
static void
take_unasked(struct server_link *self, const struct frame *frame)
{
	const struct schema *schema = protocol_schema(frame->type);
	union {
		union codec_room room;
		struct msg_error error;
		struct msg_ping ping;
		struct msg_move move;
		struct msg_introduce introduce;
		struct msg_presence presence;
	} message;

	if (schema == NULL && frame->type >= FRAME_TYPE_OPTIONAL)
		return;
	if (schema == NULL) {
		server_link_lose_for(self, STATUS_UNKNOWN_TYPE, NULL);
	} else if (codec_decode(schema, frame->payload, &message, NULL) != STATUS_OK) {
		server_link_lose_for(self, STATUS_BAD_FRAME, NULL);
	} else if (frame->type == MSG_ERROR) {
		take_farewell(self, &message.error);
	} else if (frame->type == MSG_PING) {
		struct msg_ping_ok pong = { .request = message.ping.request };

		link_send(self->link, MSG_PING_OK, &pong);
	} else if (frame->type == MSG_MOVE && server_link_is_at_work(self)) {
		wheel_set(self->wheel, &self->move,
		    message.move.delay_ms < MOVE_MAX ? message.move.delay_ms : MOVE_MAX,
		    move_on_due);
	} else if (frame->type == MSG_INTRODUCE && self->state == SERVER_LINK_ONLINE) {
		if (self->handler->on_introduce != NULL)
			self->handler->on_introduce(self->arg, &message.introduce);
		else
			server_link_decline(self, message.introduce.request);
	} else if (frame->type == MSG_PRESENCE && self->state == SERVER_LINK_ONLINE) {
		watch_take(self, &message.presence);
	} else {
		server_link_lose_for(self, STATUS_WRONG_STATE, NULL);
	}
}

static void
server_link_on_frame(struct link *link UNUSED, const struct frame *frame, void *arg)
{
	struct server_link *self = arg;

	switch (calls_take(self->calls, frame)) {
	case CALLS_TAKEN:
		break;
	case CALLS_UNASKED:
		take_unasked(self, frame);
		break;
	case CALLS_BROKEN:
		server_link_lose_for(self, STATUS_BAD_FRAME, "The server sent an answer that is none.");
		break;
	}
}

const struct link_handler server_link_events = {
	.on_up = server_link_on_up,
	.on_frame = server_link_on_frame,
	.on_down = server_link_on_down,
};

/* --- to a server -------------------------------------------------------------------------- */

static void
try_next(struct server_link *self)
{
	if (!tour_next(&self->tour, &self->stop)) {
		end_round(self);
		return;
	}
	server_link_enter(self, SERVER_LINK_CONNECTING, &self->reason);
	if (self->state != SERVER_LINK_CONNECTING)
		return;
	server_link_dial(self);
}
