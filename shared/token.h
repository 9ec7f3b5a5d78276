/* SPDX-License-Identifier: ISC */
/*
 * Resume tokens: the server hands out what it would otherwise have to look up. A token names an
 * account and holds until it expires, at most to the end of the day after it was made, because
 * keys change daily. Clients see bytes.
 */

#ifndef SHARED_TOKEN_H
#define SHARED_TOKEN_H

#include <stdint.h>

#include "shared/bytes.h"
#include "shared/compiler.h"
#include "shared/crypto.h"
#include "shared/status.h"

enum {
	TOKEN_SIZE = 57,
	TOKEN_SECONDS_MAX = 24 * 3600, /* one that says it holds longer dies with its key */
};

struct token {
	uint64_t uid;
	uint32_t epoch;   /* of the account; the store re-checks it */
	uint64_t expires; /* seconds since 1970 */
};

/*
 * Makes a token under the key of the day that "now" (seconds since 1970) falls into. Two
 * microseconds.
 */
void token_make(const uint8_t cluster_key[CRYPTO_KEY_SIZE], const struct token *token,
    uint64_t now, uint8_t out[TOKEN_SIZE]);

/*
 * Reads a token that was made today, yesterday or, on a machine whose clock is ahead, tomorrow.
 * STATUS_BAD_TOKEN: anything is wrong with it; *out is zeros then.
 */
enum status token_check(const uint8_t cluster_key[CRYPTO_KEY_SIZE], struct bytes bytes,
    uint64_t now, struct token *out) MUST_USE;

#endif
