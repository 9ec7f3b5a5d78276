/* SPDX-License-Identifier: ISC */
/*
 * Direct sessions: a thread with an event base of its own that listens, dials, and carries what
 * people say to each other without a server. The bytes of it are in tingyu-protocol(7), "Direct
 * sessions".
 *
 * All functions are called on the thread of the base given to peer_thread_start(), and the handler
 * is called there. Orders and events cross over in queues, in order; nothing waits.
 *
 * A session is known by the uid of the other side; there is one for each at most. It begins with a
 * meeting, that is an introduction of a server, and does not end with the connection to that
 * server. A further meeting with the same person adds its token and addresses while the first is
 * under way; the first way that stands counts. When a session is open already and the same key
 * comes through a new meeting, the new way takes its place.
 */

#ifndef CLIENT_PEER_PEER_THREAD_H
#define CLIENT_PEER_PEER_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/compiler.h"
#include "shared/endpoint.h"
#include "shared/identity.h"
#include "shared/status.h"

struct event_base;
struct peer_limits;
struct peer_thread;

enum {
	PEER_TOKEN_SIZE = 16,
	PEER_ADDRESSES_MAX = 9, /* the one that the server sees, and 8 candidates */
	PEER_TEXT_MAX = 16384,  /* bytes of one message */
	PEER_SESSIONS_MAX = 256,
	/* Of one session, not delivered yet; more is STATUS_BUSY. */
	PEER_WAITING_MAX = 256,
	PEER_WAITING_BYTES_MAX = 1024 * 1024,
};

struct peer_handler {
	/*
	 * Connected, and the other side has proved the key of the introduction; "ms" is the round
	 * trip. Again when a later meeting brought another way.
	 */
	void (*on_up)(void *arg, uint64_t uid, uint32_t ms);
	/* Valid UTF-8, 1 to PEER_TEXT_MAX bytes, each id of a session once; borrowed. */
	void (*on_message)(void *arg, uint64_t uid, struct bytes text);
	/* The other side has it. */
	void (*on_delivered)(void *arg, uint64_t uid, uint64_t id);
	/*
	 * The session is over: STATUS_LEFT, they hung up; any other status after on_up: lost;
	 * before: no way to them was found, and why. Once, and not after peer_thread_leave().
	 * "sentence" is clean text; borrowed.
	 */
	void (*on_down)(void *arg, uint64_t uid, enum status why, const char *sentence);
};

/* What an introduction says. */
struct peer_meeting {
	uint64_t uid;
	uint8_t identity[IDENTITY_KEY_SIZE]; /* whom to expect there */
	uint8_t token[PEER_TOKEN_SIZE];
	struct address addresses[PEER_ADDRESSES_MAX];
	size_t address_count; /* 0: the other side has to find the way */
};

/*
 * "handler" is kept by reference. STATUS_NO_DESCRIPTORS, STATUS_NO_MEMORY, STATUS_SYSTEM: there is
 * no thread to be had.
 */
enum status peer_thread_start(struct event_base *base, const struct peer_handler *handler,
    void *arg, struct peer_thread **out) MUST_USE;

/* The same with other times and rates than peer_limits_usual, for tests; copied. */
enum status peer_thread_start_with(struct event_base *base, const struct peer_limits *limits,
    const struct peer_handler *handler, void *arg, struct peer_thread **out) MUST_USE;

/*
 * Leaves all sessions (the others are told, as far as that goes without waiting) and ends the
 * thread. Not from inside the handler. NULL is fine.
 */
void peer_thread_stop(struct peer_thread *self);

/*
 * Listens on a free port of this machine, the same one for IPv4 and (where there is any) IPv6, with
 * SO_REUSEADDR and SO_REUSEPORT, so that the connection to the server and all dialling may have it
 * as their local port. A port from before is given up; sessions on it go on.
 */
enum status peer_thread_listen(struct peer_thread *self, uint16_t *port) MUST_USE;

/*
 * Who we are; copied, and wiped when it is not needed any more. Another one than before, or NULL
 * for nobody, leaves all sessions first.
 */
void peer_thread_set_identity(struct peer_thread *self, const struct identity *identity);

/*
 * Begins a session: on_up or on_down follows, within 10 s. STATUS_WRONG_STATE: no identity, or no
 * port; STATUS_NOT_ALLOWED: that is our own key; STATUS_WRONG_PIN: there is a session with this
 * uid and another key, which goes on; STATUS_FULL: PEER_SESSIONS_MAX are there; STATUS_BUSY: too
 * many that were left are not over yet.
 */
enum status peer_thread_meet(struct peer_thread *self, const struct peer_meeting *meeting) MUST_USE;

/*
 * Sends a text (copied). on_delivered follows, or on_down, with which all that was not delivered is
 * lost. STATUS_CLOSED: there is no open session; STATUS_TOO_LONG, STATUS_TOO_SHORT,
 * STATUS_BAD_TEXT; STATUS_BUSY: too much waits already.
 */
enum status peer_thread_say(
    struct peer_thread *self, uint64_t uid, uint64_t id, struct bytes text) MUST_USE;

/*
 * Hangs up, and tells the other side; also a meeting that is under way. Nothing about this uid
 * comes after it.
 */
void peer_thread_leave(struct peer_thread *self, uint64_t uid);

#endif
