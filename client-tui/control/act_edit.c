/* SPDX-License-Identifier: ISC */
/* Keys that write: the line, the form's fields, answers to questions. */

#include <inttypes.h>
#include <stdio.h>

#include "client-tui/control/acts.h"
#include "client-tui/view/view.h"
#include "shared/compiler.h"

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
yank(struct draft *draft)
{
	draft_yank(draft);
}

static void (*const edits[])(struct draft *draft) = {
	[EDIT_LEFT] = draft_left,
	[EDIT_RIGHT] = draft_right,
	[EDIT_WORD_LEFT] = draft_word_left,
	[EDIT_WORD_RIGHT] = draft_word_right,
	[EDIT_HOME] = draft_home,
	[EDIT_END] = draft_end,
	[EDIT_BACKSPACE] = draft_backspace,
	[EDIT_DELETE] = draft_delete,
	[EDIT_TRANSPOSE] = draft_transpose,
	[EDIT_KILL_END] = draft_kill_end,
	[EDIT_KILL_START] = draft_kill_start,
	[EDIT_KILL_WORD] = draft_kill_word,
	[EDIT_KILL_WORD_BACK] = draft_kill_word_back,
	[EDIT_YANK] = yank,
	[EDIT_UNDO] = undo,
	[EDIT_REDO] = redo,
};

void
act_edit(struct control *control, int number)
{
	struct model *model = control->model;

	if (model->help.is_open) {
		if (number == EDIT_HOME || number == EDIT_END)
			help_to_end(control, number == EDIT_END);
		return;
	}
	if (model->form.is_open && model->form.field == FORM_CHOICE &&
	    (number == EDIT_LEFT || number == EDIT_RIGHT))
		form_choose(model_change_form(model), number == EDIT_LEFT);
	else if (model_draft(model) != NULL)
		edits[number](model_change_draft(model));
}

void
act_newline(struct control *control, int number UNUSED)
{
	if (!control->model->help.is_open && model_draft(control->model) != NULL)
		draft_type(model_change_draft(control->model), bytes_of_string("\n"));
}

/* Enter on a row of the directory, with nothing typed. */
static bool
talks_to_selected(struct control *control)
{
	const struct model *model = control->model;
	const struct directory_item *item = directory_selected(&model->directory);
	char uid[24];

	if (model_pane(model).kind != PANE_DIRECTORY || item == NULL ||
	    !draft_is_empty(model_draft(model)))
		return false;
	snprintf(uid, sizeof(uid), "%" PRIu64, item->uid);
	person_talk(control, pane_directory(), uid);
	return true;
}

void
act_enter(struct control *control, int number UNUSED)
{
	struct model *model = control->model;

	if (model->help.is_open)
		help_close(model_change_help(model));
	else if (model->form.is_open)
		form_hand_in(control);
	else if (ask_takes_text(&model->ask))
		answer_line(control);
	else if (!talks_to_selected(control))
		control_submit(control);
}

/*
 * Up and Down: a field of the form, a row of help or directory, a line of the draft, then the lines
 * of before.
 */
void
act_vertical(struct control *control, int number)
{
	struct model *model = control->model;
	struct draft *draft;

	if (model->help.is_open) {
		help_scroll(model_change_help(model), number,
		    view_help_end(model, control->columns, control->rows));
	} else if (model->form.is_open) {
		(number < 0 ? form_previous : form_next)(model_change_form(model));
	} else if (model->ask.kind == ASK_NOTHING && model_pane(model).kind == PANE_DIRECTORY &&
	    draft_is_empty(model_draft(model))) {
		people_select(control, number);
	} else if ((draft = model_change_draft(model)) != NULL) {
		if (!(number < 0 ? draft_up : draft_down)(draft))
			(number < 0 ? draft_older : draft_newer)(draft);
	}
}

void
act_complete(struct control *control, int number)
{
	struct model *model = control->model;

	if (model->form.is_open)
		(number < 0 ? form_previous : form_next)(model_change_form(model));
	else if (model->ask.kind == ASK_NOTHING && !model->help.is_open)
		complete_turn(control, number);
}
