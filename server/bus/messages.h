/* SPDX-License-Identifier: ISC */
/* What siblings tell each other, as C: the rows are in bus.def. */

#ifndef SERVER_BUS_MESSAGES_H
#define SERVER_BUS_MESSAGES_H

#include "shared/codec.h"

enum bus_message_type {
#define MESSAGE(number, NAME, name, direction, help, ...) BUS_##NAME = number,
#include "server/bus/bus.def"
#undef MESSAGE
};

#include "shared/codec_structs.h"
#define MESSAGE(number, NAME, name, direction, help, ...) \
	struct bus_##name { \
		__VA_ARGS__ \
	};
#include "server/bus/bus.def"
#undef MESSAGE
#include "shared/codec_done.h"

/* The row of a type; NULL when there is no such type. */
const struct schema *bus_schema(uint16_t type);

#endif
