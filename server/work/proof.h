/* SPDX-License-Identifier: ISC */
/*
 * Proving to be somebody: what a client brought for LOGIN or DELETE_USER is kept while the store
 * is asked for the account, then held against it. What each proof is made of: tingyu-security(7).
 */

#ifndef SERVER_WORK_PROOF_H
#define SERVER_WORK_PROOF_H

#include <stdint.h>

#include "server/store/verbs.h"
#include "shared/bytes.h"
#include "shared/identity.h"
#include "shared/status.h"

struct session;

enum proof_method {
	PROOF_SECRET = 1,
	PROOF_SIGNATURE = 2,
};

/* What the proof is for: a signature for one is none for the other. */
enum proof_purpose {
	PROOF_LOGIN,
	PROOF_DELETE,
	PROOF_BUNDLE,
};

struct attempt {
	uint64_t uid;
	uint32_t request;
	uint8_t method;
	uint8_t purpose;
	uint8_t state_before;	/* enum session_state, to go back to */
	uint8_t proof[IDENTITY_SIGNATURE_SIZE];
	struct msg_bundle bundle;	/* PROOF_BUNDLE: points into this very block of memory */
};

/*
 * Keeps what the client brought in session->attempt and makes the session IN_PROVING until
 * proof_forget(). STATUS_BAD_VALUE: no such method, or a proof of the wrong size for it;
 * STATUS_NO_SUCH_USER: uid 0; STATUS_RATE_LIMITED: too many guesses at the password of this
 * account, the next one counts in *retry_ms. Nothing has changed then.
 */
enum status proof_keep(struct session *session, enum proof_purpose purpose, uint32_t request,
    uint64_t uid, uint8_t method, struct bytes proof, uint32_t *retry_ms);

/* The same for a new bundle of the account that is logged in; its signature is the proof. */
void proof_keep_bundle(struct session *session, const struct msg_bundle *bundle);

/* Wipes session->attempt, if there is one; the session is in the state it was in before. */
void proof_forget(struct session *session);

/*
 * Whether session->attempt holds against the account as the store knows it: STATUS_OK or
 * STATUS_WRONG_PROOF.
 */
enum status proof_check(const struct session *session, const struct verb_account_get_ok *account);

/* This connection as signatures name it. False: it is ending. */
bool proof_channel(const struct session *session, struct identity_channel *out);

#endif
