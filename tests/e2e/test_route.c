/* SPDX-License-Identifier: ISC */
/* The real route server, with work servers and clients that are this test. */

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "server/route/nodes.h"
#include "shared/clock.h"
#include "shared/mem.h"
#include "tests/support/peer.h"
#include "tests/support/process.h"
#include "tests/support/server.h"
#include "tests/support/tmpdir.h"

enum { CHILDREN = 2 };

struct server {
	char *folder;
	char *file;
	unsigned port;
	struct process *process;
	bool is_plain;
};

/* One for the whole program: making keys takes its time. */
static struct peer_identity ours, foreign;

/* --- servers ------------------------------------------------------------------------- */

/* The configuration file: what every test needs, then what this one needs. */
static void
configure(struct server *server, const char *more)
{
	server_configure(server->folder,
	    "state-dir %s\nroute-listen 127.0.0.1:%u\nchildren %d\nallow-work %s\n%s",
	    server->folder, server->port, CHILDREN, ours.pin_text, more);
}

static struct process *
run(const struct server *server)
{
	const char *const argv[] = { process_program("tingyu-route"), "-c", server->file, NULL };

	return process_start("tingyu-route", argv);
}

static void
server_start(struct server *server, const char *more)
{
	*server = (struct server){ .folder = tmpdir_new(), .port = process_free_port() };
	server->file = tmpdir_path(server->folder, "conf");
	server->is_plain = strstr(more, "insecure-plaintext yes") != NULL;
	configure(server, more);
	server->process = run(server);
	assert_true(process_wait_line(server->process, "reach this route server",
	    PROCESS_PATIENCE_MS));
}

/* Whatever a test did to it, a server ends well. */
static void
server_end(struct server *server)
{
	assert_true(process_stop(server->process, SIGTERM, PROCESS_PATIENCE_MS));
	process_free(server->process);
	free(server->file);
	tmpdir_free(server->folder);
}

/* --- work servers -------------------------------------------------------------------- */

/* A start's random number; here it follows from the host. */
static uint64_t
number_of(const char *host)
{
	uint64_t number = 0;

	while (*host != '\0')
		number = number * 31 + (unsigned char)*host++;
	return number;
}

static struct msg_report_connect
report_of(const char *host, uint32_t sessions)
{
	return (struct msg_report_connect){
		.request = 7,
		.server = number_of(host), .sessions = sessions, .capacity = 1000, .state = NODE_UP,
		.port = 7401, .host = bytes_of_string(host),
		.pin = bytes_of(ours.pin, sizeof(ours.pin)),
	};
}

static struct peer *
work_connect(const struct server *server, const struct peer_identity *identity)
{
	struct peer *work = peer_connect(server->port, identity, server->is_plain);

	peer_wait_up(work);
	peer_hello(work);
	return work;
}

static void
work_report(struct peer *work, const char *host, uint32_t sessions)
{
	const struct msg_report_connect report = report_of(host, sessions);
	struct msg_report_connect_ok answer;

	peer_send(work, MSG_REPORT_CONNECT, &report);
	peer_expect(work, MSG_REPORT_CONNECT_OK, &answer);
	assert_int_equal(answer.request, 7);
}

static struct peer *
work_start(const struct server *server, const char *host, uint32_t sessions)
{
	struct peer *work = work_connect(server, &ours);

	work_report(work, host, sessions);
	return work;
}

/* --- clients ------------------------------------------------------------------------- */

static struct peer *
client_connect(const struct server *server)
{
	struct peer *client = peer_connect(server->port, NULL, server->is_plain);

	peer_wait_up(client);
	peer_hello(client);
	return client;
}

static void
send_ask(struct peer *client)
{
	const struct msg_obtain_server_addr ask = { .request = 9 };

	peer_send(client, MSG_OBTAIN_SERVER_ADDR, &ask);
}

static const char *
hear_nobody(struct peer *client)
{
	struct msg_error error;

	peer_expect(client, MSG_ERROR, &error);
	assert_int_equal(error.request, 9);
	assert_int_equal(error.status, STATUS_NO_SERVER);
	assert_in_range(error.retry_ms, 1, 60000);
	return "nobody";
}

/* What a client that is connected is told: "a b c", or "nobody". */
static const char *
ask_again(struct peer *client)
{
	static char line[1024];
	struct msg_obtain_server_addr_ok end;
	struct msg_server_addr item;
	unsigned count = 0;
	size_t len = 0;

	send_ask(client);
	if (peer_next_type(client) == MSG_ERROR)
		return hear_nobody(client);
	for (; peer_next_type(client) != MSG_OBTAIN_SERVER_ADDR_OK; count++) {
		peer_expect(client, MSG_SERVER_ADDR, &item);
		assert_int_equal(item.request, 9);
		assert_int_equal(item.port, 7401);
		assert_memory_equal(item.pin.data, ours.pin, sizeof(ours.pin));
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%.*s",
		    len > 0 ? " " : "",
		    (int)item.host.len, (const char *)item.host.data);
	}
	peer_expect(client, MSG_OBTAIN_SERVER_ADDR_OK, &end);
	assert_int_equal(end.request, 9);
	assert_int_equal(end.count, count);
	return line;
}

static const char *
ask(const struct server *server)
{
	struct peer *client = client_connect(server);
	const char *answer = ask_again(client);

	peer_free(client);
	return answer;
}

/* Asks until the answer is this one: for what reaches the server over another connection. */
static void
ask_until(const struct server *server, const char *answer)
{
	uint64_t deadline = clock_monotonic_ms() + PROCESS_PATIENCE_MS;

	while (strcmp(ask(server), answer) != 0)
		if (clock_monotonic_ms() > deadline)
			fail_msg("the answer never was \"%s\"; last one: \"%s\"", answer,
			    ask(server));
}

/* --- reports and answers ------------------------------------------------------------- */

static void
clients_learn_who_reported(void **state UNUSED)
{
	struct server server;
	struct peer *work;

	server_start(&server, "");
	assert_string_equal(ask(&server), "nobody");
	work = work_start(&server, "10.1.2.3", 0);
	/* Several times: the child that answers need not be the one that heard the report. */
	for (int i = 0; i < 4 * CHILDREN; i++)
		assert_string_equal(ask(&server), "10.1.2.3");
	peer_free(work);
	server_end(&server);
}

static void
the_least_loaded_come_first(void **state UNUSED)
{
	static const char *const hosts[] = { "c.example", "a.example", "e.example", "b.example",
	    "d.example" };
	static const uint32_t sessions[] = { 300, 100, 500, 200, 1000 };
	struct peer *work[ARRAY_LEN(hosts)];
	struct msg_report_connect report;
	struct server server;

	server_start(&server, "");
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
		work[i] = work_start(&server, hosts[i], sessions[i]);
	assert_string_equal(ask(&server), "a.example b.example c.example");

	report = report_of("a.example", 100);
	report.state = NODE_DRAINING;
	peer_send(work[1], MSG_REPORT_CONNECT, &report);
	peer_expect(work[1], MSG_REPORT_CONNECT_OK, NULL);
	assert_string_equal(ask(&server), "b.example c.example e.example");
	work_report(work[3], "b.example", 400);
	assert_string_equal(ask(&server), "c.example b.example e.example");
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
		peer_free(work[i]);
	server_end(&server);
}

/* Two servers, one twice as large; 90 clients between two reports. */
static void
a_crowd_between_two_reports_is_spread(void **state UNUSED)
{
	struct msg_report_connect large = report_of("large.example", 0);
	struct peer *work[2];
	struct server server;
	unsigned to_large = 0;

	server_start(&server, "");
	large.capacity = 2000;
	work[0] = work_connect(&server, &ours);
	peer_send(work[0], MSG_REPORT_CONNECT, &large);
	peer_expect(work[0], MSG_REPORT_CONNECT_OK, NULL);
	work[1] = work_start(&server, "small.example", 0);
	for (int i = 0; i < 90; i++)
		to_large += ask(&server)[0] == 'l';
	assert_in_range(to_large, 59, 61);
	peer_free(work[0]);
	peer_free(work[1]);
	server_end(&server);
}

static void
one_connection_can_ask_again(void **state UNUSED)
{
	const struct msg_ping ping = { .request = 4 };
	struct msg_ping_ok pong;
	struct peer *client, *work;
	struct server server;

	server_start(&server, "");
	work = work_connect(&server, &ours);
	client = client_connect(&server);
	assert_string_equal(ask_again(client), "nobody");
	work_report(work, "a.example", 0);
	assert_string_equal(ask_again(client), "a.example");
	peer_send(client, MSG_PING, &ping);
	peer_expect(client, MSG_PING_OK, &pong);
	assert_int_equal(pong.request, 4);
	peer_free(client);
	peer_free(work);
	server_end(&server);
}

static void
hello_tells_who_is_who(void **state UNUSED)
{
	const struct msg_hello hello = { .request = 3, .version = PROTOCOL_VERSION,
	    .program = bytes_of_string("test") };
	struct msg_hello_ok answer;
	struct server server;
	struct peer *client;

	server_start(&server, "");
	client = peer_connect_from("127.0.0.77", server.port, NULL, false);
	peer_send(client, MSG_HELLO, &hello);
	peer_expect(client, MSG_HELLO_OK, &answer);
	assert_int_equal(answer.request, 3);
	assert_int_equal(answer.version, PROTOCOL_VERSION);
	assert_true(bytes_equal(answer.host, bytes_of_string("127.0.0.77")));
	assert_in_range(answer.port, 1, 65535);
	assert_true(bytes_equal(answer.program, bytes_of_string("tingyu-route " PACKAGE_VERSION)));
	peer_free(client);
	server_end(&server);
}

static void
it_works_without_encryption_on_loopback(void **state UNUSED)
{
	struct server server;
	struct peer *work;

	server_start(&server, "insecure-plaintext yes\n");
	work = work_start(&server, "a.example", 0);
	assert_string_equal(ask(&server), "a.example");
	peer_free(work);
	server_end(&server);
}

/* --- deaths -------------------------------------------------------------------------- */

static void
a_closed_connection_is_death_at_once(void **state UNUSED)
{
	struct server server;
	struct peer *work;

	server_start(&server, "");
	work = work_start(&server, "a.example", 0);
	assert_string_equal(ask(&server), "a.example");
	peer_free(work);
	assert_true(process_wait_line(server.process, "a.example:7401 is gone",
	    PROCESS_PATIENCE_MS));
	ask_until(&server, "nobody");
	server_end(&server);
}

static void
silence_is_death_and_the_end_of_the_connection(void **state UNUSED)
{
	struct server server;
	struct peer *silent, *living;
	uint64_t start, took;

	server_start(&server, "dead-seconds 5\nreport-seconds 1\n");
	silent = work_start(&server, "silent.example", 0);
	living = work_start(&server, "living.example", 500);
	start = clock_monotonic_ms();
	assert_string_equal(ask(&server), "silent.example living.example");
	/* The other one says something every now and then, and so stays. */
	while (!peer_hears(silent, 500)) {
		work_report(living, "living.example", 500);
		assert_true(clock_monotonic_ms() - start < PROCESS_PATIENCE_MS);
	}
	took = clock_monotonic_ms() - start;
	print_message("dead after %.1f s of silence\n", (double)took / 1000);
	assert_true(took >= 4000);
	peer_expect_error(silent, STATUS_IDLE);
	peer_wait_down(silent, PROCESS_PATIENCE_MS);
	work_report(living, "living.example", 500);
	assert_string_equal(ask(&server), "living.example");
	peer_free(silent);
	peer_free(living);
	server_end(&server);
}

/*
 * All children are killed, one after the other. Clients are answered all the time by those that
 * are there, and work servers whose connection went with a child come back to the same place.
 */
static void
killed_children_take_nobody_along(void **state UNUSED)
{
	struct peer *work[3];
	pid_t children[CHILDREN];
	struct server server;
	const char *answer;
	char host[32];
	uint64_t start;

	server_start(&server, "");
	for (uint32_t i = 0; i < ARRAY_LEN(work); i++) {
		snprintf(host, sizeof(host), "w%u.example", i);
		work[i] = work_start(&server, host, 100 * i);
	}
	assert_int_equal(process_children(process_pid(server.process), NULL, children, CHILDREN),
	    CHILDREN);
	for (size_t i = 0; i < CHILDREN; i++) {
		start = clock_monotonic_ms();
		kill(children[i], SIGKILL);
		assert_true(process_wait_gone(children[i], PROCESS_PATIENCE_MS));
		answer = ask(&server);
		/* Later is too late for a machine so slow: then they need not be there any more. */
		if (clock_monotonic_ms() - start < NODES_GRACE_MS)
			assert_string_equal(answer, "w0.example w1.example w2.example");
		for (uint32_t k = 0; k < ARRAY_LEN(work); k++) {
			const struct msg_ping ping = { .request = 1 };

			peer_send(work[k], MSG_PING, &ping);
			if (peer_hears(work[k], PROCESS_PATIENCE_MS)) {
				peer_expect(work[k], MSG_PING_OK, NULL);
				continue;
			}
			peer_free(work[k]);
			snprintf(host, sizeof(host), "w%u.example", k);
			work[k] = work_start(&server, host, 100 * k);
		}
		assert_string_equal(ask(&server), "w0.example w1.example w2.example");
	}
	for (size_t i = 0; i < ARRAY_LEN(work); i++)
		peer_free(work[i]);
	ask_until(&server, "nobody");
	server_end(&server);
}

/* A child that does not run keeps its work servers' entries where others read them. */
static void
a_stopped_child_is_no_hindrance(void **state UNUSED)
{
	pid_t children[CHILDREN];
	struct peer *work[2], *client = NULL;
	struct server server;

	server_start(&server, "");
	work[0] = work_start(&server, "a.example", 0);
	work[1] = work_start(&server, "b.example", 500);
	assert_int_equal(process_children(process_pid(server.process), NULL, children, CHILDREN),
	    CHILDREN);
	kill(children[0], SIGSTOP);
	/*
	 * Within a second the parent has noticed and sends nobody there; one may have been sent
	 * before that. How long an answer takes on this machine is not known, so we wait longer
	 * each time.
	 */
	for (int wait_ms = 2000; wait_ms < PROCESS_PATIENCE_MS && client == NULL; wait_ms *= 2) {
		client = peer_connect(server.port, NULL, false);
		peer_send(client, MSG_HELLO, &(struct msg_hello){ .version = PROTOCOL_VERSION,
		    .program = bytes_of_string("test") });
		if (!peer_hears(client, wait_ms)) {
			peer_free(client);
			client = NULL;
		}
	}
	assert_non_null(client);
	peer_expect(client, MSG_HELLO_OK, NULL);
	assert_string_equal(ask_again(client), "a.example b.example");
	kill(children[0], SIGCONT);
	peer_free(client);
	peer_free(work[0]);
	peer_free(work[1]);
	server_end(&server);
}

static void
several_route_servers_know_the_same(void **state UNUSED)
{
	struct server servers[2];
	struct peer *work[2];

	for (size_t i = 0; i < 2; i++) {
		server_start(&servers[i], "");
		work[i] = work_start(&servers[i], "a.example", 0);
	}
	assert_string_equal(ask(&servers[0]), "a.example");
	peer_free(work[0]);
	server_end(&servers[0]);
	assert_string_equal(ask(&servers[1]), "a.example");
	peer_free(work[1]);
	server_end(&servers[1]);
}

static void
stopping_tells_everybody(void **state UNUSED)
{
	struct server server;
	struct peer *work;

	server_start(&server, "");
	work = work_start(&server, "a.example", 0);
	assert_true(process_stop(server.process, SIGINT, PROCESS_PATIENCE_MS));
	assert_int_equal(peer_wait_down(work, PROCESS_PATIENCE_MS), STATUS_CLOSED);
	peer_free(work);
	server_end(&server);
}

/* --- wrong things -------------------------------------------------------------------- */

static void
rogues_are_refused(void **state UNUSED)
{
	struct msg_report_connect report = report_of("evil.example", 0);
	struct server server;
	struct peer *work, *rogue;

	server_start(&server, "");
	work = work_start(&server, "a.example", 900);

	/* Another key, which may say what it likes. */
	rogue = work_connect(&server, &foreign);
	peer_send(rogue, MSG_REPORT_CONNECT, &report);
	peer_expect_error(rogue, STATUS_NOT_ALLOWED);
	peer_wait_down(rogue, PROCESS_PATIENCE_MS);
	peer_free(rogue);
	assert_true(process_wait_line(server.process, foreign.pin_text, PROCESS_PATIENCE_MS));
	assert_non_null(strstr(process_log(server.process), "127.0.0.1:"));

	/* No key at all. */
	rogue = work_connect(&server, NULL);
	peer_send(rogue, MSG_REPORT_CONNECT, &report);
	peer_expect_error(rogue, STATUS_NOT_ALLOWED);
	peer_free(rogue);

	/* One of ours, for somebody else. */
	report.pin = bytes_of(foreign.pin, sizeof(foreign.pin));
	rogue = work_connect(&server, &ours);
	peer_send(rogue, MSG_REPORT_CONNECT, &report);
	peer_expect_error(rogue, STATUS_NOT_ALLOWED);
	peer_free(rogue);

	assert_string_equal(ask(&server), "a.example");
	work_report(work, "a.example", 900);
	peer_free(work);
	server_end(&server);
}

static const struct {
	const char *what;
	uint16_t port;
	uint8_t state;
	const char *host;
} bad_reports[] = {
	{ "no port", 0, NODE_UP, "a.example" },
	{ "no such state", 7401, 0, "a.example" },
	{ "nor this", 7401, 3, "a.example" },
	{ "no host", 7401, NODE_UP, "a example" },
	{ "another port in the host", 7401, NODE_UP, "a.example:80" },
	{ "every address", 7401, NODE_UP, "0.0.0.0" },
	{ "every address of the other family", 7401, NODE_UP, "::" },
};

static void
senseless_reports_are_refused(void **state UNUSED)
{
	struct server server;

	server_start(&server, "");
	for (size_t i = 0; i < ARRAY_LEN(bad_reports); i++) {
		struct msg_report_connect report = report_of(bad_reports[i].host, 0);
		struct peer *work = work_connect(&server, &ours);

		report.port = bad_reports[i].port;
		report.state = bad_reports[i].state;
		peer_send(work, MSG_REPORT_CONNECT, &report);
		if (peer_next_type(work) != MSG_ERROR)
			fail_msg("taken: %s", bad_reports[i].what);
		peer_expect_error(work, STATUS_BAD_VALUE);
		peer_free(work);
	}
	assert_string_equal(ask(&server), "nobody");
	server_end(&server);
}

static const struct {
	const char *what;
	bool is_greeted;
	const char *bytes;
	size_t len;
	enum status status;
} bad_frames[] = {
#define FRAME(text) text, sizeof(text) - 1
	{ "a question before HELLO", false, FRAME("\x00\x00\x00\x08" "abcd"), STATUS_WRONG_STATE },
	{ "HELLO twice", true, FRAME("\x00\x10\x00\x0d" "abcd" "\x00\x01" "\x00\x01x"),
	    STATUS_WRONG_STATE },
	{ "a version from the future", false,
	    FRAME("\x00\x10\x00\x0d" "abcd" "\x00\x09" "\x00\x01x"), STATUS_BAD_VERSION },
	{ "what only a work server knows", true, FRAME("\x00\x0c\x00\x08" "abcd"),
	    STATUS_UNKNOWN_TYPE },
	{ "what nobody knows", true, FRAME("\x01\x23\x00\x04"), STATUS_UNKNOWN_TYPE },
	{ "too short", true, FRAME("\x00\x00\x00\x07" "abc"), STATUS_BAD_FRAME },
	{ "left over", true, FRAME("\x00\x00\x00\x09" "abcde"), STATUS_BAD_FRAME },
	{ "a length under the header", true, FRAME("\x00\x00\x00\x03"), STATUS_BAD_FRAME },
	{ "a text that ends early", false,
	    FRAME("\x00\x10\x00\x0d" "abcd" "\x00\x01" "\x00\x02x"), STATUS_BAD_FRAME },
	{ "a control character", false,
	    FRAME("\x00\x10\x00\x0d" "abcd" "\x00\x01" "\x00\x01\x1b"), STATUS_BAD_TEXT },
#undef FRAME
};

static void
wrong_frames_end_their_connection_only(void **state UNUSED)
{
	struct peer *work, *client;
	struct server server;

	server_start(&server, "");
	work = work_start(&server, "a.example", 0);
	client = client_connect(&server);
	for (size_t i = 0; i < ARRAY_LEN(bad_frames); i++) {
		struct peer *bad = peer_connect(server.port, NULL, false);

		peer_wait_up(bad);
		if (bad_frames[i].is_greeted)
			peer_hello(bad);
		peer_send_raw(bad, bytes_of(bad_frames[i].bytes, bad_frames[i].len));
		if (!peer_hears(bad, PROCESS_PATIENCE_MS))
			fail_msg("no ERROR: %s", bad_frames[i].what);
		peer_expect_error(bad, bad_frames[i].status);
		peer_wait_down(bad, PROCESS_PATIENCE_MS);
		peer_free(bad);
	}
	/* What may be skipped is skipped. */
	peer_send_raw(client, bytes_of("\x80\x01\x00\x06zz", 6));
	assert_string_equal(ask_again(client), "a.example");
	work_report(work, "a.example", 0);
	peer_free(client);
	peer_free(work);
	server_end(&server);
}

static void
who_says_nothing_is_cut(void **state UNUSED)
{
	struct server server;
	struct peer *silent, *greeted;
	uint64_t start = clock_monotonic_ms();

	server_start(&server, "login-seconds 3\n");
	silent = peer_connect(server.port, NULL, false);
	peer_wait_up(silent);
	greeted = client_connect(&server);
	peer_wait_down(silent, PROCESS_PATIENCE_MS);
	peer_wait_down(greeted, PROCESS_PATIENCE_MS);
	assert_true(clock_monotonic_ms() - start >= 2900);
	peer_free(silent);
	peer_free(greeted);
	server_end(&server);
}

static void
who_got_his_answer_cannot_stay(void **state UNUSED)
{
	struct server server;
	struct peer *client;

	server_start(&server, "");
	client = client_connect(&server);
	assert_string_equal(ask_again(client), "nobody");
	assert_int_equal(peer_wait_down(client, PROCESS_PATIENCE_MS), STATUS_CLOSED);
	peer_free(client);
	server_end(&server);
}

static void
who_talks_too_much_is_cut(void **state UNUSED)
{
	const struct msg_ping ping = { .request = 1 };
	struct server server;
	struct peer *client;

	server_start(&server, "");
	client = client_connect(&server);
	for (int i = 0; i < 600; i++)
		peer_send(client, MSG_PING, &ping);
	while (peer_next_type(client) == MSG_PING_OK)
		peer_expect(client, MSG_PING_OK, NULL);
	peer_expect_error(client, STATUS_TOO_CHATTY);
	peer_wait_down(client, PROCESS_PATIENCE_MS);
	peer_free(client);
	server_end(&server);
}

/*
 * Limits count for each child; so with five tokens each, at most ten connections of one address
 * come through.
 */
static void
one_address_cannot_flood(void **state UNUSED)
{
	struct peer *clients[5 * CHILDREN + 1];
	struct server server;
	bool is_refused = false;

	server_start(&server,
	    "limit-loopback yes\nconnections-burst 5\nconnections-per-minute 1\n");
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		const struct msg_hello hello = { .version = PROTOCOL_VERSION,
		    .program = bytes_of_string("test") };

		clients[i] = peer_connect_from("127.0.0.5", server.port, NULL, false);
		peer_send(clients[i], MSG_HELLO, &hello);
		if (!peer_hears(clients[i], PROCESS_PATIENCE_MS))
			is_refused = true;
	}
	assert_true(is_refused);
	for (size_t i = 0; i < ARRAY_LEN(clients); i++)
		peer_free(clients[i]);
	/* Others notice nothing. */
	clients[0] = peer_connect_from("127.0.0.6", server.port, NULL, false);
	peer_wait_up(clients[0]);
	peer_hello(clients[0]);
	peer_free(clients[0]);
	server_end(&server);
}

/* --- configuration ------------------------------------------------------------------- */

static void
a_bad_file_at_hup_changes_nothing(void **state UNUSED)
{
	struct server server;
	struct peer *work;

	server_start(&server, "");
	work = work_start(&server, "a.example", 0);
	configure(&server, "dead-seconds many\nno-such-option 1\n");
	process_signal(server.process, SIGHUP);
	assert_true(process_wait_line(server.process, "no-such-option", PROCESS_PATIENCE_MS));
	assert_true(process_wait_line(server.process, "nothing was changed", PROCESS_PATIENCE_MS));
	work_report(work, "a.example", 0);
	assert_string_equal(ask(&server), "a.example");

	/* The settings are good, but the key is not: still nothing. */
	configure(&server, "dead-seconds 60\n");
	tmpdir_write(server.folder, "private-key.pem", "rubbish\n");
	process_signal(server.process, SIGHUP);
	assert_true(process_wait_line(server.process, "private-key.pem", PROCESS_PATIENCE_MS));
	assert_string_equal(ask(&server), "a.example");
	peer_free(work);
	server_end(&server);
}

static void
hup_changes_who_may_report(void **state UNUSED)
{
	struct msg_report_connect report = report_of("b.example", 0);
	struct peer *work, *other;
	struct server server;
	char *more;

	server_start(&server, "");
	work = work_start(&server, "a.example", 0);
	more = mem_format("allow-work %s\n", foreign.pin_text);
	configure(&server, more);
	process_signal(server.process, SIGHUP);
	report.pin = bytes_of(foreign.pin, sizeof(foreign.pin));
	for (bool is_taken = false; !is_taken;) {
		other = work_connect(&server, &foreign);
		peer_send(other, MSG_REPORT_CONNECT, &report);
		is_taken = peer_next_type(other) == MSG_REPORT_CONNECT_OK;
		if (!is_taken)
			peer_free(other);
	}
	peer_expect(other, MSG_REPORT_CONNECT_OK, NULL);
	work_report(work, "a.example", 0);

	/* And who may no longer is sent away. */
	configure(&server, "");
	process_signal(server.process, SIGHUP);
	peer_expect_error(other, STATUS_NOT_ALLOWED);
	peer_wait_down(other, PROCESS_PATIENCE_MS);
	assert_string_equal(ask(&server), "a.example");
	free(more);
	peer_free(other);
	peer_free(work);
	server_end(&server);
}

static void
the_certificate_is_made_once(void **state UNUSED)
{
	struct server server;
	char *first, *again, *key;

	server_start(&server, "");
	first = tmpdir_read(server.folder, "certificate.pem");
	key = tmpdir_path(server.folder, "private-key.pem");
	assert_non_null(first);
	assert_true(process_stop(server.process, SIGTERM, PROCESS_PATIENCE_MS));
	process_free(server.process);
	server.process = run(&server);
	assert_true(process_wait_line(server.process, "reach this route server",
	    PROCESS_PATIENCE_MS));
	again = tmpdir_read(server.folder, "certificate.pem");
	assert_string_equal(first, again);
	free(first);
	free(again);
	free(key);
	server_end(&server);
}

static void
mistakes_at_the_start_are_told(void **state UNUSED)
{
	struct server server;
	struct process *second;
	char taken[32];
	int status;

	server_start(&server, "");

	/* The port is taken. */
	second = run(&server);
	assert_true(process_wait_exit(second, PROCESS_PATIENCE_MS, &status));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	snprintf(taken, sizeof(taken), "127.0.0.1:%u", server.port);
	assert_non_null(strstr(process_log(second), taken));
	process_free(second);

	/* The file is wrong. */
	configure(&server, "login-seconds 0\n");
	second = run(&server);
	assert_true(process_wait_exit(second, PROCESS_PATIENCE_MS, &status));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 2);
	assert_non_null(strstr(process_log(second), "login-seconds"));
	process_free(second);
	assert_string_equal(ask(&server), "nobody");
	server_end(&server);
}

static int
make_identities(void **state UNUSED)
{
	peer_identity_init(&ours);
	peer_identity_init(&foreign);
	return 0;
}

static int
clear_identities(void **state UNUSED)
{
	peer_identity_clear(&ours);
	peer_identity_clear(&foreign);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_learn_who_reported),
		cmocka_unit_test(the_least_loaded_come_first),
		cmocka_unit_test(a_crowd_between_two_reports_is_spread),
		cmocka_unit_test(one_connection_can_ask_again),
		cmocka_unit_test(hello_tells_who_is_who),
		cmocka_unit_test(it_works_without_encryption_on_loopback),
		cmocka_unit_test(a_closed_connection_is_death_at_once),
		cmocka_unit_test(silence_is_death_and_the_end_of_the_connection),
		cmocka_unit_test(killed_children_take_nobody_along),
		cmocka_unit_test(a_stopped_child_is_no_hindrance),
		cmocka_unit_test(several_route_servers_know_the_same),
		cmocka_unit_test(stopping_tells_everybody),
		cmocka_unit_test(rogues_are_refused),
		cmocka_unit_test(senseless_reports_are_refused),
		cmocka_unit_test(wrong_frames_end_their_connection_only),
		cmocka_unit_test(who_says_nothing_is_cut),
		cmocka_unit_test(who_got_his_answer_cannot_stay),
		cmocka_unit_test(who_talks_too_much_is_cut),
		cmocka_unit_test(one_address_cannot_flood),
		cmocka_unit_test(a_bad_file_at_hup_changes_nothing),
		cmocka_unit_test(hup_changes_who_may_report),
		cmocka_unit_test(the_certificate_is_made_once),
		cmocka_unit_test(mistakes_at_the_start_are_told),
	};

	return cmocka_run_group_tests(tests, make_identities, clear_identities);
}
