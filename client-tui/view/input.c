/* SPDX-License-Identifier: ISC */
#include "client-tui/view/input.h"

#include <stdlib.h>
#include <string.h>

#include "client-tui/model/text.h"
#include "client-tui/view/wrap.h"
#include "shared/mem.h"

enum {
	PROMPT_COLUMNS = 2,
	PROMPT_FROM = 6,     /* columns that are worth a prompt */
	ANSWER_COLUMNS = 12, /* that a question leaves for its answer, or it stands above it */
	QUESTION_ROOM = 512,
};

/* Where the cursor stands in a wrapped text, and how many rows there are. */
struct spot {
	int x, y, rows;
};

/* Behind the last cluster of a full row a cursor stands at the start of the next one. */
static struct spot
find_spot(struct bytes text, size_t cursor, int columns)
{
	const char *data = text.data;
	struct wrap_row row = { .next = 0 };
	struct spot spot = { .rows = 0 };

	do {
		row = wrap_row_at(text, row.next, columns, WRAP_WRITING);
		if (cursor >= row.start && cursor <= row.end) {
			spot.x = text_width(bytes_of(data + row.start, cursor - row.start));
			spot.y = spot.rows;
		}
		spot.rows++;
	} while (!row.is_last);
	if (spot.x >= columns) {
		spot.x = 0;
		spot.y++;
	}
	if (spot.rows <= spot.y)
		spot.rows = spot.y + 1;
	return spot;
}

/* The question in words with what can be pressed, which stands where the draft would. */
static void
question_of(const struct ask *ask, char *out)
{
	text_format(out, QUESTION_ROOM, "%s%s%s", ask->question, ask->keys[0] != '\0' ? " " : "",
	    ask->keys);
}

/* The columns of a prompt for a draft, 0 where there is no room for one. */
static int
prompt_columns(const struct model *model, int columns)
{
	int width;

	if (model->ask.kind == ASK_NOTHING)
		return columns >= PROMPT_FROM ? PROMPT_COLUMNS : 0;
	width = text_width(bytes_of_string(model->ask.question)) + 1 + PROMPT_COLUMNS;
	return width + ANSWER_COLUMNS <= columns ? width : 0;
}

/* The rows of a question that does not stand beside its answer. */
static int
question_rows(const struct model *model, int columns)
{
	char question[QUESTION_ROOM];

	if (model->ask.kind == ASK_NOTHING ||
	    (ask_takes_text(&model->ask) && prompt_columns(model, columns) > 0))
		return 0;
	question_of(&model->ask, question);
	return (int)wrap_count(bytes_of_string(question), columns > 0 ? columns : 1, WRAP_READING);
}

/*
 * What of a draft is shown: the text, or a dot for each cluster of a secret. On the heap; "cursor"
 * moves along.
 */
static char *
shown_text(const struct painter *painter, const struct draft *draft, size_t *cursor)
{
	const char *dot = paint_glyph(painter, GLYPH_SECRET);
	size_t len = strlen(dot), used = 0, at = 0;
	char *dots;

	*cursor = draft->cursor;
	if (draft->kind != DRAFT_SECRET)
		return mem_string_of(draft_bytes(draft));
	dots = mem_new_array(draft->len + 1, len);
	*cursor = 0;
	while (at < draft->len) {
		at += text_cluster_first(bytes_from(draft_bytes(draft), at)).len;
		memcpy(dots + used, dot, len);
		used += len;
		if (at <= draft->cursor)
			*cursor = used;
	}
	return dots;
}

static int
draft_rows(const struct model *model, int columns)
{
	const struct draft *draft = model_draft(model);
	int width = columns - prompt_columns(model, columns);

	if (draft == NULL)
		return 0;
	if (draft->kind == DRAFT_SECRET)
		return 1;
	return find_spot(draft_bytes(draft), draft->cursor, width > 0 ? width : 1).rows;
}

int
input_rows(const struct model *model, int columns)
{
	int rows = question_rows(model, columns) + draft_rows(model, columns);

	return rows > 0 ? rows : 1;
}

/* Draws the rows of a text from "top" on, those that fit into "in". */
static void
draw_rows(const struct painter *painter, struct canvas_rect in, struct bytes text, int top)
{
	const char *data = text.data;
	struct wrap_row row = { .next = 0 };
	int y = -top;

	do {
		row = wrap_row_at(text, row.next, in.columns, WRAP_WRITING);
		if (y >= 0)
			canvas_put(painter->canvas, in, 0, y, STYLE_NORMAL,
			    bytes_of(data + row.start, row.end - row.start));
		y++;
	} while (!row.is_last && y < in.rows);
}

static void
draw_draft(const struct painter *painter, struct canvas_rect in, const struct draft *draft)
{
	size_t cursor;
	char *text = shown_text(painter, draft, &cursor);
	struct spot spot = find_spot(bytes_of_string(text), cursor, in.columns);
	int top = spot.y < in.rows ? 0 : spot.y - in.rows + 1;

	draw_rows(painter, in, bytes_of_string(text), top);
	canvas_set_cursor(painter->canvas, in, spot.x, spot.y - top);
	free(text);
}

void
input_draw_field(const struct painter *painter, struct canvas_rect in, const struct draft *draft,
    bool has_cursor)
{
	size_t cursor;
	char *text;
	int width, first;

	if (in.columns <= 0 || in.rows <= 0)
		return;
	text = shown_text(painter, draft, &cursor);
	width = text_width(bytes_of(text, cursor));
	first = has_cursor && width >= in.columns ? in.columns - 1 - width : 0;
	canvas_print(painter->canvas, in, first, 0, STYLE_NORMAL, text);
	if (has_cursor)
		canvas_set_cursor(painter->canvas, in, first + width, 0);
	free(text);
}

/*
 * A text in at most so many rows, the last of them cut; returns the rows it took, and the column
 * behind it.
 */
static int
draw_sentence(const struct painter *painter, struct canvas_rect in, int y, int most,
    enum canvas_style style, const char *text, int *end)
{
	struct wrap_row row = { .next = 0 };
	struct bytes shown;
	char ours[QUESTION_ROOM];
	int rows = 0;

	if (painter->model->is_ascii) {
		glyph_to_ascii(text, ours, sizeof(ours));
		text = ours;
	}
	while (rows < most && !row.is_last) {
		row = wrap_row_at(bytes_of_string(text), row.next, in.columns, WRAP_READING);
		shown = bytes_of(text + row.start, row.end - row.start);
		if (rows + 1 == most && !row.is_last)
			*end = paint_short(painter, in, 0, y + rows, in.columns, style,
			    text + row.start);
		else
			*end = canvas_put(painter->canvas, in, 0, y + rows, style, shown);
		rows++;
	}
	return rows;
}

/*
 * A question above its answer, or with the keys that answer it. Where it does not fit, the question
 * is cut rather than the keys. Returns the rows it took, and the column behind it.
 */
static int
draw_question(const struct painter *painter, struct canvas_rect in, int *end)
{
	const struct ask *ask = &painter->model->ask;
	enum canvas_style style = ask->is_alert ? STYLE_ALERT : STYLE_BOLD;
	char question[QUESTION_ROOM];
	int most = ask_takes_text(ask) ? in.rows - 1 : in.rows;
	int keys = paint_count(ask->keys, in.columns), rows;

	question_of(ask, question);
	if (ask->keys[0] == '\0' || paint_count(question, in.columns) <= most || keys >= most)
		return draw_sentence(painter, in, 0, most, style, question, end);
	rows = draw_sentence(painter, in, 0, most - keys, style, ask->question, end);
	return rows + draw_sentence(painter, in, rows, keys, style, ask->keys, end);
}

static struct canvas_rect
draw_ask(const struct painter *painter, struct canvas_rect in)
{
	const struct ask *ask = &painter->model->ask;
	int beside = ask_takes_text(ask) ? prompt_columns(painter->model, in.columns) : 0;
	int rows, end = 0;

	if (beside > 0) {
		int x = canvas_print(painter->canvas, in, 0, 0, STYLE_BOLD, ask->question);

		paint_sign(painter, in, x + 1, 0, STYLE_DIM, GLYPH_PROMPT);
		return paint_part(in, beside, 0, in.columns - beside, in.rows);
	}
	rows = draw_question(painter, in, &end);
	canvas_set_cursor(painter->canvas, in, end, rows - 1);
	return paint_part(in, 0, rows, in.columns, in.rows - rows);
}

void
input_draw(const struct painter *painter, struct canvas_rect in)
{
	const struct draft *draft = model_draft(painter->model);

	if (painter->model->ask.kind != ASK_NOTHING) {
		in = draw_ask(painter, in);
	} else if (in.columns >= PROMPT_FROM) {
		paint_sign(painter, in, 0, 0, STYLE_DIM, GLYPH_PROMPT);
		in = paint_part(in, PROMPT_COLUMNS, 0, in.columns - PROMPT_COLUMNS, in.rows);
	}
	if (draft != NULL && in.columns > 0 && in.rows > 0)
		draw_draft(painter, in, draft);
}
