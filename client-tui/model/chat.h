/* SPDX-License-Identifier: ISC */
/*
 * One session: with whom, how it is connected, whether its key is known, what was said, what is
 * being written.
 */

#ifndef CLIENT_MODEL_CHAT_H
#define CLIENT_MODEL_CHAT_H

#include <stdbool.h>

#include "client-tui/model/draft.h"
#include "client-tui/model/text.h"
#include "client-tui/model/transcript.h"

enum chat_road {
	CHAT_ROAD_NONE,	   /* nobody is connected */
	CHAT_ROAD_CALLING,
	CHAT_ROAD_DIRECT,
	CHAT_ROAD_CLOSED,  /* by the other side */
	CHAT_ROAD_LEFT,	   /* by me */
	CHAT_ROAD_LOST,
	CHAT_ROAD_REFUSED, /* nobody there, or no way to them */
};

enum chat_trust {
	CHAT_TRUST_NONE, /* no key was seen yet */
	CHAT_TRUST_SEALED,  /* the key that was seen first, compared with nobody */
	CHAT_TRUST_VERIFIED,
	CHAT_TRUST_CHANGED, /* another key than the one known */
};

struct chat {
	uint64_t uid;
	char name[TEXT_NAME_ROOM];
	enum chat_road road;
	uint64_t road_since_s;
	int road_ms;	    /* round trip; -1 not measured */
	char road_why[300]; /* a sentence, or empty */
	enum chat_trust trust;
	struct transcript transcript;
	bool has_unmarked; /* messages are kept that do not count as read yet */
	struct draft draft;
};

struct chat *chat_new(uint64_t uid, struct bytes name, struct draft_clip *clip);
void chat_free(struct chat *chat);

void chat_set_name(struct chat *chat, struct bytes name);

/* "why" may be empty; the round trip is unknown again. */
void chat_set_road(struct chat *chat, enum chat_road road, uint64_t now_s, struct bytes why);
void chat_set_round_trip(struct chat *chat, int ms);
void chat_set_trust(struct chat *chat, enum chat_trust trust);

/* There was a session, or the wish for one, and now there is none. */
bool chat_has_ended(const struct chat *chat);

/*
 * In words: "direct", "calling", "closed by the other side"; "not verified", "verified", "KEY
 * CHANGED" (none: "").
 */
const char *chat_road_words(enum chat_road road);
const char *chat_trust_words(enum chat_trust trust);

#endif
