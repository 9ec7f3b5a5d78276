/* SPDX-License-Identifier: ISC */
/* Other people: who is online, and contacts. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client-tui/control/acts.h"
#include "shared/compiler.h"
#include "shared/mem.h"
#include "shared/protocol.h"

void
person_find(struct control *control, struct pane pane, const char *word, call_on_answer *on_answer)
{
	const struct outbox *outbox = control->outbox;
	struct question *question;
	enum status status;
	uint64_t uid = 0;

	command_uid(word, &uid);
	question = question_new(control, pane, uid, word);
	status = outbox->find(outbox->arg, uid, word, on_answer, question);
	if (status == STATUS_OK)
		return;
	control_refuse(control, pane, status);
	question_drop(question);
}

const struct msg_find_user_ok *
person_take(struct question *question, const struct answer *answer)
{
	const struct msg_find_user_ok *ok = answer->message;
	struct model *model = question->control->model;

	if (answer->status == STATUS_NO_SUCH_USER) {
		control_alert(
		    question->control, question->pane, "%s: %s", question->name, answer->sentence);
		return NULL;
	}
	if (answer->status != STATUS_OK) {
		question_refuse(question, answer);
		return NULL;
	}
	directory_set_presence(model_change_directory(model), ok->uid, ok->online != 0);
	roster_set_presence(model_change_roster(model), ok->uid,
	    ok->online != 0 ? PRESENCE_ONLINE : PRESENCE_ABSENT, model->now_s);
	return ok;
}

static void
on_is_online(void *arg, const struct answer *answer)
{
	struct question *question = arg;
	const struct msg_find_user_ok *ok = person_take(question, answer);

	if (ok != NULL)
		control_note(question->control, question->pane, "%.*s (%" PRIu64 ") is %s.",
		    (int)ok->name.len, (const char *)ok->name.data, ok->uid,
		    ok->online != 0 ? "online" : "not online");
	question_drop(question);
}

void
command_online(struct order *order)
{
	person_find(order->control, order->pane, order->words[1], on_is_online);
}

static void
on_add(void *arg, const struct answer *answer)
{
	struct question *question = arg;
	struct model *model = question->control->model;
	const struct outbox *outbox = question->control->outbox;
	const struct msg_find_user_ok *ok = person_take(question, answer);
	bool is_me = ok != NULL && ok->uid == model->me.uid;
	enum status status =
	    ok != NULL && !is_me ? outbox->add_contact(outbox->arg, ok->uid, ok->name) : STATUS_OK;

	if (is_me) {
		control_alert(question->control, question->pane, "That is you.");
	} else if (status == STATUS_FULL) {
		control_alert(question->control, question->pane,
		    "There are too many contacts already; /remove takes one out.");
	} else if (status != STATUS_OK) {
		control_refuse(question->control, question->pane, status);
	} else if (ok != NULL) {
		roster_set_presence(model_change_roster(model), ok->uid,
		    ok->online != 0 ? PRESENCE_ONLINE : PRESENCE_ABSENT, model->now_s);
		control_note(question->control, question->pane,
		    "%.*s (%" PRIu64 ") is a contact now.", (int)ok->name.len,
		    (const char *)ok->name.data, ok->uid);
	}
	question_drop(question);
}

void
person_add(struct control *control, struct pane pane, const char *word)
{
	person_find(control, pane, word, on_add);
}

void
command_add(struct order *order)
{
	person_add(order->control, order->pane, order->words[1]);
}

/* One contact by uid or name; 0: nobody, or several, which has been said. */
static uint64_t
find_contact(struct order *order, const char *word)
{
	const struct roster *roster = &order->control->model->roster;
	uint64_t uid = 0, found = 0;
	size_t count = 0;

	command_uid(word, &uid);
	for (size_t i = 0; i < roster->count; i++)
		if (roster->contacts[i].uid == uid ||
		    strcasecmp(roster->contacts[i].name, word) == 0) {
			found = roster->contacts[i].uid;
			count++;
		}
	if (count == 0)
		control_alert(order->control, order->pane, "%s is no contact of yours.", word);
	else if (count > 1)
		control_alert(order->control, order->pane,
		    "Several contacts have the name %s; use the uid.", word);
	return count == 1 ? found : 0;
}

void
command_remove(struct order *order)
{
	struct control *control = order->control;
	uint64_t uid = find_contact(order, order->words[1]);
	char *name;

	if (uid == 0)
		return;
	name = mem_string(roster_find(&control->model->roster, uid)->name);
	if (session_is_open(control->model, uid)) {
		control_alert(control, order->pane,
		    "You are in a session with %s: /close leaves it first.", name);
	} else {
		control->outbox->leave(control->outbox->arg, uid);
		control->outbox->remove_contact(control->outbox->arg, uid);
		model_close_chat(control->model, uid);
		control_note(
		    control, order->pane, "%s (%" PRIu64 ") is no contact any more.", name, uid);
	}
	free(name);
}

void
act_add(struct control *control, int number UNUSED)
{
	const struct directory_item *item = directory_selected(&control->model->directory);
	char uid[24];

	if (model_pane(control->model).kind != PANE_DIRECTORY || item == NULL)
		return;
	snprintf(uid, sizeof(uid), "%" PRIu64, item->uid);
	person_add(control, pane_directory(), uid);
}
