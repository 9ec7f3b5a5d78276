/* SPDX-License-Identifier: ISC */
#include "client-tui/control/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-tui/control/acts.h"
#include "client-tui/control/commands.h"
#include "client-tui/control/past.h"
#include "shared/compiler.h"
#include "shared/mem.h"

struct control *
control_new(struct model *model, const struct outbox *outbox)
{
	struct control *control = mem_new(sizeof(*control));

	control->model = model;
	control->outbox = outbox;
	control->keymap = keymap_new();
	control->columns = 80;
	control->rows = 24;
	LIST_INIT(&control->questions);
	return control;
}

void
control_free(struct control *control)
{
	if (control == NULL)
		return;
	control_forget_questions(control);
	past_end(control);
	complete_end(control);
	wish_clear(&control->wish);
	keymap_free(control->keymap);
	free(control);
}

void
control_resize(struct control *control, int columns, int rows)
{
	control->columns = columns;
	control->rows = rows;
	model_touch(control->model);
}

/* --- sentences ---------------------------------------------------------------------------- */

void
control_note(struct control *control, struct pane pane, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = mem_format_list(format, arguments);
	va_end(arguments);
	model_note(control->model, pane, bytes_of_string(text));
	free(text);
}

void
control_alert(struct control *control, struct pane pane, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = mem_format_list(format, arguments);
	va_end(arguments);
	model_alert(control->model, pane, bytes_of_string(text));
	free(text);
}

const char *
control_refusal(const struct control *control, enum status status)
{
	const struct me *me = &control->model->me;

	if (status == STATUS_NO_SERVER)
		return "No server was chosen yet: /login asks for it.";
	if (status == STATUS_BUSY)
		return "Something else is being worked on; try again in a moment.";
	if (status != STATUS_WRONG_STATE && status != STATUS_CLOSED)
		return status_text(status);
	if (me->uid == 0)
		return "You are not signed in: /login signs in, /register makes an account.";
	if (status == STATUS_CLOSED)
		return "There is no connection to the server now. It is tried again by itself; "
		       "/reconnect does not wait.";
	return me->link == ME_LINK_ONLINE ? "You are signed in already: /logout comes first."
					  : "You are not online yet; try again in a moment.";
}

void
control_refuse(struct control *control, struct pane pane, enum status status)
{
	control_alert(control, pane, "%s", control_refusal(control, status));
}

/* --- questions to the server -------------------------------------------------------------- */

struct question *
question_new(struct control *control, struct pane pane, uint64_t uid, const char *name)
{
	struct question *question = mem_new(sizeof(*question));

	question->control = control;
	question->pane = pane;
	question->uid = uid;
	snprintf(question->name, sizeof(question->name), "%s", name);
	LIST_INSERT_HEAD(&control->questions, question, entry);
	return question;
}

void
question_drop(struct question *question)
{
	struct model *model = question->control->model;

	LIST_REMOVE(question, entry);
	free(question);
	/* A refused login leaves the connection as it was before. */
	if (model->me.link == ME_LINK_SIGNING_IN && model->me.uid == 0)
		me_set_link(model_change_me(model), ME_LINK_CONNECTED, model->me.since_s, 0,
		    bytes_of_string(""));
}

void
question_refuse(struct question *question, const struct answer *answer)
{
	if (answer->retry_ms > 0)
		control_alert(question->control, question->pane, "%s Again in %u s.",
		    answer->sentence, (answer->retry_ms + 999) / 1000);
	else
		control_alert(question->control, question->pane, "%s", answer->sentence);
}

bool
control_is_busy(const struct control *control)
{
	return !LIST_EMPTY(&control->questions) || past_is_busy(control);
}

void
control_forget_questions(struct control *control)
{
	struct question *question;

	while ((question = LIST_FIRST(&control->questions)) != NULL)
		question_drop(question);
}

void
wish_clear(struct wish *wish)
{
	mem_free_secret(wish->password);
	memset(wish, 0, sizeof(*wish));
}

/* --- what was typed ----------------------------------------------------------------------- */

/* One key where a key was asked for. */
static bool
takes_keys(const struct model *model)
{
	return !model->form.is_open && (model->ask.kind == ASK_KEY || model->ask.kind == ASK_PASTE);
}

/* In the directory, before anything is typed, a few characters act at once. */
static bool
is_taken_by_directory(struct control *control, struct bytes text)
{
	static const struct {
		const char *text;
		action_run *run;
	} keys[] = { { "g", act_jump }, { "o", act_online_only }, { "+", act_add } };
	const struct model *model = control->model;

	if (model->form.is_open || model->ask.kind != ASK_NOTHING ||
	    model_pane(model).kind != PANE_DIRECTORY || !draft_is_empty(model_draft(model)))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (bytes_equal(text, bytes_of_string(keys[i].text))) {
			keys[i].run(control, 0);
			return true;
		}
	return false;
}

void
control_type(struct control *control, struct bytes text)
{
	struct model *model = control->model;
	char key[8] = "";

	complete_end(control);
	if (model->help.is_open) {
		if (bytes_equal(text, bytes_of_string(" ")))
			act_page(control, 1);
		else
			help_close(model_change_help(model));
		return;
	}
	if (takes_keys(model)) {
		if (text.len < sizeof(key)) {
			memcpy(key, text.data, text.len);
			answer_key(control, key);
		}
		return;
	}
	if (model->form.is_open && model->form.field == FORM_CHOICE) {
		if (!model->form.is_busy)
			form_choose(model_change_form(model), !model->form.is_new);
		return;
	}
	if (model_draft(model) == NULL || is_taken_by_directory(control, text))
		return;
	form_hush(model_change_form(model));
	draft_type(model_change_draft(model), text);
	hint_update(control);
}

static bool
is_break(char c)
{
	return c == '\n' || c == '\r';
}

/* Terminals copy whole lines with their ends, which are no part of what is meant. */
static struct bytes
without_last_breaks(struct bytes text)
{
	while (text.len > 0 && is_break(((const char *)text.data)[text.len - 1]))
		text.len--;
	return text;
}

static size_t
count_lines(struct bytes text)
{
	const char *at = text.data;
	size_t lines = 1;

	for (size_t i = 0; i + 1 < text.len; i++)
		lines += at[i] == '\n';
	return lines;
}

/* In a session, where Enter sends: what is long, or looks like a command, is shown first. */
static bool
is_to_be_asked(const struct model *model, struct bytes text)
{
	if (model->form.is_open || model->ask.kind != ASK_NOTHING ||
	    model_pane(model).kind != PANE_CHAT)
		return false;
	if (count_lines(text) > CONTROL_PASTE_LINES)
		return true;
	return text.len > 0 && *(const char *)text.data == '/' &&
	    draft_is_empty(model_draft(model));
}

void
control_paste(struct control *control, struct bytes text)
{
	struct model *model = control->model;

	complete_end(control);
	text = without_last_breaks(text);
	if (takes_keys(model) || model_draft(model) == NULL || text.len == 0)
		return;
	form_hush(model_change_form(model));
	/* What does not fit is said by the screen, as long as it is so. */
	if (!is_to_be_asked(model, text) ||
	    ask_paste(model_change_ask(model), TOPIC_PASTE, text) != STATUS_OK)
		draft_paste(model_change_draft(model), text);
	hint_update(control);
}

void
control_key(struct control *control, const char *name)
{
	const struct action *action = keymap_find(control->keymap, name);
	bool completes = action != NULL && strncmp(action->name, "complete", 8) == 0;

	if (!completes)
		complete_end(control);
	if (takes_keys(control->model) &&
	    (strcmp(name, "Enter") == 0 || strcmp(name, "Esc") == 0)) {
		answer_key(control, name);
		return;
	}
	if (action == NULL)
		return;
	action->run(control, action->number);
	if (!completes)
		hint_update(control);
}

void
control_line(struct control *control, struct bytes line)
{
	struct model *model = control->model;

	if (takes_keys(model)) {
		if (line.len == 0)
			answer_key(control, "Enter");
		else
			control_type(control, line);
		return;
	}
	if (model_draft(model) == NULL)
		return;
	draft_reset(model_change_draft(model));
	if (draft_type(model_change_draft(model), line) != STATUS_OK) {
		control_alert(control, model_pane(model), "That is too long: at most %d bytes.",
		    TEXT_MESSAGE_MAX);
		return;
	}
	control_key(control, "Enter");
}

/* --- Enter -------------------------------------------------------------------------------- */

/* Several commands begin so: which is for the person to say, and the line waits for it. */
static void
offer(struct control *control, const struct order *order)
{
	char names[COMMAND_WORD_ROOM];

	command_print_starts(bytes_of_string(order->words[0]), names, sizeof(names));
	control_alert(control, order->pane, "/%s is the start of %s.", order->words[0], names);
}

/* Nobody knows the command: it stays in the line, and what it may have been is asked. */
static void
suggest(struct control *control, const struct order *order)
{
	const struct command *guess = command_guess(bytes_of_string(order->words[0]));
	char question[2 * COMMAND_WORD_ROOM];

	if (guess == NULL) {
		control_alert(control, order->pane,
		    "/%s: no such command. /help lists them; //%s is sent as text.",
		    order->words[0], order->words[0]);
		draft_reset(model_change_draft(control->model));
		return;
	}
	snprintf(control->suggestion, sizeof(control->suggestion), "%s", guess->name);
	snprintf(question, sizeof(question), "/%s: no such command. Did you mean /%s?",
	    order->words[0], guess->name);
	ask_key(model_change_ask(control->model), TOPIC_SUGGESTION, bytes_of_string(question),
	    bytes_of_string("Enter runs it · Esc edits"), false);
}

static void
obey(struct control *control, struct order *order)
{
	struct draft *draft = model_change_draft(control->model);

	order->control = control;
	if (order->command == NULL && command_is_start(bytes_of_string(order->words[0]))) {
		offer(control, order);
		return;
	}
	if (order->command == NULL) {
		suggest(control, order);
		return;
	}
	if (!order->is_secret)
		draft_remember(draft);
	draft_reset(draft);
	command_obey(order);
}

bool
control_say(struct control *control, struct bytes text)
{
	struct model *model = control->model;
	const struct chat *chat = model_shown_chat(model);
	struct pane pane = model_pane(model);
	enum status status;
	uint64_t id;

	if (chat == NULL) {
		control_alert(control, pane,
		    "Nobody reads what is written here. /talk NAME opens a session, /help lists "
		    "the commands.");
		return false;
	}
	if (chat->road != CHAT_ROAD_DIRECT) {
		control_alert(control, pane,
		    "You are not connected to %s now, so this stays here. /talk %llu calls.",
		    chat->name, (unsigned long long)chat->uid);
		return false;
	}
	id = past_add(control, chat->uid, TRANSCRIPT_MINE, text);
	status = control->outbox->say(control->outbox->arg, chat->uid, id, text);
	if (status != STATUS_OK) {
		past_set_delivery(control, chat->uid, id, DELIVERY_FAILED);
		control_alert(control, pane, "%s", status_text(status));
	}
	return true;
}

void
control_submit(struct control *control)
{
	struct model *model = control->model;
	struct draft *draft = model_change_draft(model);
	struct line line;

	if (draft == NULL)
		return;
	line_parse(model_pane(model), draft_bytes(draft), &line);
	if (line.kind == LINE_COMMAND) {
		obey(control, &line.order);
		mem_wipe(&line.order, sizeof(line.order));
	} else if (line.kind == LINE_TEXT && control_say(control, line.text)) {
		draft_remember(draft);
		draft_reset(draft);
	}
}
