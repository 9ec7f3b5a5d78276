/* SPDX-License-Identifier: ISC */
#include "shared/wire.h"

#include <string.h>

struct wire
wire_reader(struct bytes bytes)
{
	return (struct wire){ .data = (uint8_t *)bytes.data, .len = bytes.len };
}

struct wire
wire_writer(void *data, size_t len)
{
	return (struct wire){ .data = data, .len = len };
}

bool
wire_is_good(const struct wire *wire)
{
	return !wire->failed;
}

size_t
wire_left(const struct wire *wire)
{
	return wire->len - wire->position;
}

/* The next "len" bytes, or NULL and the sticky failure. */
static uint8_t *
take(struct wire *wire, size_t len)
{
	static uint8_t nothing;
	uint8_t *at;

	if (wire->failed || len > wire_left(wire)) {
		wire->failed = true;
		return NULL;
	}
	at = wire->data != NULL ? wire->data + wire->position : &nothing;
	wire->position += len;
	return at;
}

static uint64_t
get_number(struct wire *wire, size_t width)
{
	const uint8_t *at = take(wire, width);
	uint64_t value = 0;

	for (size_t i = 0; at != NULL && i < width; i++)
		value = value << 8 | at[i];
	return value;
}

static void
put_number(struct wire *wire, uint64_t value, size_t width)
{
	uint8_t *at = take(wire, width);

	for (size_t i = 0; at != NULL && i < width; i++)
		at[i] = (uint8_t)(value >> 8 * (width - 1 - i));
}

uint8_t
wire_get_u8(struct wire *wire)
{
	return (uint8_t)get_number(wire, 1);
}

uint16_t
wire_get_u16(struct wire *wire)
{
	return (uint16_t)get_number(wire, 2);
}

uint32_t
wire_get_u32(struct wire *wire)
{
	return (uint32_t)get_number(wire, 4);
}

uint64_t
wire_get_u64(struct wire *wire)
{
	return get_number(wire, 8);
}

struct bytes
wire_get_raw(struct wire *wire, size_t len)
{
	const uint8_t *at = take(wire, len);

	return at != NULL ? bytes_of(at, len) : bytes_of(NULL, 0);
}

struct bytes
wire_get_blob(struct wire *wire)
{
	size_t len = wire_get_u16(wire);

	return wire_get_raw(wire, len);
}

void
wire_put_u8(struct wire *wire, uint8_t value)
{
	put_number(wire, value, 1);
}

void
wire_put_u16(struct wire *wire, uint16_t value)
{
	put_number(wire, value, 2);
}

void
wire_put_u32(struct wire *wire, uint32_t value)
{
	put_number(wire, value, 4);
}

void
wire_put_u64(struct wire *wire, uint64_t value)
{
	put_number(wire, value, 8);
}

void
wire_put_raw(struct wire *wire, struct bytes bytes)
{
	uint8_t *at = take(wire, bytes.len);

	if (at != NULL && bytes.len > 0)
		memcpy(at, bytes.data, bytes.len);
}

void
wire_put_blob(struct wire *wire, struct bytes bytes)
{
	if (bytes.len > UINT16_MAX)
		wire->failed = true;
	wire_put_u16(wire, (uint16_t)bytes.len);
	wire_put_raw(wire, bytes);
}
