/* SPDX-License-Identifier: ISC */
/*
 * Foreign bytes as a resume token: refused, or exactly what token_make() makes of what they
 * say.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t cluster_key[CRYPTO_KEY_SIZE] = { 42 };
	const uint64_t made = (uint64_t)20000 * 24 * 3600;
	uint8_t again[TOKEN_SIZE];
	struct token token;

	if (token_check(cluster_key, bytes_of(data, size), made + 1, &token) != STATUS_OK)
		return 0;
	token_make(cluster_key, &token, made, again);
	if (size != sizeof(again) || memcmp(again, data, size) != 0)
		abort();
	return 0;
}
