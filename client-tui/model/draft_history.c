/* SPDX-License-Identifier: ISC */
/* The lines entered before: the newest 100 of a draft. */

#include "client-tui/model/draft_inside.h"

#include <stdlib.h>

#include "shared/mem.h"

enum {
	HISTORY_MOST = 100,
};

void
draft_remember(struct draft *draft)
{
	size_t count = draft->history_count;

	if (draft->kind == DRAFT_SECRET || draft->len == 0)
		return;
	if (count > 0 &&
	    bytes_equal(bytes_of_string(draft->history[count - 1]), draft_bytes(draft)))
		return;
	if (draft->history == NULL)
		draft->history = mem_new_array(HISTORY_MOST, sizeof(draft->history[0]));
	if (count == HISTORY_MOST) {
		free(draft->history[0]);
		count--;
		memmove(draft->history, draft->history + 1, count * sizeof(draft->history[0]));
	}
	draft->history[count] = mem_string_of(draft_bytes(draft));
	draft->history_count = count + 1;
	draft->history_at = draft->history_count;
}

static void
show(struct draft *draft, size_t position)
{
	bool is_old = position < draft->history_count;
	const char *text = is_old ? draft->history[position] : draft->unsent;

	/* A change like any other: what was edited in a line of the history comes back by undo. */
	draft_begin(draft, DRAFT_ACT_OTHER);
	draft_replace(draft, 0, draft->len, bytes_of_string(text));
	draft->history_at = position;
}

bool
draft_older(struct draft *draft)
{
	if (draft->history_at == 0)
		return false;
	if (draft->history_at == draft->history_count) {
		mem_free_secret(draft->unsent);
		draft->unsent = mem_string_of(draft_bytes(draft));
	}
	show(draft, draft->history_at - 1);
	return true;
}

bool
draft_newer(struct draft *draft)
{
	if (draft->history_at == draft->history_count)
		return false;
	show(draft, draft->history_at + 1);
	return true;
}
