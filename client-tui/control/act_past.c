/* SPDX-License-Identifier: ISC */
/* Commands about what was said before: conversations, one of them, a file of it, words in it. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "client-tui/control/acts.h"
#include "client-tui/control/past.h"
#include "client-tui/view/times.h"
#include "shared/mem.h"

enum {
	FOUND_MOST = 20, /* messages shown of a search */
	LINE_ROOM = 240, /* bytes shown of each */
	WHEN_ROOM = 2 * TIMES_ROOM,
};

/* NULL, and it was said, when nothing is kept. */
static struct history *
history_of(const struct order *order)
{
	struct control *control = order->control;

	if (control->past != NULL)
		return control->past->history;
	control_alert(control, order->pane, "%s",
	    control->model->me.uid == 0
		? "Nobody is signed in, so there is no history: /login signs in."
		: "Nothing is kept on this computer: history is off in tingyu.conf.");
	return NULL;
}

/* Of one conversation in its pane, of all elsewhere. */
static uint64_t
peer_of(struct pane pane)
{
	return pane.kind == PANE_CHAT ? pane.uid : 0;
}

static void
print_when(const struct model *model, uint64_t time_s, char out[WHEN_ROOM])
{
	char day[TIMES_ROOM], clock[TIMES_ROOM];

	times_day(time_s, model->now_s, day);
	times_clock(time_s, clock);
	snprintf(out, WHEN_ROOM, "%s %s", day, clock);
}

/* "today 14:02  bob: hello", in one line whatever the text is. */
static void
print_message(FILE *out, const struct model *model, const struct history_message *message)
{
	const struct contact *contact = roster_find(&model->roster, message->peer);
	char when[WHEN_ROOM], text[LINE_ROOM];

	print_when(model, message->time_s, when);
	text_clean_line(message->text, text, sizeof(text));
	fprintf(out, "\n%s  ", when);
	if (message->key.author == HISTORY_MINE)
		fprintf(out, "%s", model->me.name);
	else if (contact != NULL)
		fprintf(out, "%s", contact->name);
	else
		fprintf(out, "%" PRIu64, message->peer);
	fprintf(out, ": %s", text);
}

/* --- /search ---------------------------------------------------------------------------------- */

static void
show_found(struct recall *recall, const struct history_page *page)
{
	struct model *model = recall->control->model;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return;
	if (page->has_more)
		fprintf(out, "The newest %zu messages with \"%s\"; another word makes them fewer:",
		    page->count, recall->text);
	else
		fprintf(out, "%zu message%s with \"%s\":", page->count, page->count == 1 ? "" : "s",
		    recall->text);
	for (size_t i = 0; i < page->count; i++)
		print_message(out, model, &page->messages[i]);
	if (fclose(out) == 0)
		model_note(model, recall->pane, bytes_of(text, len));
	free(text);
}

static void
on_found(void *arg, enum status status, const char *why, const struct history_page *page)
{
	struct recall *recall = arg;

	if (status != STATUS_OK)
		control_alert(recall->control, recall->pane, "%s", why);
	else if (page->count == 0)
		control_note(
		    recall->control, recall->pane, "No message with \"%s\".", recall->text);
	else
		show_found(recall, page);
	recall_drop(recall);
}

void
command_search(struct order *order)
{
	struct history *history = history_of(order);

	if (history != NULL)
		history_search(history, bytes_of_string(order->rest), peer_of(order->pane), 0,
		    FOUND_MOST, on_found, recall_new(order->control, order->pane, order->rest));
}

/* --- /history --------------------------------------------------------------------------------- */

static void
show_list(struct recall *recall, const struct history_list *list)
{
	struct model *model = recall->control->model;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return;
	/* The newest one stands next to where it was asked. */
	fputs("What is kept on this computer:", out);
	for (size_t i = list->count; i > 0; i--) {
		const struct history_conversation *one = &list->conversations[i - 1];
		char name[TEXT_NAME_ROOM], when[WHEN_ROOM];

		text_clean_line(bytes_of_string(one->name), name, sizeof(name));
		print_when(model, one->last.time_s, when);
		fprintf(out, "\n%s (%" PRIu64 "): %" PRIu64 " messages, the last %s", name,
		    one->peer, one->messages, when);
		if (one->unread > 0)
			fprintf(out, ", %" PRIu64 " not read", one->unread);
	}
	fputs("\n/history NAME shows one.", out);
	if (fclose(out) == 0)
		model_note(model, recall->pane, bytes_of(text, len));
	free(text);
}

static void
on_list(void *arg, enum status status, const char *why, const struct history_list *list)
{
	struct recall *recall = arg;

	if (status != STATUS_OK)
		control_alert(recall->control, recall->pane, "%s", why);
	else if (list->count == 0)
		control_note(recall->control, recall->pane, "Nothing was said yet.");
	else
		show_list(recall, list);
	recall_drop(recall);
}

/* The conversation with that uid or name; how many there are by that name. */
static size_t
find_conversation(
    const struct history_list *list, const char *word, const struct history_conversation **out)
{
	uint64_t uid = 0;
	size_t found = 0;

	command_uid(word, &uid);
	for (size_t i = 0; i < list->count; i++) {
		const struct history_conversation *one = &list->conversations[i];

		if (uid != 0 ? one->peer != uid : strcasecmp(one->name, word) != 0)
			continue;
		*out = one;
		found++;
	}
	return found;
}

static void
on_wanted(void *arg, enum status status, const char *why, const struct history_list *list)
{
	struct recall *recall = arg;
	struct model *model = recall->control->model;
	const struct history_conversation *one = NULL;
	size_t found = find_conversation(list, recall->text, &one);

	if (status != STATUS_OK) {
		control_alert(recall->control, recall->pane, "%s", why);
	} else if (found == 0) {
		control_alert(recall->control, recall->pane,
		    "Nothing that was said with %s is kept here. /history tells with whom there "
		    "is.",
		    recall->text);
	} else if (found > 1) {
		control_alert(recall->control, recall->pane,
		    "There are several by the name of %s: "
		    "/history tells their uids.",
		    recall->text);
	} else {
		if (model_chat(model, one->peer) == NULL)
			model_open_chat(model, one->peer, bytes_of_string(one->name));
		model_show(model, pane_chat(one->peer));
	}
	recall_drop(recall);
}

/* --- /history export -------------------------------------------------------------------------- */

static void
on_exported(void *arg, enum status status, const char *why, uint64_t messages)
{
	struct recall *recall = arg;

	if (status == STATUS_OK)
		control_note(recall->control, recall->pane, "%" PRIu64 " messages are in %s now.",
		    messages, recall->text);
	else
		control_alert(recall->control, recall->pane, "%s", why);
	recall_drop(recall);
}

/* The shell is not there to know what ~ is. On the heap. */
static char *
full_path(const char *typed)
{
	const char *home = getenv("HOME");

	return strncmp(typed, "~/", 2) == 0 && home != NULL ? mem_format("%s%s", home, typed + 1)
							    : mem_string(typed);
}

static enum history_format
format_of(const char *path)
{
	size_t len = strlen(path);

	return len > 5 && strcasecmp(path + len - 5, ".json") == 0 ? HISTORY_JSON : HISTORY_TEXT;
}

static void
export_to(struct order *order, struct history *history, const char *typed)
{
	char *path = full_path(typed);

	history_export(history, peer_of(order->pane), format_of(path), path,
	    order->control->model->me.name, on_exported,
	    recall_new(order->control, order->pane, path));
	free(path);
}

void
command_history(struct order *order)
{
	struct history *history = history_of(order);
	const char *word = order->count > 1 ? order->words[1] : "";

	if (history == NULL)
		return;
	if (order->count > 2 && strcmp(word, "export") == 0)
		export_to(order, history,
		    order->rest + strlen(word) + strspn(order->rest + strlen(word), " \t"));
	else if (order->count > 2)
		control_alert(order->control, order->pane,
		    "usage: /history [UID|NAME], or /history export FILE");
	else if (word[0] != '\0')
		history_conversations(
		    history, on_wanted, recall_new(order->control, order->pane, word));
	else
		history_conversations(
		    history, on_list, recall_new(order->control, order->pane, ""));
}
