/* SPDX-License-Identifier: ISC */
#include "shared/buffer.h"

#include <assert.h>
#include <stdlib.h>

#include "shared/mem.h"

struct buffer {
	size_t start;
	size_t end;
	size_t size;
	uint8_t data[];
};

enum { SMALLEST = 256 - sizeof(struct buffer) };

/* What was in it may have been a secret. */
static void
buffer_drop(struct buffer *buffer)
{
	if (buffer == NULL)
		return;
	mem_wipe(buffer->data, buffer->size);
	free(buffer);
}

static struct buffer *
buffer_grow(struct buffer *old, size_t need)
{
	size_t size = old != NULL ? old->size : SMALLEST / 2;
	struct buffer *grown;

	while (size < need)
		size *= 2;
	grown = mem_new(sizeof(*grown) + size);
	if (old != NULL) {
		grown->start = old->start;
		grown->end = old->end;
		memcpy(grown->data + old->start, old->data + old->start, old->end - old->start);
	}
	grown->size = size;
	buffer_drop(old);
	return grown;
}

/* Moving is paid for by what was taken before: at least half of the room is free then. */
static void
buffer_compact(struct buffer *buffer)
{
	memmove(buffer->data, buffer->data + buffer->start, buffer->end - buffer->start);
	buffer->end -= buffer->start;
	buffer->start = 0;
}

uint8_t *
buffer_extend(struct buffer **buffer, size_t len)
{
	struct buffer *b = *buffer;
	uint8_t *room;

	assert(len > 0);
	if (b != NULL && len > b->size - b->end && b->start >= b->size / 2)
		buffer_compact(b);
	if (b == NULL || len > b->size - b->end)
		b = *buffer = buffer_grow(b, (b != NULL ? b->end : 0) + len);
	room = b->data + b->end;
	b->end += len;
	return room;
}

void
buffer_append(struct buffer **buffer, struct bytes bytes)
{
	if (bytes.len > 0)
		memcpy(buffer_extend(buffer, bytes.len), bytes.data, bytes.len);
}

void
buffer_skip(struct buffer **buffer, size_t len)
{
	assert(len <= buffer_len(*buffer));
	if (len == 0)
		return;
	(*buffer)->start += len;
	if ((*buffer)->start == (*buffer)->end)
		buffer_free(buffer);
}

struct bytes
buffer_bytes(const struct buffer *buffer)
{
	if (buffer == NULL)
		return bytes_of(NULL, 0);
	return bytes_of(buffer->data + buffer->start, buffer_len(buffer));
}

size_t
buffer_len(const struct buffer *buffer)
{
	return buffer != NULL ? buffer->end - buffer->start : 0;
}

void
buffer_free(struct buffer **buffer)
{
	buffer_drop(*buffer);
	*buffer = NULL;
}
