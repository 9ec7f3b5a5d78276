/* SPDX-License-Identifier: ISC */
/*
 * The other side of a direct session does what it should not: that session ends with a sentence, or
 * never begins, and the one beside it does not notice.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "client-tui/peer/peer_strangers.h"
#include "shared/compiler.h"
#include "tests/support/cable.h"
#include "tests/support/rogue.h"

enum { ANN = 1001, BEN = 1002, EVE = 1666 };

struct scene {
	struct stage stage;
	struct peer_limits limits;
	struct talker ann, ben;
	struct heard *ben_of_ann, *eve_of_ann; /* what Ann heard of them */
	struct rogue eve;
	struct event *ticker;
};

static int
set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	stage_open(&scene->stage, false);
	scene->limits = peer_limits_usual;
	*state = scene;
	return 0;
}

static void
open_all(struct scene *scene, bool eve_leads)
{
	talker_open(&scene->ann, &scene->stage, ANN, &scene->limits);
	talker_open(&scene->ben, &scene->stage, BEN, NULL);
	scene->ben_of_ann = heard_of(&scene->ann, BEN);
	scene->eve_of_ann = heard_of(&scene->ann, EVE);
	rogue_open(&scene->eve, &scene->ann, EVE, eve_leads);
	introduce(&scene->ann, &scene->ben, true, true);
	stage_until(
	    &scene->stage, scene->ben_of_ann->ups == 1 && heard_of(&scene->ben, ANN)->ups == 1);
}

/* Ben and Ann go on as if nothing had been. */
static int
tear_down(void **state)
{
	struct scene *scene = *state;
	unsigned delivered = scene->ben_of_ann->delivered;

	talker_say(&scene->ann, BEN, 99, "still there?");
	stage_until(&scene->stage, scene->ben_of_ann->delivered > delivered);
	assert_string_equal(heard_of(&scene->ben, ANN)->text, "still there?");
	assert_int_equal(scene->ben_of_ann->downs, 0);
	if (scene->ticker != NULL)
		event_free(scene->ticker);
	talker_close(&scene->ann);
	talker_close(&scene->ben);
	rogue_close(&scene->eve);
	stage_close(&scene->stage);
	free(scene);
	return 0;
}

static void
expect_down(struct scene *scene, enum status why)
{
	stage_until(&scene->stage, scene->eve_of_ann->downs == 1);
	assert_int_equal(scene->eve_of_ann->why, why);
	assert_true(strlen(scene->eve_of_ann->sentence) > 0);
}

/* Ann ends the session for this reason, and says so to Eve. */
static void
expect_refusal(struct scene *scene, enum status why)
{
	expect_down(scene, why);
	stage_until(&scene->stage, scene->eve.end.downs == 1);
	assert_int_equal(scene->eve.error, why);
}

static void
eve_pings(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct scene *scene = arg;
	struct msg_ping ping = { .request = 1 };

	if (scene->eve.end.link != NULL)
		link_send(scene->eve.end.link, MSG_PING, &ping);
}

/* ---- at the door ---- */

static void
expect_closed(struct scene *scene, struct raw *raw)
{
	stage_until(&scene->stage, raw->ended || raw->broken);
	assert_int_equal(buffer_len(raw->got), 0);
	raw_close(raw);
}

static void
a_token_nobody_knows_is_closed_unread(void **state)
{
	static const uint8_t unknown[PEER_TOKEN_SIZE + 300] = { 1, 2, 3 };
	struct scene *scene = *state;
	struct raw raw;

	open_all(scene, true);
	rogue_introduce(&scene->eve);
	raw_open(&raw, &scene->stage, rogue_dial(&scene->eve), true);
	raw_send(&raw, unknown, sizeof(unknown));
	expect_closed(scene, &raw);
	assert_int_equal(scene->eve_of_ann->ups + scene->eve_of_ann->downs, 0);
}

static void
half_a_token_and_the_end_is_nothing(void **state)
{
	struct scene *scene = *state;
	struct raw raw;

	open_all(scene, true);
	raw_open(&raw, &scene->stage, rogue_dial(&scene->eve), true);
	raw_send(&raw, "12345678", 8);
	assert_int_equal(shutdown(raw.fd, SHUT_WR), 0);
	expect_closed(scene, &raw);
}

/* One says nothing, one says a byte again and again: both are out in time. */
static void
silence_at_the_door_is_closed(void **state)
{
	struct scene *scene = *state;
	struct raw silent, slow;

	scene->limits.preface_ms = 1000;
	open_all(scene, true);
	raw_open(&silent, &scene->stage, rogue_dial(&scene->eve), true);
	raw_open(&slow, &scene->stage, rogue_dial(&scene->eve), true);
	raw_send(&slow, "x", 1);
	expect_closed(scene, &silent);
	expect_closed(scene, &slow);
}

/* More than there is room for: the oldest goes, and who is expected comes in. */
static void
a_crowd_at_the_door_keeps_nobody_out(void **state)
{
	enum { CROWD = PEER_STRANGERS_MAX + 40 };
	struct scene *scene = *state;
	struct raw crowd[CROWD];

	scene->limits.preface_ms = 60 * 1000;
	open_all(scene, true);
	for (size_t i = 0; i < CROWD; i++)
		raw_open(&crowd[i], &scene->stage, rogue_dial(&scene->eve), true);
	rogue_join(&scene->eve);
	for (size_t i = 0; i < CROWD - PEER_STRANGERS_MAX + 1; i++)
		stage_until(&scene->stage, crowd[i].ended || crowd[i].broken);
	assert_false(crowd[CROWD - 1].ended || crowd[CROWD - 1].broken);
	for (size_t i = 0; i < CROWD; i++)
		raw_close(&crowd[i]);
}

/* ---- before the session ---- */

static void
garbage_before_tls_ends_that_way_only(void **state)
{
	struct scene *scene = *state;
	struct raw raw;

	open_all(scene, true);
	rogue_introduce(&scene->eve);
	raw_open(&raw, &scene->stage, rogue_dial_by_token(&scene->eve), true);
	raw_send(&raw, "GET / HTTP/1.1\r\nHost: tingyu\r\n\r\n", 32);
	stage_until(&scene->stage, raw.ended || raw.broken);
	raw_close(&raw);
	assert_int_equal(scene->eve_of_ann->downs, 0);
	rogue_join(&scene->eve);
}

static void
meet_with_another_key(struct scene *scene, bool leads)
{
	struct identity expected;
	struct peer_meeting meeting;

	scene->limits.meet_ms = 4000;
	open_all(scene, leads);
	/* On the same side of Ann's key, or the roles in TLS would already not fit. */
	do
		identity_init(&expected);
	while ((memcmp(expected.public_key, scene->ann.identity.public_key, IDENTITY_KEY_SIZE) >
		   0) != leads);
	meeting = meeting_with(EVE, expected.public_key);
	memcpy(scene->eve.token, meeting.token, sizeof(meeting.token));
	assert_int_equal(peer_thread_meet(scene->ann.thread, &meeting), STATUS_OK);
	rogue_secure(&scene->eve);
	expect_down(scene, STATUS_WRONG_PIN);
	assert_int_equal(scene->eve_of_ann->ups, 0);
	stage_until(&scene->stage, scene->eve.end.downs == 1);
	assert_int_equal(scene->eve.end.frames, 0);
}

static void
another_key_is_left_as_tls_server(void **state)
{
	meet_with_another_key(*state, true);
}

static void
another_key_is_left_as_tls_client(void **state)
{
	meet_with_another_key(*state, false);
}

/* Eve may not choose when Ann's is the greater key. */
static void
choosing_out_of_turn_is_refused(void **state)
{
	struct scene *scene = *state;
	struct msg_choose choose = { .request = 1 };

	open_all(scene, false);
	scene->eve.is_deaf = true;
	rogue_introduce(&scene->eve);
	rogue_secure(&scene->eve);
	stage_until(&scene->stage, scene->eve.end.ups == 1);
	rogue_send(&scene->eve, MSG_CHOOSE, &choose);
	stage_until(&scene->stage, scene->eve.end.downs == 1);
	assert_int_equal(scene->eve_of_ann->ups + scene->eve_of_ann->downs, 0);
	rogue_close(&scene->eve);
	rogue_open(&scene->eve, &scene->ann, EVE + 1, false);
}

static void
texts_before_the_choice_are_refused(void **state)
{
	struct scene *scene = *state;

	open_all(scene, true);
	rogue_introduce(&scene->eve);
	rogue_secure(&scene->eve);
	stage_until(&scene->stage, scene->eve.end.ups == 1);
	rogue_say(&scene->eve, 1, bytes_of_string("too early"));
	stage_until(&scene->stage, scene->eve.end.downs == 1);
	assert_int_equal(scene->eve.error, STATUS_WRONG_STATE);
	assert_int_equal(scene->eve_of_ann->ups + scene->eve_of_ann->texts, 0);
	rogue_join(&scene->eve);
}

/* It comes in and then does nothing: no way, in time. */
static void
who_never_chooses_is_no_way(void **state)
{
	struct scene *scene = *state;

	scene->limits.meet_ms = 4000;
	open_all(scene, true);
	rogue_introduce(&scene->eve);
	rogue_secure(&scene->eve);
	expect_down(scene, STATUS_UNREACHABLE);
	stage_until(&scene->stage, scene->eve.end.downs == 1);
}

static void
a_leave_before_the_choice_is_one(void **state)
{
	struct scene *scene = *state;
	struct msg_leave leave = { .request = 1 };

	open_all(scene, true);
	rogue_introduce(&scene->eve);
	rogue_secure(&scene->eve);
	stage_until(&scene->stage, scene->eve.end.ups == 1);
	rogue_send(&scene->eve, MSG_LEAVE, &leave);
	expect_down(scene, STATUS_LEFT);
}

/* She is there, sends signs of life, and never answers one. */
static void
who_answers_nothing_is_not_up(void **state)
{
	const struct timeval often = { .tv_usec = 50 * 1000 };
	struct scene *scene = *state;
	struct msg_choose choose = { .request = 1 };

	scene->limits.handshake_ms = 2000;
	open_all(scene, true);
	rogue_introduce(&scene->eve);
	rogue_secure(&scene->eve);
	stage_until(&scene->stage, scene->eve.end.ups == 1);
	scene->eve.is_deaf = true;
	rogue_send(&scene->eve, MSG_CHOOSE, &choose);
	scene->ticker = event_new(scene->stage.base, -1, EV_PERSIST, eve_pings, scene);
	event_add(scene->ticker, &often);
	expect_down(scene, STATUS_TIMEOUT);
	assert_int_equal(scene->eve_of_ann->ups, 0);
}

static void
nobody_there_is_said_in_time(void **state)
{
	struct scene *scene = *state;
	struct peer_meeting meeting;

	scene->limits.meet_ms = 2000;
	open_all(scene, true);
	meeting = meeting_with(EVE, scene->eve.identity.public_key);
	meeting_add(&meeting, loopback(7, 1)); /* refused, again and again */
	assert_int_equal(peer_thread_meet(scene->ann.thread, &meeting), STATUS_OK);
	expect_down(scene, STATUS_UNREACHABLE);
}

/* ---- in the session ---- */

static void
a_flood_is_cut(void **state)
{
	struct scene *scene = *state;
	struct msg_ping ping = { .request = 1 };

	open_all(scene, true);
	rogue_join(&scene->eve);
	for (unsigned i = 0; i < 8000; i++)
		rogue_send(&scene->eve, MSG_PING, &ping);
	expect_refusal(scene, STATUS_RATE_LIMITED);
}

static void
a_flood_of_texts_is_cut(void **state)
{
	struct scene *scene = *state;

	scene->limits.frame_burst = 200;
	scene->limits.frame_rate = 1;
	open_all(scene, true);
	rogue_join(&scene->eve);
	for (unsigned i = 0; i < 300; i++)
		rogue_say(&scene->eve, i, bytes_of_string("!"));
	expect_refusal(scene, STATUS_RATE_LIMITED);
	assert_in_range(scene->eve_of_ann->texts, 150, 210);
}

/* She shows that she is alive, but reads nothing. */
static void
who_stops_reading_is_cut(void **state)
{
	const struct timeval often = { .tv_usec = 50 * 1000 };
	struct scene *scene = *state;
	char *text = calloc(1, PEER_TEXT_MAX);
	uint64_t id = 0;

	scene->limits.ping_ms = 500;
	scene->limits.ping_skew_ms = 0;
	scene->limits.lost_ms = 3000;
	open_all(scene, true);
	rogue_join(&scene->eve);
	link_pause(scene->eve.end.link);
	scene->ticker = event_new(scene->stage.base, -1, EV_PERSIST, eve_pings, scene);
	event_add(scene->ticker, &often);
	memset(text, 'x', PEER_TEXT_MAX);
	while (peer_thread_say(scene->ann.thread, EVE, ++id, bytes_of(text, PEER_TEXT_MAX)) ==
	    STATUS_OK)
		;
	expect_down(scene, STATUS_SLOW_READER);
	assert_int_equal(scene->eve_of_ann->delivered, 0);
	link_resume(scene->eve.end.link);
	stage_until(&scene->stage, scene->eve.end.downs == 1);
	free(text);
}

/* The network is gone: nothing comes, not even an end. */
static void
who_falls_silent_is_lost(void **state)
{
	struct scene *scene = *state;

	scene->limits.ping_ms = 200;
	scene->limits.ping_skew_ms = 0;
	scene->limits.lost_ms = 3000;
	open_all(scene, true);
	rogue_join(&scene->eve);
	stage_until(&scene->stage, scene->eve.pings >= 4);
	assert_int_equal(scene->eve_of_ann->downs, 0);
	scene->eve.is_deaf = true;
	expect_down(scene, STATUS_IDLE);
}

static void
say_and_expect(struct scene *scene, struct bytes text, enum status why)
{
	open_all(scene, true);
	rogue_join(&scene->eve);
	rogue_say(&scene->eve, 1, bytes_of_string("fine"));
	rogue_say(&scene->eve, 2, text);
	rogue_say(&scene->eve, 3, bytes_of_string("too late"));
	expect_refusal(scene, why);
	assert_int_equal(scene->eve_of_ann->texts, 1);
}

static void
an_overlong_text_is_refused(void **state)
{
	char *text = calloc(1, PEER_TEXT_MAX + 1);

	memset(text, 'x', PEER_TEXT_MAX + 1);
	say_and_expect(*state, bytes_of(text, PEER_TEXT_MAX + 1), STATUS_TOO_LONG);
	free(text);
}

static void
an_empty_text_is_refused(void **state)
{
	say_and_expect(*state, bytes_of("", 0), STATUS_TOO_SHORT);
}

static void
a_text_that_is_not_utf8_is_refused(void **state)
{
	say_and_expect(*state, bytes_of_string("caf\xe9"), STATUS_BAD_TEXT);
}

static void
a_text_that_commands_the_terminal_is_refused(void **state)
{
	say_and_expect(*state, bytes_of_string("\x1b]0;gotcha\x07"), STATUS_BAD_TEXT);
}

static void
send_and_expect(struct scene *scene, struct bytes frame, enum status why)
{
	open_all(scene, true);
	rogue_join(&scene->eve);
	assert_int_equal(link_send_frame(scene->eve.end.link, frame), STATUS_OK);
	expect_refusal(scene, why);
}

static void
another_kind_of_message_is_refused(void **state)
{
	static const uint8_t frame[] = { 0, 7, 0, 4 + 4 + 2 + 12, 0, 0, 0, 1, 0, 12, 2, 0, 0, 0, 0,
		0, 0, 0, 1, 0, 1, 'x' };

	send_and_expect(*state, bytes_of(frame, sizeof(frame)), STATUS_BAD_VALUE);
}

static void
bytes_left_over_are_refused(void **state)
{
	static const uint8_t frame[] = { 0, 7, 0, 4 + 4 + 2 + 13, 0, 0, 0, 1, 0, 13, 1, 0, 0, 0, 0,
		0, 0, 0, 1, 0, 1, 'x', 'y' };

	send_and_expect(*state, bytes_of(frame, sizeof(frame)), STATUS_BAD_FRAME);
}

static void
a_half_message_is_refused(void **state)
{
	static const uint8_t frame[] = { 0, 7, 0, 6, 0, 0 };

	send_and_expect(*state, bytes_of(frame, sizeof(frame)), STATUS_BAD_FRAME);
}

static void
a_length_below_the_header_is_refused(void **state)
{
	static const uint8_t frame[] = { 0, 7, 0, 2 };

	send_and_expect(*state, bytes_of(frame, sizeof(frame)), STATUS_BAD_FRAME);
}

static void
an_unknown_type_is_refused(void **state)
{
	static const uint8_t frame[] = { 0x7a, 0xbc, 0, 8, 0, 0, 0, 1 };

	send_and_expect(*state, bytes_of(frame, sizeof(frame)), STATUS_UNKNOWN_TYPE);
}

static void
a_message_for_servers_is_refused(void **state)
{
	static const uint8_t frame[] = { 0, 12, 0, 8, 0, 0, 0, 1 };

	send_and_expect(*state, bytes_of(frame, sizeof(frame)), STATUS_WRONG_STATE);
}

/* What may be skipped is; what was said twice is shown once and answered twice. */
static void
what_is_allowed_is_taken(void **state)
{
	static const uint8_t optional[] = { 0x80, 1, 0, 5, 'x' };
	struct scene *scene = *state;
	struct msg_user_conversation_ok unasked = { .request = 3, .id = 4711 };

	open_all(scene, true);
	rogue_join(&scene->eve);
	assert_int_equal(
	    link_send_frame(scene->eve.end.link, bytes_of(optional, sizeof(optional))), STATUS_OK);
	rogue_send(&scene->eve, MSG_USER_CONVERSATION_OK, &unasked);
	rogue_say(&scene->eve, 5, bytes_of_string("once"));
	rogue_say(&scene->eve, 5, bytes_of_string("once"));
	rogue_say(&scene->eve, 6, bytes_of_string("more\tor\nless"));
	stage_until(&scene->stage, scene->eve.oks == 3 && scene->eve_of_ann->texts == 2);
	assert_string_equal(scene->eve_of_ann->text, "more\tor\nless");
	assert_int_equal(scene->eve_of_ann->downs + scene->eve_of_ann->delivered, 0);
}

static void
an_error_is_shown_as_what_she_says(void **state)
{
	struct scene *scene = *state;
	struct msg_error error = {
		.status = STATUS_FULL,
		.sentence = bytes_of_string("Go away."),
	};

	open_all(scene, true);
	rogue_join(&scene->eve);
	rogue_send(&scene->eve, MSG_ERROR, &error);
	expect_down(scene, STATUS_FULL);
	assert_string_equal(
	    scene->eve_of_ann->sentence, "The other side ended the session: Go away.");
}

/* An end without a word, as of a process that was killed. */
static void
a_broken_connection_is_seen_at_once(void **state)
{
	struct scene *scene = *state;

	open_all(scene, true);
	rogue_join(&scene->eve);
	link_close(scene->eve.end.link, STATUS_STOPPED);
	stage_until(&scene->stage, scene->eve_of_ann->downs == 1);
	assert_true(
	    scene->eve_of_ann->why == STATUS_RESET || scene->eve_of_ann->why == STATUS_CLOSED);
}

/* ---- a second meeting ---- */

/*
 * Her first connection is dead and nobody knows: the second meeting takes its place, and what was
 * not answered on the first is said again.
 */
static void
a_second_meeting_replaces_a_dead_link(void **state)
{
	struct scene *scene = *state;
	struct end first;
	uint64_t number;

	open_all(scene, true);
	rogue_join(&scene->eve);
	scene->eve.leaves_texts = true;
	talker_say(&scene->ann, EVE, 1, "are you there?");
	stage_until(&scene->stage, scene->eve.texts == 1);
	number = scene->eve.number;
	first = scene->eve.end;
	link_set_handler(first.link, NULL, NULL);
	scene->eve.end.link = NULL;
	scene->eve.leaves_texts = false;
	rogue_join(&scene->eve);
	stage_until(&scene->stage, scene->eve_of_ann->delivered == 1);
	assert_int_equal(scene->eve.texts, 2);
	assert_int_equal(scene->eve.number, number);
	assert_int_equal(scene->eve_of_ann->downs, 0);
	assert_int_equal(scene->eve_of_ann->ups, 2);
	stage_until(&scene->stage, link_loop_count(scene->stage.loop) == 1);
}

/* A meeting that comes to nothing does not keep the loss of what was open from being told. */
static void
a_loss_while_meeting_again_is_told_soon(void **state)
{
	struct scene *scene = *state;

	open_all(scene, true);
	rogue_join(&scene->eve);
	rogue_introduce(&scene->eve);
	link_close(scene->eve.end.link, STATUS_STOPPED);
	stage_until(&scene->stage, scene->eve_of_ann->downs == 1);
	assert_true(
	    scene->eve_of_ann->why == STATUS_RESET || scene->eve_of_ann->why == STATUS_CLOSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_nobody_knows_is_closed_unread),
		TEST(half_a_token_and_the_end_is_nothing),
		TEST(silence_at_the_door_is_closed),
		TEST(a_crowd_at_the_door_keeps_nobody_out),
		TEST(garbage_before_tls_ends_that_way_only),
		TEST(another_key_is_left_as_tls_server),
		TEST(another_key_is_left_as_tls_client),
		TEST(choosing_out_of_turn_is_refused),
		TEST(texts_before_the_choice_are_refused),
		TEST(who_never_chooses_is_no_way),
		TEST(a_leave_before_the_choice_is_one),
		TEST(who_answers_nothing_is_not_up),
		TEST(nobody_there_is_said_in_time),
		TEST(a_flood_is_cut),
		TEST(a_flood_of_texts_is_cut),
		TEST(who_stops_reading_is_cut),
		TEST(who_falls_silent_is_lost),
		TEST(an_overlong_text_is_refused),
		TEST(an_empty_text_is_refused),
		TEST(a_text_that_is_not_utf8_is_refused),
		TEST(a_text_that_commands_the_terminal_is_refused),
		TEST(another_kind_of_message_is_refused),
		TEST(bytes_left_over_are_refused),
		TEST(a_half_message_is_refused),
		TEST(a_length_below_the_header_is_refused),
		TEST(an_unknown_type_is_refused),
		TEST(a_message_for_servers_is_refused),
		TEST(what_is_allowed_is_taken),
		TEST(an_error_is_shown_as_what_she_says),
		TEST(a_broken_connection_is_seen_at_once),
		TEST(a_second_meeting_replaces_a_dead_link),
		TEST(a_loss_while_meeting_again_is_told_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
