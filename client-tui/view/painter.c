/* SPDX-License-Identifier: ISC */
#include "client-tui/view/painter.h"

#include "client-tui/model/text.h"
#include "client-tui/view/wrap.h"

enum {
	SENTENCE_ROOM = 640,
};

const char *
paint_glyph(const struct painter *painter, enum glyph glyph)
{
	return glyph_text(glyph, painter->model->is_ascii);
}

int
paint_sign(const struct painter *painter, struct canvas_rect in, int x, int y,
    enum canvas_style style, enum glyph glyph)
{
	return canvas_print(painter->canvas, in, x, y, style, paint_glyph(painter, glyph));
}

int
paint_ours(const struct painter *painter, struct canvas_rect in, int x, int y,
    enum canvas_style style, const char *sentence)
{
	char ascii[SENTENCE_ROOM];

	if (painter->model->is_ascii) {
		glyph_to_ascii(sentence, ascii, sizeof(ascii));
		sentence = ascii;
	}
	return canvas_print(painter->canvas, in, x, y, style, sentence);
}

int
paint_short(const struct painter *painter, struct canvas_rect in, int x, int y, int columns,
    enum canvas_style style, const char *text)
{
	struct bytes bytes = bytes_of_string(text);
	size_t fits;

	if (columns <= 0)
		return x;
	fits = text_fit(bytes, columns);
	if (fits == bytes.len)
		return canvas_put(painter->canvas, in, x, y, style, bytes);
	fits = text_fit(bytes, columns - 1);
	x = canvas_put(painter->canvas, in, x, y, style, bytes_of(text, fits));
	return paint_sign(painter, in, x, y, style, GLYPH_CUT);
}

void
paint_right(const struct painter *painter, struct canvas_rect in, int y, enum canvas_style style,
    const char *text)
{
	int width = text_width(bytes_of_string(text));

	if (width > in.columns)
		width = in.columns;
	paint_short(painter, in, in.columns - width, y, width, style, text);
}

void
paint_rule(const struct painter *painter, struct canvas_rect in, int y, const char *word,
    enum canvas_style style)
{
	int width = text_width(bytes_of_string(word));

	canvas_fill(painter->canvas, paint_part(in, 0, y, in.columns, 1),
	    paint_glyph(painter, GLYPH_HORIZONTAL), STYLE_DIM);
	if (width == 0 || width + 2 > in.columns)
		return;
	canvas_print(painter->canvas, in, (in.columns - width) / 2 - 1, y, style, " ");
	canvas_print(painter->canvas, in, (in.columns - width) / 2, y, style, word);
	canvas_print(painter->canvas, in, (in.columns - width) / 2 + width, y, style, " ");
}

int
paint_wrapped(const struct painter *painter, struct canvas_rect in, enum canvas_style style,
    const char *text)
{
	struct bytes bytes = bytes_of_string(text);
	struct wrap_row row = { .next = 0 };
	int y = 0;

	while (y < in.rows && in.columns > 0) {
		row = wrap_row_at(bytes, row.next, in.columns, WRAP_READING);
		canvas_put(painter->canvas, in, 0, y++, style,
		    bytes_of(text + row.start, row.end - row.start));
		if (row.is_last)
			break;
	}
	return y;
}

int
paint_count(const char *text, int columns)
{
	return (int)wrap_count(bytes_of_string(text), columns > 0 ? columns : 1, WRAP_READING);
}

struct canvas_rect
paint_part(struct canvas_rect in, int x, int y, int columns, int rows)
{
	struct canvas_rect part = {
		.x = in.x + x, .y = in.y + y, .columns = columns, .rows = rows
	};

	if (part.columns > in.columns - x)
		part.columns = in.columns > x ? in.columns - x : 0;
	if (part.rows > in.rows - y)
		part.rows = in.rows > y ? in.rows - y : 0;
	return part;
}
