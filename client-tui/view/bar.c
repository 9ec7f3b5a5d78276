/* SPDX-License-Identifier: ISC */
#include "client-tui/view/bar.h"

#include "client-tui/model/text.h"

enum {
	GAP = 2, /* columns between what is left and what is right */
};

void
bar_add(struct bar *bar, enum bar_side side, int rank, enum canvas_style style, const char *before,
    const char *text)
{
	struct bar_piece *piece = &bar->pieces[bar->count];

	if (text[0] == '\0' || bar->count == BAR_PIECES_MOST)
		return;
	*piece = (struct bar_piece){ .side = side, .rank = rank, .style = style, .before = before };
	text_format(piece->text, sizeof(piece->text), "%s", text);
	bar->count++;
}

/* Whether pieces of this rank are shown, and the columns that those on one side take. */
static int
side_width(const struct bar *bar, enum bar_side side, int below)
{
	int width = 0;

	for (size_t i = 0; i < bar->count; i++) {
		const struct bar_piece *piece = &bar->pieces[i];

		if (piece->side != side || piece->rank >= below)
			continue;
		if (width > 0)
			width += text_width(bytes_of_string(piece->before));
		width += text_width(bytes_of_string(piece->text));
	}
	return width;
}

/* The smallest rank that has to go: all below it fit. */
static int
rank_to_drop(const struct bar *bar, int columns)
{
	int below = BAR_LAST + 1;

	while (below > 1) {
		int left = side_width(bar, BAR_LEFT, below),
		    right = side_width(bar, BAR_RIGHT, below);

		if (left + right + (left > 0 && right > 0 ? GAP : 0) <= columns)
			break;
		below--;
	}
	return below;
}

static enum canvas_style
style_in(const struct bar *bar, enum canvas_style style)
{
	return bar->is_reverse && style != STYLE_ALERT ? STYLE_REVERSE : style;
}

/* Returns the column behind it. */
static int
draw_side(const struct bar *bar, enum bar_side side, int below, const struct painter *painter,
    struct canvas_rect in, int x, int y)
{
	int start = x;

	for (size_t i = 0; i < bar->count; i++) {
		const struct bar_piece *piece = &bar->pieces[i];

		if (piece->side != side || piece->rank >= below)
			continue;
		if (x > start)
			x = paint_ours(painter, in, x, y, style_in(bar, STYLE_DIM), piece->before);
		x = paint_short(painter, in, x, y, in.columns - x, style_in(bar, piece->style),
		    piece->text);
	}
	return x;
}

void
bar_draw(const struct bar *bar, const struct painter *painter, struct canvas_rect in, int y)
{
	int below = rank_to_drop(bar, in.columns);
	int right = side_width(bar, BAR_RIGHT, below), end;

	if (right > 0 && right < in.columns)
		draw_side(bar, BAR_RIGHT, below, painter, in, in.columns - right, y);
	else
		right = 0;
	if (right > 0)
		in.columns -= right + GAP;
	end = draw_side(bar, BAR_LEFT, below, painter, in, 0, y);
	if (bar->is_padded) {
		in.x--;
		in.columns += 2;
		canvas_print(painter->canvas, in, 0, y, STYLE_NORMAL, " ");
		canvas_print(painter->canvas, in, end + 1, y, STYLE_NORMAL, " ");
	}
}
