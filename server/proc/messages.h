/* SPDX-License-Identifier: ISC */
/* What parent and children tell each other, as C: the rows are in proc.def. */

#ifndef SERVER_PROC_MESSAGES_H
#define SERVER_PROC_MESSAGES_H

#include "shared/codec.h"

enum {
	/* Types from here on belong to the skeleton; a service's own frames stay below. */
	PROC_TYPE_FIRST = 0xf000,
};

#define CODEC_TABLE "server/proc/proc.def"
#define CODEC_NUMBER(NAME) PROC_##NAME
#define CODEC_STRUCT(name) proc_##name
#include "shared/codec_types.inc"
#include "shared/codec_done.inc"

/* The row of a type; NULL when the type is not the skeleton's. */
const struct schema *proc_schema(uint16_t type);

#endif
