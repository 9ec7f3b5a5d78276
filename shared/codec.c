/* SPDX-License-Identifier: ISC */
#include "shared/codec.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "shared/compiler.h"
#include "shared/str.h"
#include "shared/wire.h"

/* Where a kind of field lies in a struct, and how it travels. */
struct kind {
	size_t size;
	size_t align;
	uint64_t (*load)(const void *at);
	void (*store)(void *at, uint64_t value);
};

#define NUMBER_KIND(type) \
	static uint64_t load_##type(const void *at) \
	{ \
		return *(const type *)at; \
	} \
	static void store_##type(void *at, uint64_t value) \
	{ \
		*(type *)at = (type)value; \
	}

NUMBER_KIND(uint8_t)
NUMBER_KIND(uint16_t)
NUMBER_KIND(uint32_t)
NUMBER_KIND(uint64_t)

static const struct kind kinds[] = {
	[FIELD_U8] = { sizeof(uint8_t), _Alignof(uint8_t), load_uint8_t, store_uint8_t },
	[FIELD_U16] = { sizeof(uint16_t), _Alignof(uint16_t), load_uint16_t, store_uint16_t },
	[FIELD_U32] = { sizeof(uint32_t), _Alignof(uint32_t), load_uint32_t, store_uint32_t },
	[FIELD_U64] = { sizeof(uint64_t), _Alignof(uint64_t), load_uint64_t, store_uint64_t },
	[FIELD_STR] = { sizeof(struct bytes), _Alignof(struct bytes), NULL, NULL },
	[FIELD_BLOB] = { sizeof(struct bytes), _Alignof(struct bytes), NULL, NULL },
};

static size_t
align_up(size_t offset, size_t align)
{
	return (offset + align - 1) & ~(align - 1);
}

/* The place of "field" at or after *offset; *offset moves behind it. */
static size_t
place_field(const struct field *field, size_t *offset)
{
	const struct kind *kind = &kinds[field->kind];
	size_t at = align_up(*offset, kind->align);

	*offset = at + kind->size;
	return at;
}

static bool
is_number(const struct field *field)
{
	return kinds[field->kind].load != NULL;
}

size_t
codec_struct_size(const struct schema *schema)
{
	size_t offset = 0, align = 1;

	for (size_t i = 0; i < schema->field_count; i++) {
		const struct kind *kind = &kinds[schema->fields[i].kind];

		place_field(&schema->fields[i], &offset);
		if (kind->align > align)
			align = kind->align;
	}
	return align_up(offset, align);
}

static int
compare_type(const void *key, const void *row)
{
	return (int)*(const uint16_t *)key - (int)((const struct schema *)row)->type;
}

const struct schema *
codec_find(const struct schema *table, size_t count, uint16_t type)
{
	return bsearch(&type, table, count, sizeof(*table), compare_type);
}

size_t
codec_frame_size(const struct schema *schema, const void *message)
{
	size_t offset = 0, size = FRAME_HEADER_SIZE;

	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		size_t at = place_field(field, &offset);

		if (is_number(field))
			size += kinds[field->kind].size;
		else
			size += 2 + ((const struct bytes *)((const char *)message + at))->len;
	}
	return size;
}

static void
put_field(struct wire *wire, const struct field *field, const void *at)
{
	const struct bytes *bytes = at;

	if (is_number(field)) {
		uint64_t value = kinds[field->kind].load(at);

		for (size_t width = kinds[field->kind].size; width-- > 0;)
			wire_put_u8(wire, (uint8_t)(value >> 8 * width));
		return;
	}
	assert(bytes->len >= field->min && bytes->len <= field->max);
	wire_put_blob(wire, *bytes);
}

size_t
codec_encode(const struct schema *schema, const void *message, uint8_t *room)
{
	size_t offset = 0, size = codec_frame_size(schema, message);
	struct wire wire = wire_writer(room + FRAME_HEADER_SIZE, size - FRAME_HEADER_SIZE);

	assert(size <= FRAME_SIZE_MAX);
	frame_put_header(room, schema->type, size - FRAME_HEADER_SIZE);
	for (size_t i = 0; i < schema->field_count; i++) {
		size_t at = place_field(&schema->fields[i], &offset);

		put_field(&wire, &schema->fields[i], (const char *)message + at);
	}
	assert(wire_is_good(&wire) && wire_left(&wire) == 0);
	return size;
}

static enum status
check_bytes(const struct field *field, struct bytes bytes)
{
	if (bytes.len > field->max)
		return STATUS_TOO_LONG;
	if (bytes.len < field->min)
		return STATUS_TOO_SHORT;
	if (field->kind == FIELD_STR && !str_is_clean(bytes))
		return STATUS_BAD_TEXT;
	return STATUS_OK;
}

static enum status
get_field(struct wire *wire, const struct field *field, void *at)
{
	uint64_t value = 0;
	struct bytes bytes;
	enum status status;

	if (is_number(field)) {
		for (size_t width = kinds[field->kind].size; width-- > 0;)
			value = value << 8 | wire_get_u8(wire);
		if (!wire_is_good(wire))
			return STATUS_BAD_FRAME;
		kinds[field->kind].store(at, value);
		return STATUS_OK;
	}
	bytes = wire_get_blob(wire);
	status = wire_is_good(wire) ? check_bytes(field, bytes) : STATUS_BAD_FRAME;
	if (status == STATUS_OK)
		*(struct bytes *)at = bytes;
	return status;
}

enum status
codec_decode(const struct schema *schema, struct bytes payload, void *out, const struct field **bad)
{
	struct wire wire = wire_reader(payload);
	size_t offset = 0;

	memset(out, 0, schema->struct_size);
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		size_t at = place_field(field, &offset);
		enum status status = get_field(&wire, field, (char *)out + at);

		if (bad != NULL)
			*bad = field;
		if (status != STATUS_OK)
			return status;
	}
	return wire_left(&wire) == 0 ? STATUS_OK : STATUS_BAD_FRAME;
}

static int
describe_field(const struct field *field, const void *at, char *text, size_t room)
{
	const struct bytes *bytes = at;
	char escaped[96];

	if (is_number(field))
		return snprintf(
		    text, room, " %s=%" PRIu64, field->name, kinds[field->kind].load(at));
	if (field->kind == FIELD_BLOB)
		return snprintf(text, room, " %s=[%zu]", field->name, bytes->len);
	str_escape(*bytes, escaped, sizeof(escaped));
	return snprintf(text, room, " %s=\"%s\"", field->name, escaped);
}

void
codec_describe(const struct schema *schema, const void *message, char *line, size_t room)
{
	size_t offset = 0;
	size_t used = (size_t)snprintf(line, room, "%s", schema->name);

	for (size_t i = 0; i < schema->field_count && used < room; i++) {
		size_t at = place_field(&schema->fields[i], &offset);

		used += (size_t)describe_field(&schema->fields[i], (const char *)message + at,
		    line + used, room - used);
	}
}
