/* SPDX-License-Identifier: ISC */
/*
 * The input is a message type (two bytes; one that is not known picks a row) and a payload. Whatever decodes encodes to
 * the same bytes, and what does not names the field where it ended.
 */

#include "shared/mem.h"
#include "shared/protocol.h"
#include "shared/str.h"
#include "tests/support/require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct schema *
pick_schema(uint16_t type)
{
	const struct schema *schema = protocol_schema(type);
	size_t count;
	const struct schema *table = protocol_table(&count);

	return schema != NULL ? schema : &table[type % count];
}

static void
check_again(const struct schema *schema, const void *message, struct bytes payload)
{
	size_t size = codec_frame_size(schema, message);
	uint8_t *frame = mem_new(size);

	REQUIRE(size == payload.len + FRAME_HEADER_SIZE);
	REQUIRE(codec_encode(schema, message, frame) == size);
	REQUIRE(bytes_equal(bytes_of(frame + FRAME_HEADER_SIZE, payload.len), payload));
	free(frame);
}

static void
check_described(const struct schema *schema, const void *message, size_t room)
{
	char *line = mem_new(room);

	codec_describe(schema, message, line, room);
	REQUIRE(room == 0 || strlen(line) < room);
	free(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame frame;
	const struct schema *schema;
	const struct field *bad = NULL;
	union codec_room message;
	enum status status;

	if (size < 2 || size - 2 > FRAME_PAYLOAD_MAX)
		return 0;
	frame.type = (uint16_t)(data[0] << 8 | data[1]);
	frame.payload = bytes_of(data + 2, size - 2);
	REQUIRE(strlen(protocol_name(frame.type)) > 0);
	protocol_request_of(&frame);

	schema = pick_schema(frame.type);
	status = codec_decode(schema, frame.payload, &message, &bad);
	REQUIRE(bad >= schema->fields && bad < schema->fields + schema->field_count);
	check_described(schema, &message, 512);
	check_described(schema, &message, size % 128);
	if (status == STATUS_OK)
		check_again(schema, &message, frame.payload);
	return 0;
}
