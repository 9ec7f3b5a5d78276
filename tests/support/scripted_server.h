/* SPDX-License-Identifier: ISC */
/*
 * A route and work server in one that keeps one account and does what a good server does,
 * unless the test's hook does something else. It lives in the loop of a stage.
 */

#ifndef TESTS_SUPPORT_SCRIPTED_SERVER_H
#define TESTS_SUPPORT_SCRIPTED_SERVER_H

#include "shared/bundle.h"
#include "shared/endpoint.h"
#include "shared/identity.h"
#include "shared/password.h"
#include "shared/protocol.h"
#include "tests/support/stage.h"

enum { SCRIPTED_TYPES = 0x20, SCRIPTED_CLIENTS = 8 };

struct scripted_server {
	struct stage *stage;
	int fd;
	struct event *event;     /* NULL: not listening */
	struct invite invite;    /* how clients find it */
	struct invite offers[4]; /* answers to OBTAIN_SERVER_ADDR; the first is itself */
	size_t offer_count;

	struct link *links[SCRIPTED_CLIENTS]; /* NULL: free */
	struct link *online;                  /* NULL: nobody */
	unsigned accepted;
	unsigned seen[SCRIPTED_TYPES]; /* messages that came, by type */

	/* The account. uid 0: none yet. */
	uint64_t uid;
	char name[17];
	uint8_t identity[IDENTITY_KEY_SIZE];
	uint8_t secret[PASSWORD_SECRET_SIZE];
	struct password_cost cost;
	uint8_t wrapped_key[BUNDLE_WRAPPED_SIZE];
	uint8_t bundle[BUNDLE_SEALED_MAX];
	size_t bundle_len;
	uint64_t bundle_version;
	uint32_t token; /* the one that is good */
	uint64_t absent; /* everybody else is online for who watches */

	/* Sees every message first (its struct); true: it dealt with it. */
	bool (*hook)(struct scripted_server *server, struct link *link, uint16_t type,
	    const void *message);
	unsigned hooked; /* the test's own */
};

/* Listens on a free port of 127.0.0.1, which it keeps until scripted_server_stop(). */
void scripted_server_start(struct scripted_server *server, struct stage *stage);

/* Does not listen any more, and listens again at the same place. */
void scripted_server_close(struct scripted_server *server);
void scripted_server_open(struct scripted_server *server);

/* Drops every client without a word. */
void scripted_server_cut(struct scripted_server *server);
void scripted_server_stop(struct scripted_server *server);

/* An account that can log in by its password (at the lowest cost) or by its key. */
void scripted_server_add_account(struct scripted_server *server, uint64_t uid, const char *name,
    const char *password, const uint8_t seed[IDENTITY_SEED_SIZE]);

/* The bundle that another machine of the owner would have put. */
void scripted_server_renew_bundle(struct scripted_server *server, const char *password,
    const uint8_t seed[IDENTITY_SEED_SIZE], const uint8_t key[CRYPTO_KEY_SIZE]);

/* A word about somebody who is watched, to who is online. */
void scripted_server_tell_presence(struct scripted_server *server, uint64_t uid, bool is_online);

/* ERROR to a request, or (0) to the connection, which it then finishes. */
void scripted_server_refuse(struct link *link, uint32_t request, enum status status,
    uint32_t retry_ms);

#endif
