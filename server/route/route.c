/* SPDX-License-Identifier: ISC */
#include "server/route/route.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/proc/admission.h"
#include "server/proc/credentials.h"
#include "server/proc/limiter.h"
#include "shared/crypto.h"
#include "shared/log.h"

enum {
	TICK_MS = 250,
	/* A client's answer is a few hundred bytes; who does not even read those is cut soon. */
	OUTPUT_LOW = 4096,
	OUTPUT_HIGH = 65536,
	DRAIN_MS = 2000,
};

/* --- settings ------------------------------------------------------------- */

static void
set_limits(struct route *route)
{
	route->limits = (struct link_limits){
		.handshake_ms = route->settings.handshake_seconds * UINT32_C(1000),
		.idle_ms = route->settings.login_seconds * UINT32_C(1000),
		.drain_ms = DRAIN_MS,
		.output_low = OUTPUT_LOW,
		.output_high = OUTPUT_HIGH,
	};
}

static enum status
make_tls(const struct settings *settings, const struct credentials *credentials,
    struct tls_context **out)
{
	*out = NULL;
	if (settings->insecure_plaintext)
		return STATUS_OK;
	return tls_context_new_server(bytes_of_string(credentials->certificate),
	    bytes_of_string(credentials->key), true, out);
}

/*
 * From the parent's blob: all of it, or nothing changes. The parent has checked it, so only
 * another build's fails.
 */
static enum status
take_settings(struct route *route, struct bytes blob)
{
	struct credentials credentials = { 0 };
	struct tls_context *tls;
	struct settings fresh;
	enum status status = credentials_unpack(blob, &fresh, &credentials);

	if (status != STATUS_OK)
		return status;
	status = make_tls(&fresh, &credentials, &tls);
	credentials_clear(&credentials);
	if (status != STATUS_OK) {
		settings_clear(&fresh);
		return status;
	}
	/* Sessions that stand hold the old context, each for itself. */
	tls_context_unref(route->tls);
	settings_clear(&route->settings);
	route->tls = tls;
	route->settings = fresh;
	settings_start_log(&route->settings);
	set_limits(route);
	return STATUS_OK;
}

/* --- what the parent says ------------------------------------------------- */

static void
on_client(void *arg, int fd, unsigned listener UNUSED, const struct proc_address *from)
{
	struct route *route = arg;

	if (visitor_may_connect(route, from)) {
		admission_queue(route->admission, fd);
		return;
	}
	close(fd);
	proc_child_client_gone(route->child);
}

static void
on_enter(void *arg, int fd)
{
	visitor_start(arg, fd);
}

static void
on_lost(void *arg)
{
	struct route *route = arg;

	proc_child_client_gone(route->child);
}

static const struct admission_events admission_events = {
	.on_enter = on_enter,
	.on_lost = on_lost,
};

/*
 * Some milliseconds of handshakes a turn; as many at the door as are through in a fraction of a
 * second.
 */
static const struct admission_limits admission_limits = {
	.per_turn = 16,
	.inside = 1024,
	.per_second = 20,
	.patience_ms = 4000,
};

static void
on_reload(void *arg, struct bytes blob)
{
	struct route *route = arg;
	enum status status = take_settings(route, blob);

	if (status != STATUS_OK) {
		log_error("new settings cannot be used: %s", status_text(status));
		return;
	}
	limiter_configure(route->limiter, &route->settings);
	visitor_check_all(route);
}

/* Clients that are just asking get their answer; nobody new comes. */
static void
on_stop(void *arg)
{
	struct route *route = arg;

	if (route->is_leaving)
		return;
	route->is_leaving = true;
	visitor_finish_all(route, STATUS_STOPPED);
	route_on_visitor_gone(route);
}

void
route_on_visitor_gone(struct route *route)
{
	if (route->is_leaving && LIST_EMPTY(&route->visitors))
		proc_child_leave(route->child, 0);
}

static const struct proc_handlers handlers = {
	.on_client = on_client,
	.on_drain = on_stop,
	.on_stop = on_stop,
	.on_reload = on_reload,
};

/* --- life ----------------------------------------------------------------- */

static enum status
start(struct route *route, struct proc_child *child)
{
	const struct proc_member *self = proc_child_self(child);

	route->child = child;
	route->writer = (struct nodes_writer){
		.nodes = proc_child_memory(child, ROUTE_MEMORY_NODES, NULL),
		.child = self->number,
		.generation = self->generation,
	};
	LIST_INIT(&route->visitors);
	crypto_random(&route->dice, sizeof(route->dice));
	route->loop = link_loop_new(proc_child_base(child), TICK_MS);
	route->admission = admission_new(proc_child_base(child), &admission_limits,
	    &admission_events, route);
	settings_init(&route->settings);
	return take_settings(route, proc_child_settings(child));
}

static void
clear(struct route *route)
{
	link_loop_free(route->loop);
	admission_free(route->admission);
	limiter_free(route->limiter);
	tls_context_unref(route->tls);
	settings_clear(&route->settings);
}

int
route_run(struct proc_child *child)
{
	struct route route = { 0 };
	enum status status = start(&route, child);
	int exit_status;
	void *memory;
	size_t size;

	if (status != STATUS_OK) {
		log_error("settings cannot be used: %s", status_text(status));
		clear(&route);
		return PROC_EXIT_HOPELESS;
	}
	memory = proc_child_memory(child, ROUTE_MEMORY_LIMITS, &size);
	route.limiter = limiter_new(memory, size, &route.settings);
	exit_status = proc_child_run(child, &handlers, &route);
	clear(&route);
	return exit_status;
}
