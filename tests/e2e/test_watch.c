/* SPDX-License-Identifier: ISC */
/* Presence at the real work server: who is told when somebody comes or goes. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/wire.h"
#include "tests/support/work_server.h"

/* More than the two seconds that are promised: this machine may be slow. */
enum { PEOPLE = 4, REQUEST = 12, PAUSE_MS = 200 };

struct scene {
	struct work_server server;
	struct person {
		struct account account;
		struct peer *peer;
	} people[PEOPLE];
};

/* Each second one is in the other child. */
static void
scene_open(struct scene *scene, const char *more)
{
	work_server_start(&scene->server, more);
	for (size_t i = 0; i < PEOPLE; i++)
		scene->people[i].peer = work_server_login(
		    &scene->server, &scene->people[i].account, "somebody");
}

static void
scene_close(struct scene *scene)
{
	for (size_t i = 0; i < PEOPLE; i++)
		peer_free(scene->people[i].peer);
	work_server_end(&scene->server);
}

static void
send_watch(struct person *person, const uint64_t *uids, size_t count)
{
	uint8_t room[512];
	struct wire wire = wire_writer(room, sizeof(room));
	struct msg_watch message = { .request = REQUEST };

	for (size_t i = 0; i < count; i++)
		wire_put_u64(&wire, uids[i]);
	assert_true(wire_is_good(&wire));
	message.uids = bytes_of(room, wire.position);
	peer_send(person->peer, MSG_WATCH, &message);
}

static void
expect_presence(struct person *person, uint64_t uid, unsigned online)
{
	struct msg_presence presence;

	peer_expect(person->peer, MSG_PRESENCE, &presence);
	assert_int_equal(presence.uid, uid);
	assert_int_equal(presence.online, online);
}

/* Everybody, in the order in which they came into the world; they are all here. */
static void
watch_everybody(struct scene *scene, struct person *person)
{
	uint64_t uids[PEOPLE];

	for (size_t i = 0; i < PEOPLE; i++)
		uids[i] = scene->people[i].account.uid;
	send_watch(person, uids, PEOPLE);
	for (size_t i = 0; i < PEOPLE; i++)
		expect_presence(person, uids[i], 1);
	peer_expect(person->peer, MSG_WATCH_OK, NULL);
}

static void
leave(struct person *person)
{
	peer_free(person->peer);
	person->peer = NULL;
}

static void
come_back(struct scene *scene, struct person *person)
{
	peer_free(person->peer);
	person->peer = work_server_greet(&scene->server);
	account_login(&person->account, person->peer);
}

static void
everybody__is_seen_to_come_and_go__from_both_children(void **state)
{
	struct scene scene;
	struct person *watchers = &scene.people[0], *others = &scene.people[2];

	(void)state;
	scene_open(&scene, "");
	watch_everybody(&scene, &watchers[0]);
	watch_everybody(&scene, &watchers[1]);
	for (size_t i = 0; i < 2; i++) {
		leave(&others[i]);
		expect_presence(&watchers[0], others[i].account.uid, 0);
		expect_presence(&watchers[1], others[i].account.uid, 0);
	}
	come_back(&scene, &others[0]);
	expect_presence(&watchers[0], others[0].account.uid, 1);
	expect_presence(&watchers[1], others[0].account.uid, 1);
	peer_send(others[0].peer, MSG_LOGOUT, &(struct msg_logout){ .request = 5 });
	peer_expect(others[0].peer, MSG_LOGOUT_OK, NULL);
	expect_presence(&watchers[0], others[0].account.uid, 0);
	expect_presence(&watchers[1], others[0].account.uid, 0);
	scene_close(&scene);
}

/* A word about the third one would come before that about the fourth. */
static void
whoever_is_back_at_once__was_not_away(void **state)
{
	struct scene scene;
	struct person *watcher = &scene.people[0], *restless = &scene.people[2];
	struct peer *older = NULL;

	(void)state;
	scene_open(&scene, "");
	watch_everybody(&scene, watcher);
	/* Taken over by a newer login, here and there. */
	for (int i = 0; i < 3; i++) {
		older = restless->peer;
		restless->peer = NULL;
		come_back(&scene, restless);
		peer_expect_error(older, STATUS_TAKEN_OVER);
		peer_free(older);
	}
	leave(&scene.people[3]);
	expect_presence(watcher, scene.people[3].account.uid, 0);
	scene_close(&scene);
}

static void
list__takes_the_place_of_the_one_before(void **state)
{
	struct scene scene;
	struct person *watcher = &scene.people[0], *others = &scene.people[1];
	uint64_t uids[] = { 4711, 0, 0 };

	(void)state;
	scene_open(&scene, "");
	watch_everybody(&scene, watcher);
	uids[1] = uids[2] = others[2].account.uid;
	send_watch(watcher, uids, ARRAY_LEN(uids));
	expect_presence(watcher, uids[1], 1); /* once */
	expect_presence(watcher, 4711, 0);    /* nobody has this number */
	peer_expect(watcher->peer, MSG_WATCH_OK, NULL);
	leave(&others[0]);
	leave(&others[1]);
	leave(&others[2]);
	expect_presence(watcher, others[2].account.uid, 0);

	send_watch(watcher, NULL, 0);
	peer_expect(watcher->peer, MSG_WATCH_OK, NULL);
	come_back(&scene, &others[2]);
	/* Had it been told, it would have been before this. */
	send_watch(watcher, uids + 1, 1);
	expect_presence(watcher, others[2].account.uid, 1);
	peer_expect(watcher->peer, MSG_WATCH_OK, NULL);
	scene_close(&scene);
}

/* The sweep of the parent reaches those who watch from the child that is left. */
static void
child__is_killed__and_its_users_are_absent(void **state)
{
	struct scene scene;
	struct msg_presence presence;
	bool is_dead[PEOPLE];
	unsigned dead = 0;
	pid_t child;

	(void)state;
	scene_open(&scene, "");
	for (size_t i = 0; i < PEOPLE; i++)
		watch_everybody(&scene, &scene.people[i]);
	assert_int_equal(
	    process_children(process_pid(scene.server.process), "session/1", &child, 1), 1);
	kill(child, SIGKILL);
	for (size_t i = 0; i < PEOPLE; i++) {
		is_dead[i] = !peer_hears(scene.people[i].peer, PROCESS_PATIENCE_MS);
		dead += is_dead[i];
	}
	assert_int_equal(dead, PEOPLE / 2);
	for (size_t i = 0; i < PEOPLE; i++)
		for (unsigned heard = 0; heard < dead && !is_dead[i]; heard++) {
			peer_expect(scene.people[i].peer, MSG_PRESENCE, &presence);
			assert_int_equal(presence.online, 0);
			for (size_t k = 0; k < PEOPLE; k++)
				if (scene.people[k].account.uid == presence.uid)
					assert_true(is_dead[k]);
		}

	/* Back in the child that is left, or in the new one. */
	for (size_t i = 0; i < PEOPLE; i++)
		if (is_dead[i])
			come_back(&scene, &scene.people[i]);
	for (size_t i = 0; i < PEOPLE; i++)
		for (unsigned heard = 0; heard < dead && !is_dead[i]; heard++) {
			peer_expect(scene.people[i].peer, MSG_PRESENCE, &presence);
			assert_int_equal(presence.online, 1);
		}
	for (size_t i = 0; i < PEOPLE; i++)
		if (is_dead[i])
			watch_everybody(&scene, &scene.people[i]);
	scene_close(&scene);
}

/* What a lost network looks like: no word any more, and no end. */
static void
client__falls_silent__and_is_absent(void **state)
{
	struct scene scene;
	struct person *watcher = &scene.people[0];
	struct msg_presence presence;
	unsigned absent = 0;

	(void)state;
	scene_open(&scene, "idle-seconds 8\n");
	watch_everybody(&scene, watcher);
	while (absent < PEOPLE - 1) {
		peer_send(watcher->peer, MSG_PING, &(struct msg_ping){ .request = 1 });
		while (peer_next_type(watcher->peer) == MSG_PRESENCE) {
			peer_expect(watcher->peer, MSG_PRESENCE, &presence);
			assert_int_equal(presence.online, 0);
			absent++;
		}
		peer_expect(watcher->peer, MSG_PING_OK, NULL);
		peer_hears(watcher->peer, PAUSE_MS);
	}
	assert_int_equal(absent, PEOPLE - 1);
	scene_close(&scene);
}

/* --- bad input -------------------------------------------------------------------------------- */

static void
send_list_of(struct person *person, uint16_t size)
{
	uint8_t frame[4096] = { 0x00, 0x1a, 0, 0, 0, 0, 0, REQUEST };
	uint16_t total = (uint16_t)(10 + size);

	frame[2] = (uint8_t)(total >> 8);
	frame[3] = (uint8_t)total;
	frame[8] = (uint8_t)(size >> 8);
	frame[9] = (uint8_t)size;
	memset(frame + 10, 1, size);
	peer_send_raw(person->peer, bytes_of(frame, total));
}

static void
list__is_refused__when_it_is_none(void **state)
{
	struct scene scene;
	struct person *person = &scene.people[0];
	uint64_t uids[2] = { 0 };

	(void)state;
	scene_open(&scene, "");
	uids[0] = person->account.uid;
	watch_everybody(&scene, person);
	send_watch(person, uids, 2);
	peer_expect_error(person->peer, STATUS_BAD_VALUE);
	send_list_of(person, 9);
	peer_expect_error(person->peer, STATUS_BAD_VALUE);
	send_list_of(person, 2056);
	peer_expect_error(person->peer, STATUS_TOO_LONG);
	send_list_of(person, 2048); /* 256 times the same */
	expect_presence(person, 0x0101010101010101, 0);
	peer_expect(person->peer, MSG_WATCH_OK, NULL);
	scene_close(&scene);
}

static void
list__is_limited__in_how_often_it_changes(void **state)
{
	struct scene scene;
	struct person *person = &scene.people[0];

	(void)state;
	scene_open(&scene, "requests-per-minute 1\nrequests-burst 2\n");
	watch_everybody(&scene, person);
	watch_everybody(&scene, person);
	send_watch(person, NULL, 0);
	peer_expect_error(person->peer, STATUS_RATE_LIMITED);
	leave(&scene.people[3]);
	expect_presence(person, scene.people[3].account.uid, 0);
	scene_close(&scene);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody__is_seen_to_come_and_go__from_both_children),
		cmocka_unit_test(whoever_is_back_at_once__was_not_away),
		cmocka_unit_test(list__takes_the_place_of_the_one_before),
		cmocka_unit_test(child__is_killed__and_its_users_are_absent),
		cmocka_unit_test(client__falls_silent__and_is_absent),
		cmocka_unit_test(list__is_refused__when_it_is_none),
		cmocka_unit_test(list__is_limited__in_how_often_it_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
