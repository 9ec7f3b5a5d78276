/* SPDX-License-Identifier: ISC */
#include "server/work/reach.h"

#include <stdlib.h>

#include "server/bus/bus.h"
#include "server/store/store_client.h"
#include "server/work/answer.h"
#include "server/work/dispatch.h"
#include "server/work/session.h"
#include "server/work/session_table.h"
#include "server/work/whisper.h"
#include "server/work/worker.h"
#include "shared/compiler.h"
#include "shared/log.h"
#include "shared/mem.h"

/* The child that was asked may die or be stopped; the asker gets an answer all the same. */
enum { ANSWER_MS = 5000 };

/* Somebody waits for a HERE. */
struct asked {
	struct asked *next;
	struct reach *reach;
	struct wheel_timer timer;
	uint32_t ticket;
	uint32_t session;
	uint32_t request;
};

struct reach {
	struct worker *worker;
	struct asked *first;
	uint32_t last_ticket;
};

struct reach *
reach_new(struct worker *worker)
{
	struct reach *reach = mem_new(sizeof(*reach));

	reach->worker = worker;
	return reach;
}

static struct asked **
find_asked(struct reach *reach, uint32_t ticket)
{
	struct asked **at = &reach->first;

	while (*at != NULL && (*at)->ticket != ticket)
		at = &(*at)->next;
	return at;
}

/* Takes it out of the list and frees it; gives the session that asked, or NULL when it is gone. */
static struct session *
finish_asked(struct asked **at, uint32_t *request)
{
	struct asked *asked = *at;
	struct worker *worker = asked->reach->worker;
	struct session *session = session_table_find(worker->sessions, asked->session);

	*at = asked->next;
	*request = asked->request;
	wheel_clear(worker->wheel, &asked->timer);
	free(asked);
	if (session != NULL)
		session_answered(session);
	return session != NULL && session->state == IN_ONLINE ? session : NULL;
}

void
reach_free(struct reach *reach)
{
	uint32_t request;

	if (reach == NULL)
		return;
	while (reach->first != NULL)
		finish_asked(&reach->first, &request);
	free(reach);
}

static enum status
whisper(struct worker *worker, uint64_t uid, uint16_t type, const void *message)
{
	const struct schema *schema = whisper_schema(type);
	uint8_t frame[512];

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
	(void)whisper(worker, uid, WHISPER_END, &message);
}

static void
send_address(
    struct session *session, uint32_t request, uint64_t uid, struct bytes host, uint16_t port)
{
	struct msg_obtain_client_addr_ok answer = {
		.request = request,
		.uid = uid,
		.host = host,
		.port = port,
	};

	session_send(session, MSG_OBTAIN_CLIENT_ADDR_OK, &answer);
}

/* --- whispers that come in ----------------------------------------------------------- */

static void
on_where(struct worker *worker, uint64_t uid, struct session *session, const void *data)
{
	const struct whisper_where *where = data;
	struct whisper_here here = {
		.uid = uid, .ticket = where->ticket, .host = bytes_of_string("-")
	};
	struct endpoint address;

	if (session != NULL && session_address(session, &address)) {
		here.host = bytes_of_string(address.host);
		here.port = address.port;
	}
	/* An asker who has gone meanwhile needs no answer. */
	(void)whisper(worker, where->asker, WHISPER_HERE, &here);
}

static void
on_end(struct worker *worker UNUSED, uint64_t uid UNUSED, struct session *session, const void *data)
{
	const struct whisper_end *end = data;

	if (session != NULL)
		session_refuse(session, (enum status)end->status, 0);
}

static void
on_here(
    struct worker *worker, uint64_t uid UNUSED, struct session *session UNUSED, const void *data)
{
	const struct whisper_here *here = data;
	struct asked **at = find_asked(worker->reach, here->ticket);
	struct session *asker;
	uint32_t request;

	if (*at == NULL)
		return;
	asker = finish_asked(at, &request);
	if (asker == NULL)
		return;
	if (here->port != 0)
		send_address(asker, request, here->uid, here->host, here->port);
	else
		session_error(asker, request, STATUS_NOT_ONLINE, 0, NULL);
}

static const struct {
	uint16_t type;
	void (*take)(
	    struct worker *worker, uint64_t uid, struct session *session, const void *data);
} whispers[] = {
	{ WHISPER_WHERE, on_where },
	{ WHISPER_END, on_end },
	{ WHISPER_HERE, on_here },
};

void
reach_on_frame(struct worker *worker, uint64_t uid, uint32_t id, struct bytes bytes)
{
	struct session *session = session_table_find(worker->sessions, id);
	const struct schema *schema;
	union codec_room message;
	struct frame frame;
	size_t used;

	if (session != NULL && (session->uid != uid || session->state == IN_LEAVING))
		session = NULL;
	if (frame_parse(bytes, &frame, &used) != FRAME_WHOLE)
		return;
	schema = whisper_schema(frame.type);
	if (schema == NULL || codec_decode(schema, frame.payload, &message, NULL) != STATUS_OK) {
		log_warn("a sibling sent a whisper of type %u that this build does not know",
		    frame.type);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(whispers); i++)
		if (whispers[i].type == frame.type)
			whispers[i].take(worker, uid, session, &message);
}

/* --- a client asks ------------------------------------------------------------------- */

static void
on_silence(struct wheel_timer *timer)
{
	struct asked *asked = CONTAINER_OF(timer, struct asked, timer);
	struct asked **at = find_asked(asked->reach, asked->ticket);
	struct session *asker;
	uint32_t request;

	asker = finish_asked(at, &request);
	if (asker != NULL)
		session_error(asker, request, STATUS_TIMEOUT, 1000, NULL);
}

/*
 * Has to be in the list before the question leaves: a user of this very child answers within
 * bus_send().
 */
static struct asked *
remember(struct session *session, uint32_t request)
{
	struct reach *reach = session->worker->reach;
	struct asked *asked = mem_new(sizeof(*asked));

	asked->reach = reach;
	asked->ticket = ++reach->last_ticket;
	asked->session = session->id;
	asked->request = request;
	asked->next = reach->first;
	reach->first = asked;
	wheel_set(session->worker->wheel, &asked->timer, ANSWER_MS, on_silence);
	return asked;
}

static void
on_elsewhere(void *arg, const struct store_answer *answer)
{
	const struct verb_session_find_ok *found = answer->message;

	if (answer_is_good(arg, answer))
		send_address(arg, answer->tag, found->uid, found->host, found->port);
}

static void
ask_other_servers(struct session *session, uint32_t request, uint64_t uid)
{
	struct verb_session_find ask = { .uid = uid };

	answer_ask(session, request, VERB_SESSION_FIND, &ask, on_elsewhere);
}

void
handle_obtain_client_addr(struct session *session, const struct msg_obtain_client_addr *message)
{
	struct whisper_where where = { .asker = session->uid };
	struct worker *worker = session->worker;
	uint32_t ticket, request;
	enum status status;

	if (!bus_find(worker->bus, message->uid, NULL)) {
		ask_other_servers(session, message->request, message->uid);
		return;
	}
	status = session_expect(session);
	if (status != STATUS_OK) {
		session_error(session, message->request, status, 0, NULL);
		return;
	}
	ticket = where.ticket = remember(session, message->request)->ticket;
	status = whisper(worker, message->uid, WHISPER_WHERE, &where);
	if (status == STATUS_OK)
		return;
	finish_asked(find_asked(worker->reach, ticket), &request);
	session_error(session, message->request, status, 0, NULL);
}
