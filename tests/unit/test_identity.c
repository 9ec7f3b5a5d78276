/* SPDX-License-Identifier: ISC */
/* A signature means one act, one account, one server and one connection, and nothing else. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/identity.h"
#include "shared/str.h"

static const uint8_t seed[IDENTITY_SEED_SIZE] = { 1, 2, 3, 4, 5 };
static const struct identity_channel channel = { .pin = { 6, 7 }, .binding = { 8, 9 } };

/* RFC 8032, 7.1, test 1. */
static void
the_key_is_the_one_of_the_seed(void **state UNUSED)
{
	static const char rfc_seed[] =
	    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
	uint8_t secret[IDENTITY_SEED_SIZE];
	struct identity identity;
	char hex[2 * IDENTITY_KEY_SIZE + 1];

	assert_true(str_from_hex(bytes_of_string(rfc_seed), secret, sizeof(secret)));
	identity_init_from_seed(&identity, secret);
	str_to_hex(bytes_of(identity.public_key, sizeof(identity.public_key)), hex);
	assert_string_equal(hex,
	    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
	assert_memory_equal(identity.secret_key, secret, sizeof(secret));
}

static void
new_ones_differ_and_clearing_wipes(void **state UNUSED)
{
	static const struct identity zeros;
	struct identity one, two;

	identity_init(&one);
	identity_init(&two);
	assert_memory_not_equal(&one, &two, sizeof(one));
	identity_clear(&one);
	assert_memory_equal(&one, &zeros, sizeof(one));
}

/*
 * Made with hashlib and the cryptography package of Python, from the bytes as
 * tingyu-protocol(7) describes them.
 */
static void
a_login_is_what_others_sign(void **state UNUSED)
{
	struct identity identity;
	uint8_t signature[IDENTITY_SIGNATURE_SIZE];
	char hex[2 * IDENTITY_SIGNATURE_SIZE + 1];

	identity_init_from_seed(&identity, seed);
	identity_sign_login(&identity, &channel, 15, signature);
	str_to_hex(bytes_of(signature, sizeof(signature)), hex);
	assert_string_equal(hex,
	    "bb17431f8b1e81f170642cc9a9cf9bf520a5a49ccfda67eaecf419dfd06ca1a2"
	    "f08118bb4563e9cae38a4ae39670ffc6a3119e7268f5ca9ab9b61ab712d8f40e");
}

static void
only_the_very_same_login_verifies(void **state UNUSED)
{
	struct identity_channel other = channel;
	struct identity identity, stranger;
	uint8_t signature[IDENTITY_SIGNATURE_SIZE];

	identity_init_from_seed(&identity, seed);
	identity_init(&stranger);
	identity_sign_login(&identity, &channel, 15, signature);
	assert_true(identity_verify_login(identity.public_key, &channel, 15, signature));

	assert_false(identity_verify_login(identity.public_key, &channel, 16, signature));
	assert_false(identity_verify_login(stranger.public_key, &channel, 15, signature));
	other.pin[31] ^= 1;
	assert_false(identity_verify_login(identity.public_key, &other, 15, signature));
	other = channel;
	other.binding[0] ^= 1;
	assert_false(identity_verify_login(identity.public_key, &other, 15, signature));
	for (unsigned bit = 0; bit < 8 * sizeof(signature); bit++) {
		signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(identity_verify_login(identity.public_key, &channel, 15, signature));
		signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void
one_act_is_not_another(void **state UNUSED)
{
	struct identity identity;
	uint8_t login[IDENTITY_SIGNATURE_SIZE], erase[IDENTITY_SIGNATURE_SIZE];

	identity_init_from_seed(&identity, seed);
	identity_sign_login(&identity, &channel, 15, login);
	identity_sign_delete(&identity, &channel, 15, erase);
	assert_true(identity_verify_delete(identity.public_key, &channel, 15, erase));
	assert_false(identity_verify_delete(identity.public_key, &channel, 15, login));
	assert_false(identity_verify_login(identity.public_key, &channel, 15, erase));
}

/*
 * Bytes that move from one part into the next, or from a part into the type, are another
 * object.
 */
static void
borders_between_parts_count(void **state UNUSED)
{
	const struct bytes one[] = { bytes_of_string("ab"), bytes_of_string("c") };
	const struct bytes two[] = { bytes_of_string("a"), bytes_of_string("bc") };
	const struct bytes joined[] = { bytes_of_string("abc") };
	const struct bytes with_empty[] = { bytes_of_string("ab"), bytes_of_string("c"),
		bytes_of_string("") };
	struct identity identity;
	uint8_t signature[IDENTITY_SIGNATURE_SIZE];

	identity_init_from_seed(&identity, seed);
	identity_sign(&identity, "x", one, ARRAY_LEN(one), signature);
	assert_true(identity_verify(identity.public_key, "x", one, 2, signature));
	assert_false(identity_verify(identity.public_key, "x", two, 2, signature));
	assert_false(identity_verify(identity.public_key, "x", joined, 1, signature));
	assert_false(identity_verify(identity.public_key, "x", with_empty, 3, signature));
	assert_false(identity_verify(identity.public_key, "xab", one + 1, 1, signature));
	assert_false(identity_verify(identity.public_key, "y", one, 2, signature));
}

static struct msg_register
registration(const struct identity *identity)
{
	static const uint8_t some[72] = { 1 };

	return (struct msg_register){
		.request = 1,
		.name = bytes_of_string("alice"),
		.display = bytes_of_string("Alice"),
		.salt = bytes_of(some, 16),
		.ops = 3,
		.memory_kib = 65536,
		.secret = bytes_of(some, 32),
		.identity = bytes_of(identity->public_key, sizeof(identity->public_key)),
		.wrapped_key = bytes_of(some, 72),
		.bundle = bytes_of(some, 5),
	};
}

static void
a_registration_holds_every_field(void **state UNUSED)
{
	struct identity identity, stranger;
	struct identity_channel elsewhere = channel;
	uint8_t signature[IDENTITY_SIGNATURE_SIZE];
	struct msg_register good, bad;

	identity_init_from_seed(&identity, seed);
	identity_init(&stranger);
	good = registration(&identity);
	identity_sign_register(&identity, &channel, &good, signature);
	good.signature = bytes_of(signature, sizeof(signature));
	assert_true(identity_verify_register(&channel, &good));

	/* The number of the request is chosen anew when it is repeated. */
	bad = good;
	bad.request = 2;
	assert_true(identity_verify_register(&channel, &bad));

	elsewhere.binding[5] ^= 1;
	assert_false(identity_verify_register(&elsewhere, &good));
#define CHANGED(field, value) \
	do { \
		bad = good; \
		bad.field = value; \
		assert_false(identity_verify_register(&channel, &bad)); \
	} while (0)
	CHANGED(name, bytes_of_string("alicE"));
	CHANGED(display, bytes_of_string(""));
	CHANGED(salt, bytes_of((const uint8_t *)good.salt.data + 1, 16));
	CHANGED(ops, 2);
	CHANGED(memory_kib, 19456);
	CHANGED(secret, bytes_of((const uint8_t *)good.salt.data + 1, 32));
	CHANGED(identity, bytes_of(stranger.public_key, sizeof(stranger.public_key)));
	CHANGED(wrapped_key, bytes_of(seed, 32));
	CHANGED(bundle, bytes_of(seed, 6));
#undef CHANGED
}

static void
a_bundle_holds_account_and_version(void **state UNUSED)
{
	static const uint8_t wrapped[72] = { 1 };
	struct msg_bundle good = { .request = 9,
		.version = 4,
		.wrapped_key = bytes_of(wrapped, sizeof(wrapped)),
		.bundle = bytes_of_string("bundle") },
			  bad;
	struct identity identity;
	uint8_t signature[IDENTITY_SIGNATURE_SIZE];

	identity_init_from_seed(&identity, seed);
	identity_sign_bundle(&identity, &channel, 15, &good, signature);
	good.signature = bytes_of(signature, sizeof(signature));
	assert_true(identity_verify_bundle(identity.public_key, &channel, 15, &good));
	assert_false(identity_verify_bundle(identity.public_key, &channel, 16, &good));
	bad = good;
	bad.version = 5;
	assert_false(identity_verify_bundle(identity.public_key, &channel, 15, &bad));
	bad = good;
	bad.bundle.len--;
	assert_false(identity_verify_bundle(identity.public_key, &channel, 15, &bad));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_key_is_the_one_of_the_seed),
		cmocka_unit_test(new_ones_differ_and_clearing_wipes),
		cmocka_unit_test(a_login_is_what_others_sign),
		cmocka_unit_test(only_the_very_same_login_verifies),
		cmocka_unit_test(one_act_is_not_another),
		cmocka_unit_test(borders_between_parts_count),
		cmocka_unit_test(a_registration_holds_every_field),
		cmocka_unit_test(a_bundle_holds_account_and_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
