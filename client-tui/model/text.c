/* SPDX-License-Identifier: ISC */
#include "client-tui/model/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <utf8proc.h>

#include "shared/compiler.h"
#include "shared/mem.h"

enum {
	VARIATION_EMOJI = 0xfe0f,
	KEYCAP = 0x20e3,
	ESCAPE_ROOM = 7, /* "\u202e" and its end mark */
};

/*
 * The code point at a place and its bytes; a byte that starts none stands for itself, so that every
 * loop ends.
 */
static size_t
decode(struct bytes text, size_t at, int32_t *code)
{
	const uint8_t *data = text.data;
	utf8proc_ssize_t len = utf8proc_iterate(data + at, (utf8proc_ssize_t)(text.len - at), code);

	if (len > 0)
		return (size_t)len;
	*code = -1;
	return 1;
}

static bool
is_control(int32_t code)
{
	return (code >= 0 && code < 0x20) || (code >= 0x7f && code < 0xa0);
}

static bool
has_class(int32_t code, int boundclass)
{
	return code >= 0 && (int)utf8proc_get_property(code)->boundclass == boundclass;
}

/* The columns of a cluster with one more code point: emoji, keycaps and flags make two of one. */
static int
widened(int width, int32_t base, int32_t code)
{
	int own = utf8proc_charwidth(code);

	if (code == KEYCAP ||
	    (code == VARIATION_EMOJI &&
		has_class(base, UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC)) ||
	    (has_class(code, UTF8PROC_BOUNDCLASS_REGIONAL_INDICATOR) &&
		has_class(base, UTF8PROC_BOUNDCLASS_REGIONAL_INDICATOR)))
		own = 2;
	return own > width ? own : width;
}

struct text_cluster
text_cluster_decode(struct bytes text)
{
	struct text_cluster cluster;
	int32_t base, before, code, state = 0;

	cluster.len = decode(text, 0, &base);
	cluster.width = 0;
	if (base < 0 || is_control(base))
		return cluster;
	cluster.width = widened(0, -1, base);
	before = base;
	while (cluster.len < text.len) {
		size_t len = decode(text, cluster.len, &code);

		if (code < 0 || utf8proc_grapheme_break_stateful(before, code, &state))
			break;
		cluster.width = widened(cluster.width, base, code);
		cluster.len += len;
		before = code;
	}
	if (cluster.width > 2)
		cluster.width = 2;
	return cluster;
}

size_t
text_cluster_before(struct bytes text, size_t at)
{
	const char *data = text.data;
	size_t start = at - 1;

	/* What a cluster is depends on what stands before it; a line break before it ends that. */
	while (start > 0 && data[start - 1] != '\n' &&
	    !(text_is_ascii((uint8_t)data[start - 1]) && text_is_ascii((uint8_t)data[start])))
		start--;
	for (;;) {
		size_t len = text_cluster_first(bytes_of(data + start, text.len - start)).len;

		if (start + len >= at)
			return start;
		start += len;
	}
}

static int
width_at(struct text_cluster cluster, char first, int column)
{
	return first == '\t' ? TEXT_TAB - column % TEXT_TAB : cluster.width;
}

int
text_width(struct bytes text)
{
	int column = 0;

	while (text.len > 0) {
		struct text_cluster cluster = text_cluster_first(text);

		column += width_at(cluster, *(const char *)text.data, column);
		text = bytes_from(text, cluster.len);
	}
	return column;
}

size_t
text_fit(struct bytes text, int columns)
{
	size_t at = 0;
	int column = 0;

	while (at < text.len) {
		struct text_cluster cluster = text_cluster_first(bytes_from(text, at));

		column += width_at(cluster, ((const char *)text.data)[at], column);
		if (column > columns)
			break;
		at += cluster.len;
	}
	return at;
}

bool
text_is_blank_beyond_ascii(struct bytes cluster)
{
	int32_t code;

	decode(cluster, 0, &code);
	/* All separators but those that hold together. */
	return code >= 0 && utf8proc_category(code) == UTF8PROC_CATEGORY_ZS && code != 0xa0 &&
	    code != 0x202f;
}

bool
text_is_word(struct bytes cluster)
{
	const uint8_t *data = cluster.data;
	int32_t code;

	if (data[0] < 0x80)
		return isalnum(data[0]);
	decode(cluster, 0, &code);
	if (code < 0)
		return false;
	switch (utf8proc_category(code)) {
	case UTF8PROC_CATEGORY_LU:
	case UTF8PROC_CATEGORY_LL:
	case UTF8PROC_CATEGORY_LT:
	case UTF8PROC_CATEGORY_LM:
	case UTF8PROC_CATEGORY_LO:
	case UTF8PROC_CATEGORY_MN:
	case UTF8PROC_CATEGORY_MC:
	case UTF8PROC_CATEGORY_ME:
	case UTF8PROC_CATEGORY_ND:
	case UTF8PROC_CATEGORY_NL:
	case UTF8PROC_CATEGORY_NO:
		return true;
	default:
		return false;
	}
}

struct range {
	int32_t first, last;
};

static bool
is_in(int32_t code, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return false;
}

/* What moves the text around it, or ends a line where nobody sees it. */
static bool
is_treacherous(int32_t code)
{
	static const struct range ranges[] = { { 0x2028, 0x2029 }, { 0x202a, 0x202e },
		{ 0x2066, 0x2069 } };

	return is_in(code, ranges, ARRAY_LEN(ranges));
}

/* What makes two names look the same that are not. */
static bool
is_invisible(int32_t code)
{
	static const struct range ranges[] = { { 0xad, 0xad }, { 0x61c, 0x61c }, { 0x180e, 0x180e },
		{ 0x200b, 0x200b }, { 0x200e, 0x200f }, { 0x2060, 0x2064 }, { 0x206a, 0x206f },
		{ 0xfeff, 0xfeff } };

	return is_in(code, ranges, ARRAY_LEN(ranges));
}

/*
 * What the code point at the start becomes, into "out", which has ESCAPE_ROOM or its own bytes of
 * room. Returns the bytes taken, "used" the bytes written.
 */
static size_t
clean_one(struct bytes foreign, bool is_line, char *out, size_t *used)
{
	const uint8_t *data = foreign.data;
	int32_t code;
	size_t len;

	if (text_is_ascii(data[0])) {
		out[0] = (char)data[0];
		*used = 1;
		return 1;
	}
	len = decode(foreign, 0, &code);
	if (code == '\r' || code == '\n' || code == '\t') {
		out[0] = is_line ? ' ' : code == '\r' ? '\n' : (char)code;
		*used = 1;
		return code == '\r' && foreign.len > 1 && data[1] == '\n' ? 2 : 1;
	}
	if (code < 0 || is_control(code)) {
		*used = (size_t)snprintf(out, ESCAPE_ROOM, "\\x%02x", data[0]);
		return 1;
	}
	if (is_treacherous(code) || (is_line && is_invisible(code))) {
		*used = (size_t)snprintf(out, ESCAPE_ROOM, "\\u%04x", (unsigned)code);
		return len;
	}
	memcpy(out, data, len);
	*used = len;
	return len;
}

char *
text_clean(struct bytes foreign, size_t *len)
{
	/* No byte grows to more than four. */
	size_t room = foreign.len + ESCAPE_ROOM, at = 0, used = 0, piece;
	char *out = mem_new(room);

	while (at < foreign.len) {
		if (room - used < ESCAPE_ROOM) {
			room += room / 2 + ESCAPE_ROOM;
			out = mem_resize(out, room, 1);
		}
		at += clean_one(bytes_from(foreign, at), false, out + used, &piece);
		used += piece;
	}
	out = mem_resize(out, used + 1, 1);
	out[used] = '\0';
	*len = used;
	return out;
}

void
text_clean_line(struct bytes foreign, char *out, size_t room)
{
	char one[ESCAPE_ROOM];
	size_t used = 0, piece;

	for (size_t at = 0; at < foreign.len;) {
		at += clean_one(bytes_from(foreign, at), true, one, &piece);
		if (used + piece + 1 > room) {
			/* What was left out may belong to the last cluster: a half one is none. */
			if (used > 0)
				used = text_cluster_before(bytes_of(out, used), used);
			break;
		}
		memcpy(out + used, one, piece);
		used += piece;
	}
	out[used] = '\0';
}

void
text_format(char *out, size_t room, const char *format, ...)
{
	va_list arguments;
	int wanted;
	size_t len = room - 1;
	int32_t code;

	va_start(arguments, format);
	wanted = vsnprintf(out, room, format, arguments);
	va_end(arguments);
	if (wanted < 0 || (size_t)wanted < room)
		return;
	/* Cut: half a character at the end goes. */
	while (len > 0 && ((uint8_t)out[len - 1] & 0xc0) == 0x80)
		len--;
	if (len > 0) {
		size_t last = decode(bytes_of(out, room - 1), len - 1, &code);

		len = code < 0 ? len - 1 : len - 1 + last;
	}
	out[len] = '\0';
}
