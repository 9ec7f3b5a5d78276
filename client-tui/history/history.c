/* SPDX-License-Identifier: ISC */
#include "client-tui/history/history.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "client-tui/history/history_export.h"
#include "client-tui/history/history_store.h"
#include "shared/mem.h"

struct request;

struct verb {
	bool is_change; /* it has to reach the disk; a question else */
	enum status (*run)(struct request *request, struct history_store *store);
	void (*answer)(struct request *request, enum status status, const char *why);
};

/* Something to be done by the other thread, with its result. */
struct request {
	STAILQ_ENTRY(request) entry;
	const struct verb *verb;
	union {
		history_on_kept *kept;
		history_on_page *page;
		history_on_list *list;
		history_on_exported *exported;
	} on;
	void *arg;

	struct history_message message; /* peer, key and state also where there is no text */
	char *text;                     /* of the message; a name; words; a path */
	size_t len;
	char *me;
	enum history_direction direction;
	bool has_from;
	uint64_t before;
	size_t count;
	enum history_format format;

	enum status status;
	char *why; /* NULL: the status says it */
	struct history_page page;
	struct history_list list;
	uint64_t messages;
};

STAILQ_HEAD(requests, request);

struct history {
	const struct history_host *host;
	void *arg;
	char *path;

	/* The event thread's. */
	struct requests waiting;
	size_t changes, bytes; /* that wait to be made, in "waiting" and "batch" */
	size_t given_up;       /* messages since this was told last */
	bool is_under_way;     /* "work" is the other thread's */
	bool is_closing;
	enum status told; /* what is the matter, as the person knows it */

	/* The other thread's while work is under way. */
	struct history_work work;
	struct requests batch;
	bool is_last; /* the file is closed behind this batch */
	bool is_dead; /* opening failed for good, as "status" says */
	struct history_store *store;
	enum status status; /* what became of the changes */
	char why[HISTORY_WHY_ROOM];
};

/* --- requests ----------------------------------------------------------------------------- */

static struct request *
request_new(const struct verb *verb, uint64_t peer, struct bytes text, void *arg)
{
	struct request *request = mem_new(sizeof(*request));

	request->verb = verb;
	request->arg = arg;
	request->message.peer = peer;
	request->text = mem_string_of(text);
	request->len = text.len;
	request->message.text = bytes_of(request->text, request->len);
	return request;
}

static void
clear_result(struct request *request)
{
	history_page_clear(&request->page);
	history_list_clear(&request->list);
	free(request->why);
	request->why = NULL;
	request->status = STATUS_OK;
}

static void
request_free(struct request *request)
{
	clear_result(request);
	free(request->text);
	free(request->me);
	free(request);
}

static struct bytes
text_of(const struct request *request)
{
	return bytes_of(request->text, request->len);
}

/* --- what each of them does ----------------------------------------------------------------- */

static enum status
run_put(struct request *request, struct history_store *store)
{
	return history_store_put(store, &request->message);
}

static enum status
run_set_state(struct request *request, struct history_store *store)
{
	return history_store_set_state(
	    store, request->message.peer, request->message.key, request->message.state);
}

static enum status
run_set_name(struct request *request, struct history_store *store)
{
	return history_store_set_name(store, request->message.peer, text_of(request));
}

static enum status
run_mark_read(struct request *request, struct history_store *store)
{
	return history_store_mark_read(store, request->message.peer);
}

static enum status
run_page(struct request *request, struct history_store *store)
{
	return history_store_page(store, request->message.peer, request->direction,
	    request->has_from ? &request->message.key : NULL, request->count, &request->page);
}

static enum status
run_search(struct request *request, struct history_store *store)
{
	return history_store_search(store, text_of(request), request->message.peer, request->before,
	    request->count, &request->page);
}

static enum status
run_conversations(struct request *request, struct history_store *store)
{
	return history_store_conversations(store, &request->list);
}

static enum status
run_export(struct request *request, struct history_store *store)
{
	const struct history_export wish = {
		.peer = request->message.peer,
		.format = request->format,
		.path = request->text,
		.me = request->me,
	};
	char why[HISTORY_WHY_ROOM] = "";
	enum status status = history_export_run(&wish, store, &request->messages, why);

	if (status != STATUS_OK)
		request->why = mem_string(why);
	return status;
}

/* --- and how it is answered ----------------------------------------------------------------- */

static void
answer_nothing(struct request *request, enum status status, const char *why)
{
	(void)request;
	(void)status;
	(void)why;
}

static void
answer_put(struct request *request, enum status status, const char *why)
{
	(void)why;
	if (request->on.kept != NULL)
		request->on.kept(request->arg, status);
}

static void
answer_page(struct request *request, enum status status, const char *why)
{
	request->on.page(request->arg, status, why, &request->page);
}

static void
answer_list(struct request *request, enum status status, const char *why)
{
	request->on.list(request->arg, status, why, &request->list);
}

static void
answer_export(struct request *request, enum status status, const char *why)
{
	request->on.exported(request->arg, status, why, request->messages);
}

static const struct verb verb_put = { true, run_put, answer_put };
static const struct verb verb_set_state = { true, run_set_state, answer_nothing };
static const struct verb verb_set_name = { true, run_set_name, answer_nothing };
static const struct verb verb_mark_read = { true, run_mark_read, answer_nothing };
static const struct verb verb_page = { false, run_page, answer_page };
static const struct verb verb_search = { false, run_search, answer_page };
static const struct verb verb_conversations = { false, run_conversations, answer_list };
static const struct verb verb_export = { false, run_export, answer_export };

/* --- a batch, on the other thread ----------------------------------------------------------- */

/* What may pass by itself, so that it is worth trying again. */
static bool
may_pass(enum status status)
{
	return status == STATUS_DISK_FULL || status == STATUS_BUSY;
}

static enum status
fail(struct history *history, enum status status)
{
	memcpy(history->why, history_store_why(history->store), sizeof(history->why));
	return status;
}

static void
ask(struct request *request, struct history_store *store)
{
	request->status = request->verb->run(request, store);
	if (request->status != STATUS_OK && request->status != STATUS_TOO_SHORT &&
	    request->status != STATUS_NOT_FOUND && request->why == NULL)
		request->why = mem_string(history_store_why(store));
}

/* In order, so that a question sees what was to be kept before it. */
static enum status
run_requests(struct history *history)
{
	struct request *request;
	enum status status = history_store_begin(history->store);

	STAILQ_FOREACH (request, &history->batch, entry) {
		if (status != STATUS_OK)
			break;
		if (request->verb->is_change)
			status = request->verb->run(request, history->store);
		else
			ask(request, history->store);
	}
	if (status == STATUS_OK)
		status = history_store_commit(history->store);
	return status;
}

/* Nothing can be kept now, but what is there can be read. */
static void
run_questions(struct history *history)
{
	struct request *request;

	STAILQ_FOREACH (request, &history->batch, entry) {
		if (request->verb->is_change)
			continue;
		clear_result(request);
		ask(request, history->store);
	}
}

static void
refuse_questions(struct history *history)
{
	struct request *request;

	STAILQ_FOREACH (request, &history->batch, entry) {
		if (request->verb->is_change)
			continue;
		request->status = history->status;
		request->why = mem_string(history->why);
	}
}

static bool
open_store(struct history *history)
{
	if (history->store == NULL && !history->is_dead) {
		history->status = history_store_open(history->path, &history->store, history->why);
		history->is_dead = history->store == NULL && !may_pass(history->status);
	}
	return history->store != NULL;
}

static void
run_batch(struct history_work *work)
{
	struct history *history = CONTAINER_OF(work, struct history, work);

	if (STAILQ_EMPTY(&history->batch) || !open_store(history)) {
		refuse_questions(history);
	} else {
		history->status = run_requests(history);
		if (history->status != STATUS_OK) {
			fail(history, history->status);
			history_store_roll_back(history->store);
			run_questions(history);
		}
	}
	if (history->is_last)
		history_store_close(history->store);
}

/* --- the event thread ----------------------------------------------------------------------- */

static void
start(struct history *history)
{
	if (history->is_under_way || (STAILQ_EMPTY(&history->waiting) && !history->is_closing))
		return;
	STAILQ_CONCAT(&history->batch, &history->waiting);
	history->is_under_way = true;
	history->is_last = history->is_closing;
	history->host->run(history->arg, &history->work);
}

/* Answers one, and it is gone. */
static void
settle(struct history *history, struct request *request, enum status status, const char *why)
{
	if (request->verb->is_change) {
		history->changes--;
		history->bytes -= request->len;
	}
	if (request->verb == &verb_put && status != STATUS_OK)
		history->given_up++;
	if (!history->is_closing)
		request->verb->answer(request, status, status == STATUS_OK ? "" : why);
	request_free(request);
}

/* A disk that takes nothing must not fill the memory instead. */
static void
post(struct history *history, struct request *request)
{
	if (request->verb->is_change) {
		history->changes++;
		history->bytes += request->len;
	}
	if (history->changes > HISTORY_WAITING_MAX || history->bytes > HISTORY_WAITING_BYTES)
		settle(history, request, STATUS_FULL, "");
	else
		STAILQ_INSERT_TAIL(&history->waiting, request, entry);
	start(history);
}

static const char *
why_of(const struct request *request)
{
	if (request->status == STATUS_TOO_SHORT)
		return "There is no letter, digit or sign in that to search for.";
	return request->why != NULL ? request->why : status_text(request->status);
}

/* Changes that could not be made wait for the next batch, if that may help. */
static void
settle_batch(struct history *history)
{
	struct requests batch = STAILQ_HEAD_INITIALIZER(batch),
			again = STAILQ_HEAD_INITIALIZER(again);
	bool may_wait = may_pass(history->status) && !history->is_last;
	struct request *request;

	STAILQ_CONCAT(&batch, &history->batch);
	while ((request = STAILQ_FIRST(&batch)) != NULL) {
		STAILQ_REMOVE_HEAD(&batch, entry);
		if (!request->verb->is_change)
			settle(history, request, request->status, why_of(request));
		else if (history->status != STATUS_OK && may_wait)
			STAILQ_INSERT_TAIL(&again, request, entry);
		else
			settle(history, request, history->status, history->why);
	}
	STAILQ_CONCAT(&again, &history->waiting);
	STAILQ_CONCAT(&history->waiting, &again);
}

/* Each trouble once, and its end. */
static void
tell(struct history *history)
{
	char sentence[HISTORY_WHY_ROOM + 100];

	if (history->status != history->told && history->status == STATUS_OK)
		history->host->on_trouble(
		    history->arg, "What is said is kept on this computer again.");
	else if (history->status != history->told)
		history->host->on_trouble(history->arg, history->why);
	history->told = history->status;
	if (history->is_dead)
		history->given_up = 0;
	if (history->given_up == 0)
		return;
	snprintf(sentence, sizeof(sentence), "%zu messages could not be kept on this computer.",
	    history->given_up);
	history->given_up = 0;
	history->host->on_trouble(history->arg, sentence);
}

static void
on_done(struct history_work *work)
{
	struct history *history = CONTAINER_OF(work, struct history, work);
	bool has_more = !STAILQ_EMPTY(&history->waiting);

	history->is_under_way = false;
	settle_batch(history);
	tell(history);
	if (history->is_last) {
		free(history->path);
		free(history);
	} else if (has_more || history->is_closing) {
		start(history);
	}
}

struct history *
history_new(const char *path, const struct history_host *host, void *arg)
{
	struct history *history = mem_new(sizeof(*history));

	history->host = host;
	history->arg = arg;
	history->path = mem_string(path);
	history->work = (struct history_work){ .run = run_batch, .done = on_done };
	STAILQ_INIT(&history->waiting);
	STAILQ_INIT(&history->batch);
	return history;
}

void
history_close(struct history *history)
{
	if (history == NULL)
		return;
	history->is_closing = true;
	start(history);
}

/* --- what can be asked for ------------------------------------------------------------------ */

void
history_put(struct history *history, const struct history_message *message,
    history_on_kept *on_kept, void *arg)
{
	struct request *request = request_new(&verb_put, message->peer, message->text, arg);

	request->message = *message;
	request->message.text = text_of(request);
	request->on.kept = on_kept;
	post(history, request);
}

void
history_set_state(
    struct history *history, uint64_t peer, struct history_key key, enum history_state state)
{
	struct request *request = request_new(&verb_set_state, peer, bytes_of_string(""), NULL);

	request->message.key = key;
	request->message.state = state;
	post(history, request);
}

void
history_set_name(struct history *history, uint64_t peer, struct bytes name)
{
	post(history, request_new(&verb_set_name, peer, name, NULL));
}

void
history_mark_read(struct history *history, uint64_t peer)
{
	post(history, request_new(&verb_mark_read, peer, bytes_of_string(""), NULL));
}

static size_t
fair_count(size_t count)
{
	return count > HISTORY_PAGE_MOST ? HISTORY_PAGE_MOST : count;
}

void
history_page(struct history *history, uint64_t peer, enum history_direction direction,
    const struct history_key *from, size_t count, history_on_page *on_page, void *arg)
{
	struct request *request = request_new(&verb_page, peer, bytes_of_string(""), arg);

	request->direction = direction;
	request->has_from = from != NULL;
	if (from != NULL)
		request->message.key = *from;
	request->count = fair_count(count);
	request->on.page = on_page;
	post(history, request);
}

void
history_search(struct history *history, struct bytes words, uint64_t peer, uint64_t before,
    size_t count, history_on_page *on_found, void *arg)
{
	struct request *request = request_new(&verb_search, peer, words, arg);

	request->before = before;
	request->count = fair_count(count);
	request->on.page = on_found;
	post(history, request);
}

void
history_conversations(struct history *history, history_on_list *on_list, void *arg)
{
	struct request *request = request_new(&verb_conversations, 0, bytes_of_string(""), arg);

	request->on.list = on_list;
	post(history, request);
}

void
history_export(struct history *history, uint64_t peer, enum history_format format, const char *path,
    const char *me, history_on_exported *on_exported, void *arg)
{
	struct request *request = request_new(&verb_export, peer, bytes_of_string(path), arg);

	request->format = format;
	request->me = mem_string(me);
	request->on.exported = on_exported;
	post(history, request);
}
