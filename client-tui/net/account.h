/* SPDX-License-Identifier: ISC */
/*
 * What a client knows of its own account, and needs to come back without asking for the
 * password. All of it but the name is secret: wipe copies, and keep it only where its user
 * alone can read.
 */

#ifndef CLIENT_NET_ACCOUNT_H
#define CLIENT_NET_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/bundle.h"
#include "shared/identity.h"
#include "shared/password.h"

enum {
	ACCOUNT_NAME_MAX = 16,
	ACCOUNT_DISPLAY_MAX = 64,
	ACCOUNT_TOKEN_MAX = 128,
};

struct account {
	uint64_t uid; /* 0: none, and nothing below counts */
	char name[ACCOUNT_NAME_MAX + 1];
	char display[ACCOUNT_DISPLAY_MAX + 1];

	uint8_t token[ACCOUNT_TOKEN_MAX];
	size_t token_len; /* 0: none */

	bool has_identity;
	struct identity identity;

	bool has_bundle; /* and its keys */
	uint64_t bundle_version;
	uint8_t bundle_key[CRYPTO_KEY_SIZE];
	uint8_t wrapped_key[BUNDLE_WRAPPED_SIZE];
	struct bundle bundle;

	bool has_cost; /* of the password, as it was seen last */
	struct password_cost cost;
};

/* All zeros is an account that is not there. */
void account_clear(struct account *account);

/* A copy of its own; what "to" held is cleared. */
void account_copy(struct account *to, const struct account *from);

/* Whether it holds a token or an identity. */
bool account_can_return(const struct account *account);

void account_set_token(struct account *account, struct bytes token);
void account_set_bundle(struct account *account, const struct bundle *bundle, uint64_t version);

#endif
