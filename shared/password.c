/* SPDX-License-Identifier: ISC */
#include "shared/password.h"

#include <sodium.h>

#include "shared/mem.h"

_Static_assert((int)PASSWORD_SALT_SIZE == (int)crypto_pwhash_SALTBYTES, "salt of Argon2id");

void
password_cost_init(struct password_cost *cost)
{
	crypto_random(cost->salt, sizeof(cost->salt));
	cost->ops = PASSWORD_OPS_DEFAULT;
	cost->memory_kib = PASSWORD_MEMORY_DEFAULT;
}

bool
password_cost_is_allowed(const struct password_cost *cost)
{
	return cost->ops >= PASSWORD_OPS_MIN && cost->ops <= PASSWORD_OPS_MAX &&
	    cost->memory_kib >= PASSWORD_MEMORY_MIN && cost->memory_kib <= PASSWORD_MEMORY_MAX;
}

static enum status
check_input(struct bytes password, const struct password_cost *cost)
{
	if (password.len < PASSWORD_LEN_MIN)
		return STATUS_TOO_SHORT;
	if (password.len > PASSWORD_LEN_MAX)
		return STATUS_TOO_LONG;
	return password_cost_is_allowed(cost) ? STATUS_OK : STATUS_BAD_VALUE;
}

enum status
password_derive(struct bytes password, const struct password_cost *cost,
    struct password_keys *out)
{
	uint8_t both[PASSWORD_SECRET_SIZE + CRYPTO_KEY_SIZE];
	enum status status = check_input(password, cost);
	int failed;

	memset(out, 0, sizeof(*out));
	if (status != STATUS_OK)
		return status;
	crypto_start();
	failed = crypto_pwhash(both, sizeof(both), password.data, password.len, cost->salt,
	    cost->ops, (size_t)cost->memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13);
	if (failed)
		return STATUS_NO_MEMORY;
	memcpy(out->secret, both, sizeof(out->secret));
	memcpy(out->wrapping_key, both + sizeof(out->secret), sizeof(out->wrapping_key));
	mem_wipe(both, sizeof(both));
	return STATUS_OK;
}

void
password_keys_clear(struct password_keys *keys)
{
	mem_wipe(keys, sizeof(*keys));
}

void
password_hash(const uint8_t cluster_key[CRYPTO_KEY_SIZE], const uint8_t salt[PASSWORD_SALT_SIZE],
    const uint8_t secret[PASSWORD_SECRET_SIZE], uint8_t out[PASSWORD_HASH_SIZE])
{
	uint8_t key[CRYPTO_KEY_SIZE], input[PASSWORD_SALT_SIZE + PASSWORD_SECRET_SIZE];

	crypto_derive_key(cluster_key, "tysecret", 1, key);
	memcpy(input, salt, PASSWORD_SALT_SIZE);
	memcpy(input + PASSWORD_SALT_SIZE, secret, PASSWORD_SECRET_SIZE);
	crypto_generichash(out, PASSWORD_HASH_SIZE, input, sizeof(input), key, sizeof(key));
	mem_wipe(input, sizeof(input));
	mem_wipe(key, sizeof(key));
}

bool
password_hash_matches(const uint8_t cluster_key[CRYPTO_KEY_SIZE],
    const uint8_t salt[PASSWORD_SALT_SIZE], const uint8_t secret[PASSWORD_SECRET_SIZE],
    const uint8_t hash[PASSWORD_HASH_SIZE])
{
	uint8_t computed[PASSWORD_HASH_SIZE];
	bool same;

	password_hash(cluster_key, salt, secret, computed);
	same = crypto_equal(computed, hash, sizeof(computed));
	mem_wipe(computed, sizeof(computed));
	return same;
}
