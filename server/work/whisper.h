/* SPDX-License-Identifier: ISC */
/* The messages of whisper.def as C. */

#ifndef SERVER_WORK_WHISPER_H
#define SERVER_WORK_WHISPER_H

#include "shared/codec.h"

enum whisper_type {
#define MESSAGE(number, NAME, name, direction, help, ...) WHISPER_##NAME = number,
#include "server/work/whisper.def"
#undef MESSAGE
};

#include "shared/codec_structs.h"
#define MESSAGE(number, NAME, name, direction, help, ...) \
	struct whisper_##name { \
		__VA_ARGS__ \
	};
#include "server/work/whisper.def"
#undef MESSAGE
#include "shared/codec_done.h"

/* The row of a type; NULL when there is none. */
const struct schema *whisper_schema(uint16_t type);

#endif
