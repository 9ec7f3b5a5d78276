/* SPDX-License-Identifier: ISC */
/*
 * The wire's messages as C: an enum, one struct msg_NAME per row of protocol.def, and the table
 * of schemas.
 */

#ifndef SHARED_PROTOCOL_H
#define SHARED_PROTOCOL_H

#include "shared/codec.h"

enum {
	PROTOCOL_VERSION = 1,
	PROTOCOL_ITEM = 0x2000,	/* added to a request's type: an item of its list */
	PROTOCOL_OK = 0x4000,	/* added to a request's type: its answer */
};

#define CODEC_TABLE "shared/protocol.def"
#define CODEC_NUMBER(NAME) MSG_##NAME
#define CODEC_STRUCT(name) msg_##name
#include "shared/codec_types.inc"
#include "shared/codec_done.inc"

/* The row of a type; NULL when this version does not know it. */
const struct schema *protocol_schema(uint16_t type);

/* All rows, sorted by type. */
const struct schema *protocol_table(size_t *count);

/* "LOGIN", or "type 0x1234" in static memory of the thread. */
const char *protocol_name(uint16_t type);

/*
 * The request number at the start of a payload (every message that has one has it first); 0 when
 * there is none. For ERRORs about frames that could not be decoded.
 */
uint32_t protocol_request_of(const struct frame *frame);

#endif
