/* SPDX-License-Identifier: ISC */
#include "server/bench/bench_client.h"

#include <string.h>

#include "server/bench/asker.h"
#include "server/bench/crowd.h"
#include "server/bench/bench_proof.h"
#include "shared/clock.h"
#include "shared/compiler.h"
#include "shared/link.h"
#include "shared/log.h"
#include "shared/protocol.h"
#include "shared/status.h"

/* What cannot get better by trying again. */
static bool
is_final(unsigned status)
{
	static const enum status finals[] = {
		STATUS_BAD_VERSION, STATUS_NO_SUCH_USER, STATUS_IDENTITY_TAKEN, STATUS_WRONG_PROOF,
		STATUS_ACCOUNT_GONE, STATUS_NOT_ALLOWED, STATUS_WRONG_PIN,
	};

	for (size_t i = 0; i < ARRAY_LEN(finals); i++)
		if (status == finals[i])
			return true;
	return false;
}

static bool
is_under_way(const struct bench_client *client)
{
	return client->state >= CLIENT_ROUTE_HELLO && client->state <= CLIENT_PROVING;
}

/* The one place where the state changes: it keeps the counts. */
static void
enter(struct bench_client *client, enum client_state state)
{
	struct crowd *crowd = client->crowd;

	crowd->under_way -= is_under_way(client);
	if (client->state == CLIENT_ONLINE)
		scoreboard_count(crowd->row, TALLY_ONLINE, -1);
	if (client->state == CLIENT_GIVEN_UP)
		scoreboard_count(crowd->row, TALLY_GIVEN_UP, -1);
	client->state = (uint8_t)state;
	crowd->under_way += is_under_way(client);
	if (state == CLIENT_ONLINE)
		scoreboard_count(crowd->row, TALLY_ONLINE, 1);
	if (state == CLIENT_GIVEN_UP)
		scoreboard_count(crowd->row, TALLY_GIVEN_UP, 1);
}

static void
drop_link(struct bench_client *client)
{
	wheel_clear(client->crowd->wheel, &client->timer);
	if (client->link == NULL)
		return;
	link_set_handler(client->link, NULL, NULL);
	link_finish(client->link, STATUS_GOODBYE);
	client->link = NULL;
}

static void
wait_for_room(struct bench_client *client)
{
	enter(client, CLIENT_WAITING);
	crowd_enqueue(client->crowd, client);
	crowd_pump(client->crowd);
}

static void
on_patience_over(struct wheel_timer *timer)
{
	struct bench_client *client = CONTAINER_OF(timer, struct bench_client, timer);

	wait_for_room(client);
}

static void
try_again_later(struct bench_client *client)
{
	uint32_t wait = backoff_next(&client->backoff, crowd_random(client->crowd, UINT32_MAX));

	enter(client, CLIENT_WAITING);
	client->is_direct = false;
	wheel_set(client->crowd->wheel, &client->timer, client->retry_ms + wait, on_patience_over);
}

/* The connection is over and this was not wanted; client->link is gone already. */
static void
fall(struct bench_client *client, unsigned why)
{
	struct crowd *crowd = client->crowd;

	if (client->why != 0)
		why = client->why;
	scoreboard_reason(crowd->row, why);
	if (client->state == CLIENT_ONLINE) {
		scoreboard_count(crowd->row, TALLY_LOST, 1);
		client->lost_us = clock_monotonic_us();
	} else {
		scoreboard_count(crowd->row, TALLY_FAILED, 1);
	}
	log_debug("client %u: %s in state %u", client->index, status_name(why), client->state);
	if (is_final(why))
		enter(client, CLIENT_GIVEN_UP);
	else
		try_again_later(client);
	crowd_pump(crowd);
}

static void
hang_up(struct bench_client *client, unsigned why)
{
	drop_link(client);
	fall(client, why);
}

static void
on_no_answer(struct wheel_timer *timer)
{
	hang_up(CONTAINER_OF(timer, struct bench_client, timer), STATUS_TIMEOUT);
}

static void
expect_answer(struct bench_client *client)
{
	wheel_set(client->crowd->wheel, &client->timer, client->crowd->answer_ms, on_no_answer);
}

/* --- what it says --- */

static void
say_hello(struct bench_client *client)
{
	const struct msg_hello hello = {
		.request = BENCH_CLIENT_REQUEST,
		.version = PROTOCOL_VERSION,
		.program = bytes_of_string("tingyu-bench " PACKAGE_VERSION),
	};

	expect_answer(client);
	link_send(client->link, MSG_HELLO, &hello);
}

static void
send_ping(struct wheel_timer *timer)
{
	struct bench_client *client = CONTAINER_OF(timer, struct bench_client, timer);
	const struct msg_ping ping = { .request = BENCH_CLIENT_REQUEST };

	expect_answer(client);
	client->ping_is_open = true;
	link_send(client->link, MSG_PING, &ping);
}

/* --- what it hears --- */

static void dial(struct bench_client *client, uint32_t number, enum client_state state);

static void
on_route_hello(struct bench_client *client, const void *message UNUSED)
{
	const struct msg_obtain_server_addr ask = { .request = BENCH_CLIENT_REQUEST };

	enter(client, CLIENT_ROUTE_ASKED);
	client->place = 0;
	expect_answer(client);
	link_send(client->link, MSG_OBTAIN_SERVER_ADDR, &ask);
}

/* The first is the least loaded one. */
static void
on_server_addr(struct bench_client *client, const void *message)
{
	const struct msg_server_addr *server = message;

	if (client->place == 0)
		crowd_find_place(client->crowd, server->host, server->port, server->pin,
		    &client->place);
}

static void
on_server_addr_end(struct bench_client *client, const void *message UNUSED)
{
	if (client->place == 0) {
		hang_up(client, STATUS_NO_SERVER);
		return;
	}
	drop_link(client);
	dial(client, client->place, CLIENT_HELLO);
}

static void
on_hello(struct bench_client *client, const void *message)
{
	const struct msg_hello_ok *hello = message;

	expect_answer(client);
	if (client->account->uid == 0) {
		enter(client, CLIENT_REGISTERING);
		bench_proof_send_register(client, hello->nonce);
		return;
	}
	enter(client, CLIENT_PROVING);
	if (client->token_len > 0)
		bench_proof_send_resume(client);
	else
		bench_proof_send_login(client);
}

static void
count_arrival(struct bench_client *client)
{
	struct scoreboard_row *row = client->crowd->row;
	uint64_t now = clock_monotonic_us();

	scoreboard_count(row, TALLY_ARRIVED, 1);
	histogram_record(&row->arrivals, now - client->begun_us);
	if (client->lost_us != 0)
		histogram_record(&row->absences, now - client->lost_us);
	client->lost_us = 0;
	backoff_reset(&client->backoff);
	client->retry_ms = 0;
	row->last_us = now;
}

static void
on_registered(struct bench_client *client, const void *message)
{
	const struct msg_register_ok *answer = message;

	if (answer->uid == 0) {
		hang_up(client, STATUS_BAD_VALUE);
		return;
	}
	client->account->uid = answer->uid;
	scoreboard_count(client->crowd->row, TALLY_REGISTERED, 1);
	if (client->goal == GOAL_ONLINE) {
		enter(client, CLIENT_PROVING);
		expect_answer(client);
		bench_proof_send_login(client);
		return;
	}
	count_arrival(client);
	drop_link(client);
	enter(client, CLIENT_AWAY);
	crowd_pump(client->crowd);
}

static void
keep_token(struct bench_client *client, struct bytes token)
{
	client->token_len = (uint8_t)token.len;
	memcpy(client->token, token.data, token.len);
}

static void
come_online(struct bench_client *client, struct bytes token)
{
	struct crowd *crowd = client->crowd;

	keep_token(client, token);
	count_arrival(client);
	enter(client, CLIENT_ONLINE);
	client->ping_is_open = false;
	/*
	 * The first one at random, so that those who came together do not ping together for ever.
	 */
	wheel_set(crowd->wheel, &client->timer, 1 + crowd_random(crowd, crowd->ping_ms), send_ping);
	crowd_pump(crowd);
}

static void
on_logged_in(struct bench_client *client, const void *message)
{
	come_online(client, ((const struct msg_login_ok *)message)->token);
}

static void
on_resumed(struct bench_client *client, const void *message)
{
	come_online(client, ((const struct msg_resume_ok *)message)->token);
}

static void
on_move_due(struct wheel_timer *timer)
{
	struct bench_client *client = CONTAINER_OF(timer, struct bench_client, timer);

	drop_link(client);
	client->lost_us = clock_monotonic_us();
	client->is_direct = false;
	wait_for_room(client);
}

static void
on_move(struct bench_client *client, const void *message)
{
	scoreboard_count(client->crowd->row, TALLY_MOVED, 1);
	wheel_set(client->crowd->wheel, &client->timer,
	    ((const struct msg_move *)message)->delay_ms,
	    on_move_due);
}

static void
on_pong(struct bench_client *client, const void *message)
{
	if (((const struct msg_ping_ok *)message)->request != BENCH_CLIENT_REQUEST ||
	    !client->ping_is_open)
		return;
	client->ping_is_open = false;
	scoreboard_count(client->crowd->row, TALLY_PINGS, 1);
	wheel_set(client->crowd->wheel, &client->timer, client->crowd->ping_ms, send_ping);
}

static void
on_refusal(struct bench_client *client, const void *message)
{
	const struct msg_error *error = message;

	client->retry_ms = error->retry_ms;
	if (error->request == 0) {
		/* The end follows; this is why. */
		client->why = error->status;
	} else if (client->state == CLIENT_PROVING && client->token_len > 0 &&
	    error->status == STATUS_BAD_TOKEN) {
		client->token_len = 0;
		expect_answer(client);
		bench_proof_send_login(client);
	} else if (client->state != CLIENT_ONLINE) {
		hang_up(client, error->status);
	}
}

/* Whoever asks the bench for an address gets it. */
static void
on_introduce(struct bench_client *client, const void *message)
{
	const struct msg_introduce *call = message;
	const struct msg_introduce_ok ok = { .request = call->request };

	link_send(client->link, MSG_INTRODUCE_OK, &ok);
}

static const struct step {
	enum client_state state;
	uint16_t type;
	void (*handle)(struct bench_client *client, const void *message);
} steps[] = {
	{ CLIENT_ROUTE_HELLO, MSG_HELLO_OK, on_route_hello },
	{ CLIENT_ROUTE_HELLO, MSG_ERROR, on_refusal },
	{ CLIENT_ROUTE_ASKED, MSG_SERVER_ADDR, on_server_addr },
	{ CLIENT_ROUTE_ASKED, MSG_OBTAIN_SERVER_ADDR_OK, on_server_addr_end },
	{ CLIENT_ROUTE_ASKED, MSG_ERROR, on_refusal },
	{ CLIENT_HELLO, MSG_HELLO_OK, on_hello },
	{ CLIENT_HELLO, MSG_ERROR, on_refusal },
	{ CLIENT_REGISTERING, MSG_REGISTER_OK, on_registered },
	{ CLIENT_REGISTERING, MSG_ERROR, on_refusal },
	{ CLIENT_PROVING, MSG_LOGIN_OK, on_logged_in },
	{ CLIENT_PROVING, MSG_RESUME_OK, on_resumed },
	{ CLIENT_PROVING, MSG_ERROR, on_refusal },
	{ CLIENT_ONLINE, MSG_PING_OK, on_pong },
	{ CLIENT_ONLINE, MSG_MOVE, on_move },
	{ CLIENT_ONLINE, MSG_INTRODUCE, on_introduce },
	{ CLIENT_ONLINE, MSG_ERROR, on_refusal },
};

static const struct step *
find_step(const struct bench_client *client, uint16_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (steps[i].state == client->state && steps[i].type == type)
			return &steps[i];
	return NULL;
}

/* --- its connection --- */

static void
on_up(struct link *link UNUSED, void *arg)
{
	say_hello(arg);
}

static void
on_frame(struct link *link UNUSED, const struct frame *frame, void *arg)
{
	struct bench_client *client = arg;
	const struct step *step;
	union codec_room message;

	if (client->state == CLIENT_ONLINE && asker_take_answer(client->crowd->asker, frame))
		return;
	step = find_step(client, frame->type);
	if (step == NULL)
		hang_up(client, STATUS_WRONG_STATE);
	else if (codec_decode(protocol_schema(frame->type), frame->payload, &message,
	    NULL) != STATUS_OK)
		hang_up(client, STATUS_BAD_FRAME);
	else
		step->handle(client, &message);
}

static void
on_down(struct link *link, enum status why, void *arg)
{
	struct bench_client *client = arg;

	if (link_problem(link)[0] != '\0')
		log_debug("client %u: %s", client->index, link_problem(link));
	wheel_clear(client->crowd->wheel, &client->timer);
	client->link = NULL;
	fall(client, why);
}

static const struct link_handler handler = {
	.on_up = on_up,
	.on_frame = on_frame,
	.on_down = on_down,
};

static void
dial(struct bench_client *client, uint32_t number, enum client_state state)
{
	const struct place *place = &client->crowd->places[number];
	struct scoreboard_row *row = client->crowd->row;
	struct link_target target = {
		.address = &place->address.any,
		.address_len = place->address.len,
		.tls = client->crowd->tls,
		.pin = place->has_pin ? place->pin : NULL,
	};
	struct address source;

	if (crowd_source(place, client->index, &source)) {
		target.local = &source.any;
		target.local_len = source.len;
	}
	if (row->first_us == 0)
		row->first_us = clock_monotonic_us();
	client->why = 0;
	enter(client, state);
	client->link = link_connect(client->crowd->loop, &target, &client->crowd->limits,
	    &handler, client);
}

void
bench_client_start(struct bench_client *client)
{
	if (client->backoff.failures == 0)
		client->begun_us = clock_monotonic_us();
	if (client->is_direct && client->place != 0 && client->token_len > 0)
		dial(client, client->place, CLIENT_HELLO);
	else
		dial(client, CROWD_ROUTE, CLIENT_ROUTE_HELLO);
}

void
bench_client_init(struct bench_client *client, struct crowd *crowd, struct account *account,
    uint32_t index)
{
	client->crowd = crowd;
	client->account = account;
	client->index = index;
	client->backoff = crowd->backoff;
}

static bool
has_reached(const struct bench_client *client, enum client_goal goal)
{
	switch (goal) {
	case GOAL_REGISTERED:
		return client->account->uid != 0;
	case GOAL_ONLINE:
		return client->state == CLIENT_ONLINE;
	default:
		return client->state == CLIENT_AWAY;
	}
}

void
bench_client_want(struct bench_client *client, enum client_goal goal, bool direct)
{
	client->goal = (uint8_t)goal;
	if (has_reached(client, goal))
		return;
	if (goal == GOAL_AWAY) {
		drop_link(client);
		crowd_dequeue(client->crowd, client);
		enter(client, CLIENT_AWAY);
		return;
	}
	if (client->state != CLIENT_AWAY && client->state != CLIENT_GIVEN_UP)
		return;
	client->lost_us = 0;
	backoff_reset(&client->backoff);
	client->retry_ms = 0;
	client->is_direct = direct;
	wait_for_room(client);
}

bool
bench_client_is_online(const struct bench_client *client)
{
	return client->state == CLIENT_ONLINE && client->link != NULL;
}
