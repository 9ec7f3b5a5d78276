/* SPDX-License-Identifier: ISC */
#include "client-tui/model/model.h"

#include <stdlib.h>

#include "client-tui/model/text.h"
#include "shared/mem.h"

struct model *
model_new(void)
{
	struct model *model = mem_new(sizeof(*model));

	me_init(&model->me);
	roster_init(&model->roster);
	directory_init(&model->directory);
	transcript_init(&model->home);
	transcript_init(&model->directory_notes);
	draft_init(&model->home_draft, &model->clip, TEXT_MESSAGE_MAX, DRAFT_TEXT);
	draft_init(&model->directory_draft, &model->clip, TEXT_MESSAGE_MAX, DRAFT_TEXT);
	panes_init(&model->panes);
	form_init(&model->form, &model->clip);
	ask_init(&model->ask, &model->clip);
	help_init(&model->help);
	model->revision = 1;
	return model;
}

void
model_free(struct model *model)
{
	if (model == NULL)
		return;
	for (size_t i = 0; i < model->chat_count; i++)
		chat_free(model->chats[i]);
	free(model->chats);
	help_clear(&model->help);
	ask_clear(&model->ask);
	form_clear(&model->form);
	panes_clear(&model->panes);
	draft_clear(&model->directory_draft);
	draft_clear(&model->home_draft);
	transcript_clear(&model->directory_notes);
	transcript_clear(&model->home);
	roster_clear(&model->roster);
	draft_clip_clear(&model->clip);
	free(model);
}

void
model_touch(struct model *model)
{
	model->revision++;
}

bool
model_shows_seconds(const struct model *model)
{
	return model->me.link == ME_LINK_WAITING;
}

void
model_set_now(struct model *model, uint64_t now_s)
{
	if (now_s / 60 != model->now_s / 60 ||
	    (now_s != model->now_s && model_shows_seconds(model)))
		model_touch(model);
	model->now_s = now_s;
}

void
model_set_ascii(struct model *model, bool is_ascii)
{
	model->is_ascii = is_ascii;
	model_touch(model);
}

void
model_set_hint(struct model *model, struct bytes hint)
{
	text_clean_line(hint, model->hint, sizeof(model->hint));
	model_touch(model);
}

struct me *
model_change_me(struct model *model)
{
	model_touch(model);
	return &model->me;
}

struct roster *
model_change_roster(struct model *model)
{
	model_touch(model);
	return &model->roster;
}

struct directory *
model_change_directory(struct model *model)
{
	model_touch(model);
	return &model->directory;
}

struct form *
model_change_form(struct model *model)
{
	model_touch(model);
	return &model->form;
}

struct ask *
model_change_ask(struct model *model)
{
	model_touch(model);
	return &model->ask;
}

struct help *
model_change_help(struct model *model)
{
	model_touch(model);
	return &model->help;
}

/* Position of a chat; model->chat_count when there is none. */
static size_t
find_chat(const struct model *model, uint64_t uid)
{
	size_t at = 0;

	while (at < model->chat_count && model->chats[at]->uid != uid)
		at++;
	return at;
}

const struct chat *
model_chat(const struct model *model, uint64_t uid)
{
	size_t at = find_chat(model, uid);

	return at < model->chat_count ? model->chats[at] : NULL;
}

struct chat *
model_change_chat(struct model *model, uint64_t uid)
{
	size_t at = find_chat(model, uid);

	model_touch(model);
	return at < model->chat_count ? model->chats[at] : NULL;
}

enum presence
model_presence(const struct model *model, const struct contact *contact)
{
	const struct chat *chat = model_chat(model, contact->uid);

	return chat != NULL && chat->road == CHAT_ROAD_DIRECT ? PRESENCE_ONLINE : contact->presence;
}

static struct chat *
add_chat(struct model *model, uint64_t uid, struct bytes name)
{
	if (model->chat_count == model->chat_room) {
		model->chat_room = model->chat_room > 0 ? 2 * model->chat_room : 8;
		model->chats = mem_resize(model->chats, model->chat_room, sizeof(model->chats[0]));
	}
	return model->chats[model->chat_count++] = chat_new(uid, name, &model->clip);
}

struct chat *
model_open_chat(struct model *model, uint64_t uid, struct bytes name)
{
	struct chat *chat = model_change_chat(model, uid);

	if (chat == NULL)
		chat = add_chat(model, uid, name);
	else
		chat_set_name(chat, name);
	roster_set(&model->roster, uid, name);
	panes_add(&model->panes, pane_chat(uid));
	return chat;
}

/* What has to happen to the pane that goes off the screen, and to the one that comes onto it. */
static void
leave(struct model *model)
{
	transcript_leave(model_change_transcript(model, model_pane(model)));
}

static void
enter(struct model *model)
{
	transcript_enter(model_change_transcript(model, model_pane(model)));
	model->hint[0] = '\0';
}

void
model_close_chat(struct model *model, uint64_t uid)
{
	size_t at = find_chat(model, uid);

	if (at == model->chat_count)
		return;
	panes_remove(&model->panes, pane_chat(uid));
	chat_free(model->chats[at]);
	model->chat_count--;
	memmove(&model->chats[at], &model->chats[at + 1],
	    (model->chat_count - at) * sizeof(model->chats[0]));
	enter(model);
}

struct pane
model_pane(const struct model *model)
{
	return panes_shown(&model->panes);
}

const struct chat *
model_shown_chat(const struct model *model)
{
	struct pane pane = model_pane(model);

	return pane.kind == PANE_CHAT ? model_chat(model, pane.uid) : NULL;
}

bool
model_show(struct model *model, struct pane pane)
{
	if (panes_find(&model->panes, pane) == model->panes.count)
		return false;
	if (pane_is(pane, model_pane(model)))
		return true;
	leave(model);
	panes_show(&model->panes, pane);
	enter(model);
	return true;
}

bool
model_show_number(struct model *model, size_t number)
{
	return number >= 1 && number <= model->panes.count &&
	    model_show(model, model->panes.list[number - 1]);
}

void
model_show_next(struct model *model, int steps)
{
	leave(model);
	panes_turn(&model->panes, steps);
	enter(model);
}

void
model_show_before(struct model *model)
{
	model_show(model, model->panes.before);
}

/* The next chat with messages of others; or else with anything that was not seen. */
static bool
show_news(struct model *model, bool is_message)
{
	size_t count = model->panes.count;

	for (size_t i = 1; i < count; i++) {
		struct pane pane = model->panes.list[(model->panes.shown + i) % count];
		const struct transcript *transcript = model_transcript(model, pane);

		if (pane.kind == PANE_CHAT &&
		    (is_message ? transcript->unread : transcript->unseen) > 0)
			return model_show(model, pane);
	}
	return false;
}

bool
model_show_unread(struct model *model)
{
	return show_news(model, true) || show_news(model, false);
}

void
model_fold_list(struct model *model, bool is_folded)
{
	model->panes.is_folded = is_folded;
	model_touch(model);
}

static const struct transcript *
find_transcript(const struct model *model, struct pane pane)
{
	const struct chat *chat;

	switch (pane.kind) {
	case PANE_HOME:
		return &model->home;
	case PANE_DIRECTORY:
		return &model->directory_notes;
	case PANE_CHAT:
		chat = model_chat(model, pane.uid);
		return chat != NULL ? &chat->transcript : NULL;
	}
	return NULL;
}

const struct transcript *
model_transcript(const struct model *model, struct pane pane)
{
	return find_transcript(model, pane);
}

struct transcript *
model_change_transcript(struct model *model, struct pane pane)
{
	model_touch(model);
	return (struct transcript *)find_transcript(model, pane);
}

static uint64_t
add(struct model *model, struct pane pane, enum transcript_kind kind, uint64_t time_s,
    struct bytes text)
{
	struct transcript *transcript = model_change_transcript(model, pane);

	if (transcript == NULL)
		return 0;
	return transcript_add(transcript, kind, time_s, text, pane_is(pane, model_pane(model)));
}

uint64_t
model_add_mine(struct model *model, uint64_t uid, uint64_t time_s, struct bytes text)
{
	return add(model, pane_chat(uid), TRANSCRIPT_MINE, time_s, text);
}

uint64_t
model_add_theirs(struct model *model, uint64_t uid, uint64_t time_s, struct bytes text)
{
	return add(model, pane_chat(uid), TRANSCRIPT_THEIRS, time_s, text);
}

static void
tell(struct model *model, struct pane pane, enum transcript_kind kind, struct bytes text)
{
	if (add(model, pane, kind, model->now_s, text) == 0)
		add(model, pane_home(), kind, model->now_s, text);
}

void
model_note(struct model *model, struct pane pane, struct bytes text)
{
	tell(model, pane, TRANSCRIPT_NOTE, text);
}

void
model_alert(struct model *model, struct pane pane, struct bytes text)
{
	tell(model, pane, TRANSCRIPT_ALERT, text);
}

size_t
model_unread(const struct model *model)
{
	size_t unread = 0;

	for (size_t i = 0; i < model->chat_count; i++)
		unread += model->chats[i]->transcript.unread;
	return unread;
}

static const struct draft *
pane_draft(const struct model *model)
{
	const struct chat *chat;

	switch (model_pane(model).kind) {
	case PANE_HOME:
		return &model->home_draft;
	case PANE_DIRECTORY:
		return &model->directory_draft;
	case PANE_CHAT:
		chat = model_shown_chat(model);
		return chat != NULL ? &chat->draft : NULL;
	}
	return NULL;
}

const struct draft *
model_draft(const struct model *model)
{
	if (model->form.is_open)
		return form_draft((struct form *)&model->form);
	if (model->ask.kind != ASK_NOTHING)
		return ask_takes_text(&model->ask) ? &model->ask.draft : NULL;
	return pane_draft(model);
}

struct draft *
model_change_draft(struct model *model)
{
	model_touch(model);
	return (struct draft *)model_draft(model);
}
