/* SPDX-License-Identifier: ISC */
/*
 * Completion: commands, and their arguments out of what the model knows; the hint while a command
 * is typed.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client-tui/control/acts.h"
#include "shared/mem.h"

enum {
	CANDIDATES_MAX = 400,
	CANDIDATE_ROOM = TEXT_NAME_ROOM,
};

struct candidates {
	char (*list)[CANDIDATE_ROOM];
	size_t count;
};

/* The line as it was typed, cut at the word to be completed. */
struct place {
	const char *line;
	size_t word;		       /* where the word starts */
	const struct command *command; /* whose argument it is; NULL: it is the command itself */
};

static void
add(struct candidates *candidates, const char *start, const char *word)
{
	if (strncasecmp(start, word, strlen(start)) != 0 || candidates->count == CANDIDATES_MAX)
		return;
	for (size_t i = 0; i < candidates->count; i++)
		if (strcmp(candidates->list[i], word) == 0)
			return;
	snprintf(candidates->list[candidates->count++], CANDIDATE_ROOM, "%s", word);
}

static void
add_commands(struct candidates *candidates, const char *start)
{
	size_t count;
	const struct command *commands = command_table(&count);

	for (size_t i = 0; i < count; i++)
		add(candidates, start, commands[i].name);
}

static void
add_people(const struct model *model, struct candidates *candidates, const char *start)
{
	for (size_t i = 0; i < model->roster.count; i++)
		add(candidates, start, model->roster.contacts[i].name);
	for (size_t i = 0; i < model->directory.count; i++)
		add(candidates, start, model->directory.items[i].name);
}

static void
add_pages(const struct model *model, struct candidates *candidates, const char *start)
{
	char page[16];

	for (uint32_t i = 1; i <= model->directory.pages && i <= 99; i++) {
		snprintf(page, sizeof(page), "%" PRIu32, i);
		add(candidates, start, page);
	}
}

static bool
wants(const struct command *command, const char *argument)
{
	return strstr(command->usage, argument) != NULL;
}

/* False: there is nothing to complete here. */
static bool
find_place(const char *line, struct place *out)
{
	const char *blank = strrchr(line, ' ');

	out->line = line;
	out->word = blank == NULL ? 1 : (size_t)(blank - line) + 1;
	out->command = NULL;
	if (line[0] != '/' || line[1] == '/' || strchr(line, '\n') != NULL)
		return false;
	if (blank == NULL)
		return true;
	out->command = command_find(bytes_of(line + 1, strcspn(line + 1, " ")));
	return out->command != NULL;
}

static void
collect(const struct model *model, const struct place *place, struct candidates *candidates)
{
	const char *start = place->line + place->word;

	if (place->command == NULL || wants(place->command, "COMMAND"))
		add_commands(candidates, start);
	else if (wants(place->command, "NAME") || wants(place->command, "START"))
		add_people(model, candidates, start);
	else if (wants(place->command, "PAGE"))
		add_pages(model, candidates, start);
}

void
complete_end(struct control *control)
{
	mem_free_secret(control->completion.start);
	memset(&control->completion, 0, sizeof(control->completion));
}

static void
put(struct control *control, const struct place *place, const char *word, bool is_only)
{
	char *line = mem_format("%.*s%s%s", (int)place->word, place->line, word,
	    is_only ? " " : "");

	draft_set(model_change_draft(control->model), bytes_of_string(line));
	mem_free_secret(line);
}

static void
tell_candidates(struct control *control, const struct candidates *candidates)
{
	char hint[sizeof(control->model->hint)] = "";
	size_t len = 0;

	for (size_t i = 0; i < candidates->count && len + CANDIDATE_ROOM < sizeof(hint); i++)
		len += (size_t)snprintf(hint + len, sizeof(hint) - len, "%s%s", i > 0 ? "  " : "",
		    candidates->list[i]);
	model_set_hint(control->model, bytes_of_string(hint));
}

/* The first Tab remembers what was typed; each one puts in the next candidate for that. */
void
complete_turn(struct control *control, int steps)
{
	struct completion *completion = &control->completion;
	const struct draft *draft = model_draft(control->model);
	struct candidates candidates = { 0 };
	struct place place;

	if (draft == NULL || (!completion->is_on && draft->cursor != draft->len))
		return;
	if (completion->start == NULL)
		completion->start = mem_string_of(draft_bytes(draft));
	if (!find_place(completion->start, &place))
		return;
	candidates.list = mem_new_array(CANDIDATES_MAX, CANDIDATE_ROOM);
	collect(control->model, &place, &candidates);
	if (candidates.count > 0) {
		if (completion->is_on)
			completion->next = (completion->next + candidates.count +
					       (size_t)(steps + (int)candidates.count)) %
			    candidates.count;
		else
			completion->next = steps > 0 ? 0 : candidates.count - 1;
		completion->is_on = true;
		put(control, &place, candidates.list[completion->next], candidates.count == 1);
		tell_candidates(control, &candidates);
	}
	free(candidates.list);
	/* The one candidate was taken: the next Tab completes what follows. */
	if (candidates.count == 1)
		complete_end(control);
}

/* --- the hint ----------------------------------------------------------------------------- */

static void
hint_commands(struct control *control, const char *start)
{
	struct candidates candidates = { 0 };

	candidates.list = mem_new_array(CANDIDATES_MAX, CANDIDATE_ROOM);
	add_commands(&candidates, start);
	tell_candidates(control, &candidates);
	free(candidates.list);
}

static const struct command *
command_of_number(const struct control *control, const char *line)
{
	if (model_pane(control->model).kind == PANE_CHAT)
		return NULL;
	return command_find_number(bytes_of(line, strcspn(line, " ")));
}

static void
hint_line(struct control *control, const char *line)
{
	const struct command *command = command_of_number(control, line);
	char usage[COMMAND_WORD_ROOM], hint[300];

	if (command == NULL && line[0] == '/' && line[1] != '/')
		command = command_find(bytes_of(line + 1, strcspn(line + 1, " ")));
	if (command != NULL) {
		command_print_usage(command, usage, sizeof(usage));
		snprintf(hint, sizeof(hint), "%s · %s", usage + strlen("usage: "), command->help);
		model_set_hint(control->model, bytes_of_string(hint));
	} else if (line[0] == '/' && line[1] != '/' && strchr(line, ' ') == NULL) {
		hint_commands(control, line + 1);
	} else if (control->model->hint[0] != '\0') {
		model_set_hint(control->model, bytes_of_string(""));
	}
}

void
hint_update(struct control *control)
{
	const struct model *model = control->model;
	const struct draft *draft = model_draft(model);
	bool is_line = draft != NULL && !model->form.is_open && model->ask.kind == ASK_NOTHING;

	/* What Ctrl-C says stays until something is typed. */
	if (is_line && draft_is_empty(draft) && control->interrupt_s == model->now_s &&
	    control->interrupt_s > 0)
		return;
	hint_line(control, is_line ? draft->text : "");
}
