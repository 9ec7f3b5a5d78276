/* SPDX-License-Identifier: ISC */
/*
 * What was said before: messages go to the disk when they are said, and come back into their panes
 * when somebody reads there. Everything works without it, too; then nothing is kept.
 */

#ifndef CLIENT_CONTROL_PAST_H
#define CLIENT_CONTROL_PAST_H

#include "client-tui/control/control.h"
#include "client-tui/history/history.h"

struct past {
	struct history *history;
	LIST_HEAD(, recall) recalls;
};

/* Something asked of the history; it waits for its answer. */
struct recall {
	LIST_ENTRY(recall) entry;
	struct control *control;
	struct pane pane;             /* where it was asked, or whose messages it is about */
	char text[COMMAND_REST_ROOM]; /* a name, words, a path */

	/* Of a page: where it goes, and how the window stood then. */
	enum history_direction direction;
	struct transcript_key from;
	size_t resets, skipped;
};

/* From now on everything is kept in this history, which is closed by past_end(). */
void past_begin(struct control *control, struct history *history);
void past_end(struct control *control);

/* Whether an answer is awaited. */
bool past_is_busy(const struct control *control);

/* A message in a chat that is open; its id, as of model_add_mine(). */
uint64_t past_add(
    struct control *control, uint64_t uid, enum transcript_kind kind, struct bytes text);

/* What became of a message of mine. */
void past_set_delivery(struct control *control, uint64_t uid, uint64_t id, enum delivery delivery);

/* The session is over: what is queued in it has failed. */
void past_settle(struct control *control, uint64_t uid);

/*
 * After each turn: the chat that is shown gets the messages that the reader is about to see, and
 * what was read counts as read.
 */
void past_turn(struct control *control);

/* A question to be given to the history as "arg"; recall_drop() when it was answered. */
struct recall *recall_new(struct control *control, struct pane pane, const char *text);
void recall_drop(struct recall *recall);

#endif
