/* SPDX-License-Identifier: ISC */
/*
 * Whatever stands in the file of contacts: what is read is written as the same bytes, or nothing
 * was read.
 */

#include <stdlib.h>

#include "client-tui/net/contacts.h"
#include "tests/support/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct contacts contacts = { .count = 0 };
	uint8_t *again;
	size_t len;

	if (contacts_decode(bytes_of(data, size), &contacts) == STATUS_OK) {
		again = contacts_encode(&contacts, &len);
		REQUIRE(len == size && memcmp(again, data, len) == 0);
		free(again);
	}
	REQUIRE(contacts.count <= CONTACTS_MAX);
	contacts_clear(&contacts);
	REQUIRE(contacts.list == NULL);
	return 0;
}
