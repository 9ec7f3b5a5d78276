/* SPDX-License-Identifier: ISC */
#include "client-tui/view/directory_page.h"

#include <stdio.h>

#include "client-tui/model/text.h"
#include "client-tui/view/bar.h"

enum {
	UID_COLUMNS = 6,
	GLYPH_X = UID_COLUMNS + 3,
	NAME_X = GLYPH_X + 2,
	NAME_COLUMNS = 16,
	WORD_X = NAME_X + NAME_COLUMNS + 2,
	WORD_FROM = 50,	    /* columns that are worth a word beside the glyph */
	WORD_COLUMNS = 8,
	HEADS_ROWS = DIRECTORY_PAGE + 1, /* rows that are worth heads above the columns */
	NOTE_ROWS = 4,
	ROOM = 320,
};

static const char dot[] = " · ";

static void
what_is_listed(const struct directory *directory, char *out, size_t room)
{
	const char *online = directory->online_only ? ", online only" : "";

	if (directory->prefix[0] != '\0')
		text_format(out, room, "Names beginning with \"%s\"%s", directory->prefix, online);
	else
		text_format(out, room, "Everybody%s", online);
}

static const char *
what_is_counted(const struct directory *directory)
{
	if (directory->online_only)
		return "online";
	return directory->accounts == 1 ? "account" : "accounts";
}

static void
draw_header(const struct painter *painter, struct canvas_rect in)
{
	const struct directory *directory = &painter->model->directory;
	struct bar bar = { .count = 0 };
	char text[ROOM];

	what_is_listed(directory, text, sizeof(text));
	bar_add(&bar, BAR_LEFT, 0, STYLE_BOLD, "", text);
	if (directory->state == DIRECTORY_LOADING) {
		text_format(text, sizeof(text), "loading page %u%s", directory->wanted,
		    paint_glyph(painter, GLYPH_MORE));
		bar_add(&bar, BAR_RIGHT, 0, STYLE_NORMAL, dot, text);
	} else if (directory->page > 0) {
		text_format(text, sizeof(text), "page %u of %u", directory->page, directory->pages);
		bar_add(&bar, BAR_RIGHT, 0, STYLE_NORMAL, dot, text);
	}
	if (directory->page > 0) {
		text_format(text, sizeof(text), "%llu %s",
		    (unsigned long long)directory->accounts, what_is_counted(directory));
		bar_add(&bar, BAR_RIGHT, 2, STYLE_NORMAL, dot, text);
	}
	bar_draw(&bar, painter, in, 0);
}

static bool
has_words(struct canvas_rect in)
{
	return in.columns >= WORD_FROM;
}

static int
display_x(struct canvas_rect in)
{
	return WORD_X + (has_words(in) ? WORD_COLUMNS : 0);
}

static void
draw_heads(const struct painter *painter, struct canvas_rect in)
{
	canvas_print(painter->canvas, in, 2 + UID_COLUMNS - 3, 0, STYLE_DIM, "uid");
	canvas_print(painter->canvas, in, NAME_X, 0, STYLE_DIM, "name");
	canvas_print(painter->canvas, in, display_x(in), 0, STYLE_DIM, "display name");
}

static void
draw_item(const struct painter *painter, struct canvas_rect in, int y,
    const struct directory_item *item, bool is_selected)
{
	enum glyph glyph = item->is_online ? GLYPH_ONLINE : GLYPH_ABSENT;
	enum canvas_style style = is_selected ? STYLE_BOLD : STYLE_NORMAL;
	bool is_me = item->uid == painter->model->me.uid;
	const char *keys = "Enter talks · + adds", *word = is_me ? "you" : "online";
	char uid[24];
	int x = display_x(in), end;

	if (is_selected)
		paint_sign(painter, in, 0, y, STYLE_BOLD, GLYPH_PROMPT);
	snprintf(uid, sizeof(uid), "%llu", (unsigned long long)item->uid);
	paint_right(painter, paint_part(in, 0, 0, 2 + UID_COLUMNS, in.rows), y, style, uid);
	paint_sign(painter, in, GLYPH_X, y, item->is_online ? STYLE_GOOD : STYLE_DIM,
	    glyph);
	end = paint_short(painter, in, NAME_X, y, NAME_COLUMNS, style, item->name);
	if (has_words(in) && item->is_online)
		end = canvas_print(painter->canvas, in, WORD_X, y, STYLE_DIM, word);
	if (item->display[0] != '\0')
		end = paint_short(painter, in, x, y, in.columns - x, style, item->display);
	if (is_selected && !is_me && end + 2 + text_width(bytes_of_string(keys)) <= in.columns)
		paint_ours(painter, in, in.columns - text_width(bytes_of_string(keys)), y,
		    STYLE_DIM, keys);
}

static void
draw_items(const struct painter *painter, struct canvas_rect in)
{
	const struct directory *directory = &painter->model->directory;
	size_t rows = in.rows > 0 ? (size_t)in.rows : 0;
	size_t first = directory->selected >= rows ? directory->selected - rows + 1 : 0;

	for (size_t i = 0; i < rows && first + i < directory->count; i++)
		draw_item(painter, in, (int)i, &directory->items[first + i],
		    first + i == directory->selected);
	if (directory->count == 0 && directory->state == DIRECTORY_SHOWN)
		paint_short(painter, in, 2, 0, in.columns - 2, STYLE_DIM, "nobody");
}

enum canvas_style
directory_page_note(const struct model *model, const char **out)
{
	const struct transcript *notes = &model->directory_notes;
	const struct transcript_entry *last;

	*out = model->directory.state == DIRECTORY_REFUSED ? model->directory.why : "";
	if (notes->count == 0)
		return STYLE_ALERT;
	last = transcript_at(notes, notes->count - 1);
	*out = last->text;
	return last->kind == TRANSCRIPT_ALERT ? STYLE_ALERT : STYLE_BOLD;
}

/*
 * A note that the line below the page is too short for, or that has none, takes rows of the page.
 * Returns how many.
 */
static int
draw_note(const struct painter *painter, struct canvas_rect in, const struct layout *layout)
{
	const char *text;
	enum canvas_style style = directory_page_note(painter->model, &text);
	int most = in.rows / 2 < NOTE_ROWS ? in.rows / 2 : NOTE_ROWS;
	int rows = paint_count(text, in.columns);

	if (text[0] == '\0' ||
	    (layout_has(layout->say) && paint_count(text, layout_say_inside(layout).columns) == 1))
		return 0;
	rows = rows < most ? rows : most;
	paint_wrapped(painter, paint_part(in, 0, in.rows - rows, in.columns, rows), style, text);
	return rows;
}

void
directory_page_draw(const struct painter *painter, const struct layout *layout)
{
	struct canvas_rect in = layout->body, head = layout->title;

	if (!layout_has(head) && in.rows > 2) {
		head = paint_part(in, 0, 0, in.columns, 1);
		in = paint_part(in, 0, 1, in.columns, in.rows - 1);
	}
	draw_header(painter,
	    paint_part(head, layout->margin, 0, head.columns - 2 * layout->margin, head.rows));
	in.rows -= draw_note(painter, paint_part(in, layout->margin, 0,
	    in.columns - 2 * layout->margin, in.rows), layout);
	if (in.rows >= HEADS_ROWS) {
		draw_heads(painter, in);
		in = paint_part(in, 0, 1, in.columns, in.rows - 1);
	}
	draw_items(painter, in);
}
