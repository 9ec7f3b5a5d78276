/* SPDX-License-Identifier: ISC */
/* What the files of server_link share; nobody else includes it. */

#ifndef CLIENT_NET_SERVER_LINK_PARTS_H
#define CLIENT_NET_SERVER_LINK_PARTS_H

#include <sys/queue.h>

#include "shared/backoff.h"
#include "client-tui/net/helper.h"
#include "client-tui/net/server_link.h"
#include "client-tui/net/tour.h"
#include "shared/identity.h"
#include "shared/wheel.h"

struct event;
struct operation;
struct look_up;
struct question;

enum {
	SERVER_LINK_ADDRESSES_MAX = 4, /* of one name */
	SERVER_LINK_PROGRAM_MAX = 64,
	SENTENCE_MAX = 256,
	KNOWN_COSTS_MAX = 8,
	PORT_REFUSALS_MAX = 3, /* then it goes without a port of its own */
};

struct known_cost {
	uint64_t uid;
	struct password_cost cost;
};

/* Why something happened, in memory of its own. */
struct reason {
	enum status status;
	uint32_t retry_ms;
	char sentence[SENTENCE_MAX];
};

/* Whom to tell when something is over; nobody when the function is NULL. */
struct operation_end {
	call_on_answer *on_answer;
	void *arg;
};

LIST_HEAD(question_list, question);

enum presence_known {
	PRESENCE_UNKNOWN, /* the server of this connection has not said yet */
	PRESENCE_ABSENT,
	PRESENCE_ONLINE,
};

/* A user whose presence is watched. */
struct watched {
	uint64_t uid;
	enum presence_known known;
	enum presence_known before; /* by the connection before this one */
	bool is_doubtful;           /* said to be absent, but was here a moment ago */
};

struct watch {
	struct watched *items; /* by uid */
	size_t count;
	bool is_said; /* the server has this list, or will when the call under way is over */
	bool is_under_way;
	struct wheel_timer again;    /* say it when more can be said */
	struct wheel_timer patience; /* until who was here before has had time to come back */
};

struct server_link {
	const struct server_link_handler *handler;
	void *arg;
	struct link_loop *loop;
	struct wheel *wheel;
	struct helper *helper;
	struct tls_context *tls; /* NULL: plain */
	char program[SERVER_LINK_PROGRAM_MAX + 1];
	uint16_t local_port;    /* 0: anywhere */
	unsigned port_refusals; /* since a server was reached */
	struct server_link_times times;
	struct link_limits limits;

	/* Where to. */
	struct tour tour;
	struct backoff backoff;
	struct tour_stop stop;                               /* that is tried, or where we are */
	struct address addresses[SERVER_LINK_ADDRESSES_MAX]; /* of the stop */
	size_t address_count, address_next;
	struct look_up *look_up; /* NULL: none under way */
	struct tour_stop offers[TOUR_OFFERS_MAX];
	size_t offer_count;

	/* The connection. */
	enum server_link_state state;
	struct reason reason; /* of the state, or of the last failure of this round */
	struct link *link;    /* NULL: none */
	struct identity_channel channel;
	struct endpoint seen_as;
	struct calls *calls;
	uint64_t arrived_at;
	uint64_t retry_at;
	uint64_t ping_at;
	struct event *kick;
	struct wheel_timer retry, ping, move;
	bool is_proving; /* a signature or secret is looked at: the server takes nothing else
			    meanwhile */
	bool stays;      /* connect was called: wait at the work server for somebody to log in */

	struct account account;
	struct known_cost known_costs[KNOWN_COSTS_MAX]; /* of accounts seen, the newest first */
	struct operation *operation;                    /* NULL: none */
	struct operation_end logout;                    /* under way */
	struct question_list questions;
	struct watch watch;
};

/* A reason out of a status and a sentence (NULL: the usual one), or as printf(3). */
void reason_set(struct reason *reason, enum status status, const char *sentence);
void reason_print(struct reason *reason, enum status status, const char *format, ...)
    PRINTF_LIKE(3, 4);
void reason_of_answer(struct reason *reason, const struct answer *answer);
struct answer reason_to_answer(const struct reason *reason);

/* server_link.c */

/*
 * Tells the handler; "reason" NULL: all goes as it should. Nothing of the caller's may follow.
 */
void server_link_enter(struct server_link *self, enum server_link_state state,
    const struct reason *reason);
void server_link_warn(struct server_link *self, const char *format, ...) PRINTF_LIKE(2, 3);
void server_link_tell_account(struct server_link *self);

/* server_connect.c */

/* What happens on a connection. */
extern const struct link_handler server_link_events;

/*
 * Begins a round at the next turn of the loop, unless there is a connection or one is being
 * made.
 */
void server_link_wake(struct server_link *self);
void server_link_on_kick(int fd, short what, void *arg);

/* Closes what there is, without a word to anybody. */
void server_link_close(struct server_link *self);

/*
 * The connection failed or has to go: tries elsewhere, later, or not at all, as it makes sense.
 */
void server_link_lose(struct server_link *self, const struct reason *reason);

/* The same for this status; "what" NULL: its usual sentence. */
void server_link_lose_for(struct server_link *self, enum status status, const char *what);

/* Ends the connection and stays away; calls and the operation under way end with "reason". */
void server_link_rest(struct server_link *self, const struct reason *reason);

/* At a work server, logged in or not. */
bool server_link_is_at_work(const struct server_link *self);

/*
 * An answer that did not come from the server: true when the caller has to wait for another
 * connection. One that did not come in time ends the connection it was asked on.
 */
bool server_link_is_lost_answer(struct server_link *self, const struct answer *answer);

/* server_dial.c */

/* Connects to self->stop. What comes of it is told by server_link_events, or server_link_lose(). */
void server_link_dial(struct server_link *self);

/* Its next address; there is one. */
void server_link_dial_next(struct server_link *self);

/* Nobody waits for it any more. */
void server_link_forget_look_up(struct server_link *self);

/* server_question.c */

void questions_forget(struct server_link *self);

/* server_watch.c */

/* Online; the server said something; the connection is gone; for ever. */
void watch_arrive(struct server_link *self);
void watch_take(struct server_link *self, const struct msg_presence *presence);
void watch_lose(struct server_link *self);
void watch_clear(struct server_link *self);

/* server_operation.c */

/*
 * Something changed: does the next step of the operation; without one, returns to the account.
 */
void operation_proceed(struct server_link *self);

/* Answers the one under way, if any. */
void operation_fail(struct server_link *self, const struct reason *reason);

/* Frees it without an answer. */
void operation_forget(struct server_link *self);

#endif
