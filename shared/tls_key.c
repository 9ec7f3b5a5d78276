/* SPDX-License-Identifier: ISC */
/* Keys and certificates, and the pins by which they are known. */

#include <stdlib.h>
#include <time.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "shared/mem.h"
#include "shared/tls_parts.h"

/* SubjectPublicKeyInfo of an Ed25519 key up to the key itself (RFC 8410 4). */
static const uint8_t ed25519_prefix[] = {
	0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
};

enum {
	CERTIFICATE_YEARS = 20,
	SERIAL_SIZE = 16,
};

_Static_assert(sizeof(ed25519_prefix) + TLS_KEY_SIZE == TLS_KEY_DER_SIZE, "an Ed25519 key in DER");

static gnutls_datum_t
datum_of(struct bytes bytes)
{
	return (gnutls_datum_t){ .data = (unsigned char *)bytes.data, .size = (unsigned)bytes.len };
}

enum status
tls_pin_of_der(struct bytes der, uint8_t out[TLS_PIN_SIZE])
{
	int error = gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.len, out);

	return error == 0 ? STATUS_OK : STATUS_BAD_KEY;
}

static enum status
pin_of_key(gnutls_pubkey_t key, uint8_t out[TLS_PIN_SIZE])
{
	enum status status;
	gnutls_datum_t der;

	if (gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der) != 0)
		return STATUS_BAD_KEY;
	status = tls_pin_of_der(bytes_of(der.data, der.size), out);
	gnutls_free(der.data);
	return status;
}

static enum status
pin_of_certificate(struct bytes certificate, gnutls_x509_crt_fmt_t format,
    uint8_t out[TLS_PIN_SIZE])
{
	const gnutls_datum_t datum = datum_of(certificate);
	enum status status = STATUS_BAD_KEY;
	gnutls_x509_crt_t crt = NULL;
	gnutls_pubkey_t key = NULL;

	if (gnutls_x509_crt_init(&crt) == 0 && gnutls_x509_crt_import(crt, &datum, format) == 0 &&
	    gnutls_pubkey_init(&key) == 0 && gnutls_pubkey_import_x509(key, crt, 0) == 0)
		status = pin_of_key(key, out);
	gnutls_pubkey_deinit(key);
	gnutls_x509_crt_deinit(crt);
	return status;
}

enum status
tls_pin_of_certificate(struct bytes certificate, uint8_t out[TLS_PIN_SIZE])
{
	return pin_of_certificate(certificate, GNUTLS_X509_FMT_PEM, out);
}

enum status
tls_pin_of_certificate_der(struct bytes certificate, uint8_t out[TLS_PIN_SIZE])
{
	return pin_of_certificate(certificate, GNUTLS_X509_FMT_DER, out);
}

enum status
tls_pin_of_secret(struct bytes pem, uint8_t out[TLS_PIN_SIZE])
{
	const gnutls_datum_t datum = datum_of(pem);
	enum status status = STATUS_BAD_KEY;
	gnutls_privkey_t secret = NULL;
	gnutls_pubkey_t key = NULL;

	if (gnutls_privkey_init(&secret) == 0 &&
	    gnutls_privkey_import_x509_raw(secret, &datum, GNUTLS_X509_FMT_PEM, NULL, 0) == 0 &&
	    gnutls_pubkey_init(&key) == 0 && gnutls_pubkey_import_privkey(key, secret, 0, 0) == 0)
		status = pin_of_key(key, out);
	gnutls_pubkey_deinit(key);
	gnutls_privkey_deinit(secret);
	return status;
}

void
tls_der_of_key(const uint8_t *key, uint8_t out[TLS_KEY_DER_SIZE])
{
	memcpy(out, ed25519_prefix, sizeof(ed25519_prefix));
	memcpy(out + sizeof(ed25519_prefix), key, TLS_KEY_SIZE);
}

enum status
tls_pin_of_key(const uint8_t *key, uint8_t out[TLS_PIN_SIZE])
{
	uint8_t der[TLS_KEY_DER_SIZE];

	tls_der_of_key(key, der);
	return tls_pin_of_der(bytes_of(der, sizeof(der)), out);
}

static bool
crt_fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key)
{
	const time_t day = 86400, now = time(NULL);
	uint8_t serial[SERIAL_SIZE];

	if (gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial)) != 0)
		return false;
	serial[0] &= 0x7f;	/* positive, RFC 5280 4.1.2.2 */
	return gnutls_x509_crt_set_version(crt, 3) == 0 &&
	    gnutls_x509_crt_set_serial(crt, serial, sizeof(serial)) == 0 &&
	    gnutls_x509_crt_set_dn(crt, "CN=tingyu", NULL) == 0 &&
	    gnutls_x509_crt_set_activation_time(crt, now - day) == 0 &&
	    gnutls_x509_crt_set_expiration_time(crt, now + CERTIFICATE_YEARS * 365 * day) == 0 &&
	    gnutls_x509_crt_set_key(crt, key) == 0 &&
	    gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA512, 0) == 0;
}

/* Our own copy of what the library gave, with an end mark; the library's is wiped. */
static char *
take_text(gnutls_datum_t *datum)
{
	char *text = mem_string_of(bytes_of(datum->data, datum->size));

	gnutls_memset(datum->data, 0, datum->size);
	gnutls_free(datum->data);
	return text;
}

static bool
export_pair(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, char **certificate_out,
    char **key_out)
{
	gnutls_datum_t crt_pem, key_pem;
	int error;

	if (gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &crt_pem) != 0)
		return false;
	*certificate_out = take_text(&crt_pem);
	/* Its own format (gnutls_x509_privkey_export2) has no name for Ed25519: PKCS #8 it is. */
	error = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
	    &key_pem);
	if (error != 0) {
		free(*certificate_out);
		return false;
	}
	*key_out = take_text(&key_pem);
	return true;
}

enum status
tls_make_certificate(char **certificate, char **key)
{
	const unsigned bits = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519);
	gnutls_x509_privkey_t secret = NULL;
	gnutls_x509_crt_t crt = NULL;
	bool made;

	made = gnutls_x509_privkey_init(&secret) == 0 && gnutls_x509_crt_init(&crt) == 0 &&
	    gnutls_x509_privkey_generate(secret, GNUTLS_PK_EDDSA_ED25519, bits, 0) == 0 &&
	    crt_fill(crt, secret) && export_pair(crt, secret, certificate, key);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(secret);
	return made ? STATUS_OK : STATUS_BAD_KEY;
}
