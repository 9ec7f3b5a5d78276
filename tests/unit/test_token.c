/* SPDX-License-Identifier: ISC */
/*
 * Tokens: good until they expire, under the keys of today and yesterday, unchanged in every
 * bit.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/token.h"

enum { DAY = 24 * 3600 };

static const uint8_t cluster_key[CRYPTO_KEY_SIZE] = { 42 };
static const uint64_t noon = (uint64_t)20000 * DAY + DAY / 2;

static struct bytes
make(uint64_t expires, uint64_t now, uint8_t room[TOKEN_SIZE])
{
	const struct token token = { .uid = 15, .epoch = 3, .expires = expires };

	token_make(cluster_key, &token, now, room);
	return bytes_of(room, TOKEN_SIZE);
}

static enum status
check(struct bytes bytes, uint64_t now)
{
	struct token token;

	return token_check(cluster_key, bytes, now, &token);
}

static void
says_what_it_was_told(void **state UNUSED)
{
	uint8_t room[TOKEN_SIZE];
	struct token token;

	assert_int_equal(token_check(cluster_key, make(noon + 60, noon, room), noon, &token),
	    STATUS_OK);
	assert_int_equal(token.uid, 15);
	assert_int_equal(token.epoch, 3);
	assert_int_equal(token.expires, noon + 60);
}

static void
holds_until_it_expires(void **state UNUSED)
{
	uint8_t room[TOKEN_SIZE];
	struct bytes bytes = make(noon + 60, noon, room);

	assert_int_equal(check(bytes, noon + 59), STATUS_OK);
	assert_int_equal(check(bytes, noon + 60), STATUS_BAD_TOKEN);
	assert_int_equal(check(bytes, noon + DAY), STATUS_BAD_TOKEN);
}

/* However long it says it holds: the key of its day is gone two days later. */
static void
keys_go_with_their_day(void **state UNUSED)
{
	const uint64_t midnight = noon - DAY / 2;
	uint8_t room[TOKEN_SIZE];
	struct bytes bytes = make(UINT64_MAX, noon, room);

	assert_int_equal(check(bytes, noon), STATUS_OK);
	assert_int_equal(check(bytes, midnight + DAY), STATUS_OK);
	assert_int_equal(check(bytes, midnight + 2 * DAY - 1), STATUS_OK);
	assert_int_equal(check(bytes, midnight + 2 * DAY), STATUS_BAD_TOKEN);
	/* This machine's clock is behind the one that made it. */
	assert_int_equal(check(bytes, midnight - 1), STATUS_OK);
	assert_int_equal(check(bytes, midnight - DAY - 1), STATUS_BAD_TOKEN);
	assert_int_equal(check(bytes, 0), STATUS_BAD_TOKEN);
}

static void
every_bit_counts(void **state UNUSED)
{
	uint8_t room[TOKEN_SIZE];
	struct bytes bytes = make(noon + 60, noon, room);

	for (unsigned bit = 0; bit < 8 * TOKEN_SIZE; bit++) {
		room[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(check(bytes, noon), STATUS_BAD_TOKEN);
		room[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(check(bytes, noon), STATUS_OK);
}

static void
length_counts(void **state UNUSED)
{
	uint8_t room[TOKEN_SIZE + 1] = { 0 };
	struct token token;

	make(noon + 60, noon, room);
	for (size_t len = 0; len <= sizeof(room); len++) {
		if (len == TOKEN_SIZE)
			continue;
		assert_int_equal(check(bytes_of(room, len), noon), STATUS_BAD_TOKEN);
	}
	assert_int_equal(token_check(cluster_key, bytes_of(NULL, 0), noon, &token),
	    STATUS_BAD_TOKEN);
	assert_int_equal(token.uid, 0);
}

static void
another_cluster_is_a_stranger(void **state UNUSED)
{
	uint8_t room[TOKEN_SIZE], other[CRYPTO_KEY_SIZE] = { 43 };
	struct bytes bytes = make(noon + 60, noon, room);
	struct token token;

	assert_int_equal(token_check(other, bytes, noon, &token), STATUS_BAD_TOKEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_it_was_told),
		cmocka_unit_test(holds_until_it_expires),
		cmocka_unit_test(keys_go_with_their_day),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(length_counts),
		cmocka_unit_test(another_cluster_is_a_stranger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
