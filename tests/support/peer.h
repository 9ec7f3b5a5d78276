/* SPDX-License-Identifier: ISC */
/*
 * The other end of a connection, driven step by step by a test: connect, send, expect, see the
 * end. It has a loop of its own that turns only while the test waits here.
 */

#ifndef TESTS_SUPPORT_PEER_H
#define TESTS_SUPPORT_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/identity.h"
#include "shared/protocol.h"
#include "shared/tls.h"

/* Who a peer is: a fresh certificate and its pin. */
struct peer_identity {
	char *certificate;
	char *key;
	uint8_t pin[TLS_PIN_SIZE];
	char pin_text[2 * TLS_PIN_SIZE + 1];
};

void peer_identity_init(struct peer_identity *identity);
void peer_identity_clear(struct peer_identity *identity);

struct peer;

/*
 * Connects to 127.0.0.1. "identity" NULL: shows no certificate. Any server key is taken.
 * "is_plain": no TLS.
 */
struct peer *peer_connect(unsigned port, const struct peer_identity *identity, bool is_plain);

/* The same from another address of 127.0.0.0/8. */
struct peer *peer_connect_from(const char *local, unsigned port,
    const struct peer_identity *identity, bool is_plain);

/*
 * Gives the connection up, if it is still there, and what came over it, and makes another one to
 * the same place, as far as the answer to HELLO.
 */
void peer_connect_again(struct peer *peer);

/* Closes at once if it is not closed yet. NULL is fine. */
void peer_free(struct peer *peer);

/* Waits until the handshake is done; fails the test when it does not come to that. */
void peer_wait_up(struct peer *peer);

/* Sends a message of protocol.def, or raw bytes. */
void peer_send(struct peer *peer, uint16_t type, const void *message);
void peer_send_raw(struct peer *peer, struct bytes bytes);

/*
 * Until what was sent has left. Only needed before something else than this peer is listened to:
 * its loop turns in no other's.
 */
void peer_flush(struct peer *peer);

/*
 * Stops reading for good and sends the same bytes again and again, "times" times or until the
 * other side has had enough.
 */
void peer_send_blindly(struct peer *peer, struct bytes bytes, size_t times);

/*
 * Waits for the next frame, which has to be of this type, and decodes it into "out" (its
 * struct; NULL: not needed); texts in it are good until the next call. Fails the test when
 * another one comes, the end, or nothing.
 */
void peer_expect(struct peer *peer, uint16_t type, void *out);

/* Waits for the next frame and says its type; it stays for peer_expect(). */
uint16_t peer_next_type(struct peer *peer);

/* The next frame has to be an ERROR with this status. */
void peer_expect_error(struct peer *peer, enum status status);

/* Whether a frame comes within so many milliseconds; it stays for peer_expect(). */
bool peer_hears(struct peer *peer, int timeout_ms);

/*
 * Waits for the end and returns why; frames on the way there are dropped. Fails the test when
 * it stays open.
 */
enum status peer_wait_down(struct peer *peer, int timeout_ms);

/* HELLO and its answer. */
void peer_hello(struct peer *peer);

/* This connection as signatures name it; after peer_hello(). */
void peer_channel(struct peer *peer, struct identity_channel *out);

#endif
