/* SPDX-License-Identifier: ISC */
/* Two people talk without a server: real threads, real sockets, several addresses of loopback. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "shared/compiler.h"
#include "tests/support/talker.h"

enum { ANN = 1001, BEN = 1002, CAI = 1003 };

struct scene {
	struct stage stage;
	struct talker ann, ben, cai;
	struct heard *ben_of_ann, *ann_of_ben; /* what Ann heard of Ben, and Ben of Ann */
};

static int
set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	stage_open(&scene->stage, false);
	talker_open(&scene->ann, &scene->stage, ANN, NULL);
	talker_open(&scene->ben, &scene->stage, BEN, NULL);
	talkers_order(&scene->ann, &scene->ben);
	scene->ben_of_ann = heard_of(&scene->ann, BEN);
	scene->ann_of_ben = heard_of(&scene->ben, ANN);
	*state = scene;
	return 0;
}

static int
tear_down(void **state)
{
	struct scene *scene = *state;

	talker_close(&scene->ann);
	talker_close(&scene->ben);
	talker_close(&scene->cai);
	stage_close(&scene->stage);
	free(scene);
	return 0;
}

static void
connect_both(struct scene *scene, bool ann_dials, bool ben_dials)
{
	unsigned ups = scene->ben_of_ann->ups, other = scene->ann_of_ben->ups;

	introduce(&scene->ann, &scene->ben, ann_dials, ben_dials);
	stage_until(&scene->stage, scene->ben_of_ann->ups > ups && scene->ann_of_ben->ups > other);
}

static void
both_type(struct scene *scene)
{
	struct heard ann = *scene->ann_of_ben, ben = *scene->ben_of_ann;

	talker_say(&scene->ann, BEN, 7, "hello \xe5\x90\xac\xe9\x9b\xa8\nsecond line");
	talker_say(&scene->ben, ANN, 8, "hi");
	stage_until(&scene->stage,
	    scene->ben_of_ann->delivered > ben.delivered && scene->ben_of_ann->texts > ben.texts &&
		scene->ann_of_ben->texts > ann.texts &&
		scene->ann_of_ben->delivered > ann.delivered);
	assert_string_equal(scene->ann_of_ben->text, "hello \xe5\x90\xac\xe9\x9b\xa8\nsecond line");
	assert_string_equal(scene->ben_of_ann->text, "hi");
	assert_int_equal(scene->ben_of_ann->last_id, 7);
	assert_int_equal(scene->ann_of_ben->last_id, 8);
}

/* In the texts of one sender. */
static void
expect_next_number(struct talker *talker UNUSED, struct heard *from)
{
	assert_int_equal(atoi(from->text), from->texts - 1);
}

static void
turn_away_a_stranger(const struct talker *talker)
{
	const uint8_t token[PEER_TOKEN_SIZE] = { 1 };
	struct address door = loopback(2, talker->port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint8_t byte;

	assert_int_equal(connect(fd, &door.any, door.len), 0);
	assert_int_equal(send(fd, token, sizeof(token), MSG_NOSIGNAL), (int)sizeof(token));
	assert_true(recv(fd, &byte, 1, 0) <= 0);
	close(fd);
}

static void
both_dial_and_both_type(void **state)
{
	connect_both(*state, true, true);
	both_type(*state);
}

static void
the_greater_key_dials_alone(void **state)
{
	connect_both(*state, true, false);
	both_type(*state);
}

static void
the_lesser_key_dials_alone(void **state)
{
	connect_both(*state, false, true);
	both_type(*state);
}

/*
 * The one who hears of the meeting first is sent away at the other's door until that one has, too.
 */
static void
one_side_hears_of_it_later(void **state)
{
	struct scene *scene = *state;
	struct talker *ann = &scene->ann, *ben = &scene->ben;
	struct peer_meeting for_ann = meeting_with(BEN, ben->identity.public_key);
	struct peer_meeting for_ben = meeting_with(ANN, ann->identity.public_key);
	struct address nobody = loopback(9, 1);

	memcpy(for_ben.token, for_ann.token, sizeof(for_ben.token));
	meeting_add(&for_ann, nobody);
	meeting_add(&for_ann, loopback(2, ben->port));
	assert_int_equal(peer_thread_meet(ann->thread, &for_ann), STATUS_OK);
	/* Ben is shown to have turned a token of nobody's away before he learns of this one. */
	turn_away_a_stranger(ben);
	assert_int_equal(peer_thread_meet(ben->thread, &for_ben), STATUS_OK);
	stage_until(&scene->stage, scene->ben_of_ann->ups == 1 && scene->ann_of_ben->ups == 1);
	both_type(scene);
}

/* Our own address with our own port would be a socket that talks to itself. */
static void
nobody_dials_himself(void **state)
{
	struct scene *scene = *state;
	struct talker *ann = &scene->ann, *ben = &scene->ben;
	struct peer_meeting for_ann = meeting_with(BEN, ben->identity.public_key);
	struct peer_meeting for_ben = meeting_with(ANN, ann->identity.public_key);

	memcpy(for_ben.token, for_ann.token, sizeof(for_ben.token));
	meeting_add(&for_ann, loopback(1, ann->port));
	meeting_add(&for_ann, loopback(5, ann->port));
	meeting_add(&for_ben, loopback(3, ann->port));
	assert_int_equal(peer_thread_meet(ann->thread, &for_ann), STATUS_OK);
	assert_int_equal(peer_thread_meet(ben->thread, &for_ben), STATUS_OK);
	stage_until(&scene->stage, scene->ben_of_ann->ups == 1 && scene->ann_of_ben->ups == 1);
	both_type(scene);
}

/* Two introductions cross: two tokens, one session. */
static void
both_call_each_other_at_once(void **state)
{
	struct scene *scene = *state;

	introduce(&scene->ann, &scene->ben, true, true);
	connect_both(scene, true, true);
	both_type(scene);
	assert_int_equal(scene->ben_of_ann->downs + scene->ann_of_ben->downs, 0);
}

/*
 * A second meeting while the session is open: it goes on by the new way, and nothing is said twice.
 */
static void
a_later_meeting_brings_another_way(void **state)
{
	struct scene *scene = *state;

	connect_both(scene, true, true);
	talker_say(&scene->ann, BEN, 1, "one");
	connect_both(scene, true, true);
	talker_say(&scene->ann, BEN, 2, "two");
	stage_until(&scene->stage, scene->ben_of_ann->delivered == 2);
	assert_int_equal(scene->ann_of_ben->texts, 2);
	assert_string_equal(scene->ann_of_ben->text, "two");
	assert_int_equal(scene->ben_of_ann->downs + scene->ann_of_ben->downs, 0);
}

static void
several_sessions_at_once(void **state)
{
	struct scene *scene = *state;
	struct heard *cai_of_ann = heard_of(&scene->ann, CAI), *ann_of_cai;

	talker_open(&scene->cai, &scene->stage, CAI, NULL);
	ann_of_cai = heard_of(&scene->cai, ANN);
	connect_both(scene, true, false);
	introduce(&scene->ann, &scene->cai, false, true);
	stage_until(&scene->stage, cai_of_ann->ups == 1 && ann_of_cai->ups == 1);
	talker_say(&scene->ann, CAI, 3, "for Cai");
	both_type(scene);
	stage_until(&scene->stage, cai_of_ann->delivered == 1 && ann_of_cai->texts == 1);
	assert_string_equal(ann_of_cai->text, "for Cai");
	peer_thread_leave(scene->cai.thread, ANN);
	stage_until(&scene->stage, cai_of_ann->downs == 1);
	both_type(scene);
}

/* The last words come before the leaving, and the one who left hears nothing more. */
static void
leaving_is_told(void **state)
{
	struct scene *scene = *state;

	connect_both(scene, true, true);
	for (uint64_t id = 1; id <= 20; id++)
		talker_say(&scene->ann, BEN, id, "bye");
	peer_thread_leave(scene->ann.thread, BEN);
	stage_until(&scene->stage, scene->ann_of_ben->downs == 1);
	assert_int_equal(scene->ann_of_ben->why, STATUS_LEFT);
	assert_string_equal(scene->ann_of_ben->sentence, "The other side left.");
	assert_int_equal(scene->ann_of_ben->texts, 20);
	assert_int_equal(scene->ben_of_ann->downs + scene->ben_of_ann->delivered, 0);
	assert_int_equal(
	    peer_thread_say(scene->ann.thread, BEN, 21, bytes_of_string("?")), STATUS_CLOSED);
	assert_int_equal(
	    peer_thread_say(scene->ben.thread, ANN, 21, bytes_of_string("?")), STATUS_CLOSED);
	connect_both(scene, true, true);
	both_type(scene);
}

/* Ann may say two at once and one a second; who leaves does not wait for that. */
static void
last_words_are_not_kept_back(void **state)
{
	struct scene *scene = *state;
	struct peer_limits limits = peer_limits_usual;
	struct heard *ben_of_cai, *cai_of_ben = heard_of(&scene->ben, CAI);

	limits.letter_burst = 2;
	limits.letter_rate = 1;
	talker_open(&scene->cai, &scene->stage, CAI, &limits);
	ben_of_cai = heard_of(&scene->cai, BEN);
	introduce(&scene->cai, &scene->ben, true, true);
	stage_until(&scene->stage, ben_of_cai->ups == 1 && cai_of_ben->ups == 1);
	for (uint64_t id = 1; id <= 30; id++)
		talker_say(&scene->cai, BEN, id, "bye");
	peer_thread_leave(scene->cai.thread, BEN);
	stage_until(&scene->stage, cai_of_ben->downs == 1);
	assert_int_equal(cai_of_ben->texts, 30);
	assert_int_equal(cai_of_ben->why, STATUS_LEFT);
}

static bool
machine_has_ipv6(void)
{
	struct address address = { .len = sizeof(address.v6) };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool has_it;

	address.v6.sin6_family = AF_INET6;
	address.v6.sin6_addr = in6addr_loopback;
	has_it = fd >= 0 && bind(fd, &address.any, address.len) == 0;
	if (fd >= 0)
		close(fd);
	return has_it;
}

static void
ipv6_is_a_way(void **state)
{
	struct scene *scene = *state;
	struct talker *ann = &scene->ann, *ben = &scene->ben;
	struct peer_meeting for_ann = meeting_with(BEN, ben->identity.public_key);
	struct peer_meeting for_ben = meeting_with(ANN, ann->identity.public_key);
	struct address address = { .len = sizeof(address.v6) };

	if (!machine_has_ipv6())
		skip();
	address.v6.sin6_family = AF_INET6;
	address.v6.sin6_addr = in6addr_loopback;
	address.v6.sin6_port = htons(ann->port);
	meeting_add(&for_ann, address); /* herself */
	address.v6.sin6_port = htons(ben->port);
	meeting_add(&for_ann, address);
	memcpy(for_ben.token, for_ann.token, sizeof(for_ben.token));
	assert_int_equal(peer_thread_meet(ann->thread, &for_ann), STATUS_OK);
	assert_int_equal(peer_thread_meet(ben->thread, &for_ben), STATUS_OK);
	stage_until(&scene->stage, scene->ben_of_ann->ups == 1 && scene->ann_of_ben->ups == 1);
	both_type(scene);
}

static void
stopping_leaves(void **state)
{
	struct scene *scene = *state;

	connect_both(scene, true, true);
	peer_thread_stop(scene->ann.thread);
	scene->ann.thread = NULL;
	stage_until(&scene->stage, scene->ann_of_ben->downs == 1);
	assert_int_equal(scene->ann_of_ben->why, STATUS_LEFT);
}

static void
logging_out_leaves(void **state)
{
	struct scene *scene = *state;
	struct peer_meeting meeting = meeting_with(BEN, scene->ben.identity.public_key);

	connect_both(scene, true, true);
	peer_thread_set_identity(scene->ann.thread, &scene->ann.identity);
	both_type(scene);
	peer_thread_set_identity(scene->ann.thread, NULL);
	stage_until(&scene->stage, scene->ann_of_ben->downs == 1);
	assert_int_equal(scene->ann_of_ben->why, STATUS_LEFT);
	assert_int_equal(scene->ben_of_ann->downs, 0);
	assert_int_equal(peer_thread_meet(scene->ann.thread, &meeting), STATUS_WRONG_STATE);
}

/* Another port, as when the network has changed: what is open stays, what comes is met there. */
static void
a_new_port_does_not_end_sessions(void **state)
{
	struct scene *scene = *state;
	uint16_t before = scene->ann.port;

	connect_both(scene, true, true);
	assert_int_equal(peer_thread_listen(scene->ann.thread, &scene->ann.port), STATUS_OK);
	assert_int_not_equal(scene->ann.port, before);
	both_type(scene);
	connect_both(scene, false, true);
	both_type(scene);
}

static void
many_texts_come_in_order(void **state)
{
	struct scene *scene = *state;
	unsigned said = 0;

	connect_both(scene, true, true);
	scene->ben.on_text = expect_next_number;
	while (said < 1300) {
		char text[16];

		snprintf(text, sizeof(text), "%u", said);
		switch (peer_thread_say(scene->ann.thread, BEN, said + 1, bytes_of_string(text))) {
		case STATUS_OK:
			said++;
			break;
		default:
			assert_int_equal(said - scene->ben_of_ann->delivered, PEER_WAITING_MAX);
			stage_turn(&scene->stage);
		}
	}
	stage_until(&scene->stage, scene->ben_of_ann->delivered == said);
	assert_int_equal(scene->ann_of_ben->texts, said);
	assert_int_equal(scene->ann_of_ben->downs + scene->ben_of_ann->downs, 0);
}

static void
the_longest_text_arrives(void **state)
{
	struct scene *scene = *state;
	char *text = malloc(PEER_TEXT_MAX + 1);

	memset(text, 'x', PEER_TEXT_MAX);
	text[PEER_TEXT_MAX] = '\0';
	connect_both(scene, true, true);
	talker_say(&scene->ann, BEN, 1, text);
	stage_until(&scene->stage, scene->ben_of_ann->delivered == 1);
	assert_int_equal(scene->ann_of_ben->len, PEER_TEXT_MAX);
	assert_string_equal(scene->ann_of_ben->text, text);
	free(text);
}

/* So much may wait; then it is busy, and nothing that was taken is lost. */
static void
too_much_at_once_is_refused(void **state)
{
	struct scene *scene = *state;
	size_t size = PEER_TEXT_MAX;
	char *text = malloc(size);
	unsigned said = 0;

	memset(text, 'x', size);
	connect_both(scene, true, true);
	while (peer_thread_say(scene->ann.thread, BEN, said + 1, bytes_of(text, size)) == STATUS_OK)
		said++;
	assert_int_equal(said, PEER_WAITING_BYTES_MAX / PEER_TEXT_MAX);
	assert_int_equal(
	    peer_thread_say(scene->ann.thread, BEN, 1, bytes_of(text, size)), STATUS_BUSY);
	stage_until(&scene->stage, scene->ben_of_ann->delivered == said);
	assert_int_equal(scene->ann_of_ben->texts, said);
	free(text);
}

static void
bad_texts_are_refused_here(void **state)
{
	struct scene *scene = *state;
	struct peer_thread *ann = scene->ann.thread;
	char *text = malloc(PEER_TEXT_MAX + 1);

	memset(text, 'x', PEER_TEXT_MAX + 1);
	connect_both(scene, true, true);
	assert_int_equal(peer_thread_say(ann, BEN, 1, bytes_of("", 0)), STATUS_TOO_SHORT);
	assert_int_equal(
	    peer_thread_say(ann, BEN, 1, bytes_of(text, PEER_TEXT_MAX + 1)), STATUS_TOO_LONG);
	assert_int_equal(peer_thread_say(ann, BEN, 1, bytes_of_string("\xff")), STATUS_BAD_TEXT);
	assert_int_equal(peer_thread_say(ann, BEN, 1, bytes_of_string("\x1b[2J")), STATUS_BAD_TEXT);
	assert_int_equal(peer_thread_say(ann, CAI, 1, bytes_of_string("x")), STATUS_CLOSED);
	both_type(scene);
	free(text);
}

static void
meetings_that_make_no_sense_are_refused(void **state)
{
	struct scene *scene = *state;
	struct peer_meeting meeting = meeting_with(ANN, scene->ann.identity.public_key);
	struct identity other;

	assert_int_equal(peer_thread_meet(scene->ann.thread, &meeting), STATUS_NOT_ALLOWED);
	connect_both(scene, true, true);
	identity_init(&other);
	meeting = meeting_with(BEN, other.public_key);
	assert_int_equal(peer_thread_meet(scene->ann.thread, &meeting), STATUS_WRONG_PIN);
	for (uint64_t i = 1; i < PEER_SESSIONS_MAX; i++) {
		meeting = meeting_with(CAI + i, other.public_key);
		assert_int_equal(peer_thread_meet(scene->ann.thread, &meeting), STATUS_OK);
	}
	meeting = meeting_with(CAI, other.public_key);
	assert_int_equal(peer_thread_meet(scene->ann.thread, &meeting), STATUS_FULL);
	for (uint64_t i = 1; i < PEER_SESSIONS_MAX; i++)
		peer_thread_leave(scene->ann.thread, CAI + i);
	both_type(scene);
}

/* The owner of Ben's thread does not look for a while: reading stops, nothing is lost. */
static void
an_owner_who_is_busy_is_waited_for(void **state)
{
	struct scene *scene = *state;
	struct talker *ann = &scene->ann, dan;
	struct heard *dan_of_ann = heard_of(ann, CAI), *ann_of_dan;
	struct stage away = { .base = link_base_new() };

	assert_non_null(away.base);
	talker_open(&dan, &away, CAI, NULL);
	ann_of_dan = heard_of(&dan, ANN);
	introduce(ann, &dan, true, true);
	stage_until(&scene->stage, dan_of_ann->ups == 1);
	for (unsigned i = 0; i < PEER_WAITING_MAX; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%u", i);
		talker_say(ann, CAI, i + 1, text);
	}
	dan.on_text = expect_next_number;
	stage_until(&scene->stage, dan_of_ann->delivered == 128);
	assert_int_equal(ann_of_dan->texts, 0);
	while (ann_of_dan->texts < PEER_WAITING_MAX || dan_of_ann->delivered < PEER_WAITING_MAX) {
		event_base_loop(away.base, EVLOOP_NONBLOCK);
		event_base_loop(scene->stage.base, EVLOOP_NONBLOCK);
	}
	talker_close(&dan);
	event_base_free(away.base);
}

/* ---- anything at any time ---- */

static uint32_t
next_random(uint32_t *seed)
{
	return *seed = *seed * 1103515245 + 12345;
}

static void
do_something(struct scene *scene, uint32_t number, uint64_t *id)
{
	struct talker *all[] = { &scene->ann, &scene->ben, &scene->cai };
	struct talker *one = all[number % 3], *other = all[(number + 1 + number / 3 % 2) % 3];
	struct bytes text = bytes_of_string("whatever");

	switch (number / 6 % 16) {
	case 0:
		peer_thread_leave(one->thread, other->uid);
		break;
	case 1:
		assert_int_equal(peer_thread_listen(one->thread, &one->port), STATUS_OK);
		break;
	case 2:
		peer_thread_set_identity(one->thread, NULL);
		peer_thread_set_identity(one->thread, &one->identity);
		break;
	case 3:
	case 4:
	case 5:
		introduce(one, other, number & 1, true);
		break;
	default:
		if (peer_thread_say(one->thread, other->uid, ++*id, text) == STATUS_CLOSED)
			stage_quiet(&scene->stage);
	}
}

/* Whatever was done before in whatever order: two who are introduced then come to talk. */
static void
any_order_of_doings_holds(void **state)
{
	struct scene *scene = *state;
	uint32_t seed = 20261122;
	uint64_t id = 100;

	talker_open(&scene->cai, &scene->stage, CAI, NULL);
	for (int i = 0; i < 2000; i++) {
		do_something(scene, next_random(&seed) >> 8, &id);
		event_base_loop(scene->stage.base, EVLOOP_NONBLOCK);
	}
	peer_thread_leave(scene->ann.thread, BEN);
	peer_thread_leave(scene->ben.thread, ANN);
	stage_quiet(&scene->stage);
	connect_both(scene, true, true);
	both_type(scene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_dial_and_both_type),
		TEST(the_greater_key_dials_alone),
		TEST(the_lesser_key_dials_alone),
		TEST(one_side_hears_of_it_later),
		TEST(nobody_dials_himself),
		TEST(both_call_each_other_at_once),
		TEST(a_later_meeting_brings_another_way),
		TEST(several_sessions_at_once),
		TEST(leaving_is_told),
		TEST(last_words_are_not_kept_back),
		TEST(ipv6_is_a_way),
		TEST(stopping_leaves),
		TEST(logging_out_leaves),
		TEST(a_new_port_does_not_end_sessions),
		TEST(many_texts_come_in_order),
		TEST(the_longest_text_arrives),
		TEST(too_much_at_once_is_refused),
		TEST(bad_texts_are_refused_here),
		TEST(meetings_that_make_no_sense_are_refused),
		TEST(an_owner_who_is_busy_is_waited_for),
		TEST(any_order_of_doings_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
