/* SPDX-License-Identifier: ISC */
/* The pages of everybody: asked for, turned, filtered, with a row selected. */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client-tui/control/acts.h"
#include "shared/compiler.h"
#include "shared/mem.h"
#include "shared/protocol.h"
#include "shared/str.h"

static void
on_user(void *arg, const void *message)
{
	struct question *question = arg;
	struct model *model = question->control->model;
	const struct msg_user_item *item = message;

	directory_add(
	    model_change_directory(model), item->uid, item->name, item->display, item->online != 0);
	roster_set_presence(model_change_roster(model), item->uid,
	    item->online != 0 ? PRESENCE_ONLINE : PRESENCE_ABSENT, model->now_s);
}

static void
on_users(void *arg, const struct answer *answer)
{
	struct question *question = arg;
	struct directory *directory = model_change_directory(question->control->model);
	const struct msg_user_list_ok *ok = answer->message;

	if (answer->status == STATUS_OK)
		directory_finish(directory, ok->page, DIRECTORY_PAGE, ok->total);
	else
		directory_refuse(directory, bytes_of_string(answer->sentence));
	question_drop(question);
}

/* What was told below the page before was about that one, or about the row before. */
static void
forget_notes(struct control *control)
{
	transcript_forget(model_change_transcript(control->model, pane_directory()));
}

void
people_select(struct control *control, int rows)
{
	forget_notes(control);
	directory_select(model_change_directory(control->model), rows);
}

void
people_load(struct control *control, struct pane pane, uint32_t page)
{
	struct model *model = control->model;
	struct directory *directory = model_change_directory(model);
	struct question *question = question_new(control, pane, 0, "");
	enum status status;

	forget_notes(control);
	directory_load(directory, page);
	status = control->outbox->users(control->outbox->arg, page, directory->online_only,
	    directory->prefix, on_user, on_users, question);
	model_show(model, pane_directory());
	if (status == STATUS_OK)
		return;
	directory_refuse(directory, bytes_of_string(control_refusal(control, status)));
	question_drop(question);
}

static bool
read_page(struct control *control, struct pane pane, const char *word, uint32_t *page)
{
	const struct directory *directory = &control->model->directory;
	uint64_t number;

	if (!str_to_number(bytes_of_string(word), UINT64_MAX, &number) || number == 0) {
		control_alert(control, pane, "%s: a page is a number from 1 on.", word);
		return false;
	}
	if (directory->pages == 0 && number > UINT32_MAX)
		number = UINT32_MAX;
	if (directory->pages > 0 && number > directory->pages) {
		control_alert(control, pane,
		    "There is no page %" PRIu64 ": the last one is %" PRIu32 ".", number,
		    directory->pages);
		return false;
	}
	*page = (uint32_t)number;
	return true;
}

void
command_users(struct order *order)
{
	uint32_t page = 1;

	if (order->count == 1 || read_page(order->control, order->pane, order->words[1], &page))
		people_load(order->control, order->pane, page);
}

void
people_turn(struct control *control, struct pane pane, int pages)
{
	const struct directory *directory = &control->model->directory;
	bool is_loading = directory->state == DIRECTORY_LOADING;
	int64_t page = (int64_t)(is_loading ? directory->wanted : directory->page) + pages;

	if (directory->page == 0)
		page = 1;
	if (page < 1)
		control_note(control, pane, "This is the first page.");
	else if (directory->pages > 0 && page > (int64_t)directory->pages)
		control_note(control, pane, "This is the last page.");
	else
		people_load(control, pane, (uint32_t)page);
}

void
command_next(struct order *order)
{
	people_turn(order->control, order->pane, 1);
}

void
command_previous(struct order *order)
{
	people_turn(order->control, order->pane, -1);
}

static void
set_filter(struct control *control, struct pane pane, const char *start, bool online_only)
{
	if (start[0] != '\0' && !str_is_name(bytes_of_string(start))) {
		control_refuse(control, pane, STATUS_BAD_NAME);
		return;
	}
	directory_set_filter(
	    model_change_directory(control->model), bytes_of_string(start), online_only);
	people_load(control, pane, 1);
}

void
command_filter(struct order *order)
{
	set_filter(order->control, order->pane, order->count > 1 ? order->words[1] : "",
	    order->control->model->directory.online_only);
}

void
act_online_only(struct control *control, int number UNUSED)
{
	const struct directory *directory = &control->model->directory;
	char *prefix = mem_string(directory->prefix);

	set_filter(control, pane_directory(), prefix, !directory->online_only);
	free(prefix);
}

void
act_jump(struct control *control, int number UNUSED)
{
	ask_line(model_change_ask(control->model), TOPIC_PAGE, bytes_of_string("Page"), 10);
}

void
answer_page(struct control *control, const char *key UNUSED, const char *text)
{
	uint32_t page;

	/* "g 5" was typed. */
	text += strspn(text, " ");
	if (text[0] != '\0' && read_page(control, model_pane(control->model), text, &page))
		people_load(control, pane_directory(), page);
}

void
act_filter(struct control *control, int number UNUSED)
{
	ask_line(model_change_ask(control->model), TOPIC_FILTER,
	    bytes_of_string("Names that start with"), 16);
}

void
answer_filter(struct control *control, const char *key UNUSED, const char *text)
{
	set_filter(
	    control, model_pane(control->model), text, control->model->directory.online_only);
}

void
people_escape(struct control *control)
{
	if (control->model->directory.prefix[0] != '\0')
		set_filter(control, pane_directory(), "", control->model->directory.online_only);
	else
		model_show_before(control->model);
}
