/* SPDX-License-Identifier: ISC */
#include "server/work/introduce.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "server/store/store_client.h"
#include "server/work/dispatch.h"
#include "server/work/reach.h"
#include "server/work/session.h"
#include "server/work/session_table.h"
#include "server/work/whisper.h"
#include "server/work/worker.h"
#include "shared/clock.h"
#include "shared/compiler.h"
#include "shared/crypto.h"
#include "shared/mem.h"

enum {
	/* The other child may die, its client may not answer: the caller gets an answer all the same. */
	ANSWER_MS = 5000,
	/*
	 * At another work server: a second to get there and one to come back. Clients believe in
	 * no answer that takes longer than ten.
	 */
	ELSEWHERE_MS = 8500,
	CALLS_PER_CALLEE_MAX = 8,
	BUCKETS = 256,
	IDENTITY_SIZE = 32,
	TOKEN_SIZE = 16,
};

/* A client of ours waits for an answer. */
struct asked {
	LIST_ENTRY(asked) next;
	struct worker *worker;
	struct wheel_timer timer;
	uint64_t caller;
	uint64_t callee;
	uint32_t ticket;
	uint32_t session;
	uint32_t request;
	uint64_t since;
	uint8_t identity[IDENTITY_SIZE];	/* of the callee */
	uint8_t token[TOKEN_SIZE];
	size_t candidates_len;
	uint8_t candidates[];
};

/* A client of ours was asked whether it wants to talk. */
struct call {
	LIST_ENTRY(call) next;
	struct worker *worker;
	struct wheel_timer timer;
	uint64_t caller;
	uint32_t ticket;	/* of the caller's child */
	uint32_t session;
	uint32_t number;
};

LIST_HEAD(asked_list, asked);
LIST_HEAD(call_list, call);

/* What waits can be as much as there are sessions, so it is found by hash. */
struct introduce {
	struct asked_list asked[BUCKETS];	/* by ticket */
	struct call_list calls[BUCKETS];	/* by session */
	uint32_t last_ticket, last_number;
};

struct introduce *
introduce_new(void)
{
	struct introduce *introduce = mem_new(sizeof(*introduce));

	/* A late answer for a child that has died is not for its successor. */
	introduce->last_ticket = (uint32_t)crypto_random_number();
	return introduce;
}

/* --- who waits ------------------------------------------------------------------------------- */

static void
asked_free(struct asked *asked)
{
	LIST_REMOVE(asked, next);
	wheel_clear(asked->worker->wheel, &asked->timer);
	store_client_cancel(asked->worker->store, asked);
	free(asked);
}

static struct asked *
asked_find(struct worker *worker, uint64_t caller, uint64_t callee, uint32_t ticket)
{
	struct asked *asked;

	LIST_FOREACH(asked, &worker->introduce->asked[ticket % BUCKETS], next)
		if (asked->ticket == ticket && asked->caller == caller && asked->callee == callee)
			break;
	return asked;
}

/* Counts it as answered; NULL: the client has gone, or is about to. */
static struct session *
asked_session(const struct asked *asked)
{
	struct session *session = session_table_find(asked->worker->sessions, asked->session);

	if (session == NULL)
		return NULL;
	session_answered(session);
	return session->state != IN_LEAVING ? session : NULL;
}

static void
asked_fail(struct asked *asked, enum status status, uint32_t retry_ms)
{
	struct session *session = asked_session(asked);

	if (session != NULL)
		session_error(session, asked->request, status, retry_ms, NULL);
	asked_free(asked);
}

static void
asked_on_silence(struct wheel_timer *timer)
{
	asked_fail(CONTAINER_OF(timer, struct asked, timer), STATUS_TIMEOUT, 0);
}

static struct asked *
asked_new(const struct session *session, const struct msg_obtain_client_addr *message)
{
	struct introduce *introduce = session->worker->introduce;
	struct asked *asked = mem_new(sizeof(*asked) + message->candidates.len);

	asked->worker = session->worker;
	asked->caller = session->uid;
	asked->callee = message->uid;
	asked->ticket = ++introduce->last_ticket;
	asked->session = session->id;
	asked->request = message->request;
	asked->since = clock_monotonic_ms();
	asked->candidates_len = message->candidates.len;
	if (asked->candidates_len > 0)
		memcpy(asked->candidates, message->candidates.data, asked->candidates_len);
	crypto_random(asked->token, sizeof(asked->token));
	LIST_INSERT_HEAD(&introduce->asked[asked->ticket % BUCKETS], asked, next);
	wheel_set(session->worker->wheel, &asked->timer, ANSWER_MS, asked_on_silence);
	return asked;
}

/* --- the child of the callee ----------------------------------------------------------------- */

static struct call_list *
calls_of(const struct session *session)
{
	return &session->worker->introduce->calls[session->id % BUCKETS];
}

static void
call_free(struct call *call)
{
	LIST_REMOVE(call, next);
	wheel_clear(call->worker->wheel, &call->timer);
	free(call);
}

/* The caller's child knows by itself. */
static void
call_on_silence(struct wheel_timer *timer)
{
	call_free(CONTAINER_OF(timer, struct call, timer));
}

static uint32_t
call_new(const struct session *session, const struct whisper_call *from)
{
	struct introduce *introduce = session->worker->introduce;
	struct call *call = mem_new(sizeof(*call));

	if (++introduce->last_number == 0)
		introduce->last_number = 1; /* 0 is the connection itself */
	call->worker = session->worker;
	call->caller = from->caller;
	call->ticket = from->ticket;
	call->session = session->id;
	call->number = introduce->last_number;
	LIST_INSERT_HEAD(calls_of(session), call, next);
	wheel_set(session->worker->wheel, &call->timer, ANSWER_MS, call_on_silence);
	return call->number;
}

static size_t
call_count(const struct session *session)
{
	const struct call *call;
	size_t count = 0;

	LIST_FOREACH(call, calls_of(session), next)
		count += call->session == session->id;
	return count;
}

/* A caller that has gone meanwhile needs nothing. */
static void
tell_caller(struct worker *worker, uint64_t caller, const struct whisper_called *called)
{
	(void)reach_whisper(worker, caller, WHISPER_CALLED, called, NULL, NULL);
}

static void
refuse_caller(struct worker *worker, uint64_t caller, uint32_t ticket, uint64_t callee,
    enum status why)
{
	const struct whisper_called called = {
		.uid = callee,
		.ticket = ticket,
		.status = (uint16_t)why,
		.host = bytes_of_string("-"),
	};

	tell_caller(worker, caller, &called);
}

void
introduce_on_call(struct worker *worker, uint64_t uid, struct session *session, const void *data)
{
	const struct whisper_call *call = data;
	struct msg_introduce introduce = {
		.uid = call->caller,
		.port = call->port,
		.host = call->host,
		.name = call->name,
		.identity = call->identity,
		.token = call->token,
		.candidates = call->candidates,
	};

	if (session == NULL) {
		refuse_caller(worker, call->caller, call->ticket, uid, STATUS_NOT_ONLINE);
	} else if (call_count(session) >= CALLS_PER_CALLEE_MAX) {
		refuse_caller(worker, call->caller, call->ticket, uid, STATUS_BUSY);
	} else {
		introduce.request = call_new(session, call);
		session_send(session, MSG_INTRODUCE, &introduce);
	}
}

static struct call *
call_find(const struct session *session, uint32_t number)
{
	struct call *call;

	LIST_FOREACH(call, calls_of(session), next)
		if (call->session == session->id && call->number == number)
			break;
	return call;
}

void
handle_introduce_ok(struct session *session, const struct msg_introduce_ok *message)
{
	struct call *call = call_find(session, message->request);
	struct whisper_called called = {
		.uid = session->uid,
		.status = STATUS_OK,
		.candidates = message->candidates,
	};
	struct endpoint address;
	uint64_t caller;

	if (call == NULL || !session_address(session, &address))
		return;
	caller = call->caller;
	called.ticket = call->ticket;
	called.host = bytes_of_string(address.host);
	called.port = address.port;
	call_free(call);
	tell_caller(session->worker, caller, &called);
}

static void
call_refuse(struct call *call, uint64_t callee, enum status why)
{
	struct worker *worker = call->worker;
	uint64_t caller = call->caller;
	uint32_t ticket = call->ticket;

	call_free(call);
	refuse_caller(worker, caller, ticket, callee, why);
}

void
introduce_refused(struct session *session, uint32_t number)
{
	struct call *call = call_find(session, number);

	if (call != NULL)
		call_refuse(call, session->uid, STATUS_DECLINED);
}

static struct call *
call_first(const struct session *session)
{
	struct call *call;

	LIST_FOREACH(call, calls_of(session), next)
		if (call->session == session->id)
			break;
	return call;
}

/* What it asked for itself ends by its time. */
void
introduce_leave(const struct session *session)
{
	struct call *call;

	if (session->worker->introduce == NULL)
		return;
	while ((call = call_first(session)) != NULL)
		call_refuse(call, session->uid, STATUS_NOT_ONLINE);
}

/* --- the child of the caller ----------------------------------------------------------------- */

void
introduce_on_called(struct worker *worker, uint64_t uid, struct session *caller UNUSED,
    const void *data)
{
	const struct whisper_called *called = data;
	struct asked *asked = asked_find(worker, uid, called->uid, called->ticket);
	struct msg_obtain_client_addr_ok answer;
	struct session *session;

	if (asked == NULL)
		return;
	if (called->status != STATUS_OK) {
		asked_fail(asked, (enum status)called->status, 0);
		return;
	}
	answer = (struct msg_obtain_client_addr_ok){
		.request = asked->request,
		.uid = asked->callee,
		.port = called->port,
		.host = called->host,
		.identity = bytes_of(asked->identity, sizeof(asked->identity)),
		.token = bytes_of(asked->token, sizeof(asked->token)),
		.candidates = called->candidates,
	};
	session = asked_session(asked);
	if (session != NULL)
		session_send(session, MSG_OBTAIN_CLIENT_ADDR_OK, &answer);
	asked_free(asked);
}

static void
asked_on_posted(void *arg, const struct store_answer *answer)
{
	struct asked *asked = arg;

	if (answer->status != STATUS_OK)
		asked_fail(asked, answer->status, answer->retry_ms);
	else
		wheel_set(asked->worker->wheel, &asked->timer,
		    asked->since + ELSEWHERE_MS - clock_monotonic_ms(), asked_on_silence);
}

static void
call_callee(struct asked *asked, const struct endpoint *address,
    const struct verb_account_get_ok *account)
{
	struct worker *worker = asked->worker;
	uint64_t caller = asked->caller, callee = asked->callee;
	const struct whisper_call call = {
		.caller = caller,
		.ticket = asked->ticket,
		.port = address->port,
		.host = bytes_of_string(address->host),
		.name = account->name,
		.identity = account->identity,
		.token = bytes_of(asked->token, sizeof(asked->token)),
		.candidates = bytes_of(asked->candidates, asked->candidates_len),
	};
	enum status status =
	    reach_whisper(worker, callee, WHISPER_CALL, &call, asked_on_posted, asked);

	if (status == STATUS_OK)
		return;
	/* A callee of this very child may have answered inside. */
	asked = asked_find(worker, caller, callee, call.ticket);
	if (asked != NULL)
		asked_fail(asked, status, 0);
}

static void
asked_on_caller(void *arg, const struct store_answer *answer)
{
	struct asked *asked = arg;
	struct session *session = session_table_find(asked->worker->sessions, asked->session);
	struct endpoint address;

	if (answer->status != STATUS_OK)
		asked_fail(asked, answer->status, answer->retry_ms);
	else if (session == NULL || !session_address(session, &address))
		asked_fail(asked, STATUS_CLOSED, 0);
	else
		call_callee(asked, &address, answer->message);
}

static void
asked_on_callee(void *arg, const struct store_answer *answer)
{
	const struct verb_account_get_ok *account = answer->message;
	struct asked *asked = arg;
	struct verb_account_get ask = { .uid = asked->caller };

	if (answer->status != STATUS_OK) {
		asked_fail(asked, answer->status, answer->retry_ms);
		return;
	}
	memcpy(asked->identity, account->identity.data, sizeof(asked->identity));
	store_client_ask(asked->worker->store, VERB_ACCOUNT_GET, &ask, asked_on_caller, asked, 0);
}

void
handle_obtain_client_addr(struct session *session, const struct msg_obtain_client_addr *message)
{
	struct verb_account_get ask = { .uid = message->uid };
	enum status status = STATUS_BAD_VALUE;

	if (message->uid != 0 && message->uid != session->uid)
		status = session_expect(session);
	if (status != STATUS_OK)
		session_error(session, message->request, status, 0, NULL);
	else
		store_client_ask(session->worker->store, VERB_ACCOUNT_GET, &ask, asked_on_callee,
		    asked_new(session, message), 0);
}

void
introduce_free(struct introduce *introduce)
{
	if (introduce == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (!LIST_EMPTY(&introduce->asked[i]))
			asked_free(LIST_FIRST(&introduce->asked[i]));
		while (!LIST_EMPTY(&introduce->calls[i]))
			call_free(LIST_FIRST(&introduce->calls[i]));
	}
	free(introduce);
}
