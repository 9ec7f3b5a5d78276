/* SPDX-License-Identifier: ISC */
/* What siblings tell each other, as C: the rows are in bus.def. */

#ifndef SERVER_BUS_MESSAGES_H
#define SERVER_BUS_MESSAGES_H

#include "shared/codec.h"

#define CODEC_TABLE "server/bus/bus.def"
#define CODEC_NUMBER(NAME) BUS_##NAME
#define CODEC_STRUCT(name) bus_##name
#include "shared/codec_types.inc"
#include "shared/codec_done.inc"

/* The row of a type; NULL when there is no such type. */
const struct schema *bus_schema(uint16_t type);

#endif
