/* SPDX-License-Identifier: ISC */
#include "server/work/reporter.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "shared/compiler.h"
#include "shared/crypto.h"
#include "shared/link.h"
#include "shared/log.h"
#include "shared/mem.h"
#include "shared/str.h"
#include "shared/wheel.h"

#define PROGRAM "tingyu-work " PACKAGE_VERSION

enum {
	/*
	 * A route server that comes back should not wait long for us, nor meet all work servers
	 * at one instant.
	 */
	RETRY_MS = 500,
	RETRY_JITTER_MS = 500,
	/* What it refuses will hardly be better soon. */
	REFUSED_RETRY_MS = 10000,
};

struct reporter {
	const struct reporter_source *source;
	struct invite route;
	struct link *link;		/* NULL: not connected, the timer runs */
	struct wheel_timer timer;	/* the next try, or the next report */
	uint32_t retry_ms;
	uint32_t last_request;
	bool is_welcome;		/* HELLO_OK came */
	bool is_silent;			/* the trouble was logged already */
};

static const struct link_limits limits = {
	.handshake_ms = 5000,
	.idle_ms = 30000,
	.drain_ms = 1000,
	.output_low = 4096,
	.output_high = 65536,
};

static void reporter_on_due(struct wheel_timer *timer);

static void
set_timer(struct reporter *reporter, uint64_t delay_ms)
{
	wheel_set(
	    link_loop_wheel(reporter->source->loop), &reporter->timer, delay_ms, reporter_on_due);
}

static void
name_route(const struct reporter *reporter, char text[ENDPOINT_TEXT_SIZE])
{
	endpoint_print(&reporter->route.server, text);
}

/* Told once for each spell of trouble, not at every try. */
static void
log_trouble(struct reporter *reporter, const char *what, const char *more)
{
	char name[ENDPOINT_TEXT_SIZE];

	name_route(reporter, name);
	if (!reporter->is_silent)
		log_warn("route server %s: %s %s", name, what, more);
	reporter->is_silent = true;
}

static void
send_report(struct reporter *reporter)
{
	struct msg_report_connect report = { .request = ++reporter->last_request };

	reporter->source->fill(reporter->source->arg, &report);
	(void)link_send(reporter->link, MSG_REPORT_CONNECT, &report);
	set_timer(reporter, reporter->source->every_ms);
}

static void
on_hello_ok(struct reporter *reporter, const void *message UNUSED)
{
	reporter->is_welcome = true;
	send_report(reporter);
}

static void
on_report_ok(struct reporter *reporter, const void *message UNUSED)
{
	char name[ENDPOINT_TEXT_SIZE];

	name_route(reporter, name);
	if (reporter->is_silent)
		log_info("route server %s takes our reports again", name);
	reporter->is_silent = false;
	reporter->retry_ms = RETRY_MS;
}

static void
on_error(struct reporter *reporter, const void *data)
{
	const struct msg_error *error = data;
	char sentence[512];

	str_escape(error->sentence, sentence, sizeof(sentence));
	log_trouble(reporter, "refuses our reports:", sentence);
	reporter->retry_ms = REFUSED_RETRY_MS;
}

static void
on_ping(struct reporter *reporter, const void *data)
{
	const struct msg_ping *ping = data;
	struct msg_ping_ok answer = { .request = ping->request };

	(void)link_send(reporter->link, MSG_PING_OK, &answer);
}

static const struct {
	uint16_t type;
	void (*take)(struct reporter *reporter, const void *message);
} answers[] = {
	{ MSG_HELLO_OK, on_hello_ok },
	{ MSG_REPORT_CONNECT_OK, on_report_ok },
	{ MSG_ERROR, on_error },
	{ MSG_PING, on_ping },
};

static void
on_up(struct link *link, void *arg UNUSED)
{
	struct msg_hello hello = {
		.request = 0,
		.version = PROTOCOL_VERSION,
		.program = bytes_of_string(PROGRAM),
	};

	(void)link_send(link, MSG_HELLO, &hello);
}

static void
on_frame(struct link *link, const struct frame *frame, void *arg)
{
	const struct schema *schema = protocol_schema(frame->type);
	union codec_room message;

	if (schema == NULL && frame->type >= FRAME_TYPE_OPTIONAL)
		return;
	if (schema == NULL || codec_decode(schema, frame->payload, &message, NULL) != STATUS_OK) {
		link_close(link, STATUS_BAD_FRAME);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(answers); i++)
		if (answers[i].type == frame->type)
			answers[i].take(arg, &message);
}

static void
on_down(struct link *link, enum status why, void *arg)
{
	struct reporter *reporter = arg;

	log_trouble(reporter, status_text(why), link_problem(link));
	reporter->link = NULL;
	reporter->is_welcome = false;
	set_timer(reporter, reporter->retry_ms + crypto_random_number() % RETRY_JITTER_MS);
}

static const struct link_handler handler = {
	.on_up = on_up,
	.on_frame = on_frame,
	.on_down = on_down,
};

/* A name is looked up here and now: this thread has nothing else to do. */
static bool
find_address(const struct reporter *reporter, struct address *out)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	char port[8];
	bool fits;

	if (endpoint_to_address(&reporter->route.server, out) == STATUS_OK)
		return true;
	snprintf(port, sizeof(port), "%u", reporter->route.server.port);
	if (getaddrinfo(reporter->route.server.host, port, &hints, &found) != 0)
		return false;
	fits = found->ai_addrlen <= sizeof(out->v6);
	if (fits) {
		memcpy(&out->any, found->ai_addr, found->ai_addrlen);
		out->len = found->ai_addrlen;
	}
	freeaddrinfo(found);
	return fits;
}

static void
dial(struct reporter *reporter)
{
	struct address address;
	struct link_target target = {
		.tls = reporter->source->tls,
		.pin = reporter->route.has_pin ? reporter->route.pin : NULL,
	};

	if (!find_address(reporter, &address)) {
		log_trouble(
		    reporter, "its name is not known:", "check route-server and the resolver");
		set_timer(reporter, REFUSED_RETRY_MS);
		return;
	}
	target.address = &address.any;
	target.address_len = address.len;
	reporter->link = link_connect(reporter->source->loop, &target, &limits, &handler, reporter);
}

static void
reporter_on_due(struct wheel_timer *timer)
{
	struct reporter *reporter = CONTAINER_OF(timer, struct reporter, timer);

	if (reporter->link == NULL)
		dial(reporter);
	else if (reporter->is_welcome)
		send_report(reporter);
}

struct reporter *
reporter_new(const struct reporter_source *source, const struct invite *route)
{
	struct reporter *reporter = mem_new(sizeof(*reporter));

	reporter->source = source;
	reporter->route = *route;
	reporter->retry_ms = RETRY_MS;
	dial(reporter);
	return reporter;
}

void
reporter_free(struct reporter *reporter)
{
	if (reporter == NULL)
		return;
	wheel_clear(link_loop_wheel(reporter->source->loop), &reporter->timer);
	if (reporter->link != NULL) {
		link_set_handler(reporter->link, NULL, NULL);
		link_finish(reporter->link, STATUS_STOPPED);
	}
	free(reporter);
}

const struct invite *
reporter_route(const struct reporter *reporter)
{
	return &reporter->route;
}

void
reporter_hurry(struct reporter *reporter)
{
	if (reporter->is_welcome)
		send_report(reporter);
}
