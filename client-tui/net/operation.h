/* SPDX-License-Identifier: ISC */
/*
 * What is done to an account takes several steps: the cost of the password, Argon2id in the
 * helper, the request itself. An operation is that sequence; it starts again where it can when
 * the connection was lost. For server_link's files only.
 */

#ifndef CLIENT_NET_OPERATION_H
#define CLIENT_NET_OPERATION_H

#include "client-tui/net/server_link_parts.h"

struct derivation;
struct operation;

/* One sort of operation. */
struct operation_kind {
	bool needs_keys; /* of a password */
	/* At a work server, with the keys: sends the request; its answer comes to on_answer. */
	void (*send)(struct operation *operation);
	/* The server did it. Ends the operation. */
	void (*succeed)(struct operation *operation, const struct answer *answer);
	/* The server refused for good. Ends the operation; NULL: operation_finish(). */
	void (*refuse)(struct operation *operation, const struct answer *answer);
};

struct operation {
	struct server_link *link;
	const struct operation_kind *kind;
	call_on_answer *on_answer; /* NULL: nobody asked, the link does it by itself */
	void *arg;
	struct wheel_timer deadline, again;
	bool is_waiting; /* for an answer, the helper, or a pause */

	uint64_t uid; /* 0: not known yet */
	char name[ACCOUNT_NAME_MAX + 1];
	char display[ACCOUNT_DISPLAY_MAX + 1];
	char password[PASSWORD_LEN_MAX + 1];
	bool has_cost, has_keys;
	struct password_cost cost;
	struct password_keys keys;
	struct derivation *derivation; /* NULL: none under way */

	/* Of a registration. */
	struct identity identity;
	uint8_t bundle_key[CRYPTO_KEY_SIZE];
	uint8_t wrapped_key[BUNDLE_WRAPPED_SIZE];
	uint8_t bundle[BUNDLE_SEALED_MAX];
	size_t bundle_len; /* 0: not made yet */
};

/* The kinds, in server_account.c. */
extern const struct operation_kind operation_register, operation_login, operation_return,
    operation_delete, operation_delete_by_key;

/*
 * Begins one. STATUS_BUSY: another one is under way, which somebody asked for or which waits
 * for an answer. "on_answer" NULL: it has no deadline.
 */
enum status operation_new(struct server_link *link, const struct operation_kind *kind,
    call_on_answer *on_answer, void *arg, struct operation **out) MUST_USE;

/* Asks the server; what kind->succeed and kind->refuse get is its answer. */
void operation_ask(struct operation *operation, uint16_t type, void *message);

/* It is over: frees it, then tells whoever asked. */
void operation_finish(struct operation *operation, const struct answer *answer);

/* The same in two steps, for whoever has something to do in between. */
struct operation_end operation_end(struct operation *operation);
void operation_tell(const struct operation_end *end, const struct answer *answer);

/* The server says what cannot be: ends the operation and the connection. */
void operation_distrust(struct operation *operation, const char *sentence);

#endif
