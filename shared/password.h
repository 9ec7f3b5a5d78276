/* SPDX-License-Identifier: ISC */
/*
 * From a password to keys. The client turns it into an authentication secret, which the server
 * sees, and a wrapping key, which nobody sees; the server keeps a keyed hash of the secret. See
 * tingyu-security(7).
 */

#ifndef SHARED_PASSWORD_H
#define SHARED_PASSWORD_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/compiler.h"
#include "shared/crypto.h"
#include "shared/status.h"

enum {
	PASSWORD_LEN_MIN = 1, /* bytes */
	PASSWORD_LEN_MAX = 1024,
	PASSWORD_SALT_SIZE = 16,
	PASSWORD_SECRET_SIZE = 32,
	PASSWORD_HASH_SIZE = 32,

	PASSWORD_OPS_MIN = 2, /* passes of Argon2id */
	PASSWORD_OPS_DEFAULT = 3,
	PASSWORD_OPS_MAX = 8,
	PASSWORD_MEMORY_MIN = 19 * 1024, /* KiB */
	PASSWORD_MEMORY_DEFAULT = 64 * 1024,
	PASSWORD_MEMORY_MAX = 256 * 1024,
};

/* How an account's password becomes keys; the server keeps it and tells everybody. */
struct password_cost {
	uint8_t salt[PASSWORD_SALT_SIZE];
	uint32_t ops;
	uint32_t memory_kib;
};

/* What a password becomes. Clear it after use. */
struct password_keys {
	uint8_t secret[PASSWORD_SECRET_SIZE];
	uint8_t wrapping_key[CRYPTO_KEY_SIZE];
};

/* For a new account: the default cost and a random salt. */
void password_cost_init(struct password_cost *cost);

/* Whether passes and memory are within the bounds, whatever a server says. */
bool password_cost_is_allowed(const struct password_cost *cost);

/*
 * Argon2id 1.3 (RFC 9106), one lane, 64 bytes: the secret, then the wrapping key. Takes a tenth
 * of a second to two seconds and all that memory: never on an event thread.
 * STATUS_BAD_VALUE: the cost is out of bounds, nothing was computed. STATUS_TOO_SHORT,
 * STATUS_TOO_LONG: the password.
 * STATUS_NO_MEMORY: this machine cannot do it. *out is zeros unless STATUS_OK.
 */
enum status password_derive(struct bytes password, const struct password_cost *cost,
    struct password_keys *out) MUST_USE;

/* Wipes the keys. */
void password_keys_clear(struct password_keys *keys);

/*
 * What the server stores: BLAKE2b-256 of salt and secret under a key derived from the cluster
 * key. Microseconds.
 */
void password_hash(const uint8_t cluster_key[CRYPTO_KEY_SIZE],
    const uint8_t salt[PASSWORD_SALT_SIZE],
    const uint8_t secret[PASSWORD_SECRET_SIZE], uint8_t out[PASSWORD_HASH_SIZE]);

/*
 * Whether "secret" is the one that "hash" was made of; the time does not depend on the answer.
 */
bool password_hash_matches(const uint8_t cluster_key[CRYPTO_KEY_SIZE],
    const uint8_t salt[PASSWORD_SALT_SIZE], const uint8_t secret[PASSWORD_SECRET_SIZE],
    const uint8_t hash[PASSWORD_HASH_SIZE]);

#endif
