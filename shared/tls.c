/* SPDX-License-Identifier: ISC */
#include "shared/tls.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "shared/mem.h"
#include "shared/tls_parts.h"

#define ALPN "tingyu/1"
#define EXPORTER "EXPORTER-Channel-Binding"

enum {
	RECORD_SIZE_MAX = 16384,
	/*
	 * What a stranger may say before it is known: certificates included that is some KiB.
	 * GnuTLS itself would collect a message of 16 MiB,
	 * gnutls_handshake_set_max_packet_length() or not.
	 */
	HANDSHAKE_BYTES_MAX = 32768,
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

/*
 * Runs during the handshake, before our own Finished: a server with a wrong key gets an alert
 * and nothing else, not even our certificate.
 */
int
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

void
tls_own_pin(const struct tls *tls, uint8_t out[TLS_PIN_SIZE])
{
	memcpy(out, tls->context->pin, TLS_PIN_SIZE);
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
		return tls_pin_of_der(bytes_of(chain[0].data, chain[0].size), out);
	return tls_pin_of_certificate_der(bytes_of(chain[0].data, chain[0].size), out);
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
