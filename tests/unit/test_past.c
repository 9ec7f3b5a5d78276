/* SPDX-License-Identifier: ISC */
/*
 * What was said comes back: a person at the client, with a real history below, whose disk answers
 * when the test lets it.
 */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client-tui/control/incoming.h"
#include "client-tui/control/past.h"
#include "client-tui/history/history_store.h"
#include "shared/compiler.h"
#include "shared/mem.h"
#include "tests/support/tmpdir.h"
#include "tests/support/typist.h"

enum { BOB = 11, CAROL = 12, MOST_TURNS = 2000 };

#define PAGE_UP "\033[5~"
#define PAGE_DOWN "\033[6~"
#define ESC "\033"

struct scene {
	struct typist *typist;
	char *folder, *path;
	struct history_work *work; /* waits for the disk */
	char trouble[HISTORY_WHY_ROOM];
};

static void
run(void *arg, struct history_work *work)
{
	struct scene *scene = arg;

	assert_null(scene->work);
	scene->work = work;
}

static void
on_trouble(void *arg, const char *sentence)
{
	struct scene *scene = arg;

	snprintf(scene->trouble, sizeof(scene->trouble), "%s", sentence);
}

static const struct history_host host = { .run = run, .on_trouble = on_trouble };

static int
set_up(void **state)
{
	struct scene *scene = mem_new(sizeof(*scene));

	scene->folder = tmpdir_new();
	scene->path = tmpdir_path(scene->folder, "a.history");
	scene->typist = typist_new(60, 20);
	*state = scene;
	return 0;
}

/* The disk does all that it was asked to. */
static void
settle(struct scene *scene)
{
	while (scene->work != NULL) {
		struct history_work *work = scene->work;

		scene->work = NULL;
		work->run(work);
		work->done(work);
	}
}

static int
tear_down(void **state)
{
	struct scene *scene = *state;

	past_end(scene->typist->control);
	settle(scene);
	typist_free(scene->typist);
	free(scene->path);
	tmpdir_free(scene->folder);
	free(scene);
	return 0;
}

static struct control *
control_of(struct scene *scene)
{
	return scene->typist->control;
}

/* As after each turn of the client, until nothing more is wanted of the disk. */
static void
turn(struct scene *scene)
{
	do {
		settle(scene);
		past_turn(control_of(scene));
	} while (scene->work != NULL);
}

static void
begin(struct scene *scene)
{
	past_begin(control_of(scene), history_new(scene->path, &host, scene));
}

/* Another start of the program, as far as the panes go. */
static void
start_again(struct scene *scene)
{
	past_end(control_of(scene));
	settle(scene);
	typist_free(scene->typist);
	scene->typist = typist_new(60, 20);
	begin(scene);
}

/* Messages of a life before this one. */
static void
fill_file(struct scene *scene, uint64_t peer, unsigned count)
{
	struct history_store *store;
	char why[HISTORY_WHY_ROOM], text[32];

	assert_int_equal(history_store_open(scene->path, &store, why), STATUS_OK);
	assert_int_equal(history_store_begin(store), STATUS_OK);
	for (unsigned i = 1; i <= count; i++) {
		struct history_message message = { .peer = peer, .time_s = 1763000000 };

		snprintf(text, sizeof(text), "line %u.", i);
		message.key = (struct history_key){ i % 2 == 0 ? HISTORY_MINE : HISTORY_THEIRS, 7,
			i };
		message.state = HISTORY_DELIVERED;
		message.text = bytes_of_string(text);
		assert_int_equal(history_store_put(store, &message), STATUS_OK);
	}
	assert_int_equal(history_store_set_name(store, peer, bytes_of_string("bob")), STATUS_OK);
	assert_int_equal(history_store_commit(store), STATUS_OK);
	history_store_close(store);
}

static void
talk(struct scene *scene)
{
	incoming_on_up(control_of(scene), BOB, bytes_of_string("bob"), CHAT_TRUST_SEALED, 3);
	model_show(scene->typist->model, pane_chat(BOB));
	turn(scene);
}

static void
press(struct scene *scene, const char *key)
{
	typist_type(scene->typist, key);
	turn(scene);
}

static bool
sees(struct scene *scene, const char *text)
{
	return strstr(typist_screen(scene->typist), text) != NULL;
}

static void
expect(struct scene *scene, const char *text)
{
	if (!sees(scene, text))
		fail_msg("no \"%s\" in\n%s", text, typist_screen(scene->typist));
}

static const struct transcript *
transcript_of(struct scene *scene)
{
	return &model_chat(scene->typist->model, BOB)->transcript;
}

static void
press_until(struct scene *scene, const char *key, const char *text)
{
	for (int i = 0; i < MOST_TURNS && !sees(scene, text); i++)
		press(scene, key);
	expect(scene, text);
}

/* The order on the screen and in the window: numbers that only grow, by one. */
static void
check_window(struct scene *scene)
{
	const struct transcript *transcript = transcript_of(scene);
	unsigned before = 0, number;

	assert_in_range(transcript->count, 1, TRANSCRIPT_MOST);
	for (size_t i = 0; i < transcript->count; i++) {
		if (sscanf(transcript_at(transcript, i)->text, "line %u.", &number) != 1)
			continue;
		if (before > 0)
			assert_int_equal(number, before + 1);
		before = number;
	}
}

/* --- tests -------------------------------------------------------------------------------- */

static void
a_session_shows_what_was_said_last(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	talk(scene);
	incoming_on_message(control_of(scene), BOB, bytes_of_string("did it rain?"));
	typist_enter(scene->typist, "all night");
	incoming_on_delivery(
	    control_of(scene), BOB, transcript_of(scene)->next_id - 1, DELIVERY_DELIVERED);
	typist_enter(scene->typist, "and you?");
	start_again(scene);
	talk(scene);
	expect(scene, "bob   did it rain?");
	expect(scene, "alice all night");
	expect(scene, "delivered");
	expect(scene, "today");
	/* Nobody knows what became of the last one. */
	expect(scene, "failed");
	assert_int_equal(transcript_of(scene)->unread, 0);
	/* Once each, also in a pane that is opened anew. */
	typist_enter(scene->typist, "/close");
	talk(scene);
	assert_int_equal(transcript_of(scene)->count, 4);
	expect(scene, "alice and you?");
}

static void
what_is_lost_with_the_session_stays_failed(void **state)
{
	struct scene *scene = *state;
	uint64_t id;

	begin(scene);
	talk(scene);
	typist_enter(scene->typist, "one");
	id = transcript_of(scene)->next_id - 1;
	incoming_on_down(control_of(scene), BOB, CHAT_ROAD_LOST, "The connection broke.");
	/* Too late: but if it is known, it is true. */
	turn(scene);
	start_again(scene);
	talk(scene);
	expect(scene, "failed");
	assert_null(strstr(typist_screen(scene->typist), "queued"));
	assert_false(transcript_set_delivery(
	    model_change_transcript(scene->typist->model, pane_chat(BOB)), id, DELIVERY_READ));
}

static void
page_up_goes_back_without_end_in_bounded_memory(void **state)
{
	struct scene *scene = *state;

	fill_file(scene, BOB, 5000);
	begin(scene);
	talk(scene);
	expect(scene, "line 5000.");
	assert_in_range(transcript_of(scene)->count, 1, 300);
	for (int i = 0; i < MOST_TURNS && !sees(scene, "line 1."); i++) {
		press(scene, PAGE_UP);
		check_window(scene);
	}
	expect(scene, "line 1.");
	assert_true(transcript_of(scene)->has_newer);
	assert_false(transcript_of(scene)->has_older);
	/* And forward again, page by page. */
	for (int i = 0; i < MOST_TURNS && !sees(scene, "line 5000."); i++) {
		press(scene, PAGE_DOWN);
		check_window(scene);
	}
	expect(scene, "line 5000.");
	assert_false(transcript_of(scene)->has_newer);
}

/* A reader who turns page after page sees every line. */
static void
no_line_is_skipped_on_the_way(void **state)
{
	struct scene *scene = *state;
	unsigned next = 1;
	char text[32];

	fill_file(scene, BOB, 3000);
	begin(scene);
	talk(scene);
	press_until(scene, PAGE_UP, "line 1.");
	while (next <= 3000) {
		unsigned before = next;

		for (snprintf(text, sizeof(text), "line %u.", next); sees(scene, text);
		     snprintf(text, sizeof(text), "line %u.", next))
			next++;
		if (next == before)
			fail_msg("line %u is not in\n%s", next, typist_screen(scene->typist));
		press(scene, PAGE_DOWN);
	}
}

static void
go_far_up(struct scene *scene)
{
	fill_file(scene, BOB, 3000);
	begin(scene);
	talk(scene);
	press_until(scene, PAGE_UP, "line 1.");
	assert_true(transcript_of(scene)->has_newer);
}

static void
what_comes_while_one_reads_far_above_waits(void **state)
{
	struct scene *scene = *state;

	go_far_up(scene);
	incoming_on_message(control_of(scene), BOB, bytes_of_string("news"));
	turn(scene);
	expect(scene, "line 1.");
	assert_int_equal(transcript_of(scene)->unread, 1);
	press(scene, ESC);
	expect(scene, "bob   news");
	expect(scene, "line 3000.");
	assert_int_equal(transcript_of(scene)->unread, 0);
	assert_false(transcript_of(scene)->has_newer);
}

static void
what_comes_while_a_page_is_loaded_is_not_lost(void **state)
{
	struct scene *scene = *state;

	go_far_up(scene);
	for (int i = 0; i < MOST_TURNS && !sees(scene, "line 2990."); i++) {
		typist_type(scene->typist, PAGE_DOWN);
		settle(scene);
		past_turn(control_of(scene));
		/* In between of the question and its answer. */
		incoming_on_message(control_of(scene), BOB, bytes_of_string("meanwhile"));
	}
	press_until(scene, PAGE_DOWN, "bob   meanwhile");
	for (int i = 0; i < MOST_TURNS && transcript_of(scene)->has_newer; i++)
		press(scene, PAGE_DOWN);
	assert_false(transcript_of(scene)->has_newer);
	check_window(scene);
	incoming_on_message(control_of(scene), BOB, bytes_of_string("the very last"));
	press(scene, ESC);
	expect(scene, "bob   the very last");
}

static void
what_is_typed_far_above_leads_to_the_end(void **state)
{
	struct scene *scene = *state;
	uint64_t first;

	go_far_up(scene);
	typist_enter(scene->typist, "I remember");
	first = transcript_of(scene)->next_id - 1;
	turn(scene);
	expect(scene, "alice I remember");
	expect(scene, "line 3000.");
	/* It is still known by its id, and so is the next one. */
	typist_enter(scene->typist, "that rain");
	incoming_on_delivery(control_of(scene), BOB, first, DELIVERY_DELIVERED);
	turn(scene);
	start_again(scene);
	talk(scene);
	expect(scene, "alice I remember");
	expect(scene, "alice that rain");
	expect(scene, "delivered");
}

static void
a_pane_of_somebody_else_has_their_words_only(void **state)
{
	struct scene *scene = *state;

	fill_file(scene, CAROL, 10);
	begin(scene);
	talk(scene);
	assert_false(sees(scene, "line 1"));
	assert_false(transcript_of(scene)->has_older);
}

static void
nothing_is_kept_when_it_is_off(void **state)
{
	struct scene *scene = *state;

	talk(scene);
	typist_enter(scene->typist, "hello");
	incoming_on_message(control_of(scene), BOB, bytes_of_string("hi"));
	press(scene, PAGE_UP);
	typist_enter(scene->typist, "/history");
	assert_non_null(strstr(typist_last(scene->typist), "Nothing is kept"));
	typist_enter(scene->typist, "/search hello");
	assert_non_null(strstr(typist_last(scene->typist), "Nothing is kept"));
	assert_int_equal(access(scene->path, F_OK), -1);
}

static void
a_file_that_cannot_be_used_stops_nobody(void **state)
{
	struct scene *scene = *state;

	tmpdir_write(
	    scene->folder, "a.history", "no database at all, but a text of some length ...");
	begin(scene);
	talk(scene);
	assert_non_null(strstr(scene->trouble, "damaged"));
	typist_enter(scene->typist, "hello");
	incoming_on_message(control_of(scene), BOB, bytes_of_string("hi"));
	press(scene, PAGE_UP);
	press(scene, ESC);
	expect(scene, "alice hello");
	expect(scene, "bob   hi");
}

static void
a_page_that_comes_too_late_is_dropped(void **state)
{
	struct scene *scene = *state;

	go_far_up(scene);
	/* A page back is on its way when the reader goes to the end. */
	for (int i = 0; i < MOST_TURNS && scene->work == NULL; i++) {
		typist_type(scene->typist, PAGE_DOWN);
		past_turn(control_of(scene));
	}
	assert_non_null(scene->work);
	press(scene, ESC);
	expect(scene, "line 3000.");
	check_window(scene);
	press_until(scene, PAGE_UP, "line 1500.");
	check_window(scene);
}

/* --- commands ----------------------------------------------------------------------------- */

static const char *
enter(struct scene *scene, const char *line)
{
	typist_enter(scene->typist, line);
	turn(scene);
	return typist_last(scene->typist);
}

static void
search_finds_here_or_everywhere(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	assert_string_equal(enter(scene, "/search rain"), "No message with \"rain\".");
	talk(scene);
	incoming_on_message(control_of(scene), BOB, bytes_of_string("上海下雨了"));
	typist_enter(scene->typist, "rainy days,\nagain");
	assert_string_equal(
	    enter(scene, "/search 下雨"), "1 message with \"下雨\":\ntoday 14:02  bob: 上海下雨了");
	assert_non_null(strstr(enter(scene, "/search rain days"), "alice: rainy days"));
	assert_string_equal(
	    enter(scene, "/search --"), "There is no letter, digit or sign in that to search for.");
	model_open_chat(scene->typist->model, CAROL, bytes_of_string("carol"));
	model_show(scene->typist->model, pane_chat(CAROL));
	assert_string_equal(enter(scene, "/search 下雨"), "No message with \"下雨\".");
	model_show(scene->typist->model, pane_home());
	assert_non_null(strstr(enter(scene, "/search 下雨"), "bob: 上海下雨了"));
}

static void
history_lists_and_shows(void **state)
{
	struct scene *scene = *state;

	begin(scene);
	assert_string_equal(enter(scene, "/history"), "Nothing was said yet.");
	past_end(control_of(scene));
	settle(scene);
	fill_file(scene, BOB, 3);
	begin(scene);
	assert_non_null(strstr(enter(scene, "/history"), "\nbob (11): 3 messages, the last "));
	assert_non_null(strstr(typist_last(scene->typist), ", 2 not read"));
	assert_non_null(strstr(
	    enter(scene, "/history carol"), "Nothing that was said with carol is kept here."));
	assert_non_null(strstr(enter(scene, "/history bob carol"), "usage: /history"));
	enter(scene, "/history BOB");
	expect(scene, "line 3.");
	/* Seen is read. */
	model_show(scene->typist->model, pane_home());
	assert_null(strstr(enter(scene, "/history"), "not read"));
	enter(scene, "/history 11");
	assert_int_equal(model_shown_chat(scene->typist->model)->uid, BOB);
}

static void
history_exports(void **state)
{
	struct scene *scene = *state;
	char *line = mem_format("/history export %s/all of it.json", scene->folder), *text;

	fill_file(scene, BOB, 3);
	begin(scene);
	assert_non_null(strstr(enter(scene, line), "3 messages are in "));
	text = tmpdir_read(scene->folder, "all of it.json");
	assert_non_null(strstr(
	    text, "\"from\":\"alice\",\"mine\":true,\"state\":\"delivered\",\"text\":\"line 2.\""));
	free(text);
	assert_non_null(strstr(enter(scene, line), "File exists"));
	free(line);
}

static void
two_of_one_name_are_told_apart(void **state)
{
	struct scene *scene = *state;

	fill_file(scene, BOB, 1);
	fill_file(scene, CAROL, 1); /* she is called bob, too */
	begin(scene);
	assert_non_null(strstr(enter(scene, "/history bob"), "several by the name of bob"));
	enter(scene, "/history 12");
	assert_int_equal(model_shown_chat(scene->typist->model)->uid, CAROL);
}

static void
answers_that_come_when_nobody_waits_any_more(void **state)
{
	struct scene *scene = *state;

	fill_file(scene, BOB, 300);
	begin(scene);
	incoming_on_up(control_of(scene), BOB, bytes_of_string("bob"), CHAT_TRUST_SEALED, 3);
	model_show(scene->typist->model, pane_chat(BOB));
	past_turn(control_of(scene));
	assert_true(control_is_busy(control_of(scene)));
	/* The pane goes while its page is on the way. */
	typist_enter(scene->typist, "/close");
	turn(scene);
	assert_false(control_is_busy(control_of(scene)));
	/* And so does the whole history. */
	typist_enter(scene->typist, "/history");
	past_end(control_of(scene));
	assert_false(control_is_busy(control_of(scene)));
	settle(scene);
}

#define ON_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SCENE(a_session_shows_what_was_said_last),
		ON_SCENE(what_is_lost_with_the_session_stays_failed),
		ON_SCENE(page_up_goes_back_without_end_in_bounded_memory),
		ON_SCENE(no_line_is_skipped_on_the_way),
		ON_SCENE(what_comes_while_one_reads_far_above_waits),
		ON_SCENE(what_comes_while_a_page_is_loaded_is_not_lost),
		ON_SCENE(what_is_typed_far_above_leads_to_the_end),
		ON_SCENE(a_pane_of_somebody_else_has_their_words_only),
		ON_SCENE(nothing_is_kept_when_it_is_off),
		ON_SCENE(a_file_that_cannot_be_used_stops_nobody),
		ON_SCENE(a_page_that_comes_too_late_is_dropped),
		ON_SCENE(search_finds_here_or_everywhere),
		ON_SCENE(history_lists_and_shows),
		ON_SCENE(history_exports),
		ON_SCENE(two_of_one_name_are_told_apart),
		ON_SCENE(answers_that_come_when_nobody_waits_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
