/* SPDX-License-Identifier: ISC */
/*
 * How long a text takes to the other person and its answer back: peer_thread_say() to on_delivered,
 * between two processes with their real peer threads. Beside it, in turns and with records of the
 * same sizes, the smallest program that could do it: two processes that write and read TLS records
 * on blocking sockets. Prints both in microseconds, and ours as a multiple of the other.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>
#include <gnutls/gnutls.h>
#include <netinet/tcp.h>

#include "client-tui/peer/peer_inner.h"
#include "client-tui/peer/peer_limits.h"
#include "client-tui/peer/peer_thread.h"
#include "shared/clock.h"
#include "shared/link.h"
#include "shared/mem.h"
#include "tests/bench/yardstick.h"

#define PRIORITY \
	"NONE:+VERS-TLS1.3:+AES-128-GCM:+CHACHA20-POLY1305:+AEAD:+GROUP-X25519" \
	":+ECDHE-ECDSA:+CTYPE-X509:+SIGN-EDDSA-ED25519"

enum {
	ROUNDS = 5,
	TRIPS = 2000, /* of one round, after a tenth of it to warm up */
	/* Headers of a frame, its request number, and the length of a blob. */
	TEXT_FRAME = 4 + 4 + 2 + PEER_INNER_MAX - PEER_INNER_BODY_MAX,
	ANSWER_FRAME = 4 + 4 + 8,
	ME = 1,
	YOU = 2,
};

static const size_t sizes[] = { 20, 1000, PEER_INNER_BODY_MAX };

struct series {
	uint64_t us[ROUNDS * TRIPS];
	size_t count;
};

static int
compare(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void
keep(struct series *series, int trip, uint64_t us)
{
	if (trip >= 0)
		series->us[series->count++] = us;
}

static double
share_of(struct series *series, double share)
{
	qsort(series->us, series->count, sizeof(series->us[0]), compare);
	return (double)series->us[(size_t)(share * (double)(series->count - 1))];
}

/* A child that ends with us, and a line to it. */
static pid_t
start_child(void (*live)(int line, size_t size), size_t size, int *line)
{
	int lines[2];
	pid_t pid;

	yardstick_require(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, lines) == 0, "a line");
	pid = fork();
	yardstick_require(pid >= 0, "a process");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(lines[0]);
		live(lines[1], size);
		_exit(0);
	}
	close(lines[1]);
	*line = lines[0];
	return pid;
}

static void
end_child(pid_t pid, int line)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(line);
}

/* ---- ours ---- */

/* What the two have to know of each other. */
struct card {
	uint8_t key[IDENTITY_KEY_SIZE];
	uint8_t token[PEER_TOKEN_SIZE];
	uint16_t port;
};

struct side {
	struct event_base *base;
	struct peer_thread *thread;
	struct card card;
	bool is_up, is_down;
	uint64_t delivered;
};

static void
on_up(void *arg, uint64_t uid, uint32_t ms)
{
	(void)uid;
	(void)ms;
	((struct side *)arg)->is_up = true;
}

static void
on_message(void *arg, uint64_t uid, struct bytes text)
{
	(void)arg;
	(void)uid;
	(void)text;
}

static void
on_delivered(void *arg, uint64_t uid, uint64_t id)
{
	(void)uid;
	((struct side *)arg)->delivered = id;
}

static void
on_down(void *arg, uint64_t uid, enum status why, const char *sentence)
{
	(void)uid;
	if (why != STATUS_LEFT)
		fprintf(stderr, "%s\n", sentence);
	((struct side *)arg)->is_down = true;
}

static const struct peer_handler handler = { on_up, on_message, on_delivered, on_down };

static void
side_open(struct side *side)
{
	struct peer_limits limits = peer_limits_usual;
	struct identity identity;

	/* People do not type so fast. */
	limits.frame_rate = limits.frame_burst = UINT32_MAX;
	limits.letter_rate = limits.letter_burst = UINT32_MAX;
	*side = (struct side){ .base = link_base_new() };
	yardstick_require(side->base != NULL, "an event loop");
	yardstick_require(peer_thread_start_with(
			      side->base, &limits, &handler, side, &side->thread) == STATUS_OK &&
		peer_thread_listen(side->thread, &side->card.port) == STATUS_OK,
	    "a peer thread");
	identity_init(&identity);
	peer_thread_set_identity(side->thread, &identity);
	memcpy(side->card.key, identity.public_key, sizeof(side->card.key));
	identity_clear(&identity);
}

static void
side_meet(struct side *side, uint64_t uid, const struct card *other, bool dials)
{
	struct peer_meeting meeting = { .uid = uid, .address_count = dials };
	struct address *address = &meeting.addresses[0];

	memcpy(meeting.identity, other->key, sizeof(meeting.identity));
	memcpy(meeting.token, other->token, sizeof(meeting.token));
	address->len = sizeof(address->v4);
	address->v4.sin_family = AF_INET;
	address->v4.sin_port = htons(other->port);
	address->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	yardstick_require(peer_thread_meet(side->thread, &meeting) == STATUS_OK, "a meeting");
}

static void
be_the_other(int line, size_t size)
{
	struct side side;
	struct card card;

	(void)size;
	side_open(&side);
	yardstick_require(read(line, &card, sizeof(card)) == sizeof(card) &&
		write(line, &side.card, sizeof(side.card)) == sizeof(side.card),
	    "a card");
	side_meet(&side, ME, &card, false);
	event_base_dispatch(side.base);
}

static void
measure_ours(size_t size, struct series *series)
{
	char *text = mem_new(size);
	struct side side;
	struct card card;
	int line;
	pid_t pid = start_child(be_the_other, size, &line);

	memset(text, 'x', size);
	side_open(&side);
	side.card.token[0] = 1;
	yardstick_require(write(line, &side.card, sizeof(side.card)) == sizeof(side.card) &&
		read(line, &card, sizeof(card)) == sizeof(card),
	    "a card");
	memcpy(card.token, side.card.token, sizeof(card.token));
	side_meet(&side, YOU, &card, true);
	while (!side.is_up && !side.is_down)
		event_base_loop(side.base, EVLOOP_ONCE);
	for (int i = -TRIPS / 10; i < TRIPS; i++) {
		uint64_t id = (uint64_t)(i + TRIPS), before = clock_monotonic_us();

		yardstick_require(!side.is_down &&
			peer_thread_say(side.thread, YOU, id, bytes_of(text, size)) == STATUS_OK,
		    "a session");
		while (side.delivered != id && !side.is_down)
			event_base_loop(side.base, EVLOOP_ONCE);
		keep(series, i, clock_monotonic_us() - before);
	}
	peer_thread_stop(side.thread);
	event_base_free(side.base);
	end_child(pid, line);
	free(text);
}

/* ---- the smallest ---- */

static char *certificate, *key;

static gnutls_session_t
shake_hands(int fd, unsigned flags)
{
	static const gnutls_datum_t alpn = { (unsigned char *)"tingyu/1", 8 };
	gnutls_datum_t crt = { (unsigned char *)certificate, (unsigned)strlen(certificate) };
	gnutls_datum_t secret = { (unsigned char *)key, (unsigned)strlen(key) };
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t session;
	const int on = 1;
	int done;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	yardstick_require(gnutls_certificate_allocate_credentials(&credentials) == 0 &&
		gnutls_certificate_set_x509_key_mem(
		    credentials, &crt, &secret, GNUTLS_X509_FMT_PEM) == 0 &&
		gnutls_init(&session, flags | GNUTLS_NO_TICKETS) == 0 &&
		gnutls_priority_set_direct(session, PRIORITY, NULL) == 0 &&
		gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials) == 0 &&
		gnutls_alpn_set_protocols(session, &alpn, 1, 0) == 0,
	    "GnuTLS");
	gnutls_transport_set_int(session, fd);
	do
		done = gnutls_handshake(session);
	while (done == GNUTLS_E_AGAIN || done == GNUTLS_E_INTERRUPTED);
	yardstick_require(done == 0, "a handshake");
	return session;
}

static void
send_all(gnutls_session_t session, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t sent = gnutls_record_send(session, data, size);

		yardstick_require(sent > 0, "a record");
		data += sent;
		size -= (size_t)sent;
	}
}

static bool
receive_all(gnutls_session_t session, char *data, size_t size)
{
	while (size > 0) {
		ssize_t got = gnutls_record_recv(session, data, size);

		if (got <= 0)
			return false;
		data += got;
		size -= (size_t)got;
	}
	return true;
}

static struct sockaddr_in
listen_somewhere(int *listener)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	yardstick_require(bind(*listener, (struct sockaddr *)&address, len) == 0 &&
		listen(*listener, 1) == 0 &&
		getsockname(*listener, (struct sockaddr *)&address, &len) == 0,
	    "a listener");
	return address;
}

static void
be_the_smallest(int line, size_t size)
{
	char *room = mem_new(TEXT_FRAME + size);
	gnutls_session_t session;
	int listener;
	struct sockaddr_in address = listen_somewhere(&listener);

	yardstick_require(write(line, &address, sizeof(address)) == sizeof(address), "an address");
	session = shake_hands(accept(listener, NULL, NULL), GNUTLS_SERVER);
	while (receive_all(session, room, TEXT_FRAME + size))
		send_all(session, room, ANSWER_FRAME);
}

static void
measure_smallest(size_t size, struct series *series)
{
	char *room = mem_new(TEXT_FRAME + size);
	struct sockaddr_in address;
	gnutls_session_t session;
	int line, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid = start_child(be_the_smallest, size, &line);

	yardstick_require(read(line, &address, sizeof(address)) == sizeof(address) &&
		connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0,
	    "a connection");
	session = shake_hands(fd, GNUTLS_CLIENT);
	for (int i = -TRIPS / 10; i < TRIPS; i++) {
		uint64_t before = clock_monotonic_us();

		send_all(session, room, TEXT_FRAME + size);
		yardstick_require(receive_all(session, room, ANSWER_FRAME), "an answer");
		keep(series, i, clock_monotonic_us() - before);
	}
	gnutls_deinit(session);
	close(fd);
	end_child(pid, line);
	free(room);
}

int
main(void)
{
	static struct series ours, smallest;

	yardstick_require(tls_make_certificate(&certificate, &key) == STATUS_OK, "a certificate");
	printf(
	    "%-28s %10s %10s %8s\n", "text there, answer back, us", "direct", "bare TLS", "ratio");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ours.count = smallest.count = 0;
		for (int round = 0; round < ROUNDS; round++) {
			measure_smallest(sizes[i], &smallest);
			measure_ours(sizes[i], &ours);
		}
		for (int j = 0; j < 2; j++) {
			double share = j == 0 ? 0.5 : 0.99;
			double us = share_of(&ours, share), bare = share_of(&smallest, share);

			printf("%6zu bytes, %-15s %10.0f %10.0f %8.2f\n", sizes[i],
			    j == 0 ? "median" : "99 of 100", us, bare, us / bare);
		}
	}
	free(certificate);
	free(key);
	return 0;
}
