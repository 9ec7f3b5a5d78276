/* SPDX-License-Identifier: ISC */
/*
 * What a frame costs: a client with 2000 messages in its chat is drawn at 200x60, at its end and in
 * the middle; 2000 messages come in at once and are drawn as one frame; a key is typed into an
 * empty and into a full input line; a message of 16 384 bytes is at the end. Prints the median and
 * the slowest of many rounds, and what the process holds.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "client-tui/model/text.h"
#include "client-tui/view/view.h"
#include "shared/clock.h"
#include "shared/mem.h"

enum {
	COLUMNS = 200,
	ROWS = 60,
	MESSAGES = 2000,
	ROUNDS = 301,
	START = 1795200000,
};

struct bench {
	struct model *model;
	struct canvas canvas;
	uint64_t times[ROUNDS];
};

static int
compare(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void
report(struct bench *bench, const char *what, size_t rounds)
{
	qsort(bench->times, rounds, sizeof(bench->times[0]), compare);
	printf("%-44s median %6llu us   slowest %6llu us\n", what,
	    (unsigned long long)bench->times[rounds / 2],
	    (unsigned long long)bench->times[rounds - 1]);
}

static void
draw(struct bench *bench)
{
	canvas_resize(&bench->canvas, COLUMNS, ROWS);
	view_draw(bench->model, &bench->canvas);
}

static void
add_messages(struct bench *bench, int count)
{
	char text[160];

	for (int i = 0; i < count; i++) {
		snprintf(text, sizeof(text),
		    "message %d: 听雨 some words that are long enough to be wrapped once on most "
		    "screens, as messages of people are",
		    i);
		model_add_theirs(bench->model, 11, START + (uint64_t)i * 30, bytes_of_string(text));
	}
}

static void
measure_frames(struct bench *bench, const char *what)
{
	for (size_t i = 0; i < ROUNDS; i++) {
		uint64_t before = clock_monotonic_us();

		draw(bench);
		bench->times[i] = clock_monotonic_us() - before;
	}
	report(bench, what, ROUNDS);
}

static void
measure_burst(struct bench *bench)
{
	enum { BURSTS = 21 };

	for (size_t i = 0; i < BURSTS; i++) {
		uint64_t before = clock_monotonic_us();

		add_messages(bench, MESSAGES);
		draw(bench);
		bench->times[i] = clock_monotonic_us() - before;
	}
	report(bench, "2000 messages and one frame", BURSTS);
}

static void
measure_keys(struct bench *bench, const char *what)
{
	for (size_t i = 0; i < ROUNDS; i++) {
		uint64_t before = clock_monotonic_us();

		draft_type(model_change_draft(bench->model), bytes_of_string("x"));
		draw(bench);
		bench->times[i] = clock_monotonic_us() - before;
		draft_backspace(model_change_draft(bench->model));
	}
	report(bench, what, ROUNDS);
}

static void
measure_scrolling(struct bench *bench)
{
	struct transcript *transcript = model_change_transcript(bench->model, pane_chat(11));

	for (size_t i = 0; i < ROUNDS; i++) {
		int page = view_page(bench->model, COLUMNS, ROWS);
		uint64_t before = clock_monotonic_us();

		transcript_scroll(transcript,
		    view_scroll(bench->model, COLUMNS, ROWS, i % 60 < 30 ? -page : page));
		draw(bench);
		bench->times[i] = clock_monotonic_us() - before;
	}
	report(bench, "a page up or down and its frame", ROUNDS);
	transcript_scroll(transcript, view_scroll(bench->model, COLUMNS, ROWS, -MESSAGES));
}

static void
fill(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		text[i] = i % 7 == 6 ? ' ' : 'w';
}

int
main(void)
{
	struct bench bench = { .model = model_new() };
	char *large = mem_new(TEXT_MESSAGE_MAX + 1);
	struct rusage usage;

	canvas_init(&bench.canvas);
	fill(large, TEXT_MESSAGE_MAX);
	model_set_now(bench.model, START + 70000);
	me_sign_in(model_change_me(bench.model), 15, bytes_of_string("alice"));
	model_open_chat(bench.model, 11, bytes_of_string("bob"));
	model_show(bench.model, pane_chat(11));
	measure_burst(&bench);
	measure_frames(&bench, "a frame, 2000 messages, at the end");
	measure_keys(&bench, "a key and its frame");
	measure_scrolling(&bench);
	measure_frames(&bench, "a frame, 2000 messages, in the middle");
	model_add_mine(bench.model, 11, START + 70000, bytes_of_string(large));
	measure_frames(&bench, "a frame, 16 384 bytes in the last message");
	draft_paste(model_change_draft(bench.model), bytes_of(large, TEXT_MESSAGE_MAX - 1));
	measure_keys(&bench, "a key and its frame, 16 384 bytes of draft");
	getrusage(RUSAGE_SELF, &usage);
	printf("%-44s %ld KiB\n", "most memory the process held", usage.ru_maxrss);
	canvas_clear(&bench.canvas);
	model_free(bench.model);
	free(large);
	return 0;
}
