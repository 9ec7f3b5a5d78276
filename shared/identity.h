/* SPDX-License-Identifier: ISC */
/*
 * An account's Ed25519 key, and signatures that mean one thing only: what is signed is the
 * SHA-512 of the context "tingyu/1", the object's type and its parts, each behind its length as
 * a u32 (tingyu-protocol(7) has the bytes).
 */

#ifndef SHARED_IDENTITY_H
#define SHARED_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/protocol.h"

enum {
	IDENTITY_SEED_SIZE = 32,
	IDENTITY_KEY_SIZE = 32,
	IDENTITY_SECRET_SIZE = 64,
	IDENTITY_SIGNATURE_SIZE = 64,
	IDENTITY_PIN_SIZE = 32,
	IDENTITY_BINDING_SIZE = 32,
};

struct identity {
	uint8_t public_key[IDENTITY_KEY_SIZE];
	uint8_t secret_key[IDENTITY_SECRET_SIZE]; /* libsodium's form: it begins with the seed */
};

/*
 * The connection a signature is for: the server's pin and the TLS exporter of RFC 9266; without
 * TLS zeros and the nonce of HELLO_OK. Both ends fill it from what they see themselves.
 */
struct identity_channel {
	uint8_t pin[IDENTITY_PIN_SIZE];
	uint8_t binding[IDENTITY_BINDING_SIZE];
};

/*
 * A new identity from random bytes, or the one that belongs to a seed. Clear it after use: it
 * is a secret.
 */
void identity_init(struct identity *identity);
void identity_init_from_seed(struct identity *identity, const uint8_t seed[IDENTITY_SEED_SIZE]);
void identity_clear(struct identity *identity);

/* Signs an object of this type ("login"); "type" is never foreign text. */
void identity_sign(const struct identity *identity, const char *type, const struct bytes *parts,
    size_t count, uint8_t signature[IDENTITY_SIGNATURE_SIZE]);

/* Whether "signature" was made by the owner of "public_key" over exactly this. */
bool identity_verify(const uint8_t public_key[IDENTITY_KEY_SIZE], const char *type,
    const struct bytes *parts, size_t count, const uint8_t signature[IDENTITY_SIGNATURE_SIZE]);

/* The proof of LOGIN, method 2. */
void identity_sign_login(const struct identity *identity, const struct identity_channel *channel,
    uint64_t uid, uint8_t signature[IDENTITY_SIGNATURE_SIZE]);
bool identity_verify_login(const uint8_t public_key[IDENTITY_KEY_SIZE],
    const struct identity_channel *channel, uint64_t uid,
    const uint8_t signature[IDENTITY_SIGNATURE_SIZE]);

/* The proof of DELETE_USER, method 2. */
void identity_sign_delete(const struct identity *identity, const struct identity_channel *channel,
    uint64_t uid, uint8_t signature[IDENTITY_SIGNATURE_SIZE]);
bool identity_verify_delete(const uint8_t public_key[IDENTITY_KEY_SIZE],
    const struct identity_channel *channel, uint64_t uid,
    const uint8_t signature[IDENTITY_SIGNATURE_SIZE]);

/*
 * REGISTER: over all its fields but request and signature. Verifying takes key and signature
 * from the message, which has been decoded by its schema.
 */
void identity_sign_register(const struct identity *identity,
    const struct identity_channel *channel, const struct msg_register *message,
    uint8_t signature[IDENTITY_SIGNATURE_SIZE]);
bool identity_verify_register(const struct identity_channel *channel,
    const struct msg_register *message);

/* BUNDLE: over the account and all its fields but request and signature; verifying as above. */
void identity_sign_bundle(const struct identity *identity, const struct identity_channel *channel,
    uint64_t uid, const struct msg_bundle *message, uint8_t signature[IDENTITY_SIGNATURE_SIZE]);
bool identity_verify_bundle(const uint8_t public_key[IDENTITY_KEY_SIZE],
    const struct identity_channel *channel, uint64_t uid, const struct msg_bundle *message);

#endif
