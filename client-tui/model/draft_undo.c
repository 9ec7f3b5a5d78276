/* SPDX-License-Identifier: ISC */
/*
 * Undo: every change is kept with what it removed and what it put in, the newest 200 of them and at
 * most 256 KiB.
 */

#include "client-tui/model/draft_inside.h"

#include <stdlib.h>

#include "shared/mem.h"

enum {
	EDITS_MOST = 200,
	EDIT_BYTES_MOST = 256 * 1024,
};

static size_t
bytes_in(const struct draft_edit *edit)
{
	return edit->removed_len + edit->inserted_len;
}

static void
free_edit(struct draft *draft, struct draft_edit *edit)
{
	draft->edit_bytes -= bytes_in(edit);
	draft_free_text(edit->removed, edit->removed_len);
	draft_free_text(edit->inserted, edit->inserted_len);
}

static void
forget_redo(struct draft *draft)
{
	while (draft->edit_count > draft->edit_done)
		free_edit(draft, &draft->edits[--draft->edit_count]);
}

static void
forget_oldest(struct draft *draft)
{
	free_edit(draft, &draft->edits[0]);
	draft->edit_count--;
	draft->edit_done--;
	memmove(draft->edits, draft->edits + 1, draft->edit_count * sizeof(draft->edits[0]));
}

void
draft_forget_edits(struct draft *draft)
{
	draft->edit_done = 0;
	forget_redo(draft);
	free(draft->edits);
	draft->edits = NULL;
}

/* Typing goes on where the last change ended. */
static bool
join(struct draft *draft, size_t at, size_t removed_len, struct bytes clean)
{
	struct draft_edit *last = draft->edit_done > 0 ? &draft->edits[draft->edit_done - 1] : NULL;
	char *joined;

	if (draft->act != DRAFT_ACT_TYPE || last == NULL || removed_len > 0 ||
	    last->at + last->inserted_len != at)
		return false;
	joined = mem_new(last->inserted_len + clean.len + 1);
	memcpy(joined, last->inserted, last->inserted_len);
	memcpy(joined + last->inserted_len, clean.data, clean.len);
	draft_free_text(last->inserted, last->inserted_len);
	last->inserted = joined;
	last->inserted_len += clean.len;
	draft->edit_bytes += clean.len;
	return true;
}

static void
record(struct draft *draft, size_t at, size_t end, struct bytes clean)
{
	struct draft_edit *edit;

	forget_redo(draft);
	if (join(draft, at, end - at, clean))
		return;
	if (draft->edits == NULL)
		draft->edits = mem_new_array(EDITS_MOST, sizeof(draft->edits[0]));
	if (draft->edit_count == EDITS_MOST)
		forget_oldest(draft);
	edit = &draft->edits[draft->edit_count++];
	*edit = (struct draft_edit){ .at = at,
		.cursor = draft->cursor,
		.removed_len = end - at,
		.inserted_len = clean.len };
	edit->removed = mem_string_of(bytes_of(draft->text + at, end - at));
	edit->inserted = mem_string_of(clean);
	draft->edit_bytes += bytes_in(edit);
	draft->edit_done = draft->edit_count;
	while (draft->edit_bytes > EDIT_BYTES_MOST)
		forget_oldest(draft);
}

enum status
draft_replace(struct draft *draft, size_t at, size_t end, struct bytes clean)
{
	if (draft->len - (end - at) + clean.len > draft->most) {
		draft->is_full = true;
		return STATUS_TOO_LONG;
	}
	if (at == end && clean.len == 0)
		return STATUS_OK;
	record(draft, at, end, clean);
	draft_splice(draft, at, end, clean);
	return STATUS_OK;
}

bool
draft_undo(struct draft *draft)
{
	const struct draft_edit *edit;

	draft_begin(draft, DRAFT_ACT_OTHER);
	if (draft->edit_done == 0)
		return false;
	edit = &draft->edits[--draft->edit_done];
	draft_splice(draft, edit->at, edit->at + edit->inserted_len,
	    bytes_of(edit->removed, edit->removed_len));
	draft->cursor = edit->cursor;
	return true;
}

bool
draft_redo(struct draft *draft)
{
	const struct draft_edit *edit;

	draft_begin(draft, DRAFT_ACT_OTHER);
	if (draft->edit_done == draft->edit_count)
		return false;
	edit = &draft->edits[draft->edit_done++];
	draft_splice(draft, edit->at, edit->at + edit->removed_len,
	    bytes_of(edit->inserted, edit->inserted_len));
	return true;
}
