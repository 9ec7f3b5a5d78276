/* SPDX-License-Identifier: ISC */
/*
 * Text as people see it: grapheme clusters (Unicode UAX #29) and the columns they take, by
 * libutf8proc; and what foreign text becomes before anything of it is kept or shown.
 */

#ifndef CLIENT_MODEL_TEXT_H
#define CLIENT_MODEL_TEXT_H

#include <stdbool.h>

#include "shared/bytes.h"
#include "shared/compiler.h"

enum {
	TEXT_MESSAGE_MAX = 16384, /* bytes of a message on every road */
	TEXT_NAME_ROOM = 132,	  /* a name or display name, cleaned, with its end mark */
	TEXT_TAB = 8,		  /* columns from one tab stop to the next */
};

/*
 * One character as a reader counts them: its bytes, and its columns (0, 1 or 2; a control character
 * has 0).
 */
struct text_cluster {
	size_t len;
	int width;
};

/* The cluster at the start of text that is not plain ASCII. */
struct text_cluster text_cluster_decode(struct bytes text);

static inline bool
text_is_ascii(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x7f;
}

/*
 * The cluster at the start of clean text; "text" is not empty. Most text is ASCII, and it is asked
 * for each character.
 */
static inline struct text_cluster
text_cluster_first(struct bytes text)
{
	const uint8_t *data = text.data;

	if (text_is_ascii(data[0]) && (text.len == 1 || data[1] < 0x80))
		return (struct text_cluster){ .len = 1, .width = 1 };
	return text_cluster_decode(text);
}

/* Where the cluster starts that ends at or spans the byte before "at"; 0 < at <= text.len. */
size_t text_cluster_before(struct bytes text, size_t at);

/* Columns of a line of clean text; tabs count as if the line started at a tab stop. */
int text_width(struct bytes text);

/* The bytes of the longest start of "text" that takes at most "columns". */
size_t text_fit(struct bytes text, int columns);

/*
 * Whether a cluster is white space, and whether it is part of a word (letters, digits, marks, wide
 * characters).
 */
bool text_is_blank_beyond_ascii(struct bytes cluster);

static inline bool
text_is_blank(struct bytes cluster)
{
	uint8_t first = *(const uint8_t *)cluster.data;

	if (first < 0x80)
		return first == ' ' || first == '\t' || first == '\n';
	return text_is_blank_beyond_ascii(cluster);
}

bool text_is_word(struct bytes cluster);

/* snprintf(3) of clean text that is cut between characters. */
void text_format(char *out, size_t room, const char *format, ...) PRINTF_LIKE(3, 4);

/*
 * Foreign text made safe for a screen: CR LF and CR become a line break, broken UTF-8 and control
 * characters other than line break and tab become \xNN, bidirectional controls (U+202A-202E,
 * U+2066-2069) and the separators U+2028 and U+2029 become \uNNNN. On the heap, ends with a zero;
 * its length is put into "len".
 */
char *text_clean(struct bytes foreign, size_t *len);

/*
 * The same for one line (a name, a sentence): line breaks and tabs become a blank, invisible
 * characters (U+00AD, U+061C, U+180E, U+200B, U+200E, U+200F, U+2060-2064, U+206A-206F, U+FEFF) are
 * escaped as well. Cut between clusters to what fits into "room".
 */
void text_clean_line(struct bytes foreign, char *out, size_t room);

#endif
