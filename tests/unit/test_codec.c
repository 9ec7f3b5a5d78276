/* SPDX-License-Identifier: ISC */
#include "shared/codec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/mem.h"

#define CODEC_TABLE "tests/unit/test_codec.def"
#define CODEC_NUMBER(NAME) NUMBER_##NAME
#define CODEC_STRUCT(name) msg_##name
#include "shared/codec_types.inc"
#include "shared/codec_rows.inc"
#include "shared/codec_done.inc"

static const uint8_t mixed_frame[] = {
	0x00, 0x02, 0x00, 0x1f,
	0x0a, 1, 2, 3, 4, 5, 6, 7, 8, 0x0c, 0x00, 0x03, 0xe5, 0x90, 0xac, 0x0e, 0x0e,
	0x00, 0x02, 0x00, 0xff, 0x09, 0xde, 0xad, 0xbe, 0xef, 0x11, /* one byte more: */ 0x55,
};

static const struct msg_mixed mixed = {
	.a = 0x0a, .b = 0x0102030405060708, .c = 0x0c, .d = { "\345\220\254", 3 }, .e = 0x0e0e,
	.f = { "\0\377", 2 }, .g = 9, .h = 0xdeadbeef, .i = 0x11,
};

enum { MIXED_SIZE = sizeof(mixed_frame) - 1 };

static const struct schema *
find(uint16_t type)
{
	return codec_find(schemas, ARRAY_LEN(schemas), type);
}

static void
finds_rows(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(schemas); i++)
		assert_ptr_equal(find(schemas[i].type), &schemas[i]);
	assert_null(find(0));
	assert_null(find(3));
	assert_null(find(65535));
	assert_null(codec_find(schemas, 0, 1));
}

static void
knows_the_size_of_structs(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(schemas); i++)
		assert_int_equal(codec_struct_size(&schemas[i]), schemas[i].struct_size);
}

static void
encodes_field_by_field(void **state UNUSED)
{
	uint8_t room[MIXED_SIZE];

	assert_int_equal(codec_frame_size(find(2), &mixed), MIXED_SIZE);
	assert_int_equal(codec_encode(find(2), &mixed, room), MIXED_SIZE);
	assert_memory_equal(room, mixed_frame, MIXED_SIZE);
}

static void
decodes_into_the_struct(void **state UNUSED)
{
	struct bytes payload = bytes_of(mixed_frame + 4, MIXED_SIZE - 4);
	struct msg_mixed out;

	assert_int_equal(codec_decode(find(2), payload, &out, NULL), STATUS_OK);
	assert_int_equal(out.a, mixed.a);
	assert_true(out.b == mixed.b);
	assert_int_equal(out.c, mixed.c);
	assert_true(bytes_equal(out.d, mixed.d));
	assert_int_equal(out.e, mixed.e);
	assert_true(bytes_equal(out.f, mixed.f));
	assert_int_equal(out.g, mixed.g);
	assert_int_equal(out.h, mixed.h);
	assert_int_equal(out.i, mixed.i);
	/* Borrowed, not copied. */
	assert_ptr_equal(out.d.data, mixed_frame + 16);
}

/* At each length: what is whole is there, what is cut off is zero, and the field is named. */
static void
says_where_a_frame_broke(void **state UNUSED)
{
	static const size_t ends[] = { 1, 9, 10, 15, 17, 21, 22, 26, 27 };
	size_t field = 0;

	for (size_t len = 0; len < MIXED_SIZE - 4; len++) {
		const struct field *bad = NULL;
		struct msg_mixed out;

		if (len == ends[field])
			field++;
		memset(&out, 0xff, sizeof(out));
		assert_int_equal(codec_decode(find(2), bytes_of(mixed_frame + 4, len), &out, &bad),
		    STATUS_BAD_FRAME);
		assert_ptr_equal(bad, &find(2)->fields[field]);
		assert_int_equal(out.a, field > 0 ? mixed.a : 0);
		assert_true(out.b == (field > 1 ? mixed.b : 0));
		assert_int_equal(out.d.len, field > 3 ? 3 : 0);
		assert_int_equal(out.h, field > 7 ? mixed.h : 0);
	}
	assert_int_equal(field, 8);
}

static void
refuses_bytes_left_over(void **state UNUSED)
{
	struct bytes payload = bytes_of(mixed_frame + 4, sizeof(mixed_frame) - 4);
	struct msg_mixed out;

	assert_int_equal(codec_decode(find(2), payload, &out, NULL), STATUS_BAD_FRAME);
}

static const struct {
	struct bytes text, blob;
	enum status status;
	const char *bad;
} field_cases[] = {
	{ { "a", 1 }, { "\0\0", 2 }, STATUS_OK, "i" },
	{ { "abcd", 4 }, { "abc", 3 }, STATUS_OK, "i" },
	{ { "", 0 }, { "ab", 2 }, STATUS_TOO_SHORT, "d" },
	{ { "abcde", 5 }, { "ab", 2 }, STATUS_TOO_LONG, "d" },
	{ { "a\n", 2 }, { "ab", 2 }, STATUS_BAD_TEXT, "d" },
	{ { "\377", 1 }, { "ab", 2 }, STATUS_BAD_TEXT, "d" },
	{ { "\302\233", 2 }, { "ab", 2 }, STATUS_BAD_TEXT, "d" },
	{ { "a", 1 }, { "a", 1 }, STATUS_TOO_SHORT, "f" },
	{ { "a", 1 }, { "abcd", 4 }, STATUS_TOO_LONG, "f" },
};

static void
holds_fields_to_their_limits(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(field_cases); i++) {
		struct bytes text = field_cases[i].text, blob = field_cases[i].blob;
		uint8_t data[64] = { 0 };
		size_t len = 10;
		const struct field *bad;
		struct msg_mixed out;

		data[len + 1] = (uint8_t)text.len;
		memcpy(data + len + 2, text.data, text.len);
		len += 2 + text.len + 2;
		data[len + 1] = (uint8_t)blob.len;
		memcpy(data + len + 2, blob.data, blob.len);
		len += 2 + blob.len + 6;
		assert_int_equal(codec_decode(find(2), bytes_of(data, len), &out, &bad),
		    field_cases[i].status);
		assert_string_equal(bad->name, field_cases[i].bad);
	}
}

static void
fills_a_whole_frame(void **state UNUSED)
{
	uint8_t *data = mem_new(65535), *frame = mem_new(FRAME_SIZE_MAX);
	struct msg_large large = { .blob = { data, FRAME_PAYLOAD_MAX - 4 } }, out;

	assert_int_equal(codec_encode(find(9), &large, frame), FRAME_SIZE_MAX);
	assert_int_equal(codec_decode(find(9), bytes_of(frame + 4, FRAME_PAYLOAD_MAX), &out, NULL),
	    STATUS_OK);
	assert_true(bytes_equal(out.blob, large.blob));
	free(data);
	free(frame);
}

/* Whether encoding that message ends the process, as a breach of contract has to. */
static bool
encoding_aborts(const struct schema *schema, const void *message)
{
	uint8_t *room = mem_new(2 * FRAME_SIZE_MAX);
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		fclose(stderr);
		codec_encode(schema, message, room);
		_exit(0);
	}
	free(room);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void
never_encodes_a_breach(void **state UNUSED)
{
	uint8_t *data = mem_new(65535);
	struct msg_large large = { .blob = { data, FRAME_PAYLOAD_MAX - 3 } };
	struct msg_mixed wrong = mixed;

	assert_false(encoding_aborts(find(2), &mixed));
	wrong.d = bytes_of("abcde", 5);
	assert_true(encoding_aborts(find(2), &wrong));
	wrong.d = bytes_of("", 0);
	assert_true(encoding_aborts(find(2), &wrong));
	assert_true(encoding_aborts(find(9), &large));
	free(data);
}

static void
describes_in_one_line(void **state UNUSED)
{
	static const char whole[] =
	    "MIXED a=10 b=72623859790382856 c=12 d=\"\\x1b\" e=3598 f=[2] g=9 h=3735928559 i=17";
	struct msg_mixed message = mixed;
	char line[128];

	message.d = bytes_of("\033", 1);
	codec_describe(find(2), &message, line, sizeof(line));
	assert_string_equal(line, whole);
	for (size_t room = 0; room < sizeof(whole); room++) {
		char *small = mem_new(room);

		codec_describe(find(2), &message, small, room);
		if (room > 0) {
			assert_int_equal(strlen(small), room - 1);
			assert_memory_equal(small, whole, room - 1);
		}
		free(small);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_rows),
		cmocka_unit_test(knows_the_size_of_structs),
		cmocka_unit_test(encodes_field_by_field),
		cmocka_unit_test(decodes_into_the_struct),
		cmocka_unit_test(says_where_a_frame_broke),
		cmocka_unit_test(refuses_bytes_left_over),
		cmocka_unit_test(holds_fields_to_their_limits),
		cmocka_unit_test(fills_a_whole_frame),
		cmocka_unit_test(never_encodes_a_breach),
		cmocka_unit_test(describes_in_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
