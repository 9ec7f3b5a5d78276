/* SPDX-License-Identifier: ISC */
#include "shared/tls.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "shared/mem.h"

#define ALPN "tingyu/1"
#define EXPORTER "EXPORTER-Channel-Binding"

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

/* SubjectPublicKeyInfo of an Ed25519 key up to the key itself (RFC 8410 4). */
static const uint8_t ed25519_prefix[] = {
	0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
};

enum {
	RECORD_SIZE_MAX = 16384,
	/*
	 * What a stranger may say before it is known: certificates included that is some KiB.
	 * GnuTLS itself would collect a message of 16 MiB,
	 * gnutls_handshake_set_max_packet_length() or not.
	 */
	HANDSHAKE_BYTES_MAX = 32768,
	CERTIFICATE_YEARS = 20,
	SERIAL_SIZE = 16,
};

struct tls_context {
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
	unsigned flags;		/* of gnutls_init() */
	gnutls_certificate_request_t ask_peer;
	atomic_uint holders;
};

struct tls {
	gnutls_session_t session;
	struct tls_context *context;
	struct bytes fed;
	uint8_t *pin;	/* NULL: any */
	int fd;
	int error;	/* the last one of the library that mattered; 0: none */
	int socket_error;	/* errno of the push that failed */
	uint32_t handshake_bytes;	/* taken so far */
	bool is_secure;	/* the handshake is done */
	bool right_pin;
	bool wrong_pin;
	bool unsent;	/* the library holds a record that the socket did not take */
	bool has_read;	/* application data came */
};

static gnutls_datum_t
datum_of(struct bytes bytes)
{
	return (gnutls_datum_t){ .data = (unsigned char *)bytes.data, .size = (unsigned)bytes.len };
}

static enum status
pin_of_der(struct bytes der, uint8_t out[TLS_PIN_SIZE])
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
	status = pin_of_der(bytes_of(der.data, der.size), out);
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

/*
 * Runs during the handshake, before our own Finished: a server with a wrong key gets an alert
 * and nothing else, not even our certificate.
 */
static int
tls_on_certificate(gnutls_session_t session)
{
	struct tls *tls = gnutls_session_get_ptr(session);
	uint8_t pin[TLS_PIN_SIZE];

	if (tls->pin == NULL)
		return 0;
	tls->right_pin = tls_peer_pin(tls, pin) == STATUS_OK &&
	    gnutls_memcmp(pin, tls->pin, TLS_PIN_SIZE) == 0;
	tls->wrong_pin = !tls->right_pin;
	return tls->right_pin ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

static enum status
pin_of_secret(const gnutls_datum_t *pem, uint8_t out[TLS_PIN_SIZE])
{
	enum status status = STATUS_BAD_KEY;
	gnutls_privkey_t secret = NULL;
	gnutls_pubkey_t key = NULL;

	if (gnutls_privkey_init(&secret) == 0 &&
	    gnutls_privkey_import_x509_raw(secret, pem, GNUTLS_X509_FMT_PEM, NULL, 0) == 0 &&
	    gnutls_pubkey_init(&key) == 0 && gnutls_pubkey_import_privkey(key, secret, 0, 0) == 0)
		status = pin_of_key(key, out);
	gnutls_pubkey_deinit(key);
	gnutls_privkey_deinit(secret);
	return status;
}

/* The library finds out about most strangers in a pair, but not about those of Ed25519 keys. */
static enum status
set_certificate(struct tls_context *context, struct bytes certificate, struct bytes key)
{
	const gnutls_datum_t crt = datum_of(certificate), secret = datum_of(key);
	uint8_t shown[TLS_PIN_SIZE], owned[TLS_PIN_SIZE];
	int error;

	if (pin_of_certificate(certificate, GNUTLS_X509_FMT_PEM, shown) != STATUS_OK ||
	    pin_of_secret(&secret, owned) != STATUS_OK || memcmp(shown, owned, TLS_PIN_SIZE) != 0)
		return STATUS_BAD_KEY;
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
	uint8_t der[sizeof(ed25519_prefix) + TLS_KEY_SIZE];
	const gnutls_datum_t spki = datum_of(bytes_of(der, sizeof(der)));
	gnutls_pcert_st *shown = gnutls_calloc(1, sizeof(*shown));
	gnutls_privkey_t secret = NULL;

	memcpy(der, ed25519_prefix, sizeof(ed25519_prefix));
	memcpy(der + sizeof(ed25519_prefix), key, TLS_KEY_SIZE);
	if (shown != NULL && gnutls_privkey_init(&secret) == 0 &&
	    gnutls_privkey_import_ecc_raw(secret, GNUTLS_ECC_CURVE_ED25519, &x, NULL, &k) == 0 &&
	    gnutls_pcert_import_rawpk_raw(shown, &spki, GNUTLS_X509_FMT_DER, 0, 0) == 0 &&
	    gnutls_certificate_set_key(context->credentials, NULL, 0, shown, 1, secret) >= 0)
		return STATUS_OK; /* both are the credentials' now */
	gnutls_privkey_deinit(secret);
	if (shown != NULL && shown->pubkey != NULL)
		gnutls_pcert_deinit(shown);
	gnutls_free(shown);
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

enum status
tls_pin_of_key(const uint8_t *key, uint8_t out[TLS_PIN_SIZE])
{
	uint8_t der[sizeof(ed25519_prefix) + TLS_KEY_SIZE];

	memcpy(der, ed25519_prefix, sizeof(ed25519_prefix));
	memcpy(der + sizeof(ed25519_prefix), key, TLS_KEY_SIZE);
	return pin_of_der(bytes_of(der, sizeof(der)), out);
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

/*
 * The library reads here what tls_feed() gave; it never sees the socket, so AGAIN always means
 * "feed me".
 */
static ssize_t
tls_on_pull(gnutls_transport_ptr_t transport, void *room, size_t size)
{
	struct tls *tls = transport;
	size_t len = tls->fed.len < size ? tls->fed.len : size;

	if (len == 0) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(room, tls->fed.data, len);
	tls->fed = bytes_from(tls->fed, len);
	if (!tls->is_secure)
		tls->handshake_bytes += (uint32_t)len;
	return (ssize_t)len;
}

static ssize_t
tls_on_push(gnutls_transport_ptr_t transport, const giovec_t *pieces, int count)
{
	struct tls *tls = transport;
	struct msghdr message = { .msg_iov = (struct iovec *)pieces, .msg_iovlen = (size_t)count };
	ssize_t sent;

	do
		sent = sendmsg(tls->fd, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		tls->socket_error = errno;
	return sent;
}

static bool
session_prepare(struct tls *tls)
{
	static const gnutls_datum_t alpn = { (unsigned char *)ALPN, sizeof(ALPN) - 1 };
	struct tls_context *context = tls->context;
	gnutls_session_t session = tls->session;

	gnutls_session_set_ptr(session, tls);
	gnutls_transport_set_ptr(session, tls);
	gnutls_transport_set_pull_function(session, tls_on_pull);
	gnutls_transport_set_vec_push_function(session, tls_on_push);
	if (context->ask_peer != GNUTLS_CERT_IGNORE)
		gnutls_certificate_server_set_request(session, context->ask_peer);
	return gnutls_priority_set(session, context->priority) == 0 &&
	    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, context->credentials) == 0 &&
	    gnutls_alpn_set_protocols(session, &alpn, 1, GNUTLS_ALPN_MANDATORY) == 0;
}

enum status
tls_new(struct tls_context *context, int fd, const uint8_t *pin, struct tls **out)
{
	struct tls *tls = mem_new(sizeof(*tls));

	tls->fd = fd;
	tls->context = tls_context_ref(context);
	if (pin != NULL) {
		tls->pin = mem_new(TLS_PIN_SIZE);
		memcpy(tls->pin, pin, TLS_PIN_SIZE);
	}
	if (gnutls_init(&tls->session, context->flags) != 0) {
		tls->session = NULL;
		tls_free(tls);
		return STATUS_NO_MEMORY;
	}
	if (!session_prepare(tls)) {
		tls_free(tls);
		return STATUS_SYSTEM;
	}
	*out = tls;
	return STATUS_OK;
}

void
tls_free(struct tls *tls)
{
	if (tls == NULL)
		return;
	if (tls->session != NULL)
		gnutls_deinit(tls->session);
	tls_context_unref(tls->context);
	free(tls->pin);
	free(tls);
}

void
tls_feed(struct tls *tls, struct bytes wire)
{
	tls->fed = wire;
}

bool
tls_is_hungry(const struct tls *tls)
{
	return tls->fed.len == 0;
}

struct bytes
tls_leftover(const struct tls *tls)
{
	return tls->fed;
}

static enum status
status_of_error(const struct tls *tls, int error)
{
	if (error == GNUTLS_E_PUSH_ERROR)
		return status_of_errno(tls->socket_error);
	if (error == GNUTLS_E_MEMORY_ERROR)
		return STATUS_NO_MEMORY;
	if (tls->wrong_pin)
		return STATUS_WRONG_PIN;
	return tls->has_read ? STATUS_RESET : STATUS_HANDSHAKE_FAILED;
}

/* Remembers why, tells the other side if there is room, and gives the negative status. */
static int
fail(struct tls *tls, int error)
{
	enum status status = status_of_error(tls, error);

	tls->error = error;
	if (error != GNUTLS_E_PUSH_ERROR && error != GNUTLS_E_FATAL_ALERT_RECEIVED)
		gnutls_alert_send_appropriate(tls->session, error);
	return -(int)status;
}

static bool
is_again(int error)
{
	return error == GNUTLS_E_AGAIN || error == GNUTLS_E_INTERRUPTED;
}

/* GNUTLS_ALPN_MANDATORY lets a side pass that does not know of ALPN at all. */
static bool
alpn_is_ours(const struct tls *tls)
{
	gnutls_datum_t chosen;

	return gnutls_alpn_get_selected_protocol(tls->session, &chosen) == 0;
}

int
tls_handshake(struct tls *tls)
{
	int error;

	do
		error = gnutls_handshake(tls->session);
	while (error < 0 && !is_again(error) && !gnutls_error_is_fatal(error));
	if (is_again(error) && tls->handshake_bytes > HANDSHAKE_BYTES_MAX)
		error = GNUTLS_E_HANDSHAKE_TOO_LARGE;
	if (is_again(error))
		return 0;
	if (error < 0)
		return fail(tls, error);
	/* About a side that showed no key at all the library asks nobody. */
	tls->wrong_pin = tls->pin != NULL && !tls->right_pin;
	if (tls->wrong_pin)
		return fail(tls, GNUTLS_E_NO_CERTIFICATE_FOUND);
	if (!alpn_is_ours(tls))
		return fail(tls, GNUTLS_E_NO_APPLICATION_PROTOCOL);
	tls->is_secure = true;
	free(tls->pin);
	tls->pin = NULL;
	return 1;
}

ssize_t
tls_read(struct tls *tls, void *room, size_t size)
{
	ssize_t got = gnutls_record_recv(tls->session, room, size);

	if (got > 0)
		tls->has_read = true;
	if (got > 0)
		return got;
	if (got == 0)
		return -STATUS_CLOSED;
	if (!gnutls_error_is_fatal((int)got))
		return 0;
	return fail(tls, (int)got);
}

ssize_t
tls_write(struct tls *tls, struct bytes clear)
{
	size_t len = clear.len < RECORD_SIZE_MAX ? clear.len : RECORD_SIZE_MAX;
	ssize_t sent;

	/* A record that waits is sent again by asking for nothing new (gnutls_record_send(3)). */
	if (tls->unsent)
		sent = gnutls_record_send(tls->session, NULL, 0);
	else
		sent = gnutls_record_send(tls->session, clear.data, len);
	tls->unsent = is_again((int)sent);
	if (sent >= 0)
		return sent;
	return tls->unsent ? 0 : fail(tls, (int)sent);
}

int
tls_bye(struct tls *tls)
{
	int error;

	if (tls->unsent)
		return 0;
	error = gnutls_bye(tls->session, GNUTLS_SHUT_WR);
	if (error == 0)
		return 1;
	return is_again(error) ? 0 : fail(tls, error);
}

enum status
tls_binding(const struct tls *tls, uint8_t out[TLS_BINDING_SIZE])
{
	int error = gnutls_prf_rfc5705(tls->session, sizeof(EXPORTER) - 1, EXPORTER, 0, NULL,
	    TLS_BINDING_SIZE, (char *)out);

	return error == 0 ? STATUS_OK : STATUS_WRONG_STATE;
}

enum status
tls_peer_pin(const struct tls *tls, uint8_t out[TLS_PIN_SIZE])
{
	unsigned count = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(tls->session, &count);

	if (chain == NULL || count == 0)
		return STATUS_NOT_FOUND;
	/* A raw key comes as the very bytes that its pin is made of. */
	if (gnutls_certificate_type_get2(tls->session, GNUTLS_CTYPE_PEERS) == GNUTLS_CRT_RAWPK)
		return pin_of_der(bytes_of(chain[0].data, chain[0].size), out);
	return pin_of_certificate(bytes_of(chain[0].data, chain[0].size), GNUTLS_X509_FMT_DER, out);
}

const char *
tls_problem(const struct tls *tls)
{
	const char *text = NULL;

	if (tls->error == GNUTLS_E_FATAL_ALERT_RECEIVED)
		text = gnutls_alert_get_name(gnutls_alert_get(tls->session));
	else if (tls->error != 0)
		text = gnutls_strerror(tls->error);
	return text != NULL ? text : "";
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

enum status
tls_pin_of_certificate(struct bytes certificate, uint8_t out[TLS_PIN_SIZE])
{
	return pin_of_certificate(certificate, GNUTLS_X509_FMT_PEM, out);
}
