/* SPDX-License-Identifier: ISC */
/*
 * Bytes that wait: added at the end, taken at the start. An empty buffer is NULL and costs
 * nothing; it comes to be with the first byte and goes with the last one.
 */

#ifndef SHARED_BUFFER_H
#define SHARED_BUFFER_H

#include "shared/bytes.h"

struct buffer;

/* Makes room for "len" (at least 1) more bytes at the end, which the caller writes at once. */
uint8_t *buffer_extend(struct buffer **buffer, size_t len);

void buffer_append(struct buffer **buffer, struct bytes bytes);

/* Forgets the first "len" bytes; there are that many. */
void buffer_skip(struct buffer **buffer, size_t len);

/* All that waits, borrowed until the next change. */
struct bytes buffer_bytes(const struct buffer *buffer);

size_t buffer_len(const struct buffer *buffer);

/* Forgets everything, and wipes it. */
void buffer_free(struct buffer **buffer);

#endif
