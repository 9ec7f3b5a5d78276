/* SPDX-License-Identifier: ISC */
/*
 * Making, using and deleting accounts by commands, which ask for the password, and who is signed
 * in.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client-tui/control/acts.h"
#include "shared/compiler.h"
#include "shared/mem.h"
#include "shared/password.h"
#include "shared/protocol.h"
#include "shared/str.h"

/* --- asking for passwords ----------------------------------------------------------------- */

static void
ask_password(struct control *control, enum topic topic, const char *words, const char *who)
{
	char question[COMMAND_WORD_ROOM + 80];

	snprintf(question, sizeof(question), "%s%s", words, who);
	ask_secret(model_change_ask(control->model), topic, bytes_of_string(question),
	    PASSWORD_LEN_MAX);
}

/* An account by what was typed: digits are a uid. */
static void
begin_wish(struct control *control, struct pane pane, const char *word)
{
	struct wish *wish = &control->wish;

	wish_clear(wish);
	wish->pane = pane;
	snprintf(wish->name, sizeof(wish->name), "%s", word);
	command_uid(word, &wish->uid);
}

static bool
is_signed_in(struct order *order)
{
	const struct me *me = &order->control->model->me;

	if (me->uid == 0)
		return false;
	control_alert(order->control, order->pane,
	    "You are %s (%" PRIu64 ") already: /logout comes first.", me->name, me->uid);
	return true;
}

/* An empty password was given: that is no. */
static bool
gave_up(struct control *control, const char *password)
{
	if (password[0] != '\0')
		return false;
	control_note(control, control->wish.pane, "No password, so nothing was done.");
	wish_clear(&control->wish);
	return true;
}

/* What the outbox said to a request. */
static void
begin_waiting(struct question *question, enum status status, const char *sentence)
{
	if (status == STATUS_OK) {
		control_note(question->control, question->pane, "%s", sentence);
		return;
	}
	control_refuse(question->control, question->pane, status);
	question_drop(question);
}

/* --- register ----------------------------------------------------------------------------- */

void
command_register(struct order *order)
{
	if (is_signed_in(order))
		return;
	if (order->count == 1) {
		form_show(order->control, true);
		return;
	}
	if (!str_is_name(bytes_of_string(order->words[1]))) {
		control_refuse(order->control, order->pane, STATUS_BAD_NAME);
		return;
	}
	begin_wish(order->control, order->pane, order->words[1]);
	ask_password(order->control, TOPIC_REGISTER_PASSWORD, "A password for ", order->words[1]);
}

void
answer_register_password(struct control *control, const char *key UNUSED, const char *password)
{
	if (gave_up(control, password))
		return;
	control->wish.password = mem_string(password);
	ask_password(control, TOPIC_REGISTER_AGAIN, "The same once more", "");
}

void
account_on_registered(void *arg, const struct answer *answer)
{
	struct question *question = arg;
	const struct msg_register_ok *ok = answer->message;

	if (answer->status != STATUS_OK)
		question_refuse(question, answer);
	else
		control_note(question->control, question->pane,
		    "You are %s, uid %" PRIu64
		    ". The uid is yours for ever, and signs in as well as the name.",
		    question->name, ok->uid);
	question_drop(question);
}

void
answer_register_again(struct control *control, const char *key UNUSED, const char *password)
{
	struct wish *wish = &control->wish;
	const struct outbox *outbox = control->outbox;
	struct question *question;

	if (strcmp(wish->password, password) == 0) {
		question = question_new(control, wish->pane, 0, wish->name);
		begin_waiting(question,
		    outbox->register_account(
			outbox->arg, wish->name, password, account_on_registered, question),
		    "Making the account…");
	} else {
		control_alert(control, wish->pane,
		    "The two are not the same, so no account was made.");
	}
	wish_clear(wish);
}

/* --- log in ------------------------------------------------------------------------------- */

void
command_login(struct order *order)
{
	if (is_signed_in(order))
		return;
	if (order->count == 1) {
		form_show(order->control, false);
		return;
	}
	begin_wish(order->control, order->pane, order->words[1]);
	ask_password(order->control, TOPIC_LOGIN_PASSWORD, "Password of ", order->words[1]);
}

void
account_on_logged_in(void *arg, const struct answer *answer)
{
	struct question *question = arg;
	const struct me *me = &question->control->model->me;

	if (answer->status != STATUS_OK)
		question_refuse(question, answer);
	else
		control_note(question->control, question->pane, "You are %s (%" PRIu64 ").",
		    me->name, me->uid);
	question_drop(question);
}

void
answer_login_password(struct control *control, const char *key UNUSED, const char *password)
{
	struct wish *wish = &control->wish;
	const struct outbox *outbox = control->outbox;
	struct question *question;

	if (gave_up(control, password))
		return;
	question = question_new(control, wish->pane, wish->uid, wish->name);
	begin_waiting(question,
	    outbox->login(
		outbox->arg, wish->uid, wish->name, password, account_on_logged_in, question),
	    "Signing in…");
	wish_clear(wish);
}

/* --- log out ------------------------------------------------------------------------------ */

static void
on_logged_out(void *arg, const struct answer *answer)
{
	struct question *question = arg;

	if (answer->status != STATUS_OK)
		question_refuse(question, answer);
	else
		control_note(question->control, question->pane, "You are signed out.");
	question_drop(question);
}

void
command_logout(struct order *order)
{
	struct control *control = order->control;
	struct question *question = question_new(control, order->pane, 0, "");
	enum status status = control->outbox->logout(control->outbox->arg, on_logged_out, question);

	if (status == STATUS_OK)
		return;
	control_refuse(control, order->pane, status);
	question_drop(question);
}

/* --- delete ------------------------------------------------------------------------------- */

void
command_delete(struct order *order)
{
	uint64_t uid;

	if (!command_uid(order->words[1], &uid)) {
		control_alert(order->control, order->pane,
		    "Deleting wants the uid, not the name: that cannot hit the wrong one. /online "
		    "NAME tells it.");
		return;
	}
	begin_wish(order->control, order->pane, order->words[1]);
	ask_password(order->control, TOPIC_DELETE_PASSWORD, "Password of ", order->words[1]);
}

void
answer_delete_password(struct control *control, const char *key UNUSED, const char *password)
{
	char question[COMMAND_WORD_ROOM + 80];

	if (gave_up(control, password))
		return;
	control->wish.password = mem_string(password);
	snprintf(question, sizeof(question), "Delete the account %s for ever?", control->wish.name);
	ask_key(model_change_ask(control->model), TOPIC_DELETE_SURE, bytes_of_string(question),
	    bytes_of_string("y deletes it · Esc keeps it"), true);
}

static void
on_deleted(void *arg, const struct answer *answer)
{
	struct question *question = arg;

	if (answer->status != STATUS_OK)
		question_refuse(question, answer);
	else
		control_note(question->control, question->pane, "The account %" PRIu64 " is gone.",
		    question->uid);
	question_drop(question);
}

void
answer_delete_sure(struct control *control, const char *key, const char *text UNUSED)
{
	struct wish *wish = &control->wish;
	const struct outbox *outbox = control->outbox;
	struct question *question;

	if (strcmp(key, "y") == 0) {
		question = question_new(control, wish->pane, wish->uid, wish->name);
		begin_waiting(question,
		    outbox->delete_account(outbox->arg, wish->uid, wish->password, on_deleted,
			question),
		    "Deleting the account…");
	} else {
		control_note(control, wish->pane, "The account stays.");
	}
	wish_clear(wish);
}

/* --- me ----------------------------------------------------------------------------------- */

void
command_me(struct order *order)
{
	const struct me *me = &order->control->model->me;
	char who[TEXT_NAME_ROOM + 64] = "Nobody is signed in";

	if (me->uid != 0)
		snprintf(who, sizeof(who), "You are %s (%" PRIu64 ")", me->name, me->uid);
	control_note(order->control, order->pane, "%s; server %s; %s%s%s", who,
	    me->server[0] != '\0' ? me->server : "none", me_link_words(me->link),
	    me->why[0] != '\0' ? ": " : ".", me->why);
}

void
command_reconnect(struct order *order)
{
	enum status status = order->control->outbox->reconnect(order->control->outbox->arg);

	if (status != STATUS_OK)
		control_refuse(order->control, order->pane, status);
}
