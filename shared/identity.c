/* SPDX-License-Identifier: ISC */
#include "shared/identity.h"

#include <assert.h>
#include <sodium.h>

#include "shared/compiler.h"
#include "shared/crypto.h"
#include "shared/mem.h"
#include "shared/wire.h"

_Static_assert((int)IDENTITY_SEED_SIZE == (int)crypto_sign_SEEDBYTES, "Ed25519 seed");
_Static_assert((int)IDENTITY_KEY_SIZE == (int)crypto_sign_PUBLICKEYBYTES, "Ed25519 public key");
_Static_assert((int)IDENTITY_SECRET_SIZE == (int)crypto_sign_SECRETKEYBYTES,
    "Ed25519 secret key");
_Static_assert((int)IDENTITY_SIGNATURE_SIZE == (int)crypto_sign_BYTES, "Ed25519 signature");

static const char context[] = "tingyu/1";

void
identity_init(struct identity *identity)
{
	uint8_t seed[IDENTITY_SEED_SIZE];

	crypto_random(seed, sizeof(seed));
	identity_init_from_seed(identity, seed);
	mem_wipe(seed, sizeof(seed));
}

void
identity_init_from_seed(struct identity *identity, const uint8_t seed[IDENTITY_SEED_SIZE])
{
	crypto_start();
	crypto_sign_seed_keypair(identity->public_key, identity->secret_key, seed);
}

void
identity_clear(struct identity *identity)
{
	mem_wipe(identity, sizeof(*identity));
}

/* Lengths stand before the parts, so that no two lists of parts are the same run of bytes. */
static void
hash_part(crypto_hash_sha512_state *state, struct bytes part)
{
	uint8_t length[4];
	struct wire wire = wire_writer(length, sizeof(length));

	assert(part.len <= UINT32_MAX);
	wire_put_u32(&wire, (uint32_t)part.len);
	crypto_hash_sha512_update(state, length, sizeof(length));
	crypto_hash_sha512_update(state, part.data, part.len);
}

static void
hash_object(const char *type, const struct bytes *parts, size_t count,
    uint8_t digest[crypto_hash_sha512_BYTES])
{
	crypto_hash_sha512_state state;

	crypto_hash_sha512_init(&state);
	hash_part(&state, bytes_of_string(context));
	hash_part(&state, bytes_of_string(type));
	for (size_t i = 0; i < count; i++)
		hash_part(&state, parts[i]);
	crypto_hash_sha512_final(&state, digest);
}

void
identity_sign(const struct identity *identity, const char *type, const struct bytes *parts,
    size_t count, uint8_t signature[IDENTITY_SIGNATURE_SIZE])
{
	uint8_t digest[crypto_hash_sha512_BYTES];

	crypto_start();
	hash_object(type, parts, count, digest);
	crypto_sign_detached(signature, NULL, digest, sizeof(digest), identity->secret_key);
}

bool
identity_verify(const uint8_t public_key[IDENTITY_KEY_SIZE], const char *type,
    const struct bytes *parts, size_t count, const uint8_t signature[IDENTITY_SIGNATURE_SIZE])
{
	uint8_t digest[crypto_hash_sha512_BYTES];

	crypto_start();
	hash_object(type, parts, count, digest);
	return crypto_sign_verify_detached(signature, digest, sizeof(digest), public_key) == 0;
}

/* The parts of an object, with room for the numbers among them. */
struct parts {
	struct bytes list[16];
	size_t count;
	uint8_t numbers[32];
	size_t used;
};

static void
add_bytes(struct parts *parts, struct bytes part)
{
	assert(parts->count < ARRAY_LEN(parts->list));
	parts->list[parts->count++] = part;
}

static void
add_number(struct parts *parts, uint64_t value, size_t width)
{
	uint8_t *at = parts->numbers + parts->used;

	assert(parts->used + width <= sizeof(parts->numbers));
	for (size_t i = 0; i < width; i++)
		at[i] = (uint8_t)(value >> 8 * (width - 1 - i));
	parts->used += width;
	add_bytes(parts, bytes_of(at, width));
}

static void
start_parts(struct parts *parts, const struct identity_channel *channel)
{
	parts->count = 0;
	parts->used = 0;
	add_bytes(parts, bytes_of(channel->pin, sizeof(channel->pin)));
	add_bytes(parts, bytes_of(channel->binding, sizeof(channel->binding)));
}

static void
parts_of_account(struct parts *parts, const struct identity_channel *channel, uint64_t uid)
{
	start_parts(parts, channel);
	add_number(parts, uid, 8);
}

static void
parts_of_register(struct parts *parts, const struct identity_channel *channel,
    const struct msg_register *message)
{
	start_parts(parts, channel);
	add_bytes(parts, message->name);
	add_bytes(parts, message->display);
	add_bytes(parts, message->salt);
	add_number(parts, message->ops, 4);
	add_number(parts, message->memory_kib, 4);
	add_bytes(parts, message->secret);
	add_bytes(parts, message->identity);
	add_bytes(parts, message->wrapped_key);
	add_bytes(parts, message->bundle);
}

static void
parts_of_bundle(struct parts *parts, const struct identity_channel *channel, uint64_t uid,
    const struct msg_bundle *message)
{
	parts_of_account(parts, channel, uid);
	add_number(parts, message->version, 8);
	add_bytes(parts, message->wrapped_key);
	add_bytes(parts, message->bundle);
}

void
identity_sign_login(const struct identity *identity, const struct identity_channel *channel,
    uint64_t uid, uint8_t signature[IDENTITY_SIGNATURE_SIZE])
{
	struct parts parts;

	parts_of_account(&parts, channel, uid);
	identity_sign(identity, "login", parts.list, parts.count, signature);
}

bool
identity_verify_login(const uint8_t public_key[IDENTITY_KEY_SIZE],
    const struct identity_channel *channel, uint64_t uid,
    const uint8_t signature[IDENTITY_SIGNATURE_SIZE])
{
	struct parts parts;

	parts_of_account(&parts, channel, uid);
	return identity_verify(public_key, "login", parts.list, parts.count, signature);
}

void
identity_sign_delete(const struct identity *identity, const struct identity_channel *channel,
    uint64_t uid, uint8_t signature[IDENTITY_SIGNATURE_SIZE])
{
	struct parts parts;

	parts_of_account(&parts, channel, uid);
	identity_sign(identity, "delete", parts.list, parts.count, signature);
}

bool
identity_verify_delete(const uint8_t public_key[IDENTITY_KEY_SIZE],
    const struct identity_channel *channel, uint64_t uid,
    const uint8_t signature[IDENTITY_SIGNATURE_SIZE])
{
	struct parts parts;

	parts_of_account(&parts, channel, uid);
	return identity_verify(public_key, "delete", parts.list, parts.count, signature);
}

void
identity_sign_register(const struct identity *identity, const struct identity_channel *channel,
    const struct msg_register *message, uint8_t signature[IDENTITY_SIGNATURE_SIZE])
{
	struct parts parts;

	parts_of_register(&parts, channel, message);
	identity_sign(identity, "register", parts.list, parts.count, signature);
}

bool
identity_verify_register(const struct identity_channel *channel,
    const struct msg_register *message)
{
	struct parts parts;

	assert(message->identity.len == IDENTITY_KEY_SIZE);
	assert(message->signature.len == IDENTITY_SIGNATURE_SIZE);
	parts_of_register(&parts, channel, message);
	return identity_verify(message->identity.data, "register", parts.list, parts.count,
	    message->signature.data);
}

void
identity_sign_bundle(const struct identity *identity, const struct identity_channel *channel,
    uint64_t uid, const struct msg_bundle *message, uint8_t signature[IDENTITY_SIGNATURE_SIZE])
{
	struct parts parts;

	parts_of_bundle(&parts, channel, uid, message);
	identity_sign(identity, "bundle", parts.list, parts.count, signature);
}

bool
identity_verify_bundle(const uint8_t public_key[IDENTITY_KEY_SIZE],
    const struct identity_channel *channel, uint64_t uid, const struct msg_bundle *message)
{
	struct parts parts;

	assert(message->signature.len == IDENTITY_SIGNATURE_SIZE);
	parts_of_bundle(&parts, channel, uid, message);
	return identity_verify(public_key, "bundle", parts.list, parts.count,
	    message->signature.data);
}
