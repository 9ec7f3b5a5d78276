/* SPDX-License-Identifier: ISC */
/* What the files of the draft share: changing its text, and saying what is being done. */

#ifndef CLIENT_MODEL_DRAFT_INSIDE_H
#define CLIENT_MODEL_DRAFT_INSIDE_H

#include "client-tui/model/draft.h"

/* One change of the text: "removed" stood where "inserted" stands now. */
struct draft_edit {
	size_t at, cursor; /* the cursor before it */
	char *removed, *inserted;
	size_t removed_len, inserted_len;
};

/* Every public function that does something says first what it is. */
void draft_begin(struct draft *draft, enum draft_act act);

/*
 * Puts clean text in the place of the bytes from "at" to "end" and the cursor behind it, to be
 * undone as one change. STATUS_TOO_LONG, and nothing happens, when it does not fit.
 */
enum status draft_replace(struct draft *draft, size_t at, size_t end, struct bytes clean);

/* The bare change, without a word to undo; "clean" fits, and is not part of the draft. */
void draft_splice(struct draft *draft, size_t at, size_t end, struct bytes clean);

/*
 * Frees a copy of what was written, and wipes it: it may be a password, also in a line where none
 * belongs. NULL is fine.
 */
void draft_free_text(char *text, size_t len);

/* Undo and redo forget. */
void draft_forget_edits(struct draft *draft);

/* Where the cluster ends that starts at "at" (at < len), or starts that ends at "at" (at > 0). */
size_t draft_after(const struct draft *draft, size_t at);
size_t draft_before(const struct draft *draft, size_t at);

/* The ends of the line that "at" is in. */
size_t draft_line_start(const struct draft *draft, size_t at);
size_t draft_line_end(const struct draft *draft, size_t at);

/* The ends of the word to the right or left. */
size_t draft_word_after(const struct draft *draft, size_t at);
size_t draft_word_before(const struct draft *draft, size_t at);

#endif
