/* SPDX-License-Identifier: ISC */
/*
 * Messages from tables. A .def file has one row per message:
 *
 *	MESSAGE(number, NAME, name, "who to whom", "help", fields...)
 *	U8(name, "help")  U16(…)  U32(…)  U64(…)
 *	STR(name, min, max, "help")	text: UTF-8 without control characters, lengths in bytes
 *	BLOB(name, min, max, "help")	any bytes
 *
 * Out of it come a plain struct (fields in the same order; STR and BLOB are struct bytes), this
 * table, and the manual's check. A struct has nothing but these fields, so their places follow
 * from the order and natural alignment.
 */

#ifndef SHARED_CODEC_H
#define SHARED_CODEC_H

#include "shared/bytes.h"
#include "shared/frame.h"
#include "shared/status.h"

enum field_kind {
	FIELD_U8,
	FIELD_U16,
	FIELD_U32,
	FIELD_U64,
	FIELD_STR,
	FIELD_BLOB,
};

struct field {
	const char *name;
	const char *help;
	enum field_kind kind;
	uint16_t min;	/* bytes; STR and BLOB only */
	uint16_t max;
};

struct schema {
	const char *name;	/* "LOGIN" */
	const char *direction;
	const char *help;
	const struct field *fields;
	size_t field_count;
	size_t struct_size;
	uint16_t type;
};

/* The largest struct any table may declare: room for decoding without knowing the type. */
enum { CODEC_STRUCT_MAX = 256 };
union codec_room {
	uint64_t align;
	uint8_t bytes[CODEC_STRUCT_MAX];
};

/* Rows of "table" are sorted by type (make check proves it). NULL when there is no such type. */
const struct schema *codec_find(const struct schema *table, size_t count, uint16_t type);

/* Bytes the whole frame will have, header included. */
size_t codec_frame_size(const struct schema *schema, const void *message);

/*
 * Writes the whole frame into "room" (at least codec_frame_size() bytes) and returns its size. A
 * message that breaks its own schema (a field over its maximum, a frame over FRAME_SIZE_MAX) is a
 * mistake of the caller: assert.
 */
size_t codec_encode(const struct schema *schema, const void *message, uint8_t *room);

/*
 * Reads a payload into "out" (schema->struct_size bytes). STR and BLOB borrow from the payload.
 * STATUS_BAD_FRAME: too short, or bytes left over. STATUS_TOO_LONG, STATUS_TOO_SHORT,
 * STATUS_BAD_TEXT: a field. *bad (may be NULL) then names the field where it ended; what stands
 * before it is already in "out", the rest of "out" is zero, so that an ERROR can name the
 * request.
 */
enum status codec_decode(
    const struct schema *schema, struct bytes payload, void *out, const struct field **bad);

/*
 * One line for logs, foreign text escaped, blobs as lengths: "LOGIN request=1 uid=15 method=1
 * proof=[32]".
 */
void codec_describe(const struct schema *schema, const void *message, char *line, size_t room);

/* Size of the struct that the fields make; the tests hold it against sizeof. */
size_t codec_struct_size(const struct schema *schema);

#endif
