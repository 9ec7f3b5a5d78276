/* SPDX-License-Identifier: ISC */
/* Logging in and out: salt, password or signature, token. */

#include "server/proc/child.h"
#include "server/proc/counters.h"
#include "server/store/store_client.h"
#include "server/work/answer.h"
#include "server/work/dispatch.h"
#include "server/work/proof.h"
#include "server/work/session.h"
#include "server/work/worker.h"
#include "shared/clock.h"
#include "shared/link.h"
#include "shared/token.h"

static void
on_salt(void *arg, const struct store_answer *answer)
{
	const struct verb_account_get_ok *account = answer->message;
	struct msg_salt_ok message;

	if (!answer_is_good(arg, answer))
		return;
	message = (struct msg_salt_ok){
		.request = answer->tag,
		.uid = account->uid,
		.salt = account->salt,
		.ops = account->ops,
		.memory_kib = account->memory_kib,
	};
	session_send(arg, MSG_SALT_OK, &message);
}

void
handle_salt(struct session *session, const struct msg_salt *message)
{
	struct verb_account_get ask = { .uid = message->uid, .name = message->name };

	answer_ask(session, message->request, VERB_ACCOUNT_GET, &ask, on_salt);
}

/* A token for this account from now on; returns how many seconds it is good. */
static uint32_t
make_token(const struct session *session, uint8_t out[TOKEN_SIZE])
{
	const struct worker *worker = session->worker;
	uint64_t now = clock_wall_s();
	uint32_t seconds = worker->settings.token_hours * 3600;
	struct token token = {
		.uid = session->uid, .epoch = session->epoch, .expires = now + seconds
	};

	token_make(worker->credentials.cluster_key, &token, now, out);
	return seconds;
}

static void
send_welcome(struct session *session, uint32_t request, const struct verb_account_get_ok *account)
{
	uint8_t token[TOKEN_SIZE];
	struct msg_login_ok message = {
		.request = request,
		.uid = account->uid,
		.name = account->name,
		.display = account->display,
		.token_seconds = make_token(session, token),
		.token = bytes_of(token, sizeof(token)),
		.bundle_version = account->bundle_version,
		.wrapped_key = account->wrapped_key,
		.bundle = account->bundle,
	};
	struct counters *counters = proc_child_counters(session->worker->child);

	counter_add(&counters->logins, 1);
	session_send(session, MSG_LOGIN_OK, &message);
}

static void
on_login(void *arg, const struct store_answer *answer)
{
	struct session *session = arg;
	const struct verb_account_get_ok *account = answer->message;
	bool is_good = answer_is_good(session, answer);
	enum status status;

	if (session->state != IN_PROVING)
		return;
	status = is_good ? proof_check(session, account) : STATUS_OK;
	proof_forget(session);
	if (!is_good)
		return;
	if (status == STATUS_OK)
		status = session_enter(session, account->uid, account->epoch);
	if (status == STATUS_OK)
		send_welcome(session, answer->tag, account);
	else
		session_error(session, answer->tag, status, 0, NULL);
}

void
handle_login(struct session *session, const struct msg_login *message)
{
	struct verb_account_get ask = {
		.uid = message->uid,
		.with_bundle = 1,
		.bundle_version = message->bundle_version,
	};
	uint32_t retry_ms = 0;
	enum status status = proof_keep(session, PROOF_LOGIN, message->request, message->uid,
	    message->method, message->proof, &retry_ms);

	if (status != STATUS_OK)
		session_error(session, message->request, status, retry_ms, NULL);
	else
		answer_ask(session, message->request, VERB_ACCOUNT_GET, &ask, on_login);
}

void
handle_resume(struct session *session, const struct msg_resume *message)
{
	struct worker *worker = session->worker;
	struct counters *counters = proc_child_counters(worker->child);
	uint8_t fresh[TOKEN_SIZE];
	struct msg_resume_ok answer = { .request = message->request,
		.token = bytes_of(fresh, sizeof(fresh)) };
	struct token token;
	enum status status =
	    token_check(worker->credentials.cluster_key, message->token, clock_wall_s(), &token);

	if (status == STATUS_OK)
		status = session_enter(session, token.uid, token.epoch);
	if (status != STATUS_OK) {
		session_error(session, message->request, status, 0, NULL);
		return;
	}
	counter_add(&counters->resumes, 1);
	answer.uid = session->uid;
	answer.token_seconds = make_token(session, fresh);
	session_send(session, MSG_RESUME_OK, &answer);
}

void
handle_logout(struct session *session, const struct msg_logout *message)
{
	struct msg_logout_ok answer = { .request = message->request };

	session_leave(session);
	session->state = IN_LEAVING;
	session_send(session, MSG_LOGOUT_OK, &answer);
	link_finish(session->link, STATUS_GOODBYE);
}
