/* SPDX-License-Identifier: ISC */
/* The client's link and servers that do what they may not, or are somebody else. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "tests/support/scene.h"

static int
set_up(void **state)
{
	*state = scene_new(true);
	return 0;
}

static int
set_up_plain(void **state)
{
	*state = scene_new(false);
	return 0;
}

static int
tear_down(void **state)
{
	scene_free(*state);
	return 0;
}

/* --- what they may not -------------------------------------------------------------------- */

static void
other_frames_end_it(void **state)
{
	static const struct {
		uint8_t bytes[16];
		size_t len;
		enum status why;
	} cases[] = {
		{ { 0x70, 0x01, 0, 4 }, 4, STATUS_UNKNOWN_TYPE },
		/* A request that only clients make. */
		{ { 0x00, 0x0c, 0, 8, 0, 0, 0, 1 }, 8, STATUS_WRONG_STATE },
		/* An answer to nothing, half an answer, an ERROR that says all is well. */
		{ { 0x40, 0x11, 0, 8, 0, 0, 0, 0 }, 8, STATUS_BAD_FRAME },
		{ { 0x40, 0x11, 0, 6, 0, 0 }, 6, STATUS_BAD_FRAME },
		{ { 0x00, 0x0d, 0, 16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 }, 16,
		    STATUS_BAD_FRAME },
		/* A length that no frame has. */
		{ { 0x00, 0x0d, 0, 3 }, 4, STATUS_BAD_FRAME },
	};
	struct scene *scene = *state;

	scene_come_back(scene);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		link_send_frame(scene->first.online, bytes_of(cases[i].bytes, cases[i].len));
		scene_reach(scene, SERVER_LINK_OFFLINE);
		assert_int_equal(scene->why, cases[i].why);
		scene_reach(scene, SERVER_LINK_ONLINE);
	}
}

static bool
lies_about_the_uid(struct scripted_server *server, struct link *link, uint16_t type,
    const void *message)
{
	struct msg_find_user_ok found = { .uid = 16, .name = bytes_of_string("mallory") };
	struct msg_resume_ok resumed = { .uid = 16, .token = bytes_of_string("token") };

	if (type == MSG_FIND_USER) {
		found.request = ((const struct msg_find_user *)message)->request;
		link_send(link, MSG_FIND_USER_OK, &found);
		return true;
	}
	if (type == MSG_RESUME) {
		resumed.request = ((const struct msg_resume *)message)->request;
		link_send(link, MSG_RESUME_OK, &resumed);
		server->hooked++;
		return true;
	}
	return false;
}

static void
answers_about_others_are_not_believed(void **state)
{
	struct scene *scene = *state;

	scene_come_back(scene);
	scene->first.hook = lies_about_the_uid;
	scene_ask(scene, server_link_find(scene->link, 15, NULL, scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_BAD_VALUE);
	/* It comes back by token first, which the server answers about another account, then by
	 * key. */
	scene_reach(scene, SERVER_LINK_OFFLINE);
	scene_reach(scene, SERVER_LINK_ONLINE);
	assert_int_equal(scene->first.hooked, 1);
	assert_int_equal(scene->first.seen[MSG_LOGIN], 2);
	assert_int_equal(server_link_account(scene->link)->uid, 15);
}

static bool
tells_a_bad_cost(struct scripted_server *server, struct link *link, uint16_t type,
    const void *message)
{
	struct msg_salt_ok ok = { .uid = 15, .salt = bytes_of(server->cost.salt, 16) };

	if (type != MSG_SALT)
		return false;
	ok.request = ((const struct msg_salt *)message)->request;
	ok.ops = server->hooked == 0 ? 1 : server->hooked == 1 ? 3 : 1000000;
	ok.memory_kib = server->hooked == 1 ? 8 : 65536;
	if (server->hooked == 3)
		ok.uid = 16;
	server->hooked++;
	link_send(link, MSG_SALT_OK, &ok);
	return true;
}

static void
a_password_is_not_used_at_any_cost(void **state)
{
	struct scene *scene = *state;
	struct account known = scene_account(scene);

	scene->first.hook = tells_a_bad_cost;
	scene_link(scene);
	for (int i = 0; i < 4; i++) {
		scene_ask(scene,
		    server_link_login(scene->link, 15, NULL, "secret", scene_on_answer, scene));
		assert_int_equal(scene->status, STATUS_BAD_VALUE);
		assert_int_equal(server_link_account(scene->link)->uid, 0);
	}
	assert_int_equal(scene->first.hooked, 4);
	assert_int_equal(scene->first.seen[MSG_LOGIN], 0);
	account_clear(&known);
}

static void
another_cost_than_before_is_told(void **state)
{
	struct scene *scene = *state;
	struct account known = scene_account(scene);

	scene_link(scene);
	scene_ask(scene,
	    server_link_login(scene->link, 15, NULL, "wrong", scene_on_answer, scene));
	scene_ask(scene,
	    server_link_login(scene->link, 15, NULL, "wrong", scene_on_answer, scene));
	assert_int_equal(scene->warnings, 0);
	scene->first.cost.salt[3] ^= 1;
	scene_ask(scene,
	    server_link_login(scene->link, 15, NULL, "wrong", scene_on_answer, scene));
	assert_int_equal(scene->warnings, 1);
	assert_non_null(strstr(scene->warning, "account 15"));
	account_clear(&known);
}

/* The server swaps the bundle for another one that it can open: not with this password. */
static void
a_swapped_bundle_is_refused(void **state)
{
	static const uint8_t other_seed[IDENTITY_SEED_SIZE] = { 66 },
			     key[CRYPTO_KEY_SIZE] = { 67 };
	struct scene *scene = *state;
	struct account known = scene_account(scene);
	uint8_t secret[PASSWORD_SECRET_SIZE];

	memcpy(secret, scene->first.secret, sizeof(secret));
	scripted_server_renew_bundle(&scene->first, "its own", other_seed, key);
	scene_link(scene);
	scene_ask(scene,
	    server_link_login(scene->link, 15, NULL, "secret", scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_BAD_VALUE);
	assert_int_equal(server_link_account(scene->link)->uid, 0);
	account_clear(&known);
}

static void
an_older_bundle_is_not_taken(void **state)
{
	struct scene *scene = *state;
	struct account known = scene_account(scene);

	scene_link(scene);
	scene_ask(scene,
	    server_link_login(scene->link, 15, NULL, "secret", scene_on_answer, scene));
	scene->first.bundle_version = 0;
	scene->first.token = 1000;
	scripted_server_cut(&scene->first);
	scene_reach(scene, SERVER_LINK_OFFLINE);
	scene_reach(scene, SERVER_LINK_ONLINE);
	assert_int_equal(scene->warnings, 1);
	assert_int_equal(server_link_account(scene->link)->bundle_version, 1);
	account_clear(&known);
}

static bool
names_too_many(struct scripted_server *server, struct link *link UNUSED, uint16_t type,
    const void *message UNUSED)
{
	if (type == MSG_OBTAIN_SERVER_ADDR)
		server->offer_count = server->hooked++ == 0 ? 4 : server->hooked == 2 ? 0 : 1;
	return false;
}

static void
a_broken_list_of_servers_is_refused(void **state)
{
	struct scene *scene = *state;

	for (int i = 1; i < 4; i++)
		scene->first.offers[i] = scene->first.invite;
	scene->first.hook = names_too_many;
	scene_start_return(scene);
	scene_until(scene, scene->states[SERVER_LINK_OFFLINE] == 1);
	assert_int_equal(scene->why, STATUS_BAD_FRAME);
	scene_until(scene, scene->states[SERVER_LINK_OFFLINE] == 2);
	assert_int_equal(scene->why, STATUS_NO_SERVER);
	scene_until(scene, scene->answers == 1);
	assert_int_equal(scene->status, STATUS_OK);
}

/* --- keys --------------------------------------------------------------------------------- */

static void
a_route_server_with_another_key_is_not_used(void **state)
{
	struct scene *scene = *state;

	scene->routes[0].pin[0] ^= 1;
	scene_start_return(scene);
	scene_until(scene, scene->answers == 1);
	assert_int_equal(scene->status, STATUS_WRONG_PIN);
	assert_int_equal(server_link_state(scene->link), SERVER_LINK_IDLE);
	assert_int_equal(scene->first.seen[MSG_HELLO], 0);
	assert_int_equal(scene->states[SERVER_LINK_OFFLINE], 0);
}

static void
one_with_another_key_leaves_the_others(void **state)
{
	struct scene *scene = *state;

	scene_know_two_routes(scene);
	scene->routes[0].pin[0] ^= 1;
	scene_come_back(scene);
	assert_int_equal(scene->second.seen[MSG_OBTAIN_SERVER_ADDR], 1);
}

static void
a_work_server_with_another_key_is_left(void **state)
{
	struct scene *scene = *state;

	scene->first.offers[1] = scene->first.invite;
	scene->first.offers[0] = scene->second.invite;
	scene->first.offers[0].pin[31] ^= 1;
	scene->first.offer_count = 2;
	scene_come_back(scene);
	assert_int_equal(scene->second.seen[MSG_HELLO], 0);
	assert_int_equal(scene->first.seen[MSG_LOGIN], 1);
}

static void
an_unknown_key_needs_a_person(void **state)
{
	struct scene *scene = *state;

	scene->routes[0].has_pin = false;
	scene_start_return(scene);
	scene_until(scene, scene->answers == 1);
	assert_int_equal(scene->status, STATUS_WRONG_PIN);
	assert_int_equal(scene->pins_shown, 1);
	assert_int_equal(scene->first.seen[MSG_HELLO], 0);

	scene->trusts = true;
	server_link_connect(scene->link);
	scene_reach(scene, SERVER_LINK_ONLINE);
	assert_int_equal(scene->pins_shown, 2);
	/* From now on it is known: asked again, nobody has to be. */
	scripted_server_refuse(scene->first.online, 0, STATUS_DRAINING, 0);
	scene_reach(scene, SERVER_LINK_OFFLINE);
	scene_reach(scene, SERVER_LINK_ONLINE);
	assert_int_equal(scene->first.seen[MSG_OBTAIN_SERVER_ADDR], 2);
	assert_int_equal(scene->pins_shown, 2);
}

static void
without_tls_only_this_machine(void **state)
{
	struct scene *scene = *state;

	scene->routes[0] = (struct invite){ .server = { "192.0.2.1", 7400 } };
	scene->config.times.operation = 1000;
	scene_link(scene);
	scene_ask(scene, server_link_login(scene->link, 15, NULL, "x", scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_NOT_ALLOWED);
}

static void
names_are_looked_up(void **state)
{
	struct scene *scene = *state;

	snprintf(scene->routes[0].server.host, sizeof(scene->routes[0].server.host), "localhost");
	scene_come_back(scene);
	assert_int_equal(scene->first.seen[MSG_LOGIN], 1);
}

static void
a_name_without_address_is_said(void **state)
{
	struct scene *scene = *state;

	snprintf(scene->routes[0].server.host, sizeof(scene->routes[0].server.host),
	    "nobody.invalid");
	scene->config.times.operation = 2000;
	scene_link(scene);
	assert_int_equal(server_link_login(scene->link, 15, NULL, "x", scene_on_answer, scene),
	    STATUS_OK);
	scene_reach(scene, SERVER_LINK_OFFLINE);
	assert_int_equal(scene->why, STATUS_UNREACHABLE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define PLAIN(name) cmocka_unit_test_setup_teardown(name, set_up_plain, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PLAIN(other_frames_end_it),
		TEST(answers_about_others_are_not_believed),
		TEST(a_password_is_not_used_at_any_cost),
		TEST(another_cost_than_before_is_told),
		TEST(a_swapped_bundle_is_refused),
		TEST(an_older_bundle_is_not_taken),
		TEST(a_broken_list_of_servers_is_refused),
		TEST(a_route_server_with_another_key_is_not_used),
		TEST(one_with_another_key_leaves_the_others),
		TEST(a_work_server_with_another_key_is_left),
		TEST(an_unknown_key_needs_a_person),
		PLAIN(without_tls_only_this_machine),
		TEST(names_are_looked_up),
		TEST(a_name_without_address_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
