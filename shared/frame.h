/* SPDX-License-Identifier: ISC */
/*
 * The frame: u16 type, u16 total length (these four bytes included), both big-endian, then the
 * payload. This module only finds where a frame ends; what is in it belongs to codec.h.
 */

#ifndef SHARED_FRAME_H
#define SHARED_FRAME_H

#include "shared/bytes.h"
#include "shared/status.h"

enum {
	FRAME_HEADER_SIZE = 4,
	FRAME_SIZE_MAX = 65535,
	FRAME_PAYLOAD_MAX = FRAME_SIZE_MAX - FRAME_HEADER_SIZE,
	/* Types from here on may be skipped by a reader that does not know them. */
	FRAME_TYPE_OPTIONAL = 0x8000,
};

/* A frame seen in somebody else's memory. */
struct frame {
	uint16_t type;
	struct bytes payload;
};

enum frame_result {
	FRAME_WHOLE,	/* *out is set, *used bytes belong to it */
	FRAME_PARTIAL,	/* more bytes are needed */
	FRAME_BROKEN,	/* a length under the header's size: the stream is lost */
};

/* Looks at the start of "input"; nothing is copied, *out borrows from it. */
enum frame_result frame_parse(struct bytes input, struct frame *out, size_t *used);

/*
 * Writes the header of a frame with "payload_len" bytes behind it; payload_len <=
 * FRAME_PAYLOAD_MAX.
 */
void frame_put_header(uint8_t header[FRAME_HEADER_SIZE], uint16_t type, size_t payload_len);

#endif
