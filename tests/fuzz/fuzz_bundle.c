/* SPDX-License-Identifier: ISC */
/*
 * Foreign bytes as a bundle, in two ways: as they came, which the seal has to refuse, and as
 * the content of a seal that holds, to get at the reader behind it. What opens can be sealed
 * and opened again and says the same.
 */

#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/bundle.h"
#include "shared/wire.h"

static const uint8_t key[CRYPTO_KEY_SIZE] = { 21, 22 };
static const uint8_t seed[IDENTITY_SEED_SIZE] = { 11, 12 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_round_trip(struct bytes sealed)
{
	static uint8_t room[BUNDLE_SEALED_MAX];
	struct bundle first, second;
	size_t len;

	if (bundle_open(sealed, key, 1, &first) == STATUS_OK &&
	    bundle_seal(&first, key, 2, room, &len) == STATUS_OK) {
		if (bundle_open(bytes_of(room, len), key, 2, &second) != STATUS_OK ||
		    memcmp(first.seed, second.seed, sizeof(first.seed)) != 0 ||
		    !bytes_equal(bytes_of(first.others, first.others_len),
			bytes_of(second.others, second.others_len)))
			abort();
		bundle_clear(&second);
	}
	bundle_clear(&first);
}

/* A seal that holds around any content; kept in step with bundle_seal() by test_bundle. */
static void
check_content(const uint8_t *data, size_t size)
{
	static uint8_t room[BUNDLE_SEALED_MAX];
	uint8_t nonce[24] = { 5 }, binding[64];
	struct wire wire = wire_writer(room, sizeof(room));
	struct wire bound = wire_writer(binding, sizeof(binding));
	struct identity identity;

	if (size > 127 * 256)
		return;
	identity_init_from_seed(&identity, seed);
	wire_put_raw(&bound, bytes_of_string("tingyu/1 bundle"));
	wire_put_raw(&bound, bytes_of(identity.public_key, sizeof(identity.public_key)));
	wire_put_u64(&bound, 1);
	wire_put_u8(&wire, 1);
	wire_put_raw(&wire, bytes_of(identity.public_key, sizeof(identity.public_key)));
	wire_put_raw(&wire, bytes_of(nonce, sizeof(nonce)));
	crypto_aead_xchacha20poly1305_ietf_encrypt(room + wire.position, NULL, data, size,
	    binding, bound.position, NULL, nonce, key);
	check_round_trip(bytes_of(room, wire.position + size + 16));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t unwrapped[CRYPTO_KEY_SIZE];

	check_round_trip(bytes_of(data, size));
	check_content(data, size);
	if (size >= BUNDLE_WRAPPED_SIZE &&
	    bundle_unwrap_key(bytes_of(data, BUNDLE_WRAPPED_SIZE),
		bytes_of(data + BUNDLE_WRAPPED_SIZE, size - BUNDLE_WRAPPED_SIZE), key,
		unwrapped) == STATUS_OK)
		abort();
	return 0;
}
