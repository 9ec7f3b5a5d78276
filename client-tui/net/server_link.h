/* SPDX-License-Identifier: ISC */
/*
 * The client's connection to its servers, without a screen: finds a work server by way of a
 * route server, logs in, stays there, comes back after a loss, and carries questions and
 * answers.
 *
 * One thread, the one of the base. Nothing blocks: Argon2id and the look-up of names run in the
 * helper. Callbacks come from the event loop, and from inside server_link_disconnect() and
 * server_link_logout(); every call but server_link_free() is allowed in them.
 *
 * It connects when there is something to connect for: an account to come back as, a
 * registration, a login. A connection that is lost then is tried again with growing pauses
 * until server_link_disconnect(), a newer login elsewhere, or a refusal that only a person can
 * mend.
 */

#ifndef CLIENT_NET_SERVER_LINK_H
#define CLIENT_NET_SERVER_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "client-tui/net/account.h"
#include "client-tui/net/calls.h"
#include "shared/compiler.h"
#include "shared/endpoint.h"
#include "shared/link.h"
#include "shared/protocol.h"
#include "shared/status.h"

struct event_base;
struct helper;
struct server_link;

enum server_link_state {
	SERVER_LINK_IDLE, /* no connection, and none wanted */
	SERVER_LINK_CONNECTING,
	SERVER_LINK_AT_ROUTE, /* asking for a work server */
	SERVER_LINK_AT_WORK,  /* not logged in (yet) */
	SERVER_LINK_ONLINE,
	SERVER_LINK_OFFLINE, /* waits to try again */
};

struct server_link_handler {
	/* Another state; "why" is what led to it, STATUS_OK when all goes as it should. */
	void (*on_state)(void *arg, enum server_link_state state, const struct answer *why);
	/*
	 * A route server without a pin, met for the first time: true trusts this key from now
	 * on. NULL, or false: it is not used until server_link_connect(), after a person was
	 * asked.
	 */
	bool (*on_unknown_pin)(void *arg, const struct endpoint *server,
	    const uint8_t pin[ENDPOINT_PIN_SIZE]);
	/*
	 * What is known of the account has changed: the moment to keep server_link_account().
	 */
	void (*on_account)(void *arg, const struct account *account);
	/*
	 * The local port is refused (somebody has it, or the connection before still counts):
	 * another one from now on, 0 for anywhere. NULL: anywhere.
	 */
	uint16_t (*on_port_refused)(void *arg);
	/*
	 * Somebody wants to talk; borrowed. server_link_accept() or server_link_decline() within
	 * 5 s, with call->request. NULL: declined.
	 */
	void (*on_introduce)(void *arg, const struct msg_introduce *call);
	/*
	 * Somebody of server_link_watch() is online, or is not: of each once after every login,
	 * then of changes. While there is no connection nothing is known of anybody.
	 */
	void (*on_presence)(void *arg, uint64_t uid, bool is_online);
	/* Something a person should know, though it goes on ("… changed the cost …"). */
	void (*on_warning)(void *arg, const char *sentence);
};

/* Milliseconds. */
struct server_link_times {
	uint32_t connect;     /* connecting and TLS together */
	uint32_t answer;      /* to any request */
	uint32_t ping;        /* from one to the next */
	uint32_t operation;   /* register, log in, delete: all attempts together */
	uint32_t retry_first; /* the first retry comes after 0 to this */
	uint32_t retry_step;  /* the second after half of this to this, and so on, doubling */
	uint32_t retry_most;
	uint32_t patience;    /* so long others may take to come back after a loss of ours */
};

struct server_link_config {
	struct event_base *base;     /* these three outlive the link */
	struct link_loop *loop;      /* of that base */
	struct helper *helper;       /* started with that base */
	const struct invite *routes; /* at least one; copied */
	size_t route_count;
	const char *program;  /* "tingyu 0.1.0", at most 64 bytes; copied */
	bool is_plain;        /* no TLS; loopback addresses only */
	uint16_t local_port; /* bind here, sharing the port with others; 0: anywhere */
	struct server_link_times times; /* zeros stand for the usual ones */
};

/* "handler" is kept by reference. STATUS_BAD_KEY, STATUS_NO_MEMORY: TLS could not be set up. */
enum status server_link_new(const struct server_link_config *config,
    const struct server_link_handler *handler, void *arg, struct server_link **out) MUST_USE;

/*
 * Drops the connection; what is under way is forgotten, not answered. The helper may be stopped
 * before or after. NULL is fine.
 */
void server_link_free(struct server_link *self);

/*
 * Connects at once: goes online when there is an account, else to a work server (which waits a
 * few seconds only for somebody to log in). Route servers left out for their key count again.
 */
void server_link_connect(struct server_link *self);

/* Ends the connection and stays away; the account is kept. Running operations end with
 * STATUS_STOPPED. */
void server_link_disconnect(struct server_link *self);

enum server_link_state server_link_state(const struct server_link *self);

/* "online", "at route server". Static memory. */
const char *server_link_state_word(enum server_link_state state);

/* A line about it: "offline: No answer came in time. Next try in 4 s." Clean text. */
void server_link_describe(const struct server_link *self, char *line, size_t room);

/*
 * Sends the sign of life that would be due within so many milliseconds now: for somebody who is
 * awake anyway, and spares the process a waking of its own.
 */
void server_link_ping_early(struct server_link *self, uint32_t within_ms);

/* Milliseconds until the next try, in SERVER_LINK_OFFLINE; else 0. */
uint64_t server_link_retry_ms(const struct server_link *self);

/* The account that is logged in or comes back; uid 0: none. */
const struct account *server_link_account(const struct server_link *self);

/* This client's address as the server sees it; false: not connected. */
bool server_link_seen_as(const struct server_link *self, struct endpoint *out);

/* Whether the server is on this very machine; false: not connected. */
bool server_link_is_over_loopback(const struct server_link *self);

/*
 * Operations on the account. One at a time (STATUS_BUSY). They wait for a connection and
 * survive its loss; the answer comes once, within times.operation. What is wrong with the
 * arguments is returned at once (STATUS_BAD_NAME, STATUS_BAD_TEXT, STATUS_TOO_LONG,
 * STATUS_TOO_SHORT; STATUS_WRONG_STATE: there is an account already, online or to come back as; log
 * out first), then no answer comes. Texts are copied, passwords wiped.
 */

/* A new account, which goes online at once. Answer: struct msg_register_ok. */
enum status server_link_register(struct server_link *self, const char *name, const char *display,
    const char *password, call_on_answer *on_answer, void *arg) MUST_USE;

/* By password; "uid" 0: by name. Answer: struct msg_login_ok. */
enum status server_link_login(struct server_link *self, uint64_t uid, const char *name,
    const char *password, call_on_answer *on_answer, void *arg) MUST_USE;

/*
 * With what is kept of an account (copied): its token, then its identity.
 * Answer: struct msg_resume_ok or struct msg_login_ok.
 */
enum status server_link_return(struct server_link *self, const struct account *account,
    call_on_answer *on_answer, void *arg) MUST_USE;

/*
 * Deletes an account for ever: with its password, or (NULL) with the identity of the one that
 * is logged in. Answer: struct msg_delete_user_ok.
 */
enum status server_link_delete(struct server_link *self, uint64_t uid, const char *password,
    call_on_answer *on_answer, void *arg) MUST_USE;

/*
 * Logs out and forgets the account, whatever the server says. Answer: struct msg_logout_ok,
 * with
 * STATUS_OK also when the connection was lost over it. STATUS_WRONG_STATE: nobody is logged in.
 */
enum status server_link_logout(struct server_link *self,
    call_on_answer *on_answer, void *arg) MUST_USE;

/*
 * Questions, for who is online. STATUS_CLOSED: there is no connection now; STATUS_WRONG_STATE:
 * not logged in; STATUS_BUSY: too many at once, or a bundle or deletion waits for its answer;
 * statuses of arguments as above. Then no answer comes.
 */

/* A page of the directory. Items: struct msg_user_item; answer: struct msg_user_list_ok. */
enum status server_link_users(struct server_link *self,
    uint32_t page, uint8_t per_page, bool online_only,
    const char *prefix, call_on_item *on_item, call_on_answer *on_answer, void *arg) MUST_USE;

/* "uid" 0: by name. Answer: struct msg_find_user_ok. */
enum status server_link_find(struct server_link *self, uint64_t uid, const char *name,
    call_on_answer *on_answer, void *arg) MUST_USE;

/*
 * An introduction; "candidates" says where else we are, in the form of candidates.h.
 * Answer: struct msg_obtain_client_addr_ok.
 */
enum status server_link_address(struct server_link *self, uint64_t uid, struct bytes candidates,
    call_on_answer *on_answer, void *arg) MUST_USE;

/* Answers to on_introduce. Without a connection nothing happens: the caller hears of silence. */
void server_link_accept(struct server_link *self, uint32_t call, struct bytes candidates);
void server_link_decline(struct server_link *self, uint32_t call);

enum { SERVER_LINK_WATCH_MAX = 256 };

/*
 * Whose presence on_presence tells: these instead of those before; told again by itself after
 * every loss. Copied; allowed in any state, and best done once for an account that has just
 * become known and after every change of its contacts. STATUS_TOO_LONG: more than
 * SERVER_LINK_WATCH_MAX. STATUS_BAD_VALUE: uid 0.
 */
enum status server_link_watch(struct server_link *self, const uint64_t *uids,
    size_t count) MUST_USE;

/* Answer: struct msg_keys_ok. */
enum status server_link_keys(struct server_link *self, uint64_t uid, call_on_answer *on_answer,
    void *arg) MUST_USE;

/*
 * Replaces the account's bundle; the seed in it stays the account's. Answer: struct
 * msg_bundle_ok. After STATUS_CONFLICT the newer one is fetched and told by on_account.
 * STATUS_NOT_FOUND: the key of the bundle is not known here, log in with the password once.
 */
enum status server_link_put_bundle(struct server_link *self, const struct bundle *bundle,
    call_on_answer *on_answer, void *arg) MUST_USE;

/* Any request: "message" is the struct of its row, its request number is filled in. */
enum status server_link_ask(struct server_link *self, uint16_t type, void *message,
    call_on_item *on_item, call_on_answer *on_answer, void *arg) MUST_USE;

#endif
