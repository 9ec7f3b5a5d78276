/* SPDX-License-Identifier: ISC */
#include "shared/crypto.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "shared/compiler.h"
#include "shared/log.h"

_Static_assert((int)CRYPTO_KEY_SIZE == (int)crypto_kdf_KEYBYTES, "size of a main key");
_Static_assert((int)CRYPTO_CONTEXT_SIZE == (int)crypto_kdf_CONTEXTBYTES, "size of a context");

void
crypto_start(void)
{
	if (sodium_init() < 0)
		log_fatalx("libsodium could not start: the system gives no random bytes.");
}

void
crypto_random(void *out, size_t len)
{
	crypto_start();
	randombytes_buf(out, len);
}

uint64_t
crypto_random_number(void)
{
	uint64_t number;

	crypto_random(&number, sizeof(number));
	return number;
}

bool
crypto_equal(const void *a, const void *b, size_t len)
{
	return sodium_memcmp(a, b, len) == 0;
}

void
crypto_derive_key(const uint8_t main_key[CRYPTO_KEY_SIZE], const char *context, uint64_t id,
    uint8_t out[CRYPTO_KEY_SIZE])
{
	int failed;

	assert(strlen(context) == CRYPTO_CONTEXT_SIZE);
	crypto_start();
	failed = crypto_kdf_derive_from_key(out, CRYPTO_KEY_SIZE, id, context, main_key);
	assert(failed == 0);
	(void)failed;
}
