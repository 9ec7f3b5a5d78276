/* SPDX-License-Identifier: ISC */
/* Life and state of the link to the servers; how it connects is in server_connect.c. */

#include "client-tui/net/server_link.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>

#include "client-tui/net/server_link_parts.h"
#include "shared/clock.h"
#include "shared/crypto.h"
#include "shared/mem.h"

static const struct server_link_times usual_times = {
	.connect = 10 * 1000,
	.answer = 10 * 1000,
	.ping = 60 * 1000,
	.operation = 30 * 1000,
	.retry_first = 500,
	.retry_step = 1000,
	.retry_most = 30 * 1000,
	.patience = 3 * 1000,
};

enum {
	/* What waits to be sent is a few requests; a bundle is the largest. */
	OUTPUT_LOW = 64 * 1024,
	OUTPUT_HIGH = 512 * 1024,
	DRAIN_MS = 2000,
};

void
reason_set(struct reason *reason, enum status status, const char *sentence)
{
	reason_print(reason, status, "%s", sentence != NULL ? sentence : status_text(status));
}

void
reason_print(struct reason *reason, enum status status, const char *format, ...)
{
	char sentence[SENTENCE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	memcpy(reason->sentence, sentence, sizeof(sentence));
	reason->status = status;
	reason->retry_ms = 0;
}

void
reason_of_answer(struct reason *reason, const struct answer *answer)
{
	reason_set(reason, answer->status, answer->sentence);
	reason->retry_ms = answer->retry_ms;
}

struct answer
reason_to_answer(const struct reason *reason)
{
	return (struct answer){
		.status = reason->status,
		.sentence = reason->sentence,
		.retry_ms = reason->retry_ms,
		.is_local = true,
	};
}

static uint32_t
or_usual(uint32_t given, uint32_t usual)
{
	return given != 0 ? given : usual;
}

static struct server_link_times
choose_times(const struct server_link_times *given)
{
	return (struct server_link_times){
		.connect = or_usual(given->connect, usual_times.connect),
		.answer = or_usual(given->answer, usual_times.answer),
		.ping = or_usual(given->ping, usual_times.ping),
		.operation = or_usual(given->operation, usual_times.operation),
		.retry_first = or_usual(given->retry_first, usual_times.retry_first),
		.retry_step = or_usual(given->retry_step, usual_times.retry_step),
		.retry_most = or_usual(given->retry_most, usual_times.retry_most),
		.patience = or_usual(given->patience, usual_times.patience),
	};
}

enum status
server_link_new(const struct server_link_config *config,
    const struct server_link_handler *handler, void *arg, struct server_link **out)
{
	const struct bytes none = { .data = "", .len = 0 };
	struct server_link *self = mem_new(sizeof(*self));
	enum status status = STATUS_OK;

	assert(config->route_count > 0);
	if (!config->is_plain)
		status = tls_context_new_client(none, none, &self->tls);
	if (status != STATUS_OK) {
		free(self);
		return status;
	}
	self->handler = handler;
	self->arg = arg;
	self->loop = config->loop;
	self->wheel = link_loop_wheel(config->loop);
	self->helper = config->helper;
	snprintf(self->program, sizeof(self->program), "%s", config->program);
	self->local_port = config->local_port;
	self->times = choose_times(&config->times);
	self->limits = (struct link_limits){ .handshake_ms = self->times.connect,
		.drain_ms = DRAIN_MS,
		.output_low = OUTPUT_LOW,
		.output_high = OUTPUT_HIGH };
	self->backoff = (struct backoff){ .first_ms = self->times.retry_first,
		.step_ms = self->times.retry_step,
		.most_ms = self->times.retry_most };
	tour_init(&self->tour, config->routes, config->route_count, crypto_random_number());
	self->calls = calls_new(self->wheel);
	LIST_INIT(&self->questions);
	self->kick = event_new(config->base, -1, 0, server_link_on_kick, self);
	reason_set(&self->reason, STATUS_OK, NULL);
	*out = self;
	return STATUS_OK;
}

void
server_link_free(struct server_link *self)
{
	if (self == NULL)
		return;
	operation_forget(self);
	server_link_close(self);
	calls_free(self->calls);
	questions_forget(self);
	watch_clear(self);
	event_free(self->kick);
	tour_clear(&self->tour);
	account_clear(&self->account);
	tls_context_unref(self->tls);
	free(self);
}

void
server_link_connect(struct server_link *self)
{
	tour_unbar(&self->tour);
	self->stays = true;
	server_link_wake(self);
}

void
server_link_disconnect(struct server_link *self)
{
	struct reason reason;

	reason_set(&reason, STATUS_STOPPED, "Disconnected.");
	server_link_rest(self, &reason);
}

void
server_link_enter(struct server_link *self, enum server_link_state state,
    const struct reason *reason)
{
	struct reason good;
	struct answer why;

	reason_set(&good, STATUS_OK, NULL);
	if (reason == NULL)
		reason = &good;
	if (self->state == state && state != SERVER_LINK_OFFLINE)
		return;
	self->state = state;
	if (reason != &self->reason)
		self->reason = *reason;
	why = reason_to_answer(&self->reason);
	if (self->handler->on_state != NULL)
		self->handler->on_state(self->arg, state, &why);
	if (self->state == SERVER_LINK_ONLINE)
		watch_arrive(self);
}

void
server_link_warn(struct server_link *self, const char *format, ...)
{
	char sentence[SENTENCE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	if (self->handler->on_warning != NULL)
		self->handler->on_warning(self->arg, sentence);
}

void
server_link_tell_account(struct server_link *self)
{
	if (self->handler->on_account != NULL)
		self->handler->on_account(self->arg, &self->account);
}

enum server_link_state
server_link_state(const struct server_link *self)
{
	return self->state;
}

const char *
server_link_state_word(enum server_link_state state)
{
	static const char *const words[] = {
		[SERVER_LINK_IDLE] = "not connected",
		[SERVER_LINK_CONNECTING] = "connecting",
		[SERVER_LINK_AT_ROUTE] = "at route server",
		[SERVER_LINK_AT_WORK] = "at work server",
		[SERVER_LINK_ONLINE] = "online",
		[SERVER_LINK_OFFLINE] = "offline",
	};

	return words[state];
}

void
server_link_describe(const struct server_link *self, char *line, size_t room)
{
	const char *word = server_link_state_word(self->state);
	uint64_t now = clock_monotonic_ms();
	char server[ENDPOINT_TEXT_SIZE];

	endpoint_print(&self->stop.invite.server, server);
	switch (self->state) {
	case SERVER_LINK_IDLE:
		if (self->reason.status == STATUS_OK)
			snprintf(line, room, "%s", word);
		else
			snprintf(line, room, "%s: %s", word, self->reason.sentence);
		break;
	case SERVER_LINK_OFFLINE:
		snprintf(line, room, "%s: %s Next try in %llu s.", word, self->reason.sentence,
		    (unsigned long long)(self->retry_at > now ? self->retry_at - now + 999 : 0) /
			1000);
		break;
	default:
		snprintf(line, room, "%s (%s)", word, server);
	}
}

uint64_t
server_link_retry_ms(const struct server_link *self)
{
	uint64_t now = clock_monotonic_ms();

	return self->state == SERVER_LINK_OFFLINE && self->retry_at > now ? self->retry_at - now : 0;
}

const struct account *
server_link_account(const struct server_link *self)
{
	return &self->account;
}

bool
server_link_seen_as(const struct server_link *self, struct endpoint *out)
{
	if (!server_link_is_at_work(self))
		return false;
	*out = self->seen_as;
	return true;
}

bool
server_link_is_over_loopback(const struct server_link *self)
{
	struct sockaddr_storage server;

	return self->link != NULL && link_peer_address(self->link, &server) == STATUS_OK &&
	    endpoint_is_loopback((const struct sockaddr *)&server);
}
