/* SPDX-License-Identifier: ISC */
#include "server/bench/swarm.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "server/bench/asker.h"
#include "server/bench/bench_client.h"
#include "server/bench/crowd.h"
#include "shared/compiler.h"
#include "shared/link.h"
#include "shared/log.h"
#include "shared/mem.h"
#include "shared/wheel.h"

enum { TICK_MS = 20, LOOK_MS = 20 };

struct swarm {
	const struct bench_options *options;
	struct scoreboard *board;
	struct event_base *base;
	struct event *order_event;
	int socket;
	struct crowd crowd;
	struct bench_client *clients;
	uint32_t client_count;
	struct wheel_timer deadline;
	struct wheel_timer look;	/* whether the order is done */
	struct order order;
	uint32_t wanted;		/* clients that should be online */
	bool is_busy;			/* an order is not done yet */
};

static struct swarm *
swarm_of_look(struct wheel_timer *timer)
{
	return CONTAINER_OF(timer, struct swarm, look);
}

static void
finish_order(struct swarm *swarm)
{
	const char done = 1;

	if (!swarm->is_busy)
		return;
	swarm->is_busy = false;
	wheel_clear(swarm->crowd.wheel, &swarm->deadline);
	wheel_clear(swarm->crowd.wheel, &swarm->look);
	if (send(swarm->socket, &done, sizeof(done), MSG_NOSIGNAL) < 0)
		event_base_loopbreak(swarm->base);
}

static void
on_deadline(struct wheel_timer *timer)
{
	finish_order(CONTAINER_OF(timer, struct swarm, deadline));
}

static void
on_asked(void *arg)
{
	finish_order(arg);
}

static uint32_t
tally(const struct swarm *swarm, enum tally which)
{
	return swarm->crowd.row->tallies[which];
}

/* --- orders --- */

static void
want_all(struct swarm *swarm, enum client_goal goal, bool direct)
{
	for (uint32_t i = 0; i < swarm->client_count; i++)
		bench_client_want(&swarm->clients[i], goal, direct);
}

static void
start_register(struct swarm *swarm)
{
	want_all(swarm, GOAL_REGISTERED, false);
}

static bool
all_registered(const struct swarm *swarm)
{
	return tally(swarm, TALLY_REGISTERED) + tally(swarm, TALLY_GIVEN_UP) >= swarm->client_count;
}

/* Accounts that could not be made have nothing to log in with: their clients stay away. */
static void
want_online(struct swarm *swarm, bool direct)
{
	uint32_t limit = swarm->order.limit > 0 ? swarm->order.limit : UINT32_MAX;

	swarm->wanted = 0;
	for (uint32_t i = 0; i < swarm->client_count; i++) {
		struct bench_client *client = &swarm->clients[i];
		bool can = client->account->uid != 0 && swarm->wanted < limit;

		swarm->wanted += can;
		bench_client_want(client, can ? GOAL_ONLINE : GOAL_AWAY, direct);
	}
}

static void
start_login(struct swarm *swarm)
{
	want_online(swarm, false);
}

static bool
all_online(const struct swarm *swarm)
{
	return tally(swarm, TALLY_ONLINE) + tally(swarm, TALLY_GIVEN_UP) >= swarm->wanted;
}

static void
start_drop(struct swarm *swarm)
{
	want_all(swarm, GOAL_AWAY, false);
}

static bool
all_gone(const struct swarm *swarm)
{
	return link_loop_count(swarm->crowd.loop) == 0;
}

static void
start_storm(struct swarm *swarm)
{
	swarm->crowd.under_way_max = UINT32_MAX;
	want_online(swarm, true);
}

static void
start_stay(struct swarm *swarm)
{
	/* Whoever is thrown out comes back when he wants, however many others do. */
	swarm->crowd.under_way_max = UINT32_MAX;
}

static void
start_ask(struct swarm *swarm)
{
	asker_start(swarm->crowd.asker, swarm->order.millihertz, swarm->order.seconds,
	    swarm->board->accounts, swarm->board->account_count);
}

static void
start_count(struct swarm *swarm)
{
	swarm->crowd.row->seen_online = 0;
	asker_count_online(swarm->crowd.asker);
	finish_order(swarm);
}

/* "is_done" NULL: the order ends by its time, or by itself. */
static const struct {
	void (*start)(struct swarm *swarm);
	bool (*is_done)(const struct swarm *swarm);
	bool has_deadline;
} orders[] = {
	[ORDER_REGISTER] = { start_register, all_registered, true },
	[ORDER_LOGIN] = { start_login, all_online, true },
	[ORDER_DROP] = { start_drop, all_gone, true },
	[ORDER_STORM] = { start_storm, all_online, true },
	[ORDER_STAY] = { start_stay, NULL, true },
	[ORDER_ASK] = { start_ask, NULL, false },
	[ORDER_COUNT] = { start_count, NULL, false },
};

static void
on_look(struct wheel_timer *timer)
{
	struct swarm *swarm = swarm_of_look(timer);

	if (orders[swarm->order.kind].is_done(swarm))
		finish_order(swarm);
	else
		wheel_set(swarm->crowd.wheel, &swarm->look, LOOK_MS, on_look);
}

static uint32_t
share_of(const struct swarm *swarm, uint32_t limit)
{
	uint32_t share = limit / swarm->board->row_count;

	return share > 0 ? share : 1;
}

static void
obey(struct swarm *swarm, const struct order *order)
{
	swarm->order = *order;
	swarm->is_busy = true;
	if (order->is_phase)
		scoreboard_begin(swarm->crowd.row);
	swarm->crowd.under_way_max = share_of(swarm, swarm->options->at_once);
	if (orders[order->kind].has_deadline)
		wheel_set(swarm->crowd.wheel, &swarm->deadline, order->seconds * UINT64_C(1000),
		    on_deadline);
	orders[order->kind].start(swarm);
	if (orders[order->kind].is_done != NULL)
		on_look(&swarm->look);
}

static void
on_order(evutil_socket_t fd, short what UNUSED, void *arg)
{
	struct swarm *swarm = arg;
	struct order order;
	ssize_t got = recv(fd, &order, sizeof(order), MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got != sizeof(order) || order.kind >= ORDER_COUNT_KINDS)
		event_base_loopbreak(swarm->base);
	else
		obey(swarm, &order);
}

/* --- the process --- */

static void
make_clients(struct swarm *swarm, uint32_t row)
{
	uint32_t first;

	swarm->client_count = scoreboard_share(swarm->board, row, &first);
	swarm->clients = mem_new_array(swarm->client_count, sizeof(*swarm->clients));
	for (uint32_t i = 0; i < swarm->client_count; i++) {
		struct account *account = &swarm->board->accounts[first + i];

		bench_client_init(&swarm->clients[i], &swarm->crowd, account, first + i);
		if (account->uid != 0)
			scoreboard_count(swarm->crowd.row, TALLY_REGISTERED, 1);
	}
}

static void
set_up(struct swarm *swarm, const struct invite *invite, uint32_t row)
{
	struct crowd *crowd = &swarm->crowd;

	if (crowd_init(crowd, invite) != STATUS_OK)
		log_fatalx("%s: nobody knows this host", invite->server.host);
	swarm->base = link_base_new();
	if (swarm->base == NULL)
		log_fatalx("no event loop: epoll is needed");
	crowd->loop = link_loop_new(swarm->base, TICK_MS);
	crowd->wheel = link_loop_wheel(crowd->loop);
	crowd->row = &swarm->board->rows[row];
	crowd->limits.handshake_ms = swarm->options->patience_s * 1000;
	crowd->ping_ms = swarm->options->ping_s * 1000;
	if (!swarm->options->insecure_plaintext &&
	    tls_context_new_client(bytes_of("", 0), bytes_of("", 0), &crowd->tls) != STATUS_OK)
		log_fatalx("TLS cannot be set up");
	make_clients(swarm, row);
	crowd->asker = asker_new(swarm->base, crowd, swarm->clients, swarm->client_count, on_asked,
	    swarm);
	swarm->order_event = event_new(swarm->base, swarm->socket, EV_READ | EV_PERSIST, on_order,
	    swarm);
	if (swarm->order_event == NULL || event_add(swarm->order_event, NULL) < 0)
		log_fatalx("no event for the orders");
}

/*
 * After the last order, which is to drop everything, there is nothing left; else the parent died,
 * and so does this.
 */
static void
tear_down(struct swarm *swarm)
{
	if (link_loop_count(swarm->crowd.loop) > 0)
		_exit(1);
	asker_free(swarm->crowd.asker);
	event_free(swarm->order_event);
	link_loop_free(swarm->crowd.loop);
	event_base_free(swarm->base);
	tls_context_unref(swarm->crowd.tls);
	free(swarm->clients);
}

int
swarm_run(const struct bench_options *options, const struct invite *invite,
    struct scoreboard *board, uint32_t row, int socket)
{
	struct swarm swarm = { .options = options, .board = board, .socket = socket };

	set_up(&swarm, invite, row);
	swarm.is_busy = true;
	finish_order(&swarm);
	event_base_dispatch(swarm.base);
	tear_down(&swarm);
	return 0;
}
