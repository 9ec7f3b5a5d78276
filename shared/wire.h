/* SPDX-License-Identifier: ISC */
/*
 * A cursor over bytes, big-endian, with an error that sticks: read or write as many fields as you
 * like and look at wire_is_good() once. It never goes past its end; after a failure reads give
 * zeros and writes do nothing.
 */

#ifndef SHARED_WIRE_H
#define SHARED_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/bytes.h"

struct wire {
	uint8_t *data;	/* written only by wire_put_* */
	size_t len;
	size_t position;
	bool failed;
};

/* A cursor to read from "bytes", or to write into "data"; the memory stays the caller's. */
struct wire wire_reader(struct bytes bytes);
struct wire wire_writer(void *data, size_t len);

bool wire_is_good(const struct wire *wire);
/* Bytes between the cursor and the end. */
size_t wire_left(const struct wire *wire);

uint8_t wire_get_u8(struct wire *wire);
uint16_t wire_get_u16(struct wire *wire);
uint32_t wire_get_u32(struct wire *wire);
uint64_t wire_get_u64(struct wire *wire);
/* "len" bytes as they stand, borrowed from the cursor's memory. */
struct bytes wire_get_raw(struct wire *wire, size_t len);
/* A u16 length and as many bytes, borrowed. */
struct bytes wire_get_blob(struct wire *wire);

void wire_put_u8(struct wire *wire, uint8_t value);
void wire_put_u16(struct wire *wire, uint16_t value);
void wire_put_u32(struct wire *wire, uint32_t value);
void wire_put_u64(struct wire *wire, uint64_t value);
void wire_put_raw(struct wire *wire, struct bytes bytes);
/* A u16 length and the bytes; more than 65 535 is a failure. */
void wire_put_blob(struct wire *wire, struct bytes bytes);

#endif
