/* SPDX-License-Identifier: ISC */
#include "shared/str.h"

#include <stdio.h>

/*
 * Length of the valid UTF-8 character at the start and its code point; 0 when there is none. RFC
 * 3629, section 4.
 */
static size_t
decode_character(const uint8_t *at, size_t left, uint32_t *code)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = at[0] < 0x80 ? 1
	    : at[0] >= 0xf0       ? 4
	    : at[0] >= 0xe0       ? 3
	    : at[0] >= 0xc0       ? 2
				  : 0;

	if (len == 0 || len > left || at[0] > 0xf4)
		return 0;
	*code = len == 1 ? at[0] : at[0] & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (at[i] & 0x3f);
	}
	if (*code < smallest[len] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return len;
}

static bool
is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

static bool
is_line_control(uint32_t code)
{
	return code == '\n' || code == '\t';
}

/* Eight bytes at once, of which most texts are made: 0x20 to 0x7e. */
static bool
is_plain_word(const uint8_t *at)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return ((word | (word - 0x20 * each) | (word + each)) & 0x80 * each) == 0;
}

static bool
is_clean(struct bytes text, bool lines)
{
	const uint8_t *at = text.data;
	uint32_t code;

	for (size_t i = 0, len; i < text.len; i += len) {
		len = sizeof(uint64_t);
		if (text.len - i >= len && is_plain_word(at + i))
			continue;
		len = decode_character(at + i, text.len - i, &code);
		if (len == 0 || (is_control(code) && !(lines && is_line_control(code))))
			return false;
	}
	return true;
}

bool
str_is_clean(struct bytes text)
{
	return is_clean(text, false);
}

bool
str_is_clean_message(struct bytes text)
{
	return is_clean(text, true);
}

static bool
is_letter_or_digit(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool
str_is_name(struct bytes text)
{
	const uint8_t *at = text.data;

	if (text.len < 1 || text.len > 16)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!is_letter_or_digit(at[i]))
			return false;
	return true;
}

size_t
str_escape(struct bytes text, char *out, size_t room)
{
	const uint8_t *at = text.data;
	size_t used = 0;
	uint32_t code;

	for (size_t i = 0, len; i < text.len; i += len) {
		char piece[5];
		size_t piece_len;

		len = decode_character(at + i, text.len - i, &code);
		if (len > 0 && !is_control(code)) {
			memcpy(piece, at + i, len);
			piece_len = len;
		} else {
			len = 1;
			piece_len = (size_t)snprintf(piece, sizeof(piece), "\\x%02x", at[i]);
		}
		if (used + piece_len + 1 > room)
			break;
		memcpy(out + used, piece, piece_len);
		used += piece_len;
	}
	if (room > 0)
		out[used] = '\0';
	return used;
}

bool
str_copy(struct bytes text, char *out, size_t room)
{
	out[0] = '\0';
	if (text.len >= room || (text.len > 0 && memchr(text.data, 0, text.len) != NULL))
		return false;
	if (text.len > 0)
		memcpy(out, text.data, text.len);
	out[text.len] = '\0';
	return true;
}

bool
str_to_number(struct bytes text, uint64_t max, uint64_t *out)
{
	const uint8_t *at = text.data;
	uint64_t value = 0;

	if (text.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (at[i] < '0' || at[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, at[i] - '0', &value))
			return false;
	}
	if (value > max)
		return false;
	*out = value;
	return true;
}

void
str_to_hex(struct bytes bytes, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *at = bytes.data;

	for (size_t i = 0; i < bytes.len; i++) {
		*out++ = digits[at[i] >> 4];
		*out++ = digits[at[i] & 15];
	}
	*out = '\0';
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
str_from_hex(struct bytes text, void *out, size_t len)
{
	const uint8_t *at = text.data;
	uint8_t *to = out;

	if (text.len != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = hex_value(at[2 * i]), low = hex_value(at[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		to[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
