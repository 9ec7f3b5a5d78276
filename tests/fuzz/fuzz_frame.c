/* SPDX-License-Identifier: ISC */
/* A stream of any bytes falls into the same frames, however it is cut into pieces. */

#include "shared/frame.h"
#include "tests/support/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_whole(struct bytes input, const struct frame *frame, size_t used)
{
	uint8_t header[FRAME_HEADER_SIZE];

	REQUIRE(used >= FRAME_HEADER_SIZE && used <= input.len);
	REQUIRE(frame->payload.len == used - FRAME_HEADER_SIZE);
	REQUIRE(frame->payload.data == (const uint8_t *)input.data + FRAME_HEADER_SIZE);
	frame_put_header(header, frame->type, frame->payload.len);
	REQUIRE(memcmp(header, input.data, sizeof(header)) == 0);
}

/* One byte less than the frame has is never a frame, and its header alone tells what is broken. */
static void
check_pieces(struct bytes input, enum frame_result result, size_t used)
{
	struct frame frame;
	size_t other;

	if (result == FRAME_WHOLE)
		REQUIRE(frame_parse(bytes_of(input.data, used - 1), &frame, &other) ==
		    FRAME_PARTIAL);
	if (result == FRAME_BROKEN)
		REQUIRE(frame_parse(bytes_of(input.data, FRAME_HEADER_SIZE), &frame, &other) ==
		    FRAME_BROKEN);
	if (result == FRAME_PARTIAL)
		REQUIRE(input.len < FRAME_SIZE_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum frame_result result = FRAME_WHOLE;

	for (size_t at = 0, used = 0; result == FRAME_WHOLE; at += used) {
		struct bytes input = bytes_of(data + at, size - at);
		struct frame frame;

		result = frame_parse(input, &frame, &used);
		if (result == FRAME_WHOLE)
			check_whole(input, &frame, used);
		check_pieces(input, result, used);
	}
	return 0;
}
