/* SPDX-License-Identifier: ISC */
/* The real route server, with work servers and clients that are this test. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/route/nodes.h"
#include "shared/clock.h"
#include "shared/compiler.h"
#include "tests/support/process.h"
#include "tests/support/route_server.h"

/* --- reports and answers ------------------------------------------------------------- */

static void
clients_learn_who_reported(void **state UNUSED)
{
	struct route_server server;
	struct peer *work;

	route_server_start(&server, "");
	assert_string_equal(route_ask(&server), "nobody");
	work = route_work_start(&server, "10.1.2.3", 0);
	/* Several times: the child that answers need not be the one that heard the report. */
	for (int i = 0; i < 4 * ROUTE_SERVER_CHILDREN; i++)
		assert_string_equal(route_ask(&server), "10.1.2.3");
	peer_free(work);
	route_server_end(&server);
}

static void
the_least_loaded_come_first(void **state UNUSED)
{
	static const char *const hosts[] = { "c.example", "a.example", "e.example", "b.example",
	    "d.example" };
	static const uint32_t sessions[] = { 300, 100, 500, 200, 1000 };
	struct peer *work[ARRAY_LEN(hosts)];
	struct msg_report_connect report;
	struct route_server server;

	route_server_start(&server, "");
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
		work[i] = route_work_start(&server, hosts[i], sessions[i]);
	assert_string_equal(route_ask(&server), "a.example b.example c.example");

	report = route_report_of("a.example", 100);
	report.state = NODE_DRAINING;
	peer_send(work[1], MSG_REPORT_CONNECT, &report);
	peer_expect(work[1], MSG_REPORT_CONNECT_OK, NULL);
	assert_string_equal(route_ask(&server), "b.example c.example e.example");
	route_work_report(work[3], "b.example", 400);
	assert_string_equal(route_ask(&server), "c.example b.example e.example");
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
		peer_free(work[i]);
	route_server_end(&server);
}

/* Two servers, one twice as large; 90 clients between two reports. */
static void
a_crowd_between_two_reports_is_spread(void **state UNUSED)
{
	struct msg_report_connect large = route_report_of("large.example", 0);
	struct peer *work[2];
	struct route_server server;
	unsigned to_large = 0;

	route_server_start(&server, "");
	large.capacity = 2000;
	work[0] = route_work_connect(&server, &route_ours);
	peer_send(work[0], MSG_REPORT_CONNECT, &large);
	peer_expect(work[0], MSG_REPORT_CONNECT_OK, NULL);
	work[1] = route_work_start(&server, "small.example", 0);
	for (int i = 0; i < 90; i++)
		to_large += route_ask(&server)[0] == 'l';
	assert_in_range(to_large, 59, 61);
	peer_free(work[0]);
	peer_free(work[1]);
	route_server_end(&server);
}

static void
one_connection_can_ask_again(void **state UNUSED)
{
	const struct msg_ping ping = { .request = 4 };
	struct msg_ping_ok pong;
	struct peer *client, *work;
	struct route_server server;

	route_server_start(&server, "");
	work = route_work_connect(&server, &route_ours);
	client = route_client_connect(&server);
	assert_string_equal(route_client_ask(client), "nobody");
	route_work_report(work, "a.example", 0);
	assert_string_equal(route_client_ask(client), "a.example");
	peer_send(client, MSG_PING, &ping);
	peer_expect(client, MSG_PING_OK, &pong);
	assert_int_equal(pong.request, 4);
	peer_free(client);
	peer_free(work);
	route_server_end(&server);
}

static void
hello_tells_who_is_who(void **state UNUSED)
{
	const struct msg_hello hello = { .request = 3, .version = PROTOCOL_VERSION,
	    .program = bytes_of_string("test") };
	struct msg_hello_ok answer;
	struct route_server server;
	struct peer *client;

	route_server_start(&server, "");
	client = peer_connect_from("127.0.0.77", server.port, NULL, false);
	peer_send(client, MSG_HELLO, &hello);
	peer_expect(client, MSG_HELLO_OK, &answer);
	assert_int_equal(answer.request, 3);
	assert_int_equal(answer.version, PROTOCOL_VERSION);
	assert_true(bytes_equal(answer.host, bytes_of_string("127.0.0.77")));
	assert_in_range(answer.port, 1, 65535);
	assert_true(bytes_equal(answer.program, bytes_of_string("tingyu-route " PACKAGE_VERSION)));
	peer_free(client);
	route_server_end(&server);
}

static void
it_works_without_encryption_on_loopback(void **state UNUSED)
{
	struct route_server server;
	struct peer *work;

	route_server_start(&server, "insecure-plaintext yes\n");
	work = route_work_start(&server, "a.example", 0);
	assert_string_equal(route_ask(&server), "a.example");
	peer_free(work);
	route_server_end(&server);
}

/* --- deaths -------------------------------------------------------------------------- */

static void
a_closed_connection_is_death_at_once(void **state UNUSED)
{
	struct route_server server;
	struct peer *work;

	route_server_start(&server, "");
	work = route_work_start(&server, "a.example", 0);
	assert_string_equal(route_ask(&server), "a.example");
	peer_free(work);
	assert_true(process_wait_line(server.process, "a.example:7401 is gone",
	    PROCESS_PATIENCE_MS));
	route_ask_until(&server, "nobody");
	route_server_end(&server);
}

static void
silence_is_death_and_the_end_of_the_connection(void **state UNUSED)
{
	struct route_server server;
	struct peer *silent, *living;
	uint64_t start, took;

	route_server_start(&server, "dead-seconds 5\nreport-seconds 1\n");
	silent = route_work_start(&server, "silent.example", 0);
	living = route_work_start(&server, "living.example", 500);
	start = clock_monotonic_ms();
	assert_string_equal(route_ask(&server), "silent.example living.example");
	/* The other one says something every now and then, and so stays. */
	while (!peer_hears(silent, 500)) {
		route_work_report(living, "living.example", 500);
		assert_true(clock_monotonic_ms() - start < PROCESS_PATIENCE_MS);
	}
	took = clock_monotonic_ms() - start;
	print_message("dead after %.1f s of silence\n", (double)took / 1000);
	assert_true(took >= 4000);
	peer_expect_error(silent, STATUS_IDLE);
	peer_wait_down(silent, PROCESS_PATIENCE_MS);
	route_work_report(living, "living.example", 500);
	assert_string_equal(route_ask(&server), "living.example");
	peer_free(silent);
	peer_free(living);
	route_server_end(&server);
}

/*
 * All children are killed, one after the other. Clients are answered all the time by those that
 * are there, and work servers whose connection went with a child come back to the same place.
 */
static void
killed_children_take_nobody_along(void **state UNUSED)
{
	struct peer *work[3];
	pid_t children[ROUTE_SERVER_CHILDREN];
	struct route_server server;
	const char *answer;
	char host[32];
	uint64_t start;

	route_server_start(&server, "");
	for (uint32_t i = 0; i < ARRAY_LEN(work); i++) {
		snprintf(host, sizeof(host), "w%u.example", i);
		work[i] = route_work_start(&server, host, 100 * i);
	}
	assert_int_equal(process_children(process_pid(server.process), NULL, children,
	    ROUTE_SERVER_CHILDREN), ROUTE_SERVER_CHILDREN);
	for (size_t i = 0; i < ROUTE_SERVER_CHILDREN; i++) {
		start = clock_monotonic_ms();
		kill(children[i], SIGKILL);
		assert_true(process_wait_gone(children[i], PROCESS_PATIENCE_MS));
		answer = route_ask(&server);
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
			work[k] = route_work_start(&server, host, 100 * k);
		}
		assert_string_equal(route_ask(&server), "w0.example w1.example w2.example");
	}
	for (size_t i = 0; i < ARRAY_LEN(work); i++)
		peer_free(work[i]);
	route_ask_until(&server, "nobody");
	route_server_end(&server);
}

/* A child that does not run keeps its work servers' entries where others read them. */
static void
a_stopped_child_is_no_hindrance(void **state UNUSED)
{
	pid_t children[ROUTE_SERVER_CHILDREN];
	struct peer *work[2], *client = NULL;
	struct route_server server;

	route_server_start(&server, "");
	work[0] = route_work_start(&server, "a.example", 0);
	work[1] = route_work_start(&server, "b.example", 500);
	assert_int_equal(process_children(process_pid(server.process), NULL, children,
	    ROUTE_SERVER_CHILDREN), ROUTE_SERVER_CHILDREN);
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
	assert_string_equal(route_client_ask(client), "a.example b.example");
	kill(children[0], SIGCONT);
	peer_free(client);
	peer_free(work[0]);
	peer_free(work[1]);
	route_server_end(&server);
}

static void
several_route_servers_know_the_same(void **state UNUSED)
{
	struct route_server servers[2];
	struct peer *work[2];

	for (size_t i = 0; i < 2; i++) {
		route_server_start(&servers[i], "");
		work[i] = route_work_start(&servers[i], "a.example", 0);
	}
	assert_string_equal(route_ask(&servers[0]), "a.example");
	peer_free(work[0]);
	route_server_end(&servers[0]);
	assert_string_equal(route_ask(&servers[1]), "a.example");
	peer_free(work[1]);
	route_server_end(&servers[1]);
}

static void
stopping_tells_everybody(void **state UNUSED)
{
	struct route_server server;
	struct peer *work;

	route_server_start(&server, "");
	work = route_work_start(&server, "a.example", 0);
	assert_true(process_stop(server.process, SIGINT, PROCESS_PATIENCE_MS));
	assert_int_equal(peer_wait_down(work, PROCESS_PATIENCE_MS), STATUS_CLOSED);
	peer_free(work);
	route_server_end(&server);
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
	};

	return cmocka_run_group_tests(tests, route_make_identities, route_clear_identities);
}
