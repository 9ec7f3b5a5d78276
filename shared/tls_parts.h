/* SPDX-License-Identifier: ISC */
/* What tls.c (sessions), tls_context.c and tls_key.c know of one another. For these three only. */

#ifndef SHARED_TLS_PARTS_H
#define SHARED_TLS_PARTS_H

#include <stdatomic.h>

#include "shared/tls.h"

/* The library's, whose headers stay in the three files. */
struct gnutls_certificate_credentials_st;
struct gnutls_priority_st;
struct gnutls_session_int;

struct tls_context {
	struct gnutls_certificate_credentials_st *credentials;
	struct gnutls_priority_st *priority;
	unsigned flags;		/* of gnutls_init() */
	int ask_peer;		/* gnutls_certificate_request_t */
	uint8_t pin[TLS_PIN_SIZE];	/* of our own certificate; zeros: none */
	atomic_uint holders;
};

/* tls.c: is that the key that this session expects? For the credentials of every context. */
int tls_on_certificate(struct gnutls_session_int *session);

/* tls_key.c: pins of what is not PEM, and of the public half of a private key in PEM. */
enum status tls_pin_of_der(struct bytes der, uint8_t out[TLS_PIN_SIZE]);
enum status tls_pin_of_certificate_der(struct bytes certificate, uint8_t out[TLS_PIN_SIZE]);
enum status tls_pin_of_secret(struct bytes pem, uint8_t out[TLS_PIN_SIZE]);

/* A raw Ed25519 key as SubjectPublicKeyInfo (RFC 8410 4). */
enum { TLS_KEY_DER_SIZE = 44 };
void tls_der_of_key(const uint8_t *key, uint8_t out[TLS_KEY_DER_SIZE]);

#endif
