/* SPDX-License-Identifier: ISC */
#include "shared/frame.h"

#include <assert.h>

#include "shared/wire.h"

enum frame_result
frame_parse(struct bytes input, struct frame *out, size_t *used)
{
	struct wire wire = wire_reader(input);
	uint16_t type = wire_get_u16(&wire);
	size_t total = wire_get_u16(&wire);

	if (!wire_is_good(&wire))
		return FRAME_PARTIAL;
	if (total < FRAME_HEADER_SIZE)
		return FRAME_BROKEN;
	if (total > input.len)
		return FRAME_PARTIAL;
	out->type = type;
	out->payload = wire_get_raw(&wire, total - FRAME_HEADER_SIZE);
	*used = total;
	return FRAME_WHOLE;
}

void
frame_put_header(uint8_t header[FRAME_HEADER_SIZE], uint16_t type, size_t payload_len)
{
	struct wire wire = wire_writer(header, FRAME_HEADER_SIZE);

	assert(payload_len <= FRAME_PAYLOAD_MAX);
	wire_put_u16(&wire, type);
	wire_put_u16(&wire, (uint16_t)(payload_len + FRAME_HEADER_SIZE));
}
