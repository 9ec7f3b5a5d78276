/* SPDX-License-Identifier: ISC */
/*
 * What is said in an open session: texts and their answers, signs of life, the last word. It
 * outlives its link: when another one takes the place, what was not answered is said again there,
 * and the other side drops what it has.
 */

#ifndef CLIENT_PEER_PEER_TALK_H
#define CLIENT_PEER_PEER_TALK_H

#include <stdbool.h>
#include <stdint.h>

#include "client-tui/peer/peer_side.h"
#include "shared/bytes.h"
#include "shared/status.h"

struct link;
struct peer_letter;
struct peer_talk;

/* Callbacks come from the loop. The talk may be freed in on_end only. */
struct peer_talk_handler {
	/*
	 * The other side has answered on the link that was opened last; always before its first
	 * text.
	 */
	void (*on_up)(void *arg, uint32_t ms);
	/* Checked and new; false: no more for now, until peer_talk_resume(). */
	bool (*on_text)(void *arg, struct bytes text);
	/* Borrowed. */
	void (*on_delivered)(void *arg, const struct peer_letter *letter);
	/*
	 * There is no link any more: STATUS_LEFT, they said so; or why it was lost or cut.
	 * "sentence" is clean text; borrowed.
	 */
	void (*on_end)(void *arg, enum status why, const char *sentence);
};

/* "side" and "handler" live longer. "leads": ours is the greater key. */
struct peer_talk *peer_talk_new(
    const struct peer_side *side, bool leads, const struct peer_talk_handler *handler, void *arg);

/* Closes the link, without a word. NULL is fine. */
void peer_talk_free(struct peer_talk *self);

/* Goes on by a link that is up and belongs to the talk from here on; the one before is closed. */
void peer_talk_open(struct peer_talk *self, struct link *link);
bool peer_talk_is_open(const struct peer_talk *self);

/* The letter is the talk's from here on. */
void peer_talk_say(struct peer_talk *self, struct peer_letter *letter);

void peer_talk_resume(struct peer_talk *self);

/* Sends what waits, and LEAVE; the link ends by itself. Nothing comes of it. */
void peer_talk_leave(struct peer_talk *self);

#endif
