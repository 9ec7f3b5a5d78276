/* SPDX-License-Identifier: ISC */
/* What nobody may do to a route server, and that nobody else notices when somebody tries. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "server/route/nodes.h"
#include "shared/clock.h"
#include "shared/compiler.h"
#include "tests/support/process.h"
#include "tests/support/route_server.h"

static void
rogues_are_refused(void **state UNUSED)
{
	struct msg_report_connect report = route_report_of("evil.example", 0);
	struct route_server server;
	struct peer *work, *rogue;

	route_server_start(&server, "");
	work = route_work_start(&server, "a.example", 900);

	/* Another key, which may say what it likes. */
	rogue = route_work_connect(&server, &route_foreign);
	peer_send(rogue, MSG_REPORT_CONNECT, &report);
	peer_expect_error(rogue, STATUS_NOT_ALLOWED);
	peer_wait_down(rogue, PROCESS_PATIENCE_MS);
	peer_free(rogue);
	assert_true(process_wait_line(server.process, route_foreign.pin_text, PROCESS_PATIENCE_MS));
	assert_non_null(strstr(process_log(server.process), "127.0.0.1:"));

	/* No key at all. */
	rogue = route_work_connect(&server, NULL);
	peer_send(rogue, MSG_REPORT_CONNECT, &report);
	peer_expect_error(rogue, STATUS_NOT_ALLOWED);
	peer_free(rogue);

	/* One of route_ours, for somebody else. */
	report.pin = bytes_of(route_foreign.pin, sizeof(route_foreign.pin));
	rogue = route_work_connect(&server, &route_ours);
	peer_send(rogue, MSG_REPORT_CONNECT, &report);
	peer_expect_error(rogue, STATUS_NOT_ALLOWED);
	peer_free(rogue);

	assert_string_equal(route_ask(&server), "a.example");
	route_work_report(work, "a.example", 900);
	peer_free(work);
	route_server_end(&server);
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
	struct route_server server;

	route_server_start(&server, "");
	for (size_t i = 0; i < ARRAY_LEN(bad_reports); i++) {
		struct msg_report_connect report = route_report_of(bad_reports[i].host, 0);
		struct peer *work = route_work_connect(&server, &route_ours);

		report.port = bad_reports[i].port;
		report.state = bad_reports[i].state;
		peer_send(work, MSG_REPORT_CONNECT, &report);
		if (peer_next_type(work) != MSG_ERROR)
			fail_msg("taken: %s", bad_reports[i].what);
		peer_expect_error(work, STATUS_BAD_VALUE);
		peer_free(work);
	}
	assert_string_equal(route_ask(&server), "nobody");
	route_server_end(&server);
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
	struct route_server server;

	route_server_start(&server, "");
	work = route_work_start(&server, "a.example", 0);
	client = route_client_connect(&server);
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
	assert_string_equal(route_client_ask(client), "a.example");
	route_work_report(work, "a.example", 0);
	peer_free(client);
	peer_free(work);
	route_server_end(&server);
}

static void
who_says_nothing_is_cut(void **state UNUSED)
{
	struct route_server server;
	struct peer *silent, *greeted;
	uint64_t start = clock_monotonic_ms();

	route_server_start(&server, "login-seconds 3\n");
	silent = peer_connect(server.port, NULL, false);
	peer_wait_up(silent);
	greeted = route_client_connect(&server);
	peer_wait_down(silent, PROCESS_PATIENCE_MS);
	peer_wait_down(greeted, PROCESS_PATIENCE_MS);
	assert_true(clock_monotonic_ms() - start >= 2900);
	peer_free(silent);
	peer_free(greeted);
	route_server_end(&server);
}

static void
who_got_his_answer_cannot_stay(void **state UNUSED)
{
	struct route_server server;
	struct peer *client;

	route_server_start(&server, "");
	client = route_client_connect(&server);
	assert_string_equal(route_client_ask(client), "nobody");
	assert_int_equal(peer_wait_down(client, PROCESS_PATIENCE_MS), STATUS_CLOSED);
	peer_free(client);
	route_server_end(&server);
}

static void
who_talks_too_much_is_cut(void **state UNUSED)
{
	const struct msg_ping ping = { .request = 1 };
	struct route_server server;
	struct peer *client;

	route_server_start(&server, "");
	client = route_client_connect(&server);
	for (int i = 0; i < 600; i++)
		peer_send(client, MSG_PING, &ping);
	while (peer_next_type(client) == MSG_PING_OK)
		peer_expect(client, MSG_PING_OK, NULL);
	peer_expect_error(client, STATUS_TOO_CHATTY);
	peer_wait_down(client, PROCESS_PATIENCE_MS);
	peer_free(client);
	route_server_end(&server);
}

/* Whichever child they come to: the bucket of an address is that of the server. */
static void
one_address_cannot_flood(void **state UNUSED)
{
	enum { BURST = 5 };
	struct peer *clients[BURST + ROUTE_SERVER_CHILDREN];
	struct route_server server;

	route_server_start(&server,
	    "limit-loopback yes\nconnections-burst 5\nconnections-per-minute 1\n");
	for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
		const struct msg_hello hello = { .version = PROTOCOL_VERSION,
		    .program = bytes_of_string("test") };

		clients[i] = peer_connect_from("127.0.0.5", server.port, NULL, false);
		peer_send(clients[i], MSG_HELLO, &hello);
		assert_int_equal(peer_hears(clients[i], PROCESS_PATIENCE_MS), i < BURST);
	}
	for (size_t i = 0; i < ARRAY_LEN(clients); i++)
		peer_free(clients[i]);
	/* Others notice nothing. */
	clients[0] = peer_connect_from("127.0.0.6", server.port, NULL, false);
	peer_wait_up(clients[0]);
	peer_hello(clients[0]);
	peer_free(clients[0]);
	route_server_end(&server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rogues_are_refused),
		cmocka_unit_test(senseless_reports_are_refused),
		cmocka_unit_test(wrong_frames_end_their_connection_only),
		cmocka_unit_test(who_says_nothing_is_cut),
		cmocka_unit_test(who_got_his_answer_cannot_stay),
		cmocka_unit_test(who_talks_too_much_is_cut),
		cmocka_unit_test(one_address_cannot_flood),
	};

	return cmocka_run_group_tests(tests, route_make_identities, route_clear_identities);
}
