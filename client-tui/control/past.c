/* SPDX-License-Identifier: ISC */
#include "client-tui/control/past.h"

#include <stdio.h>
#include <stdlib.h>

#include "client-tui/view/view.h"
#include "shared/crypto.h"
#include "shared/mem.h"

enum { PAGE = 100 };

/* --- questions ------------------------------------------------------------------------------ */

struct recall *
recall_new(struct control *control, struct pane pane, const char *text)
{
	struct recall *recall = mem_new(sizeof(*recall));

	recall->control = control;
	recall->pane = pane;
	snprintf(recall->text, sizeof(recall->text), "%s", text);
	LIST_INSERT_HEAD(&control->past->recalls, recall, entry);
	return recall;
}

void
recall_drop(struct recall *recall)
{
	LIST_REMOVE(recall, entry);
	free(recall);
}

bool
past_is_busy(const struct control *control)
{
	return control->past != NULL && !LIST_EMPTY(&control->past->recalls);
}

/* --- begin and end -------------------------------------------------------------------------- */

void
past_begin(struct control *control, struct history *history)
{
	past_end(control);
	control->past = mem_new(sizeof(*control->past));
	control->past->history = history;
	LIST_INIT(&control->past->recalls);
}

void
past_end(struct control *control)
{
	struct model *model = control->model;
	struct recall *recall;

	if (control->past == NULL)
		return;
	history_close(control->past->history);
	while ((recall = LIST_FIRST(&control->past->recalls)) != NULL)
		recall_drop(recall);
	for (size_t i = 0; i < model->chat_count; i++)
		transcript_keep(&model->chats[i]->transcript, 0);
	free(control->past);
	control->past = NULL;
}

/* A pane keeps its messages under a number of its own, so that they are told from all others. */
static void
open_chat(struct control *control, struct chat *chat)
{
	if (chat->transcript.epoch != 0)
		return;
	transcript_keep(&chat->transcript, crypto_random_number() | 1);
	history_set_name(control->past->history, chat->uid, bytes_of_string(chat->name));
}

/* --- what is said now ------------------------------------------------------------------------- */

static const enum history_state states[] = {
	[DELIVERY_QUEUED] = HISTORY_QUEUED,
	[DELIVERY_STORED] = HISTORY_STORED,
	[DELIVERY_DELIVERED] = HISTORY_DELIVERED,
	[DELIVERY_READ] = HISTORY_READ,
	[DELIVERY_FAILED] = HISTORY_FAILED,
};

static enum history_author
author_of(enum transcript_kind kind)
{
	return kind == TRANSCRIPT_MINE ? HISTORY_MINE : HISTORY_THEIRS;
}

uint64_t
past_add(struct control *control, uint64_t uid, enum transcript_kind kind, struct bytes text)
{
	struct model *model = control->model;
	struct chat *chat = model_change_chat(model, uid);
	struct history_message message = { .peer = uid, .time_s = model->now_s, .text = text };

	if (control->past != NULL)
		open_chat(control, chat);
	message.key.author = author_of(kind);
	message.key.epoch = chat->transcript.epoch;
	message.key.sequence = kind == TRANSCRIPT_MINE
	    ? model_add_mine(model, uid, model->now_s, text)
	    : model_add_theirs(model, uid, model->now_s, text);
	if (control->past != NULL)
		history_put(control->past->history, &message, NULL, NULL);
	chat->has_unmarked = chat->has_unmarked || kind == TRANSCRIPT_THEIRS;
	return message.key.sequence;
}

static void
keep_state(struct control *control, uint64_t uid, struct transcript_key key, enum delivery delivery)
{
	const struct history_key mine = { HISTORY_MINE, key.epoch, key.sequence };

	if (control->past != NULL && key.epoch != 0)
		history_set_state(control->past->history, uid, mine, states[delivery]);
}

void
past_set_delivery(struct control *control, uint64_t uid, uint64_t id, enum delivery delivery)
{
	struct chat *chat = model_change_chat(control->model, uid);
	const struct transcript_key key = { chat->transcript.epoch, id };

	transcript_set_delivery(&chat->transcript, id, delivery);
	keep_state(control, uid, key, delivery);
}

void
past_settle(struct control *control, uint64_t uid)
{
	const struct chat *chat = model_chat(control->model, uid);

	for (size_t i = 0; i < chat->transcript.count; i++) {
		const struct transcript_entry *entry = transcript_at(&chat->transcript, i);

		if (entry->kind == TRANSCRIPT_MINE && entry->delivery == DELIVERY_QUEUED)
			keep_state(control, uid, entry->key, DELIVERY_FAILED);
	}
}

/* --- what was said before --------------------------------------------------------------------- */

static const enum delivery deliveries[] = {
	[HISTORY_QUEUED] = DELIVERY_QUEUED,
	[HISTORY_FAILED] = DELIVERY_FAILED,
	[HISTORY_STORED] = DELIVERY_STORED,
	[HISTORY_DELIVERED] = DELIVERY_DELIVERED,
	[HISTORY_READ] = DELIVERY_READ,
};

/* What was under way when the pane or the program ended never arrived, as far as anybody knows. */
static struct transcript_kept
kept_of(const struct transcript *transcript, const struct history_message *message)
{
	struct transcript_kept kept = {
		.key = { message->key.epoch, message->key.sequence },
		.kind = message->key.author == HISTORY_MINE ? TRANSCRIPT_MINE : TRANSCRIPT_THEIRS,
		.delivery = deliveries[message->state],
		.time_s = message->time_s,
		.text = message->text,
	};

	if (kept.delivery == DELIVERY_QUEUED && kept.key.epoch != transcript->epoch)
		kept.delivery = DELIVERY_FAILED;
	return kept;
}

/* The message from which a page goes on; NULL: there is none, and it goes on from the end. */
static const struct transcript_entry *
edge_of(const struct transcript *transcript, enum history_direction direction)
{
	return direction == HISTORY_BEFORE ? transcript_oldest_kept(transcript)
					   : transcript_newest_kept(transcript);
}

/* Whether the window is still where it was when the page was asked for. */
static bool
still_fits(const struct transcript *transcript, const struct recall *recall)
{
	const struct transcript_entry *edge = edge_of(transcript, recall->direction);

	if (recall->resets != transcript->resets)
		return false;
	return recall->from.epoch == 0 ||
	    (edge != NULL && edge->key.epoch == recall->from.epoch &&
		edge->key.sequence == recall->from.sequence);
}

static void
add_page(struct control *control, struct transcript *transcript, const struct recall *recall,
    const struct history_page *page)
{
	struct transcript_kept messages[PAGE];

	for (size_t i = 0; i < page->count; i++)
		messages[i] = kept_of(transcript, &page->messages[i]);
	if (recall->direction == HISTORY_BEFORE) {
		transcript_add_older(transcript, messages, page->count, page->has_more);
		return;
	}
	/* What is seen stays where it is, also at the end of the window. */
	if (pane_is(model_pane(control->model), recall->pane))
		transcript_scroll(
		    transcript, view_top(control->model, control->columns, control->rows));
	transcript_add_newer(transcript, messages, page->count,
	    page->has_more || transcript->skipped != recall->skipped);
}

static void
on_page(void *arg, enum status status, const char *why, const struct history_page *page)
{
	struct recall *recall = arg;
	struct control *control = recall->control;
	struct chat *chat = model_change_chat(control->model, recall->pane.uid);

	if (chat != NULL && still_fits(&chat->transcript, recall)) {
		add_page(control, &chat->transcript, recall, page);
		chat->has_unmarked = true;
	}
	if (chat != NULL && status != STATUS_OK && status != STATUS_NOT_FOUND)
		control_alert(control, recall->pane, "%s", why);
	recall_drop(recall);
}

static void
load(struct control *control, const struct chat *chat, enum history_direction direction)
{
	const struct transcript *transcript = &chat->transcript;
	struct recall *recall = recall_new(control, pane_chat(chat->uid), "");
	const struct transcript_entry *from = edge_of(transcript, direction);
	struct history_key key;

	if (from != NULL) {
		recall->from = from->key;
		key = (struct history_key){ author_of(from->kind), from->key.epoch,
			from->key.sequence };
	}
	recall->direction = direction;
	recall->resets = transcript->resets;
	recall->skipped = transcript->skipped;
	history_page(control->past->history, chat->uid, direction, from != NULL ? &key : NULL, PAGE,
	    on_page, recall);
}

/* At least so many entries are above of the screen: each has a row of its own. */
static size_t
entries_above(const struct control *control, const struct transcript *transcript)
{
	size_t rows = (size_t)control->rows;

	if (transcript->place.id > 0)
		return transcript->place.id - transcript->first_id;
	return transcript->count > rows ? transcript->count - rows : 0;
}

/* Within a screen above of what is shown. */
static bool
is_near_top(const struct control *control, const struct transcript *transcript)
{
	const struct model *model = control->model;
	int page = view_page(model, control->columns, control->rows);
	struct transcript_place above;

	/* This is asked after each key, and nearly always answered so. */
	if (entries_above(control, transcript) > (size_t)page)
		return false;
	above = view_scroll(model, control->columns, control->rows, -page);
	/* No place: all of it is seen. */
	return above.id == 0 || above.id == transcript->first_id;
}

static bool
is_near_bottom(const struct control *control)
{
	int page = view_page(control->model, control->columns, control->rows);

	return view_scroll(control->model, control->columns, control->rows, page).id == 0;
}

static bool
is_loading(const struct past *past, uint64_t uid)
{
	const struct recall *recall;

	LIST_FOREACH (recall, &past->recalls, entry)
		if (pane_is(recall->pane, pane_chat(uid)))
			return true;
	return false;
}

static void
fill_shown(struct control *control)
{
	const struct chat *chat = model_shown_chat(control->model);

	if (chat == NULL || is_loading(control->past, chat->uid))
		return;
	if (chat->transcript.has_newer && is_near_bottom(control))
		load(control, chat, HISTORY_BEHIND);
	else if (chat->transcript.has_older && is_near_top(control, &chat->transcript))
		load(control, chat, HISTORY_BEFORE);
}

static void
mark_read(struct control *control, struct chat *chat)
{
	if (!chat->has_unmarked || chat->transcript.unread > 0)
		return;
	chat->has_unmarked = false;
	history_mark_read(control->past->history, chat->uid);
}

void
past_turn(struct control *control)
{
	struct model *model = control->model;

	if (control->past == NULL)
		return;
	for (size_t i = 0; i < model->chat_count; i++) {
		open_chat(control, model->chats[i]);
		mark_read(control, model->chats[i]);
	}
	fill_shown(control);
}
