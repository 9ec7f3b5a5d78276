/* SPDX-License-Identifier: ISC */
#include "client-tui/view/contact_list.h"

#include <strings.h>

#include "client-tui/model/text.h"
#include "client-tui/view/times.h"

enum {
	NAME_X = 3,
	NUMBERS = 10,	 /* panes that a key shows */
	WORD_ROOM = 80,
	FOOT_ROWS = 3,	 /* a blank, two about everybody */
	FOOT_FROM = 12,	 /* rows that are worth a foot */
};

/* What is known of one contact, gathered from everywhere. */
struct line {
	const struct contact *contact;
	size_t unread;
	size_t number; /* of its pane, as for Alt; 0: no key goes there */
	bool is_here, has_news, has_draft, has_namesake;
};

/* Alt-3 to Alt-9 and Alt-0 show the panes of the first eight sessions. */
static size_t
number_of(const struct panes *panes, uint64_t uid)
{
	size_t number = panes_find(panes, pane_chat(uid)) + 1;

	return number <= NUMBERS && number <= panes->count ? number : 0;
}

static bool
is_namesake(const struct roster *roster, size_t a, size_t b)
{
	return a < roster->count && b < roster->count &&
	    strcasecmp(roster->contacts[a].name, roster->contacts[b].name) == 0;
}

static struct line
line_of(const struct model *model, size_t position)
{
	struct line line = { .contact = &model->roster.contacts[position] };
	const struct chat *chat = model_chat(model, line.contact->uid),
			  *shown = model_shown_chat(model);

	if (chat != NULL) {
		line.unread = chat->transcript.unread;
		line.has_news = chat->transcript.unseen > 0;
		line.number = number_of(&model->panes, chat->uid);
		line.has_draft = chat != shown && !draft_is_empty(&chat->draft);
	}
	line.has_namesake = is_namesake(&model->roster, position, position + 1) ||
	    (position > 0 && is_namesake(&model->roster, position - 1, position));
	line.is_here = shown != NULL ? shown == chat : model->roster.selected == line.contact->uid;
	return line;
}

/*
 * The word at the right: unread messages, something new to be told, a draft, or (where it is wide)
 * what the glyph of the presence means.
 */
static enum canvas_style
right_word(const struct painter *painter, const struct line *line, bool is_wide, char *out)
{
	const struct contact *contact = line->contact;
	enum presence presence = model_presence(painter->model, contact);
	uint64_t now_s = painter->model->now_s;

	out[0] = '\0';
	if (line->unread > 0) {
		text_format(out, WORD_ROOM, "%zu", line->unread);
		return STYLE_BOLD;
	}
	if (line->has_news) {
		text_format(out, WORD_ROOM, "new");
		return STYLE_BOLD;
	}
	if (line->has_draft) {
		text_format(out, WORD_ROOM, "%s%s", is_wide ? "draft " : "",
		    paint_glyph(painter, GLYPH_DRAFT));
		return STYLE_NORMAL;
	}
	if (!is_wide)
		return STYLE_DIM;
	if (presence == PRESENCE_ABSENT && contact->seen_s > 0 && now_s >= contact->seen_s)
		times_ago(now_s - contact->seen_s, out);
	else if (presence == PRESENCE_ABSENT || presence == PRESENCE_UNREACHABLE)
		text_format(out, WORD_ROOM, "%s", presence_word(presence));
	return STYLE_DIM;
}

static void
draw_line(const struct painter *painter, struct canvas_rect in, int y, const struct line *line,
    bool is_wide)
{
	enum presence presence = model_presence(painter->model, line->contact);
	char word[WORD_ROOM], name[TEXT_NAME_ROOM + 32], number[24];
	enum canvas_style style = right_word(painter, line, is_wide, word);
	int width = text_width(bytes_of_string(word));

	if (line->is_here) {
		paint_sign(painter, in, 0, y, STYLE_BOLD, GLYPH_PROMPT);
	} else if (line->number > 0) {
		text_format(number, sizeof(number), "%zu", line->number % NUMBERS);
		canvas_print(painter->canvas, in, 0, y, STYLE_DIM, number);
	}
	paint_sign(painter, in, 1, y, presence == PRESENCE_ONLINE ? STYLE_GOOD : STYLE_DIM,
	    glyph_of_presence(presence));
	text_format(name, sizeof(name), "%s", line->contact->name);
	if (line->has_namesake)
		text_format(name, sizeof(name), "%s (%llu)", line->contact->name,
		    (unsigned long long)line->contact->uid);
	paint_short(painter, in, NAME_X, y, in.columns - NAME_X - (width > 0 ? width + 1 : 0),
	    line->unread > 0 || line->is_here ? STYLE_BOLD : STYLE_NORMAL, name);
	paint_right(painter, in, y, style, word);
}

/* The contact that has to be seen. */
static size_t
marked(const struct model *model)
{
	for (size_t i = 0; i < model->roster.count; i++)
		if (line_of(model, i).is_here)
			return i;
	return 0;
}

/* How many are not shown, and whether there is news among them. */
static void
draw_rest(const struct painter *painter, struct canvas_rect in, int y, size_t first, size_t count)
{
	const struct model *model = painter->model;
	size_t unread = 0;
	char rest[WORD_ROOM], more[WORD_ROOM] = "";

	for (size_t i = 0; i < model->roster.count; i++)
		if (i < first || i >= first + count)
			unread += line_of(model, i).unread;
	if (unread > 0)
		text_format(more, sizeof(more), ", %zu new", unread);
	text_format(rest, sizeof(rest), "%s %zu more%s", paint_glyph(painter, GLYPH_MORE),
	    model->roster.count - count, more);
	paint_short(painter, in, 1, y, in.columns - 1, unread > 0 ? STYLE_BOLD : STYLE_DIM, rest);
}

static void
draw_contacts(const struct painter *painter, struct canvas_rect in, bool is_wide)
{
	const struct roster *roster = &painter->model->roster;
	size_t rows = (size_t)in.rows, first = 0, here;

	if (in.rows <= 0)
		return;
	if (roster->count == 0) {
		paint_short(painter, in, 1, 0, in.columns - 1, STYLE_DIM, "nobody yet");
		return;
	}
	if (roster->count > rows) {
		here = marked(painter->model);
		rows--;
		first = here >= rows ? here - rows + 1 : 0;
		draw_rest(painter, in, in.rows - 1, first, rows);
	}
	for (size_t i = 0; i < rows && first + i < roster->count; i++) {
		struct line line = line_of(painter->model, first + i);

		draw_line(painter, in, (int)i, &line, is_wide);
	}
}

static void
draw_foot(const struct painter *painter, struct canvas_rect in)
{
	const struct directory *directory = &painter->model->directory;
	char text[WORD_ROOM];

	if (directory->page > 0)
		text_format(text, sizeof(text), "Everybody  page %u of %u", directory->page,
		    directory->pages);
	else
		text_format(text, sizeof(text), "Everybody");
	paint_short(painter, in, 1, 1, in.columns - 1, STYLE_NORMAL, text);
	paint_short(painter, in, 3, 2, in.columns - 3, STYLE_DIM, "F3 to browse");
}

void
contact_list_draw(const struct painter *painter, const struct layout *layout)
{
	struct canvas_rect in = layout->list;
	int foot;

	if (!layout_has(in))
		return;
	canvas_fill(painter->canvas, paint_part(in, in.columns - 1, 0, 1, in.rows),
	    paint_glyph(painter, GLYPH_VERTICAL), STYLE_DIM);
	in.columns -= 2;
	if (layout->is_wide) {
		foot = in.rows >= FOOT_FROM ? FOOT_ROWS : 0;
		paint_short(painter, in, 1, 0, in.columns - 1, STYLE_DIM, "Contacts");
		draw_contacts(painter, paint_part(in, 0, 1, in.columns, in.rows - 1 - foot), true);
		if (foot > 0)
			draw_foot(painter, paint_part(in, 0, in.rows - foot, in.columns, foot));
		return;
	}
	foot = in.rows >= FOOT_FROM;
	draw_contacts(painter, paint_part(in, 0, 0, in.columns, in.rows - foot), false);
	if (foot > 0)
		paint_short(painter, in, 1, in.rows - 1, in.columns - 1, STYLE_DIM, "F3 everybody");
}
