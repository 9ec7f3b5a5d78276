/* SPDX-License-Identifier: ISC */
#include "server/route/handlers.h"

#include "server/route/choice.h"
#include "server/route/reports.h"
#include "server/route/route.h"
#include "shared/clock.h"
#include "shared/crypto.h"
#include "shared/log.h"

/* Not all at the same moment: those who are sent away come back spread over a second. */
enum { NO_SERVER_RETRY_MS = 1000, NO_SERVER_SPREAD_MS = 1000 };

void
handle_hello(struct session *session, const struct msg_hello *message)
{
	struct endpoint endpoint = { .host = "unknown" };
	uint8_t nonce[32];
	struct msg_hello_ok answer = {
		.request = message->request,
		.version = PROTOCOL_VERSION,
		.program = bytes_of_string("tingyu-route " PACKAGE_VERSION),
		.nonce = bytes_of(nonce, sizeof(nonce)),
	};

	if (message->version != PROTOCOL_VERSION) {
		session_refuse(session, STATUS_BAD_VERSION, 0);
		return;
	}
	session->state = SESSION_ASKER;
	crypto_random(nonce, sizeof(nonce));
	(void)endpoint_of_sockaddr((const struct sockaddr *)&session->from.address, &endpoint);
	answer.port = endpoint.port;
	answer.host = bytes_of_string(endpoint.host);
	link_send(session->link, MSG_HELLO_OK, &answer);
}

void
handle_ping(struct session *session, const struct msg_ping *message)
{
	const struct msg_ping_ok answer = { .request = message->request };

	link_send(session->link, MSG_PING_OK, &answer);
}

static void
send_choice(struct session *session, uint32_t request, const struct choice *choice)
{
	const struct msg_obtain_server_addr_ok end = { .request = request, .count = (uint8_t)choice->count };

	for (size_t i = 0; i < choice->count; i++) {
		const struct node_report *report = &choice->nodes[i].report;
		const struct msg_server_addr item = {
			.request = request,
			.port = report->port,
			.host = bytes_of_string(report->host),
			.pin = bytes_of(report->pin, sizeof(report->pin)),
		};

		link_send(session->link, MSG_SERVER_ADDR, &item);
	}
	link_send(session->link, MSG_OBTAIN_SERVER_ADDR_OK, &end);
}

void
handle_obtain_server_addr(struct session *session, const struct msg_obtain_server_addr *message)
{
	struct route *route = session->route;
	struct choice choice;

	choice_make(route->writer.nodes, clock_monotonic_ms(), route->settings.dead_seconds * UINT64_C(1000),
	    &route->dice, &choice);
	session_extend(session);
	if (choice.count == 0) {
		log_debug("%s: no work server for it; %zu live", session_name(session), choice.alive);
		session_send_error(session, message->request, STATUS_NO_SERVER,
		    NO_SERVER_RETRY_MS + (uint32_t)(route->dice % NO_SERVER_SPREAD_MS));
		return;
	}
	nodes_count_handout(route->writer.nodes, choice.nodes[0].slot);
	send_choice(session, message->request, &choice);
}

void
handle_report_connect(struct session *session, const struct msg_report_connect *message)
{
	reports_take(session, message);
}
