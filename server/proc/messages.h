/* SPDX-License-Identifier: ISC */
/* What parent and children tell each other, as C: the rows are in proc.def. */

#ifndef SERVER_PROC_MESSAGES_H
#define SERVER_PROC_MESSAGES_H

#include "shared/codec.h"

enum {
	/* Types from here on belong to the skeleton; a service's own frames stay below. */
	PROC_TYPE_FIRST = 0xf000,
};

enum proc_message_type {
#define MESSAGE(number, NAME, name, direction, help, ...) PROC_##NAME = number,
#include "server/proc/proc.def"
#undef MESSAGE
};

#include "shared/codec_structs.h"
#define MESSAGE(number, NAME, name, direction, help, ...) \
	struct proc_##name { \
		__VA_ARGS__ \
	};
#include "server/proc/proc.def"
#undef MESSAGE
#include "shared/codec_done.h"

/* The row of a type; NULL when the type is not the skeleton's. */
const struct schema *proc_schema(uint16_t type);

#endif
