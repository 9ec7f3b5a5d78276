/* SPDX-License-Identifier: ISC */
/* Accounts come and go, and take their bundle along. */

#include "server/bus/bus.h"
#include "server/proc/child.h"
#include "server/proc/counters.h"
#include "server/store/store_client.h"
#include "server/work/answer.h"
#include "server/work/dispatch.h"
#include "server/work/proof.h"
#include "server/work/reach.h"
#include "server/work/session.h"
#include "server/work/worker.h"
#include "shared/link.h"
#include "shared/password.h"
#include "shared/str.h"

static void
on_registered(void *arg, const struct store_answer *answer)
{
	struct session *session = arg;
	const struct verb_account_add_ok *account = answer->message;
	struct msg_register_ok message = { .request = answer->tag };
	struct counters *counters;

	if (!answer_is_good(session, answer))
		return;
	counters = proc_child_counters(session->worker->child);
	counter_add(&counters->registrations, 1);
	message.uid = account->uid;
	if (session->state == IN_GREETED)
		session_allow_more(session);
	session_send(session, MSG_REGISTER_OK, &message);
}

static enum status
check_registration(const struct session *session, const struct msg_register *message)
{
	struct password_cost cost = { .ops = message->ops, .memory_kib = message->memory_kib };
	struct identity_channel channel;

	if (!session->worker->settings.accept_registrations)
		return STATUS_NOT_ALLOWED;
	if (!str_is_name(message->name))
		return STATUS_BAD_NAME;
	if (!password_cost_is_allowed(&cost))
		return STATUS_BAD_VALUE;
	if (!proof_channel(session, &channel) || !identity_verify_register(&channel, message))
		return STATUS_WRONG_PROOF;
	return STATUS_OK;
}

void
handle_register(struct session *session, const struct msg_register *message)
{
	enum status status = check_registration(session, message);
	uint8_t hash[PASSWORD_HASH_SIZE];
	struct verb_account_add ask = {
		.name = message->name,
		.display = message->display,
		.salt = message->salt,
		.ops = message->ops,
		.memory_kib = message->memory_kib,
		.secret_hash = bytes_of(hash, sizeof(hash)),
		.identity = message->identity,
		.wrapped_key = message->wrapped_key,
		.bundle = message->bundle,
	};

	if (status != STATUS_OK) {
		session_error(session, message->request, status, 0, NULL);
		return;
	}
	password_hash(session->worker->credentials.cluster_key, message->salt.data,
	    message->secret.data, hash);
	answer_ask(session, message->request, VERB_ACCOUNT_ADD, &ask, on_registered);
}

static void
on_deleted(void *arg, const struct store_answer *answer)
{
	struct session *session = arg;
	struct msg_delete_user_ok message = { .request = answer->tag };
	uint64_t uid = session->attempt != NULL ? session->attempt->uid : 0;
	bool is_good = answer_is_good(session, answer);

	proof_forget(session);
	if (!is_good)
		return;
	session_send(session, MSG_DELETE_USER_OK, &message);
	reach_end_session(session->worker, uid, STATUS_ACCOUNT_GONE);
}

/*
 * The proof of a deletion was asked for; it is held against the account, then the account is
 * deleted.
 */
static void
on_delete_proof(void *arg, const struct store_answer *answer)
{
	struct session *session = arg;
	struct verb_account_delete ask = { 0 };

	if (!answer_is_good(session, answer)) {
		proof_forget(session);
		return;
	}
	if (proof_check(session, answer->message) != STATUS_OK) {
		proof_forget(session);
		session_error(session, answer->tag, STATUS_WRONG_PROOF, 0, NULL);
		return;
	}
	ask.uid = session->attempt->uid;
	answer_ask(session, answer->tag, VERB_ACCOUNT_DELETE, &ask, on_deleted);
}

void
handle_delete_user(struct session *session, const struct msg_delete_user *message)
{
	struct verb_account_get ask = { .uid = message->uid };
	uint32_t retry_ms = 0;
	enum status status = proof_keep(session, PROOF_DELETE, message->request, message->uid,
	    message->method, message->proof, &retry_ms);

	if (status != STATUS_OK)
		session_error(session, message->request, status, retry_ms, NULL);
	else
		answer_ask(session, message->request, VERB_ACCOUNT_GET, &ask, on_delete_proof);
}

static void
on_keys(void *arg, const struct store_answer *answer)
{
	const struct verb_account_get_ok *account = answer->message;
	struct msg_keys_ok message = { .request = answer->tag };

	if (!answer_is_good(arg, answer))
		return;
	message.uid = account->uid;
	message.identity = account->identity;
	session_send(arg, MSG_KEYS_OK, &message);
}

void
handle_keys(struct session *session, const struct msg_keys *message)
{
	struct verb_account_get ask = { .uid = message->uid };

	if (message->uid == 0)
		session_error(session, message->request, STATUS_NO_SUCH_USER, 0, NULL);
	else
		answer_ask(session, message->request, VERB_ACCOUNT_GET, &ask, on_keys);
}

static void
on_bundle_put(void *arg, const struct store_answer *answer)
{
	const struct verb_bundle_put_ok *put = answer->message;
	struct msg_bundle_ok message = { .request = answer->tag };

	if (!answer_is_good(arg, answer))
		return;
	message.version = put->version;
	session_send(arg, MSG_BUNDLE_OK, &message);
}

static void
on_bundle_proof(void *arg, const struct store_answer *answer)
{
	struct session *session = arg;
	struct verb_bundle_put ask;
	enum status status;

	if (!answer_is_good(session, answer)) {
		proof_forget(session);
		return;
	}
	ask = (struct verb_bundle_put){
		.uid = session->attempt->uid,
		.version = session->attempt->bundle.version,
		.wrapped_key = session->attempt->bundle.wrapped_key,
		.bundle = session->attempt->bundle.bundle,
	};
	status = proof_check(session, answer->message);
	if (status == STATUS_OK)
		answer_ask(session, answer->tag, VERB_BUNDLE_PUT, &ask, on_bundle_put);
	proof_forget(session);
	if (status != STATUS_OK)
		session_error(session, answer->tag, status, 0, NULL);
}

void
handle_bundle(struct session *session, const struct msg_bundle *message)
{
	struct verb_account_get ask = { .uid = session->uid };

	proof_keep_bundle(session, message);
	answer_ask(session, message->request, VERB_ACCOUNT_GET, &ask, on_bundle_proof);
}
