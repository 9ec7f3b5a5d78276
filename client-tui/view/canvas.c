/* SPDX-License-Identifier: ISC */
#include "client-tui/view/canvas.h"

#include <assert.h>
#include <stdlib.h>

#include "client-tui/model/text.h"
#include "shared/mem.h"

void
canvas_init(struct canvas *canvas)
{
	*canvas = (struct canvas){ .columns = 0 };
}

void
canvas_clear(struct canvas *canvas)
{
	free(canvas->cells);
	canvas_init(canvas);
}

static int
clamp(int value, int least, int most)
{
	return value < least ? least : value > most ? most : value;
}

static struct canvas_cell *
cell_at(const struct canvas *canvas, int x, int y)
{
	return &canvas->cells[(size_t)y * (size_t)canvas->columns + (size_t)x];
}

static struct canvas_cell
blank(enum canvas_style style)
{
	return (struct canvas_cell){ .text = " ", .width = 1, .style = (uint8_t)style };
}

void
canvas_resize(struct canvas *canvas, int columns, int rows)
{
	struct canvas_cell empty = blank(STYLE_NORMAL);
	size_t count;

	canvas->columns = clamp(columns, 1, CANVAS_SIDE_MOST);
	canvas->rows = clamp(rows, 1, CANVAS_SIDE_MOST);
	count = (size_t)canvas->columns * (size_t)canvas->rows;
	if (count > canvas->room) {
		canvas->cells = mem_resize(canvas->cells, count, sizeof(canvas->cells[0]));
		canvas->room = count;
	}
	for (int x = 0; x < canvas->columns; x++)
		canvas->cells[x] = empty;
	for (int y = 1; y < canvas->rows; y++)
		memcpy(cell_at(canvas, 0, y), canvas->cells,
		    (size_t)canvas->columns * sizeof(empty));
	canvas->cursor_x = canvas->cursor_y = 0;
	canvas->cursor_is_shown = false;
}

const struct canvas_cell *
canvas_at(const struct canvas *canvas, int x, int y)
{
	assert(x >= 0 && x < canvas->columns && y >= 0 && y < canvas->rows);
	return cell_at(canvas, x, y);
}

/* The part of a rectangle that is on the canvas. */
static struct canvas_rect
inside(const struct canvas *canvas, struct canvas_rect rect)
{
	int left = clamp(rect.x, 0, canvas->columns), top = clamp(rect.y, 0, canvas->rows);
	int right = clamp(rect.x + rect.columns, left, canvas->columns);
	int bottom = clamp(rect.y + rect.rows, top, canvas->rows);

	return (struct canvas_rect){
		.x = left, .y = top, .columns = right - left, .rows = bottom - top
	};
}

/* Half a wide character at the border of what is written over becomes blank. */
static void
break_wide(struct canvas *canvas, int x, int y)
{
	if (x <= 0 || x >= canvas->columns || cell_at(canvas, x, y)->width != 0)
		return;
	*cell_at(canvas, x - 1, y) = blank(cell_at(canvas, x - 1, y)->style);
	*cell_at(canvas, x, y) = blank(cell_at(canvas, x, y)->style);
}

/* The bytes of a cluster that a cell keeps: whole code points, and no joiner that joins nothing. */
static size_t
kept(struct bytes cluster)
{
	static const char joiner[] = "\342\200\215";
	const char *text = cluster.data;
	size_t len = cluster.len;

	if (len <= CANVAS_CLUSTER_MOST)
		return len;
	len = CANVAS_CLUSTER_MOST;
	while (len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80)
		len--;
	while (len > 3 && memcmp(text + len - 3, joiner, 3) == 0)
		len -= 3;
	return len;
}

static void
set_cell(struct canvas *canvas, int x, int y, enum canvas_style style, struct bytes cluster,
    int width)
{
	struct canvas_cell cell = { .width = (uint8_t)width, .style = (uint8_t)style };

	break_wide(canvas, x, y);
	break_wide(canvas, x + width, y);
	memcpy(cell.text, cluster.data, kept(cluster));
	*cell_at(canvas, x, y) = cell;
	if (width == 2)
		*cell_at(canvas, x + 1, y) = (struct canvas_cell){ .style = (uint8_t)style };
}

int
canvas_put(struct canvas *canvas, struct canvas_rect in, int x, int y, enum canvas_style style,
    struct bytes text)
{
	struct canvas_rect clip = inside(canvas, in);
	int start = x, row = in.y + y;
	bool is_seen = row >= clip.y && row < clip.y + clip.rows;

	while (text.len > 0) {
		struct text_cluster cluster = text_cluster_first(text);
		bool is_tab = *(const char *)text.data == '\t';
		int width = is_tab ? TEXT_TAB - (x - start) % TEXT_TAB : cluster.width;
		int column = in.x + x;

		if (is_seen && !is_tab && width > 0 && column >= clip.x &&
		    column + width <= clip.x + clip.columns)
			set_cell(canvas, column, row, style, bytes_of(text.data, cluster.len),
			    width);
		x += width;
		text = bytes_from(text, cluster.len);
	}
	return x;
}

int
canvas_print(struct canvas *canvas, struct canvas_rect in, int x, int y, enum canvas_style style,
    const char *text)
{
	return canvas_put(canvas, in, x, y, style, bytes_of_string(text));
}

void
canvas_fill(struct canvas *canvas, struct canvas_rect in, const char *cluster,
    enum canvas_style style)
{
	struct canvas_rect clip = inside(canvas, in);

	for (int y = clip.y; y < clip.y + clip.rows; y++)
		for (int x = clip.x; x < clip.x + clip.columns; x++)
			set_cell(canvas, x, y, style, bytes_of_string(cluster), 1);
}

void
canvas_restyle(struct canvas *canvas, struct canvas_rect in, enum canvas_style style)
{
	struct canvas_rect clip = inside(canvas, in);

	for (int y = clip.y; y < clip.y + clip.rows; y++)
		for (int x = clip.x; x < clip.x + clip.columns; x++)
			cell_at(canvas, x, y)->style = (uint8_t)style;
}

void
canvas_set_cursor(struct canvas *canvas, struct canvas_rect in, int x, int y)
{
	struct canvas_rect clip = inside(canvas, in);

	if (clip.columns == 0 || clip.rows == 0)
		return;
	canvas->cursor_x = clamp(in.x + x, clip.x, clip.x + clip.columns - 1);
	canvas->cursor_y = clamp(in.y + y, clip.y, clip.y + clip.rows - 1);
	canvas->cursor_is_shown = true;
}

/* Copies a row and its line break, without the blanks at its end; returns what is behind it. */
static char *
row_to_text(const struct canvas *canvas, int y, char *out)
{
	char *end = out;

	for (int x = 0; x < canvas->columns; x++) {
		const struct canvas_cell *cell = cell_at(canvas, x, y);
		size_t len = strlen(cell->text);

		memcpy(out, cell->text, len);
		out += len;
		if (len > 0 && strcmp(cell->text, " ") != 0)
			end = out;
	}
	*end++ = '\n';
	return end;
}

char *
canvas_to_text(const struct canvas *canvas)
{
	size_t row = (size_t)canvas->columns * CANVAS_CLUSTER_MOST + 1;
	char *text = mem_new_array((size_t)canvas->rows + 1, row), *at = text;

	for (int y = 0; y < canvas->rows; y++)
		at = row_to_text(canvas, y, at);
	*at = '\0';
	return text;
}
