/* SPDX-License-Identifier: ISC */
/*
 * Who talks with whom: calls go out by the server's introduction, calls come in by it, and from
 * then on the peer thread carries the session. Here it is decided who is let in: everybody whose
 * key is new or the one known, up to a bound.
 *
 * A session outlives the connection to the server; it ends with the account.
 */

#ifndef CLIENT_SESSIONS_H
#define CLIENT_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "client-tui/net/account.h"
#include "client-tui/net/server_link.h"
#include "shared/bytes.h"
#include "shared/status.h"

struct address_book;
struct control;
struct peer_thread;
struct session;

enum {
	SESSIONS_MAX = 64,	 /* at once; whoever calls then is declined */
	SESSIONS_PANES_MAX = 200, /* panes, with those of sessions that are over */
};

LIST_HEAD(session_list, session);

struct sessions {
	struct control *control; /* these two outlive it */
	struct address_book *book;
	struct peer_thread *peers;
	struct server_link *link; /* NULL: no server was chosen yet */
	uint16_t port;		  /* where we listen; 0: nowhere */
	uint64_t me;		  /* uid; 0: nobody, and nobody can call */
	struct session_list list;
	size_t count;
};

/*
 * Begins to listen. STATUS_NO_DESCRIPTORS, STATUS_NO_MEMORY, STATUS_SYSTEM: there is no thread
 * to be had.
 */
enum status sessions_open(struct sessions *self, struct event_base *base, struct control *control,
    struct address_book *book) MUST_USE;

/* Leaves all; the others are told. */
void sessions_close(struct sessions *self);

/*
 * Another port, because the one before is refused to the connection to the server. 0: none is to
 * be had.
 */
uint16_t sessions_change_port(struct sessions *self);

/* Another connection to servers, or NULL: answers of the one before will not come. */
void sessions_set_link(struct sessions *self, struct server_link *link);

/* This account is online. */
void sessions_begin(struct sessions *self, const struct account *account);

/* It is not any more, or somebody else is it: all sessions end, for this reason. */
void sessions_end(struct sessions *self, const char *sentence);

/* The server introduces somebody who calls. */
void sessions_on_introduce(struct sessions *self, const struct msg_introduce *call);

/* As the functions of the outbox. */
enum status sessions_talk(struct sessions *self, uint64_t uid);
enum status sessions_say(struct sessions *self, uint64_t uid, uint64_t id, struct bytes text);
void sessions_leave(struct sessions *self, uint64_t uid);
enum status sessions_accept_key(struct sessions *self, uint64_t uid);

#endif
