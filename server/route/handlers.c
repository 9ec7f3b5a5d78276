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
route_handle_hello(struct visitor *visitor, const struct msg_hello *message)
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
		visitor_refuse(visitor, STATUS_BAD_VERSION, 0);
		return;
	}
	visitor->state = VISITOR_ASKER;
	crypto_random(nonce, sizeof(nonce));
	(void)endpoint_of_sockaddr((const struct sockaddr *)&visitor->from.address, &endpoint);
	answer.port = endpoint.port;
	answer.host = bytes_of_string(endpoint.host);
	link_send(visitor->link, MSG_HELLO_OK, &answer);
}

void
route_handle_ping(struct visitor *visitor, const struct msg_ping *message)
{
	const struct msg_ping_ok answer = { .request = message->request };

	link_send(visitor->link, MSG_PING_OK, &answer);
}

static void
send_choice(struct visitor *visitor, uint32_t request, const struct choice *choice)
{
	const struct msg_obtain_server_addr_ok end = { .request = request,
	    .count = (uint8_t)choice->count };

	for (size_t i = 0; i < choice->count; i++) {
		const struct node_report *report = &choice->nodes[i].report;
		const struct msg_server_addr item = {
			.request = request,
			.port = report->port,
			.host = bytes_of_string(report->host),
			.pin = bytes_of(report->pin, sizeof(report->pin)),
		};

		link_send(visitor->link, MSG_SERVER_ADDR, &item);
	}
	link_send(visitor->link, MSG_OBTAIN_SERVER_ADDR_OK, &end);
}

void
route_handle_obtain_server_addr(struct visitor *visitor,
    const struct msg_obtain_server_addr *message)
{
	struct route *route = visitor->route;
	struct choice choice;

	choice_make(route->writer.nodes, clock_monotonic_ms(),
	    route->settings.dead_seconds * UINT64_C(1000),
	    &route->dice, &choice);
	visitor_extend(visitor);
	if (choice.count == 0) {
		log_debug("%s: no work server for it; %zu live", visitor_name(visitor),
		    choice.alive);
		visitor_send_error(visitor, message->request, STATUS_NO_SERVER,
		    NO_SERVER_RETRY_MS + (uint32_t)(route->dice % NO_SERVER_SPREAD_MS));
		return;
	}
	nodes_count_handout(route->writer.nodes, choice.nodes[0].slot);
	send_choice(visitor, message->request, &choice);
}

void
route_handle_report_connect(struct visitor *visitor, const struct msg_report_connect *message)
{
	reports_take(visitor, message);
}
