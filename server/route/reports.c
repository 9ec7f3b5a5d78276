/* SPDX-License-Identifier: ISC */
#include "server/route/reports.h"

#include <string.h>
#include <strings.h>

#include "server/route/route.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/str.h"

enum { PIN_TEXT_SIZE = 2 * NODE_PIN_SIZE + 1 };

/* When the table is full: it stays so until some work server goes. */
enum { FULL_RETRY_MS = 10000 };

static bool
is_allowed(const struct settings *settings, const uint8_t pin[NODE_PIN_SIZE])
{
	char text[PIN_TEXT_SIZE];

	str_to_hex(bytes_of(pin, NODE_PIN_SIZE), text);
	for (size_t i = 0; i < settings->allowed_work.count; i++)
		if (strcasecmp(settings->allowed_work.items[i], text) == 0)
			return true;
	return false;
}

/* "10.0.0.7:7401" as the work server says it. */
static const char *
node_name(const struct node_report *report)
{
	static char name[ENDPOINT_TEXT_SIZE];
	struct endpoint endpoint = { .port = report->port };

	str_copy(bytes_of_string(report->host), endpoint.host, sizeof(endpoint.host));
	endpoint_print(&endpoint, name);
	return name;
}

/* --- who may -------------------------------------------------------------- */

static void
refuse_rogue(struct visitor *visitor, const uint8_t *pin, const char *what)
{
	char text[PIN_TEXT_SIZE] = "";

	if (pin != NULL)
		str_to_hex(bytes_of(pin, NODE_PIN_SIZE), text);
	log_warn("%s reports as a work server, but %s%s: refused; "
	    "to take it in, add its pin as allow-work",
	    visitor_name(visitor), what, text);
	visitor_refuse(visitor, STATUS_NOT_ALLOWED, 0);
}

/*
 * The key that the other side has proved to hold is what counts, and it speaks for itself only.
 * Without TLS (on loopback, when somebody asked for it) nobody proves anything.
 */
static bool
check_sender(struct visitor *visitor, const uint8_t *said)
{
	uint8_t pin[NODE_PIN_SIZE];
	const uint8_t *shown = pin;

	if (visitor->route->tls == NULL)
		shown = said;
	else if (link_peer_pin(visitor->link, pin) != STATUS_OK) {
		refuse_rogue(visitor, NULL, "showed no certificate");
		return false;
	}
	if (!is_allowed(&visitor->route->settings, shown)) {
		refuse_rogue(visitor, shown, "nobody allowed its pin ");
		return false;
	}
	if (memcmp(shown, said, NODE_PIN_SIZE) != 0) {
		refuse_rogue(visitor, shown, "it speaks for another pin than its own, which is ");
		return false;
	}
	return true;
}

/* --- what is believed ----------------------------------------------------- */

/* Clients are going to connect there. */
static bool
read_report(const struct msg_report_connect *message, struct node_report *out)
{
	struct endpoint endpoint;
	struct address address;

	if (!endpoint_parse_host(message->host, message->port, &endpoint) ||
	    endpoint.port != message->port || endpoint.port == 0)
		return false;
	if (endpoint_to_address(&endpoint, &address) == STATUS_OK && endpoint_is_any(&address.any))
		return false;
	if (message->state != NODE_UP && message->state != NODE_DRAINING)
		return false;
	*out = (struct node_report){
		.server = message->server,
		.sessions = message->sessions,
		.capacity = message->capacity,
		.port = message->port,
		.state = message->state,
	};
	memcpy(out->pin, message->pin.data, NODE_PIN_SIZE);
	return str_copy(bytes_of_string(endpoint.host), out->host, sizeof(out->host));
}

static void
log_change(const struct visitor *visitor, const struct node_report *before,
    const struct node_report *now)
{
	char pin[PIN_TEXT_SIZE];

	if (before->state == now->state && before->server == now->server &&
	    before->port == now->port && strcmp(before->host, now->host) == 0)
		return;
	str_to_hex(bytes_of(now->pin, NODE_PIN_SIZE), pin);
	log_info("work server %s is %s, %u of %u clients (from %s, pin %s)", node_name(now),
	    now->state == NODE_UP ? "up" : "draining", now->sessions, now->capacity,
	    visitor_name(visitor), pin);
}

void
reports_take(struct visitor *visitor, const struct msg_report_connect *message)
{
	const struct msg_report_connect_ok answer = { .request = message->request };
	struct node_report report;
	enum status status;

	if (!check_sender(visitor, message->pin.data))
		return;
	if (!read_report(message, &report)) {
		log_warn("%s: its report makes no sense: address or state cannot be used",
		    visitor_name(visitor));
		visitor_refuse(visitor, STATUS_BAD_VALUE, 0);
		return;
	}
	status = nodes_report(&visitor->route->writer, &visitor->ticket, &report,
	    clock_monotonic_ms());
	if (status != STATUS_OK) {
		log_error("%s: there is no room for another work server, %d are here",
		    visitor_name(visitor), NODES_MAX);
		visitor_refuse(visitor, status, FULL_RETRY_MS);
		return;
	}
	visitor_keep_work(visitor);
	log_change(visitor, &visitor->report, &report);
	visitor->report = report;
	link_send(visitor->link, MSG_REPORT_CONNECT_OK, &answer);
}

void
reports_end(struct visitor *visitor, enum status why)
{
	nodes_withdraw(visitor->route->writer.nodes, &visitor->ticket);
	log_info("work server %s is gone: %s", node_name(&visitor->report), status_text(why));
}

void
reports_check(struct visitor *visitor)
{
	if (is_allowed(&visitor->route->settings, visitor->report.pin))
		return;
	log_warn("work server %s is no longer in allow-work", node_name(&visitor->report));
	visitor_refuse(visitor, STATUS_NOT_ALLOWED, 0);
}
