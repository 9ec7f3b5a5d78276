/* SPDX-License-Identifier: ISC */
#include "tests/support/route_server.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/route/nodes.h"
#include "shared/clock.h"
#include "shared/compiler.h"
#include "tests/support/process.h"
#include "tests/support/server.h"
#include "tests/support/tmpdir.h"

struct peer_identity route_ours, route_foreign;

/* --- servers ------------------------------------------------------------------------- */

void
route_server_configure(struct route_server *server, const char *more)
{
	server_configure(server->folder,
	    "state-dir %s\nroute-listen 127.0.0.1:%u\nchildren %d\nallow-work %s\n%s",
	    server->folder, server->port, ROUTE_SERVER_CHILDREN, route_ours.pin_text, more);
}

struct process *
route_server_run(const struct route_server *server)
{
	const char *const argv[] = { process_program("tingyu-route"), "-c", server->file, NULL };

	return process_start("tingyu-route", argv);
}

void
route_server_start(struct route_server *server, const char *more)
{
	*server = (struct route_server){ .folder = tmpdir_new(), .port = process_free_port() };
	server->file = tmpdir_path(server->folder, "conf");
	server->is_plain = strstr(more, "insecure-plaintext yes") != NULL;
	route_server_configure(server, more);
	server->process = route_server_run(server);
	assert_true(process_wait_line(server->process, "reach this route server",
	    PROCESS_PATIENCE_MS));
}

void
route_server_end(struct route_server *server)
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

struct msg_report_connect
route_report_of(const char *host, uint32_t sessions)
{
	return (struct msg_report_connect){
		.request = 7,
		.server = number_of(host), .sessions = sessions, .capacity = 1000, .state = NODE_UP,
		.port = 7401, .host = bytes_of_string(host),
		.pin = bytes_of(route_ours.pin, sizeof(route_ours.pin)),
	};
}

struct peer *
route_work_connect(const struct route_server *server, const struct peer_identity *identity)
{
	struct peer *work = peer_connect(server->port, identity, server->is_plain);

	peer_wait_up(work);
	peer_hello(work);
	return work;
}

void
route_work_report(struct peer *work, const char *host, uint32_t sessions)
{
	const struct msg_report_connect report = route_report_of(host, sessions);
	struct msg_report_connect_ok answer;

	peer_send(work, MSG_REPORT_CONNECT, &report);
	peer_expect(work, MSG_REPORT_CONNECT_OK, &answer);
	assert_int_equal(answer.request, 7);
}

struct peer *
route_work_start(const struct route_server *server, const char *host, uint32_t sessions)
{
	struct peer *work = route_work_connect(server, &route_ours);

	route_work_report(work, host, sessions);
	return work;
}

/* --- clients ------------------------------------------------------------------------- */

struct peer *
route_client_connect(const struct route_server *server)
{
	struct peer *client = peer_connect(server->port, NULL, server->is_plain);

	peer_wait_up(client);
	peer_hello(client);
	return client;
}

void
route_client_send(struct peer *client)
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

const char *
route_client_ask(struct peer *client)
{
	static char line[1024];
	struct msg_obtain_server_addr_ok end;
	struct msg_server_addr item;
	unsigned count = 0;
	size_t len = 0;

	route_client_send(client);
	if (peer_next_type(client) == MSG_ERROR)
		return hear_nobody(client);
	for (; peer_next_type(client) != MSG_OBTAIN_SERVER_ADDR_OK; count++) {
		peer_expect(client, MSG_SERVER_ADDR, &item);
		assert_int_equal(item.request, 9);
		assert_int_equal(item.port, 7401);
		assert_memory_equal(item.pin.data, route_ours.pin, sizeof(route_ours.pin));
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%.*s",
		    len > 0 ? " " : "",
		    (int)item.host.len, (const char *)item.host.data);
	}
	peer_expect(client, MSG_OBTAIN_SERVER_ADDR_OK, &end);
	assert_int_equal(end.request, 9);
	assert_int_equal(end.count, count);
	return line;
}

const char *
route_ask(const struct route_server *server)
{
	struct peer *client = route_client_connect(server);
	const char *answer = route_client_ask(client);

	peer_free(client);
	return answer;
}

void
route_ask_until(const struct route_server *server, const char *answer)
{
	uint64_t deadline = clock_monotonic_ms() + PROCESS_PATIENCE_MS;

	while (strcmp(route_ask(server), answer) != 0)
		if (clock_monotonic_ms() > deadline)
			fail_msg("the answer never was \"%s\"; last one: \"%s\"", answer,
			    route_ask(server));
}

int
route_make_identities(void **state UNUSED)
{
	peer_identity_init(&route_ours);
	peer_identity_init(&route_foreign);
	return 0;
}

int
route_clear_identities(void **state UNUSED)
{
	peer_identity_clear(&route_ours);
	peer_identity_clear(&route_foreign);
	return 0;
}
