/* SPDX-License-Identifier: ISC */
/* Whose presence the client's link watches, and what it makes of what it hears. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "tests/support/scene.h"

enum { PATIENCE_MS = 4000 };

static int
set_up(void **state)
{
	struct scene *scene = scene_new(false);

	scene->config.times.patience = PATIENCE_MS;
	scene->first.absent = 9;
	*state = scene;
	return 0;
}

static int
tear_down(void **state)
{
	scene_free(*state);
	return 0;
}

#define WATCH(scene, ...) \
	assert_int_equal(server_link_watch((scene)->link, (const uint64_t[]){ __VA_ARGS__ }, \
			     ARRAY_LEN(((const uint64_t[]){ __VA_ARGS__ }))), \
	    STATUS_OK)

/* The next word about somebody. */
#define EXPECT_PRESENCE(scene, uid, is_online) \
	do { \
		scene_until(scene, (scene)->presences > 0); \
		assert_int_equal((scene)->presences, 1); \
		assert_int_equal((scene)->presence_uid, uid); \
		assert_int_equal((scene)->presence_online, is_online); \
		(scene)->presences = 0; \
	} while (0)

/* Everything that is on its way has come: what the server sends stays in order. */
static void
settle(struct scene *scene)
{
	scene_ask(scene, server_link_find(scene->link, 15, NULL, scene_on_answer, scene));
}

static void
tells_who_is_there_and_what_changes(void **state)
{
	struct scene *scene = *state;

	scene_come_back(scene);
	WATCH(scene, 9, 7, 7);
	settle(scene);
	assert_int_equal(scene->presences, 2);
	scene->presences = 0;
	scripted_server_tell_presence(&scene->first, 9, true);
	EXPECT_PRESENCE(scene, 9, true);
	scripted_server_tell_presence(&scene->first, 7, false);
	EXPECT_PRESENCE(scene, 7, false);
	/* What is known already, and who is not watched, is no news. */
	scripted_server_tell_presence(&scene->first, 7, false);
	scripted_server_tell_presence(&scene->first, 4711, true);
	settle(scene);
	assert_int_equal(scene->presences, 0);
}

static void
another_list_takes_the_place_of_the_one_before(void **state)
{
	struct scene *scene = *state;

	scene_come_back(scene);
	WATCH(scene, 7, 8);
	settle(scene);
	assert_int_equal(scene->presences, 2);
	scene->presences = 0;
	/* Said at the same time: the server gets the last one in the end. */
	WATCH(scene, 8);
	WATCH(scene, 8, 6);
	scene_until(scene, scene->first.seen[MSG_WATCH] == 3);
	EXPECT_PRESENCE(scene, 6, true);
	scripted_server_tell_presence(&scene->first, 7, false);
	settle(scene);
	assert_int_equal(scene->presences, 0);
	assert_int_equal(server_link_watch(scene->link, NULL, 0), STATUS_OK);
	scene_until(scene, scene->first.seen[MSG_WATCH] == 4);
	scripted_server_tell_presence(&scene->first, 6, false);
	settle(scene);
	assert_int_equal(scene->presences, 0);
}

static void
says_the_list_again_after_a_loss(void **state)
{
	struct scene *scene = *state;
	struct account account = scene_account(scene);

	scene_link(scene);
	WATCH(scene, 7, 9);
	assert_int_equal(
	    server_link_return(scene->link, &account, scene_on_answer, scene), STATUS_OK);
	account_clear(&account);
	scene_until(scene, scene->presences == 2);
	scripted_server_cut(&scene->first);
	scene->presences = 0;
	scene_until(scene, scene->presences == 2);
	assert_int_equal(scene->first.seen[MSG_WATCH], 2);
	assert_int_equal(scene->states[SERVER_LINK_ONLINE], 2);
}

/* 7 was here before the loss, 9 was not. */
static void
whoever_was_here_before_a_loss_has_time_to_come_back(void **state)
{
	struct scene *scene = *state;

	scene_come_back(scene);
	WATCH(scene, 7, 9);
	scene_until(scene, scene->presences == 2);
	scene->presences = 0;
	scene->first.absent = 7;
	scripted_server_cut(&scene->first);
	EXPECT_PRESENCE(scene, 9, true);
	scripted_server_tell_presence(&scene->first, 7, true);
	EXPECT_PRESENCE(scene, 7, true);
	/* From then on it is as always. */
	scripted_server_tell_presence(&scene->first, 7, false);
	EXPECT_PRESENCE(scene, 7, false);

	/* And who does not come back is absent. */
	scene->first.absent = 9;
	scripted_server_cut(&scene->first);
	EXPECT_PRESENCE(scene, 7, true);
	EXPECT_PRESENCE(scene, 9, false);
}

static bool
refuse_first_watch(struct scripted_server *server, struct link *link, uint16_t type,
    const void *message)
{
	const struct msg_watch *watch = message;

	if (type != MSG_WATCH || server->hooked++ > 0)
		return false;
	scripted_server_refuse(link, watch->request, STATUS_RATE_LIMITED, 1);
	return true;
}

static void
a_refused_list_is_said_later(void **state)
{
	struct scene *scene = *state;

	scene->first.hook = refuse_first_watch;
	scene_come_back(scene);
	WATCH(scene, 7);
	EXPECT_PRESENCE(scene, 7, true);
	assert_int_equal(scene->first.hooked, 2);
}

static void
wrong_lists_are_refused_at_once(void **state)
{
	struct scene *scene = *state;
	uint64_t many[SERVER_LINK_WATCH_MAX + 1];

	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = i + 1;
	scene_come_back(scene);
	assert_int_equal(
	    server_link_watch(scene->link, many, ARRAY_LEN(many)), STATUS_TOO_LONG);
	assert_int_equal(
	    server_link_watch(scene->link, (const uint64_t[]){ 0 }, 1), STATUS_BAD_VALUE);
	assert_int_equal(
	    server_link_watch(scene->link, many, ARRAY_LEN(many) - 1), STATUS_OK);
	scene_until(scene, scene->presences == SERVER_LINK_WATCH_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    tells_who_is_there_and_what_changes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    another_list_takes_the_place_of_the_one_before, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    says_the_list_again_after_a_loss, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    whoever_was_here_before_a_loss_has_time_to_come_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_refused_list_is_said_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(wrong_lists_are_refused_at_once, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
