/* SPDX-License-Identifier: ISC */
/* The messages of whisper.def as C. */

#ifndef SERVER_WORK_WHISPER_H
#define SERVER_WORK_WHISPER_H

#include "shared/codec.h"

#define CODEC_TABLE "server/work/whisper.def"
#define CODEC_NUMBER(NAME) WHISPER_##NAME
#define CODEC_STRUCT(name) whisper_##name
#include "shared/codec_types.inc"
#include "shared/codec_done.inc"

/* The row of a type; NULL when there is none. */
const struct schema *whisper_schema(uint16_t type);

#endif
