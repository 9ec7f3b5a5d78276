/* SPDX-License-Identifier: ISC */
/* The form of the first run: filled in, handed in, answered. */

#include <stdlib.h>

#include "client-tui/control/acts.h"
#include "shared/mem.h"
#include "shared/protocol.h"
#include "shared/str.h"

void
form_show(struct control *control, bool is_new)
{
	const struct me *me = &control->model->me;

	form_open(model_change_form(control->model), bytes_of_string(me->server),
	    bytes_of_string(control->model->form.hint), bytes_of_string(is_new ? "" : me->name),
	    is_new);
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
		account_on_registered(arg, answer);
	else
		account_on_logged_in(arg, answer);
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
