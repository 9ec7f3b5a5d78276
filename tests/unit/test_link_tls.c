/* SPDX-License-Identifier: ISC */
/*
 * What TLS adds to a link: who is there, who is refused, and sides that speak another dialect of
 * it.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>
#include <gnutls/gnutls.h>

#include "shared/compiler.h"
#include "shared/mem.h"
#include "tests/support/cable.h"

#define ONLY_TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

static struct bytes
pem(const char *text)
{
	return bytes_of_string(text);
}

/* ---- keys ---- */

static void
both_ends_know_one_binding_and_the_pin(void **state)
{
	struct stage *stage = *state;
	uint8_t ours[TLS_BINDING_SIZE], theirs[TLS_BINDING_SIZE], other[TLS_BINDING_SIZE],
	    pin[TLS_PIN_SIZE], nothing[TLS_PIN_SIZE] = { 0 };
	struct end client = { 0 }, server = { 0 }, client_2 = { 0 }, server_2 = { 0 };

	stage_link(stage, &client, &server);
	stage_link(stage, &client_2, &server_2);
	assert_int_equal(link_binding(client.link, ours), STATUS_OK);
	assert_int_equal(link_binding(server.link, theirs), STATUS_OK);
	assert_int_equal(link_binding(server_2.link, other), STATUS_OK);
	assert_memory_equal(ours, theirs, sizeof(ours));
	assert_memory_not_equal(ours, other, sizeof(ours));
	assert_int_equal(link_peer_pin(client.link, pin), STATUS_OK);
	assert_memory_equal(pin, stage->pin, sizeof(pin));
	assert_int_equal(link_peer_pin(server.link, pin), STATUS_NOT_FOUND);
	/* What each has shown, and the client had nothing to show. */
	link_own_pin(server.link, pin);
	assert_memory_equal(pin, stage->pin, sizeof(pin));
	link_own_pin(client.link, pin);
	assert_memory_equal(pin, nothing, sizeof(pin));
	assert_true(link_is_tls(client.link));
	end_close(&client);
	end_close(&server);
	end_close(&client_2);
	end_close(&server_2);
}

static void
a_plain_link_has_neither(void **state)
{
	struct stage *stage = *state;
	struct end client = { 0 }, server = { 0 };
	uint8_t room[TLS_BINDING_SIZE];

	stage_link(stage, &client, &server);
	assert_int_equal(link_binding(client.link, room), STATUS_WRONG_STATE);
	assert_int_equal(link_peer_pin(client.link, room), STATUS_WRONG_STATE);
	assert_false(link_is_tls(client.link));
	end_close(&client);
	end_close(&server);
}

/*
 * Not a byte of the application goes to a server with another key, nor is one believed that came
 * from it.
 */
static void
a_wrong_pin_ends_it_before_a_byte_is_said(void **state)
{
	struct stage *stage = *state;
	struct end client = { 0 }, server = { 0 };
	struct sockaddr_in address;
	int listener = stage_listen(&address);

	stage->pin[31] ^= 1;
	end_connect(&client, stage, &address);
	end_send(&client, 7, 100, 1);
	end_accept(&server, stage, accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	end_send(&server, 7, 100, 1);
	close(listener);
	stage_until(stage, client.downs && server.downs);
	assert_int_equal(client.why, STATUS_WRONG_PIN);
	assert_int_equal(server.why, STATUS_HANDSHAKE_FAILED);
	assert_int_equal(client.ups + server.ups + client.frames + server.frames, 0);
	assert_string_not_equal(server.problem, "");
}

/* The route server knows work servers by the certificate that they show. */
static void
a_server_that_asks_learns_the_pin_of_its_client(void **state)
{
	struct stage *stage = *state;
	struct tls_context *asking;
	struct end client = { 0 }, server = { 0 };
	uint8_t pin[TLS_PIN_SIZE], expected[TLS_PIN_SIZE];
	char *certificate, *key;

	assert_int_equal(tls_make_certificate(&certificate, &key), STATUS_OK);
	assert_int_equal(tls_pin_of_certificate(pem(certificate), expected), STATUS_OK);
	tls_context_unref(stage->client);
	assert_int_equal(
	    tls_context_new_client(pem(certificate), pem(key), &stage->client), STATUS_OK);
	assert_int_equal(
	    tls_context_new_server(pem(stage->certificate), pem(stage->key), true, &asking),
	    STATUS_OK);
	tls_context_unref(stage->server);
	stage->server = asking;
	stage_link(stage, &client, &server);
	assert_int_equal(client.ups + server.ups, 2);
	assert_int_equal(link_peer_pin(server.link, pin), STATUS_OK);
	assert_memory_equal(pin, expected, sizeof(pin));
	end_close(&client);
	end_close(&server);
	free(certificate);
	free(key);
}

static void
a_server_that_asks_takes_clients_without_a_certificate(void **state)
{
	struct stage *stage = *state;
	struct end client = { 0 }, server = { 0 };
	struct tls_context *asking;
	uint8_t pin[TLS_PIN_SIZE];

	assert_int_equal(
	    tls_context_new_server(pem(stage->certificate), pem(stage->key), true, &asking),
	    STATUS_OK);
	tls_context_unref(stage->server);
	stage->server = asking;
	stage_link(stage, &client, &server);
	assert_int_equal(client.ups + server.ups, 2);
	assert_int_equal(link_peer_pin(server.link, pin), STATUS_NOT_FOUND);
	end_close(&client);
	end_close(&server);
}

/* Whoever is expected by key does not come in without one, even where clients need not show any. */
static void
who_is_expected_by_key_has_to_show_it(void **state)
{
	struct stage *stage = *state;
	struct end client = { 0 }, server = { 0 };
	struct sockaddr_in address;
	int listener = stage_listen(&address);

	end_connect(&client, stage, &address);
	end_adopt(&server, stage, accept4(listener, NULL, NULL, SOCK_CLOEXEC), stage->pin);
	close(listener);
	stage_until(stage, client.downs && server.downs);
	assert_int_equal(server.ups, 0);
	assert_int_equal(server.why, STATUS_WRONG_PIN);
}

/* HUP: links that are there go on with the old certificate, new ones get the new one. */
static void
a_new_certificate_leaves_links_alone(void **state)
{
	struct stage *stage = *state;
	struct end old_client = { 0 }, old_server = { 0 }, client = { 0 }, server = { 0 };
	char *certificate, *key;

	stage_link(stage, &old_client, &old_server);
	assert_int_equal(tls_make_certificate(&certificate, &key), STATUS_OK);
	tls_context_unref(stage->server);
	assert_int_equal(
	    tls_context_new_server(pem(certificate), pem(key), false, &stage->server), STATUS_OK);
	stage_link(stage, &client, &server);
	assert_int_equal(client.why, STATUS_WRONG_PIN);
	assert_int_equal(tls_pin_of_certificate(pem(certificate), stage->pin), STATUS_OK);
	stage_until(stage, server.downs);
	client = server = (struct end){ 0 };
	stage_link(stage, &client, &server);
	assert_int_equal(client.ups, 1);
	end_send(&old_client, 7, 10, 1);
	stage_until(stage, old_server.frames == 1);
	end_close(&client);
	end_close(&server);
	end_close(&old_client);
	end_close(&old_server);
	free(certificate);
	free(key);
}

/* ---- handshakes that come to nothing ---- */

static void
a_peer_that_stops_in_the_handshake_is_cut(void **state)
{
	enum { COUNT = 20 };
	struct stage *stage = *state;
	struct end clients[COUNT] = { 0 }, servers[COUNT] = { 0 };
	struct cable *cables[COUNT];

	stage->limits.handshake_ms = 300;
	for (size_t i = 0; i < COUNT; i++)
		cables[i] = stage_link_by_cable(stage, &clients[i], &servers[i],
		    (struct wire_fault){ .harm = HARM_STALL, .harm_at = i * 10 });
	for (size_t i = 0; i < COUNT; i++) {
		stage_until(stage, clients[i].downs && servers[i].downs);
		assert_int_equal(servers[i].why, STATUS_TIMEOUT);
		assert_int_equal(clients[i].ups + servers[i].ups, 0);
		cable_free(cables[i]);
	}
}

/*
 * The wire breaks at any byte of the handshake and a little behind: both ends go down, nobody
 * waits.
 */
static void
a_handshake_may_be_cut_anywhere(void **state)
{
	enum { COUNT = 100 };
	struct stage *stage = *state;
	struct end *clients = mem_new_array(COUNT, sizeof(*clients));
	struct end *servers = mem_new_array(COUNT, sizeof(*servers));
	struct cable *cables[COUNT];

	for (size_t i = 0; i < COUNT; i++) {
		cables[i] = stage_link_by_cable(stage, &clients[i], &servers[i],
		    (struct wire_fault){ .harm = HARM_CUT, .harm_at = i * 4 });
		end_send(&clients[i], 7, 1000, 1);
	}
	for (size_t i = 0; i < COUNT; i++) {
		stage_until(stage, clients[i].downs && servers[i].downs);
		assert_int_equal(servers[i].frames, 0);
		cable_free(cables[i]);
	}
	free(clients);
	free(servers);
}

/*
 * The same with garbage; a length that grew so may wait for bytes that never come, until the
 * deadline. Before that a hundred handshakes have to be done at once, also on a slow machine.
 */
static void
a_handshake_may_turn_into_garbage_anywhere(void **state)
{
	enum { COUNT = 100 };
	struct stage *stage = *state;
	struct end *clients = mem_new_array(COUNT, sizeof(*clients));
	struct end *servers = mem_new_array(COUNT, sizeof(*servers));
	struct cable *cables[COUNT];

	stage->limits.handshake_ms = 2500;
	stage->limits.idle_ms = 2500;
	stage->limits.drain_ms = 2500;
	for (size_t i = 0; i < COUNT; i++) {
		cables[i] = stage_link_by_cable(stage, &clients[i], &servers[i],
		    (struct wire_fault){ .harm = HARM_FLIP, .harm_at = i * 4 });
		end_send(&clients[i], 7, 1000, 1);
	}
	for (size_t i = 0; i < COUNT; i++) {
		stage_until(stage, clients[i].downs && servers[i].downs);
		assert_int_equal(servers[i].frames, 0);
		assert_int_not_equal(servers[i].why, STATUS_CLOSED);
		cable_free(cables[i]);
	}
	free(clients);
	free(servers);
}

static void
plain_words_at_a_tls_door_are_refused(void **state)
{
	static const uint8_t frame[] = { 0, 16, 0, 12, 0, 0, 0, 1, 0, 1, 0, 0 };
	static const char http[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
	struct stage *stage = *state;
	struct end servers[2] = { 0 };
	struct raw raws[2];

	for (int i = 0; i < 2; i++) {
		stage_raw(stage, &raws[i], true, &servers[i]);
		raw_send(&raws[i], i == 0 ? (const void *)frame : http,
		    i == 0 ? sizeof(frame) : sizeof(http) - 1);
		stage_until(stage, servers[i].downs);
		assert_int_equal(servers[i].why, STATUS_HANDSHAKE_FAILED);
		assert_int_equal(servers[i].ups, 0);
		assert_string_not_equal(servers[i].problem, "");
		raw_close(&raws[i]);
	}
}

/* A message of 16 MiB is announced: it is not collected, though no byte of it is wrong. */
static void
an_endless_first_message_is_not_kept(void **state)
{
	enum { RECORD_HEADER = 5, RECORD = 16384 };
	static uint8_t record[RECORD_HEADER + RECORD] = { 22, 3, 1, RECORD >> 8, RECORD & 255, 1,
		255, 255, 255 };
	struct stage *stage = *state;
	struct end server = { 0 };
	struct raw raw;

	stage_raw(stage, &raw, true, &server);
	raw_send(&raw, record, sizeof(record));
	memset(record + RECORD_HEADER, 0, 4);
	stage_quiet(stage);
	assert_int_equal(server.downs, 0);
	raw_send(&raw, record, sizeof(record));
	stage_until(stage, server.downs);
	assert_int_equal(server.why, STATUS_HANDSHAKE_FAILED);
	raw_close(&raw);
}

/* Two hundred come at once; who was there before does not wait for all of them. */
static void
a_storm_of_handshakes_leaves_room_for_others(void **state)
{
	enum { COUNT = 200 };
	struct stage *stage = *state;
	struct end *clients = mem_new_array(COUNT, sizeof(*clients));
	struct end *servers = mem_new_array(COUNT, sizeof(*servers));
	struct end client = { 0 }, server = { 0 };
	struct sockaddr_in address;
	int listener = stage_listen(&address);
	size_t ups = 0;

	stage_link(stage, &client, &server);
	for (size_t i = 0; i < COUNT; i++) {
		end_connect(&clients[i], stage, &address);
		end_accept(&servers[i], stage, accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	}
	end_send(&client, 7, 100, 1);
	stage_until(stage, server.frames == 1);
	end_send(&server, 7, 100, 1);
	stage_until(stage, client.frames == 1);
	for (size_t i = 0; i < COUNT; i++)
		ups += servers[i].ups;
	assert_true(ups < COUNT / 2);
	for (size_t i = 0; i < COUNT; i++) {
		stage_until(stage, clients[i].ups && servers[i].ups);
		end_close(&clients[i]);
		end_close(&servers[i]);
	}
	end_close(&client);
	end_close(&server);
	close(listener);
	free(clients);
	free(servers);
}

/* The end of the stream without TLS's bye is no whole end. */
static void
an_end_without_bye_is_a_broken_connection(void **state)
{
	struct stage *stage = *state;
	struct end client = { 0 }, server = { 0 };
	struct cable *cable = stage_link_by_cable(
	    stage, &client, &server, (struct wire_fault){ 0 });

	stage_until(stage, client.ups && server.ups);
	cable_free(cable);
	stage_until(stage, client.downs && server.downs);
	assert_int_equal(client.why, STATUS_RESET);
	assert_int_equal(server.why, STATUS_RESET);
}

/* ---- other dialects: the library by hand ---- */

struct foreign {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	struct event *event;
	int fd;
	int result;	/* of the handshake: GNUTLS_E_AGAIN as long as it goes on */
	size_t got;	/* bytes of application data */
	int ended;	/* what gnutls_record_recv() said at the end */
};

struct dialect {
	unsigned flags;
	const char *priority;
	const char *alpn;
};

static void
foreign_read(struct foreign *foreign)
{
	char room[16384];
	ssize_t got;

	do {
		got = gnutls_record_recv(foreign->session, room, sizeof(room));
		if (got > 0)
			foreign->got += (size_t)got;
	} while (got > 0 || got == GNUTLS_E_INTERRUPTED);
	if (got == GNUTLS_E_AGAIN)
		return;
	foreign->ended = got == 0 ? GNUTLS_E_SESSION_EOF : (int)got;
	event_del(foreign->event);
}

static void
foreign_on_event(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct foreign *foreign = arg;

	if (foreign->result == 0) {
		foreign_read(foreign);
		return;
	}
	foreign->result = gnutls_handshake(foreign->session);
	if (foreign->result < 0 && gnutls_error_is_fatal(foreign->result)) {
		gnutls_alert_send_appropriate(foreign->session, foreign->result);
		event_del(foreign->event);
	}
}

static gnutls_datum_t
datum_of(const char *text)
{
	return (gnutls_datum_t){ (unsigned char *)text, text != NULL ? (unsigned)strlen(text) : 0 };
}

static void
foreign_open(struct foreign *foreign, struct stage *stage, int fd, struct dialect dialect)
{
	gnutls_datum_t alpn = datum_of(dialect.alpn), crt = datum_of(stage->certificate);
	gnutls_datum_t key = datum_of(stage->key);

	*foreign = (struct foreign){ .fd = fd, .result = GNUTLS_E_AGAIN };
	gnutls_certificate_allocate_credentials(&foreign->credentials);
	gnutls_certificate_set_x509_key_mem(foreign->credentials, &crt, &key, GNUTLS_X509_FMT_PEM);
	assert_int_equal(
	    gnutls_init(&foreign->session, dialect.flags | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL), 0);
	assert_int_equal(gnutls_priority_set_direct(foreign->session, dialect.priority, NULL), 0);
	gnutls_credentials_set(foreign->session, GNUTLS_CRD_CERTIFICATE, foreign->credentials);
	if (dialect.alpn != NULL)
		gnutls_alpn_set_protocols(foreign->session, &alpn, 1, 0);
	gnutls_transport_set_int(foreign->session, fd);
	foreign->event = event_new(
	    stage->base, fd, EV_READ | EV_PERSIST, foreign_on_event, foreign);
	event_add(foreign->event, NULL);
	if (dialect.flags & GNUTLS_CLIENT)
		foreign_on_event(fd, EV_WRITE, foreign);
}

static void
foreign_close(struct foreign *foreign)
{
	event_free(foreign->event);
	gnutls_deinit(foreign->session);
	gnutls_certificate_free_credentials(foreign->credentials);
	close(foreign->fd);
}

static void
expect_refusal(struct stage *stage, const char *priority, const char *alpn)
{
	const struct dialect dialect = { GNUTLS_CLIENT, priority, alpn };
	struct foreign foreign;
	struct end server = { 0 };
	int fds[2];

	stage_sockets(fds);
	end_accept(&server, stage, fds[1]);
	foreign_open(&foreign, stage, fds[0], dialect);
	stage_until(stage, server.downs && (foreign.result != GNUTLS_E_AGAIN));
	stage_until(stage, foreign.ended || foreign.result != 0);
	assert_int_equal(server.why, STATUS_HANDSHAKE_FAILED);
	assert_int_equal(server.ups, 0);
	assert_int_equal(
	    foreign.ended != 0 ? foreign.ended : foreign.result, GNUTLS_E_FATAL_ALERT_RECEIVED);
	foreign_close(&foreign);
}

static void
older_tls_is_refused(void **state)
{
	expect_refusal(*state, "NORMAL:-VERS-ALL:+VERS-TLS1.2", "tingyu/1");
}

static void
a_client_of_another_protocol_is_refused(void **state)
{
	expect_refusal(*state, "NORMAL", "h2");
	expect_refusal(*state, "NORMAL", NULL);
}

static void
a_server_of_another_protocol_is_refused(void **state)
{
	static const struct dialect dialects[] = {
		{ GNUTLS_SERVER, "NORMAL", "h2" },
		{ GNUTLS_SERVER, "NORMAL", NULL },
		{ GNUTLS_SERVER, "NORMAL:-VERS-ALL:+VERS-TLS1.2", "tingyu/1" },
	};
	struct stage *stage = *state;

	for (size_t i = 0; i < ARRAY_LEN(dialects); i++) {
		struct end client = { 0 };
		struct foreign foreign;
		struct sockaddr_in address;
		int listener = stage_listen(&address);

		end_connect(&client, stage, &address);
		foreign_open(
		    &foreign, stage, accept4(listener, NULL, NULL, SOCK_NONBLOCK), dialects[i]);
		close(listener);
		stage_until(stage, client.downs);
		assert_int_equal(client.why, STATUS_HANDSHAKE_FAILED);
		assert_int_equal(client.ups, 0);
		foreign_close(&foreign);
	}
}

static void
foreign_send_frame(struct foreign *foreign)
{
	static const uint8_t frame[] = { 0, 7, 0, 6, 'h', 'i' };

	assert_int_equal(gnutls_record_send(foreign->session, frame, sizeof(frame)), sizeof(frame));
}

/*
 * What TLS says to itself (RFC 8446 4.6.3) comes in one edge with frames, and must not hide
 * them.
 */
static void
a_key_update_does_not_hide_what_is_behind(void **state)
{
	const struct dialect dialect = { GNUTLS_CLIENT, ONLY_TLS13, "tingyu/1" };
	struct stage *stage = *state;
	struct foreign foreign;
	struct end server = { 0 };
	int fds[2];

	stage_sockets(fds);
	end_accept(&server, stage, fds[1]);
	foreign_open(&foreign, stage, fds[0], dialect);
	stage_until(stage, server.ups && foreign.result == 0);
	/* The library allows eight a second. */
	for (unsigned round = 1; round <= 6; round++) {
		foreign_send_frame(&foreign);
		assert_int_equal(gnutls_session_key_update(foreign.session, GNUTLS_KU_PEER), 0);
		foreign_send_frame(&foreign);
		stage_until(stage, server.frames == 2 * round);
		end_send(&server, 7, 100, round);
		stage_until(stage, foreign.got == round * 104);
	}
	assert_memory_equal(server.last, "hi", 2);
	foreign_close(&foreign);
	stage_until(stage, server.downs);
}

static ssize_t
hold_push(gnutls_transport_ptr_t held, const giovec_t *pieces, int count)
{
	size_t len = 0;

	for (int i = 0; i < count; i++) {
		buffer_append(held, bytes_of(pieces[i].iov_base, pieces[i].iov_len));
		len += pieces[i].iov_len;
	}
	return (ssize_t)len;
}

static ssize_t
pull_from_socket(gnutls_transport_ptr_t fd, void *room, size_t size)
{
	return recv(*(int *)fd, room, size, 0);
}

/*
 * A server of others sends session tickets (RFC 8446 4.6.1), which are of no use here, and
 * frames behind them.
 */
static void
tickets_do_not_hide_what_is_behind(void **state)
{
	const struct dialect dialect = { GNUTLS_SERVER, ONLY_TLS13, "tingyu/1" };
	struct stage *stage = *state;
	struct end client = { 0 };
	struct buffer *held = NULL;
	gnutls_datum_t ticket_key;
	struct foreign foreign;
	struct sockaddr_in address;
	int listener = stage_listen(&address), fd;

	end_connect(&client, stage, &address);
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	foreign_open(&foreign, stage, fd, dialect);
	gnutls_session_ticket_key_generate(&ticket_key);
	gnutls_session_ticket_enable_server(foreign.session, &ticket_key);
	stage_until(stage, foreign.result == 0 && client.ups);
	gnutls_transport_set_ptr2(foreign.session, &fd, &held);
	gnutls_transport_set_pull_function(foreign.session, pull_from_socket);
	gnutls_transport_set_vec_push_function(foreign.session, hold_push);
	foreign_send_frame(&foreign);
	assert_int_equal(gnutls_session_ticket_send(foreign.session, 1, 0), 0);
	foreign_send_frame(&foreign);
	assert_int_equal(gnutls_session_ticket_send(foreign.session, 2, 0), 0);
	foreign_send_frame(&foreign);
	assert_int_equal(send(fd, buffer_bytes(held).data, buffer_len(held), 0), buffer_len(held));
	stage_until(stage, client.frames == 3);
	end_close(&client);
	foreign_close(&foreign);
	gnutls_free(ticket_key.data);
	buffer_free(&held);
	close(listener);
}

/* What is there goes from one socket to the other. */
static void
shuttle(int from, int to)
{
	char room[16384];
	ssize_t got = recv(from, room, sizeof(room), MSG_DONTWAIT);

	if (got > 0)
		assert_int_equal(send(to, room, (size_t)got, 0), got);
}

static size_t
fill_socket(int fd)
{
	static const char junk[1000];
	size_t total = 0;
	ssize_t sent;

	while ((sent = send(fd, junk, sizeof(junk), MSG_DONTWAIT)) > 0)
		total += (size_t)sent;
	return total;
}

static void
drink(int fd, size_t total)
{
	char room[4096];

	while (total > 0) {
		ssize_t got = recv(fd, room, total < sizeof(room) ? total : sizeof(room), 0);

		assert_true(got > 0);
		total -= (size_t)got;
	}
}

/*
 * The socket is full when the server wants to answer the client's first message, so that TLS
 * leaves lying what came behind it: half of a record (change_cipher_spec, RFC 8446 D.4, that the
 * server skips when it is whole).
 */
static void
a_handshake_waits_for_room_and_loses_nothing(void **state)
{
	static const struct dialect dialect = { GNUTLS_CLIENT, "NORMAL:-VERS-ALL:+VERS-TLS1.3",
		"tingyu/1" };
	static const uint8_t skipped[] = { 20, 3, 3, 0, 1, 1 };
	struct stage *stage = *state;
	uint8_t hello[4096];
	struct end server = { 0 };
	struct foreign foreign;
	int outer[2], inner[2];
	size_t junk;
	ssize_t len;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, outer), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, inner), 0);
	junk = fill_socket(inner[1]);
	end_accept(&server, stage, inner[1]);
	foreign_open(&foreign, stage, outer[0], dialect);
	len = recv(outer[1], hello, sizeof(hello) - 3, 0);
	assert_true(len > 0);
	memcpy(hello + len, skipped, 3);
	assert_int_equal(send(inner[0], hello, (size_t)len + 3, 0), len + 3);
	stage_quiet(stage);
	assert_int_equal(server.downs, 0);
	drink(inner[0], junk);
	assert_int_equal(send(inner[0], skipped + 3, 3, 0), 3);
	for (int i = 0; i < 100000 && !server.ups; i++) {
		event_base_loop(stage->base, EVLOOP_NONBLOCK);
		shuttle(inner[0], outer[1]);
		shuttle(outer[1], inner[0]);
	}
	assert_int_equal(server.ups, 1);
	foreign_send_frame(&foreign);
	shuttle(outer[1], inner[0]);
	stage_until(stage, server.frames == 1);
	close(inner[0]);
	close(outer[1]);
	foreign_close(&foreign);
	stage_until(stage, server.downs);
}

/* A foreign client that says bye sees ours, and the link counts that as a whole end. */
static void
a_bye_is_answered(void **state)
{
	const struct dialect dialect = { GNUTLS_CLIENT, ONLY_TLS13, "tingyu/1" };
	struct stage *stage = *state;
	struct foreign foreign;
	struct end server = { 0 };
	int fds[2];

	stage_sockets(fds);
	end_accept(&server, stage, fds[1]);
	foreign_open(&foreign, stage, fds[0], dialect);
	stage_until(stage, server.ups && foreign.result == 0);
	assert_int_equal(gnutls_bye(foreign.session, GNUTLS_SHUT_WR), 0);
	stage_until(stage, foreign.ended);
	assert_int_equal(foreign.ended, GNUTLS_E_SESSION_EOF);
	foreign_close(&foreign);
	stage_until(stage, server.downs);
	assert_int_equal(server.why, STATUS_CLOSED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_TLS(both_ends_know_one_binding_and_the_pin),
		ON_PLAIN(a_plain_link_has_neither),
		ON_TLS(a_wrong_pin_ends_it_before_a_byte_is_said),
		ON_TLS(a_server_that_asks_learns_the_pin_of_its_client),
		ON_TLS(a_server_that_asks_takes_clients_without_a_certificate),
		ON_TLS(who_is_expected_by_key_has_to_show_it),
		ON_TLS(a_new_certificate_leaves_links_alone),
		ON_TLS(a_peer_that_stops_in_the_handshake_is_cut),
		ON_TLS(a_handshake_may_be_cut_anywhere),
		ON_TLS(a_handshake_may_turn_into_garbage_anywhere),
		ON_TLS(plain_words_at_a_tls_door_are_refused),
		ON_TLS(an_endless_first_message_is_not_kept),
		ON_TLS(a_storm_of_handshakes_leaves_room_for_others),
		ON_TLS(an_end_without_bye_is_a_broken_connection),
		ON_TLS(older_tls_is_refused),
		ON_TLS(a_client_of_another_protocol_is_refused),
		ON_TLS(a_server_of_another_protocol_is_refused),
		ON_TLS(a_key_update_does_not_hide_what_is_behind),
		ON_TLS(tickets_do_not_hide_what_is_behind),
		ON_TLS(a_handshake_waits_for_room_and_loses_nothing),
		ON_TLS(a_bye_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
