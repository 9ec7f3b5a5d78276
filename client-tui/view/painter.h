/* SPDX-License-Identifier: ISC */
/*
 * What every part of the screen draws with: text of ours with its glyphs, text cut with a sign,
 * rules, wrapped text.
 */

#ifndef CLIENT_VIEW_PAINTER_H
#define CLIENT_VIEW_PAINTER_H

#include "client-tui/model/model.h"
#include "client-tui/view/canvas.h"
#include "client-tui/view/glyphs.h"

struct painter {
	const struct model *model;
	struct canvas *canvas;
};

/* A glyph as this screen shows it. */
const char *paint_glyph(const struct painter *painter, enum glyph glyph);

/* Puts a glyph; returns the column behind it. */
int paint_sign(const struct painter *painter, struct canvas_rect in, int x, int y,
    enum canvas_style style, enum glyph glyph);

/*
 * A sentence of ours: in ASCII when that is wanted. Returns the column behind it, like the other
 * two.
 */
int paint_ours(const struct painter *painter, struct canvas_rect in, int x, int y,
    enum canvas_style style, const char *sentence);

/* Text in at most so many columns: what is longer ends in a cut sign. */
int paint_short(const struct painter *painter, struct canvas_rect in, int x, int y, int columns,
    enum canvas_style style, const char *text);

/* The same, ending at the right border of "in". */
void paint_right(const struct painter *painter, struct canvas_rect in, int y,
    enum canvas_style style, const char *text);

/* A rule through the row "y" of "in", with a word in its middle; none when it is empty. */
void paint_rule(const struct painter *painter, struct canvas_rect in, int y, const char *word,
    enum canvas_style style);

/* Wrapped text from the top of "in" on, at most its rows; returns the rows used. */
int paint_wrapped(const struct painter *painter, struct canvas_rect in, enum canvas_style style,
    const char *text);

/* Rows that it would need. */
int paint_count(const char *text, int columns);

/* A part of a rectangle, relative to it; not more than it has. */
struct canvas_rect paint_part(struct canvas_rect in, int x, int y, int columns, int rows);

#endif
