/* SPDX-License-Identifier: ISC */
/*
 * Random bytes, comparing secrets, keys out of the cluster key. The one place that starts
 * libsodium; everything else that uses it calls crypto_start() first.
 */

#ifndef SHARED_CRYPTO_H
#define SHARED_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CRYPTO_KEY_SIZE = 32, /* of every symmetric key here, the cluster key among them */
	CRYPTO_CONTEXT_SIZE = 8,
};

/* Safe to call often and from several threads. A system without randomness ends the process. */
void crypto_start(void);

/* "len" bytes that nobody can guess. */
void crypto_random(void *out, size_t len);

/* A number that nobody can guess. */
uint64_t crypto_random_number(void);

/*
 * Whether two runs of "len" bytes are the same, in a time that does not tell where they differ.
 */
bool crypto_equal(const void *a, const void *b, size_t len);

/*
 * The key number "id" of its "context" (CRYPTO_CONTEXT_SIZE characters), derived from a main
 * key (crypto_kdf_derive_from_key of libsodium: BLAKE2b). Wipe it after use.
 */
void crypto_derive_key(const uint8_t main_key[CRYPTO_KEY_SIZE], const char *context, uint64_t id,
    uint8_t out[CRYPTO_KEY_SIZE]);

#endif
