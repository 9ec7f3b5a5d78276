/* SPDX-License-Identifier: ISC */
#include "server/work/whisper.h"

#include "shared/compiler.h"

#define CODEC_TABLE "server/work/whisper.def"
#define CODEC_STRUCT(name) whisper_##name
#include "shared/codec_rows.inc"
#include "shared/codec_done.inc"

const struct schema *
whisper_schema(uint16_t type)
{
	return codec_find(schemas, ARRAY_LEN(schemas), type);
}
