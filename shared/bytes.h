/* SPDX-License-Identifier: ISC */
/* A borrowed run of bytes. It owns nothing: whoever holds the memory says how long it lives. */

#ifndef SHARED_BYTES_H
#define SHARED_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const void *data;
	size_t len;
};

static inline struct bytes
bytes_of(const void *data, size_t len)
{
	return (struct bytes){ .data = data, .len = len };
}

/* The characters of a C string without its end mark. */
static inline struct bytes
bytes_of_string(const char *string)
{
	return bytes_of(string, strlen(string));
}

/* What is left behind the first "start" bytes; start <= bytes.len. */
static inline struct bytes
bytes_from(struct bytes bytes, size_t start)
{
	return start > 0 ? bytes_of((const char *)bytes.data + start, bytes.len - start) : bytes;
}

static inline bool
bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

#endif
