/* SPDX-License-Identifier: ISC */
/* Answers to the questions of the client, each to the function of its topic. */

#include <string.h>

#include "client-tui/control/acts.h"
#include "shared/compiler.h"
#include "shared/mem.h"

static answer_run *const topics[] = {
	[TOPIC_NONE] = NULL,
#define TOPIC(NAME, function) [TOPIC_##NAME] = function,
#include "client-tui/control/topics.def"
#undef TOPIC
};

static bool
is_key(const char *key, const char *wanted)
{
	return strcmp(key, wanted) == 0;
}

/*
 * Esc drops every question; what else is a key for it, its topic knows. A line is not answered by
 * keys.
 */
void
answer_key(struct control *control, const char *key)
{
	struct ask *ask = model_change_ask(control->model);
	answer_run *run = topics[ask->topic];
	enum ask_kind kind = ask->kind;

	if (kind == ASK_PASTE) {
		answer_paste(control, key, "");
		return;
	}
	/* Any other key would be a slip: the question stays. */
	if (!is_key(key, "Esc") && !is_key(key, "n") && !is_key(key, "y") && !is_key(key, "Enter"))
		return;
	ask_finish(ask);
	if (is_key(key, "Esc") || kind != ASK_KEY)
		wish_clear(&control->wish);
	if (kind == ASK_KEY && run != NULL)
		run(control, key, "");
}

void
answer_line(struct control *control)
{
	struct ask *ask = model_change_ask(control->model);
	answer_run *run = topics[ask->topic];
	char *text = mem_string_of(draft_bytes(&ask->draft));

	ask_finish(ask);
	if (run != NULL)
		run(control, NULL, text);
	mem_free_secret(text);
}

/* --- a paste ------------------------------------------------------------------------------ */

/* As text into the draft: a slash at its start is doubled, so that Enter still sends it. */
static void
put_into_draft(struct control *control, const char *text)
{
	struct draft *draft = model_change_draft(control->model);

	if (draft == NULL)
		return;
	if (text[0] == '/' && strchr(text, '\n') == NULL && draft_is_empty(draft))
		draft_type(draft, bytes_of_string("/"));
	if (draft_paste(draft, bytes_of_string(text)) != STATUS_OK)
		control_alert(control, model_pane(control->model),
		    "Together with what stands here that is too long.");
}

void
answer_paste(struct control *control, const char *key, const char *unused UNUSED)
{
	struct ask *ask = model_change_ask(control->model);
	char *text;

	if (!is_key(key, "Enter") && !is_key(key, "e") && !is_key(key, "Esc"))
		return;
	text = mem_string_of(draft_bytes(&ask->draft));
	ask_finish(ask);
	if (is_key(key, "e") ||
	    (is_key(key, "Enter") && !control_say(control, bytes_of_string(text))))
		put_into_draft(control, text);
	mem_free_secret(text);
}

/* --- did you mean ------------------------------------------------------------------------- */

/* The wrong word of the line becomes the right one. */
void
answer_suggestion(struct control *control, const char *key, const char *unused UNUSED)
{
	struct draft *draft = model_change_draft(control->model);
	char *rest, *line;

	if (!is_key(key, "Enter") && !is_key(key, "y"))
		return;
	rest = mem_string_of(draft_bytes(draft));
	line = mem_format("/%s%s", control->suggestion, rest + strcspn(rest, " \t"));
	draft_set(draft, bytes_of_string(line));
	mem_free_secret(line);
	mem_free_secret(rest);
	control_submit(control);
}
