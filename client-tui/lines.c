/* SPDX-License-Identifier: ISC */
#include "client-tui/lines.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "shared/compiler.h"
#include "shared/mem.h"

enum { INPUT_MAX = 2 * TEXT_MESSAGE_MAX };

/*
 * What of a pane was printed: entries up to this one, and of earlier ones those from the oldest one
 * on; what became of messages before this one.
 */
struct printed {
	struct pane pane;
	uint64_t id, oldest_id, settled_id;
	enum chat_road road;
};

struct lines {
	struct app *app;
	struct event *input;
	char text[INPUT_MAX];
	size_t len;
	bool has_ended; /* the input */
	bool is_deaf;	/* the input is not waited for: an answer is */
	bool is_skipping; /* the rest of a line that was too long */

	struct printed *printed;
	size_t printed_count;
	struct contact *contacts; /* as they were printed */
	size_t contact_count;
	enum me_link link;
	uint64_t uid;
	enum directory_state directory;
	enum ask_kind ask;
	int topic;
};

/* --- what happens ------------------------------------------------------------------------- */

static struct printed *
find_printed(struct lines *lines, struct pane pane)
{
	for (size_t i = 0; i < lines->printed_count; i++)
		if (pane_is(lines->printed[i].pane, pane))
			return &lines->printed[i];
	lines->printed =
	    mem_resize(lines->printed, lines->printed_count + 1, sizeof(*lines->printed));
	lines->printed[lines->printed_count] = (struct printed){
		.pane = pane,
		.id = TRANSCRIPT_FIRST_ID - 1,
		.settled_id = TRANSCRIPT_FIRST_ID - 1,
		.oldest_id = TRANSCRIPT_FIRST_ID,
	};
	return &lines->printed[lines->printed_count++];
}

/* A line break in a text must not look like the end of an event. */
static void
print_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			fputs("\\n", stdout);
		else if (text[i] == '\\')
			fputs("\\\\", stdout);
		else
			putchar(text[i]);
	}
	putchar('\n');
}

static void
print_entry(const struct model *model, struct pane pane, const struct transcript_entry *entry)
{
	static const char *const words[] = {
		[TRANSCRIPT_THEIRS] = "message",
		[TRANSCRIPT_MINE] = "sent",
		[TRANSCRIPT_NOTE] = "note",
		[TRANSCRIPT_ALERT] = "alert",
	};

	printf("%s ", words[entry->kind]);
	if (pane.kind == PANE_CHAT)
		printf("%" PRIu64 " %s: ", pane.uid, model_chat(model, pane.uid)->name);
	print_text(entry->text, entry->len);
}

/* Messages are delivered in their order, so the first that is queued still is where it goes on. */
static void
print_deliveries(const struct model *model, struct printed *printed)
{
	const struct transcript *transcript = model_transcript(model, printed->pane);

	while (printed->settled_id < printed->id) {
		const struct transcript_entry *entry =
		    transcript_find(transcript, printed->settled_id + 1);

		if (entry != NULL && entry->kind == TRANSCRIPT_MINE) {
			if (entry->delivery == DELIVERY_QUEUED)
				return;
			printf("%s %" PRIu64 " %s: ", delivery_word(entry->delivery),
			    printed->pane.uid, model_chat(model, printed->pane.uid)->name);
			print_text(entry->text, entry->len);
		}
		printed->settled_id++;
	}
}

static void
print_road(const struct model *model, struct printed *printed)
{
	const struct chat *chat = model_chat(model, printed->pane.uid);

	if (chat == NULL || printed->road == chat->road)
		return;
	printed->road = chat->road;
	printf("road %" PRIu64 " %s: %s\n", chat->uid, chat->name, chat_road_words(chat->road));
}

/* Messages of earlier came from the disk: with what became of those of mine. */
static void
print_earlier(const struct model *model, struct printed *printed)
{
	const struct transcript *transcript = model_transcript(model, printed->pane);

	for (uint64_t id = transcript->first_id; id < printed->oldest_id; id++) {
		const struct transcript_entry *entry = transcript_find(transcript, id);

		if (entry == NULL)
			break;
		printf("earlier %s %" PRIu64 " %s: ",
		    entry->kind == TRANSCRIPT_MINE ? delivery_word(entry->delivery) : "message",
		    printed->pane.uid, model_chat(model, printed->pane.uid)->name);
		print_text(entry->text, entry->len);
	}
	if (transcript->first_id < printed->oldest_id)
		printed->oldest_id = transcript->first_id;
}

static void
print_pane(struct lines *lines, struct pane pane)
{
	const struct model *model = lines->app->model;
	const struct transcript *transcript = model_transcript(model, pane);
	struct printed *printed = find_printed(lines, pane);

	print_earlier(model, printed);
	for (size_t i = 0; i < transcript->count; i++) {
		const struct transcript_entry *entry = transcript_at(transcript, i);

		if (entry->id <= printed->id)
			continue;
		print_entry(model, pane, entry);
		printed->id = entry->id;
	}
	print_deliveries(model, printed);
	print_road(model, printed);
}

static const struct contact *
find_printed_contact(const struct lines *lines, uint64_t uid, size_t likely)
{
	if (likely < lines->contact_count && lines->contacts[likely].uid == uid)
		return &lines->contacts[likely];
	for (size_t i = 0; i < lines->contact_count; i++)
		if (lines->contacts[i].uid == uid)
			return &lines->contacts[i];
	return NULL;
}

static void
print_contacts(struct lines *lines)
{
	const struct roster *roster = &lines->app->model->roster;

	for (size_t i = 0; i < roster->count; i++) {
		const struct contact *now = &roster->contacts[i],
				     *before = find_printed_contact(lines, now->uid, i);

		if (before == NULL || before->presence != now->presence)
			printf("contact %" PRIu64 " %s %s\n", now->uid,
			    presence_word(now->presence), now->name);
	}
	lines->contacts = mem_resize(lines->contacts, roster->count + 1, sizeof(*lines->contacts));
	if (roster->count > 0)
		memcpy(lines->contacts, roster->contacts, roster->count * sizeof(*lines->contacts));
	lines->contact_count = roster->count;
}

static void
print_state(struct lines *lines)
{
	const struct me *me = &lines->app->model->me;

	if (lines->link == me->link && lines->uid == me->uid)
		return;
	lines->link = me->link;
	lines->uid = me->uid;
	if (me->uid != 0)
		printf("state %s %" PRIu64 " %s\n", me_link_words(me->link), me->uid, me->name);
	else
		printf("state %s\n", me_link_words(me->link));
}

static void
print_directory(struct lines *lines)
{
	const struct directory *directory = &lines->app->model->directory;

	if (lines->directory == directory->state)
		return;
	lines->directory = directory->state;
	if (directory->state == DIRECTORY_REFUSED)
		printf("alert %s\n", directory->why);
	if (directory->state != DIRECTORY_SHOWN)
		return;
	for (size_t i = 0; i < directory->count; i++)
		printf("user %" PRIu64 " %s %s %s\n", directory->items[i].uid,
		    directory->items[i].is_online ? "online" : "absent", directory->items[i].name,
		    directory->items[i].display);
	printf("page %u of %u, accounts %" PRIu64 "\n", directory->page, directory->pages,
	    directory->accounts);
}

static void
print_ask(struct lines *lines)
{
	const struct ask *ask = &lines->app->model->ask;

	if (lines->ask == ask->kind && lines->topic == ask->topic)
		return;
	lines->ask = ask->kind;
	lines->topic = ask->topic;
	if (ask->kind != ASK_NOTHING)
		printf("ask %s%s%s\n", ask->question, ask->keys[0] != '\0' ? " " : "", ask->keys);
}

/* /help and F1 lay lines over the screen. */
static void
print_help(struct lines *lines)
{
	const struct help *help = &lines->app->model->help;

	if (!help->is_open)
		return;
	for (size_t i = 0; i < help->count; i++)
		printf("help %s\n", help->lines[i]);
	help_close(model_change_help(lines->app->model));
}

/* A form cannot be filled in here. */
static void
refuse_form(struct lines *lines)
{
	struct model *model = lines->app->model;

	if (!model->form.is_open)
		return;
	form_close(model_change_form(model));
	control_alert(lines->app->control, pane_home(),
	    "There is no form without a screen: name the account, as in "
	    "/login alice or /register alice.");
}

/* A pane that is closed and opened again counts from the start. */
static void
forget_closed(struct lines *lines)
{
	size_t kept = 0;

	for (size_t i = 0; i < lines->printed_count; i++)
		if (model_transcript(lines->app->model, lines->printed[i].pane) != NULL)
			lines->printed[kept++] = lines->printed[i];
	lines->printed_count = kept;
}

static void
print_all(struct lines *lines)
{
	const struct model *model = lines->app->model;

	refuse_form(lines);
	forget_closed(lines);
	for (size_t i = 0; i < model->panes.count; i++)
		print_pane(lines, model->panes.list[i]);
	print_directory(lines);
	print_help(lines);
	print_contacts(lines);
	print_state(lines);
	print_ask(lines);
	fflush(stdout);
}

/* --- what is typed ------------------------------------------------------------------------ */

/*
 * The first line of the input, without its end; false: there is none yet. What goes beyond the
 * room is too long for everything: its start is handed out, which will be refused, and the rest
 * of it is dropped.
 */
static bool
next_line(struct lines *lines, char **out)
{
	char *end = memchr(lines->text, '\n', lines->len);
	size_t len = end != NULL ? (size_t)(end - lines->text) : lines->len,
	       taken = len + (end != NULL);
	bool is_rest = lines->is_skipping;

	if (end == NULL && lines->len < sizeof(lines->text) &&
	    (!lines->has_ended || lines->len == 0))
		return false;
	lines->is_skipping = end == NULL;
	*out = is_rest ? NULL : mem_string_of(bytes_of(lines->text, len));
	memmove(lines->text, lines->text + taken, lines->len - taken);
	lines->len -= taken;
	return true;
}

/* In a session nobody waits for the server, only for the session. */
static bool
is_busy(const struct lines *lines)
{
	const struct model *model = lines->app->model;
	const struct chat *chat = model_shown_chat(model);
	enum me_link link = model->me.link;

	if (control_is_busy(lines->app->control) ||
	    (chat != NULL && chat->road == CHAT_ROAD_CALLING))
		return true;
	return (link == ME_LINK_CONNECTING || link == ME_LINK_SIGNING_IN) &&
	    (chat == NULL || chat->road != CHAT_ROAD_DIRECT);
}

/* What was said in the session that is shown should arrive before the program ends. */
static bool
is_sending(const struct lines *lines)
{
	const struct chat *chat = model_shown_chat(lines->app->model);
	const struct transcript *transcript = chat != NULL ? &chat->transcript : NULL;

	for (size_t i = 0; transcript != NULL && i < transcript->count; i++)
		if (transcript_at(transcript, i)->kind == TRANSCRIPT_MINE &&
		    transcript_at(transcript, i)->delivery == DELIVERY_QUEUED)
			return true;
	return false;
}

/* A line waits for the answer to the one before, so that a script can simply be piped in. */
static void
proceed(struct lines *lines)
{
	struct control *control = lines->app->control;
	char *line;

	while (!is_busy(lines) && !control->wants_quit && next_line(lines, &line)) {
		if (line == NULL)
			continue;
		control_line(control, bytes_of_string(line));
		mem_wipe(line, strlen(line));
		free(line);
		print_all(lines);
	}
	if (lines->has_ended && lines->len == 0 && !is_busy(lines) && !is_sending(lines))
		control->wants_quit = true;
}

/* A file is always readable, and epoll(7) does not take it. */
static void
await_input(struct lines *lines)
{
	if (event_add(lines->input, NULL) != 0)
		event_active(lines->input, EV_READ, 0);
}

static void
on_input(evutil_socket_t fd, short what UNUSED, void *arg)
{
	struct lines *lines = arg;
	ssize_t got;

	lines->is_deaf = true;
	if (lines->len == sizeof(lines->text))
		return;
	got = read(fd, lines->text + lines->len, sizeof(lines->text) - lines->len);
	if (got > 0)
		lines->len += (size_t)got;
	else if (got == 0 || (errno != EAGAIN && errno != EINTR))
		lines->has_ended = true;
}

static void
on_turn(void *arg)
{
	struct lines *lines = arg;

	print_all(lines);
	proceed(lines);
	print_all(lines);
	if (lines->is_deaf && !lines->has_ended && lines->len < sizeof(lines->text)) {
		lines->is_deaf = false;
		await_input(lines);
	}
}

static void
on_signal(void *arg UNUSED, int number UNUSED)
{
}

void
lines_run(struct app *app)
{
	static const struct app_face face = { .on_turn = on_turn, .on_signal = on_signal };
	struct lines *lines = mem_new(sizeof(*lines));

	lines->app = app;
	lines->link = ME_LINK_NONE;
	lines->is_deaf = true;
	lines->input = event_new(app->base, STDIN_FILENO, EV_READ, on_input, lines);
	app_run(app, &face, lines);
	event_free(lines->input);
	free(lines->printed);
	free(lines->contacts);
	mem_wipe(lines->text, sizeof(lines->text));
	free(lines);
}
