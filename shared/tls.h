/* SPDX-License-Identifier: ISC */
/*
 * TLS 1.3 (RFC 8446) and nothing older, ALPN "tingyu/1" on both sides, no tickets. The only
 * module that knows which library does it. Nobody is believed for a name or an authority: a side
 * is known by its pin, the SHA-256 of its public key (DER, SubjectPublicKeyInfo, RFC 5280
 * 4.1.2.7). Names stay out of the handshake.
 *
 * A session reads only what it is fed and writes to its socket itself; link.h is its one user.
 * Counts come back as "more than 0: so many, 0: not now, less than 0: a status with a minus
 * sign".
 */

#ifndef SHARED_TLS_H
#define SHARED_TLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared/bytes.h"
#include "shared/compiler.h"
#include "shared/status.h"

enum { TLS_PIN_SIZE = 32, TLS_BINDING_SIZE = 32, TLS_KEY_SIZE = 32 };

/*
 * Certificate, key and rules for many sessions; immutable, counted by its holders. Holders may
 * be in any thread.
 */
struct tls_context;

/* One connection's TLS. */
struct tls;

/*
 * Servers show "certificate" with "key" (both PEM). "ask_peer" asks clients for theirs: any
 * self-signed one, or none, passes here and link_peer_pin() tells who it was. STATUS_BAD_KEY:
 * the two cannot be read, or do not belong together. The caller holds the one reference to *out.
 */
enum status tls_context_new_server(struct bytes certificate, struct bytes key, bool ask_peer,
    struct tls_context **out);

/*
 * Clients; certificate and key are shown to servers that ask, both empty: none is. The rest as
 * above.
 */
enum status tls_context_new_client(struct bytes certificate, struct bytes key,
    struct tls_context **out);

/*
 * One side of a direct connection: both sides show a raw Ed25519 key (RFC 7250) and insist on the
 * other's; certificates are not spoken. "seed" (RFC 8032) and "key" are TLS_KEY_SIZE bytes each.
 * Whom to expect is said by the pin of the session, see tls_pin_of_key(). STATUS_BAD_KEY: the
 * library cannot use them.
 */
enum status tls_context_new_peer(bool is_server, const uint8_t *seed, const uint8_t *key,
    struct tls_context **out);

/* The pin of a raw Ed25519 public key of TLS_KEY_SIZE bytes (in the DER of RFC 8410). */
enum status tls_pin_of_key(const uint8_t *key, uint8_t out[TLS_PIN_SIZE]);

/* One holder more; returns "context". */
struct tls_context *tls_context_ref(struct tls_context *context);

/* One holder less; the last one frees it, and every session is a holder. NULL is fine. */
void tls_context_unref(struct tls_context *context);

/*
 * A session over a connected non-blocking socket, which stays the caller's. "pin" (TLS_PIN_SIZE
 * bytes, copied; or NULL) is the only key accepted from the other side. STATUS_NO_MEMORY or
 * STATUS_SYSTEM when the library refuses.
 */
enum status tls_new(struct tls_context *context, int fd, const uint8_t *pin, struct tls **out);
void tls_free(struct tls *tls);

/* What came from the socket, borrowed until it is taken; it replaces what was not taken yet. */
void tls_feed(struct tls *tls, struct bytes wire);

/* All that was fed is taken. */
bool tls_is_hungry(const struct tls *tls);

/* What was fed and is not taken yet. */
struct bytes tls_leftover(const struct tls *tls);

/*
 * As far as it goes: 1 done, 0 more has to come or the socket is full; else -STATUS_WRONG_PIN
 * (nothing was sent that belongs to the application, the other side got an alert),
 * -STATUS_HANDSHAKE_FAILED, or what the socket said.
 */
int tls_handshake(struct tls *tls);

/*
 * Clear bytes out of what was fed; 0 with a session that is not hungry: call again.
 * -STATUS_CLOSED: the other side said bye.
 */
ssize_t tls_read(struct tls *tls, void *room, size_t size);

/*
 * Encrypts at most one record and sends it; 0: the socket is full, call again later with the
 * same bytes in front (more may have been added behind them): the library keeps the record it
 * could not send and knows how long it was.
 */
ssize_t tls_write(struct tls *tls, struct bytes clear);

/*
 * Says that nothing more follows (close_notify); 1 said, 0 the socket is full, else a negative
 * status.
 */
int tls_bye(struct tls *tls);

/*
 * Channel binding: exporter "EXPORTER-Channel-Binding" without context (RFC 9266). After the
 * handshake only.
 */
enum status tls_binding(const struct tls *tls, uint8_t out[TLS_BINDING_SIZE]);

/* The pin of the certificate that this side shows; zeros: it has none. */
void tls_own_pin(const struct tls *tls, uint8_t out[TLS_PIN_SIZE]);

/* The pin of the other side. STATUS_NOT_FOUND: it showed no key. */
enum status tls_peer_pin(const struct tls *tls, uint8_t out[TLS_PIN_SIZE]);

/* What went wrong last, for logs ("no ALPN in common"); static memory, "" when nothing did. */
const char *tls_problem(const struct tls *tls);

/*
 * A fresh Ed25519 key (RFC 8410) and a certificate it signs itself, good for 20 years. PEM on
 * the heap: wipe the key, free both.
 */
enum status tls_make_certificate(char **certificate, char **key);

/* The pin of a certificate in PEM. STATUS_BAD_KEY: it cannot be read. */
enum status tls_pin_of_certificate(struct bytes certificate, uint8_t out[TLS_PIN_SIZE]);

#endif
