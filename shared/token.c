/* SPDX-License-Identifier: ISC */
#include "shared/token.h"

#include <sodium.h>

#include "shared/mem.h"
#include "shared/wire.h"

enum {
	TOKEN_FORMAT = 1,
	TOKEN_MAC_SIZE = 32,
	TOKEN_CLAIM_SIZE = 1 + 4 + 8 + 4 + 8,
	DAY_SECONDS = 24 * 3600,
};
_Static_assert(TOKEN_SIZE == TOKEN_CLAIM_SIZE + TOKEN_MAC_SIZE,
    "format, day, uid, epoch, expiry, mac");

static void
make_mac(const uint8_t cluster_key[CRYPTO_KEY_SIZE], uint32_t day,
    const uint8_t claim[TOKEN_CLAIM_SIZE], uint8_t mac[TOKEN_MAC_SIZE])
{
	uint8_t key[CRYPTO_KEY_SIZE];

	crypto_derive_key(cluster_key, "tytokens", day, key);
	crypto_generichash(mac, TOKEN_MAC_SIZE, claim, TOKEN_CLAIM_SIZE, key, sizeof(key));
	mem_wipe(key, sizeof(key));
}

void
token_make(const uint8_t cluster_key[CRYPTO_KEY_SIZE], const struct token *token, uint64_t now,
    uint8_t out[TOKEN_SIZE])
{
	struct wire wire = wire_writer(out, TOKEN_CLAIM_SIZE);
	uint32_t day = (uint32_t)(now / DAY_SECONDS);

	wire_put_u8(&wire, TOKEN_FORMAT);
	wire_put_u32(&wire, day);
	wire_put_u64(&wire, token->uid);
	wire_put_u32(&wire, token->epoch);
	wire_put_u64(&wire, token->expires);
	make_mac(cluster_key, day, out, out + TOKEN_CLAIM_SIZE);
}

static bool
day_counts(uint32_t day, uint64_t now)
{
	uint64_t today = now / DAY_SECONDS;

	return (uint64_t)day + 1 >= today && day <= today + 1;
}

enum status
token_check(const uint8_t cluster_key[CRYPTO_KEY_SIZE], struct bytes bytes, uint64_t now,
    struct token *out)
{
	struct wire wire = wire_reader(bytes);
	uint8_t mac[TOKEN_MAC_SIZE];
	struct token claim;
	uint8_t format;
	uint32_t day;

	memset(out, 0, sizeof(*out));
	format = wire_get_u8(&wire);
	day = wire_get_u32(&wire);
	claim.uid = wire_get_u64(&wire);
	claim.epoch = wire_get_u32(&wire);
	claim.expires = wire_get_u64(&wire);
	if (bytes.len != TOKEN_SIZE || format != TOKEN_FORMAT || !day_counts(day, now))
		return STATUS_BAD_TOKEN;
	make_mac(cluster_key, day, bytes.data, mac);
	if (!crypto_equal(mac, (const uint8_t *)bytes.data + TOKEN_CLAIM_SIZE, sizeof(mac)))
		return STATUS_BAD_TOKEN;
	if (claim.expires <= now)
		return STATUS_BAD_TOKEN;
	*out = claim;
	return STATUS_OK;
}
