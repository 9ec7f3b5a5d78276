/* SPDX-License-Identifier: ISC */
/*
 * What USER_CONVERSATION carries: kind, id and body of a message (tingyu-protocol(7), "Direct
 * sessions").
 */

#ifndef CLIENT_PEER_PEER_INNER_H
#define CLIENT_PEER_PEER_INNER_H

#include <stdint.h>

#include "shared/bytes.h"
#include "shared/status.h"

enum {
	PEER_INNER_TEXT = 1, /* the kind */
	PEER_INNER_BODY_MAX = 16384,
	PEER_INNER_MAX = 1 + 8 + 2 + PEER_INNER_BODY_MAX,
};

struct peer_inner {
	uint8_t kind;
	uint64_t id;
	struct bytes body;
};

/* Whether a text may be sent: STATUS_TOO_SHORT, STATUS_TOO_LONG, STATUS_BAD_TEXT. */
enum status peer_inner_check(struct bytes text);

/* Writes a message whose body was checked; returns its size. */
size_t peer_inner_encode(const struct peer_inner *inner, uint8_t room[PEER_INNER_MAX]);

/*
 * The body borrows from "bytes". STATUS_BAD_FRAME: too short, or bytes are left over;
 * STATUS_BAD_VALUE: another kind; and what peer_inner_check() says of the body. *out is set with
 * STATUS_OK only.
 */
enum status peer_inner_decode(struct bytes bytes, struct peer_inner *out);

#endif
