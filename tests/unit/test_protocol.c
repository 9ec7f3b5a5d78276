/* SPDX-License-Identifier: ISC */
#include "shared/protocol.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/mem.h"
#include "shared/wire.h"

enum { ROUNDS = 40, SHORT = 40 };

/* Marsaglia's xorshift: the same numbers every time, so that a failure comes back. */
static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static bool
is_bytes(const struct field *field)
{
	return field->kind == FIELD_STR || field->kind == FIELD_BLOB;
}

static size_t
width_of(enum field_kind kind)
{
	static const size_t widths[] = { [FIELD_U8] = 1, [FIELD_U16] = 2, [FIELD_U32] = 4,
		[FIELD_U64] = 8 };

	return widths[kind];
}

/* "len" bytes of clean text or of anything. */
static void
fill(uint8_t *at, size_t len, bool is_text, uint64_t *random)
{
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)next_random(random);
	for (size_t i = 0; is_text && i < len; i++) {
		if (i + 3 <= len && at[i] % 4 == 0) {
			memcpy(at + i, "\345\220\254", 3);
			i += 2;
		} else {
			at[i] = (uint8_t)(' ' + at[i] % 95);
		}
	}
}

/* How long the STR and BLOB fields of a payload are; "changed" (may be NULL) has exactly "len". */
struct shape {
	size_t longest;
	const struct field *changed;
	size_t len;
};

static size_t
length_for(const struct field *field, const struct shape *shape, uint64_t *random)
{
	size_t max = field->max < shape->longest ? field->max : shape->longest;

	if (field == shape->changed)
		return shape->len;
	if (max < field->min)
		max = field->min;
	return field->min + next_random(random) % (max - field->min + 1);
}

/* A payload as the schema wants it (but for shape->changed), on the heap and exactly as long. */
static struct bytes
make_payload(const struct schema *schema, const struct shape *shape, uint64_t *random)
{
	uint8_t *data = mem_new(2 * FRAME_SIZE_MAX);
	struct wire wire = wire_writer(data, 2 * FRAME_SIZE_MAX);

	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		size_t len = is_bytes(field) ? length_for(field, shape, random) :
		    width_of(field->kind);

		if (is_bytes(field))
			wire_put_u16(&wire, (uint16_t)len);
		fill(data + wire.position, len, field->kind == FIELD_STR, random);
		wire_put_raw(&wire, bytes_of(data + wire.position, len));
	}
	assert_true(wire_is_good(&wire));
	return bytes_of(mem_resize(data, wire.position, 1), wire.position);
}

static enum status
decode(const struct schema *schema, struct bytes payload, union codec_room *room,
    const struct field **bad)
{
	assert_true(schema->struct_size <= sizeof(*room));
	return codec_decode(schema, payload, room, bad);
}

/* Calls "visit" with each row of the table. */
static void
each_row(void (*visit)(const struct schema *schema, uint64_t *random))
{
	uint64_t random = 0x9e3779b97f4a7c15;
	size_t count;
	const struct schema *table = protocol_table(&count);

	assert_true(count > 0);
	for (size_t i = 0; i < count; i++)
		visit(&table[i], &random);
}

static void
rows_are_sorted_and_found(void **state UNUSED)
{
	size_t count;
	const struct schema *table = protocol_table(&count);

	for (size_t i = 0; i < count; i++) {
		assert_true(i == 0 || table[i].type > table[i - 1].type);
		assert_ptr_equal(protocol_schema(table[i].type), &table[i]);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(table[i].name, table[j].name);
	}
}

static void
check_struct(const struct schema *schema, uint64_t *random UNUSED)
{
	assert_int_equal(codec_struct_size(schema), schema->struct_size);
	assert_true(schema->struct_size <= CODEC_STRUCT_MAX);
}

static void
structs_have_nothing_but_their_fields(void **state UNUSED)
{
	each_row(check_struct);
}

static void
check_words(const struct schema *schema, uint64_t *random UNUSED)
{
	size_t largest = FRAME_HEADER_SIZE;

	assert_true(strlen(schema->name) > 0 && strlen(schema->direction) > 0);
	assert_true(strlen(schema->help) > 0 && schema->field_count > 0);
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];

		assert_true(strlen(field->help) > 0);
		assert_true(field->min <= field->max);
		largest += is_bytes(field) ? 2u + field->max : width_of(field->kind);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(field->name, schema->fields[j].name);
	}
	if (largest > FRAME_SIZE_MAX)
		fail_msg("%s does not fit into a frame", schema->name);
}

static void
rows_say_what_they_are(void **state UNUSED)
{
	each_row(check_words);
}

static void
check_request(const struct schema *schema, uint64_t *random UNUSED)
{
	/* What the other side does not answer. */
	if (schema->type == MSG_MOVE || schema->type == MSG_PRESENCE)
		return;
	assert_string_equal(schema->fields[0].name, "request");
	assert_int_equal(schema->fields[0].kind, FIELD_U32);
}

static void
requests_have_their_number_first(void **state UNUSED)
{
	each_row(check_request);
}

/* The request that a row with the number base + n belongs to. */
static const struct schema *
asked_by(const struct schema *schema, unsigned base)
{
	const struct schema *asked = protocol_schema((uint16_t)(schema->type - base));

	if (asked == NULL)
		fail_msg("%s answers nothing", schema->name);
	return asked;
}

static void
check_number(const struct schema *schema, uint64_t *random UNUSED)
{
	char expected[64];

	assert_true(schema->type < 0x1000 || (schema->type >= PROTOCOL_ITEM &&
	    schema->type < PROTOCOL_ITEM + 0x1000) || (schema->type >= PROTOCOL_OK &&
	    schema->type < PROTOCOL_OK + 0x1000) || schema->type >= FRAME_TYPE_OPTIONAL);
	if (schema->type >= FRAME_TYPE_OPTIONAL || schema->type < PROTOCOL_ITEM)
		return;
	if (schema->type >= PROTOCOL_OK) {
		snprintf(expected, sizeof(expected), "%s_OK",
		    asked_by(schema, PROTOCOL_OK)->name);
		assert_string_equal(schema->name, expected);
		return;
	}
	asked_by(schema, PROTOCOL_ITEM);
	assert_non_null(protocol_schema((uint16_t)(schema->type - PROTOCOL_ITEM + PROTOCOL_OK)));
}

static void
answers_belong_to_requests(void **state UNUSED)
{
	each_row(check_number);
}

static void
round_trip(const struct schema *schema, uint64_t *random)
{
	const struct shape any = { .longest = 65535 }, small = { .longest = SHORT };

	for (size_t i = 0; i < ROUNDS; i++) {
		struct bytes payload = make_payload(schema, i % 4 == 0 ? &any : &small, random);
		size_t size = payload.len + FRAME_HEADER_SIZE, used;
		uint8_t *again = mem_new(size);
		union codec_room room;
		struct frame frame;

		assert_int_equal(decode(schema, payload, &room, NULL), STATUS_OK);
		assert_int_equal(codec_frame_size(schema, &room), size);
		assert_int_equal(codec_encode(schema, &room, again), size);
		assert_int_equal(frame_parse(bytes_of(again, size), &frame, &used), FRAME_WHOLE);
		assert_int_equal(frame.type, schema->type);
		assert_true(bytes_equal(frame.payload, payload));
		free(again);
		free((void *)payload.data);
	}
}

static void
what_is_decoded_encodes_the_same(void **state UNUSED)
{
	each_row(round_trip);
}

/* The first "len" bytes in a block of their own, so that a sanitizer sees a read too far. */
static enum status
decode_copy(const struct schema *schema, struct bytes bytes, size_t len, size_t zeros)
{
	uint8_t *copy = mem_new(len + zeros);
	union codec_room room;
	enum status status;

	memcpy(copy, bytes.data, len);
	status = decode(schema, bytes_of(copy, len + zeros), &room, NULL);
	free(copy);
	return status;
}

static void
cut_and_lengthen(const struct schema *schema, uint64_t *random)
{
	const struct shape small = { .longest = SHORT };
	struct bytes payload = make_payload(schema, &small, random);

	for (size_t len = 0; len < payload.len; len++)
		if (decode_copy(schema, payload, len, 0) != STATUS_BAD_FRAME)
			fail_msg("%s: %zu of %zu bytes were taken", schema->name, len, payload.len);
	assert_int_equal(decode_copy(schema, payload, payload.len, 0), STATUS_OK);
	assert_int_equal(decode_copy(schema, payload, payload.len, 1), STATUS_BAD_FRAME);
	free((void *)payload.data);
}

static void
cut_and_lengthened_frames_are_refused(void **state UNUSED)
{
	each_row(cut_and_lengthen);
}

static void
expect_length(const struct schema *schema, const struct field *field, size_t len,
    enum status expected, uint64_t *random)
{
	const struct shape shape = { .longest = SHORT, .changed = field, .len = len };
	struct bytes payload = make_payload(schema, &shape, random);
	const struct field *bad = NULL;
	union codec_room room;
	enum status status = decode(schema, payload, &room, &bad);

	if (status != expected)
		fail_msg("%s.%s with %zu bytes: %s", schema->name, field->name, len,
		    status_name(status));
	if (expected != STATUS_OK)
		assert_ptr_equal(bad, field);
	free((void *)payload.data);
}

static void
check_lengths(const struct schema *schema, uint64_t *random)
{
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];

		if (!is_bytes(field))
			continue;
		expect_length(schema, field, field->min, STATUS_OK, random);
		expect_length(schema, field, field->max, STATUS_OK, random);
		expect_length(schema, field, field->max + 1u, STATUS_TOO_LONG, random);
		if (field->min > 0)
			expect_length(schema, field, field->min - 1u, STATUS_TOO_SHORT, random);
	}
}

static void
fields_keep_their_lengths(void **state UNUSED)
{
	each_row(check_lengths);
}

/* Puts "text" into a field and expects it to be refused there. */
static void
expect_bad_text(const struct schema *schema, const struct field *field, struct bytes text,
    uint64_t *random)
{
	const struct shape shape = { .longest = SHORT, .changed = field, .len = text.len };
	struct bytes payload = make_payload(schema, &shape, random);
	struct wire wire = wire_reader(payload);
	const struct field *bad;
	union codec_room room;

	for (const struct field *before = schema->fields; before < field; before++) {
		if (is_bytes(before))
			wire_get_blob(&wire);
		else
			wire_get_raw(&wire, width_of(before->kind));
	}
	memcpy((void *)wire_get_blob(&wire).data, text.data, text.len);
	assert_int_equal(decode(schema, payload, &room, &bad), STATUS_BAD_TEXT);
	assert_ptr_equal(bad, field);
	free((void *)payload.data);
}

static void
check_texts(const struct schema *schema, uint64_t *random)
{
	static const struct bytes bad[] = { { "\0", 1 }, { "\n", 1 }, { "\033[", 2 }, { "\177", 1 },
		{ "\302\233", 2 }, { "\200", 1 }, { "\377", 1 }, { "\300\200", 2 }, { "\345\220", 2 },
		{ "\355\240\200", 3 }, { "a\r", 2 } };

	for (size_t i = 0; i < schema->field_count; i++)
		for (size_t j = 0; schema->fields[i].kind == FIELD_STR && j < ARRAY_LEN(bad); j++)
			expect_bad_text(schema, &schema->fields[i], bad[j], random);
}

static void
texts_are_clean(void **state UNUSED)
{
	each_row(check_texts);
}

static void
describe_row(const struct schema *schema, uint64_t *random)
{
	const struct shape small = { .longest = SHORT };
	struct bytes payload = make_payload(schema, &small, random);
	union codec_room room;
	char line[512];

	assert_int_equal(decode(schema, payload, &room, NULL), STATUS_OK);
	codec_describe(schema, &room, line, sizeof(line));
	assert_memory_equal(line, schema->name, strlen(schema->name));
	assert_int_equal(line[strlen(schema->name)], ' ');
	free((void *)payload.data);
}

static void
every_row_can_be_described(void **state UNUSED)
{
	each_row(describe_row);
}

static void
login_travels_as_written(void **state UNUSED)
{
	static const uint8_t frame[] = {
		0x00, 0x03, 0x00, 0x3b, 0x00, 0x00, 0x00, 0x07, 0, 0, 0, 0, 0, 0, 0x04, 0xd2, 0x01,
		0x00, 0x20, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0x02,
	};
	uint8_t proof[32], room[sizeof(frame)];
	struct msg_login login = { .request = 7, .uid = 1234, .method = 1,
		.proof = bytes_of(proof, sizeof(proof)), .bundle_version = 2 };
	char line[128];

	memset(proof, 1, sizeof(proof));
	assert_int_equal(codec_frame_size(protocol_schema(MSG_LOGIN), &login), sizeof(frame));
	codec_encode(protocol_schema(MSG_LOGIN), &login, room);
	assert_memory_equal(room, frame, sizeof(frame));
	codec_describe(protocol_schema(MSG_LOGIN), &login, line, sizeof(line));
	assert_string_equal(line,
	    "LOGIN request=7 uid=1234 method=1 proof=[32] bundle_version=2");
}

static void
names_every_number(void **state UNUSED)
{
	assert_string_equal(protocol_name(MSG_LOGIN), "LOGIN");
	assert_string_equal(protocol_name(MSG_USER_LIST_OK), "USER_LIST_OK");
	assert_string_equal(protocol_name(0x1234), "type 0x1234");
	assert_string_equal(protocol_name(0xffff), "type 0xffff");
	assert_null(protocol_schema(0x1234));
}

static void
finds_the_request_of_a_broken_frame(void **state UNUSED)
{
	static const struct {
		struct frame frame;
		uint32_t request;
	} cases[] = {
		{ { MSG_LOGIN, { "\x01\x02\x03\x04", 4 } }, 0x01020304 },
		{ { MSG_LOGIN, { "\x01\x02\x03\x04...", 7 } }, 0x01020304 },
		{ { MSG_LOGIN, { "\x01\x02\x03", 3 } }, 0 },
		{ { MSG_LOGIN, { NULL, 0 } }, 0 },
		{ { MSG_MOVE, { "\x01\x02\x03\x04", 4 } }, 0 },
		{ { 0x1234, { "\x01\x02\x03\x04", 4 } }, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(protocol_request_of(&cases[i].frame), cases[i].request);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_sorted_and_found),
		cmocka_unit_test(structs_have_nothing_but_their_fields),
		cmocka_unit_test(rows_say_what_they_are),
		cmocka_unit_test(requests_have_their_number_first),
		cmocka_unit_test(answers_belong_to_requests),
		cmocka_unit_test(what_is_decoded_encodes_the_same),
		cmocka_unit_test(cut_and_lengthened_frames_are_refused),
		cmocka_unit_test(fields_keep_their_lengths),
		cmocka_unit_test(texts_are_clean),
		cmocka_unit_test(every_row_can_be_described),
		cmocka_unit_test(login_travels_as_written),
		cmocka_unit_test(names_every_number),
		cmocka_unit_test(finds_the_request_of_a_broken_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
