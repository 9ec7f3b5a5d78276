/* SPDX-License-Identifier: ISC */
#include "server/bus/messages.h"

#include "shared/compiler.h"

#define CODEC_TABLE "server/bus/bus.def"
#define CODEC_STRUCT(name) bus_##name
#include "shared/codec_rows.inc"
#include "shared/codec_done.inc"

const struct schema *
bus_schema(uint16_t type)
{
	return codec_find(schemas, ARRAY_LEN(schemas), type);
}
