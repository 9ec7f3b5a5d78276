/* SPDX-License-Identifier: ISC */
#include "server/supervisor/probe.h"

#include <stdlib.h>
#include <string.h>

#include "shared/compiler.h"
#include "shared/log.h"
#include "shared/mem.h"
#include "shared/protocol.h"
#include "shared/wheel.h"

/* Each question costs the route server a handshake, a start takes about a second. */
enum { AGAIN_MS = 100 };

struct probe {
	struct link_loop *loop;
	struct link *link;	/* NULL between two questions */
	struct wheel_timer again;
	struct tls_context *tls;
	struct address address;
	uint8_t pin[TLS_PIN_SIZE];
	bool is_found;
	probe_on_ready *on_ready;
	void *arg;
};

static const struct link_limits limits = {
	.handshake_ms = 5000,
	.idle_ms = 5000,
	.drain_ms = 100,
	.output_low = 1024,
	.output_high = 4096,
};

static void ask(struct probe *probe);

static void
on_again(struct wheel_timer *timer)
{
	ask(CONTAINER_OF(timer, struct probe, again));
}

static void
on_up(struct link *link, void *arg UNUSED)
{
	const struct msg_hello hello = {
		.request = 1, .version = PROTOCOL_VERSION,
		.program = bytes_of_string("tingyu-server " PACKAGE_VERSION),
	};
	const struct msg_obtain_server_addr question = { .request = 2 };

	link_send(link, MSG_HELLO, &hello);
	link_send(link, MSG_OBTAIN_SERVER_ADDR, &question);
}

/* Is it the one that we have started? In a cluster others may be there before. */
static bool
is_ours(const struct probe *probe, const struct frame *frame)
{
	struct msg_server_addr item;

	if (codec_decode(protocol_schema(MSG_SERVER_ADDR), frame->payload, &item,
	    NULL) != STATUS_OK)
		return false;
	return probe->tls == NULL || memcmp(item.pin.data, probe->pin, TLS_PIN_SIZE) == 0;
}

static void
on_frame(struct link *link, const struct frame *frame, void *arg)
{
	struct probe *probe = arg;

	if (frame->type == MSG_HELLO_OK)
		return;
	if (frame->type == MSG_SERVER_ADDR) {
		probe->is_found = probe->is_found || is_ours(probe, frame);
		return;
	}
	link_close(link, STATUS_GOODBYE);
}

static void
on_down(struct link *link, enum status why, void *arg)
{
	struct probe *probe = arg;

	log_debug("asked the route server: %s %s", status_name(why), link_problem(link));
	probe->link = NULL;
	if (!probe->is_found) {
		wheel_set(link_loop_wheel(probe->loop), &probe->again, AGAIN_MS, on_again);
		return;
	}
	probe->on_ready(probe->arg);
}

static const struct link_handler handler = { .on_up = on_up, .on_frame = on_frame,
    .on_down = on_down };

static void
ask(struct probe *probe)
{
	const struct link_target target = {
		.address = &probe->address.any,
		.address_len = probe->address.len,
		.tls = probe->tls,
		.pin = probe->tls != NULL ? probe->pin : NULL,
	};

	probe->link = link_connect(probe->loop, &target, &limits, &handler, probe);
}

enum status
probe_start(struct link_loop *loop, const struct address *address, const uint8_t *pin,
    probe_on_ready *on_ready, void *arg, struct probe **out)
{
	struct probe *probe = mem_new(sizeof(*probe));

	*probe = (struct probe){ .loop = loop, .address = *address, .on_ready = on_ready,
	    .arg = arg };
	if (pin != NULL) {
		memcpy(probe->pin, pin, sizeof(probe->pin));
		if (tls_context_new_client(bytes_of(NULL, 0), bytes_of(NULL, 0),
		    &probe->tls) != STATUS_OK) {
			free(probe);
			return STATUS_SYSTEM;
		}
	}
	ask(probe);
	*out = probe;
	return STATUS_OK;
}

void
probe_free(struct probe *probe)
{
	if (probe == NULL)
		return;
	wheel_clear(link_loop_wheel(probe->loop), &probe->again);
	if (probe->link != NULL) {
		/* Its end comes after ours. */
		link_set_handler(probe->link, NULL, NULL);
		link_close(probe->link, STATUS_STOPPED);
	}
	tls_context_unref(probe->tls);
	free(probe);
}
