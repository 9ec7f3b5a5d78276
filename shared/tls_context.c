/* SPDX-License-Identifier: ISC */
/* What many sessions share. */

#include <stdlib.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

#include "shared/mem.h"
#include "shared/tls_parts.h"

/*
 * What both sides may agree on, the cheapest for a server first. Measured with
 * tests/bench/tls_cost.c (GnuTLS 3.7.9, AMD EPYC): X25519 spares 45 us a handshake over P-256,
 * an Ed25519 key 20 us over a P-256 one. AES-GCM with the CPU's help costs 344 bytes more per
 * direction than ChaCha20, and a tenth of the time for long records.
 */
#define PRIORITY \
	"NONE:+VERS-TLS1.3:+AES-128-GCM:+CHACHA20-POLY1305:+AES-256-GCM:+AEAD" \
	":+ECDHE-ECDSA:+GROUP-X25519:+GROUP-SECP256R1:+CTYPE-X509" \
	":+SIGN-EDDSA-ED25519:+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SECP384R1-SHA384" \
	":+SIGN-RSA-PSS-RSAE-SHA256"

/* Between people: keys without certificates, of one kind. */
#define PEER_PRIORITY \
	"NONE:+VERS-TLS1.3:+AES-128-GCM:+CHACHA20-POLY1305:+AES-256-GCM:+AEAD" \
	":+ECDHE-ECDSA:+GROUP-X25519:+GROUP-SECP256R1:+CTYPE-CLI-RAWPK:+CTYPE-SRV-RAWPK" \
	":+SIGN-EDDSA-ED25519"

static gnutls_datum_t
datum_of(struct bytes bytes)
{
	return (gnutls_datum_t){ .data = (unsigned char *)bytes.data, .size = (unsigned)bytes.len };
}

/* The library finds out about most strangers in a pair, but not about those of Ed25519 keys. */
static enum status
set_certificate(struct tls_context *context, struct bytes certificate, struct bytes key)
{
	const gnutls_datum_t crt = datum_of(certificate), secret = datum_of(key);
	uint8_t shown[TLS_PIN_SIZE], owned[TLS_PIN_SIZE];
	int error;

	if (tls_pin_of_certificate(certificate, shown) != STATUS_OK ||
	    tls_pin_of_secret(key, owned) != STATUS_OK || memcmp(shown, owned, TLS_PIN_SIZE) != 0)
		return STATUS_BAD_KEY;
	memcpy(context->pin, shown, TLS_PIN_SIZE);
	error = gnutls_certificate_set_x509_key_mem(context->credentials, &crt, &secret,
	    GNUTLS_X509_FMT_PEM);
	return error < 0 ? STATUS_BAD_KEY : STATUS_OK;
}

static struct tls_context *
context_new(unsigned flags, const char *priority)
{
	struct tls_context *context = mem_new(sizeof(*context));

	atomic_init(&context->holders, 1);
	context->flags = flags | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS;
	if (gnutls_certificate_allocate_credentials(&context->credentials) != 0 ||
	    gnutls_priority_init(&context->priority, priority, NULL) != 0) {
		tls_context_unref(context);
		return NULL;
	}
	gnutls_certificate_set_verify_function(context->credentials, tls_on_certificate);
	return context;
}

enum status
tls_context_new_server(struct bytes certificate, struct bytes key, bool ask_peer,
    struct tls_context **out)
{
	struct tls_context *context = context_new(GNUTLS_SERVER, PRIORITY);
	enum status status = STATUS_SYSTEM;

	if (context != NULL)
		status = set_certificate(context, certificate, key);
	if (status != STATUS_OK) {
		tls_context_unref(context);
		return status;
	}
	context->ask_peer = ask_peer ? GNUTLS_CERT_REQUEST : GNUTLS_CERT_IGNORE;
	*out = context;
	return STATUS_OK;
}

enum status
tls_context_new_client(struct bytes certificate, struct bytes key, struct tls_context **out)
{
	/*
	 * A server that asks does not name authorities, so our certificate fits always; see
	 * GNUTLS_FORCE_CLIENT_CERT.
	 */
	const unsigned flags = GNUTLS_CLIENT | GNUTLS_KEY_SHARE_TOP | GNUTLS_FORCE_CLIENT_CERT;
	struct tls_context *context = context_new(flags, PRIORITY);
	enum status status = context != NULL ? STATUS_OK : STATUS_SYSTEM;

	if (status == STATUS_OK && certificate.len > 0)
		status = set_certificate(context, certificate, key);
	if (status != STATUS_OK) {
		tls_context_unref(context);
		return status;
	}
	*out = context;
	return STATUS_OK;
}

static enum status
set_raw_key(struct tls_context *context, const uint8_t *seed, const uint8_t *key)
{
	const gnutls_datum_t x = datum_of(bytes_of(key, TLS_KEY_SIZE));
	const gnutls_datum_t k = datum_of(bytes_of(seed, TLS_KEY_SIZE));
	uint8_t der[TLS_KEY_DER_SIZE];
	const gnutls_datum_t spki = datum_of(bytes_of(der, sizeof(der)));
	gnutls_privkey_t secret = NULL;
	gnutls_pcert_st shown = { 0 };

	tls_der_of_key(key, der);
	if (gnutls_privkey_init(&secret) == 0 &&
	    gnutls_privkey_import_ecc_raw(secret, GNUTLS_ECC_CURVE_ED25519, &x, NULL, &k) == 0 &&
	    gnutls_pcert_import_rawpk_raw(&shown, &spki, GNUTLS_X509_FMT_DER, 0, 0) == 0 &&
	    gnutls_certificate_set_key(context->credentials, NULL, 0, &shown, 1, secret) >= 0)
		return STATUS_OK;	/* what both hold is the credentials' now */
	gnutls_privkey_deinit(secret);
	if (shown.pubkey != NULL)
		gnutls_pcert_deinit(&shown);
	return STATUS_BAD_KEY;
}

enum status
tls_context_new_peer(bool is_server, const uint8_t *seed, const uint8_t *key,
    struct tls_context **out)
{
	unsigned role = is_server ? GNUTLS_SERVER : GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT;
	struct tls_context *context = context_new(role | GNUTLS_ENABLE_RAWPK, PEER_PRIORITY);
	enum status status = STATUS_SYSTEM;

	if (context != NULL)
		status = set_raw_key(context, seed, key);
	if (status != STATUS_OK) {
		tls_context_unref(context);
		return status;
	}
	context->ask_peer = is_server ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_IGNORE;
	*out = context;
	return STATUS_OK;
}

struct tls_context *
tls_context_ref(struct tls_context *context)
{
	atomic_fetch_add(&context->holders, 1);
	return context;
}

void
tls_context_unref(struct tls_context *context)
{
	if (context == NULL || atomic_fetch_sub(&context->holders, 1) > 1)
		return;
	if (context->credentials != NULL)
		gnutls_certificate_free_credentials(context->credentials);
	if (context->priority != NULL)
		gnutls_priority_deinit(context->priority);
	free(context);
}
