/* SPDX-License-Identifier: ISC */
/*
 * Accounts of a test: registered and logged in over a peer, without Argon2id (a server cannot
 * tell where a secret comes from).
 */

#ifndef TESTS_SUPPORT_ACCOUNT_H
#define TESTS_SUPPORT_ACCOUNT_H

#include "shared/identity.h"
#include "tests/support/peer.h"

struct account {
	struct identity identity;
	uint8_t salt[16];
	uint8_t secret[32];
	uint8_t token[128];
	size_t token_len;
	uint64_t uid;
	const char *name;
};

/* Fresh keys; "name" stays the caller's. Not registered yet. */
void account_init(struct account *account, const char *name);

/*
 * What REGISTER would say over this connection; it borrows from static memory until the next
 * call.
 */
struct msg_register account_registration(const struct account *account, struct peer *peer);

/* REGISTER and its answer; sets the uid. */
void account_register(struct account *account, struct peer *peer);

/*
 * The same, again and again as long as the server says that its store is away or busy, each time
 * over a new connection (peer_connect_again()).
 */
void account_register_patiently(struct account *account, struct peer *peer);

/* LOGIN by secret or by signature, and LOGIN_OK; keeps the token. */
void account_login(struct account *account, struct peer *peer);
void account_login_by_key(struct account *account, struct peer *peer);

/* By secret, again and again as long as the store is away or busy. */
void account_login_patiently(struct account *account, struct peer *peer);

/* RESUME and its answer. */
void account_resume(struct account *account, struct peer *peer);

/* Only sends LOGIN by secret. */
void account_send_login(const struct account *account, struct peer *peer, uint32_t request);

#endif
