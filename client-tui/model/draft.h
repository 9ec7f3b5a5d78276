/* SPDX-License-Identifier: ISC */
/*
 * A line editor as a value: text of one or several lines, a cursor that always stands between
 * grapheme clusters, undo and redo, killed text, and the lines entered before. What is put in is
 * cleaned first (text_clean), so it can be drawn and sent as it is.
 */

#ifndef CLIENT_MODEL_DRAFT_H
#define CLIENT_MODEL_DRAFT_H

#include <stdbool.h>

#include "shared/bytes.h"
#include "shared/status.h"

enum draft_kind {
	DRAFT_TEXT,   /* several lines */
	DRAFT_LINE,   /* line breaks and tabs become blanks, but not at its end */
	DRAFT_SECRET, /* a line as well: drawn as dots, not in clip or history, wiped */
};

/* The text that was killed last; drafts share one, so that text moves from pane to pane. */
struct draft_clip {
	char *text;
	size_t len;
};

enum draft_act {
	DRAFT_ACT_OTHER,
	DRAFT_ACT_TYPE,
	DRAFT_ACT_KILL,
	DRAFT_ACT_CLIMB, /* Up, Down */
};

struct draft_edit;

struct draft {
	/*
	 * To be read; only the functions below write. Clean UTF-8 with an end mark, never NULL
	 * after draft_init.
	 */
	char *text;
	size_t len;
	size_t cursor;	 /* in bytes, between clusters */
	size_t most;	 /* bytes allowed */
	enum draft_kind kind;
	bool is_full;	 /* the last thing put in was refused: too long; until the next change */

	/* Inside. */
	size_t room;
	/* where Up and Down want to be; -1 when the cursor was moved otherwise */
	int column;
	/* the last thing done: kills add to one another, typing is undone together */
	enum draft_act act;
	struct draft_clip *clip;
	struct draft_edit *edits; /* undo up to "done", redo beyond */
	size_t edit_count, edit_done, edit_bytes;
	char **history;
	size_t history_count;
	size_t history_at; /* history_count: not in the history */
	char *unsent;	   /* what stood there before the history was looked at */
};

/* "clip" outlives the draft. At most "most" bytes, TEXT_MESSAGE_MAX for messages. */
void draft_init(struct draft *draft, struct draft_clip *clip, size_t most, enum draft_kind kind);

/* Frees what it holds; a secret is wiped. */
void draft_clear(struct draft *draft);

void draft_clip_clear(struct draft_clip *clip);

struct bytes draft_bytes(const struct draft *draft);
bool draft_is_empty(const struct draft *draft);

/* The line the cursor is in, counted from 0, and how many there are (at least 1). */
size_t draft_line(const struct draft *draft);
size_t draft_line_count(const struct draft *draft);

/*
 * What was typed, or pasted, at the cursor: all of it as one change, or nothing and
 * STATUS_TOO_LONG. Line breaks are text; nothing in it is ever a command.
 */
enum status draft_type(struct draft *draft, struct bytes typed);
enum status draft_paste(struct draft *draft, struct bytes pasted);

/* Replaces all of it (a completion, an answer edited again), cursor at the end; can be undone. */
enum status draft_set(struct draft *draft, struct bytes text);

/* Empties it, without undo: the text was sent or dropped. */
void draft_reset(struct draft *draft);

void draft_left(struct draft *draft);
void draft_right(struct draft *draft);
void draft_word_left(struct draft *draft);
void draft_word_right(struct draft *draft);
void draft_home(struct draft *draft);	   /* of the line; again: of the text */
void draft_end(struct draft *draft);	   /* of the line; again: of the text */
bool draft_up(struct draft *draft);	   /* false: it is the first line */
bool draft_down(struct draft *draft);	   /* false: it is the last line */

void draft_backspace(struct draft *draft); /* one cluster, also a family of seven code points */
void draft_delete(struct draft *draft);
void draft_transpose(struct draft *draft); /* the two clusters around the cursor (Ctrl-T) */

/*
 * To the end or the start of the line (there: the line break), all, to the end or the start of the
 * word.
 */
void draft_kill_end(struct draft *draft);
void draft_kill_start(struct draft *draft);
void draft_kill_all(struct draft *draft);
void draft_kill_word(struct draft *draft);
void draft_kill_word_back(struct draft *draft);
enum status draft_yank(struct draft *draft);

bool draft_undo(struct draft *draft); /* false: nothing to undo */
bool draft_redo(struct draft *draft);

/*
 * Keeps the text for draft_older; empty text and the same line again are not kept, secrets never.
 */
void draft_remember(struct draft *draft);

/*
 * Through the lines remembered; what stood there first comes back at the end. False: there is none
 * further.
 */
bool draft_older(struct draft *draft);
bool draft_newer(struct draft *draft);

#endif
