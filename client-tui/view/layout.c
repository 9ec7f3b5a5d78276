/* SPDX-License-Identifier: ISC */
#include "client-tui/view/layout.h"

#include "client-tui/view/input.h"

enum {
	LIST_WIDE = 27,
	LIST_MEDIUM = 17,
	BODY_COLUMNS_LEAST = 12,
	SAY_MARGIN_WIDE = 2, /* it stands on a rule there */
	/* Rows from which on a screen has these. */
	BODY_ROWS = 2,
	STATUS_ROWS = 4,
	LIST_ROWS = 6,
	SAY_ROWS = 8,
	TITLE_ROWS = 8,
};

bool
layout_has(struct canvas_rect rect)
{
	return rect.columns > 0 && rect.rows > 0;
}

struct canvas_rect
layout_say_inside(const struct layout *layout)
{
	struct canvas_rect in = layout->say;
	int margin = layout->is_wide ? SAY_MARGIN_WIDE : layout->margin;

	in.x += margin;
	in.columns -= 2 * margin;
	return in;
}

/* Cuts so many rows off a rectangle: from its top, or from its bottom. */
static struct canvas_rect
cut_top(struct canvas_rect *from, int rows)
{
	struct canvas_rect cut = *from;

	cut.rows = rows;
	from->y += rows;
	from->rows -= rows;
	return cut;
}

static struct canvas_rect
cut_bottom(struct canvas_rect *from, int rows)
{
	struct canvas_rect cut = *from;

	from->rows -= rows;
	cut.y += from->rows;
	cut.rows = rows;
	return cut;
}

static struct canvas_rect
cut_left(struct canvas_rect *from, int columns)
{
	struct canvas_rect cut = *from;

	cut.columns = columns;
	from->x += columns;
	from->columns -= columns;
	return cut;
}

/* An input line grows to a third of the screen; a question, which has to be read whole, to more. */
static int
most_input_rows(const struct model *model, int rows)
{
	if (model->ask.kind != ASK_NOTHING)
		return rows <= 4 ? rows : rows / 2;
	return rows < 3 ? 1 : rows / 3;
}

struct layout
layout_of(const struct model *model, int columns, int rows)
{
	struct canvas_rect rest = { .columns = columns, .rows = rows };
	struct layout layout = { .is_wide = columns >= LAYOUT_WIDE,
		.margin = columns >= LAYOUT_MEDIUM };
	int wanted, most;

	if (rows < BODY_ROWS || columns < BODY_COLUMNS_LEAST) {
		layout.input = rest;
		return layout;
	}
	if (rows >= STATUS_ROWS)
		layout.status = cut_top(&rest, 1);
	if (columns >= LAYOUT_MEDIUM && rows >= LIST_ROWS && !model->panes.is_folded)
		layout.list = cut_left(&rest, layout.is_wide ? LIST_WIDE : LIST_MEDIUM);
	if (layout.is_wide && rows >= TITLE_ROWS)
		layout.title = cut_top(&rest, 1);
	wanted = input_rows(model, rest.columns - layout.margin);
	most = most_input_rows(model, rows);
	layout.input = cut_bottom(&rest, wanted < most ? wanted : most);
	if (rows >= SAY_ROWS && rest.rows > 1)
		layout.say = cut_bottom(&rest, 1);
	layout.body = rest;
	return layout;
}
