/* SPDX-License-Identifier: ISC */
/*
 * Who gets in: alice's sessions with a real peer thread, introduced by a server that the test
 * plays, to people of the test.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client-tui/address_book.h"
#include "client-tui/sessions.h"
#include "shared/compiler.h"
#include "shared/crypto.h"
#include "tests/support/scene.h"
#include "tests/support/talker.h"
#include "tests/support/tmpdir.h"
#include "tests/support/typist.h"

enum { ALICE = 15, BOB = 2 };

struct play {
	struct scene *scene;
	struct typist *typist;
	struct address_book book;
	struct sessions sessions;
	struct talker bob;
	char *folder, *path;

	/* What the client said about introductions. */
	unsigned accepted, declined, asked;
	uint32_t asked_request;
	struct bytes identity; /* what OBTAIN_CLIENT_ADDR is answered with; NULL: not at all */
	enum status refusal;   /* or by this */
};

static struct play *stage_play;

/* --- alice's side ------------------------------------------------------------------------- */

static void
on_state(void *arg, enum server_link_state state, const struct answer *why UNUSED)
{
	struct play *play = arg;

	play->scene->states[state]++;
}

static void
on_introduce(void *arg, const struct msg_introduce *call)
{
	struct play *play = arg;

	sessions_on_introduce(&play->sessions, call);
}

static const struct server_link_handler handler = {
	.on_state = on_state,
	.on_introduce = on_introduce,
};

/* The outbox that the commands go through; the rest of it is the typist's. */
static enum status
talk(void *arg UNUSED, uint64_t uid)
{
	return sessions_talk(&stage_play->sessions, uid);
}

static enum status
say(void *arg UNUSED, uint64_t uid, uint64_t id, struct bytes text)
{
	return sessions_say(&stage_play->sessions, uid, id, text);
}

static void
leave(void *arg UNUSED, uint64_t uid)
{
	sessions_leave(&stage_play->sessions, uid);
}

/* --- the server's side -------------------------------------------------------------------- */

static const uint8_t *
alices_key(const struct play *play)
{
	return server_link_account(play->scene->link)->identity.public_key;
}

static bool
meets(struct scripted_server *server UNUSED, struct link *link, uint16_t type, const void *message)
{
	struct play *play = stage_play;
	const struct msg_obtain_client_addr *ask = message;
	struct peer_meeting meeting;
	struct msg_obtain_client_addr_ok ok;

	play->accepted += type == MSG_INTRODUCE_OK;
	play->declined += type == MSG_ERROR;
	if (type != MSG_OBTAIN_CLIENT_ADDR)
		return type == MSG_INTRODUCE_OK || type == MSG_ERROR;
	play->asked++;
	if (play->refusal != STATUS_OK) {
		scripted_server_refuse(link, ask->request, play->refusal, 0);
		return true;
	}
	if (play->identity.data == NULL)
		return true;
	meeting = meeting_with(ALICE, alices_key(play));
	ok = (struct msg_obtain_client_addr_ok){
		.request = ask->request,
		.uid = ask->uid,
		.port = play->bob.port,
		.host = bytes_of_string("127.0.0.1"),
		.identity = play->identity,
		.token = bytes_of(meeting.token, sizeof(meeting.token)),
	};
	assert_int_equal(peer_thread_meet(play->bob.thread, &meeting), STATUS_OK);
	link_send(link, MSG_OBTAIN_CLIENT_ADDR_OK, &ok);
	return true;
}

/* Somebody calls, says the server. */
static void
call(struct play *play, uint64_t uid, const char *name, const uint8_t *key)
{
	struct peer_meeting meeting = meeting_with(ALICE, alices_key(play));
	struct msg_introduce introduce = {
		.request = (uint32_t)uid,
		.uid = uid,
		.port = uid == BOB ? play->bob.port : 1,
		.host = bytes_of_string("127.0.0.1"),
		.name = bytes_of_string(name),
		.identity = bytes_of(key, IDENTITY_KEY_SIZE),
		.token = bytes_of(meeting.token, sizeof(meeting.token)),
	};

	if (uid == BOB)
		assert_int_equal(peer_thread_meet(play->bob.thread, &meeting), STATUS_OK);
	link_send(play->scene->first.online, MSG_INTRODUCE, &introduce);
}

#define play_until(play, condition) scene_until((play)->scene, condition)

static const uint8_t *
bobs_key(const struct play *play)
{
	return play->bob.identity.public_key;
}

static const struct chat *
chat_with(const struct play *play, uint64_t uid)
{
	return model_chat(play->typist->model, uid);
}

static enum chat_road
road_to(const struct play *play, uint64_t uid)
{
	const struct chat *chat = chat_with(play, uid);

	return chat != NULL ? chat->road : CHAT_ROAD_NONE;
}

/* Everything that alice said. */
static bool
has_arrived(const struct play *play, uint64_t uid)
{
	const struct transcript *transcript = &chat_with(play, uid)->transcript;

	for (size_t i = 0; i < transcript->count; i++)
		if (transcript_at(transcript, i)->kind == TRANSCRIPT_MINE &&
		    transcript_at(transcript, i)->delivery != DELIVERY_DELIVERED)
			return false;
	return true;
}

/* --- the stage ---------------------------------------------------------------------------- */

static void
go_online(struct play *play)
{
	struct scene *scene = play->scene;
	struct account account = scene_account(scene);

	assert_int_equal(server_link_new(&scene->config, &handler, play, &scene->link), STATUS_OK);
	sessions_set_link(&play->sessions, scene->link);
	assert_int_equal(
	    server_link_return(scene->link, &account, scene_on_answer, scene), STATUS_OK);
	play_until(play, scene->answers == 1);
	assert_int_equal(scene->status, STATUS_OK);
	sessions_begin(&play->sessions, &account);
	account_clear(&account);
}

static int
set_up(void **state)
{
	struct play *play = calloc(1, sizeof(*play));
	struct scene *scene = scene_new(true);

	stage_play = play;
	play->scene = scene;
	scene->first.hook = meets;
	play->typist = typist_new(80, 24);
	play->typist->outbox.talk = talk;
	play->typist->outbox.say = say;
	play->typist->outbox.leave = leave;
	play->folder = tmpdir_new();
	play->path = tmpdir_path(play->folder, "contacts");
	address_book_init(&play->book, play->typist->control, scene->helper);
	address_book_open(&play->book, ALICE, play->path);
	assert_int_equal(
	    sessions_open(&play->sessions, scene->stage.base, play->typist->control, &play->book),
	    STATUS_OK);
	talker_open(&play->bob, &scene->stage, BOB, NULL);
	play->identity = bytes_of(bobs_key(play), IDENTITY_KEY_SIZE);
	go_online(play);
	*state = play;
	return 0;
}

static int
tear_down(void **state)
{
	struct play *play = *state;

	sessions_close(&play->sessions);
	talker_close(&play->bob);
	scene_free(play->scene);
	address_book_clear(&play->book);
	typist_free(play->typist);
	tmpdir_free(play->folder);
	free(play->path);
	free(play);
	return 0;
}

/* --- tests -------------------------------------------------------------------------------- */

static void
a_call_that_comes_is_taken(void **state)
{
	struct play *play = *state;

	call(play, BOB, "bob", bobs_key(play));
	play_until(play, road_to(play, BOB) == CHAT_ROAD_DIRECT);
	assert_int_equal(play->accepted, 1);
	assert_int_equal(address_book_judge(&play->book, BOB, bobs_key(play)), KEY_IS_KNOWN);
	typist_enter(play->typist, "/talk bob");
	typist_enter(play->typist, "hello");
	play_until(play, heard_of(&play->bob, ALICE)->texts == 1);
	assert_string_equal(heard_of(&play->bob, ALICE)->text, "hello");
	play_until(play, has_arrived(play, BOB));
	talker_say(&play->bob, ALICE, 7, "hi");
	play_until(play, strcmp(typist_last(play->typist), "hi") == 0);
}

/* Closed and called again, the pane counts from 1; nothing is taken for something said before. */
static void
a_new_pane_is_a_new_conversation(void **state)
{
	struct play *play = *state;

	for (unsigned i = 1; i <= 3; i++) {
		typist_enter(play->typist, "/talk bob");
		typist_find(play->typist, BOB, "bob", true);
		play_until(play, road_to(play, BOB) == CHAT_ROAD_DIRECT &&
			heard_of(&play->bob, ALICE)->ups == i);
		typist_enter(play->typist, "hello");
		play_until(play, heard_of(&play->bob, ALICE)->texts == i);
		typist_enter(play->typist, "quit");
		play_until(play, heard_of(&play->bob, ALICE)->downs == i);
		assert_int_equal(heard_of(&play->bob, ALICE)->why, STATUS_LEFT);
		assert_null(chat_with(play, BOB));
	}
}

static void
refusals_are_sentences(void **state)
{
	static const struct {
		enum status status;
		const char *sentence;
	} refusals[] = {
		{ STATUS_DECLINED, "bob does not want to talk now." },
		{ STATUS_NOT_ONLINE, "bob is not online any more." },
		{ STATUS_TIMEOUT, "bob did not answer." },
		{ STATUS_UNREACHABLE,
		    "bob is at a server that cannot introduce you to each other." },
		{ STATUS_RATE_LIMITED,
		    "bob could not be called: Too many of these in a short time; "
		    "wait a little." },
	};
	struct play *play = *state;

	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		play->refusal = refusals[i].status;
		typist_enter(play->typist, "/talk bob");
		typist_find(play->typist, BOB, "bob", true);
		assert_int_equal(road_to(play, BOB), CHAT_ROAD_CALLING);
		play_until(play, road_to(play, BOB) == CHAT_ROAD_REFUSED);
		assert_string_equal(typist_last(play->typist), refusals[i].sentence);
	}
	assert_int_equal(play->sessions.count, 0);
}

/* Left while the server is asked: its answer is nobody's, and the next call is a new one. */
static void
a_call_may_be_left(void **state)
{
	struct play *play = *state;

	play->identity.data = NULL;
	typist_enter(play->typist, "/talk bob");
	typist_find(play->typist, BOB, "bob", true);
	play_until(play, play->asked == 1);
	typist_enter(play->typist, "/close");
	assert_null(chat_with(play, BOB));
	scripted_server_cut(&play->scene->first);
	play_until(play, play->scene->states[SERVER_LINK_ONLINE] == 2);
	assert_null(chat_with(play, BOB));
	assert_int_equal(play->sessions.count, 0);
	play->identity = bytes_of(bobs_key(play), IDENTITY_KEY_SIZE);
	typist_enter(play->typist, "/talk bob");
	typist_find(play->typist, BOB, "bob", true);
	play_until(play, road_to(play, BOB) == CHAT_ROAD_DIRECT);
}

static void
a_lost_server_is_said_in_the_pane(void **state)
{
	struct play *play = *state;

	play->identity.data = NULL;
	typist_enter(play->typist, "/talk bob");
	typist_find(play->typist, BOB, "bob", true);
	play_until(play, play->asked == 1);
	scripted_server_cut(&play->scene->first);
	play_until(play, road_to(play, BOB) == CHAT_ROAD_REFUSED);
	assert_string_equal(typist_last(play->typist),
	    "The connection to the server was lost while bob was being called.");
}

/* --- keys --------------------------------------------------------------------------------- */

static void
another_key_is_refused_both_ways(void **state)
{
	uint8_t key[IDENTITY_KEY_SIZE] = { 7 };
	struct play *play = *state;

	assert_int_equal(
	    address_book_pin(&play->book, BOB, bytes_of_string("bob"), key), STATUS_OK);
	call(play, BOB, "bob", bobs_key(play));
	play_until(play, play->declined == 1);
	assert_int_equal(chat_with(play, BOB)->trust, CHAT_TRUST_CHANGED);
	/* The same once more is not news. */
	call(play, BOB, "bob", bobs_key(play));
	play_until(play, play->declined == 2);
	assert_int_equal(chat_with(play, BOB)->transcript.count, 1);
	typist_enter(play->typist, "/talk bob");
	typist_find(play->typist, BOB, "bob", true);
	play_until(play, road_to(play, BOB) == CHAT_ROAD_REFUSED);
	assert_int_equal(chat_with(play, BOB)->transcript.count, 2);
	assert_int_equal(heard_of(&play->bob, ALICE)->ups, 0);
	assert_int_equal(address_book_judge(&play->book, BOB, key), KEY_IS_KNOWN);
	/* A person says that it is right. */
	assert_int_equal(sessions_accept_key(&play->sessions, BOB), STATUS_OK);
	assert_int_equal(sessions_accept_key(&play->sessions, BOB), STATUS_NOT_FOUND);
	call(play, BOB, "bob", bobs_key(play));
	play_until(play, road_to(play, BOB) == CHAT_ROAD_DIRECT);
}

/* An introduction with a wrong key does nothing to the session that stands. */
static void
an_open_session_is_not_touched(void **state)
{
	uint8_t key[IDENTITY_KEY_SIZE] = { 7 };
	struct play *play = *state;

	call(play, BOB, "bob", bobs_key(play));
	play_until(play,
	    road_to(play, BOB) == CHAT_ROAD_DIRECT && heard_of(&play->bob, ALICE)->ups == 1);
	call(play, BOB, "bob", key);
	play_until(play, play->declined == 1);
	assert_int_equal(road_to(play, BOB), CHAT_ROAD_DIRECT);
	talker_say(&play->bob, ALICE, 7, "hi");
	play_until(play, chat_with(play, BOB)->transcript.unread == 1);
}

/* --- limits ------------------------------------------------------------------------------- */

static void
who_is_nobody_is_declined(void **state)
{
	struct play *play = *state;

	call(play, ALICE, "alice", bobs_key(play));
	call(play, 7, "no name", bobs_key(play));
	call(play, 0, "nobody", bobs_key(play));
	play_until(play, play->declined == 3);
	assert_int_equal(play->typist->model->chat_count, 0);
	assert_int_equal(play->sessions.count, 0);
	/* Nobody is signed in for a moment. */
	sessions_end(&play->sessions, "You are signed out.");
	call(play, BOB, "bob", bobs_key(play));
	play_until(play, play->declined == 4);
}

/* So many at once, and no more; nobody of them has a pane before he has shown his key. */
static void
there_is_room_for_so_many(void **state)
{
	uint8_t key[IDENTITY_KEY_SIZE];
	struct play *play = *state;

	for (uint64_t uid = 100; uid < 100 + SESSIONS_MAX; uid++) {
		crypto_random(key, sizeof(key));
		call(play, uid, "stranger", key);
	}
	play_until(play, play->accepted == SESSIONS_MAX);
	call(play, BOB, "bob", bobs_key(play));
	play_until(play, play->declined == 1);
	assert_int_equal(play->accepted, SESSIONS_MAX);
	assert_int_equal(play->typist->model->chat_count, 0);
	assert_non_null(strstr(typist_home(play->typist),
	    "bob (2) wanted to talk and was declined: there are too many sessions already."));
}

static void
all_sessions_end_with_the_account(void **state)
{
	struct play *play = *state;

	call(play, BOB, "bob", bobs_key(play));
	play_until(play,
	    road_to(play, BOB) == CHAT_ROAD_DIRECT && heard_of(&play->bob, ALICE)->ups == 1);
	sessions_end(&play->sessions, "You are signed out, so this session was closed.");
	assert_int_equal(road_to(play, BOB), CHAT_ROAD_LEFT);
	assert_int_equal(play->sessions.count, 0);
	play_until(play, heard_of(&play->bob, ALICE)->downs == 1);
	assert_int_equal(heard_of(&play->bob, ALICE)->why, STATUS_LEFT);
	assert_int_equal(
	    sessions_say(&play->sessions, BOB, 1, bytes_of_string("x")), STATUS_CLOSED);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_that_comes_is_taken),
		TEST(a_new_pane_is_a_new_conversation),
		TEST(refusals_are_sentences),
		TEST(a_call_may_be_left),
		TEST(a_lost_server_is_said_in_the_pane),
		TEST(another_key_is_refused_both_ways),
		TEST(an_open_session_is_not_touched),
		TEST(who_is_nobody_is_declined),
		TEST(there_is_room_for_so_many),
		TEST(all_sessions_end_with_the_account),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
