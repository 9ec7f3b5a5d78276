/* SPDX-License-Identifier: ISC */
/* Foreign bytes as a message of a session: refused, or exactly what it encodes to again. */

#include <stdint.h>

#include "client-tui/peer/peer_inner.h"
#include "tests/support/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[PEER_INNER_MAX];
	struct bytes bytes = bytes_of(data, size);
	struct peer_inner inner;

	if (peer_inner_decode(bytes, &inner) != STATUS_OK)
		return 0;
	REQUIRE(inner.kind == PEER_INNER_TEXT);
	REQUIRE(inner.body.len > 0 && inner.body.len <= PEER_INNER_BODY_MAX);
	REQUIRE(peer_inner_check(inner.body) == STATUS_OK);
	REQUIRE(bytes_equal(bytes, bytes_of(room, peer_inner_encode(&inner, room))));
	return 0;
}
