/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/buffer.h"
#include "shared/compiler.h"

static void
an_empty_buffer_is_nothing(void **state UNUSED)
{
	struct buffer *buffer = NULL;

	buffer_append(&buffer, bytes_of(NULL, 0));
	assert_null(buffer);
	assert_int_equal(buffer_len(buffer), 0);
	assert_int_equal(buffer_bytes(buffer).len, 0);
	buffer_skip(&buffer, 0);
	buffer_append(&buffer, bytes_of("x", 1));
	assert_non_null(buffer);
	buffer_skip(&buffer, 1);
	assert_null(buffer);
	buffer_free(&buffer);
}

/* Against a plain counter: what goes in comes out, however the pieces lie. */
static void
bytes_come_out_as_they_went_in(void **state UNUSED)
{
	struct buffer *buffer = NULL;
	uint8_t in = 0, out = 0;
	uint32_t random = 12345;
	size_t expected = 0;

	for (int round = 0; round < 20000; round++) {
		struct bytes have;
		size_t len;

		random = random * 1103515245 + 12345;
		len = 1 + (random >> 16) % 300;
		if (random >> 31) {
			uint8_t *room = buffer_extend(&buffer, len);

			for (size_t i = 0; i < len; i++)
				room[i] = in++;
			expected += len;
		}
		have = buffer_bytes(buffer);
		assert_int_equal(have.len, expected);
		len = len < have.len ? len : have.len;
		for (size_t i = 0; i < len; i++)
			assert_int_equal(((const uint8_t *)have.data)[i], out++);
		buffer_skip(&buffer, len);
		expected -= len;
	}
	buffer_free(&buffer);
	assert_null(buffer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_is_nothing),
		cmocka_unit_test(bytes_come_out_as_they_went_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
