/* SPDX-License-Identifier: ISC */
#include "server/work/proof.h"

#include <stdlib.h>

#include "server/proc/limiter.h"
#include "server/work/session.h"
#include "server/work/worker.h"
#include "shared/clock.h"
#include "shared/compiler.h"
#include "shared/mem.h"
#include "shared/password.h"

static bool
check_secret(const struct session *session, const struct verb_account_get_ok *account)
{
	return password_hash_matches(session->worker->credentials.cluster_key, account->salt.data,
	    session->attempt->proof, account->secret_hash.data);
}

static bool
check_signature(const struct session *session, const struct verb_account_get_ok *account)
{
	const struct attempt *attempt = session->attempt;
	struct identity_channel channel;

	if (!proof_channel(session, &channel))
		return false;
	if (attempt->purpose == PROOF_BUNDLE)
		return identity_verify_bundle(
		    account->identity.data, &channel, attempt->uid, &attempt->bundle);
	if (attempt->purpose == PROOF_DELETE)
		return identity_verify_delete(
		    account->identity.data, &channel, attempt->uid, attempt->proof);
	return identity_verify_login(
	    account->identity.data, &channel, attempt->uid, attempt->proof);
}

/* Row 0 is no method. */
static const struct {
	size_t size;
	bool (*check)(const struct session *session, const struct verb_account_get_ok *account);
} methods[] = {
	[PROOF_SECRET] = { PASSWORD_SECRET_SIZE, check_secret },
	[PROOF_SIGNATURE] = { IDENTITY_SIGNATURE_SIZE, check_signature },
};

bool
proof_channel(const struct session *session, struct identity_channel *out)
{
	link_own_pin(session->link, out->pin);
	return session_binding(session, out->binding) == STATUS_OK;
}

/* An attempt with room for "extra" bytes behind it. */
static struct attempt *
begin_attempt(struct session *session, enum proof_purpose purpose, uint32_t request, uint64_t uid,
    size_t extra)
{
	struct attempt *attempt = mem_new(sizeof(*attempt) + extra);

	proof_forget(session);
	attempt->uid = uid;
	attempt->request = request;
	attempt->purpose = (uint8_t)purpose;
	attempt->state_before = session->state;
	session->attempt = attempt;
	session->state = IN_PROVING;
	return attempt;
}

/*
 * Passwords can be guessed from many addresses at once, so they are counted by account, too. Keys
 * cannot: whoever has one gets in also while somebody guesses.
 */
static enum status
take_guess(struct session *session, uint64_t uid, uint8_t method, uint32_t *retry_ms)
{
	if (method != PROOF_SECRET)
		return STATUS_OK;
	return limiter_take_account(session->worker->limiter, RATE_ACCOUNT_LOGINS, uid,
	    clock_monotonic_ms(), retry_ms);
}

enum status
proof_keep(struct session *session, enum proof_purpose purpose, uint32_t request, uint64_t uid,
    uint8_t method, struct bytes proof, uint32_t *retry_ms)
{
	struct attempt *attempt;
	enum status status;

	if (method >= ARRAY_LEN(methods) || methods[method].check == NULL ||
	    methods[method].size != proof.len)
		return STATUS_BAD_VALUE;
	if (uid == 0)
		return STATUS_NO_SUCH_USER;
	status = take_guess(session, uid, method, retry_ms);
	if (status != STATUS_OK)
		return status;
	attempt = begin_attempt(session, purpose, request, uid, 0);
	attempt->method = method;
	memcpy(attempt->proof, proof.data, proof.len);
	return STATUS_OK;
}

/* Copies to *to, which moves behind the copy. */
static struct bytes
copy_behind(uint8_t **to, struct bytes from)
{
	struct bytes copy = bytes_of(*to, from.len);

	if (from.len > 0)
		memcpy(*to, from.data, from.len);
	*to += from.len;
	return copy;
}

void
proof_keep_bundle(struct session *session, const struct msg_bundle *bundle)
{
	size_t extra = bundle->wrapped_key.len + bundle->bundle.len + bundle->signature.len;
	struct attempt *attempt =
	    begin_attempt(session, PROOF_BUNDLE, bundle->request, session->uid, extra);
	uint8_t *to = (uint8_t *)(attempt + 1);

	attempt->method = PROOF_SIGNATURE;
	attempt->bundle = *bundle;
	attempt->bundle.wrapped_key = copy_behind(&to, bundle->wrapped_key);
	attempt->bundle.bundle = copy_behind(&to, bundle->bundle);
	attempt->bundle.signature = copy_behind(&to, bundle->signature);
}

void
proof_forget(struct session *session)
{
	if (session->attempt == NULL)
		return;
	if (session->state == IN_PROVING)
		session->state = session->attempt->state_before;
	mem_wipe(session->attempt, sizeof(*session->attempt));
	free(session->attempt);
	session->attempt = NULL;
}

enum status
proof_check(const struct session *session, const struct verb_account_get_ok *account)
{
	return methods[session->attempt->method].check(session, account) ? STATUS_OK
									 : STATUS_WRONG_PROOF;
}
