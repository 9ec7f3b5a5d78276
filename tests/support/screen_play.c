/* SPDX-License-Identifier: ISC */
/*
 * Any bytes as things that happen to a client: each step is one byte that says what, and the bytes
 * it needs.
 */

#include "tests/support/screen.h"

#include <stdlib.h>

#include "client-tui/model/text.h"
#include "client-tui/view/layout.h"
#include "client-tui/view/view.h"
#include "shared/compiler.h"
#include "shared/mem.h"
#include "tests/support/require.h"

struct player {
	struct model *model;
	struct canvas canvas;
	int columns, rows;
	struct bytes script;
	uint64_t last_id;
};

static uint8_t
next(struct player *player)
{
	uint8_t byte;

	if (player->script.len == 0)
		return 0;
	byte = *(const uint8_t *)player->script.data;
	player->script = bytes_from(player->script, 1);
	return byte;
}

/* Some bytes of the script as text: mostly few of them, sometimes many, now and then made long. */
static char *
next_text(struct player *player, size_t *len)
{
	static const char *const pieces[] = { "word ", "听雨", "e\u0301",
		"\U0001F468\u200D\U0001F469\u200D\U0001F467", "\n", "\t", "\033[2J", "\u202e",
		"\xff", "https://example.org/", "\U0001F1E9\U0001F1EA", "\u0301\u0302" };
	uint8_t kind = next(player);
	size_t count = kind & 15, used = 0;
	char *text;

	if (kind & 16) {
		*len = count < player->script.len ? count : player->script.len;
		text = mem_string_of(bytes_of(player->script.data, *len));
		player->script = bytes_from(player->script, *len);
		return text;
	}
	count *= kind & 32 ? 64 : 1;
	text = mem_new(count * 32 + 1);
	for (size_t i = 0; i < count; i++) {
		const char *piece = pieces[(kind + i * 7) % ARRAY_LEN(pieces)];

		memcpy(text + used, piece, strlen(piece));
		used += strlen(piece);
	}
	*len = used;
	return text;
}

static uint64_t
next_uid(struct player *player)
{
	return 1 + next(player) % 5;
}

static void
play_typing(struct player *player)
{
	struct draft *draft = model_change_draft(player->model);
	size_t len;
	char *text = next_text(player, &len);

	if (draft != NULL && len > 20)
		draft_paste(draft, bytes_of(text, len));
	else if (draft != NULL)
		draft_type(draft, bytes_of(text, len));
	free(text);
}

static void
up(struct draft *draft)
{
	draft_up(draft);
}

static void
down(struct draft *draft)
{
	draft_down(draft);
}

static void
yank(struct draft *draft)
{
	draft_yank(draft);
}

static void
undo(struct draft *draft)
{
	draft_undo(draft);
}

static void
redo(struct draft *draft)
{
	draft_redo(draft);
}

static void
older(struct draft *draft)
{
	draft_older(draft);
}

static void
newer(struct draft *draft)
{
	draft_newer(draft);
}

static void
play_key(struct player *player)
{
	static void (*const keys[])(struct draft *) = { draft_left, draft_right, draft_word_left,
		draft_word_right, draft_home, draft_end, up, down, draft_backspace, draft_delete,
		draft_transpose, draft_kill_end, draft_kill_start, draft_kill_all, draft_kill_word,
		draft_kill_word_back, yank, undo, redo, draft_remember, older, newer, draft_reset };
	struct draft *draft = model_change_draft(player->model);
	size_t key = next(player) % ARRAY_LEN(keys);
	size_t at;

	if (draft == NULL)
		return;
	keys[key](draft);
	REQUIRE(draft->len <= draft->most && draft->cursor <= draft->len &&
	    draft->text[draft->len] == '\0');
	at = draft->cursor;
	if (at > 0 && at < draft->len) {
		struct bytes text = draft_bytes(draft);
		size_t start = text_cluster_before(text, at);

		REQUIRE(start + text_cluster_first(bytes_from(text, start)).len == at);
	}
}

static void
play_message(struct player *player)
{
	uint64_t uid = next_uid(player), time_s = 1700000000 + next(player) * 20000u;
	size_t len;
	char *text = next_text(player, &len);

	if (next(player) % 2)
		model_add_theirs(player->model, uid, time_s, bytes_of(text, len));
	else
		player->last_id = model_add_mine(player->model, uid, time_s, bytes_of(text, len));
	free(text);
}

static void
play_many(struct player *player)
{
	uint64_t uid = next_uid(player);

	for (int i = next(player) * 20; i > 0; i--)
		model_add_theirs(player->model, uid, 1700000000 + (uint64_t)i,
		    bytes_of_string("one of many"));
}

static void
play_delivery(struct player *player)
{
	struct chat *chat = model_change_chat(player->model, next_uid(player));

	if (chat != NULL)
		transcript_set_delivery(&chat->transcript, player->last_id,
		    next(player) % (DELIVERY_FAILED + 1));
}

static void
play_note(struct player *player)
{
	struct pane pane = { .kind = next(player) % 3 };
	size_t len;
	char *text = next_text(player, &len);

	if (pane.kind == PANE_CHAT)
		pane.uid = next_uid(player);
	model_note(player->model, pane, bytes_of(text, len));
	model_alert(player->model, model_pane(player->model), bytes_of(text, len));
	free(text);
}

static void
play_chat(struct player *player)
{
	uint64_t uid = next_uid(player);
	size_t len;
	char *name = next_text(player, &len);
	struct chat *chat = model_open_chat(player->model, uid, bytes_of(name, len));

	chat_set_road(chat, next(player) % (CHAT_ROAD_REFUSED + 1), 1700000000, bytes_of(name,
	    len));
	chat_set_round_trip(chat, next(player) - 1);
	chat_set_trust(chat, next(player) % (CHAT_TRUST_CHANGED + 1));
	free(name);
}

static void
play_close(struct player *player)
{
	model_close_chat(player->model, next_uid(player));
}

static void
play_pane(struct player *player)
{
	uint8_t what = next(player);

	switch (what % 6) {
	case 0:
		model_show_next(player->model, what / 6 - 20);
		break;
	case 1:
		model_show_number(player->model, what / 6);
		break;
	case 2:
		model_show_before(player->model);
		break;
	case 3:
		model_show_unread(player->model);
		break;
	case 4:
		model_fold_list(player->model, what / 6 % 2);
		break;
	default:
		model_set_ascii(player->model, what / 6 % 2);
	}
}

static void
play_scroll(struct player *player)
{
	struct transcript *transcript = model_change_transcript(player->model,
	    model_pane(player->model));
	int lines = next(player) % 3 == 0 ? (int)next(player) : -(int)next(player);

	transcript_scroll(transcript, view_scroll(player->model, player->columns, player->rows,
	    lines));
	if (next(player) % 8 == 0)
		transcript_scroll(transcript, view_first_new(player->model, player->columns,
		    player->rows));
	REQUIRE(view_page(player->model, player->columns, player->rows) >= 1);
}

static void
play_roster(struct player *player)
{
	struct roster *roster = model_change_roster(player->model);
	uint64_t uid = next(player);
	size_t len;
	char *name = next_text(player, &len);

	roster_set(roster, uid + 1, bytes_of(name, len));
	roster_set_presence(roster, uid + 1, next(player) % (PRESENCE_UNREACHABLE + 1), 1700000000);
	roster_select(roster, (int)next(player) - 128);
	if (next(player) % 8 == 0)
		roster_remove(roster, uid);
	free(name);
}

static void
play_directory(struct player *player)
{
	struct directory *directory = model_change_directory(player->model);
	size_t len;
	char *name = next_text(player, &len);
	uint8_t count = next(player);

	directory_load(directory, count);
	for (uint64_t i = 0; i < count; i++)
		directory_add(directory, i * 1000003, bytes_of(name, len), bytes_of(name, len),
		    i % 3 == 0);
	if (next(player) % 4 > 0)
		directory_finish(directory, count, 20, count * 7u);
	else if (next(player) % 2)
		directory_refuse(directory, bytes_of(name, len));
	directory_set_filter(directory, bytes_of(name, len), next(player) % 2);
	directory_select(directory, (int)next(player) - 128);
	if (count % 4 == 0)
		transcript_forget(model_change_transcript(player->model, pane_directory()));
	free(name);
}

static void
play_form(struct player *player)
{
	struct form *form = model_change_form(player->model);
	size_t len;
	char *text = next_text(player, &len);

	switch (next(player) % 8) {
	case 0:
		form_open(form, bytes_of(text, len), bytes_of(text, len), bytes_of(text, len),
		    true);
		break;
	case 1:
		form_next(form);
		break;
	case 2:
		form_choose(form, !form->is_new);
		break;
	case 3:
		form_submit(form, bytes_of(text, len));
		break;
	case 4:
		form_refuse(form, next(player) % FORM_FIELDS, bytes_of(text, len));
		break;
	case 5:
		form_ask_again(form, bytes_of(text, len));
		break;
	case 6:
		if (!form_is_same(form))
			form_hush(form);
		break;
	default:
		form_close(form);
	}
	free(text);
}

static void
play_ask(struct player *player)
{
	struct ask *ask = model_change_ask(player->model);
	size_t len;
	char *text = next_text(player, &len);

	switch (next(player) % 6) {
	case 0:
		ask_line(ask, 1, bytes_of(text, len), 20);
		break;
	case 1:
		ask_secret(ask, 1, bytes_of(text, len), 20);
		break;
	case 2:
		ask_key(ask, 1, bytes_of(text, len), bytes_of(text, len), true);
		break;
	case 3:
		ask_paste(ask, 1, bytes_of(text, len));
		break;
	default:
		ask_finish(ask);
	}
	free(text);
}

static void
play_help(struct player *player)
{
	struct help *help = model_change_help(player->model);
	size_t len;
	char *text = next_text(player, &len);
	const char *lines[] = { "one", text, "three", text, "" };

	if (next(player) % 4 > 0)
		help_close(help);
	else
		help_open(help, bytes_of(text, len), lines, ARRAY_LEN(lines));
	help_scroll(help, (int)next(player) - 128,
	    view_help_end(player->model, player->columns, player->rows));
	free(text);
}

static void
play_me(struct player *player)
{
	struct me *me = model_change_me(player->model);
	size_t len;
	char *text = next_text(player, &len);

	me_sign_in(me, next(player), bytes_of(text, len));
	me_set_server(me, bytes_of(text, len));
	me_set_link(me, next(player) % (ME_LINK_WAITING + 1), 1700000000, 1700000000 + next(player),
	    bytes_of(text, len));
	model_set_now(player->model, 1700000000 + next(player) * 3000u);
	model_set_hint(player->model, bytes_of(text, next(player) % 4 == 0 ? len : 0));
	free(text);
}

static void
play_size(struct player *player)
{
	player->columns = 1 + next(player) % 200;
	player->rows = 1 + next(player) % 60;
}

static void
draw(struct player *player)
{
	canvas_resize(&player->canvas, player->columns, player->rows);
	view_draw(player->model, &player->canvas);
	screen_require_sound(&player->canvas);
}

/* The cells of a rectangle as they are drawn now. On the heap. */
static struct canvas_cell *
copy_cells(struct player *player, struct canvas_rect in)
{
	struct canvas_cell *cells = mem_new_array((size_t)in.columns * (size_t)in.rows,
	    sizeof(cells[0]));

	draw(player);
	for (int y = 0; y < in.rows; y++)
		memcpy(cells + y * in.columns, canvas_at(&player->canvas, in.x, in.y + y),
		    (size_t)in.columns * sizeof(cells[0]));
	return cells;
}

/* Who reads older text sees the same after something was said. */
static void
play_message_to_a_reader(struct player *player)
{
	struct layout layout = layout_of(player->model, player->columns, player->rows);
	const struct chat *chat = model_shown_chat(player->model);
	struct canvas_cell *before, *after;

	if (chat == NULL || chat->transcript.count == TRANSCRIPT_MOST || !layout_has(layout.body) ||
	    view_scroll(player->model, player->columns, player->rows, 0).id == 0)
		return;
	if (!layout_has(layout.say))
		layout.body.rows--;
	before = copy_cells(player, layout.body);
	model_add_theirs(player->model, chat->uid, 1900000000, bytes_of_string("said\nmeanwhile"));
	after = copy_cells(player, layout.body);
	REQUIRE(chat->transcript.place.id > 0 && chat->transcript.unread > 0);
	REQUIRE(memcmp(before, after,
	    (size_t)layout.body.columns * (size_t)layout.body.rows * sizeof(before[0])) == 0);
	free(before);
	free(after);
}

void
screen_play(struct bytes script)
{
	static void (*const steps[])(struct player *) = { play_typing, play_typing, play_key,
		play_key, play_key, play_message, play_message, play_message, play_many,
		play_delivery, play_note, play_chat, play_chat, play_close, play_pane, play_pane,
		play_scroll, play_scroll, play_roster, play_directory, play_form, play_form,
		play_ask, play_ask, play_help, play_help, play_me, play_size, play_size,
		play_message_to_a_reader };
	struct player player = {
		.model = model_new(), .columns = 80, .rows = 24, .script = script
	};

	canvas_init(&player.canvas);
	while (player.script.len > 0) {
		steps[next(&player) % ARRAY_LEN(steps)](&player);
		draw(&player);
	}
	canvas_clear(&player.canvas);
	model_free(player.model);
}
