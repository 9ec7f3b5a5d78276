/* SPDX-License-Identifier: ISC */
#include "server/proc/messages.h"

#include "shared/compiler.h"

#define CODEC_TABLE "server/proc/proc.def"
#define CODEC_STRUCT(name) proc_##name
#include "shared/codec_rows.inc"
#include "shared/codec_done.inc"

const struct schema *
proc_schema(uint16_t type)
{
	return codec_find(schemas, ARRAY_LEN(schemas), type);
}
