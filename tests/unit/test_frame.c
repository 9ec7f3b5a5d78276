/* SPDX-License-Identifier: ISC */
#include "shared/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/mem.h"

static const struct {
	const char *input;
	size_t len;
	enum frame_result result;
	uint16_t type;
	const char *payload;
	size_t used;
} cases[] = {
	{ "", 0, FRAME_PARTIAL, 0, NULL, 0 },
	{ "\x00", 1, FRAME_PARTIAL, 0, NULL, 0 },
	{ "\x00\x03\x00", 3, FRAME_PARTIAL, 0, NULL, 0 },
	{ "\x00\x03\x00\x00", 4, FRAME_BROKEN, 0, NULL, 0 },
	{ "\x00\x03\x00\x03", 4, FRAME_BROKEN, 0, NULL, 0 },
	{ "\x00\x03\x00\x03more", 8, FRAME_BROKEN, 0, NULL, 0 },
	{ "\x00\x03\x00\x04", 4, FRAME_WHOLE, 3, "", 4 },
	{ "\x00\x03\x00\x04next", 8, FRAME_WHOLE, 3, "", 4 },
	{ "\x12\x34\x00\x07" "abc", 7, FRAME_WHOLE, 0x1234, "abc", 7 },
	{ "\x12\x34\x00\x07" "abcd", 8, FRAME_WHOLE, 0x1234, "abc", 7 },
	{ "\x12\x34\x00\x07" "ab", 6, FRAME_PARTIAL, 0, NULL, 0 },
	{ "\xff\xff\xff\xff", 4, FRAME_PARTIAL, 0, NULL, 0 },
};

static void
finds_the_end_of_a_frame(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t *copy = mem_new(cases[i].len);
		struct frame frame = { .type = 99 };
		size_t used = 99;

		memcpy(copy, cases[i].input, cases[i].len);
		assert_int_equal(frame_parse(bytes_of(copy, cases[i].len), &frame, &used),
		    cases[i].result);
		if (cases[i].result == FRAME_WHOLE) {
			assert_int_equal(frame.type, cases[i].type);
			assert_true(bytes_equal(frame.payload, bytes_of_string(cases[i].payload)));
			assert_int_equal(used, cases[i].used);
		} else {
			assert_int_equal(frame.type, 99);
			assert_int_equal(used, 99);
		}
		free(copy);
	}
}

static void
puts_a_header(void **state UNUSED)
{
	uint8_t header[FRAME_HEADER_SIZE];

	frame_put_header(header, 0x1234, 3);
	assert_memory_equal(header, "\x12\x34\x00\x07", 4);
	frame_put_header(header, 0, 0);
	assert_memory_equal(header, "\x00\x00\x00\x04", 4);
	frame_put_header(header, 0xffff, FRAME_PAYLOAD_MAX);
	assert_memory_equal(header, "\xff\xff\xff\xff", 4);
}

/* However a stream is cut into pieces, the same frames come out. */
static void
takes_a_stream_in_any_pieces(void **state UNUSED)
{
	static const char stream[] = "\x00\x01\x00\x05" "a" "\x00\x02\x00\x04" "\x00\x03\x00\x08" "bcde";
	size_t end = sizeof(stream) - 1, from = 0;
	uint16_t expected = 1;

	for (size_t have = 0; have <= end; have++) {
		struct frame frame;
		size_t used;

		if (frame_parse(bytes_of(stream + from, have - from), &frame, &used) !=
		    FRAME_WHOLE)
			continue;
		assert_int_equal(frame.type, expected++);
		assert_int_equal(from + used, have);
		from += used;
	}
	assert_int_equal(expected, 4);
	assert_int_equal(from, end);
}

static void
takes_the_largest_frame(void **state UNUSED)
{
	uint8_t *data = mem_new(FRAME_SIZE_MAX);
	struct frame frame;
	size_t used;

	frame_put_header(data, 7, FRAME_PAYLOAD_MAX);
	assert_int_equal(frame_parse(bytes_of(data, FRAME_SIZE_MAX - 1), &frame, &used),
	    FRAME_PARTIAL);
	assert_int_equal(frame_parse(bytes_of(data, FRAME_SIZE_MAX), &frame, &used), FRAME_WHOLE);
	assert_int_equal(frame.payload.len, FRAME_PAYLOAD_MAX);
	assert_int_equal(used, FRAME_SIZE_MAX);
	free(data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_end_of_a_frame),
		cmocka_unit_test(puts_a_header),
		cmocka_unit_test(takes_a_stream_in_any_pieces),
		cmocka_unit_test(takes_the_largest_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
