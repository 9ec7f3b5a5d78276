/* SPDX-License-Identifier: ISC */
/*
 * The other side of a talker's session, driven by hand: it may do everything a real one would not.
 * Its link is an "end" of the stage.
 */

#ifndef TESTS_SUPPORT_ROGUE_H
#define TESTS_SUPPORT_ROGUE_H

#include "shared/protocol.h"
#include "tests/support/talker.h"

struct rogue {
	struct end end;
	struct talker *mark;
	uint64_t uid;
	struct identity identity;
	struct tls_context *tls;
	uint8_t token[PEER_TOKEN_SIZE]; /* of the last introduction */
	unsigned pings, texts, oks;     /* heard */
	uint64_t number;                /* of the last text, or of the last answer to one */
	enum status error;              /* of the last ERROR */
	bool leaves_texts;              /* does not answer them */
	bool is_deaf;                   /* answers nothing */
};

/* "leads": its key is the greater one. */
void rogue_open(struct rogue *rogue, struct talker *mark, uint64_t uid, bool leads);
void rogue_close(struct rogue *rogue);

/* Tells the talker to expect it, by a fresh token, without an address. */
void rogue_introduce(struct rogue *rogue);

/* A connected socket to the talker's door; blocking. */
int rogue_dial(const struct rogue *rogue);

/* The same with tokens said and heard. */
int rogue_dial_by_token(const struct rogue *rogue);

/* Dials, and begins TLS; "end" then reports. Not waited for. */
void rogue_secure(struct rogue *rogue);

/* Introduced, dialled, chosen: an open session. */
void rogue_join(struct rogue *rogue);

void rogue_send(struct rogue *rogue, uint16_t type, const void *message);

/* A text with this number, whatever it is. */
void rogue_say(struct rogue *rogue, uint64_t number, struct bytes text);

#endif
