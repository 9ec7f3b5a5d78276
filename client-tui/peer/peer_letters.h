/* SPDX-License-Identifier: ISC */
/* The messages of a session that are not delivered yet, in the order they were said. */

#ifndef CLIENT_PEER_PEER_LETTERS_H
#define CLIENT_PEER_PEER_LETTERS_H

#include "client-tui/peer/peer_post.h"

STAILQ_HEAD(peer_letter_list, peer_letter);

struct peer_letters {
	struct peer_letter_list list;
	struct peer_letter
	    *unsent; /* the first that was not sent on the present way; NULL: all were */
	uint64_t last_number;
};

/* Numbers start anywhere, so that those of a session before are not taken for these. */
void peer_letters_init(struct peer_letters *letters);
void peer_letters_clear(struct peer_letters *letters);

bool peer_letters_are_waiting(const struct peer_letters *letters);

/* Takes the letter and gives it its number. */
void peer_letters_add(struct peer_letters *letters, struct peer_letter *letter);

/* The next to be sent, which counts as sent then; NULL: none. */
struct peer_letter *peer_letters_send(struct peer_letters *letters);

/* All have to be sent again. */
void peer_letters_rewind(struct peer_letters *letters);

/* Gives away the sent letter with this number; NULL: there is none (any more). */
struct peer_letter *peer_letters_take(struct peer_letters *letters, uint64_t number);

#endif
