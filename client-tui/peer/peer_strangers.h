/* SPDX-License-Identifier: ISC */
/*
 * Who has come in and not yet shown a token. There is room for few: when another one comes, the
 * oldest goes, and nobody stays longer than a moment.
 */

#ifndef CLIENT_PEER_PEER_STRANGERS_H
#define CLIENT_PEER_PEER_STRANGERS_H

#include <stdint.h>

#include "client-tui/peer/peer_thread.h"

struct event_base;
struct peer_strangers;

enum { PEER_STRANGERS_MAX = 64 };

/* A token, of which nothing is known; the descriptor is the receiver's. */
typedef void peer_strangers_on_token(int fd, const uint8_t token[PEER_TOKEN_SIZE], void *arg);

struct peer_strangers *peer_strangers_new(
    struct event_base *base, uint32_t stay_ms, peer_strangers_on_token *on_token, void *arg);

/* Closes all. NULL is fine. */
void peer_strangers_free(struct peer_strangers *self);

/* Takes over a connected, non-blocking socket. */
void peer_strangers_add(struct peer_strangers *self, int fd);

#endif
