/* SPDX-License-Identifier: ISC */
#include "server/work/session.h"

#include <stdlib.h>
#include <unistd.h>

#include "server/bus/bus.h"
#include "server/proc/admission.h"
#include "server/proc/child.h"
#include "server/proc/counters.h"
#include "server/store/store_client.h"
#include "server/work/dispatch.h"
#include "server/work/drain.h"
#include "server/work/introduce.h"
#include "server/work/proof.h"
#include "server/work/registrar.h"
#include "server/work/session_table.h"
#include "server/work/watch.h"
#include "server/work/worker.h"
#include "shared/compiler.h"
#include "shared/crypto.h"
#include "shared/log.h"
#include "shared/mem.h"
#include "shared/protocol.h"

enum {
	/*
	 * What a client may say before it is logged in: enough for HELLO, SALT and REGISTER or
	 * LOGIN.
	 */
	BYTES_BEFORE_LOGIN = 4096,
	/*
	 * The account behind a session is looked at again: soon after it came in, because a token
	 * does not know what happened meanwhile; then now and then, should a word of it be lost.
	 */
	EPOCH_FIRST_MS = 25 * 1000,
	EPOCH_CHECK_MS = 15 * 60 * 1000,
};

/* Ends that are counted, and where. */
static const struct {
	enum status why;
	size_t counter;	/* offset in struct counters */
} counted_ends[] = {
	{ STATUS_BAD_FRAME, offsetof(struct counters, bad_frames) },
	{ STATUS_UNKNOWN_TYPE, offsetof(struct counters, bad_frames) },
	{ STATUS_WRONG_STATE, offsetof(struct counters, bad_frames) },
	{ STATUS_TOO_CHATTY, offsetof(struct counters, bad_frames) },
	{ STATUS_HANDSHAKE_FAILED, offsetof(struct counters, bad_handshakes) },
	{ STATUS_SLOW_READER, offsetof(struct counters, cut_slow) },
	{ STATUS_IDLE, offsetof(struct counters, cut_idle) },
	{ STATUS_TIMEOUT, offsetof(struct counters, cut_idle) },
};

static void
count_end(const struct session *session, enum status why)
{
	struct counters *counters = proc_child_counters(session->worker->child);

	counter_add(&counters->bytes_in, link_bytes_read(session->link));
	for (size_t i = 0; i < ARRAY_LEN(counted_ends); i++)
		if (counted_ends[i].why == why)
			counter_add(
			    (_Atomic uint64_t *)((char *)counters + counted_ends[i].counter), 1);
}

static void
log_end(const struct session *session, enum status why)
{
	bool is_usual = why == STATUS_CLOSED || why == STATUS_GOODBYE || why == STATUS_DRAINING;

	if (is_usual)
		log_debug("session %08x uid %llu ended: %s", session->id,
		    (unsigned long long)session->uid, status_name(why));
	else
		log_info("session %08x uid %llu ended: %s %s", session->id,
		    (unsigned long long)session->uid, status_name(why),
		    link_problem(session->link));
}

/* Once in its life: through the door, or gone. */
static void
settle(struct session *session)
{
	if (!session->is_settled)
		admission_settle(session->worker->admission);
	session->is_settled = true;
}

static void
session_on_down(struct link *link UNUSED, enum status why, void *arg)
{
	struct session *session = arg;
	struct worker *worker = session->worker;

	count_end(session, why);
	log_end(session, why);
	session_leave(session);
	settle(session);
	proof_forget(session);
	store_client_cancel(worker->store, session);
	wheel_clear(worker->wheel, &session->timer);
	session_table_remove(worker->sessions, session->id);
	free(session);
	proc_child_client_gone(worker->child);
	drain_on_session_end(worker);
}

static void
session_on_frame(struct link *link UNUSED, const struct frame *frame, void *arg)
{
	dispatch_frame(arg, frame);
}

static const struct link_handler session_handler = {
	.on_frame = session_on_frame,
	.on_down = session_on_down,
};

static struct session *
session_of_timer(struct wheel_timer *timer)
{
	return CONTAINER_OF(timer, struct session, timer);
}

static void
session_on_late(struct wheel_timer *timer)
{
	session_refuse(session_of_timer(timer), STATUS_TIMEOUT, 0);
}

void
session_allow_more(struct session *session)
{
	link_set_read_budget(session->link, BYTES_BEFORE_LOGIN);
	wheel_set(session->worker->wheel, &session->timer,
	    session->worker->settings.login_seconds * 1000ULL, session_on_late);
}

enum status
session_start(struct worker *worker, int fd)
{
	struct session *session = mem_new(sizeof(*session));

	session->id = session_table_add(worker->sessions, session);
	if (session->id == 0) {
		free(session);
		close(fd);
		return STATUS_FULL;
	}
	session->worker = worker;
	session->serial = worker->next_serial++;
	session->state = IN_NEW;
	session->link =
	    link_accept(worker->loop, fd, worker->tls, &worker->limits, &session_handler, session);
	session_allow_more(session);
	return STATUS_OK;
}

void
session_send(struct session *session, uint16_t type, const void *message)
{
	/* A link that is ending says so by on_down; nothing is left to do for us. */
	(void)link_send(session->link, type, message);
}

void
session_error(struct session *session, uint32_t request, enum status status, uint32_t retry_ms,
    const char *sentence)
{
	struct msg_error message = {
		.request = request,
		.status = (uint16_t)status,
		.retry_ms = retry_ms,
		.sentence = bytes_of_string(sentence != NULL ? sentence : status_text(status)),
	};
	struct counters *counters = proc_child_counters(session->worker->child);

	counter_add(&counters->errors, 1);
	if (status == STATUS_RATE_LIMITED)
		counter_add(&counters->cut_limit, 1);
	session_send(session, MSG_ERROR, &message);
}

void
session_refuse(struct session *session, enum status why, uint32_t retry_ms)
{
	session->state = IN_LEAVING;
	wheel_clear(session->worker->wheel, &session->timer);
	link_refuse(session->link, why, retry_ms);
}

enum status
session_expect(struct session *session)
{
	if (session->pending >= SESSION_PENDING_MAX)
		return STATUS_TOO_MANY_PENDING;
	session->pending++;
	return STATUS_OK;
}

void
session_answered(struct session *session)
{
	session->pending--;
}

static void check_epoch_within(struct session *session, uint32_t within_ms);

static void
on_epoch(void *arg, const struct store_answer *answer)
{
	struct session *session = arg;
	const struct verb_account_epoch_ok *account = answer->message;

	if (session->state == IN_LEAVING)
		return;
	if (answer->status == STATUS_NO_SUCH_USER)
		session_refuse(session, STATUS_ACCOUNT_GONE, 0);
	else if (answer->status == STATUS_OK && account->epoch != session->epoch)
		session_refuse(session, STATUS_BAD_TOKEN, 0);
	else if (answer->status == STATUS_OK)
		check_epoch_within(session, EPOCH_CHECK_MS);
	else
		check_epoch_within(session, answer->retry_ms + 5000);
}

static void
session_on_epoch_due(struct wheel_timer *timer)
{
	struct session *session = session_of_timer(timer);
	struct verb_account_epoch ask = { .uid = session->uid };

	store_client_ask(session->worker->store, VERB_ACCOUNT_EPOCH, &ask, on_epoch, session, 0);
}

static void
check_epoch_within(struct session *session, uint32_t within_ms)
{
	/*
	 * Spread out, so that a crowd which comes back at once does not ask the database at once.
	 */
	uint64_t delay = crypto_random_number() % within_ms;

	wheel_set(session->worker->wheel, &session->timer, delay, session_on_epoch_due);
}

enum status
session_enter(struct session *session, uint64_t uid, uint32_t epoch)
{
	enum status status = bus_join(session->worker->bus, uid, session->id);

	if (status != STATUS_OK)
		return status;
	session->uid = uid;
	session->epoch = epoch;
	session->state = IN_ONLINE;
	settle(session);
	link_set_read_budget(session->link, LINK_NO_BUDGET);
	check_epoch_within(session, EPOCH_FIRST_MS);
	registrar_add(session->worker->registrar, session);
	watch_note(session->worker, uid);
	return STATUS_OK;
}

void
session_leave(struct session *session)
{
	if (session->uid == 0)
		return;
	bus_leave(session->worker->bus, session->uid, session->id);
	introduce_leave(session);
	watch_forget(session);
	watch_note(session->worker, session->uid);
	registrar_remove(session->worker->registrar, session);
	session->uid = 0;
}

bool
session_address(const struct session *session, struct endpoint *out)
{
	struct sockaddr_storage address;

	if (link_peer_address(session->link, &address) != STATUS_OK)
		return false;
	return endpoint_of_sockaddr((const struct sockaddr *)&address, out);
}

void
session_nonce(const struct session *session, uint8_t out[32])
{
	crypto_derive_key(session->worker->nonce_key, "wk-nonce",
	    (uint64_t)session->serial << 32 | session->id, out);
}

enum status
session_binding(const struct session *session, uint8_t out[32])
{
	if (link_is_tls(session->link))
		return link_binding(session->link, out);
	session_nonce(session, out);
	return STATUS_OK;
}
