/* SPDX-License-Identifier: ISC */
/*
 * A route server and a work server in one, as small as clients can be fooled: it checks proofs, keeps nothing
 * but uids and secrets, and does wrong what the test asks for. It lives in the loop of whoever
 * made it.
 */

#ifndef TESTS_SUPPORT_FAKE_SERVER_H
#define TESTS_SUPPORT_FAKE_SERVER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared/link.h"

struct event;
struct fake_client;

enum { FAKE_ACCOUNTS_MAX = 20000 };

struct fake_account {
	uint8_t secret[32];
	struct fake_client *online;	/* NULL: not */
};

struct fake_server {
	struct link_loop *loop;
	struct tls_context *tls;	/* NULL: plain */
	struct link_limits limits;
	struct sockaddr_in address;
	uint8_t pin[TLS_PIN_SIZE];
	int listener;
	struct event *accepting;
	struct fake_client *clients;

	struct fake_account accounts[FAKE_ACCOUNTS_MAX];	/* uid is the place plus 1 */
	uint32_t account_count;
	uint32_t online_count;
	uint32_t taken[0x8000];		/* messages of each type that came */

	/* What the test asks for. */
	uint16_t refuse_type;		/* answered by ERROR with ... */
	uint16_t refuse_status;
	uint32_t refuse_retry_ms;
	uint32_t refuse_count;		/* ... so many times */
	bool ignores_pings;
	bool forgets_tokens;
};

/*
 * Listens on a free port of 127.0.0.1. All of it is borrowed; the struct is large: not for the
 * stack.
 */
void fake_server_start(struct fake_server *server, struct event_base *base, struct link_loop *loop,
    struct tls_context *tls, const uint8_t pin[TLS_PIN_SIZE]);

/* Closes the listener and every client. */
void fake_server_stop(struct fake_server *server);

/* Closes every client, as a server does that dies. Returns how many. */
unsigned fake_server_cut(struct fake_server *server);

/* Asks everybody online to move. */
void fake_server_move(struct fake_server *server, uint32_t delay_ms);

#endif
