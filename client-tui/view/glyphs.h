/* SPDX-License-Identifier: ISC */
/*
 * The signs that the screen draws of its own, and what stands for them in ASCII; the rows are in
 * glyphs.def.
 */

#ifndef CLIENT_VIEW_GLYPHS_H
#define CLIENT_VIEW_GLYPHS_H

#include <stdbool.h>
#include <stddef.h>

#include "client-tui/model/roster.h"
#include "client-tui/model/transcript.h"

enum glyph {
#define GLYPH(NAME, utf8, ascii) GLYPH_##NAME,
#include "client-tui/view/glyphs.def"
#undef GLYPH
};

/* Static memory. */
const char *glyph_text(enum glyph glyph, bool is_ascii);
enum glyph glyph_of_presence(enum presence presence);
enum glyph glyph_of_delivery(enum delivery delivery);

/* A sentence of ours with its glyphs in ASCII; cut to "room". */
void glyph_to_ascii(const char *sentence, char *out, size_t room);

#endif
