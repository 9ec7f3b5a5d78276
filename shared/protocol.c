/* SPDX-License-Identifier: ISC */
#include "shared/protocol.h"

#include <stdio.h>

#include "shared/compiler.h"
#include "shared/wire.h"

#define CODEC_TABLE "shared/protocol.def"
#define CODEC_STRUCT(name) msg_##name
#include "shared/codec_rows.inc"
#include "shared/codec_done.inc"

const struct schema *
protocol_schema(uint16_t type)
{
	return codec_find(schemas, ARRAY_LEN(schemas), type);
}

const struct schema *
protocol_table(size_t *count)
{
	*count = ARRAY_LEN(schemas);
	return schemas;
}

const char *
protocol_name(uint16_t type)
{
	static _Thread_local char unknown[16];
	const struct schema *schema = protocol_schema(type);

	if (schema != NULL)
		return schema->name;
	snprintf(unknown, sizeof(unknown), "type 0x%04x", type);
	return unknown;
}

uint32_t
protocol_request_of(const struct frame *frame)
{
	const struct schema *schema = protocol_schema(frame->type);
	struct wire wire = wire_reader(frame->payload);

	if (schema == NULL || strcmp(schema->fields[0].name, "request") != 0)
		return 0;
	return wire_get_u32(&wire);
}
