/* SPDX-License-Identifier: ISC */
#include "client-tui/history/history_words.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "shared/compiler.h"
#include "shared/mem.h"

/*
 * Blocks of Unicode (https://www.unicode.org/Public/UCD/latest/ucd/Blocks.txt) whose characters
 * stand alone: the first and last of each, in order.
 */
static const struct {
	uint32_t first, last;
} apart[] = {
	{ 0x0e00, 0x0eff },   /* Thai, Lao */
	{ 0x1000, 0x109f },   /* Myanmar */
	{ 0x1100, 0x11ff },   /* Hangul Jamo */
	{ 0x1780, 0x17ff },   /* Khmer */
	{ 0x2190, 0x2bff },   /* arrows, symbols */
	{ 0x2e80, 0x2fdf },   /* radicals */
	{ 0x3040, 0x31ff },   /* Hiragana, Katakana, Bopomofo, Hangul compatibility */
	{ 0x3400, 0x4dbf },   /* Han, extension A */
	{ 0x4e00, 0xa4cf },   /* Han, Yi */
	{ 0xa960, 0xa97f },   /* Hangul Jamo */
	{ 0xac00, 0xd7ff },   /* Hangul */
	{ 0xf900, 0xfaff },   /* Han, compatibility */
	{ 0xff66, 0xffdc },   /* halfwidth Katakana and Hangul */
	{ 0x1b000, 0x1b16f }, /* Kana */
	{ 0x1f000, 0x1faff }, /* pictograms */
	{ 0x20000, 0x3ffff }, /* Han, all further extensions */
};

static bool
stands_alone(uint32_t code)
{
	size_t low = 0, high = ARRAY_LEN(apart);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (code > apart[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < ARRAY_LEN(apart) && code >= apart[low].first;
}

/* One character (RFC 3629), and its bytes; a byte that is none counts as itself. */
static uint32_t
decode(const uint8_t *data, size_t len, size_t *size)
{
	static const uint8_t marks[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t wanted = data[0] < 0xc0 ? 1 : data[0] < 0xe0 ? 2 : data[0] < 0xf0 ? 3 : 4;
	uint32_t code = data[0];

	*size = 1;
	if (wanted == 1 || wanted > len)
		return code;
	code -= marks[wanted];
	for (size_t i = 1; i < wanted; i++) {
		if ((data[i] & 0xc0) != 0x80)
			return data[0];
		code = code << 6 | (data[i] & 0x3f);
	}
	*size = wanted;
	return code;
}

char *
history_words_spread(struct bytes text, size_t *len)
{
	/* At worst every three bytes get a blank on either side. */
	char *out = mem_new(text.len + 2 * (text.len / 3 + 1) + 1);
	const uint8_t *data = text.data;
	size_t size, put = 0;

	for (size_t at = 0; at < text.len; at += size) {
		bool is_alone = stands_alone(decode(data + at, text.len - at, &size));

		if (is_alone)
			out[put++] = ' ';
		memcpy(out + put, data + at, size);
		put += size;
		if (is_alone)
			out[put++] = ' ';
	}
	out[put] = '\0';
	*len = put;
	return out;
}

void
history_words_peer(uint64_t peer, char out[HISTORY_WORDS_PEER_ROOM])
{
	snprintf(out, HISTORY_WORDS_PEER_ROOM, "p%" PRIu64, peer);
}

/* --- what is searched for ----------------------------------------------------------------- */

/* Whatever is beyond ASCII may be part of a word; the tokenizer knows better. */
static bool
has_word(struct bytes text)
{
	const uint8_t *data = text.data;

	for (size_t i = 0; i < text.len; i++)
		if (data[i] >= 0x80 || isalnum(data[i]))
			return true;
	return false;
}

/* The next word, or what stands between quotes; "at" moves on. False: there is no more. */
static bool
next_part(struct bytes typed, size_t *at, struct bytes *out, bool *is_quoted)
{
	const char *data = typed.data;
	size_t start = *at;

	while (start < typed.len && isspace((unsigned char)data[start]))
		start++;
	if (start == typed.len)
		return false;
	*is_quoted = data[start] == '"';
	start += *is_quoted;
	*at = start;
	while (*at < typed.len && data[*at] != '"' &&
	    (*is_quoted || !isspace((unsigned char)data[*at])))
		(*at)++;
	*out = bytes_of(data + start, *at - start);
	*at += *is_quoted && *at < typed.len;
	return true;
}

/*
 * A phrase in quotes of FTS5 has no quote in it; a star behind it: its last word may be a
 * beginning.
 */
static void
add_phrase(FILE *query, struct bytes part, bool is_quoted)
{
	size_t len;
	char *spread = history_words_spread(part, &len);

	fputs(" \"", query);
	for (size_t i = 0; i < len; i++)
		putc(spread[i] == '\0' ? ' ' : spread[i], query);
	fputs(is_quoted ? "\"" : "\" *", query);
	free(spread);
}

char *
history_words_query(struct bytes typed, uint64_t peer)
{
	char word[HISTORY_WORDS_PEER_ROOM], *text = NULL;
	size_t len = 0, at = 0, parts = 0;
	bool is_quoted;
	struct bytes part;
	FILE *query = open_memstream(&text, &len);

	if (query == NULL)
		return NULL;
	history_words_peer(peer, word);
	if (peer != 0)
		fprintf(query, "peer : %s AND ", word);
	fputs("text : (", query);
	while (next_part(typed, &at, &part, &is_quoted)) {
		if (!has_word(part))
			continue;
		add_phrase(query, part, is_quoted);
		parts++;
	}
	fputs(" )", query);
	if (fclose(query) != 0 || parts == 0) {
		free(text);
		return NULL;
	}
	return text;
}
