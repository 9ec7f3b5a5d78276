/* SPDX-License-Identifier: ISC */
/*
 * The event thread's side of the history: one batch of what came meanwhile, answers in order,
 * nothing lost when the disk is full, and everything that was acknowledged is there after kill -9
 * at any moment.
 */

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/event.h>

#include "client-tui/history/history.h"
#include "client-tui/net/helper.h"
#include "shared/link.h"
#include "tests/support/shelf.h"
#include "tests/support/stage.h"
#include "tests/support/tmpdir.h"

enum {
	ROUNDS = 12,           /* of killing */
	ROUND_MOST_US = 60000, /* the latest kill behind the first acknowledgement */
};

struct scene {
	struct stage stage;
	struct helper *helper;
	struct helper_job job;
	struct history_work *work;
	unsigned works; /* pieces that were run */
	char *folder, *path;
	struct history *history;
	unsigned troubles;
	char trouble[HISTORY_WHY_ROOM + 100];

	unsigned kept, given_up, pages;
	enum status status; /* of the last answer */
	char why[HISTORY_WHY_ROOM];
	size_t count;
	char first[64], last[64]; /* texts of the last page */
};

/* --- a host ------------------------------------------------------------------------------- */

static void
run_job(struct helper_job *job)
{
	struct scene *scene = CONTAINER_OF(job, struct scene, job);

	scene->work->run(scene->work);
}

static void
job_done(struct helper_job *job)
{
	struct scene *scene = CONTAINER_OF(job, struct scene, job);

	if (!job->did_run)
		scene->work->run(scene->work);
	scene->work->done(scene->work);
}

static void
host_run(void *arg, struct history_work *work)
{
	struct scene *scene = arg;

	scene->works++;
	scene->work = work;
	scene->job = (struct helper_job){ .run = run_job, .done = job_done };
	if (helper_post(scene->helper, &scene->job) != STATUS_OK) {
		work->run(work);
		work->done(work);
	}
}

static void
host_on_trouble(void *arg, const char *sentence)
{
	struct scene *scene = arg;

	scene->troubles++;
	snprintf(scene->trouble, sizeof(scene->trouble), "%s", sentence);
}

static const struct history_host host = { .run = host_run, .on_trouble = host_on_trouble };

static int
set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	stage_open(&scene->stage, false);
	assert_int_equal(helper_start(scene->stage.base, &scene->helper), STATUS_OK);
	scene->folder = tmpdir_new();
	scene->path = tmpdir_path(scene->folder, "a.history");
	scene->history = history_new(scene->path, &host, scene);
	*state = scene;
	return 0;
}

static void
close_history(struct scene *scene)
{
	history_close(scene->history);
	scene->history = NULL;
	helper_stop(scene->helper);
	scene->helper = NULL;
}

static int
tear_down(void **state)
{
	struct scene *scene = *state;

	close_history(scene);
	stage_close(&scene->stage);
	free(scene->path);
	tmpdir_free(scene->folder);
	free(scene);
	return 0;
}

/* --- answers ------------------------------------------------------------------------------ */

static void
on_kept(void *arg, enum status status)
{
	struct scene *scene = arg;

	scene->status = status;
	scene->kept += status == STATUS_OK;
	scene->given_up += status != STATUS_OK;
}

static void
copy_text(char *out, size_t room, const struct history_message *message)
{
	snprintf(out, room, "%s", (const char *)message->text.data);
}

static void
on_page(void *arg, enum status status, const char *why, const struct history_page *page)
{
	struct scene *scene = arg;

	scene->pages++;
	scene->status = status;
	snprintf(scene->why, sizeof(scene->why), "%s", why);
	scene->count = page->count;
	if (page->count == 0)
		return;
	copy_text(scene->first, sizeof(scene->first), &page->messages[0]);
	copy_text(scene->last, sizeof(scene->last), &page->messages[page->count - 1]);
}

static void
put(struct scene *scene, uint64_t sequence, const char *text)
{
	struct history_message message = { .peer = BOB,
		.key = { HISTORY_THEIRS, 1, sequence },
		.time_s = 1700000000,
		.text = bytes_of_string(text) };

	history_put(scene->history, &message, on_kept, scene);
}

static void
ask_newest(struct scene *scene, size_t count)
{
	unsigned before = scene->pages;

	history_page(scene->history, BOB, HISTORY_BEFORE, NULL, count, on_page, scene);
	stage_until(&scene->stage, scene->pages > before);
}

/* --- tests -------------------------------------------------------------------------------- */

static void
test_nothing_touches_the_disk_before_it_is_needed(void **state)
{
	struct scene *scene = *state;

	stage_quiet(&scene->stage);
	assert_int_equal(scene->works, 0);
	assert_int_equal(access(scene->path, F_OK), -1);
}

static void
test_question_sees_what_was_to_be_kept_before_it_and_not_after(void **state)
{
	struct scene *scene = *state;

	put(scene, 1, "one");
	put(scene, 2, "two");
	history_page(scene->history, BOB, HISTORY_BEFORE, NULL, 10, on_page, scene);
	put(scene, 3, "three");
	stage_until(&scene->stage, scene->kept == 3);
	assert_int_equal(scene->pages, 1);
	assert_int_equal(scene->count, 2);
	assert_string_equal(scene->first, "one");
	assert_string_equal(scene->last, "two");
}

static void
test_what_comes_while_the_disk_is_busy_is_one_batch(void **state)
{
	struct scene *scene = *state;

	for (uint64_t i = 1; i <= 500; i++)
		put(scene, i, "text");
	stage_until(&scene->stage, scene->kept == 500);
	assert_int_equal(scene->works, 2);
	ask_newest(scene, HISTORY_PAGE_MOST);
	assert_int_equal(scene->count, HISTORY_PAGE_MOST);
}

static void
test_each_kind_of_request_reaches_the_file(void **state)
{
	struct scene *scene = *state;
	struct history_key from = { HISTORY_THEIRS, 1, 2 };

	for (uint64_t i = 1; i <= 3; i++)
		put(scene, i, i == 2 ? "two 你好" : "other");
	history_search(scene->history, bytes_of_string("你好"), BOB, 0, 10, on_page, scene);
	stage_until(&scene->stage, scene->pages == 1);
	assert_int_equal(scene->count, 1);
	assert_string_equal(scene->first, "two 你好");
	history_page(scene->history, BOB, HISTORY_BEHIND, &from, 10, on_page, scene);
	stage_until(&scene->stage, scene->pages == 2);
	assert_int_equal(scene->count, 1);
	assert_string_equal(scene->first, "other");
	history_search(scene->history, bytes_of_string("!"), BOB, 0, 10, on_page, scene);
	stage_until(&scene->stage, scene->pages == 3);
	assert_int_equal(scene->status, STATUS_TOO_SHORT);
	assert_non_null(strstr(scene->why, "to search for"));
	from.sequence = 99;
	history_page(scene->history, BOB, HISTORY_BEHIND, &from, 10, on_page, scene);
	stage_until(&scene->stage, scene->pages == 4);
	assert_int_equal(scene->status, STATUS_NOT_FOUND);
	assert_int_equal(scene->troubles, 0);
}

static void
on_list(void *arg, enum status status, const char *why, const struct history_list *list)
{
	struct scene *scene = arg;

	(void)why;
	assert_int_equal(status, STATUS_OK);
	assert_int_equal(list->count, 1);
	assert_string_equal(list->conversations[0].name, "bob");
	assert_int_equal(list->conversations[0].unread, 1);
	assert_int_equal(list->conversations[0].last.state, HISTORY_DELIVERED);
	scene->pages++;
}

static void
test_names_states_and_unread(void **state)
{
	struct scene *scene = *state;
	struct history_message mine = {
		.peer = BOB, .key = { HISTORY_MINE, 1, 1 }, .text = bytes_of_string("mine")
	};

	history_set_name(scene->history, BOB, bytes_of_string("bob"));
	put(scene, 1, "one");
	history_mark_read(scene->history, BOB);
	put(scene, 2, "two");
	history_put(scene->history, &mine, NULL, NULL);
	history_set_state(scene->history, BOB, mine.key, HISTORY_DELIVERED);
	history_conversations(scene->history, on_list, scene);
	stage_until(&scene->stage, scene->pages == 1);
}

static void
on_exported(void *arg, enum status status, const char *why, uint64_t messages)
{
	struct scene *scene = arg;

	scene->status = status;
	scene->count = messages;
	snprintf(scene->why, sizeof(scene->why), "%s", why);
	scene->pages++;
}

static void
test_export(void **state)
{
	struct scene *scene = *state;
	char *path = tmpdir_path(scene->folder, "out.txt"), *text;

	put(scene, 1, "to be exported");
	history_export(scene->history, BOB, HISTORY_TEXT, path, "alice", on_exported, scene);
	stage_until(&scene->stage, scene->pages == 1);
	assert_int_equal(scene->status, STATUS_OK);
	assert_int_equal(scene->count, 1);
	history_export(scene->history, BOB, HISTORY_TEXT, path, "alice", on_exported, scene);
	stage_until(&scene->stage, scene->pages == 2);
	assert_int_equal(scene->status, STATUS_ALREADY_THERE);
	assert_non_null(strstr(scene->why, path));
	text = tmpdir_read(scene->folder, "out.txt");
	assert_non_null(strstr(text, "to be exported"));
	free(text);
	free(path);
}

/* How many messages the file has; it is used by nobody else. */
static size_t
count_kept(const char *path)
{
	struct history_store *store;
	struct history_page page = { .count = 0 };
	char why[HISTORY_WHY_ROOM];
	size_t count;

	if (history_store_open(path, &store, why) != STATUS_OK)
		fail_msg("%s", why);
	assert_int_equal(
	    history_store_page(store, BOB, HISTORY_BEFORE, NULL, HISTORY_PAGE_MOST, &page),
	    STATUS_OK);
	count = page.count;
	history_page_clear(&page);
	history_store_close(store);
	return count;
}

static void
test_what_waits_is_written_when_it_is_closed(void **state)
{
	struct scene *scene = *state;

	for (uint64_t i = 1; i <= 50; i++)
		put(scene, i, "text");
	close_history(scene);
	assert_int_equal(count_kept(scene->path), 50);
	assert_int_equal(scene->troubles, 0);
}

static void
test_without_a_usable_file_the_client_goes_on(void **state)
{
	struct scene *scene = *state;
	char *content;

	tmpdir_write(scene->folder, "a.history",
	    "this is no database, and long enough to be looked at: .......");
	put(scene, 1, "one");
	stage_until(&scene->stage, scene->given_up == 1);
	assert_int_equal(scene->troubles, 1);
	assert_non_null(strstr(scene->trouble, "damaged"));
	/* Once is enough; whoever asks is told again. */
	put(scene, 2, "two");
	ask_newest(scene, 10);
	assert_int_equal(scene->given_up, 2);
	assert_int_equal(scene->status, STATUS_BAD_VALUE);
	assert_non_null(strstr(scene->why, "damaged"));
	assert_int_equal(scene->troubles, 1);
	content = tmpdir_read(scene->folder, "a.history");
	assert_memory_equal(content, "this is no database", 19);
	free(content);
}

static void
test_full_disk_keeps_messages_waiting_until_there_is_room(void **state)
{
	struct scene *scene = *state;

	put(scene, 1, "one");
	stage_until(&scene->stage, scene->kept == 1);
	shelf_limit_files(4096);
	put(scene, 2, "two");
	stage_until(&scene->stage, scene->troubles == 1);
	assert_non_null(strstr(scene->trouble, "disk is full"));
	put(scene, 3, "three");
	/* What is there can be read meanwhile. */
	ask_newest(scene, 10);
	assert_int_equal(scene->status, STATUS_OK);
	assert_string_equal(scene->last, "one");
	assert_int_equal(scene->troubles, 1);
	shelf_limit_files(RLIM_INFINITY);
	put(scene, 4, "four");
	stage_until(&scene->stage, scene->kept == 4);
	assert_int_equal(scene->given_up, 0);
	assert_int_equal(scene->troubles, 2);
	assert_non_null(strstr(scene->trouble, "again"));
	ask_newest(scene, 10);
	assert_int_equal(scene->count, 4);
	assert_string_equal(scene->last, "four");
}

static void
test_full_disk_does_not_fill_the_memory_and_loses_nothing_silently(void **state)
{
	struct scene *scene = *state;

	put(scene, 1, "one");
	stage_until(&scene->stage, scene->kept == 1);
	shelf_limit_files(4096);
	for (uint64_t i = 2; i <= HISTORY_WAITING_MAX + 11; i++)
		put(scene, i, "text");
	assert_int_equal(scene->given_up, 10);
	stage_until(&scene->stage, scene->troubles >= 2);
	assert_non_null(strstr(scene->trouble, "10 messages could not be kept"));
	close_history(scene);
	assert_string_equal(scene->trouble, "4096 messages could not be kept on this computer.");
	shelf_limit_files(RLIM_INFINITY);
	assert_int_equal(count_kept(scene->path), 1);
}

/* --- kill -9 ------------------------------------------------------------------------------ */

/* In the child: writes messages without end; the number of each is told when it is on the disk. */
struct writer {
	struct scene *scene;
	int told;
	uint64_t next, acknowledged;
};

static void
on_written(void *arg, enum status status)
{
	struct writer *writer = arg;

	if (status != STATUS_OK)
		_exit(1);
	writer->acknowledged++;
	if (write(writer->told, &writer->acknowledged, sizeof(writer->acknowledged)) < 0)
		_exit(1);
}

static void
write_without_end(const char *path, uint64_t first, int told)
{
	struct scene scene = { .path = NULL };
	struct writer writer = {
		.scene = &scene, .told = told, .next = first, .acknowledged = first - 1
	};
	struct event_base *base = link_base_new();
	char text[32];

	if (base == NULL || helper_start(base, &scene.helper) != STATUS_OK)
		_exit(1);
	scene.history = history_new(path, &host, &scene);
	for (;;) {
		struct history_message message = { .peer = BOB,
			.key = { HISTORY_THEIRS, 1, writer.next } };

		/* From time to time the last one again, as after a lost acknowledgement. */
		if (writer.next > first && writer.next % 7 == 0) {
			message.key.sequence--;
			message.text = bytes_of_string("twin");
			history_put(scene.history, &message, NULL, NULL);
			message.key.sequence++;
		}
		snprintf(text, sizeof(text), "%" PRIu64, writer.next++);
		message.text = bytes_of_string(text);
		history_put(scene.history, &message, on_written, &writer);
		event_base_loop(
		    base, writer.next - writer.acknowledged > 100 ? EVLOOP_ONCE : EVLOOP_NONBLOCK);
	}
}

struct check {
	uint64_t count;
};

static bool
check_message(void *arg, const struct history_message *message)
{
	struct check *check = arg;
	char text[32];

	check->count++;
	assert_int_equal(message->key.sequence, check->count);
	snprintf(text, sizeof(text), "%" PRIu64, check->count);
	assert_int_equal(message->text.len, strlen(text));
	assert_memory_equal(message->text.data, text, message->text.len);
	return true;
}

/* All there, none twice, in order; the index knows the last one. Returns how many. */
static uint64_t
check_file(const char *path)
{
	struct history_store *store;
	struct history_page page = { .count = 0 };
	struct check check = { .count = 0 };
	char why[HISTORY_WHY_ROOM], words[32];

	if (history_store_open(path, &store, why) != STATUS_OK)
		fail_msg("%s", why);
	assert_int_equal(history_store_each(store, BOB, check_message, &check), STATUS_OK);
	snprintf(words, sizeof(words), "\"%" PRIu64 "\"", check.count);
	assert_int_equal(
	    history_store_search(store, bytes_of_string(words), BOB, 0, 10, &page), STATUS_OK);
	assert_int_equal(page.count, 1);
	history_page_clear(&page);
	history_store_close(store);
	return check.count;
}

/* One life of the child; returns the last number that it told. */
static uint64_t
live_and_be_killed(const char *path, uint64_t first, unsigned moment_us)
{
	uint64_t number, last = first - 1;
	int pipes[2], status;
	pid_t child;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(pipes[0]);
		write_without_end(path, first, pipes[1]);
	}
	close(pipes[1]);
	/*
	 * The moment counts from when it is at work; it may well be in the middle of anything then.
	 */
	while (read(pipes[0], &number, sizeof(number)) == sizeof(number)) {
		if (last < first) {
			usleep(moment_us);
			kill(child, SIGKILL);
		}
		last = number;
	}
	close(pipes[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	return last;
}

static void
test_acknowledged_survives_kill_9_at_any_moment(void **state)
{
	char *folder = tmpdir_new(), *path = tmpdir_path(folder, "a.history");
	unsigned seed = (unsigned)getpid();
	uint64_t next = 1;

	(void)state;
	print_message("seed %u\n", seed);
	srandom(seed);
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t told = live_and_be_killed(path, next, (unsigned)random() % ROUND_MOST_US),
			 kept;

		assert_true(told >= next);
		kept = check_file(path);
		assert_true(kept >= told);
		next = kept + 1;
	}
	print_message("%" PRIu64 " messages in %d lives\n", next - 1, ROUNDS);
	free(path);
	tmpdir_free(folder);
}

#define ON_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_acknowledged_survives_kill_9_at_any_moment),
		ON_SCENE(test_nothing_touches_the_disk_before_it_is_needed),
		ON_SCENE(test_question_sees_what_was_to_be_kept_before_it_and_not_after),
		ON_SCENE(test_what_comes_while_the_disk_is_busy_is_one_batch),
		ON_SCENE(test_each_kind_of_request_reaches_the_file),
		ON_SCENE(test_names_states_and_unread),
		ON_SCENE(test_export),
		ON_SCENE(test_what_waits_is_written_when_it_is_closed),
		ON_SCENE(test_without_a_usable_file_the_client_goes_on),
		ON_SCENE(test_full_disk_keeps_messages_waiting_until_there_is_room),
		ON_SCENE(test_full_disk_does_not_fill_the_memory_and_loses_nothing_silently),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
