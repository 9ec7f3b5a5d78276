/* SPDX-License-Identifier: ISC */
/*
 * The verbs of the store as C: an enum, one struct verb_NAME per row of verbs.def, and the
 * table of schemas.
 */

#ifndef SERVER_STORE_VERBS_H
#define SERVER_STORE_VERBS_H

#include "shared/codec.h"

enum {
	/* from here to VERB_ITEM - 1: told to a child without being asked */
	VERB_TOLD = 0x1000,
	VERB_ITEM = 0x2000,	/* added to a request's number: an item of its list */
	VERB_OK = 0x4000,	/* added to a request's number: its answer */
};

#define CODEC_TABLE "server/store/verbs.def"
#define CODEC_NUMBER(NAME) VERB_##NAME
#define CODEC_STRUCT(name) verb_##name
#include "shared/codec_types.inc"
#include "shared/codec_done.inc"

/* The row of a number; NULL when there is none. */
const struct schema *verb_schema(uint16_t verb);

/* All rows, sorted by number. */
const struct schema *verb_table(size_t *count);

/* "ACCOUNT_ADD", or "?". Static memory. */
const char *verb_name(uint16_t verb);

#endif
