/* SPDX-License-Identifier: ISC */
#include "client-tui/view/status_line.h"

#include <string.h>

#include "client-tui/model/text.h"
#include "client-tui/view/bar.h"
#include "client-tui/view/directory_page.h"
#include "client-tui/view/times.h"

/*
 * What goes first when a row is too narrow: the highest. What a person has to know goes last: how
 * the session is connected and whether its key is known, who I am and whether I am online, and
 * where.
 */
enum rank {
	RANK_KEPT,
	RANK_NEWS,
	RANK_TRUST,
	RANK_LINK,
	RANK_ME,
	RANK_SERVER,
	RANK_SEALED,
	RANK_UID,
	RANK_PEER_UID,
	RANK_ROUND_TRIP,
	RANK_CLOCK,
	RANK_DATE,
	RANK_KEYS,
	RANK_PROGRAM,
};

enum {
	NEWS_MOST = 8,	     /* chats named in the status line */
	TOLD_MOST = 4,	     /* entries looked through for what was just told */
	NEARLY_FULL = 1024,  /* bytes left from which on a draft says so */
};

static const char dot[] = " · ";

void
status_link_words(const struct model *model, bool is_long, char *out, size_t room)
{
	const struct me *me = &model->me;
	char since[TIMES_ROOM];

	if (me->link != ME_LINK_WAITING || !is_long) {
		text_format(out, room, "%s", me_link_words(me->link));
		return;
	}
	times_duration(model->now_s > me->since_s ? model->now_s - me->since_s : 0, since);
	if (me->retry_s > model->now_s)
		text_format(out, room, "offline for %s, trying again in %llu s", since,
		    (unsigned long long)(me->retry_s - model->now_s));
	else
		text_format(out, room, "offline for %s, trying again", since);
}

static void
add_me(struct bar *bar, enum bar_side side, const struct model *model, bool is_kept)
{
	const struct me *me = &model->me;
	bool is_well = me->link == ME_LINK_ONLINE;
	char text[BAR_PIECE_ROOM];

	bar_add(bar, side, is_kept ? RANK_KEPT : RANK_ME, STYLE_BOLD, "  ",
	    me->uid > 0 ? me->name : "not signed in");
	if (me->uid > 0) {
		text_format(text, sizeof(text), "(%llu)", (unsigned long long)me->uid);
		bar_add(bar, side, RANK_UID, STYLE_NORMAL, " ", text);
	}
	status_link_words(model, is_kept, text, sizeof(text));
	bar_add(bar, side, !is_well ? RANK_KEPT : is_kept ? RANK_LINK : RANK_SERVER,
	    is_well ? STYLE_GOOD : STYLE_ALERT, dot, text);
	if (me->server[0] != '\0') {
		text_format(text, sizeof(text), "at %s", me->server);
		bar_add(bar, side, RANK_SERVER, STYLE_NORMAL,
		    me->link == ME_LINK_WAITING ? dot : " ", text);
	}
}

static void
add_peer(struct bar *bar, enum bar_side side, const struct chat *chat)
{
	char text[BAR_PIECE_ROOM];

	bar_add(bar, side, RANK_KEPT, STYLE_BOLD, dot, chat->name);
	text_format(text, sizeof(text), "(%llu)", (unsigned long long)chat->uid);
	bar_add(bar, side, RANK_PEER_UID, STYLE_NORMAL, " ", text);
}

static enum canvas_style
road_style(enum chat_road road)
{
	if (road == CHAT_ROAD_DIRECT)
		return STYLE_GOOD;
	return road == CHAT_ROAD_CALLING ? STYLE_NORMAL : STYLE_ALERT;
}

static void
road_words(const struct chat *chat, char *out, size_t room)
{
	if (chat->road == CHAT_ROAD_CLOSED)
		text_format(out, room, "closed by %s", chat->name);
	else
		text_format(out, room, "%s", chat_road_words(chat->road));
}

/* How the session is connected, and whether the key at its other end is known. */
static void
add_road(struct bar *bar, enum bar_side side, const struct chat *chat)
{
	bool is_changed = chat->trust == CHAT_TRUST_CHANGED;
	char text[BAR_PIECE_ROOM];

	road_words(chat, text, sizeof(text));
	bar_add(bar, side, RANK_KEPT, road_style(chat->road), dot, text);
	if (is_changed)
		bar_add(bar, side, RANK_KEPT, STYLE_ALERT, dot, chat_trust_words(chat->trust));
	if (is_changed || chat->road != CHAT_ROAD_DIRECT)
		return;
	if (chat->road_ms >= 0) {
		text_format(text, sizeof(text), "%d ms", chat->road_ms);
		bar_add(bar, side, RANK_ROUND_TRIP, STYLE_NORMAL, ", ", text);
	}
	if (chat->trust != CHAT_TRUST_NONE)
		bar_add(bar, side, RANK_SEALED, STYLE_NORMAL, dot, "sealed");
	bar_add(bar, side, RANK_TRUST, STYLE_NORMAL, dot, chat_trust_words(chat->trust));
}

/* Who else has news, where no list says it. */
static void
add_news(struct bar *bar, const struct model *model)
{
	const struct chat *shown = model_shown_chat(model);
	char text[BAR_PIECE_ROOM];

	for (size_t i = 0; i < model->chat_count && i < NEWS_MOST; i++) {
		const struct chat *chat = model->chats[i];

		if (chat == shown || chat->transcript.unseen == 0)
			continue;
		if (chat->transcript.unread > 0)
			text_format(text, sizeof(text), "%zu %s", chat->transcript.unread,
			    chat->name);
		else
			text_format(text, sizeof(text), "new %s", chat->name);
		bar_add(bar, BAR_RIGHT, RANK_NEWS, STYLE_BOLD, bar->count > 0 ? dot : "", text);
	}
}

static void
add_clock(struct bar *bar, const struct model *model)
{
	char text[TIMES_ROOM];

	if (model->now_s == 0)
		return;
	times_date(model->now_s, text);
	bar_add(bar, BAR_RIGHT, RANK_DATE, STYLE_NORMAL, "  ", text);
	times_clock(model->now_s, text);
	bar_add(bar, BAR_RIGHT, RANK_CLOCK, STYLE_NORMAL, "  ", text);
}

static struct canvas_rect
inside_margins(struct canvas_rect row, int margin)
{
	return paint_part(row, margin, 0, row.columns - 2 * margin, row.rows);
}

void
status_draw(const struct painter *painter, const struct layout *layout)
{
	const struct model *model = painter->model;
	const struct chat *chat = layout_has(layout->title) ? NULL : model_shown_chat(model);
	bool is_narrow = layout->margin == 0;
	struct bar bar = { .is_reverse = true };

	if (!layout_has(layout->status))
		return;
	if (layout->is_wide)
		bar_add(&bar, BAR_LEFT, RANK_PROGRAM, STYLE_NORMAL, "", "tingyu");
	if (chat != NULL && is_narrow) {
		add_peer(&bar, BAR_LEFT, chat);
		add_road(&bar, BAR_LEFT, chat);
	} else {
		add_me(&bar, BAR_LEFT, model, true);
	}
	if (!layout_has(layout->list))
		add_news(&bar, model);
	if (chat != NULL && is_narrow) {
		add_me(&bar, BAR_RIGHT, model, false);
	} else if (chat != NULL) {
		add_peer(&bar, BAR_RIGHT, chat);
		add_road(&bar, BAR_RIGHT, chat);
	}
	add_clock(&bar, model);
	canvas_restyle(painter->canvas, layout->status, STYLE_REVERSE);
	bar_draw(&bar, painter, inside_margins(layout->status, layout->margin), 0);
}

void
status_draw_title(const struct painter *painter, const struct layout *layout)
{
	const struct chat *chat = model_shown_chat(painter->model);
	const struct contact *contact;
	enum presence presence;
	struct bar bar = { .count = 0 };

	if (!layout_has(layout->title))
		return;
	if (chat != NULL) {
		add_peer(&bar, BAR_LEFT, chat);
		contact = roster_find(&painter->model->roster, chat->uid);
		presence = contact != NULL ? model_presence(painter->model, contact)
					   : PRESENCE_UNKNOWN;
		if (presence != PRESENCE_UNKNOWN)
			bar_add(&bar, BAR_LEFT, RANK_LINK, STYLE_NORMAL, dot,
			    presence_word(presence));
		add_road(&bar, BAR_RIGHT, chat);
	} else {
		bar_add(&bar, BAR_LEFT, RANK_KEPT, STYLE_BOLD, "", "Home");
	}
	bar_add(&bar, BAR_RIGHT, RANK_KEYS, STYLE_DIM, "  ", "F1 help");
	bar_draw(&bar, painter, inside_margins(layout->title, layout->margin), 0);
}

/* --- the line that speaks ------------------------------------------------------------- */

void
status_full_words(const struct draft *draft, char *out, size_t room)
{
	out[0] = '\0';
	if (draft != NULL && draft->is_full)
		text_format(out, room, "That does not fit: %zu bytes are the most.", draft->most);
}

/* How full the draft is, once that matters. */
static enum canvas_style
say_draft(const struct draft *draft, char *out, size_t room)
{
	status_full_words(draft, out, room);
	if (out[0] != '\0')
		return STYLE_ALERT;
	if (draft != NULL && draft->kind == DRAFT_TEXT && draft->len + NEARLY_FULL >= draft->most)
		text_format(out, room, "%zu bytes left", draft->most - draft->len);
	return STYLE_DIM;
}

static void
say_place(const struct painter *painter, char *out, size_t room)
{
	struct pane pane = model_pane(painter->model);
	const struct transcript *transcript = model_transcript(painter->model, pane);
	const char *down = paint_glyph(painter, GLYPH_DOWN);

	if (pane.kind == PANE_DIRECTORY || transcript->place.id == 0)
		return;
	if (transcript->unseen > 0)
		text_format(out, room, "%s %zu new", down, transcript->unseen);
	else
		text_format(out, room, "%s newer below", down);
}

/* Among the newest entries, which are in sight. */
static bool
was_told(const struct transcript *transcript, const char *sentence)
{
	size_t first = transcript->count > TOLD_MOST ? transcript->count - TOLD_MOST : 0;

	for (size_t i = first; i < transcript->count; i++)
		if (strcmp(transcript_at(transcript, i)->text, sentence) == 0)
			return true;
	return false;
}

/* Why a session ended, unless it stands above, and how it begins again. */
static void
add_end(struct bar *bar, const struct chat *chat)
{
	char text[BAR_PIECE_ROOM];

	if (chat->trust == CHAT_TRUST_CHANGED) {
		bar_add(bar, BAR_LEFT, RANK_KEPT, STYLE_BOLD, "",
		    "/accept trusts the key, /close drops it");
		return;
	}
	if (!was_told(&chat->transcript, chat->road_why))
		bar_add(bar, BAR_LEFT, RANK_NEWS, STYLE_ALERT, "", chat->road_why);
	text_format(text, sizeof(text), "/talk %llu calls again.", (unsigned long long)chat->uid);
	bar_add(bar, BAR_LEFT, RANK_KEPT, STYLE_BOLD, " ", text);
}

/* A note of the directory that fits into "columns". */
static enum canvas_style
say_note(const struct model *model, int columns, char *out, size_t room)
{
	const char *text;
	enum canvas_style style = directory_page_note(model, &text);

	if (model_pane(model).kind == PANE_DIRECTORY && paint_count(text, columns) == 1)
		text_format(out, room, "%s", text);
	return style;
}

/* What is to be said at once; empty when there is nothing. */
static enum canvas_style
find_say(const struct painter *painter, int columns, char *out, size_t room)
{
	enum canvas_style style;

	out[0] = '\0';
	style = say_draft(model_draft(painter->model), out, room);
	if (out[0] != '\0')
		return style;
	if (painter->model->hint[0] != '\0') {
		if (painter->model->is_ascii)
			glyph_to_ascii(painter->model->hint, out, room);
		else
			text_format(out, room, "%s", painter->model->hint);
		return STYLE_NORMAL;
	}
	style = say_note(painter->model, columns, out, room);
	if (out[0] != '\0')
		return style;
	say_place(painter, out, room);
	return STYLE_BOLD;
}

static void
add_directory_keys(struct bar *bar, const struct directory *directory)
{
	bar_add(bar, BAR_LEFT, 1, STYLE_DIM, dot, "PgUp PgDn turn");
	bar_add(bar, BAR_LEFT, 4, STYLE_DIM, dot, "g jumps");
	bar_add(bar, BAR_LEFT, 2, STYLE_DIM, dot, directory->online_only ? "o all" : "o online");
	if (directory->prefix[0] == '\0') {
		bar_add(bar, BAR_LEFT, 3, STYLE_DIM, dot, "/filter NAME");
		bar_add(bar, BAR_LEFT, 0, STYLE_DIM, dot, "Esc back");
	} else {
		bar_add(bar, BAR_LEFT, 0, STYLE_DIM, dot, "Esc drops the filter");
	}
}

/* Why the server is not connected; who was sent away is not tried again by itself. */
static void
add_why(struct bar *bar, const struct me *me)
{
	bool is_away = me->link == ME_LINK_NONE && me->uid != 0;

	bar_add(bar, BAR_LEFT, is_away ? RANK_NEWS : RANK_KEPT, STYLE_ALERT, "", me->why);
	if (is_away)
		bar_add(bar, BAR_LEFT, RANK_KEPT, STYLE_BOLD, " ", "/reconnect goes online again.");
}

/* What stands there as long as it is so: why nothing is connected, or what keys there are. */
static void
add_state(struct bar *bar, const struct model *model)
{
	const struct chat *chat = model_shown_chat(model);
	const struct me *me = &model->me;

	if (model_pane(model).kind == PANE_DIRECTORY)
		add_directory_keys(bar, &model->directory);
	else if (me->uid == 0 && me->why[0] == '\0')
		bar_add(bar, BAR_LEFT, RANK_KEPT, STYLE_BOLD, "",
		    "New here: /register · back: /login");
	else if (me->link != ME_LINK_ONLINE)
		add_why(bar, me);
	else if (chat != NULL && chat_has_ended(chat))
		add_end(bar, chat);
}

void
status_draw_say(const struct painter *painter, const struct layout *layout)
{
	struct canvas_rect in = layout_say_inside(layout);
	struct bar bar = { .count = 0 };
	char say[BAR_PIECE_ROOM];
	enum canvas_style style = find_say(painter, in.columns, say, sizeof(say));

	bar_add(&bar, BAR_LEFT, RANK_KEPT, style, "", say);
	if (layout_has(layout->say)) {
		if (layout->is_wide)
			paint_rule(painter, layout->say, 0, "", STYLE_DIM);
		if (bar.count == 0)
			add_state(&bar, painter->model);
		bar.is_padded = layout->is_wide && bar.count > 0;
	} else if (bar.count > 0 && layout->body.rows >= 2) {
		/* Only what is to be said at once is worth the last message. */
		in = paint_part(layout->body, 0, layout->body.rows - 1, layout->body.columns, 1);
		canvas_fill(painter->canvas, in, " ", STYLE_NORMAL);
		in = inside_margins(in, layout->margin);
	} else {
		return;
	}
	bar_draw(&bar, painter, in, 0);
}
