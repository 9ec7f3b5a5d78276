/* SPDX-License-Identifier: ISC */
#include "client-tui/view/help_page.h"

#include <string.h>

#include "client-tui/model/text.h"
#include "client-tui/view/bar.h"
#include "client-tui/view/wrap.h"

enum {
	TITLE_ROWS = 3, /* rows that are worth a title */
	MARGIN_FROM = 40,
	HANGING_LEAST = 16, /* columns that have to be left to rows that hang */
	SHOWN_ROOM = 512,
};

static struct canvas_rect
text_rect(int columns, int rows)
{
	int margin = columns >= MARGIN_FROM, title = rows >= TITLE_ROWS;

	return (struct canvas_rect){
		.x = margin, .y = title, .columns = columns - 2 * margin, .rows = rows - title
	};
}

/*
 * Where the further rows of a line begin: under its last column, where the columns left are enough
 * to read; else under the one before. A column stands behind two blanks or more.
 */
static int
hanging(const char *line, int columns)
{
	const char *gap = line + strspn(line, " ");
	int hang = 0, x;

	for (gap = strstr(gap, "  "); gap != NULL; gap = strstr(gap, "  ")) {
		gap += strspn(gap, " ");
		x = text_width(bytes_of(line, (size_t)(gap - line)));
		if (columns - x >= HANGING_LEAST)
			hang = x;
	}
	return hang;
}

/* The row of a line that starts at a byte, and where it stands. */
static struct wrap_row
row_at(struct bytes line, size_t start, int columns, int hang, int *x)
{
	*x = start > 0 ? hang : 0;
	return wrap_row_at(line, start, columns - *x, WRAP_READING);
}

static size_t
row_count(const struct help *help, int columns)
{
	size_t rows = 0;

	for (size_t i = 0; i < help->count; i++) {
		struct bytes line = bytes_of_string(help->lines[i]);
		struct wrap_row row = { .next = 0 };
		int hang = hanging(help->lines[i], columns), x;

		do {
			row = row_at(line, row.next, columns, hang, &x);
			rows++;
		} while (!row.is_last);
	}
	return rows;
}

size_t
help_page_end(const struct help *help, int columns, int rows)
{
	struct canvas_rect in = text_rect(columns, rows);
	size_t all = row_count(help, in.columns);

	return all > (size_t)in.rows ? all - (size_t)in.rows : 0;
}

/* Draws the rows of a line that are on the screen; returns the row behind it. */
static int
draw_line(const struct painter *painter, struct canvas_rect in, int y, const char *line)
{
	struct bytes text = bytes_of_string(line);
	struct wrap_row row = { .next = 0 };
	int hang = hanging(line, in.columns), x;

	do {
		row = row_at(text, row.next, in.columns, hang, &x);
		if (y >= 0 && y < in.rows)
			canvas_put(painter->canvas, in, x, y, STYLE_NORMAL,
			    bytes_of(line + row.start, row.end - row.start));
		y++;
	} while (!row.is_last);
	return y;
}

static void
draw_title(const struct painter *painter, size_t top, size_t end)
{
	struct canvas_rect row = { .columns = painter->canvas->columns, .rows = 1 };
	struct bar bar = { .is_reverse = true };

	bar_add(&bar, BAR_LEFT, 0, STYLE_BOLD, "", painter->model->help.title);
	if (top < end)
		bar_add(&bar, BAR_RIGHT, 2, STYLE_BOLD, " · ", "PgDn more");
	else if (end > 0)
		bar_add(&bar, BAR_RIGHT, 2, STYLE_BOLD, " · ", "PgUp back");
	bar_add(&bar, BAR_RIGHT, 1, STYLE_NORMAL, " · ", "Esc closes");
	canvas_restyle(painter->canvas, row, STYLE_REVERSE);
	bar_draw(&bar, painter, paint_part(row, 1, 0, row.columns - 2, 1), 0);
}

void
help_page_draw(const struct painter *painter)
{
	const struct help *help = &painter->model->help;
	struct canvas_rect in = text_rect(painter->canvas->columns, painter->canvas->rows);
	size_t end = help_page_end(help, painter->canvas->columns, painter->canvas->rows);
	size_t top = help->top < end ? help->top : end;
	char shown[SHOWN_ROOM];
	int y = -(int)top;

	if (in.y > 0)
		draw_title(painter, top, end);
	for (size_t i = 0; i < help->count && y < in.rows; i++) {
		const char *line = help->lines[i];

		if (painter->model->is_ascii && strlen(line) < sizeof(shown)) {
			glyph_to_ascii(line, shown, sizeof(shown));
			line = shown;
		}
		y = draw_line(painter, in, y, line);
	}
}
