/* SPDX-License-Identifier: ISC */
/*
 * Whatever a field says: what is dialled out of it is somebody's, and comes back the same from a
 * field of ours.
 */

#include "client-tui/net/candidates.h"
#include "tests/support/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_dialled(struct bytes field, bool has_loopback)
{
	struct address out[CANDIDATES_DIALLED_MAX];
	size_t count =
	    candidates_to_dial(bytes_of_string("203.0.113.7"), 7, field, has_loopback, out);

	REQUIRE(count >= 1 && count <= CANDIDATES_DIALLED_MAX);
	for (size_t i = 0; i < count; i++) {
		REQUIRE(candidate_can_be_dialled(&out[i], has_loopback));
		REQUIRE(has_loopback || !endpoint_is_loopback(&out[i].any));
		REQUIRE(!endpoint_is_any(&out[i].any));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct address list[CANDIDATES_MAX], back[CANDIDATES_MAX];
	struct bytes field = bytes_of(data, size);
	size_t count = candidates_decode(field, list);
	uint8_t ours[CANDIDATES_SIZE];

	REQUIRE(count <= CANDIDATES_MAX);
	if (count > 0) {
		REQUIRE(candidates_decode(
			    bytes_of(ours, candidates_encode(list, count, ours)), back) == count);
		for (size_t i = 0; i < count; i++)
			REQUIRE(list[i].len == back[i].len &&
			    memcmp(&list[i].any, &back[i].any, list[i].len) == 0);
	}
	check_dialled(field, true);
	check_dialled(field, false);
	return 0;
}
