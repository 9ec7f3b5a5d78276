/* SPDX-License-Identifier: ISC */
/*
 * One session, in the peer thread: from meetings over the ways that stand to the one that is
 * chosen, and on to the end.
 *
 *   meeting -> ways   dialled by us, or come in by the door; TLS, the expected key
 *   ways -> open      the side with the greater key sends CHOOSE on the first that stands, the
 *                     other answers
 *   open              texts, their answers, signs of life; a new meeting may bring a new way,
 *                     which takes the old one's place
 *   -> over           once, with a status and a sentence
 *
 * Callbacks come from the loop, but on_over, which may also come from inside of
 * peer_session_meet().
 */

#ifndef CLIENT_PEER_PEER_SESSION_H
#define CLIENT_PEER_PEER_SESSION_H

#include <stdbool.h>

#include "client-tui/peer/peer_side.h"
#include "client-tui/peer/peer_thread.h"

struct peer_letter;
struct peer_session;

struct peer_session_handler {
	/* The session stands, or goes on by a new way. */
	void (*on_up)(void *arg, uint32_t ms);
	/* Checked and new; false: no more for now, until peer_session_resume(). */
	bool (*on_text)(void *arg, struct bytes text);
	/* Borrowed. */
	void (*on_delivered)(void *arg, const struct peer_letter *letter);
	/* Free it in there. */
	void (*on_over)(void *arg, enum status why, const char *sentence);
};

/* "side" and "handler" live longer. "identity" is whom to expect; not ourselves. */
struct peer_session *peer_session_new(const struct peer_side *side,
    const uint8_t identity[IDENTITY_KEY_SIZE], const struct peer_session_handler *handler,
    void *arg);

/* Closes everything, without a word to anybody. NULL is fine. */
void peer_session_free(struct peer_session *self);

/* A further meeting, the first one included. Too many at once: the oldest is forgotten. */
void peer_session_meet(struct peer_session *self, const struct peer_meeting *meeting);

/* Whether the token is one of a meeting under way. */
bool peer_session_expects(const struct peer_session *self, const uint8_t token[PEER_TOKEN_SIZE]);

/* Takes over a socket on which tokens were exchanged. */
void peer_session_add_way(struct peer_session *self, int fd);

/* The letter is the session's from here on. */
void peer_session_say(struct peer_session *self, struct peer_letter *letter);

void peer_session_resume(struct peer_session *self);

/* Says what waits, and LEAVE, as far as there is somebody to say it to; then it is freed. */
void peer_session_leave(struct peer_session *self);

#endif
