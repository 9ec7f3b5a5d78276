/* SPDX-License-Identifier: ISC */
#include "client-tui/view/glyphs.h"

#include <string.h>

#include "shared/compiler.h"

const char *
glyph_text(enum glyph glyph, bool is_ascii)
{
	static const char *const texts[][2] = {
#define GLYPH(NAME, utf8, ascii) [GLYPH_##NAME] = { utf8, ascii },
#include "client-tui/view/glyphs.def"
#undef GLYPH
	};

	return texts[glyph][is_ascii];
}

enum glyph
glyph_of_presence(enum presence presence)
{
	static const enum glyph glyphs[] = {
		[PRESENCE_UNKNOWN] = GLYPH_UNKNOWN,
		[PRESENCE_ONLINE] = GLYPH_ONLINE,
		[PRESENCE_ABSENT] = GLYPH_ABSENT,
		[PRESENCE_UNREACHABLE] = GLYPH_UNKNOWN,
	};

	return glyphs[presence];
}

enum glyph
glyph_of_delivery(enum delivery delivery)
{
	static const enum glyph glyphs[] = {
		[DELIVERY_QUEUED] = GLYPH_QUEUED,
		[DELIVERY_STORED] = GLYPH_STORED,
		[DELIVERY_DELIVERED] = GLYPH_DELIVERED,
		[DELIVERY_READ] = GLYPH_READ,
		[DELIVERY_FAILED] = GLYPH_FAILED,
	};

	return glyphs[delivery];
}

/*
 * The glyph that a sentence has at its start, with its ASCII form; NULL when it is none of those in
 * sentences.
 */
static const char *
ascii_at(const char *sentence, size_t *len)
{
	static const enum glyph used[] = { GLYPH_DOT, GLYPH_MORE, GLYPH_PROMPT, GLYPH_DOWN,
		GLYPH_SECRET };

	for (size_t i = 0; i < ARRAY_LEN(used); i++) {
		const char *glyph = glyph_text(used[i], false);

		*len = strlen(glyph);
		if (strncmp(sentence, glyph, *len) == 0)
			return glyph_text(used[i], true);
	}
	return NULL;
}

void
glyph_to_ascii(const char *sentence, char *out, size_t room)
{
	size_t used = 0, taken = 0;

	for (; *sentence != '\0'; sentence += taken) {
		const char *piece = ascii_at(sentence, &taken);
		size_t len;

		if (piece == NULL) {
			piece = sentence;
			taken = 1;
		}
		len = taken == 1 ? 1 : strlen(piece);
		if (used + len >= room)
			break;
		memcpy(out + used, piece, len);
		used += len;
	}
	out[used] = '\0';
}
