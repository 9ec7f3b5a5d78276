/* SPDX-License-Identifier: ISC */
/*
 * What an account takes along to another machine, sealed so that the server which keeps it
 * cannot read it, give an old one as a new one, or give the one of somebody else. The layout is
 * in tingyu-protocol(7).
 */

#ifndef SHARED_BUNDLE_H
#define SHARED_BUNDLE_H

#include <stdint.h>

#include "shared/bytes.h"
#include "shared/compiler.h"
#include "shared/crypto.h"
#include "shared/identity.h"
#include "shared/status.h"

enum {
	BUNDLE_WRAPPED_SIZE = 72, /* a bundle key under a wrapping key */
	BUNDLE_SEALED_MAX = 32768,
	BUNDLE_FIRST_VERSION = 1, /* the one in REGISTER; each later one is one more */
};

/* An open bundle. It is a secret: clear it after use. */
struct bundle {
	uint8_t seed[IDENTITY_SEED_SIZE];
	/* Entries of a newer version, as they came: whoever rewrites the bundle keeps them. */
	uint8_t *others;
	size_t others_len;
};

void bundle_init(struct bundle *bundle, const uint8_t seed[IDENTITY_SEED_SIZE]);
void bundle_clear(struct bundle *bundle);

/* Seals the bundle key under the wrapping key; the identity's public key is bound in. */
void bundle_wrap_key(const uint8_t key[CRYPTO_KEY_SIZE],
    const uint8_t wrapping_key[CRYPTO_KEY_SIZE],
    const uint8_t public_key[IDENTITY_KEY_SIZE], uint8_t out[BUNDLE_WRAPPED_SIZE]);

/*
 * The bundle key out of LOGIN_OK: "sealed" tells the identity it is bound to.
 * STATUS_WRONG_PROOF: another wrapping key (a wrong password), or bytes that were changed.
 * STATUS_BAD_VALUE: no bundle.
 */
enum status bundle_unwrap_key(struct bytes wrapped, struct bytes sealed,
    const uint8_t wrapping_key[CRYPTO_KEY_SIZE], uint8_t key[CRYPTO_KEY_SIZE]) MUST_USE;

/*
 * Seals a bundle as this version into "out" (BUNDLE_SEALED_MAX bytes); *len says how many it
 * took.
 * STATUS_TOO_LONG: it does not fit.
 */
enum status bundle_seal(const struct bundle *bundle, const uint8_t key[CRYPTO_KEY_SIZE],
    uint64_t version, uint8_t *out, size_t *len) MUST_USE;

/*
 * Opens a bundle that is this version of its account's; *out is cleared by the caller, also
 * after a failure.
 * STATUS_BAD_VALUE: not this key, not this version, changed, or not a bundle. The seed in it
 * fits the identity it says it belongs to.
 */
enum status bundle_open(struct bytes sealed, const uint8_t key[CRYPTO_KEY_SIZE], uint64_t version,
    struct bundle *out) MUST_USE;

#endif
