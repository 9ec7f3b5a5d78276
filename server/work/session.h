/* SPDX-License-Identifier: ISC */
/*
 * One client of this session child: its link, how far it has come, and who it is. Sessions are
 * named by a number that is not used again for a long time, because answers from elsewhere may
 * come after they have ended.
 */

#ifndef SERVER_WORK_SESSION_H
#define SERVER_WORK_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/endpoint.h"
#include "shared/status.h"
#include "shared/wheel.h"

struct link;
struct session_table;
struct watcher;
struct worker;

/* How far a client has come; each state is a bit, so that dispatch.def can name several. */
enum session_state {
	IN_NEW = 1 << 0,	/* nothing but HELLO is taken */
	IN_GREETED = 1 << 1,	/* may register, log in, resume */
	IN_PROVING = 1 << 2,	/* the store is asked; nothing but PING is taken */
	IN_ONLINE = 1 << 3,	/* logged in */
	IN_LEAVING = 1 << 4,	/* was told to go; nothing is taken any more */
	IN_ANY = IN_NEW | IN_GREETED | IN_PROVING | IN_ONLINE,
};

/* Questions that one client may have open at once. */
enum { SESSION_PENDING_MAX = 32 };

/* What a client has to prove while it is IN_PROVING; see proof.h. */
struct attempt;

struct session {
	struct worker *worker;
	struct link *link;
	struct attempt *attempt;
	struct watcher *watcher;	/* whom it watches; NULL: nobody */
	struct wheel_timer timer;	/* until login: be in by then. Later: look at the epoch */
	uint64_t uid;			/* 0 until it is online */
	uint32_t id;
	uint32_t epoch;
	uint32_t serial;		/* counts this child's clients; makes nonces different */
	uint8_t state;
	uint8_t pending;
	bool has_complained; /* with an ERROR, which is in the log */
	bool is_settled; /* does not count as "at the door" any more; see admission.h */
};

/*
 * Takes over an accepted socket; the session lives until its link is down. STATUS_FULL: no number
 * is left, "fd" was closed.
 */
enum status session_start(struct worker *worker, int fd);

/*
 * Another login-seconds, and as many bytes, before the client has to be logged in: it has just
 * done something useful.
 */
void session_allow_more(struct session *session);

/* The answer to a request; counts it as answered when it came from elsewhere (session_expect()). */
void session_send(struct session *session, uint16_t type, const void *message);

/* ERROR for one request: the connection goes on. "sentence" NULL: the one of the status. */
void session_error(struct session *session, uint32_t request, enum status status, uint32_t retry_ms,
    const char *sentence);

/* ERROR for the connection itself, then it ends when that is sent. */
void session_refuse(struct session *session, enum status why, uint32_t retry_ms);

/* Another question is on its way elsewhere: STATUS_TOO_MANY_PENDING when there are too many. */
enum status session_expect(struct session *session);
void session_answered(struct session *session);

/*
 * It has proven to be "uid": it is online from now on and whoever was online as "uid" before is
 * told and cut. STATUS_FULL when the presence table is full; then the session is as it was.
 */
enum status session_enter(struct session *session, uint64_t uid, uint32_t epoch);

/* It is not online any more; the link stays. */
void session_leave(struct session *session);

/* Where the client is, as the server sees it. False: it is gone already. */
bool session_address(const struct session *session, struct endpoint *out);

/*
 * 32 bytes that both sides of this very connection know and nobody else has: of TLS, or without
 * TLS the nonce of HELLO_OK.
 */
enum status session_binding(const struct session *session, uint8_t out[32]);

/* The nonce that HELLO_OK carries: the same each time it is asked for. */
void session_nonce(const struct session *session, uint8_t out[32]);

#endif
