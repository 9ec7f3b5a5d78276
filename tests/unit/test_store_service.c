/* SPDX-License-Identifier: ISC */
/*
 * A session child's questions through the whole store, with both ends on one loop; on both
 * engines.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "server/store/store_service.h"
#include "shared/channel.h"
#include "shared/compiler.h"
#include "shared/wire.h"
#include "tests/support/database.h"
#include "tests/support/mariadb.h"
#include "tests/support/store_process.h"

/* One work server: its store, and one child's view of it. */
struct scene {
	struct event_base *base;
	struct store_service *service;
	struct store_client *client;
	unsigned taken, again;
	struct verb_session_taken last_taken;
	unsigned letters;
	uint64_t letter_uid;
	unsigned came, went;	/* elsewhere */
};

static void
on_told(void *arg, uint16_t verb, const void *message)
{
	struct scene *scene = arg;

	if (verb == VERB_SESSION_AGAIN) {
		scene->again++;
		return;
	}
	if (verb == VERB_LETTER) {
		scene->letters++;
		scene->letter_uid = ((const struct verb_letter *)message)->uid;
		return;
	}
	if (verb == VERB_ELSEWHERE_CHANGED) {
		const struct verb_elsewhere_changed *changed = message;

		*(changed->online ? &scene->came : &scene->went) += changed->uids.len / 8;
		return;
	}
	assert_int_equal(verb, VERB_SESSION_TAKEN);
	scene->taken++;
	scene->last_taken = *(const struct verb_session_taken *)message;
}

static void
attach(struct scene *scene, uint32_t generation)
{
	int ends[2];

	assert_int_equal(channel_pair(ends), STATUS_OK);
	store_service_add_child(scene->service, 0, generation, ends[0]);
	store_client_attach(scene->client, ends[1]);
}

static size_t
three_online(void *arg UNUSED, uint64_t *uids, size_t room)
{
	assert_true(room >= 3);
	for (size_t i = 0; i < 3; i++)
		uids[i] = 3 - i;
	return 3;
}

static void
open_scene(struct scene *scene, struct event_base *base, const struct store_config *config)
{
	char why[512];

	*scene = (struct scene){ .base = base };
	if (store_service_new(base, config, three_online, NULL, &scene->service, why,
	    sizeof(why)) != STATUS_OK)
		fail_msg("%s", why);
	scene->client = store_client_new(base, STORE_PATIENCE_MS, on_told, scene);
	attach(scene, 1);
}

static void
close_scene(struct scene *scene)
{
	store_service_free(scene->service);
	store_client_free(scene->client);
}

static struct reply
ask(struct scene *scene, uint16_t verb, const void *message)
{
	return ask_and_wait(scene->base, scene->client, verb, message);
}

#define assert_status(reply, expected) assert_int_equal((reply).answer.status, expected)

static void
every_verb_comes_through(void **state)
{
	struct database *database = *state;
	struct event_base *base = event_base_new();
	struct scene scene;
	struct sample sample;
	struct reply reply;
	uint64_t uid;

	open_scene(&scene, base, &database->config);
	sample_fill(&sample, 1, "lin");
	reply = ask(&scene, VERB_ACCOUNT_ADD, &sample.add);
	assert_status(reply, STATUS_OK);
	assert_int_equal(reply.answer.verb, VERB_ACCOUNT_ADD_OK);
	uid = ((struct verb_account_add_ok *)&reply.message)->uid;
	assert_int_equal(uid, 1);
	sample.secret_hash[0] ^= 1;
	assert_status(ask(&scene, VERB_ACCOUNT_ADD, &sample.add), STATUS_IDENTITY_TAKEN);

	reply = ask(&scene, VERB_ACCOUNT_GET, &(struct verb_account_get){ .uid = uid,
	    .with_bundle = 1 });
	assert_status(reply, STATUS_OK);
	assert_int_equal(((struct verb_account_get_ok *)&reply.message)->memory_kib, 65536);
	assert_int_equal(((struct verb_account_get_ok *)&reply.message)->bundle.len, 300);
	assert_status(ask(&scene, VERB_ACCOUNT_GET,
	    &(struct verb_account_get){ .name = bytes_of_string("nobody") }), STATUS_NO_SUCH_USER);
	reply = ask(&scene, VERB_ACCOUNT_FIND,
	    &(struct verb_account_find){ .name = bytes_of_string("LIN") });
	assert_status(reply, STATUS_OK);
	assert_int_equal(((struct verb_account_find_ok *)&reply.message)->uid, uid);
	reply = ask(&scene, VERB_ACCOUNT_EPOCH, &(struct verb_account_epoch){ .uid = uid });
	assert_status(reply, STATUS_OK);
	assert_int_equal(((struct verb_account_epoch_ok *)&reply.message)->epoch, 1);

	reply = ask(&scene, VERB_BUNDLE_PUT, &(struct verb_bundle_put){ .uid = uid, .version = 1,
	    .wrapped_key = sample.add.wrapped_key });
	assert_status(reply, STATUS_OK);
	assert_int_equal(((struct verb_bundle_put_ok *)&reply.message)->version, 2);
	reply = ask(&scene, VERB_BUNDLE_PUT, &(struct verb_bundle_put){ .uid = uid, .version = 9,
	    .wrapped_key = sample.add.wrapped_key });
	assert_status(reply, STATUS_CONFLICT);
	assert_int_equal(reply.answer.detail, 2);

	assert_status(ask(&scene, VERB_SESSION_ADD, &(struct verb_session_add){ .uid = uid,
	    .session = 1, .port = 1,
	    .host = bytes_of_string("::1") }), STATUS_OK);
	assert_status(ask(&scene, VERB_SESSION_FIND, &(struct verb_session_find){ .uid = uid }),
	    STATUS_NOT_ONLINE);
	assert_status(ask(&scene, VERB_SESSION_REMOVE, &(struct verb_session_remove){ .uid = uid,
	    .session = 1 }), STATUS_OK);
	assert_status(ask(&scene, VERB_ACCOUNT_DELETE, &(struct verb_account_delete){ .uid = uid }),
	    STATUS_OK);
	assert_status(ask(&scene, VERB_ACCOUNT_DELETE, &(struct verb_account_delete){ .uid = uid }),
	    STATUS_NO_SUCH_USER);
	assert_int_equal(store_client_pending(scene.client), 0);
	close_scene(&scene);
	event_base_free(base);
}

static void
pages_come_as_items_and_an_end(void **state)
{
	struct database *database = *state;
	struct event_base *base = event_base_new();
	struct scene scene;
	struct reply reply;

	database_fill(database, 130, 26);
	open_scene(&scene, base, &database->config);
	reply = ask(&scene, VERB_ACCOUNT_PAGE, &(struct verb_account_page){ .page = 1,
	    .per_page = 100 });
	assert_status(reply, STATUS_OK);
	assert_int_equal(reply.items, 100);
	assert_int_equal(((struct verb_page_end *)&reply.message)->total, 130);
	reply = ask(&scene, VERB_ACCOUNT_PAGE, &(struct verb_account_page){ .page = 3,
	    .per_page = 100 });
	assert_status(reply, STATUS_NO_SUCH_PAGE);
	assert_int_equal(reply.items, 0);
	assert_int_equal(reply.answer.detail, 2);
	reply = ask(&scene, VERB_ACCOUNT_PAGE, &(struct verb_account_page){ .page = 1,
	    .online_only = 1 });
	assert_status(reply, STATUS_OK);
	assert_int_equal(reply.items, 3);
	assert_status(ask(&scene, VERB_ACCOUNT_PAGE, &(struct verb_account_page){ .page = 0 }),
	    STATUS_BAD_VALUE);
	close_scene(&scene);
	event_base_free(base);
}

static void
many_questions_at_once_are_all_answered(void **state)
{
	enum { COUNT = 2000 };
	struct database *database = *state;
	struct event_base *base = event_base_new();
	struct reply *replies = calloc(COUNT, sizeof(*replies));
	struct store_figures figures;
	struct scene scene;
	struct sample sample;

	open_scene(&scene, base, &database->config);
	for (size_t i = 0; i < COUNT; i++) {
		sample_fill(&sample, i, "lin");
		store_client_ask(scene.client, VERB_ACCOUNT_ADD, &sample.add, reply_on_answer,
		    &replies[i], (uint32_t)i);
	}
	assert_int_equal(store_client_pending(scene.client), COUNT);
	for (size_t i = 0; i < COUNT; i++) {
		reply_wait(base, &replies[i]);
		assert_status(replies[i], STATUS_OK);
		assert_int_equal(replies[i].answer.tag, i);
	}
	store_service_figures(scene.service, &figures);
	assert_int_equal(figures.writes, COUNT + (database->mariadb != NULL ? 1 : 0));
	assert_true(figures.commits < COUNT / 2);
	assert_int_equal(figures.batches_split, 0);
	assert_int_equal(figures.children, 1);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"), COUNT);
	close_scene(&scene);
	event_base_free(base);
	free(replies);
}

static void
what_was_asked_before_the_end_is_answered(void **state)
{
	struct database *database = *state;
	struct event_base *base = event_base_new();
	struct reply replies[20] = { 0 };
	struct scene scene;
	struct sample sample;

	open_scene(&scene, base, &database->config);
	for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
		sample_fill(&sample, i, "lin");
		store_client_ask(scene.client, VERB_ACCOUNT_ADD, &sample.add, reply_on_answer,
		    &replies[i], 0);
	}
	/* Until the service has them; the first answer says so. */
	reply_wait(base, &replies[0]);
	store_service_free(scene.service);
	scene.service = NULL;
	for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
		reply_wait(base, &replies[i]);
		assert_status(replies[i], STATUS_OK);
	}
	loop_until(base, !store_client_is_attached(scene.client));
	close_scene(&scene);
	event_base_free(base);
}

static void
a_new_child_takes_the_place_of_the_old_one(void **state)
{
	struct database *database = *state;
	struct event_base *base = event_base_new();
	struct store_figures figures;
	struct reply reply = { 0 };
	struct scene scene;

	open_scene(&scene, base, &database->config);
	assert_status(ask(&scene, VERB_ACCOUNT_FIND, &(struct verb_account_find){ .uid = 1 }),
	    STATUS_NO_SUCH_USER);
	store_client_ask(scene.client, VERB_ACCOUNT_FIND, &(struct verb_account_find){ .uid = 1 },
	    reply_on_answer, &reply, 0);
	attach(&scene, 2);
	reply_wait(base, &reply);
	assert_status(reply, STATUS_STORE_AWAY);
	assert_status(ask(&scene, VERB_ACCOUNT_FIND, &(struct verb_account_find){ .uid = 1 }),
	    STATUS_NO_SUCH_USER);
	store_service_figures(scene.service, &figures);
	assert_int_equal(figures.children, 1);
	close_scene(&scene);
	event_base_free(base);
}

/* A child that is no child of ours: what it gets back. */
struct stranger {
	struct channel *channel;
	unsigned errors;
	struct verb_store_error error;
	bool closed;
};

static void
on_stranger_frame(struct channel *channel UNUSED, const struct frame *frame, int fd UNUSED,
    void *arg)
{
	struct stranger *stranger = arg;

	if (frame->type != VERB_STORE_ERROR)
		return;
	stranger->errors++;
	assert_int_equal(codec_decode(verb_schema(frame->type), frame->payload, &stranger->error,
	    NULL), STATUS_OK);
}

static void
on_stranger_closed(struct channel *channel UNUSED, void *arg)
{
	((struct stranger *)arg)->closed = true;
}

static const struct channel_events stranger_events = { on_stranger_frame, on_stranger_closed,
    NULL };

static void
send_raw(struct stranger *stranger, struct event_base *base, const char *frame, size_t len)
{
	unsigned before = stranger->errors;

	assert_int_equal(channel_send(stranger->channel, bytes_of(frame, len), -1), STATUS_OK);
	loop_until(base, stranger->errors > before);
}

static void
frames_that_are_wrong_are_refused_and_nobody_else_notices(void **state)
{
	struct database *database = *state;
	struct event_base *base = event_base_new();
	struct stranger stranger = { 0 };
	struct scene scene;
	int ends[2];

	open_scene(&scene, base, &database->config);
	assert_int_equal(channel_pair(ends), STATUS_OK);
	store_service_add_child(scene.service, 5, 1, ends[0]);
	stranger.channel = channel_new(base, ends[1], &stranger_events, &stranger);
	send_raw(&stranger, base, "\x07\xff\x00\x08\x00\x00\x00\x2a", 8);
	assert_int_equal(stranger.error.status, STATUS_UNKNOWN_TYPE);
	assert_int_equal(stranger.error.request, 42);
	/* an answer is no question */
	send_raw(&stranger, base, "\x40\x01\x00\x08\x00\x00\x00\x2b", 8);
	assert_int_equal(stranger.error.status, STATUS_UNKNOWN_TYPE);
	send_raw(&stranger, base, "\x00\x06\x00\x08\x00\x00\x00\x2c", 8);
	assert_int_equal(stranger.error.status, STATUS_BAD_FRAME);
	assert_int_equal(stranger.error.request, 44);
	send_raw(&stranger, base, "\x00\x06\x00\x12\x00\x00\x00\x2d" "12345678" "99", 18);
	assert_int_equal(stranger.error.status, STATUS_BAD_FRAME);
	send_raw(&stranger, base, "\x00\x06\x00\x04", 4);
	assert_int_equal(stranger.error.status, STATUS_BAD_FRAME);
	assert_int_equal(stranger.error.request, 0);
	send_raw(&stranger, base, "\x00\x06\x00\x10\x00\x00\x00\x2e" "\0\0\0\0\0\0\0\x63", 16);
	assert_int_equal(stranger.error.status, STATUS_NO_SUCH_USER);
	assert_false(stranger.closed);
	assert_status(ask(&scene, VERB_ACCOUNT_FIND, &(struct verb_account_find){ .uid = 1 }),
	    STATUS_NO_SUCH_USER);
	channel_free(stranger.channel);
	close_scene(&scene);
	event_base_free(base);
}

/* Somebody else holds the only place to write; SQLite, where a test can do that. */
static void
a_full_queue_says_busy(void **state)
{
	/* More than the writer takes into its hand at once (256) and what may wait behind. */
	enum { COUNT = 320 };
	struct database *database = *state;
	struct event_base *base = event_base_new();
	struct reply replies[COUNT] = { 0 };
	struct scene scene;
	struct sample sample;
	unsigned busy = 0, done = 0;

	if (database->mariadb != NULL) {
		event_base_free(base);
		return;
	}
	database->config.queue_max = 16;
	open_scene(&scene, base, &database->config);
	assert_int_equal(store_begin(database->store), STATUS_OK);
	for (size_t i = 0; i < COUNT; i++) {
		sample_fill(&sample, i, "lin");
		store_client_ask(scene.client, VERB_ACCOUNT_ADD, &sample.add, reply_on_answer,
		    &replies[i], 0);
	}
	reply_wait(base, &replies[COUNT - 1]);
	assert_status(replies[COUNT - 1], STATUS_BUSY);
	assert_true(replies[COUNT - 1].answer.retry_ms > 0);
	/* Reading goes on meanwhile. */
	assert_status(ask(&scene, VERB_ACCOUNT_FIND, &(struct verb_account_find){ .uid = 1 }),
	    STATUS_NO_SUCH_USER);
	store_rollback(database->store);
	for (size_t i = 0; i < COUNT; i++) {
		reply_wait(base, &replies[i]);
		busy += replies[i].answer.status == STATUS_BUSY;
		done += replies[i].answer.status == STATUS_OK;
	}
	assert_int_equal(busy + done, COUNT);
	/* On a slow machine also those that had a place may have waited for too long. */
	assert_true(busy >= COUNT - 256 - 16);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"), done);
	close_scene(&scene);
	event_base_free(base);
}

static void
a_second_server_on_the_same_file_is_refused(void **state)
{
	struct database *database = *state;
	struct event_base *base = event_base_new();
	struct store_service *second;
	struct scene scene;
	char why[512] = "";

	open_scene(&scene, base, &database->config);
	if (database->mariadb == NULL) {
		assert_int_equal(store_service_new(base, &database->config, NULL, NULL, &second,
		    why, sizeof(why)), STATUS_STORE_LOCKED);
		assert_null(second);
		assert_non_null(strstr(why, "is used by another server"));
	}
	assert_status(ask(&scene, VERB_ACCOUNT_FIND, &(struct verb_account_find){ .uid = 1 }),
	    STATUS_NO_SUCH_USER);
	close_scene(&scene);
	/* And at once when the first one has ended. */
	open_scene(&scene, base, &database->config);
	close_scene(&scene);
	event_base_free(base);
}

static void
a_newer_database_is_refused(void **state)
{
	struct database *database = *state;
	struct event_base *base = event_base_new();
	struct store_service *service;
	char why[512] = "";

	database_say(database, "INSERT INTO tingyu_schema (version, since) VALUES (1000, 0)");
	assert_int_equal(store_service_new(base, &database->config, NULL, NULL, &service, why,
	    sizeof(why)), STATUS_STORE_NEWER);
	assert_null(service);
	assert_non_null(strstr(why, "newer version"));
	event_base_free(base);
}

/* Of two users, how many are online elsewhere. */
static unsigned
count_elsewhere(struct scene *scene, uint64_t first, uint64_t second)
{
	uint8_t uids[16];
	struct wire wire = wire_writer(uids, sizeof(uids));
	struct verb_elsewhere question = { .uids = bytes_of(uids, sizeof(uids)) };
	const struct verb_elsewhere_ok *answer;
	struct reply reply;

	wire_put_u64(&wire, first);
	wire_put_u64(&wire, second);
	reply = ask(scene, VERB_ELSEWHERE, &question);
	assert_status(reply, STATUS_OK);
	answer = (const void *)&reply.message;
	assert_int_equal(answer->online.len + answer->absent.len, sizeof(uids));
	return (unsigned)answer->online.len / 8;
}

static void
children_are_told_who_is_elsewhere(void **state)
{
	struct database *database = *state;
	struct store_config other = database->config;
	struct event_base *base = event_base_new();
	struct verb_session_add add = { .uid = 77, .session = 5, .port = 1,
	    .host = bytes_of_string("192.0.2.1") };
	struct scene a, b;

	open_scene(&a, base, &database->config);
	assert_int_equal(count_elsewhere(&a, 77, 78), 0);
	if (database->mariadb == NULL) {
		close_scene(&a);
		event_base_free(base);
		return;
	}
	other.server_id = 2;
	open_scene(&b, base, &other);
	assert_status(ask(&b, VERB_SESSION_ADD, &add), STATUS_OK);
	loop_until(base, a.came > 0);
	assert_int_equal(count_elsewhere(&a, 77, 78), 1);
	/* B has not asked, and 77 is not elsewhere for it. */
	assert_int_equal(count_elsewhere(&b, 77, 78), 0);
	/* Another child here knows nothing and has to ask itself. */
	attach(&a, 2);
	assert_status(ask(&b, VERB_SESSION_REMOVE,
	    &(struct verb_session_remove){ .uid = 77, .session = 5 }), STATUS_OK);
	while (count_elsewhere(&a, 77, 78) > 0)
		loop_turn(base);
	add.uid = 78;
	assert_status(ask(&b, VERB_SESSION_ADD, &add), STATUS_OK);
	loop_until(base, a.came > 1);
	assert_int_equal(b.came + b.went, 0);
	close_scene(&b);
	loop_until(base, a.went > 0);
	close_scene(&a);
	event_base_free(base);
}

static void
letters_are_told_to_the_child(void **state)
{
	struct database *database = *state;
	struct store_config other = database->config;
	struct event_base *base = event_base_new();
	struct verb_session_add add = { .uid = 77, .session = 5, .port = 1,
	    .host = bytes_of_string("192.0.2.1") };
	const struct verb_letter_put letter = { .uid = 77, .frame = bytes_of_string("1234") };
	struct scene a, b;

	open_scene(&a, base, &database->config);
	assert_status(ask(&a, VERB_LETTER_PUT, &letter), STATUS_NOT_ONLINE);
	if (database->mariadb == NULL) {
		close_scene(&a);
		event_base_free(base);
		return;
	}
	other.server_id = 2;
	open_scene(&b, base, &other);
	assert_status(ask(&b, VERB_SESSION_ADD, &add), STATUS_OK);
	/* B lives when it has renewed its lease for the first time. */
	while (database_ask(database, "SELECT COUNT(*) FROM server") < 2)
		loop_turn(base);
	assert_status(ask(&a, VERB_LETTER_PUT, &letter), STATUS_OK);
	loop_until(base, b.letters > 0);
	assert_int_equal(b.letter_uid, 77);

	/* Its child died just now: another one will know where the user is. */
	assert_status(ask(&a, VERB_LETTER_PUT, &letter), STATUS_OK);
	attach(&b, 2);
	loop_until(base, b.letters > 1);
	assert_int_equal(a.letters + b.taken, 0);
	close_scene(&a);
	close_scene(&b);
	event_base_free(base);
}

static void
a_takeover_by_another_server_is_told_to_the_child(void **state)
{
	struct database *database = *state;
	struct store_config other = database->config;
	struct event_base *base = event_base_new();
	struct verb_session_add add = { .uid = 77, .session = 5, .port = 1,
	    .host = bytes_of_string("192.0.2.1") };
	struct scene a, b;

	if (database->mariadb == NULL) {
		event_base_free(base);
		return;
	}
	other.server_id = 2;
	open_scene(&a, base, &database->config);
	open_scene(&b, base, &other);
	assert_status(ask(&a, VERB_SESSION_ADD, &add), STATUS_OK);
	add.session = 9;
	assert_status(ask(&b, VERB_SESSION_ADD, &add), STATUS_OK);
	loop_until(base, a.taken > 0);
	assert_int_equal(a.last_taken.uid, 77);
	assert_int_equal(a.last_taken.session, 5);
	assert_status(ask(&a, VERB_SESSION_FIND, &(struct verb_session_find){ .uid = 77 }),
	    STATUS_OK);
	assert_int_equal(b.taken, 0);

	/* The winner's child dies: nobody has to say that its session is over. */
	store_client_free(b.client);
	b.client = store_client_new(base, STORE_PATIENCE_MS, on_told, &b);
	while (database_ask(database, "SELECT COUNT(*) FROM session") > 0)
		loop_turn(base);
	close_scene(&a);
	close_scene(&b);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM server"), 0);
	event_base_free(base);
}

/* A child dies while the database is away: nobody else would ever say that its session is over. */
static void
a_dead_child_is_swept_up_after_when_the_database_is_back(void **state)
{
	struct database *database = *state;
	struct event_base *base = event_base_new();
	struct scene scene;

	if (database->mariadb == NULL) {
		event_base_free(base);
		return;
	}
	open_scene(&scene, base, &database->config);
	assert_status(ask(&scene, VERB_SESSION_ADD, &(struct verb_session_add){ .uid = 77, .session = 5,
	    .port = 1, .host = bytes_of_string("192.0.2.1") }), STATUS_OK);
	mariadb_kill(database->mariadb);
	assert_status(ask(&scene, VERB_ACCOUNT_FIND, &(struct verb_account_find){ .uid = 1 }),
	    STATUS_STORE_AWAY);
	store_client_free(scene.client);
	scene.client = store_client_new(base, STORE_PATIENCE_MS, on_told, &scene);
	for (struct store_figures figures = { .children = 1 }; figures.children > 0;) {
		loop_turn(base);
		store_service_figures(scene.service, &figures);
	}
	mariadb_start(database->mariadb);
	while (database_ask(database, "SELECT COUNT(*) FROM session") > 0)
		loop_turn(base);
	close_scene(&scene);
	event_base_free(base);
}

static void
a_database_that_is_away_at_the_start_is_waited_for(void **state)
{
	struct database *database = *state;
	struct event_base *base = event_base_new();
	struct scene scene;
	struct sample sample;

	if (database->mariadb == NULL) {
		event_base_free(base);
		return;
	}
	mariadb_kill(database->mariadb);
	open_scene(&scene, base, &database->config);
	sample_fill(&sample, 1, "lin");
	assert_status(ask(&scene, VERB_ACCOUNT_ADD, &sample.add), STATUS_STORE_AWAY);
	assert_status(ask(&scene, VERB_ACCOUNT_FIND, &(struct verb_account_find){ .uid = 1 }),
	    STATUS_STORE_AWAY);
	mariadb_start(database->mariadb);
	assert_status(ask_patiently(base, scene.client, VERB_ACCOUNT_ADD, &sample.add), STATUS_OK);
	/* Nobody has heard of this server before: the child is asked for its sessions. */
	loop_until(base, scene.again > 0);
	close_scene(&scene);
	event_base_free(base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_verb_comes_through),
		cmocka_unit_test(pages_come_as_items_and_an_end),
		cmocka_unit_test(many_questions_at_once_are_all_answered),
		cmocka_unit_test(what_was_asked_before_the_end_is_answered),
		cmocka_unit_test(a_new_child_takes_the_place_of_the_old_one),
		cmocka_unit_test(frames_that_are_wrong_are_refused_and_nobody_else_notices),
		cmocka_unit_test(a_full_queue_says_busy),
		cmocka_unit_test(a_second_server_on_the_same_file_is_refused),
		cmocka_unit_test(a_newer_database_is_refused),
		cmocka_unit_test(children_are_told_who_is_elsewhere),
		cmocka_unit_test(letters_are_told_to_the_child),
		cmocka_unit_test(a_takeover_by_another_server_is_told_to_the_child),
		cmocka_unit_test(a_dead_child_is_swept_up_after_when_the_database_is_back),
		cmocka_unit_test(a_database_that_is_away_at_the_start_is_waited_for),
	};

	return database_run_tests(tests, ARRAY_LEN(tests));
}
