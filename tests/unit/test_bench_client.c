/* SPDX-License-Identifier: ISC */
/*
 * The benchmark's clients against a server that does wrong on demand: they have to behave as
 * people's clients.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/bench/asker.h"
#include "server/bench/bench_client.h"
#include "server/bench/crowd.h"
#include "shared/compiler.h"
#include "shared/mem.h"
#include "shared/protocol.h"
#include "tests/support/fake_server.h"
#include "tests/support/stage.h"

enum { CLIENTS = 20 };

/* A swarm's inside on the stage. */
struct scene {
	struct stage stage;
	struct fake_server server;
	struct scoreboard board;
	struct crowd crowd;
	struct bench_client clients[CLIENTS];
	bool asked;	/* the asker is done */
};

static void
on_asked(void *arg)
{
	((struct scene *)arg)->asked = true;
}

static struct scene *
scene_new(bool tls)
{
	struct scene *scene = mem_new(sizeof(*scene));
	struct invite invite = { .server = { .host = "127.0.0.1" }, .has_pin = true };

	stage_open(&scene->stage, tls);
	fake_server_start(&scene->server, scene->stage.base, scene->stage.loop, scene->stage.server,
	    scene->stage.pin);
	scoreboard_open(&scene->board, 1, CLIENTS);
	accounts_make(scene->board.accounts, CLIENTS);
	invite.server.port = ntohs(scene->server.address.sin_port);
	memcpy(invite.pin, scene->stage.pin, TLS_PIN_SIZE);
	assert_int_equal(crowd_init(&scene->crowd, &invite), STATUS_OK);
	scene->crowd.loop = scene->stage.loop;
	scene->crowd.wheel = link_loop_wheel(scene->stage.loop);
	scene->crowd.tls = scene->stage.client;
	scene->crowd.row = &scene->board.rows[0];
	scene->crowd.under_way_max = 4;
	scene->crowd.backoff = (struct backoff){ .first_ms = 1, .step_ms = 1, .most_ms = 1 };
	scene->crowd.asker = asker_new(scene->stage.base, &scene->crowd, scene->clients, CLIENTS,
	    on_asked,
	    scene);
	for (uint32_t i = 0; i < CLIENTS; i++)
		bench_client_init(&scene->clients[i], &scene->crowd, &scene->board.accounts[i], i);
	return scene;
}

static void
scene_free(struct scene *scene)
{
	for (uint32_t i = 0; i < CLIENTS; i++)
		bench_client_want(&scene->clients[i], GOAL_AWAY, false);
	fake_server_stop(&scene->server);
	stage_until(&scene->stage, link_loop_count(scene->stage.loop) == 0);
	asker_free(scene->crowd.asker);
	stage_close(&scene->stage);
	scoreboard_close(&scene->board);
	free(scene);
}

static uint64_t
tally(const struct scene *scene, enum tally which)
{
	return scoreboard_sum(&scene->board, which);
}

static void
want_all(struct scene *scene, enum client_goal goal, bool direct)
{
	for (uint32_t i = 0; i < CLIENTS; i++)
		bench_client_want(&scene->clients[i], goal, direct);
}

#define until(scene, condition) stage_until(&(scene)->stage, condition)

static void
bring_online(struct scene *scene)
{
	want_all(scene, GOAL_ONLINE, false);
	until(scene, tally(scene, TALLY_ONLINE) == CLIENTS);
}

/* --- */

static void
everybody_registers_and_logs_in(void **state)
{
	struct scene *scene = scene_new(*(bool *)*state);

	want_all(scene, GOAL_REGISTERED, false);
	until(scene, tally(scene, TALLY_REGISTERED) == CLIENTS);
	assert_int_equal(tally(scene, TALLY_ONLINE), 0);
	bring_online(scene);
	assert_int_equal(scene->server.online_count, CLIENTS);
	assert_int_equal(tally(scene, TALLY_ARRIVED), 2 * CLIENTS);
	assert_int_equal(tally(scene, TALLY_FAILED) + tally(scene, TALLY_LOST), 0);
	assert_int_equal(scene->server.taken[MSG_OBTAIN_SERVER_ADDR], 2 * CLIENTS);
	assert_int_equal(scene->crowd.row->arrivals.count, 2 * CLIENTS);
	assert_int_equal(scene->crowd.place_count, 2);
	assert_int_equal(scene->crowd.under_way, 0);
	scene_free(scene);
}

static void
no_more_are_under_way_than_may_be(void **state UNUSED)
{
	struct scene *scene = scene_new(true);

	want_all(scene, GOAL_ONLINE, false);
	assert_int_equal(scene->crowd.under_way, 4);
	until(scene, tally(scene, TALLY_ONLINE) > 0);
	assert_in_range(scene->crowd.under_way, 1, 4);
	until(scene, tally(scene, TALLY_ONLINE) == CLIENTS);
	scene_free(scene);
}

static void
a_storm_resumes_without_the_route_server(void **state UNUSED)
{
	struct scene *scene = scene_new(true);

	bring_online(scene);
	want_all(scene, GOAL_AWAY, false);
	assert_int_equal(tally(scene, TALLY_ONLINE), 0);
	until(scene, scene->server.online_count == 0);
	scene->crowd.under_way_max = UINT32_MAX;
	want_all(scene, GOAL_ONLINE, true);
	until(scene, tally(scene, TALLY_ONLINE) == CLIENTS);
	assert_int_equal(scene->server.taken[MSG_RESUME], CLIENTS);
	assert_int_equal(scene->server.taken[MSG_LOGIN], CLIENTS);
	assert_int_equal(scene->server.taken[MSG_OBTAIN_SERVER_ADDR], CLIENTS);
	assert_int_equal(tally(scene, TALLY_LOST), 0);
	scene_free(scene);
}

static void
who_is_cut_comes_back_by_the_route_server(void **state UNUSED)
{
	struct scene *scene = scene_new(true);

	bring_online(scene);
	assert_int_equal(fake_server_cut(&scene->server), CLIENTS);
	until(scene, tally(scene, TALLY_LOST) == CLIENTS);
	until(scene, tally(scene, TALLY_ONLINE) == CLIENTS);
	assert_int_equal(scene->server.taken[MSG_OBTAIN_SERVER_ADDR], 2 * CLIENTS);
	assert_int_equal(scene->server.taken[MSG_RESUME], CLIENTS);
	assert_int_equal(scene->crowd.row->absences.count, CLIENTS);
	assert_int_equal(scoreboard_sum_reasons(&scene->board, STATUS_CLOSED) +
	    scoreboard_sum_reasons(&scene->board, STATUS_RESET), CLIENTS);
	scene_free(scene);
}

static void
a_token_that_is_not_taken_is_forgotten(void **state UNUSED)
{
	struct scene *scene = scene_new(true);

	bring_online(scene);
	scene->server.forgets_tokens = true;
	want_all(scene, GOAL_AWAY, false);
	want_all(scene, GOAL_ONLINE, true);
	until(scene, tally(scene, TALLY_ONLINE) == CLIENTS);
	assert_int_equal(scene->server.taken[MSG_RESUME], CLIENTS);
	assert_int_equal(scene->server.taken[MSG_LOGIN], 2 * CLIENTS);
	assert_int_equal(tally(scene, TALLY_FAILED), 0);
	scene_free(scene);
}

static void
busy_means_try_again(void **state)
{
	struct scene *scene = scene_new(true);

	scene->server.refuse_type = *(uint16_t *)*state;
	scene->server.refuse_status = STATUS_BUSY;
	scene->server.refuse_count = 7;
	bring_online(scene);
	assert_int_equal(tally(scene, TALLY_FAILED), 7);
	assert_int_equal(scoreboard_sum_reasons(&scene->board, STATUS_BUSY), 7);
	assert_int_equal(tally(scene, TALLY_GIVEN_UP), 0);
	scene_free(scene);
}

static void
a_wrong_proof_is_final(void **state UNUSED)
{
	struct scene *scene = scene_new(true);

	scene->server.refuse_type = MSG_LOGIN;
	scene->server.refuse_status = STATUS_WRONG_PROOF;
	scene->server.refuse_count = 3;
	want_all(scene, GOAL_ONLINE, false);
	until(scene, tally(scene, TALLY_ONLINE) + tally(scene, TALLY_GIVEN_UP) == CLIENTS);
	assert_int_equal(tally(scene, TALLY_GIVEN_UP), 3);
	assert_int_equal(scene->crowd.under_way, 0);
	/* Whoever wants it again gets another chance. */
	want_all(scene, GOAL_ONLINE, false);
	until(scene, tally(scene, TALLY_ONLINE) == CLIENTS);
	assert_int_equal(tally(scene, TALLY_GIVEN_UP), 0);
	scene_free(scene);
}

static void
an_unanswered_ping_is_a_lost_connection(void **state UNUSED)
{
	struct scene *scene = scene_new(true);

	scene->crowd.ping_ms = 10;
	bring_online(scene);
	until(scene, tally(scene, TALLY_PINGS) > CLIENTS);
	assert_int_equal(tally(scene, TALLY_LOST), 0);
	scene->crowd.answer_ms = 50;
	scene->server.ignores_pings = true;
	until(scene, tally(scene, TALLY_LOST) >= CLIENTS);
	assert_true(scoreboard_sum_reasons(&scene->board, STATUS_TIMEOUT) >= CLIENTS);
	scene->server.ignores_pings = false;
	scene->crowd.answer_ms = 10000;
	until(scene, tally(scene, TALLY_ONLINE) == CLIENTS);
	scene_free(scene);
}

static void
a_move_is_no_loss(void **state UNUSED)
{
	struct scene *scene = scene_new(true);

	bring_online(scene);
	fake_server_move(&scene->server, 20);
	until(scene, scene->crowd.row->absences.count == CLIENTS);
	assert_int_equal(tally(scene, TALLY_ONLINE), CLIENTS);
	assert_int_equal(tally(scene, TALLY_MOVED), CLIENTS);
	assert_int_equal(tally(scene, TALLY_LOST), 0);
	assert_int_equal(scene->server.taken[MSG_RESUME], CLIENTS);
	scene_free(scene);
}

static void
who_does_not_want_any_more_leaves_the_queue(void **state UNUSED)
{
	struct scene *scene = scene_new(true);

	want_all(scene, GOAL_ONLINE, false);
	want_all(scene, GOAL_AWAY, false);
	assert_int_equal(scene->crowd.under_way, 0);
	assert_true(TAILQ_EMPTY(&scene->crowd.queue));
	bring_online(scene);
	scene_free(scene);
}

static void
questions_are_answered_and_counted(void **state UNUSED)
{
	struct scene *scene = scene_new(true);

	bring_online(scene);
	asker_start(scene->crowd.asker, 200000, 1, scene->board.accounts, CLIENTS);
	until(scene, scene->asked);
	for (unsigned i = 0; i < OPERATION_COUNT; i++) {
		const struct scoreboard_operation *result = &scene->crowd.row->operations[i];

		/* The later pages are not asked for before the first answer. */
		assert_in_range(result->answers.count, 150, 200);
		assert_int_equal(result->refused + result->unanswered, 0);
	}
	assert_int_equal(tally(scene, TALLY_UNSENT), 0);
	assert_true(asker_count_online(scene->crowd.asker));
	until(scene, scene->crowd.row->seen_online == CLIENTS);
	scene_free(scene);
}

static void
refused_questions_are_no_answers(void **state UNUSED)
{
	struct scene *scene = scene_new(true);

	bring_online(scene);
	scene->server.refuse_type = MSG_KEYS;
	scene->server.refuse_status = STATUS_BUSY;
	scene->server.refuse_count = 5;
	asker_start(scene->crowd.asker, 100000, 1, scene->board.accounts, CLIENTS);
	until(scene, scene->asked);
	assert_int_equal(scene->crowd.row->operations[OPERATION_KEYS].refused, 5);
	assert_in_range(scene->crowd.row->operations[OPERATION_KEYS].answers.count, 90, 95);
	assert_int_equal(tally(scene, TALLY_ONLINE), CLIENTS);
	scene_free(scene);
}

static void
nobody_online_cannot_ask(void **state UNUSED)
{
	struct scene *scene = scene_new(true);

	asker_start(scene->crowd.asker, 100000, 1, scene->board.accounts, CLIENTS);
	until(scene, scene->asked);
	assert_in_range(tally(scene, TALLY_UNSENT), 4 * 100, OPERATION_COUNT * 100);
	assert_false(asker_count_online(scene->crowd.asker));
	scene_free(scene);
}

static void
sources_are_many_on_loopback_only(void **state UNUSED)
{
	struct scene *scene = scene_new(true);
	struct place elsewhere = { .address = { .len = sizeof(struct sockaddr_in) } };
	struct address first, same, other;

	assert_true(crowd_source(&scene->crowd.places[CROWD_ROUTE], 0, &first));
	assert_true(crowd_source(&scene->crowd.places[CROWD_ROUTE], 1, &same));
	assert_true(crowd_source(&scene->crowd.places[CROWD_ROUTE], 500000, &other));
	assert_true(endpoint_is_loopback(&other.any));
	assert_int_equal(first.v4.sin_addr.s_addr, same.v4.sin_addr.s_addr);
	assert_int_not_equal(first.v4.sin_addr.s_addr, other.v4.sin_addr.s_addr);
	assert_int_equal(first.v4.sin_port, 0);
	elsewhere.address.v4.sin_family = AF_INET;
	elsewhere.address.v4.sin_addr.s_addr = htonl(0xc0000201);
	assert_false(crowd_source(&elsewhere, 0, &other));
	scene_free(scene);
}

int
main(void)
{
	static bool plain = false, secured = true;
	static uint16_t hello = MSG_HELLO, ask = MSG_OBTAIN_SERVER_ADDR, make = MSG_REGISTER,
	    login = MSG_LOGIN;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(everybody_registers_and_logs_in, &plain),
		cmocka_unit_test_prestate(everybody_registers_and_logs_in, &secured),
		cmocka_unit_test(no_more_are_under_way_than_may_be),
		cmocka_unit_test(a_storm_resumes_without_the_route_server),
		cmocka_unit_test(who_is_cut_comes_back_by_the_route_server),
		cmocka_unit_test(a_token_that_is_not_taken_is_forgotten),
		cmocka_unit_test_prestate(busy_means_try_again, &hello),
		cmocka_unit_test_prestate(busy_means_try_again, &ask),
		cmocka_unit_test_prestate(busy_means_try_again, &make),
		cmocka_unit_test_prestate(busy_means_try_again, &login),
		cmocka_unit_test(a_wrong_proof_is_final),
		cmocka_unit_test(an_unanswered_ping_is_a_lost_connection),
		cmocka_unit_test(a_move_is_no_loss),
		cmocka_unit_test(who_does_not_want_any_more_leaves_the_queue),
		cmocka_unit_test(questions_are_answered_and_counted),
		cmocka_unit_test(refused_questions_are_no_answers),
		cmocka_unit_test(nobody_online_cannot_ask),
		cmocka_unit_test(sources_are_many_on_loopback_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
