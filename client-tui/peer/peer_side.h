/* SPDX-License-Identifier: ISC */
/* What all sessions of the peer thread share: its loop, who we are, and where we are. */

#ifndef CLIENT_PEER_PEER_SIDE_H
#define CLIENT_PEER_PEER_SIDE_H

#include "client-tui/peer/peer_limits.h"
#include "shared/identity.h"
#include "shared/link.h"

struct event_base;

struct peer_side {
	struct event_base *base;
	struct link_loop *loop;
	const struct peer_limits *limits;
	struct link_limits link_limits;
	uint8_t key[IDENTITY_KEY_SIZE];
	struct tls_context *as_server, *as_client; /* NULL: nobody is logged in */
	uint16_t port;                             /* 0: none */
};

#endif
