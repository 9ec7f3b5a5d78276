/* SPDX-License-Identifier: ISC */
/* The client's link in bad weather: servers that are gone, slow, full, or send it away. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "tests/support/process.h"
#include "tests/support/scene.h"

static int
set_up(void **state)
{
	*state = scene_new(true);
	return 0;
}

static int
tear_down(void **state)
{
	scene_free(*state);
	return 0;
}

/* The token was revoked: nobody tries it again. */
static void
a_token_that_is_taken_back_is_not_used_again(void **state)
{
	struct scene *scene = *state;

	scene_come_back(scene);
	scripted_server_refuse(scene->first.online, 0, STATUS_BAD_TOKEN, 0);
	scene_reach(scene, SERVER_LINK_OFFLINE);
	scene_reach(scene, SERVER_LINK_ONLINE);
	assert_int_equal(scene->first.seen[MSG_RESUME], 0);
	assert_int_equal(scene->first.seen[MSG_LOGIN], 2);
}

/* Both servers are work servers that know the account; the first one names both. */
static void
share_the_account(struct scene *scene)
{
	scene->second.uid = scene->first.uid;
	scene->second.token = scene->first.token;
	memcpy(scene->second.name, scene->first.name, sizeof(scene->first.name));
	memcpy(scene->second.identity, scene->first.identity, sizeof(scene->first.identity));
	scene->first.offers[1] = scene->second.invite;
	scene->first.offer_count = 2;
}

/* --- servers that are not there ----------------------------------------------------------- */

/* Whichever of the two it begins with. */
static void
route_servers_are_tried_in_turn(void **state)
{
	struct scene *scene = *state;

	scene_know_two_routes(scene);
	scene->routes[0] = (struct invite){ .server = { "127.0.0.1", 1 } };
	scene->routes[1] = scene->second.invite;
	scene_come_back(scene);
	assert_int_equal(scene->second.seen[MSG_OBTAIN_SERVER_ADDR], 1);
	assert_int_equal(scene->first.seen[MSG_OBTAIN_SERVER_ADDR], 0);
	assert_int_equal(scene->first.seen[MSG_LOGIN], 1);
}

static void
work_servers_are_tried_in_turn(void **state)
{
	struct scene *scene = *state;

	scene->first.offers[0].server.port = 1;
	scene->first.offers[1] = scene->first.invite;
	scene->first.offer_count = 2;
	scene_come_back(scene);
	assert_int_equal(scene->first.seen[MSG_LOGIN], 1);
}

static void
nobody_there_is_tried_again_until_somebody_is(void **state)
{
	struct scene *scene = *state;
	char line[300];

	scripted_server_close(&scene->first);
	scene_start_return(scene);
	scene_until(scene, scene->states[SERVER_LINK_OFFLINE] >= 3);
	assert_int_equal(scene->why, STATUS_REFUSED);
	server_link_describe(scene->link, line, sizeof(line));
	assert_non_null(strstr(line, "offline: 127.0.0.1:"));
	assert_non_null(strstr(line, "Nobody listens at that address. Next try in"));
	assert_int_equal(scene->answers, 0);
	scripted_server_open(&scene->first);
	scene_until(scene, scene->answers == 1);
	assert_int_equal(scene->status, STATUS_OK);
}

/* The route servers are gone as well: the work servers they named before may be there. */
static void
remembered_work_servers_do_without_a_route_server(void **state)
{
	struct scene *scene = *state;

	scene_start_return(scene);
	share_the_account(scene);
	scene->first.offers[0] = scene->second.invite;
	scene->first.offer_count = 1;
	scene_until(scene, scene->answers == 1);
	assert_int_equal(scene->status, STATUS_OK);
	scripted_server_close(&scene->first);
	scripted_server_close(&scene->second);
	scripted_server_cut(&scene->second);
	scene_until(scene, scene->states[SERVER_LINK_OFFLINE] >= 3);
	scripted_server_open(&scene->second);
	scene_reach(scene, SERVER_LINK_ONLINE);
}

static void
an_operation_does_not_wait_for_ever(void **state)
{
	struct scene *scene = *state;

	scene->config.times.operation = 1000;
	scripted_server_close(&scene->first);
	scene_link(scene);
	scene_ask(scene, server_link_login(scene->link, 15, NULL, "x", scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_REFUSED);
	/* There is nothing to come back for. */
	scene_reach(scene, SERVER_LINK_IDLE);
}

static bool
says_nothing(struct scripted_server *server, struct link *link UNUSED, uint16_t type UNUSED,
    const void *message UNUSED)
{
	server->hooked++;
	return true;
}

static void
silence_is_a_failure(void **state)
{
	struct scene *scene = *state;

	scene->config.times.answer = 500;
	scene->first.hook = says_nothing;
	scene_start_return(scene);
	scene_until(scene, scene->states[SERVER_LINK_OFFLINE] >= 2);
	assert_int_equal(scene->why, STATUS_TIMEOUT);
	assert_true(scene->first.hooked >= 2);
	scene->first.hook = NULL;
	scene_until(scene, scene->answers == 1);
	assert_int_equal(scene->status, STATUS_OK);
}

static bool
ignores_pings(struct scripted_server *server, struct link *link UNUSED, uint16_t type,
    const void *message UNUSED)
{
	return type == MSG_PING && server->hooked++ == 1;
}

/* The first ping is answered, the second is not. */
static void
pings_find_a_dead_connection(void **state)
{
	struct scene *scene = *state;

	scene->config.times.answer = 1000;
	scene->config.times.ping = 30;
	scene->first.hook = ignores_pings;
	scene_come_back(scene);
	scene_reach(scene, SERVER_LINK_OFFLINE);
	assert_int_equal(scene->why, STATUS_TIMEOUT);
	assert_true(scene->first.seen[MSG_PING] >= 2);
	scene_reach(scene, SERVER_LINK_ONLINE);
	assert_int_equal(scene->first.seen[MSG_RESUME], 1);
}

/* Keeps the number of a question instead of answering it. */
static bool
keeps_questions(struct scripted_server *server, struct link *link UNUSED, uint16_t type,
    const void *message)
{
	if (type != MSG_FIND_USER)
		return false;
	server->hook = NULL;
	server->hooked = ((const struct msg_find_user *)message)->request;
	return true;
}

/* It ends with its deadline; the answer that comes later disturbs nobody. */
static void
a_late_answer_is_nobody_s(void **state)
{
	struct scene *scene = *state;
	struct msg_find_user_ok late = { .uid = 15, .name = bytes_of_string("alice") };

	scene->config.times.answer = 500;
	scene_come_back(scene);
	scene->first.hook = keeps_questions;
	scene_ask(scene, server_link_find(scene->link, 15, NULL, scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_TIMEOUT);
	late.request = scene->first.hooked;
	link_send(scene->first.online, MSG_FIND_USER_OK, &late);
	scene_ask(scene, server_link_find(scene->link, 15, NULL, scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_OK);
	assert_int_equal(scene->answers, 3);
	assert_int_equal(scene->states[SERVER_LINK_OFFLINE], 0);
}

/* What was asked over a connection that broke is answered, too. */
static void
a_loss_answers_what_is_open(void **state)
{
	struct scene *scene = *state;

	scene_come_back(scene);
	scene->first.hook = says_nothing;
	for (int i = 0; i < 5; i++)
		assert_int_equal(server_link_find(scene->link, 15, NULL, scene_on_answer, scene),
		    STATUS_OK);
	scene_until(scene, scene->first.hooked == 5);
	scene->first.hook = NULL;
	scripted_server_cut(&scene->first);
	scene_until(scene, scene->answers == 6);
	assert_int_equal(scene->status, STATUS_CLOSED);
	scene_reach(scene, SERVER_LINK_ONLINE);
}

static void
no_more_than_so_many_at_once(void **state)
{
	struct scene *scene = *state;

	scene_come_back(scene);
	scene->first.hook = says_nothing;
	for (int i = 0; i < CALLS_MAX; i++)
		assert_int_equal(server_link_find(scene->link, 15, NULL, scene_on_answer, scene),
		    STATUS_OK);
	assert_int_equal(server_link_find(scene->link, 15, NULL, scene_on_answer, scene),
	    STATUS_BUSY);
}

/* --- what servers may say ----------------------------------------------------------------- */

static void
a_newer_login_elsewhere_ends_it(void **state)
{
	struct scene *scene = *state;

	scene_come_back(scene);
	scripted_server_refuse(scene->first.online, 0, STATUS_TAKEN_OVER, 0);
	scene_reach(scene, SERVER_LINK_IDLE);
	assert_int_equal(scene->why, STATUS_TAKEN_OVER);
	assert_int_equal(scene->states[SERVER_LINK_OFFLINE], 0);
	assert_int_equal(server_link_account(scene->link)->token_len, 0);
	/* A person may want it back. */
	server_link_connect(scene->link);
	scene_reach(scene, SERVER_LINK_ONLINE);
	assert_int_equal(scene->first.seen[MSG_RESUME], 0);
}

static void
a_deleted_account_is_forgotten(void **state)
{
	struct scene *scene = *state;

	scene_come_back(scene);
	scripted_server_refuse(scene->first.online, 0, STATUS_ACCOUNT_GONE, 0);
	scene_reach(scene, SERVER_LINK_IDLE);
	assert_int_equal(server_link_account(scene->link)->uid, 0);
}

static void
moves_when_asked(void **state)
{
	struct scene *scene = *state;
	struct msg_move move = { .delay_ms = 20 };

	scene_come_back(scene);
	share_the_account(scene);
	link_send(scene->first.online, MSG_MOVE, &move);
	scene_reach(scene, SERVER_LINK_OFFLINE);
	assert_int_equal(scene->why, STATUS_DRAINING);
	scene_reach(scene, SERVER_LINK_ONLINE);
	assert_non_null(scene->second.online);
	assert_int_equal(scene->second.seen[MSG_RESUME], 1);
}

static void
a_full_server_is_left_for_another(void **state)
{
	struct scene *scene = *state;

	scene_come_back(scene);
	share_the_account(scene);
	scripted_server_refuse(scene->first.online, 0, STATUS_FULL, 0);
	scene_reach(scene, SERVER_LINK_OFFLINE);
	scene_reach(scene, SERVER_LINK_ONLINE);
	assert_non_null(scene->second.online);
}

static void
a_pause_that_is_asked_for_is_kept(void **state)
{
	struct scene *scene = *state;
	char line[200];

	scene_come_back(scene);
	scripted_server_refuse(scene->first.online, 0, STATUS_BUSY, 30 * 1000);
	scene_reach(scene, SERVER_LINK_OFFLINE);
	server_link_describe(scene->link, line, sizeof(line));
	assert_non_null(strstr(line, "Next try in 3"));
	/* Somebody who does not want to wait does not have to. */
	server_link_connect(scene->link);
	scene_reach(scene, SERVER_LINK_ONLINE);
}

static bool
is_busy_twice(struct scripted_server *server, struct link *link, uint16_t type,
    const void *message)
{
	if (type != MSG_REGISTER || server->hooked++ == 2)
		return false;
	scripted_server_refuse(link, ((const struct msg_register *)message)->request, STATUS_BUSY,
	    10);
	return true;
}

static void
busy_is_asked_again(void **state)
{
	struct scene *scene = *state;

	scene->first.hook = is_busy_twice;
	scene_link(scene);
	scene_ask(scene,
	    server_link_register(scene->link, "alice", "", "secret", scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_OK);
	assert_int_equal(scene->first.seen[MSG_REGISTER], 3);
}

static bool
cuts_before_the_answer(struct scripted_server *server, struct link *link, uint16_t type,
    const void *message)
{
	const struct msg_register *ask = message;

	if (type != MSG_REGISTER || server->hooked > 0)
		return false;
	server->hooked++;
	/* It is done, and nobody hears of it. */
	server->uid = 15;
	memcpy(server->identity, ask->identity.data, sizeof(server->identity));
	memcpy(server->secret, ask->secret.data, sizeof(server->secret));
	link_close(link, STATUS_CLOSED);
	return true;
}

/* The server checks that it is the same identity and the same secret. */
static void
a_registration_is_repeated_until_it_is_answered(void **state)
{
	struct scene *scene = *state;

	scene->first.hook = cuts_before_the_answer;
	scene_link(scene);
	scene_ask(scene,
	    server_link_register(scene->link, "alice", "", "secret", scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_OK);
	assert_int_equal(scene->first.seen[MSG_REGISTER], 2);
	scene_reach(scene, SERVER_LINK_ONLINE);
}

static void
optional_frames_are_skipped(void **state)
{
	static const uint8_t optional[] = { 0x80, 0x01, 0, 6, 1, 2 };
	struct scene *scene = *state;

	scene_come_back(scene);
	link_send_frame(scene->first.online, bytes_of(optional, sizeof(optional)));
	scene_ask(scene, server_link_find(scene->link, 15, NULL, scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_OK);
	assert_int_equal(scene->states[SERVER_LINK_OFFLINE], 0);
}

/* Only what would be due by then. */
static void
pings_before_their_time(void **state)
{
	struct scene *scene = *state;

	scene->config.times.ping = 60 * 1000;
	scene_come_back(scene);
	server_link_ping_early(scene->link, 1000);
	stage_quiet(&scene->stage);
	assert_int_equal(scene->first.seen[MSG_PING], 0);
	server_link_ping_early(scene->link, 60 * 1000);
	server_link_ping_early(scene->link, 60 * 1000); /* one is on its way */
	scene_until(scene, scene->first.seen[MSG_PING] > 0);
	stage_quiet(&scene->stage);
	assert_int_equal(scene->first.seen[MSG_PING], 1);
}

static void
a_server_may_ping(void **state)
{
	struct scene *scene = *state;
	struct msg_ping ping = { .request = 77 };

	scene_come_back(scene);
	scene->first.hook = says_nothing;
	link_send(scene->first.online, MSG_PING, &ping);
	scene_until(scene, scene->first.hooked == 1);
	assert_int_equal(scene->states[SERVER_LINK_OFFLINE], 0);
}

/* --- a port of its own -------------------------------------------------------------------- */

static uint16_t
port_at_server(struct link *link)
{
	struct sockaddr_storage from;

	assert_int_equal(link_peer_address(link, &from), STATUS_OK);
	return ntohs(((struct sockaddr_in *)&from)->sin_port);
}

/* A port of 127.0.0.1 that somebody has, who does not share it. */
static int
take_port(uint16_t *port)
{
	struct sockaddr_in address;
	int fd = stage_listen(&address);

	*port = ntohs(address.sin_port);
	return fd;
}

/* One that is kept for us until the descriptor is closed. */
static int
hold_port(uint16_t *port)
{
	unsigned held;
	int fd = process_hold_port(&held);

	*port = (uint16_t)held;
	return fd;
}

/*
 * Route and work server are one here, so the second connection is between the same two ports as
 * the first.
 */
static void
the_local_port_is_kept(void **state)
{
	struct scene *scene = *state;
	uint16_t port;
	int fd = hold_port(&port);

	scene->config.local_port = port;
	scene_come_back(scene);
	assert_int_equal(port_at_server(scene->first.online), port);
	for (unsigned i = 1; i <= 3; i++) {
		scripted_server_refuse(scene->first.online, 0, STATUS_BAD_TOKEN, 0);
		scene_until(scene, scene->states[SERVER_LINK_ONLINE] == i + 1);
		assert_int_equal(port_at_server(scene->first.online), port);
	}
	assert_int_equal(scene->port_refusals, 0);
	close(fd);
}

static void
a_port_that_is_refused_is_changed(void **state)
{
	struct scene *scene = *state;
	int fd = take_port(&scene->config.local_port), other = hold_port(&scene->other_port);

	scene_come_back(scene);
	assert_int_equal(scene->port_refusals, 1);
	assert_int_equal(port_at_server(scene->first.online), scene->other_port);
	close(fd);
	close(other);
}

static void
without_any_port_it_still_connects(void **state)
{
	struct scene *scene = *state;
	int fd = take_port(&scene->config.local_port);

	scene->other_port = scene->config.local_port;
	scene_come_back(scene);
	assert_int_equal(scene->port_refusals, 3);
	assert_int_not_equal(port_at_server(scene->first.online), scene->config.local_port);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(route_servers_are_tried_in_turn),
		TEST(work_servers_are_tried_in_turn),
		TEST(nobody_there_is_tried_again_until_somebody_is),
		TEST(remembered_work_servers_do_without_a_route_server),
		TEST(an_operation_does_not_wait_for_ever),
		TEST(silence_is_a_failure),
		TEST(pings_find_a_dead_connection),
		TEST(pings_before_their_time),
		TEST(a_late_answer_is_nobody_s),
		TEST(a_loss_answers_what_is_open),
		TEST(no_more_than_so_many_at_once),
		TEST(a_newer_login_elsewhere_ends_it),
		TEST(a_deleted_account_is_forgotten),
		TEST(a_token_that_is_taken_back_is_not_used_again),
		TEST(moves_when_asked),
		TEST(a_full_server_is_left_for_another),
		TEST(a_pause_that_is_asked_for_is_kept),
		TEST(busy_is_asked_again),
		TEST(a_registration_is_repeated_until_it_is_answered),
		TEST(optional_frames_are_skipped),
		TEST(a_server_may_ping),
		TEST(the_local_port_is_kept),
		TEST(a_port_that_is_refused_is_changed),
		TEST(without_any_port_it_still_connects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
