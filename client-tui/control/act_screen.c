/* SPDX-License-Identifier: ISC */
/* Keys and commands that move over the screen: panes, pages, help, ways out. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-tui/control/acts.h"
#include "client-tui/view/view.h"
#include "shared/compiler.h"
#include "shared/mem.h"

/* --- reading ------------------------------------------------------------------------------ */

static void
scroll(struct control *control, struct transcript_place place)
{
	struct model *model = control->model;

	transcript_scroll(model_change_transcript(model, model_pane(model)), place);
}

void
act_page(struct control *control, int number)
{
	struct model *model = control->model;
	int lines = number * view_page(model, control->columns, control->rows);

	if (model->help.is_open)
		help_scroll(model_change_help(model), lines,
		    view_help_end(model, control->columns, control->rows));
	else if (model_pane(model).kind != PANE_DIRECTORY)
		scroll(control, view_scroll(model, control->columns, control->rows, lines));
	else
		people_turn(control, pane_directory(), number);
}

void
act_newest(struct control *control, int number UNUSED)
{
	transcript_to_end(model_change_transcript(control->model, model_pane(control->model)));
}

void
act_first_new(struct control *control, int number UNUSED)
{
	scroll(control, view_first_new(control->model, control->columns, control->rows));
}

void
help_to_end(struct control *control, bool is_last)
{
	size_t end = view_help_end(control->model, control->columns, control->rows);

	help_scroll(model_change_help(control->model), is_last ? (int)end : -(int)end, end);
}

/* --- panes -------------------------------------------------------------------------------- */

void
act_pane(struct control *control, int number)
{
	model_show_number(control->model, (size_t)number);
	if (model_pane(control->model).kind == PANE_DIRECTORY &&
	    control->model->directory.state == DIRECTORY_EMPTY &&
	    control->model->me.link == ME_LINK_ONLINE)
		people_load(control, pane_directory(), 1);
}

void
act_pane_turn(struct control *control, int number)
{
	model_show_next(control->model, number);
}

void
act_pane_unread(struct control *control, int number UNUSED)
{
	model_show_unread(control->model);
}

void
act_pane_before(struct control *control, int number UNUSED)
{
	model_show_before(control->model);
}

void
act_everybody(struct control *control, int number UNUSED)
{
	struct model *model = control->model;

	if (model_pane(model).kind == PANE_DIRECTORY)
		model_show_before(model);
	else
		people_load(control, pane_directory(),
		    model->directory.page > 0 ? model->directory.page : 1);
}

void
act_fold_list(struct control *control, int number UNUSED)
{
	model_fold_list(control->model, !control->model->panes.is_folded);
}

void
command_home(struct order *order)
{
	model_show(order->control->model, pane_home());
}

/* --- help --------------------------------------------------------------------------------- */

struct lines {
	char **list;
	size_t count, room;
};

static void PRINTF_LIKE(2, 3)
add_line(struct lines *lines, const char *format, ...)
{
	va_list arguments;

	if (lines->count == lines->room) {
		lines->room = lines->room > 0 ? 2 * lines->room : 64;
		lines->list = mem_resize(lines->list, lines->room, sizeof(char *));
	}
	va_start(arguments, format);
	lines->list[lines->count++] = mem_format_list(format, arguments);
	va_end(arguments);
}

static void
show_lines(struct control *control, const char *title, struct lines *lines)
{
	help_open(model_change_help(control->model), bytes_of_string(title),
	    (const char *const *)lines->list, lines->count);
	for (size_t i = 0; i < lines->count; i++)
		free(lines->list[i]);
	free(lines->list);
}

static void
add_commands(struct lines *lines)
{
	size_t count;
	const struct command *commands = command_table(&count);
	char words[COMMAND_WORD_ROOM];

	add_line(lines, "Commands (a number alone does the same in home and everybody):");
	add_line(lines, " ");
	for (size_t i = 0; i < count; i++) {
		snprintf(words, sizeof(words), "/%s %s", commands[i].name, commands[i].usage);
		add_line(lines, "  %3s  %-22s %s", commands[i].number, words, commands[i].help);
	}
	add_line(lines, "       %-22s %s", "//text", "Sends text that starts with a slash.");
}

/* The fourth pane and so on have keys like the third. */
static bool
goes_without_saying(const struct action *action)
{
	return action->run == act_pane && action->number > 3;
}

static void
add_keys(const struct control *control, struct lines *lines)
{
	size_t count;
	const struct action *actions = action_table(&count);
	const char *group = "";

	for (size_t i = 0; i < count; i++) {
		const char *key = keymap_key_of(control->keymap, &actions[i]);

		if (strcmp(group, actions[i].group) != 0) {
			add_line(lines, " ");
			add_line(lines, "Keys: %s%s", actions[i].group,
			    group[0] == '\0' ? " (C- is Ctrl, M- is Alt, S- is Shift)" : "");
			add_line(lines, " ");
			group = actions[i].group;
		}
		if (key != NULL && !goes_without_saying(&actions[i]))
			add_line(lines, "  %-12s %s", key, actions[i].help);
	}
}

static void
show_all_help(struct control *control)
{
	struct lines lines = { 0 };

	add_commands(&lines);
	add_keys(control, &lines);
	show_lines(control, "Help", &lines);
}

static const struct command *
find_anyhow(const char *word)
{
	const struct command *command = command_find(bytes_of_string(word + (word[0] == '/')));

	return command != NULL ? command : command_find_number(bytes_of_string(word));
}

void
command_help(struct order *order)
{
	const struct command *command;
	char usage[COMMAND_WORD_ROOM];

	if (order->count == 1) {
		show_all_help(order->control);
		return;
	}
	command = find_anyhow(order->words[1]);
	if (command == NULL) {
		control_alert(order->control, order->pane, "%s: no such command. /help lists them.",
		    order->words[1]);
		return;
	}
	command_print_usage(command, usage, sizeof(usage));
	control_note(order->control, order->pane, "%s\n%s %s\nExample: %s%s%s", usage,
	    command->help, command->more, command->example,
	    command->number[0] != '\0' ? "\nNumber: " : "", command->number);
}

void
act_help(struct control *control, int number UNUSED)
{
	if (control->model->help.is_open)
		help_close(model_change_help(control->model));
	else
		show_all_help(control);
}

/* --- the screen, and ways out ------------------------------------------------------------- */

void
act_redraw(struct control *control, int number UNUSED)
{
	control->wants_redraw = true;
	model_touch(control->model);
}

void
command_redraw(struct order *order)
{
	act_redraw(order->control, 0);
}

void
act_suspend(struct control *control, int number UNUSED)
{
	control->wants_stop = true;
}

void
act_escape(struct control *control, int number UNUSED)
{
	struct model *model = control->model;

	if (model->help.is_open)
		help_close(model_change_help(model));
	else if (model->form.is_open)
		form_escape(control);
	else if (model->ask.kind != ASK_NOTHING)
		answer_key(control, "Esc");
	else if (model_pane(model).kind == PANE_DIRECTORY && draft_is_empty(model_draft(model)))
		people_escape(control);
	else
		act_newest(control, 0);
}

static void
ask_to_quit(struct control *control)
{
	ask_key(model_change_ask(control->model), TOPIC_QUIT, bytes_of_string("Leave tingyu?"),
	    bytes_of_string("y leaves · Esc stays"), false);
}

void
act_interrupt(struct control *control, int number UNUSED)
{
	struct model *model = control->model;
	bool is_again = model->now_s <= control->interrupt_s + CONTROL_QUIT_AGAIN_S &&
	    control->interrupt_s > 0;

	control->interrupt_s = model->now_s;
	if (is_again) {
		if (model->help.is_open)
			help_close(model_change_help(model));
		if (model->form.is_open)
			form_close(model_change_form(model));
		ask_to_quit(control);
	} else if (model->ask.kind != ASK_NOTHING && !model->form.is_open) {
		answer_key(control, "Esc");
	} else if (model_draft(model) != NULL && !draft_is_empty(model_draft(model))) {
		draft_reset(model_change_draft(model));
	} else {
		model_set_hint(model,
		    bytes_of_string("Ctrl-C again asks whether to leave; /quit leaves."));
	}
}

void
answer_quit(struct control *control, const char *key, const char *text UNUSED)
{
	control->wants_quit = strcmp(key, "y") == 0;
}

void
command_quit(struct order *order)
{
	order->control->wants_quit = true;
}
