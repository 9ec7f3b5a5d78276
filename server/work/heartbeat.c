/* SPDX-License-Identifier: ISC */
#include "server/work/heartbeat.h"

#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "server/proc/proc.h"
#include "server/work/reporter.h"
#include "shared/compiler.h"
#include "shared/link.h"
#include "shared/log.h"
#include "shared/mem.h"
#include "shared/mqueue.h"

enum {
	TICK_MS = 100,
	ORDERS_MAX = 1024,
	REPORTERS_MAX = 16,	/* as many as "route-server" may stand there */
	NODE_UP = 1,
	NODE_DRAINING = 2,
};

enum order_kind {
	ORDER_HURRY,
	ORDER_RELOAD,
	ORDER_STOP,
};

/* From the parent's loop to the thread. */
struct order {
	struct mqueue_item item;
	enum order_kind kind;
	struct invite routes[REPORTERS_MAX];
	size_t route_count;
	struct tls_context *tls;
	uint32_t every_ms;
	uint8_t pin[CREDENTIALS_PIN_SIZE];
};

struct heartbeat {
	pthread_t thread;
	struct mqueue *orders;
	struct proc_parent *parent;
	uint64_t server_id;

	/* All below belongs to the thread once it runs. */
	struct event_base *base;
	struct reporter_source source;
	struct reporter *reporters[REPORTERS_MAX];
	size_t reporter_count;
	struct endpoint advertised;
	uint8_t pin[CREDENTIALS_PIN_SIZE];
};

static void
fill_report(void *arg, struct msg_report_connect *report)
{
	struct heartbeat *heartbeat = arg;

	report->server = heartbeat->server_id;
	report->sessions = proc_parent_sessions(heartbeat->parent);
	report->capacity = proc_parent_capacity(heartbeat->parent);
	report->state = proc_parent_is_draining(heartbeat->parent) ? NODE_DRAINING : NODE_UP;
	report->host = bytes_of_string(heartbeat->advertised.host);
	report->port = heartbeat->advertised.port;
	report->pin = bytes_of(heartbeat->pin, sizeof(heartbeat->pin));
}

static bool
is_same_route(const struct invite *a, const struct invite *b)
{
	return strcmp(a->server.host, b->server.host) == 0 && a->server.port == b->server.port &&
	    a->has_pin == b->has_pin && memcmp(a->pin, b->pin, sizeof(a->pin)) == 0;
}

static bool
is_wanted(const struct order *order, const struct reporter *reporter)
{
	for (size_t i = 0; i < order->route_count; i++)
		if (is_same_route(&order->routes[i], reporter_route(reporter)))
			return true;
	return false;
}

static bool
is_served(const struct heartbeat *heartbeat, const struct invite *route)
{
	for (size_t i = 0; i < heartbeat->reporter_count; i++)
		if (is_same_route(route, reporter_route(heartbeat->reporters[i])))
			return true;
	return false;
}

static void
drop_unwanted(struct heartbeat *heartbeat, const struct order *order)
{
	size_t kept = 0;

	for (size_t i = 0; i < heartbeat->reporter_count; i++) {
		if (is_wanted(order, heartbeat->reporters[i]))
			heartbeat->reporters[kept++] = heartbeat->reporters[i];
		else
			reporter_free(heartbeat->reporters[i]);
	}
	heartbeat->reporter_count = kept;
}

static void
drop_all(struct heartbeat *heartbeat)
{
	const struct order nothing = { .route_count = 0 };

	drop_unwanted(heartbeat, &nothing);
}

static void
obey_reload(struct heartbeat *heartbeat, struct order *order)
{
	/* Over a connection made with another key nobody would believe us. */
	if (memcmp(heartbeat->pin, order->pin, sizeof(heartbeat->pin)) != 0)
		drop_all(heartbeat);
	tls_context_unref(heartbeat->source.tls);
	heartbeat->source.tls = order->tls;
	heartbeat->source.every_ms = order->every_ms;
	memcpy(heartbeat->pin, order->pin, sizeof(heartbeat->pin));
	drop_unwanted(heartbeat, order);
	for (size_t i = 0; i < order->route_count; i++)
		if (!is_served(heartbeat, &order->routes[i]))
			heartbeat->reporters[heartbeat->reporter_count++] =
			    reporter_new(&heartbeat->source, &order->routes[i]);
}

static void
obey_hurry(struct heartbeat *heartbeat, struct order *order UNUSED)
{
	for (size_t i = 0; i < heartbeat->reporter_count; i++)
		reporter_hurry(heartbeat->reporters[i]);
}

static void
obey_stop(struct heartbeat *heartbeat, struct order *order UNUSED)
{
	drop_all(heartbeat);
	event_base_loopbreak(heartbeat->base);
}

static void (*const obeys[])(struct heartbeat *heartbeat, struct order *order) = {
	[ORDER_HURRY] = obey_hurry,
	[ORDER_RELOAD] = obey_reload,
	[ORDER_STOP] = obey_stop,
};

static void
on_order(struct mqueue_item *item, void *arg)
{
	struct order *order = CONTAINER_OF(item, struct order, item);

	obeys[order->kind](arg, order);
	free(order);
}

/* Signals are the parent's affair. */
static void *
run(void *arg)
{
	struct heartbeat *heartbeat = arg;

	mqueue_listen(heartbeat->orders, heartbeat->base, on_order, heartbeat);
	event_base_dispatch(heartbeat->base);
	return NULL;
}

static void
drop_order(struct order *order)
{
	tls_context_unref(order->tls);
	free(order);
}

static void
give(struct heartbeat *heartbeat, struct order *order)
{
	if (mqueue_push(heartbeat->orders, &order->item) == STATUS_OK)
		return;
	log_warn("the heartbeat does not keep up; an order to it was dropped");
	drop_order(order);
}

static void
order_simple(struct heartbeat *heartbeat, enum order_kind kind)
{
	struct order *order = mem_new(sizeof(*order));

	order->kind = kind;
	give(heartbeat, order);
}

static enum status
make_tls(const struct settings *settings, const struct credentials *credentials,
    struct tls_context **out)
{
	*out = NULL;
	if (settings->insecure_plaintext)
		return STATUS_OK;
	return tls_context_new_client(bytes_of_string(credentials->certificate),
	    bytes_of_string(credentials->key), out);
}

void
heartbeat_reload(struct heartbeat *heartbeat, const struct settings *settings,
    const struct credentials *credentials)
{
	struct tls_context *tls;
	struct order *order;

	if (heartbeat == NULL)
		return;
	/* Never without TLS where TLS is wanted: then rather as before, or not at all. */
	if (make_tls(settings, credentials, &tls) != STATUS_OK) {
		log_error("the certificate cannot be shown to route servers: "
		    "reports go on as before");
		return;
	}
	order = mem_new(sizeof(*order));
	order->kind = ORDER_RELOAD;
	order->tls = tls;
	order->every_ms = settings->report_seconds * 1000;
	memcpy(order->pin, credentials->pin, sizeof(order->pin));
	for (size_t i = 0; i < settings->route_servers.count && i < REPORTERS_MAX; i++)
		if (endpoint_parse_invite(bytes_of_string(settings->route_servers.items[i]),
		    &order->routes[order->route_count]))
			order->route_count++;
	give(heartbeat, order);
}

void
heartbeat_hurry(struct heartbeat *heartbeat)
{
	if (heartbeat != NULL)
		order_simple(heartbeat, ORDER_HURRY);
}

static void
start_thread(struct heartbeat *heartbeat)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	error = pthread_create(&heartbeat->thread, NULL, run, heartbeat);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0)
		log_fatalx("the heartbeat thread cannot be started: %s", strerror(error));
}

struct heartbeat *
heartbeat_start(struct proc_parent *parent, uint64_t server_id, const struct settings *settings,
    const struct credentials *credentials)
{
	struct heartbeat *heartbeat = mem_new(sizeof(*heartbeat));
	struct endpoint listener = { .port = 0 };

	heartbeat->parent = parent;
	heartbeat->server_id = server_id;
	endpoint_of_sockaddr(
	    (const struct sockaddr *)&proc_parent_address(parent, 0)->address, &listener);
	settings_advertised(settings, listener.port, &heartbeat->advertised);
	heartbeat->base = link_base_new();
	if (heartbeat->base == NULL || mqueue_new(ORDERS_MAX, &heartbeat->orders) != STATUS_OK)
		log_fatalx("the heartbeat cannot be set up: no descriptors left");
	heartbeat->source = (struct reporter_source){
		.loop = link_loop_new(heartbeat->base, TICK_MS),
		.fill = fill_report,
		.arg = heartbeat,
	};
	heartbeat_reload(heartbeat, settings, credentials);
	start_thread(heartbeat);
	return heartbeat;
}

void
heartbeat_stop(struct heartbeat *heartbeat)
{
	struct mqueue_item *item;

	if (heartbeat == NULL)
		return;
	order_simple(heartbeat, ORDER_STOP);
	pthread_join(heartbeat->thread, NULL);
	mqueue_close(heartbeat->orders);
	while ((item = mqueue_take(heartbeat->orders)) != NULL)
		drop_order(CONTAINER_OF(item, struct order, item));
	mqueue_free(heartbeat->orders);
	link_loop_free(heartbeat->source.loop);
	event_base_free(heartbeat->base);
	tls_context_unref(heartbeat->source.tls);
	free(heartbeat);
}
