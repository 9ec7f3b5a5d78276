/* SPDX-License-Identifier: ISC */
/*
 * The smallest accepter of TLS connections: accept, shake hands with the same key, suites and
 * flags as shared/tls.c, say one byte, keep the connection. The client half connects with all at
 * once (or -o at once) and counts who has heard the byte. Gives the library's own price of a
 * login and of an idle session.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gnutls/gnutls.h>

#include "shared/clock.h"
#include "shared/mem.h"
#include "shared/tls.h"
#include "tests/bench/yardstick.h"

#define PRIORITY \
	"NONE:+VERS-TLS1.3:+AES-128-GCM:+CHACHA20-POLY1305:+AES-256-GCM:+AEAD" \
	":+ECDHE-ECDSA:+GROUP-X25519:+GROUP-SECP256R1:+CTYPE-X509" \
	":+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SECP384R1-SHA384:+SIGN-EDDSA-ED25519" \
	":+SIGN-RSA-PSS-RSAE-SHA256"

enum { EVENTS = 256 };

struct connection {
	gnutls_session_t session;
	bool is_up;
};

struct side {
	struct yardstick *yardstick;
	int epoll;
	gnutls_certificate_credentials_t credentials;
	gnutls_priority_t priority;
	unsigned flags;
};

static char *certificate, *key;

static void
side_open(struct side *side, struct yardstick *yardstick, unsigned flags)
{
	gnutls_datum_t crt = { (unsigned char *)certificate, (unsigned)strlen(certificate) };
	gnutls_datum_t secret = { (unsigned char *)key, (unsigned)strlen(key) };

	side->yardstick = yardstick;
	side->epoll = epoll_create1(EPOLL_CLOEXEC);
	side->flags = flags | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS;
	yardstick_require(side->epoll >= 0, "epoll");
	yardstick_require(gnutls_priority_init(&side->priority, PRIORITY, NULL) == 0 &&
	    gnutls_certificate_allocate_credentials(&side->credentials) == 0, "GnuTLS");
	if (flags & GNUTLS_SERVER)
		yardstick_require(gnutls_certificate_set_x509_key_mem(side->credentials, &crt,
		    &secret, GNUTLS_X509_FMT_PEM) == 0, "the certificate");
}

static gnutls_session_t
make_session(const struct side *side, int fd)
{
	static const gnutls_datum_t alpn = { (unsigned char *)"tingyu/1", 8 };
	gnutls_session_t session;

	yardstick_require(gnutls_init(&session, side->flags) == 0, "a session");
	yardstick_require(gnutls_priority_set(session, side->priority) == 0, "the suites");
	yardstick_require(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
	    side->credentials) == 0, "the credentials");
	yardstick_require(gnutls_alpn_set_protocols(session, &alpn, 1,
	    GNUTLS_ALPN_MANDATORY) == 0, "ALPN");
	gnutls_transport_set_int(session, fd);
	return session;
}

static void
add_connection(struct side *side, int fd)
{
	struct connection *connection = mem_new(sizeof(*connection));
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLET,
		.data.ptr = connection,
	};

	connection->session = make_session(side, fd);
	yardstick_require(epoll_ctl(side->epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll");
}

/* True once, when the hands are shaken. */
static bool
goes_up(struct connection *connection)
{
	int error;

	if (connection->is_up)
		return false;
	do
		error = gnutls_handshake(connection->session);
	while (error == GNUTLS_E_INTERRUPTED);
	if (error == GNUTLS_E_AGAIN)
		return false;
	if (error == GNUTLS_E_PUSH_ERROR && errno == ENOTCONN)
		return false;
	if (error < 0)
		fprintf(stderr, "handshake: %s\n", gnutls_strerror(error));
	connection->is_up = error == 0;
	return connection->is_up;
}

static void
accept_all(struct side *side)
{
	int fd;

	while ((fd = accept4(side->yardstick->listener, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		add_connection(side, fd);
}

static void
run_server(struct yardstick *yardstick, uint32_t number, void (*ready)(void))
{
	struct epoll_event listening = { .events = EPOLLIN | EPOLLEXCLUSIVE }, events[EVENTS];
	struct side side;

	(void)number;
	side_open(&side, yardstick, GNUTLS_SERVER);
	yardstick_require(epoll_ctl(side.epoll, EPOLL_CTL_ADD, yardstick->listener,
	    &listening) == 0, "epoll");
	ready();
	for (;;) {
		int count = epoll_wait(side.epoll, events, EVENTS, -1);

		for (int i = 0; i < count; i++) {
			struct connection *connection = events[i].data.ptr;

			if (connection == NULL)
				accept_all(&side);
			else if (goes_up(connection))
				gnutls_record_send(connection->session, "!", 1);
		}
	}
}

static void
run_client(struct yardstick *yardstick, uint32_t number, void (*ready)(void))
{
	struct epoll_event events[EVENTS];
	struct side side;
	uint32_t first, mine = yardstick_share(yardstick, number, &first), begun = 0, done = 0;

	side_open(&side, yardstick, GNUTLS_CLIENT | GNUTLS_KEY_SHARE_TOP);
	ready();
	while (done < mine) {
		int count;

		for (; begun < mine && begun - done < yardstick->at_once; begun++)
			add_connection(&side, yardstick_connect(yardstick, first + begun));
		count = epoll_wait(side.epoll, events, EVENTS, -1);
		for (int i = 0; i < count; i++) {
			struct connection *connection = events[i].data.ptr;
			char byte;

			goes_up(connection);
			if (!connection->is_up || gnutls_record_recv(connection->session, &byte,
			    1) != 1)
				continue;
			done++;
			yardstick->done++;
			yardstick->last_us = clock_monotonic_us();
		}
	}
}

static uint64_t
count_done(const struct yardstick *yardstick)
{
	return yardstick->done;
}

int
main(int argc, char **argv)
{
	struct yardstick *yardstick = yardstick_open(argc, argv, 10000, 1);
	struct half server = { .run = run_server, .count = yardstick->servers };
	struct half client = { .run = run_client, .count = yardstick->clients };
	double all = yardstick->connections;
	struct measurement found;

	yardstick_require(tls_make_certificate(&certificate, &key) == STATUS_OK, "a certificate");
	yardstick_measure(yardstick, &server, &client, count_done, yardstick->connections, &found);
	yardstick_print("connections", all);
	yardstick_print("seconds", found.seconds);
	yardstick_print("per_second", all / found.seconds);
	yardstick_print("server_cpu_us", yardstick_cpu_us(found.server) / all);
	yardstick_print("client_cpu_us", yardstick_cpu_us(found.client) / all);
	yardstick_print("server_private_bytes",
	    1024 * ((double)found.server[1].private_kib - (double)found.server[0].private_kib) /
	    all);
	yardstick_print("kernel_bytes",
	    ((double)found.kernel[1].slab_kib - (double)found.kernel[0].slab_kib) * 1024 / all);
	free(certificate);
	free(key);
	return 0;
}
