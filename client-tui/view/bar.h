/* SPDX-License-Identifier: ISC */
/*
 * A row of pieces, some on the left, some on the right. When they do not all fit, whole pieces are
 * left out, those of the highest rank first; what is left of rank 0 is cut at last.
 */

#ifndef CLIENT_VIEW_BAR_H
#define CLIENT_VIEW_BAR_H

#include "client-tui/view/painter.h"

enum bar_side {
	BAR_LEFT,
	BAR_RIGHT,
};

enum {
	BAR_PIECES_MOST = 16,
	BAR_PIECE_ROOM = 320,
	BAR_LAST = 99, /* the rank of what goes first */
};

struct bar_piece {
	enum bar_side side;
	int rank;
	enum canvas_style style;
	const char *before; /* what separates it from the piece left of it, if there is one */
	char text[BAR_PIECE_ROOM];
};

struct bar {
	struct bar_piece pieces[BAR_PIECES_MOST];
	size_t count;
	bool is_reverse; /* on a row in reverse: only alerts keep their style */
	bool is_padded;	 /* on a rule: a blank stands on both sides of what is left */
};

/* Adds a piece; an empty one, or one too many, is left out. */
void bar_add(struct bar *bar, enum bar_side side, int rank, enum canvas_style style,
    const char *before, const char *text);

/* Draws it into the row "y" of "in". */
void bar_draw(const struct bar *bar, const struct painter *painter, struct canvas_rect in, int y);

#endif
