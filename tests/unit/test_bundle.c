/* SPDX-License-Identifier: ISC */
/* A bundle opens with its own keys, as its own version, unchanged in every bit; and in no other
 * way. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#include "shared/bundle.h"
#include "shared/compiler.h"
#include "shared/mem.h"
#include "shared/wire.h"

static const uint8_t seed[IDENTITY_SEED_SIZE] = { 11, 12 };
static const uint8_t key[CRYPTO_KEY_SIZE] = { 21, 22 };
static const uint8_t wrapping_key[CRYPTO_KEY_SIZE] = { 31, 32 };
static const uint8_t wrong_key[CRYPTO_KEY_SIZE] = { 31, 33 };

struct sealed {
	uint8_t bundle[BUNDLE_SEALED_MAX];
	size_t len;
	uint8_t wrapped[BUNDLE_WRAPPED_SIZE];
};

static struct bytes
bundle_of(const struct sealed *sealed)
{
	return bytes_of(sealed->bundle, sealed->len);
}

static void
seal(struct sealed *sealed, uint64_t version)
{
	struct identity identity;
	struct bundle bundle;

	identity_init_from_seed(&identity, seed);
	bundle_init(&bundle, seed);
	assert_int_equal(bundle_seal(&bundle, key, version, sealed->bundle, &sealed->len),
	    STATUS_OK);
	bundle_wrap_key(key, wrapping_key, identity.public_key, sealed->wrapped);
	bundle_clear(&bundle);
	identity_clear(&identity);
}

static enum status
unwrap(const struct sealed *sealed, const uint8_t *with, uint8_t out[CRYPTO_KEY_SIZE])
{
	return bundle_unwrap_key(bytes_of(sealed->wrapped, sizeof(sealed->wrapped)),
	    bundle_of(sealed), with, out);
}

static enum status
open_as(struct bytes bytes, const uint8_t *with, uint64_t version)
{
	struct bundle bundle;
	enum status status = bundle_open(bytes, with, version, &bundle);

	bundle_clear(&bundle);
	return status;
}

static void
opens_with_the_password_s_key(void **state UNUSED)
{
	struct bundle bundle;
	struct sealed sealed;
	uint8_t opened[CRYPTO_KEY_SIZE];

	seal(&sealed, 7);
	assert_int_equal(unwrap(&sealed, wrapping_key, opened), STATUS_OK);
	assert_memory_equal(opened, key, sizeof(key));
	assert_int_equal(bundle_open(bundle_of(&sealed), opened, 7, &bundle), STATUS_OK);
	assert_memory_equal(bundle.seed, seed, sizeof(seed));
	assert_int_equal(bundle.others_len, 0);
	bundle_clear(&bundle);
}

static void
wrong_keys_open_nothing(void **state UNUSED)
{
	static const uint8_t zeros[CRYPTO_KEY_SIZE];
	struct sealed sealed;
	uint8_t opened[CRYPTO_KEY_SIZE] = { 1 };

	seal(&sealed, 7);
	assert_int_equal(unwrap(&sealed, wrong_key, opened), STATUS_WRONG_PROOF);
	assert_memory_equal(opened, zeros, sizeof(zeros));
	assert_int_equal(open_as(bundle_of(&sealed), wrong_key, 7), STATUS_BAD_VALUE);
}

static void
another_version_is_refused(void **state UNUSED)
{
	struct sealed sealed;

	seal(&sealed, 7);
	assert_int_equal(open_as(bundle_of(&sealed), key, 7), STATUS_OK);
	assert_int_equal(open_as(bundle_of(&sealed), key, 6), STATUS_BAD_VALUE);
	assert_int_equal(open_as(bundle_of(&sealed), key, 8), STATUS_BAD_VALUE);
}

static void
every_bit_counts(void **state UNUSED)
{
	struct sealed sealed;
	uint8_t opened[CRYPTO_KEY_SIZE];

	seal(&sealed, 1);
	for (size_t bit = 0; bit < 8 * sealed.len; bit++) {
		sealed.bundle[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(open_as(bundle_of(&sealed), key, 1), STATUS_BAD_VALUE);
		sealed.bundle[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof(sealed.wrapped); bit++) {
		sealed.wrapped[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(unwrap(&sealed, wrapping_key, opened), STATUS_WRONG_PROOF);
		sealed.wrapped[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void
every_length_but_its_own_is_refused(void **state UNUSED)
{
	struct sealed sealed;
	uint8_t opened[CRYPTO_KEY_SIZE];

	seal(&sealed, 1);
	for (size_t len = 0; len < sealed.len; len++)
		assert_int_equal(open_as(bytes_of(sealed.bundle, len), key, 1), STATUS_BAD_VALUE);
	sealed.bundle[sealed.len] = 0;
	assert_int_equal(open_as(bytes_of(sealed.bundle, sealed.len + 1), key, 1),
	    STATUS_BAD_VALUE);
	assert_int_equal(open_as(bytes_of(sealed.bundle, sizeof(sealed.bundle)), key, 1),
	    STATUS_BAD_VALUE);
	assert_int_equal(bundle_unwrap_key(bytes_of(sealed.wrapped, sizeof(sealed.wrapped) - 1),
			     bundle_of(&sealed), wrapping_key, opened),
	    STATUS_BAD_VALUE);
	assert_int_equal(bundle_unwrap_key(bytes_of(sealed.wrapped, sizeof(sealed.wrapped)),
			     bytes_of(sealed.bundle, 10), wrapping_key, opened),
	    STATUS_BAD_VALUE);
}

/* The wrapped key of one identity does not open beside the bundle of another. */
static void
a_wrapped_key_belongs_to_its_identity(void **state UNUSED)
{
	static const uint8_t other_seed[IDENTITY_SEED_SIZE] = { 99 };
	struct sealed sealed, other;
	struct bundle bundle;
	uint8_t opened[CRYPTO_KEY_SIZE];

	seal(&sealed, 1);
	bundle_init(&bundle, other_seed);
	assert_int_equal(bundle_seal(&bundle, key, 1, other.bundle, &other.len), STATUS_OK);
	bundle_clear(&bundle);
	memcpy(other.wrapped, sealed.wrapped, sizeof(other.wrapped));
	assert_int_equal(unwrap(&other, wrapping_key, opened), STATUS_WRONG_PROOF);
}

static void
the_size_tells_little(void **state UNUSED)
{
	uint8_t others[] = { 0x12, 0x34, 0, 3, 'a', 'b', 'c' };
	struct sealed sealed;
	struct bundle bundle;
	size_t len;

	seal(&sealed, 1);
	len = sealed.len;
	bundle_init(&bundle, seed);
	bundle.others = others;
	bundle.others_len = sizeof(others);
	assert_int_equal(bundle_seal(&bundle, key, 1, sealed.bundle, &sealed.len), STATUS_OK);
	assert_int_equal(sealed.len, len);
}

/*
 * A newer version's entries come back as they were, however often this version rewrites them.
 */
static void
unknown_entries_are_kept(void **state UNUSED)
{
	uint8_t others[] = { 0x12, 0x34, 0, 3, 'a', 'b', 'c', 0xff, 0xff, 0, 0 };
	struct sealed sealed;
	struct bundle bundle;

	bundle_init(&bundle, seed);
	bundle.others = others;
	bundle.others_len = sizeof(others);
	assert_int_equal(bundle_seal(&bundle, key, 1, sealed.bundle, &sealed.len), STATUS_OK);
	for (uint64_t version = 1; version < 4; version++) {
		assert_int_equal(bundle_open(bundle_of(&sealed), key, version, &bundle),
		    STATUS_OK);
		assert_int_equal(bundle.others_len, sizeof(others));
		assert_memory_equal(bundle.others, others, sizeof(others));
		assert_int_equal(bundle_seal(&bundle, key, version + 1, sealed.bundle,
				     &sealed.len),
		    STATUS_OK);
		bundle_clear(&bundle);
	}
}

/* The largest that fits, and one byte more. */
static void
too_much_is_refused(void **state UNUSED)
{
	enum { ROOM = 127 * 256 - 4 - 36 };
	uint8_t *others = mem_new(ROOM + 1);
	struct wire wire = wire_writer(others, 4);
	struct sealed sealed;
	struct bundle bundle;

	wire_put_u16(&wire, 2);
	wire_put_u16(&wire, ROOM - 4);
	bundle_init(&bundle, seed);
	bundle.others = others;
	bundle.others_len = ROOM;
	assert_int_equal(bundle_seal(&bundle, key, 1, sealed.bundle, &sealed.len), STATUS_OK);
	assert_int_equal(sealed.len, 127 * 256 + 73);
	assert_int_equal(open_as(bundle_of(&sealed), key, 1), STATUS_OK);
	bundle.others_len = ROOM + 1;
	assert_int_equal(bundle_seal(&bundle, key, 1, sealed.bundle, &sealed.len),
	    STATUS_TOO_LONG);
	assert_int_equal(sealed.len, 0);
	free(others);
}

/* Seals any content the way bundle_seal() does: what somebody with the key could have made. */
static size_t
seal_content(struct bytes content, uint8_t out[BUNDLE_SEALED_MAX])
{
	struct wire wire = wire_writer(out, BUNDLE_SEALED_MAX), bound;
	struct identity identity;
	uint8_t nonce[24] = { 5 }, binding[64];

	identity_init_from_seed(&identity, seed);
	bound = wire_writer(binding, sizeof(binding));
	wire_put_raw(&bound, bytes_of_string("tingyu/1 bundle"));
	wire_put_raw(&bound, bytes_of(identity.public_key, sizeof(identity.public_key)));
	wire_put_u64(&bound, 1);
	wire_put_u8(&wire, 1);
	wire_put_raw(&wire, bytes_of(identity.public_key, sizeof(identity.public_key)));
	wire_put_raw(&wire, bytes_of(nonce, sizeof(nonce)));
	crypto_aead_xchacha20poly1305_ietf_encrypt(out + wire.position, NULL, content.data,
	    content.len, binding, bound.position, NULL, nonce, key);
	return wire.position + content.len + 16;
}

static enum status
open_content(struct bytes content)
{
	uint8_t sealed[BUNDLE_SEALED_MAX];
	size_t len = seal_content(content, sealed);

	return open_as(bytes_of(sealed, len), key, 1);
}

static void
contents_that_are_none_are_refused(void **state UNUSED)
{
	uint8_t content[128] = { 0 };
	struct wire wire = wire_writer(content, sizeof(content));

	wire_put_u16(&wire, 1);
	wire_put_blob(&wire, bytes_of(seed, sizeof(seed)));
	assert_int_equal(open_content(bytes_of(content, 36)), STATUS_OK);

	/* No seed; half a seed; a seed that is cut; bytes after the last entry. */
	assert_int_equal(open_content(bytes_of(content, 0)), STATUS_BAD_VALUE);
	content[3] = 16;
	assert_int_equal(open_content(bytes_of(content, 20)), STATUS_BAD_VALUE);
	content[3] = 32;
	assert_int_equal(open_content(bytes_of(content, 35)), STATUS_BAD_VALUE);
	assert_int_equal(open_content(bytes_of(content, 39)), STATUS_BAD_VALUE);
	/* Two seeds. */
	wire_put_u16(&wire, 1);
	wire_put_blob(&wire, bytes_of(seed, sizeof(seed)));
	assert_int_equal(open_content(bytes_of(content, 72)), STATUS_BAD_VALUE);
	/* The seed of another identity than the header says. */
	content[10] ^= 1;
	assert_int_equal(open_content(bytes_of(content, 36)), STATUS_BAD_VALUE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_with_the_password_s_key),
		cmocka_unit_test(wrong_keys_open_nothing),
		cmocka_unit_test(another_version_is_refused),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(every_length_but_its_own_is_refused),
		cmocka_unit_test(a_wrapped_key_belongs_to_its_identity),
		cmocka_unit_test(the_size_tells_little),
		cmocka_unit_test(unknown_entries_are_kept),
		cmocka_unit_test(too_much_is_refused),
		cmocka_unit_test(contents_that_are_none_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
