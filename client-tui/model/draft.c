/* SPDX-License-Identifier: ISC */
#include "client-tui/model/draft.h"

#include <assert.h>
#include <stdlib.h>

#include "client-tui/model/draft_inside.h"
#include "client-tui/model/text.h"
#include "shared/mem.h"

enum {
	ROOM_FIRST = 64,
};

void
draft_init(struct draft *draft, struct draft_clip *clip, size_t most, enum draft_kind kind)
{
	*draft = (struct draft){ .clip = clip, .most = most, .kind = kind, .column = -1 };
	draft->room = ROOM_FIRST;
	draft->text = mem_new(draft->room);
}

void
draft_free_text(char *text, size_t len)
{
	if (text != NULL)
		mem_wipe(text, len);
	free(text);
}

void
draft_clear(struct draft *draft)
{
	draft_forget_edits(draft);
	draft_free_text(draft->text, draft->room);
	for (size_t i = 0; i < draft->history_count; i++)
		free(draft->history[i]);
	free(draft->history);
	mem_free_secret(draft->unsent);
	*draft = (struct draft){ .column = -1 };
}

void
draft_clip_clear(struct draft_clip *clip)
{
	draft_free_text(clip->text, clip->len);
	*clip = (struct draft_clip){ .len = 0 };
}

struct bytes
draft_bytes(const struct draft *draft)
{
	return bytes_of(draft->text, draft->len);
}

bool
draft_is_empty(const struct draft *draft)
{
	return draft->len == 0;
}

void
draft_begin(struct draft *draft, enum draft_act act)
{
	if (act != DRAFT_ACT_CLIMB)
		draft->column = -1;
	draft->act = act;
	draft->is_full = false;
}

/*
 * A secret leaves no copy behind when its text moves to a larger place, which realloc(3) would do.
 */
static void
make_room(struct draft *draft, size_t len)
{
	size_t room = draft->room;
	char *larger;

	if (len < room)
		return;
	while (room <= len)
		room *= 2;
	larger = mem_new(room);
	memcpy(larger, draft->text, draft->len + 1);
	draft_free_text(draft->text, draft->room);
	draft->text = larger;
	draft->room = room;
}

void
draft_splice(struct draft *draft, size_t at, size_t end, struct bytes clean)
{
	size_t len = draft->len - (end - at) + clean.len;

	assert(at <= end && end <= draft->len);
	make_room(draft, len);
	memmove(draft->text + at + clean.len, draft->text + end, draft->len - end + 1);
	if (clean.len > 0)
		memcpy(draft->text + at, clean.data, clean.len);
	draft->len = len;
	mem_wipe(draft->text + len, draft->room - len);

	/* What was put in may have grown together with what stands behind it. */
	draft->cursor = at + clean.len;
	if (draft->cursor > 0 && draft->cursor < len)
		draft->cursor = draft_after(draft, draft_before(draft, draft->cursor));
}

/* Clean text as this draft can hold it. */
static size_t
flatten(const struct draft *draft, char *text, size_t len)
{
	if (draft->kind == DRAFT_TEXT)
		return len;
	while (len > 0 && text[len - 1] == '\n')
		len--;
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\n' || text[i] == '\t')
			text[i] = ' ';
	return len;
}

static enum status
insert(struct draft *draft, size_t at, size_t end, struct bytes foreign)
{
	size_t all, len;
	char *clean = text_clean(foreign, &all);
	enum status status;

	len = flatten(draft, clean, all);
	status = draft_replace(draft, at, end, bytes_of(clean, len));
	draft_free_text(clean, all);
	return status;
}

/* Undone together is a word with the blanks behind it. */
static bool
starts_word(const struct draft *draft, struct bytes typed)
{
	return draft->cursor > 0 && typed.len > 0 && !text_is_blank(typed) &&
	    text_is_blank(bytes_from(draft_bytes(draft), draft_before(draft, draft->cursor)));
}

enum status
draft_type(struct draft *draft, struct bytes typed)
{
	bool goes_on = draft->act == DRAFT_ACT_TYPE && !starts_word(draft, typed);
	enum status status;

	draft_begin(draft, goes_on ? DRAFT_ACT_TYPE : DRAFT_ACT_OTHER);
	status = insert(draft, draft->cursor, draft->cursor, typed);
	draft->act = DRAFT_ACT_TYPE;
	return status;
}

enum status
draft_paste(struct draft *draft, struct bytes pasted)
{
	draft_begin(draft, DRAFT_ACT_OTHER);
	return insert(draft, draft->cursor, draft->cursor, pasted);
}

enum status
draft_set(struct draft *draft, struct bytes text)
{
	draft_begin(draft, DRAFT_ACT_OTHER);
	return insert(draft, 0, draft->len, text);
}

void
draft_reset(struct draft *draft)
{
	draft_begin(draft, DRAFT_ACT_OTHER);
	draft_forget_edits(draft);
	draft_free_text(draft->text, draft->room);
	draft->room = ROOM_FIRST;
	draft->text = mem_new(draft->room);
	draft->len = draft->cursor = 0;
	mem_free_secret(draft->unsent);
	draft->unsent = NULL;
	draft->history_at = draft->history_count;
}

/* Takes a part out; the cursor goes where it was. */
static void
take_out(struct draft *draft, size_t at, size_t end)
{
	enum status status = draft_replace(draft, at, end, bytes_of(NULL, 0));

	assert(status == STATUS_OK);
	(void)status;
}

void
draft_backspace(struct draft *draft)
{
	draft_begin(draft, DRAFT_ACT_OTHER);
	if (draft->cursor > 0)
		take_out(draft, draft_before(draft, draft->cursor), draft->cursor);
}

void
draft_delete(struct draft *draft)
{
	draft_begin(draft, DRAFT_ACT_OTHER);
	if (draft->cursor < draft->len)
		take_out(draft, draft->cursor, draft_after(draft, draft->cursor));
}

void
draft_transpose(struct draft *draft)
{
	size_t middle = draft->cursor, start, end;
	char *swapped;

	draft_begin(draft, DRAFT_ACT_OTHER);
	if (middle == draft->len && middle > 0)
		middle = draft_before(draft, middle);
	if (middle == 0)
		return;
	start = draft_before(draft, middle);
	end = draft_after(draft, middle);
	swapped = mem_new(end - start + 1);
	memcpy(swapped, draft->text + middle, end - middle);
	memcpy(swapped + (end - middle), draft->text + start, middle - start);
	draft_replace(draft, start, end, bytes_of(swapped, end - start));
	draft_free_text(swapped, end - start);
}

/*
 * Adds to the clip in front or behind when the last thing done was a kill too, begins it anew
 * otherwise.
 */
static void
clip_add(struct draft *draft, struct bytes killed, bool in_front)
{
	struct draft_clip *clip = draft->clip;
	size_t kept;
	char *text;
	bool goes_on;

	if (clip == NULL || draft->kind == DRAFT_SECRET || killed.len == 0)
		return;
	goes_on = draft->act == DRAFT_ACT_KILL && clip->len + killed.len <= TEXT_MESSAGE_MAX;
	kept = goes_on ? clip->len : 0;
	text = mem_new(kept + killed.len + 1);
	if (kept > 0)
		memcpy(text + (in_front ? killed.len : 0), clip->text, kept);
	memcpy(text + (in_front ? 0 : kept), killed.data, killed.len);
	draft_free_text(clip->text, clip->len);
	clip->text = text;
	clip->len = kept + killed.len;
}

static void
kill_range(struct draft *draft, size_t at, size_t end)
{
	clip_add(draft, bytes_of(draft->text + at, end - at), end == draft->cursor);
	draft_begin(draft, DRAFT_ACT_KILL);
	take_out(draft, at, end);
}

void
draft_kill_end(struct draft *draft)
{
	size_t end = draft_line_end(draft, draft->cursor);

	if (end == draft->cursor && end < draft->len)
		end++;
	kill_range(draft, draft->cursor, end);
}

void
draft_kill_start(struct draft *draft)
{
	size_t start = draft_line_start(draft, draft->cursor);

	if (start == draft->cursor && start > 0)
		start--;
	kill_range(draft, start, draft->cursor);
}

void
draft_kill_all(struct draft *draft)
{
	kill_range(draft, 0, draft->len);
}

void
draft_kill_word(struct draft *draft)
{
	kill_range(draft, draft->cursor, draft_word_after(draft, draft->cursor));
}

void
draft_kill_word_back(struct draft *draft)
{
	kill_range(draft, draft_word_before(draft, draft->cursor), draft->cursor);
}

enum status
draft_yank(struct draft *draft)
{
	draft_begin(draft, DRAFT_ACT_OTHER);
	if (draft->clip == NULL || draft->clip->len == 0)
		return STATUS_OK;
	return insert(draft, draft->cursor, draft->cursor, bytes_of(draft->clip->text,
	    draft->clip->len));
}
