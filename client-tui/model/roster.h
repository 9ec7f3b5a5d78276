/* SPDX-License-Identifier: ISC */
/*
 * The contacts: who they are and whether they are there, by name. One of them may be selected; it
 * stays selected.
 */

#ifndef CLIENT_MODEL_ROSTER_H
#define CLIENT_MODEL_ROSTER_H

#include <stdbool.h>

#include "client-tui/model/text.h"
#include "shared/bytes.h"

enum presence {
	PRESENCE_UNKNOWN,
	PRESENCE_ONLINE,
	PRESENCE_ABSENT,
	PRESENCE_UNREACHABLE, /* there by the server's word, but no road leads to them */
};

struct contact {
	uint64_t uid;
	char name[TEXT_NAME_ROOM];
	enum presence presence;
	uint64_t seen_s; /* wall clock when they were last known to be online; 0 unknown */
};

struct roster {
	struct contact *contacts; /* sorted by name, then uid */
	size_t count;
	uint64_t selected; /* uid, or 0 */

	size_t room;
};

void roster_init(struct roster *roster);
void roster_clear(struct roster *roster);

/* Adds a contact, or renames the one with this uid. */
void roster_set(struct roster *roster, uint64_t uid, struct bytes name);
void roster_remove(struct roster *roster, uint64_t uid);

/* False when this is no contact. */
bool roster_set_presence(struct roster *roster, uint64_t uid, enum presence presence,
    uint64_t now_s);

/* The server is out of reach: nobody's presence is known. */
void roster_forget_presence(struct roster *roster);

const struct contact *roster_find(const struct roster *roster, uint64_t uid);

/*
 * Selects the contact so many rows further down (up when negative); the first of all when none was.
 */
void roster_select(struct roster *roster, int rows);

/* "online", "absent", "not reachable", "unknown". */
const char *presence_word(enum presence presence);

#endif
