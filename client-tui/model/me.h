/* SPDX-License-Identifier: ISC */
/* Who I am, which server, and how the connection to it stands. */

#ifndef CLIENT_MODEL_ME_H
#define CLIENT_MODEL_ME_H

#include "client-tui/model/text.h"
#include "shared/bytes.h"

enum me_link {
	ME_LINK_NONE,	    /* no server chosen, or left on purpose */
	ME_LINK_CONNECTING,
	ME_LINK_SIGNING_IN, /* connected; the password is being worked on, or the answer awaited */
	ME_LINK_CONNECTED,  /* connected, nobody signed in */
	ME_LINK_ONLINE,
	ME_LINK_WAITING,    /* lost; tried again at retry_s */
};

struct me {
	uint64_t uid; /* 0: nobody is signed in */
	char name[TEXT_NAME_ROOM]; /* also of who was signed in last */
	char server[300]; /* as a person would write it: "home.example" */
	enum me_link link;
	uint64_t since_s; /* wall clock */
	uint64_t retry_s; /* wall clock; 0: no time is set */
	char why[300];	  /* a sentence about the state, or empty */
};

void me_init(struct me *me);
void me_sign_in(struct me *me, uint64_t uid, struct bytes name);
void me_sign_out(struct me *me);
void me_set_server(struct me *me, struct bytes server);

/*
 * "since_s" is when this state began, "retry_s" when the next attempt is made (0: unknown); "why"
 * may be empty.
 */
void me_set_link(struct me *me, enum me_link link, uint64_t since_s, uint64_t retry_s,
    struct bytes why);

/* The state in a word or two: "online", "offline", "connecting", "signing in". */
const char *me_link_words(enum me_link link);

#endif
