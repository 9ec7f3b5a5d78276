/* SPDX-License-Identifier: ISC */
/*
 * Passwords become the same keys everywhere, and only at a price that lies within the bounds.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/password.h"
#include "shared/str.h"

static struct password_cost
cheap(void)
{
	struct password_cost cost = { .ops = PASSWORD_OPS_MIN,
		.memory_kib = PASSWORD_MEMORY_MIN };

	memset(cost.salt, 7, sizeof(cost.salt));
	return cost;
}

static struct password_keys
derive(const char *password, const struct password_cost *cost)
{
	struct password_keys keys;

	assert_int_equal(password_derive(bytes_of_string(password), cost, &keys), STATUS_OK);
	return keys;
}

/* Made with the Argon2id of the cryptography package of Python: 64 bytes, cut in half. */
static void
keys_are_what_others_compute(void **state UNUSED)
{
	static const char expected[] =
	    "05efb3b5b2fdb74c2974c1176d678a08ce92621a1e35da7203c342d4426a8879"
	    "d2a050408f419d72b4f41273008d5a935d680ac8d2decb1f0384cec972150c49";
	struct password_cost cost = cheap();
	struct password_keys keys;
	char hex[2 * sizeof(keys) + 1];

	memcpy(cost.salt, "0123456789abcdef", sizeof(cost.salt));
	keys = derive("correct horse", &cost);
	str_to_hex(bytes_of(keys.secret, sizeof(keys.secret)), hex);
	str_to_hex(bytes_of(keys.wrapping_key, sizeof(keys.wrapping_key)),
	    hex + 2 * sizeof(keys.secret));
	assert_string_equal(hex, expected);
}

static void
everything_counts(void **state UNUSED)
{
	struct password_cost cost = cheap(), other;
	struct password_keys keys = derive("one", &cost), changed;

	changed = derive("One", &cost);
	assert_memory_not_equal(&keys, &changed, sizeof(keys));
	other = cost;
	other.salt[15] ^= 1;
	changed = derive("one", &other);
	assert_memory_not_equal(&keys, &changed, sizeof(keys));
	other = cost;
	other.ops++;
	changed = derive("one", &other);
	assert_memory_not_equal(&keys, &changed, sizeof(keys));
	other = cost;
	other.memory_kib += 8;
	changed = derive("one", &other);
	assert_memory_not_equal(&keys, &changed, sizeof(keys));
	assert_memory_not_equal(keys.secret, keys.wrapping_key, sizeof(keys.secret));
	password_keys_clear(&keys);
	memset(&changed, 0, sizeof(changed));
	assert_memory_equal(&keys, &changed, sizeof(keys));
}

static void
costs_out_of_bounds_are_refused(void **state UNUSED)
{
	static const struct {
		uint32_t ops, memory_kib;
		bool is_allowed;
	} cases[] = {
		{ 2, 19 * 1024, true },
		{ 8, 256 * 1024, true },
		{ PASSWORD_OPS_DEFAULT, PASSWORD_MEMORY_DEFAULT, true },
		{ 1, 64 * 1024, false },
		{ 0, 64 * 1024, false },
		{ 9, 64 * 1024, false },
		{ UINT32_MAX, 64 * 1024, false },
		{ 3, 19 * 1024 - 1, false },
		{ 3, 0, false },
		{ 3, 256 * 1024 + 1, false },
		{ 3, UINT32_MAX, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct password_cost cost = { .ops = cases[i].ops,
			.memory_kib = cases[i].memory_kib };
		struct password_keys keys, zeros = { 0 };

		assert_int_equal(password_cost_is_allowed(&cost), cases[i].is_allowed);
		if (cases[i].is_allowed)
			continue;
		memset(&keys, 1, sizeof(keys));
		assert_int_equal(password_derive(bytes_of_string("x"), &cost, &keys),
		    STATUS_BAD_VALUE);
		assert_memory_equal(&keys, &zeros, sizeof(keys));
	}
}

static void
length_is_bounded(void **state UNUSED)
{
	char password[PASSWORD_LEN_MAX + 1];
	struct password_cost cost = cheap();
	struct password_keys keys;

	memset(password, 'p', sizeof(password));
	assert_int_equal(password_derive(bytes_of(password, 0), &cost, &keys), STATUS_TOO_SHORT);
	assert_int_equal(password_derive(bytes_of(password, sizeof(password)), &cost, &keys),
	    STATUS_TOO_LONG);
	assert_int_equal(password_derive(bytes_of(password, PASSWORD_LEN_MAX), &cost, &keys),
	    STATUS_OK);
}

static void
new_accounts_have_their_own_salt(void **state UNUSED)
{
	struct password_cost one, two;

	password_cost_init(&one);
	password_cost_init(&two);
	assert_true(password_cost_is_allowed(&one));
	assert_memory_not_equal(one.salt, two.salt, sizeof(one.salt));
}

static void
the_hash_knows_its_secret(void **state UNUSED)
{
	uint8_t cluster_key[CRYPTO_KEY_SIZE] = { 1 }, salt[PASSWORD_SALT_SIZE] = { 2 };
	uint8_t secret[PASSWORD_SECRET_SIZE] = { 3 }, hash[PASSWORD_HASH_SIZE];

	password_hash(cluster_key, salt, secret, hash);
	assert_true(password_hash_matches(cluster_key, salt, secret, hash));
	for (unsigned bit = 0; bit < 8 * sizeof(hash); bit++) {
		hash[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(password_hash_matches(cluster_key, salt, secret, hash));
		hash[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	secret[31] ^= 0x80;
	assert_false(password_hash_matches(cluster_key, salt, secret, hash));
	secret[31] ^= 0x80;
	salt[0] ^= 1;
	assert_false(password_hash_matches(cluster_key, salt, secret, hash));
	salt[0] ^= 1;
	cluster_key[31] ^= 1;
	assert_false(password_hash_matches(cluster_key, salt, secret, hash));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_what_others_compute),
		cmocka_unit_test(everything_counts),
		cmocka_unit_test(costs_out_of_bounds_are_refused),
		cmocka_unit_test(length_is_bounded),
		cmocka_unit_test(new_accounts_have_their_own_salt),
		cmocka_unit_test(the_hash_knows_its_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
