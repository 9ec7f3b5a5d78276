/* SPDX-License-Identifier: ISC */
/* Sessions: calling somebody, leaving, and the word of a person about a new key. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "client-tui/control/acts.h"
#include "shared/compiler.h"
#include "shared/protocol.h"

/* --- calling ------------------------------------------------------------------------------ */

bool
session_is_open(const struct model *model, uint64_t uid)
{
	const struct chat *chat = model_chat(model, uid);

	return chat != NULL && (chat->road == CHAT_ROAD_DIRECT || chat->road == CHAT_ROAD_CALLING);
}

static void
call(struct question *question, const struct msg_find_user_ok *ok)
{
	struct control *control = question->control;
	struct model *model = control->model;
	enum status status;

	if (session_is_open(model, ok->uid)) {
		model_show(model, pane_chat(ok->uid));
		return;
	}
	model_open_chat(model, ok->uid, ok->name);
	model_show(model, pane_chat(ok->uid));
	roster_set_presence(model_change_roster(model), ok->uid, PRESENCE_ONLINE, model->now_s);
	chat_set_road(model_change_chat(model, ok->uid), CHAT_ROAD_CALLING, model->now_s,
	    bytes_of_string(""));
	status = control->outbox->talk(control->outbox->arg, ok->uid);
	if (status == STATUS_OK)
		return;
	chat_set_road(model_change_chat(model, ok->uid), CHAT_ROAD_REFUSED, model->now_s,
	    bytes_of_string(status_text(status)));
	control_refuse(control, pane_chat(ok->uid), status);
}

static void
on_talk(void *arg, const struct answer *answer)
{
	struct question *question = arg;
	struct control *control = question->control;
	const struct msg_find_user_ok *ok = person_take(question, answer);

	if (ok != NULL && ok->uid == control->model->me.uid)
		control_alert(control, question->pane, "That is you.");
	else if (ok != NULL && ok->online == 0)
		control_alert(control, question->pane,
		    "%.*s (%" PRIu64 ") is not online, so there is nobody to talk to.",
		    (int)ok->name.len, (const char *)ok->name.data, ok->uid);
	else if (ok != NULL)
		call(question, ok);
	question_drop(question);
}

/* A session that is open needs no server to be shown. NULL: none, or several by this name. */
static const struct chat *
find_open(const struct model *model, const char *word)
{
	const struct chat *found = NULL;
	uint64_t uid = 0;

	command_uid(word, &uid);
	for (size_t i = 0; i < model->chat_count; i++) {
		const struct chat *chat = model->chats[i];

		if (!session_is_open(model, chat->uid) ||
		    (chat->uid != uid && strcasecmp(chat->name, word) != 0))
			continue;
		if (found != NULL)
			return NULL;
		found = chat;
	}
	return found;
}

void
person_talk(struct control *control, struct pane pane, const char *word)
{
	const struct chat *chat = find_open(control->model, word);

	if (chat != NULL) {
		model_show(control->model, pane_chat(chat->uid));
		return;
	}
	person_find(control, pane, word, on_talk);
}

void
command_talk(struct order *order)
{
	person_talk(order->control, order->pane, order->words[1]);
}

void
session_close(struct control *control, uint64_t uid)
{
	control->outbox->leave(control->outbox->arg, uid);
	model_close_chat(control->model, uid);
}

void
command_close(struct order *order)
{
	session_close(order->control, order->pane.uid);
}

/* --- a new key ---------------------------------------------------------------------------- */

void
command_accept(struct order *order)
{
	const struct chat *chat = model_chat(order->control->model, order->pane.uid);
	char question[TEXT_NAME_ROOM + 80];

	if (chat->trust != CHAT_TRUST_CHANGED) {
		control_note(order->control, order->pane,
		    "%s has no new key, so there is nothing to accept.", chat->name);
		return;
	}
	snprintf(question, sizeof(question), "Is the new key really the one of %s (%" PRIu64 ")?",
	    chat->name, chat->uid);
	ask_key(model_change_ask(order->control->model), TOPIC_ACCEPT, bytes_of_string(question),
	    bytes_of_string("y trusts it · Esc does not"), true);
}

void
answer_accept(struct control *control, const char *key, const char *text UNUSED)
{
	struct model *model = control->model;
	const struct chat *chat = model_shown_chat(model);
	enum status status;

	if (chat == NULL || chat->trust != CHAT_TRUST_CHANGED)
		return;
	if (strcmp(key, "y") != 0) {
		control_note(control, pane_chat(chat->uid), "Nothing was changed.");
		return;
	}
	status = control->outbox->accept_key(control->outbox->arg, chat->uid);
	if (status != STATUS_OK) {
		control_alert(control, pane_chat(chat->uid), "The key was not taken: %s",
		    status_text(status));
		return;
	}
	chat_set_trust(model_change_chat(model, chat->uid), CHAT_TRUST_SEALED);
	control_note(control, pane_chat(chat->uid),
	    "The new key of %s is the one trusted from now on. /talk %" PRIu64 " calls.",
	    chat->name, chat->uid);
}
