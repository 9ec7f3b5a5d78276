/* SPDX-License-Identifier: ISC */
#include "shared/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/mem.h"

static const uint8_t all_fields[] = {
	0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
	'r', 'a', 'w', 0x00, 0x04, 'b', 'l', 'o', 'b', 0x00, 0x00,
};

static void
put_all(struct wire *wire)
{
	wire_put_u8(wire, 0x01);
	wire_put_u16(wire, 0x0203);
	wire_put_u32(wire, 0x04050607);
	wire_put_u64(wire, 0x08090a0b0c0d0e0f);
	wire_put_raw(wire, bytes_of_string("raw"));
	wire_put_blob(wire, bytes_of_string("blob"));
	wire_put_blob(wire, bytes_of(NULL, 0));
}

static void
writes_big_endian(void **state UNUSED)
{
	uint8_t room[sizeof(all_fields)];
	struct wire wire = wire_writer(room, sizeof(room));

	put_all(&wire);
	assert_true(wire_is_good(&wire));
	assert_int_equal(wire_left(&wire), 0);
	assert_memory_equal(room, all_fields, sizeof(room));
}

static void
reads_what_was_written(void **state UNUSED)
{
	struct wire wire = wire_reader(bytes_of(all_fields, sizeof(all_fields)));

	assert_int_equal(wire_get_u8(&wire), 0x01);
	assert_int_equal(wire_get_u16(&wire), 0x0203);
	assert_int_equal(wire_get_u32(&wire), 0x04050607);
	assert_true(wire_get_u64(&wire) == 0x08090a0b0c0d0e0f);
	assert_true(bytes_equal(wire_get_raw(&wire, 3), bytes_of_string("raw")));
	assert_true(bytes_equal(wire_get_blob(&wire), bytes_of_string("blob")));
	assert_int_equal(wire_left(&wire), 2);
	assert_int_equal(wire_get_blob(&wire).len, 0);
	assert_true(wire_is_good(&wire));
	assert_int_equal(wire_left(&wire), 0);
	wire_get_u8(&wire);
	assert_false(wire_is_good(&wire));
}

/* Whatever the length of the room: nothing is written behind it, and the failure stays. */
static void
stops_writing_at_the_end(void **state UNUSED)
{
	for (size_t len = 0; len < sizeof(all_fields); len++) {
		uint8_t *room = mem_new(len);
		struct wire wire = wire_writer(room, len);

		put_all(&wire);
		assert_false(wire_is_good(&wire));
		wire_put_raw(&wire, bytes_of(NULL, 0));
		assert_false(wire_is_good(&wire));
		free(room);
	}
}

static void
gives_zeros_after_a_failure(void **state UNUSED)
{
	struct wire wire = wire_reader(bytes_of("\xff\xff\xff", 3));

	assert_int_equal(wire_get_u32(&wire), 0);
	assert_false(wire_is_good(&wire));
	assert_int_equal(wire_get_u8(&wire), 0);
	assert_int_equal(wire_get_u16(&wire), 0);
	assert_true(wire_get_u64(&wire) == 0);
	assert_null(wire_get_raw(&wire, 0).data);
	assert_null(wire_get_blob(&wire).data);
	assert_false(wire_is_good(&wire));
}

static void
refuses_lengths_beyond_the_end(void **state UNUSED)
{
	struct wire wire = wire_reader(bytes_of("\x00\x03" "ab", 4));

	assert_int_equal(wire_get_blob(&wire).len, 0);
	assert_false(wire_is_good(&wire));
	wire = wire_reader(bytes_of("abc", 3));
	assert_int_equal(wire_get_raw(&wire, SIZE_MAX).len, 0);
	assert_false(wire_is_good(&wire));
	wire = wire_reader(bytes_of("\xff", 1));
	assert_int_equal(wire_get_blob(&wire).len, 0);
	assert_false(wire_is_good(&wire));
}

static void
bounds_a_blob(void **state UNUSED)
{
	size_t len = 70000;
	uint8_t *data = mem_new(len), *room = mem_new(len);
	struct wire wire = wire_writer(room, len);

	wire_put_blob(&wire, bytes_of(data, 65535));
	assert_true(wire_is_good(&wire));
	assert_int_equal(wire_left(&wire), len - 65537);
	wire = wire_writer(room, len);
	wire_put_blob(&wire, bytes_of(data, 65536));
	assert_false(wire_is_good(&wire));
	assert_int_equal(wire_left(&wire), len);
	free(data);
	free(room);
}

static void
works_over_nothing(void **state UNUSED)
{
	struct wire wire = wire_reader(bytes_of(NULL, 0));

	assert_int_equal(wire_get_raw(&wire, 0).len, 0);
	assert_true(wire_is_good(&wire));
	wire_get_u8(&wire);
	assert_false(wire_is_good(&wire));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_big_endian),
		cmocka_unit_test(reads_what_was_written),
		cmocka_unit_test(stops_writing_at_the_end),
		cmocka_unit_test(gives_zeros_after_a_failure),
		cmocka_unit_test(refuses_lengths_beyond_the_end),
		cmocka_unit_test(bounds_a_blob),
		cmocka_unit_test(works_over_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
