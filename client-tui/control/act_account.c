/* SPDX-License-Identifier: ISC */
/*
 * Making, using and deleting accounts: by commands, which ask for the password, and by the form of
 * the first run.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
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

static void
on_registered(void *arg, const struct answer *answer)
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
		    outbox->register_account(outbox->arg, wish->name, password, on_registered,
			question),
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

static void
on_logged_in(void *arg, const struct answer *answer)
{
	struct question *question = arg;

	if (answer->status != STATUS_OK)
		question_refuse(question, answer);
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
	    outbox->login(outbox->arg, wish->uid, wish->name, password, on_logged_in, question),
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

/* --- the form ----------------------------------------------------------------------------- */

void
form_show(struct control *control, bool is_new)
{
	const struct me *me = &control->model->me;

	form_open(model_change_form(control->model), bytes_of_string(me->server),
	    bytes_of_string(control->model->form.hint), bytes_of_string(me->name), is_new);
}

/* The field that a refusal is about. */
static enum form_field
field_of(enum status status)
{
	switch (status) {
	case STATUS_WRONG_PROOF:
	case STATUS_TOO_SHORT:
		return FORM_PASSWORD;
	case STATUS_BAD_NAME:
	case STATUS_NO_SUCH_USER:
	case STATUS_AMBIGUOUS:
	case STATUS_ACCOUNT_GONE:
		return FORM_NAME;
	default:
		return FORM_SERVER;
	}
}

static void
on_form_answer(void *arg, const struct answer *answer)
{
	struct question *question = arg;
	struct model *model = question->control->model;
	struct form *form = model_change_form(model);
	const char *sentence = answer->status == STATUS_STOPPED ? "Stopped. Enter tries it again."
								: answer->sentence;

	if (form->is_open && answer->status != STATUS_OK) {
		form_refuse(form, field_of(answer->status), bytes_of_string(sentence));
		question_drop(question);
		return;
	}
	form_close(form);
	if (answer->type == MSG_REGISTER_OK)
		on_registered(arg, answer);
	else
		on_logged_in(arg, answer);
}

/* NULL when it can be handed in, else what is missing or wrong, and in which field first. */
static const char *
find_gap(const struct form *form, enum form_field *field)
{
	*field = FORM_SERVER;
	if (form_text(form, FORM_SERVER).len == 0)
		return "Which server? An invite line, or host:port.";
	*field = FORM_NAME;
	if (form_text(form, FORM_NAME).len == 0)
		return "Which name?";
	if (!str_is_name(form_text(form, FORM_NAME)))
		return status_text(STATUS_BAD_NAME);
	*field = FORM_PASSWORD;
	return form_text(form, FORM_PASSWORD).len == 0 ? "The password is missing." : NULL;
}

/* A slip in a password that nobody sees would lock its owner out. */
static bool
is_password_sure(struct form *form)
{
	if (!form->is_new)
		return true;
	if (!form_is_again(form)) {
		form_ask_again(form,
		    bytes_of_string("A new account: its password once more. Who has one already "
				    "chooses \"back\" below."));
		return false;
	}
	if (form_is_same(form))
		return true;
	form_refuse(form, FORM_PASSWORD,
	    bytes_of_string("The two passwords are not the same. The first one again."));
	return false;
}

static void
send_form(struct control *control)
{
	struct form *form = model_change_form(control->model);
	const struct outbox *outbox = control->outbox;
	char *name = mem_string_of(form_text(form, FORM_NAME));
	char *password = mem_string_of(form_text(form, FORM_PASSWORD));
	struct question *question = question_new(control, pane_home(), 0, name);
	enum status status;
	uint64_t uid = 0;

	if (form->is_new) {
		status = outbox->register_account(outbox->arg, name, password, on_form_answer,
		    question);
	} else {
		command_uid(name, &uid);
		status = outbox->login(outbox->arg, uid, name, password, on_form_answer, question);
	}
	if (status == STATUS_OK) {
		form_submit(form,
		    bytes_of_string(form->is_new ? "Making the account…" : "Signing in…"));
	} else {
		form_refuse(form, field_of(status), bytes_of_string(control_refusal(control,
		    status)));
		question_drop(question);
	}
	mem_free_secret(password);
	free(name);
}

void
form_hand_in(struct control *control)
{
	struct form *form = model_change_form(control->model);
	char why[OUTBOX_WHY_ROOM];
	enum form_field field;
	const char *gap;

	if (form->is_busy)
		return;
	/* Enter goes on to the next field, until there is none. */
	gap = find_gap(form, &field);
	if (form->field < FORM_PASSWORD && (gap == NULL || field > form->field)) {
		form_hush(form);
		form_next(form);
		return;
	}
	if (gap != NULL)
		form_refuse(form, field, bytes_of_string(gap));
	else if (!is_password_sure(form))
		return;
	else if (!control->outbox->use_server(control->outbox->arg, form_text(form, FORM_SERVER),
	    why))
		form_refuse(form, FORM_SERVER, bytes_of_string(why));
	else
		send_form(control);
}

void
form_escape(struct control *control)
{
	if (control->model->form.is_busy)
		control->outbox->stop(control->outbox->arg);
	else
		form_close(model_change_form(control->model));
}
