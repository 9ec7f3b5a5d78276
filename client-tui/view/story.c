/* SPDX-License-Identifier: ISC */
#include "client-tui/view/story.h"

#include <strings.h>

#include "client-tui/model/text.h"
#include "client-tui/view/times.h"
#include "client-tui/view/wrap.h"

enum {
	TIME_COLUMNS = 5,
	TIME_FROM = 30,	     /* columns that are worth a time */
	NAME_LEAST = 2,	     /* notes have "--" there */
	NAME_NARROW = 8,
	NAME_MEDIUM = 12,
	NAME_WIDE = 16,
	TEXT_LEAST = 4,
	STATE_COLUMNS = 3,   /* a blank and two for the sign of what became of a message */
};

static int
smaller(int a, int b)
{
	return a < b ? a : b;
}

/* Names are not unique: with a namesake I am "you", and when nobody is signed in. */
static const char *
my_name(const struct story *story)
{
	const char *name = story->model->me.name;

	return name[0] == '\0' || strcasecmp(name, story->peer) == 0 ? "you" : name;
}

/* At home nobody speaks, and what is told there keeps its place whoever signs in. */
static int
name_width(const struct story *story, int most)
{
	bool is_home = story->peer[0] == '\0';
	int me = is_home ? 0 : text_width(bytes_of_string(my_name(story))),
	    peer = text_width(bytes_of_string(story->peer));
	int width = me > peer ? me : peer;

	return width < NAME_LEAST ? NAME_LEAST : smaller(width, most);
}

static void
set_columns(struct story *story, const struct layout *layout)
{
	int most = layout->margin > 0 ? NAME_MEDIUM : NAME_NARROW, gap = 1;

	if (layout->is_wide) {
		most = NAME_WIDE;
		gap = 2;
	}
	story->has_time = story->in.columns >= TIME_FROM;
	story->time_x = layout->margin;
	story->name_x = story->time_x + (story->has_time ? TIME_COLUMNS + gap : 0);
	story->name_columns = name_width(story, smaller(most, story->in.columns / 4));
	story->text_x = story->name_x + story->name_columns + gap;
	story->text_columns = story->in.columns - story->text_x;
	if (story->text_columns < TEXT_LEAST)
		story->text_columns = TEXT_LEAST;
	story->state_columns = story->text_columns > 2 * STATE_COLUMNS ? STATE_COLUMNS : 0;
}

struct story
story_of(const struct model *model, const struct layout *layout)
{
	const struct chat *chat = model_shown_chat(model);
	struct story story = {
		.model = model,
		.transcript = model_transcript(model, model_pane(model)),
		.peer = chat != NULL ? chat->name : "",
		.in = layout->body,
		.rows = layout->body.rows,
	};

	/* Without a line that speaks its words stand on the last row. */
	if (!layout_has(layout->say) && story.transcript->place.id > 0)
		story.rows--;
	if (story.rows < 1)
		story.rows = 1;
	set_columns(&story, layout);
	return story;
}

/* --- entries as blocks of rows: rules first, then text ------------------------ */

struct block {
	const struct transcript_entry *entry;
	bool says_gone, has_day, has_new;
	int rules; /* how many of them */
	int rows;
};

static bool
begins_day(const struct story *story, size_t position)
{
	return position == 0 ||
	    !times_is_same_day(transcript_at(story->transcript, position - 1)->time_s,
		transcript_at(story->transcript, position)->time_s);
}

static int
columns_of(const struct story *story, const struct transcript_entry *entry)
{
	return story->text_columns - (entry->kind == TRANSCRIPT_MINE ? story->state_columns : 0);
}

static struct block
block_at(const struct story *story, size_t position)
{
	struct block block = { .entry = transcript_at(story->transcript, position) };

	block.says_gone = position == 0 && story->transcript->has_lost;
	block.has_day = begins_day(story, position);
	block.has_new = block.entry->id == story->transcript->new_id;
	block.rules = block.says_gone + block.has_day + block.has_new;
	block.rows = block.rules + (int)wrap_count(bytes_of(block.entry->text, block.entry->len),
	    columns_of(story, block.entry), WRAP_READING);
	return block;
}

/* --- where things stand --------------------------------------------------------- */

/* A row of the story: of the entry at a position. */
struct row {
	size_t position;
	int line;
};

/* The row so many rows above or below; stops at the first row, and at the last. */
static struct row
walk(const struct story *story, struct row row, int rows)
{
	int lines = row.line + rows;

	while (lines < 0 && row.position > 0)
		lines += block_at(story, --row.position).rows;
	if (lines < 0)
		lines = 0;
	while (lines > 0) {
		int own = block_at(story, row.position).rows;

		if (lines < own)
			break;
		if (row.position + 1 == story->transcript->count) {
			lines = own - 1;
			break;
		}
		lines -= own;
		row.position++;
	}
	row.line = lines;
	return row;
}

static bool
is_above(struct row a, struct row b)
{
	return a.position != b.position ? a.position < b.position : a.line < b.line;
}

/* The first row shown when the end is. */
static struct row
top_at_end(const struct story *story)
{
	struct row last = { .position = story->transcript->count - 1 };

	last.line = block_at(story, last.position).rows - 1;
	return walk(story, last, 1 - story->rows);
}

/* The first row shown: at the end, or where the reader is, but never with rows left free below. */
static struct row
top_row(const struct story *story)
{
	const struct transcript_place *place = &story->transcript->place;
	struct row top = top_at_end(story), wanted;
	int rows;

	if (place->id == 0)
		return top;
	wanted.position = (size_t)(place->id - story->transcript->first_id);
	rows = block_at(story, wanted.position).rows;
	wanted.line = place->line < (size_t)rows ? (int)place->line : rows - 1;
	return is_above(wanted, top) ? wanted : top;
}

static struct transcript_place
place_of(const struct story *story, struct row row)
{
	if (!is_above(row, top_at_end(story)))
		return (struct transcript_place){ .id = 0 };
	return (struct transcript_place){ .id = story->transcript->first_id + row.position,
		.line = (size_t)row.line };
}

struct transcript_place
story_top(const struct story *story)
{
	struct row top;

	if (story->transcript->count == 0)
		return (struct transcript_place){ .id = 0 };
	top = top_row(story);
	return (struct transcript_place){ .id = story->transcript->first_id + top.position,
		.line = (size_t)top.line };
}

struct transcript_place
story_scroll(const struct story *story, int rows)
{
	if (story->transcript->count == 0)
		return (struct transcript_place){ .id = 0 };
	return place_of(story, walk(story, top_row(story), rows));
}

struct transcript_place
story_first_new(const struct story *story)
{
	uint64_t id = story->transcript->new_id;
	struct row row;

	if (transcript_find(story->transcript, id) == NULL)
		return (struct transcript_place){ .id = 0 };
	row.position = (size_t)(id - story->transcript->first_id);
	row.line = block_at(story, row.position).rules - 1;
	return place_of(story, row);
}

/* --- drawing --------------------------------------------------------------------- */

static void
draw_rule(const struct story *story, const struct painter *painter, const struct block *block,
    int rule, int y)
{
	char day[TIMES_ROOM];

	if (block->says_gone && rule-- == 0) {
		paint_rule(painter, story->in, y, "older messages are not kept here", STYLE_DIM);
		return;
	}
	if (block->has_day && rule-- == 0) {
		times_day(block->entry->time_s, story->model->now_s, day);
		paint_rule(painter, story->in, y, day, STYLE_DIM);
		return;
	}
	paint_rule(painter, story->in, y, "new", STYLE_BOLD);
}

struct voice {
	const char *name;
	enum canvas_style name_style, text_style;
};

static struct voice
voice_of(const struct story *story, enum transcript_kind kind)
{
	switch (kind) {
	case TRANSCRIPT_THEIRS:
		return (struct voice){ story->peer, STYLE_BOLD, STYLE_NORMAL };
	case TRANSCRIPT_MINE:
		return (struct voice){ my_name(story), STYLE_DIM, STYLE_NORMAL };
	case TRANSCRIPT_NOTE:
		/* Beside messages it is quiet; at home it is what one came for. */
		return (struct voice){ "--", STYLE_DIM,
			story->peer[0] == '\0' ? STYLE_NORMAL : STYLE_DIM };
	case TRANSCRIPT_ALERT:
		return (struct voice){ "!!", STYLE_ALERT, STYLE_ALERT };
	}
	return (struct voice){ "", STYLE_NORMAL, STYLE_NORMAL };
}

static void
draw_head(const struct story *story, const struct painter *painter,
    const struct transcript_entry *entry, int y)
{
	struct voice voice = voice_of(story, entry->kind);
	char clock[TIMES_ROOM];

	if (story->has_time) {
		times_clock(entry->time_s, clock);
		canvas_print(painter->canvas, story->in, story->time_x, y, STYLE_DIM, clock);
	}
	paint_short(painter, story->in, story->name_x, y, story->name_columns, voice.name_style,
	    voice.name);
}

static enum canvas_style
state_style(enum delivery delivery)
{
	if (delivery == DELIVERY_FAILED)
		return STYLE_ALERT;
	return delivery == DELIVERY_READ ? STYLE_GOOD : STYLE_DIM;
}

/*
 * What became of my message: a sign in columns kept for it, and the word before it where the text
 * leaves room.
 */
static void
draw_state(const struct story *story, const struct painter *painter,
    const struct transcript_entry *entry, int y, int text_end)
{
	const char *sign = paint_glyph(painter, glyph_of_delivery(entry->delivery));
	enum canvas_style style = state_style(entry->delivery);
	char state[32];

	if (story->state_columns == 0)
		return;
	text_format(state, sizeof(state), "%s %s", delivery_word(entry->delivery), sign);
	if (text_end + 1 + text_width(bytes_of_string(state)) <= story->in.columns)
		sign = state;
	paint_right(painter, story->in, y, style, sign);
}

static void
draw_text_row(const struct story *story, const struct painter *painter,
    const struct transcript_entry *entry, struct wrap_row row, int y)
{
	struct canvas_rect in = paint_part(story->in, story->text_x, 0, story->text_columns,
	    story->in.rows);
	int end = story->text_x +
	    canvas_put(painter->canvas, in, 0, y, voice_of(story, entry->kind).text_style,
		bytes_of(entry->text + row.start, row.end - row.start));

	if (row.start == 0)
		draw_head(story, painter, entry, y);
	if (row.is_last && entry->kind == TRANSCRIPT_MINE)
		draw_state(story, painter, entry, y, end);
}

/* Draws the rows of a block from "line" on; returns the row of the screen behind it. */
static int
draw_block(const struct story *story, const struct painter *painter, const struct block *block,
    int line, int y)
{
	struct bytes text = bytes_of(block->entry->text, block->entry->len);
	struct wrap_row row = { .next = 0 };
	int columns = columns_of(story, block->entry);

	for (int rule = line; rule < block->rules && y < story->rows; rule++)
		draw_rule(story, painter, block, rule, y++);
	for (int at = block->rules; at < block->rows && y < story->rows; at++) {
		row = wrap_row_at(text, row.next, columns, WRAP_READING);
		if (at >= line)
			draw_text_row(story, painter, block->entry, row, y++);
	}
	return y;
}

void
story_draw(const struct story *story, const struct painter *painter)
{
	struct row row;
	int y = 0;

	if (story->transcript->count == 0)
		return;
	row = top_row(story);
	while (y < story->rows && row.position < story->transcript->count) {
		struct block block = block_at(story, row.position);

		y = draw_block(story, painter, &block, row.line, y);
		row.position++;
		row.line = 0;
	}
}
