/* SPDX-License-Identifier: ISC */
/* The cursor of a draft: by clusters, words and lines. */

#include "client-tui/model/draft_inside.h"

#include "client-tui/model/text.h"

size_t
draft_after(const struct draft *draft, size_t at)
{
	return at + text_cluster_first(bytes_from(draft_bytes(draft), at)).len;
}

size_t
draft_before(const struct draft *draft, size_t at)
{
	return text_cluster_before(draft_bytes(draft), at);
}

size_t
draft_line_start(const struct draft *draft, size_t at)
{
	while (at > 0 && draft->text[at - 1] != '\n')
		at--;
	return at;
}

size_t
draft_line_end(const struct draft *draft, size_t at)
{
	while (at < draft->len && draft->text[at] != '\n')
		at++;
	return at;
}

static bool
is_word_at(const struct draft *draft, size_t at)
{
	return text_is_word(bytes_from(draft_bytes(draft), at));
}

/* A secret is one word: where its words end is nobody's business. */
size_t
draft_word_after(const struct draft *draft, size_t at)
{
	if (draft->kind == DRAFT_SECRET)
		return draft->len;
	while (at < draft->len && !is_word_at(draft, at))
		at = draft_after(draft, at);
	while (at < draft->len && is_word_at(draft, at))
		at = draft_after(draft, at);
	return at;
}

/*
 * Clusters are only known from the start of a line on: going back one by one would walk the line
 * again for each, so the line is walked once, and the last start of a word before "at" remembered.
 */
static bool
last_word_start(const struct draft *draft, size_t from, size_t at, size_t *start)
{
	bool was_word = false, found = false;

	for (size_t i = from; i < at; i = draft_after(draft, i)) {
		bool is_word = is_word_at(draft, i);

		if (is_word && !was_word) {
			*start = i;
			found = true;
		}
		was_word = is_word;
	}
	return found;
}

size_t
draft_word_before(const struct draft *draft, size_t at)
{
	size_t start = 0;

	if (draft->kind == DRAFT_SECRET)
		return 0;
	while (at > 0) {
		size_t line = draft_line_start(draft, at);

		if (last_word_start(draft, line, at, &start))
			return start;
		at = line > 0 ? line - 1 : 0;
	}
	return 0;
}

void
draft_left(struct draft *draft)
{
	draft_begin(draft, DRAFT_ACT_OTHER);
	if (draft->cursor > 0)
		draft->cursor = draft_before(draft, draft->cursor);
}

void
draft_right(struct draft *draft)
{
	draft_begin(draft, DRAFT_ACT_OTHER);
	if (draft->cursor < draft->len)
		draft->cursor = draft_after(draft, draft->cursor);
}

void
draft_word_left(struct draft *draft)
{
	draft_begin(draft, DRAFT_ACT_OTHER);
	draft->cursor = draft_word_before(draft, draft->cursor);
}

void
draft_word_right(struct draft *draft)
{
	draft_begin(draft, DRAFT_ACT_OTHER);
	draft->cursor = draft_word_after(draft, draft->cursor);
}

void
draft_home(struct draft *draft)
{
	size_t start = draft_line_start(draft, draft->cursor);

	draft_begin(draft, DRAFT_ACT_OTHER);
	draft->cursor = start < draft->cursor ? start : 0;
}

void
draft_end(struct draft *draft)
{
	size_t end = draft_line_end(draft, draft->cursor);

	draft_begin(draft, DRAFT_ACT_OTHER);
	draft->cursor = end > draft->cursor ? end : draft->len;
}

size_t
draft_line(const struct draft *draft)
{
	size_t line = 0;

	for (size_t i = 0; i < draft->cursor; i++)
		line += draft->text[i] == '\n';
	return line;
}

size_t
draft_line_count(const struct draft *draft)
{
	size_t lines = 1;

	for (size_t i = 0; i < draft->len; i++)
		lines += draft->text[i] == '\n';
	return lines;
}

static void
keep_column(struct draft *draft)
{
	size_t start = draft_line_start(draft, draft->cursor);

	draft_begin(draft, DRAFT_ACT_CLIMB);
	if (draft->column < 0)
		draft->column = text_width(bytes_of(draft->text + start, draft->cursor - start));
}

static void
go_to_column(struct draft *draft, size_t start)
{
	size_t end = draft_line_end(draft, start);

	draft->cursor = start + text_fit(bytes_of(draft->text + start, end - start), draft->column);
}

bool
draft_up(struct draft *draft)
{
	size_t start = draft_line_start(draft, draft->cursor);

	if (start == 0)
		return false;
	keep_column(draft);
	go_to_column(draft, draft_line_start(draft, start - 1));
	return true;
}

bool
draft_down(struct draft *draft)
{
	size_t end = draft_line_end(draft, draft->cursor);

	if (end == draft->len)
		return false;
	keep_column(draft);
	go_to_column(draft, end + 1);
	return true;
}
