/* SPDX-License-Identifier: ISC */
/*
 * Who is online where, with several work servers on one database; on SQLite there is one, and
 * all of it costs nothing.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/store/online.h"
#include "shared/compiler.h"
#include "tests/support/database.h"

/* A work server as the database sees it. */
struct work {
	struct store_config config;
	struct store *store;
};

static void
start(struct work *work, const struct database *database, uint64_t server_id)
{
	bool is_new;

	work->config = database->config;
	work->config.server_id = server_id;
	work->store = database_open(&work->config);
	assert_int_equal(store_lease_renew(work->store, &is_new), STATUS_OK);
	assert_int_equal(is_new, database->mariadb != NULL);
}

static void
add(struct work *work, uint16_t child, uint64_t uid, uint32_t session)
{
	const struct store_child who = { child, 1 };
	const struct verb_session_add ask = {
		.uid = uid, .session = session, .port = (uint16_t)(1000 + session),
		    .host = bytes_of_string("192.0.2.7"),
	};

	assert_int_equal(store_session_add(work->store, &who, &ask), STATUS_OK);
}

static void
take_away(struct work *work, uint16_t child, uint64_t uid, uint32_t session)
{
	const struct store_child who = { child, 1 };

	assert_int_equal(store_session_remove(work->store, &who,
	    &(struct verb_session_remove){ .uid = uid, .session = session }), STATUS_OK);
}

/* The port where "work" sees this user elsewhere; 0: nowhere. */
static unsigned
find(struct work *work, uint64_t uid)
{
	struct verb_session_find_ok out;
	enum status status = store_session_find(work->store,
	    &(struct verb_session_find){ .uid = uid }, &out);

	if (status == STATUS_NOT_ONLINE)
		return 0;
	assert_int_equal(status, STATUS_OK);
	assert_true(bytes_equal(out.host, bytes_of_string("192.0.2.7")));
	return out.port;
}

struct taken {
	unsigned count;
	struct store_child child;
	uint64_t uid;
	uint32_t session;
	uint8_t frame[STORE_LETTER_MAX];
	size_t frame_len;	/* 0: the session was taken over */
};

static void
on_letter(void *arg, const struct store_letter *letter)
{
	struct taken *taken = arg;

	taken->count++;
	taken->child = letter->child;
	taken->uid = letter->uid;
	taken->session = letter->session;
	taken->frame_len = letter->frame.len;
	if (letter->frame.len > 0)
		memcpy(taken->frame, letter->frame.data, letter->frame.len);
}

static struct taken
ask_taken(struct work *work)
{
	struct taken taken = { 0 };

	assert_int_equal(store_letters_take(work->store, on_letter, &taken), STATUS_OK);
	return taken;
}

static void
the_other_server_sees_who_is_online(void **state)
{
	struct database *database = *state;
	bool shared = database->mariadb != NULL;
	uint64_t uid = sample_add(database->store, 1, "lin");
	struct verb_account_find_ok found;
	struct work a, b;

	start(&a, database, 0x8000000000000001);
	start(&b, database, 2);
	add(&a, 0, uid, 5);
	assert_int_equal(find(&b, uid), shared ? 1005 : 0);
	assert_int_equal(find(&a, uid), 0);	/* not elsewhere */
	assert_int_equal(store_account_find(b.store, &(struct verb_account_find){ .uid = uid },
	    &found), STATUS_OK);
	assert_int_equal(found.remote_online, shared);
	assert_int_equal(store_account_find(a.store, &(struct verb_account_find){ .uid = uid },
	    &found), STATUS_OK);
	assert_int_equal(found.remote_online, 0);
	take_away(&a, 0, uid, 5);
	assert_int_equal(find(&b, uid), 0);
	store_close(a.store);
	store_close(b.store);
}

static void
mark_item(void *arg, const struct verb_page_item *item)
{
	uint64_t *marks = arg;

	marks[0]++;
	marks[1] = marks[1] << 1 | item->remote_online;
}

static void
pages_say_who_is_online_elsewhere(void **state)
{
	struct database *database = *state;
	bool shared = database->mariadb != NULL;
	struct online *online = online_new(NULL, NULL);
	struct verb_page_end end;
	struct work a, b;
	uint64_t marks[2] = { 0 };

	database_fill(database, 60, 26);
	start(&a, database, 1);
	start(&b, database, 2);
	add(&a, 0, 2, 5);
	add(&a, 1, 60, 6);
	add(&b, 0, 3, 5);
	assert_int_equal(store_account_page(b.store, &(struct verb_account_page){ .page = 1,
	    .per_page = 60 }, online, mark_item, marks, &end), STATUS_OK);
	assert_int_equal(marks[0], 60);
	assert_int_equal(marks[1], shared ? 1ull << 58 | 1 : 0);
	memset(marks, 0, sizeof(marks));
	assert_int_equal(store_account_page(b.store,
	    &(struct verb_account_page){ .page = 1, .online_only = 1 }, online, mark_item, marks,
	    &end), STATUS_OK);
	assert_int_equal(marks[0], shared ? 2 : 0);
	assert_int_equal(marks[1], shared ? 3 : 0);
	online_free(online);
	store_close(a.store);
	store_close(b.store);
}

static void
a_takeover_is_told_to_who_lost_the_session(void **state)
{
	struct database *database = *state;
	bool shared = database->mariadb != NULL;
	struct taken taken;
	struct work a, b;

	start(&a, database, 1);
	start(&b, database, 2);
	add(&a, 3, 77, 5);
	assert_int_equal(ask_taken(&a).count, 0);
	add(&b, 0, 77, 9);
	taken = ask_taken(&a);
	assert_int_equal(taken.count, shared);
	if (shared) {
		assert_int_equal(taken.uid, 77);
		assert_int_equal(taken.session, 5);
		assert_int_equal(taken.child.index, 3);
		assert_int_equal(taken.child.generation, 1);
	}
	assert_int_equal(ask_taken(&a).count, 0);
	assert_int_equal(ask_taken(&b).count, 0);

	/* What the loser still says about it changes nothing. */
	take_away(&a, 3, 77, 5);
	assert_int_equal(find(&a, 77), shared ? 1009 : 0);
	/* Another session with the same server is that server's own affair. */
	add(&b, 1, 77, 10);
	assert_int_equal(ask_taken(&b).count, 0);
	take_away(&b, 0, 77, 9);
	assert_int_equal(find(&a, 77), shared ? 1010 : 0);
	store_close(a.store);
	store_close(b.store);
}

static void
many_takeovers_are_all_told(void **state)
{
	struct database *database = *state;
	struct work a, b;

	start(&a, database, 1);
	start(&b, database, 2);
	for (uint32_t i = 1; i <= 120; i++)
		add(&a, 0, i, i);
	for (uint32_t i = 1; i <= 120; i++)
		add(&b, 0, i, i);
	assert_int_equal(ask_taken(&a).count, database->mariadb != NULL ? 120 : 0);
	store_close(a.store);
	store_close(b.store);
}

static enum status
put(struct work *work, uint64_t uid, struct bytes frame)
{
	return store_letter_put(work->store,
	    &(struct verb_letter_put){ .uid = uid, .frame = frame });
}

static void
letters_reach_the_other_server_once(void **state)
{
	struct database *database = *state;
	bool shared = database->mariadb != NULL;
	uint8_t frame[STORE_LETTER_MAX] = { 0x00, 0x01, 0x04, 0x00, 0xff };
	struct taken taken;
	struct work a, b;

	start(&a, database, 1);
	start(&b, database, 2);
	add(&a, 3, 77, 5);
	assert_int_equal(put(&b, 77, bytes_of(frame, sizeof(frame))),
	    shared ? STATUS_OK : STATUS_NOT_ONLINE);
	assert_int_equal(put(&b, 78, bytes_of(frame, 4)), STATUS_NOT_ONLINE);
	assert_int_equal(put(&a, 77, bytes_of(frame, 4)), STATUS_NOT_ONLINE); /* not elsewhere */
	assert_int_equal(ask_taken(&b).count, 0);
	taken = ask_taken(&a);
	assert_int_equal(taken.count, shared);
	if (shared) {
		assert_int_equal(taken.uid, 77);
		assert_int_equal(taken.session, 5);
		assert_int_equal(taken.child.index, 3);
		assert_int_equal(taken.child.generation, 1);
		assert_int_equal(taken.frame_len, sizeof(frame));
		assert_memory_equal(taken.frame, frame, sizeof(frame));
	}
	assert_int_equal(ask_taken(&a).count, 0);

	/* More of the largest than are taken at once. */
	for (int i = 0; i < 70 && shared; i++)
		assert_int_equal(put(&b, 77, bytes_of(frame, sizeof(frame))), STATUS_OK);
	assert_int_equal(ask_taken(&a).count, shared ? 70 : 0);
	store_close(a.store);
	store_close(b.store);
}

static void
letters_are_for_half_a_minute_and_for_the_living(void **state)
{
	struct database *database = *state;
	uint8_t frame[4] = { 0 };
	bool is_new;
	struct work a, b;

	if (database->mariadb == NULL)
		return;
	start(&a, database, 1);
	start(&b, database, 2);
	add(&a, 3, 77, 5);
	assert_int_equal(put(&b, 77, bytes_of(frame, 4)), STATUS_OK);
	a.config.clock_ahead_ms = 31000;
	assert_int_equal(ask_taken(&a).count, 0);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM letter"), 0);

	/* Nobody comes for it: whoever sweeps next takes it away, but no takeover. */
	assert_int_equal(put(&b, 77, bytes_of(frame, 4)), STATUS_OK);
	add(&b, 0, 77, 9);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM letter"), 2);
	b.config.clock_ahead_ms = 31000;
	assert_int_equal(store_lease_renew(b.store, &is_new), STATUS_OK);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM letter"), 1);
	assert_int_equal(ask_taken(&a).count, 1);

	add(&a, 3, 77, 6);
	b.config.clock_ahead_ms = STORE_LEASE_MS + 5001;
	assert_int_equal(put(&b, 77, bytes_of(frame, 4)), STATUS_NOT_ONLINE);
	store_close(a.store);
	store_close(b.store);
}

static void
sessions_end_with_the_lease_of_their_server(void **state)
{
	struct database *database = *state;
	bool shared = database->mariadb != NULL, is_new;
	uint64_t *uids;
	size_t count;
	struct work a, b;

	start(&a, database, 1);
	start(&b, database, 2);
	add(&a, 0, 77, 5);
	b.config.clock_ahead_ms = STORE_LEASE_MS - 5000;
	assert_int_equal(find(&b, 77), shared ? 1005 : 0);
	b.config.clock_ahead_ms = STORE_LEASE_MS + 1;
	assert_int_equal(find(&b, 77), 0);
	assert_int_equal(store_session_remote(b.store, &uids, &count), STATUS_OK);
	assert_int_equal(count, 0);
	free(uids);

	/* It was only slow: it renews, and its sessions are there again. */
	a.config.clock_ahead_ms = b.config.clock_ahead_ms;
	assert_int_equal(store_lease_renew(a.store, &is_new), STATUS_OK);
	assert_false(is_new);
	assert_int_equal(find(&b, 77), shared ? 1005 : 0);
	assert_int_equal(store_session_remote(b.store, &uids, &count), STATUS_OK);
	assert_int_equal(count, shared);
	free(uids);
	store_close(a.store);
	store_close(b.store);
}

static void
a_server_that_is_long_dead_is_forgotten(void **state)
{
	struct database *database = *state;
	bool is_new;
	struct work a, b;

	start(&a, database, 1);
	start(&b, database, 2);
	add(&a, 0, 77, 5);
	add(&b, 0, 77, 6);
	add(&a, 0, 78, 7);
	b.config.clock_ahead_ms = STORE_LEASE_MS + 601000;
	assert_int_equal(store_lease_renew(b.store, &is_new), STATUS_OK);
	assert_false(is_new);
	if (database->mariadb != NULL) {
		assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM server"), 1);
		assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM session"), 1);
		assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM letter"), 0);
	}
	/* Should it come back after all, it is told that nobody knows its sessions. */
	a.config.clock_ahead_ms = b.config.clock_ahead_ms;
	assert_int_equal(store_lease_renew(a.store, &is_new), STATUS_OK);
	assert_int_equal(is_new, database->mariadb != NULL);
	assert_int_equal(store_lease_renew(a.store, &is_new), STATUS_OK);
	assert_false(is_new);
	store_close(a.store);
	store_close(b.store);
}

static void
a_dead_child_takes_its_sessions_along(void **state)
{
	struct database *database = *state;
	bool shared = database->mariadb != NULL;
	struct work a, b;

	start(&a, database, 1);
	start(&b, database, 2);
	add(&a, 0, 70, 1);
	add(&a, 1, 71, 1);
	assert_int_equal(store_session_sweep(a.store, &(struct store_child){ 0, 1 }), STATUS_OK);
	assert_int_equal(store_session_sweep(b.store, &(struct store_child){ 0, 2 }), STATUS_OK);
	assert_int_equal(find(&b, 70), shared ? 1001 : 0);
	assert_int_equal(store_session_sweep(a.store, &(struct store_child){ 0, 0 }), STATUS_OK);
	assert_int_equal(find(&b, 70), 0);
	assert_int_equal(find(&b, 71), shared ? 1001 : 0);
	assert_int_equal(store_session_sweep(a.store, &(struct store_child){ 1, 2 }), STATUS_OK);
	assert_int_equal(find(&b, 71), 0);
	store_close(a.store);
	store_close(b.store);
}

static void
a_server_that_stops_leaves_nothing_behind(void **state)
{
	struct database *database = *state;
	struct work a, b;

	start(&a, database, 1);
	start(&b, database, 2);
	add(&a, 0, 70, 1);
	add(&b, 0, 71, 1);
	assert_int_equal(store_lease_end(a.store), STATUS_OK);
	assert_int_equal(find(&b, 70), 0);
	assert_int_equal(find(&a, 71), database->mariadb != NULL ? 1001 : 0);
	store_close(a.store);
	store_close(b.store);
}

static void
a_deleted_account_is_not_online(void **state)
{
	struct database *database = *state;
	uint64_t uid = sample_add(database->store, 1, "lin");
	bool shared = database->mariadb != NULL, was_there = false;
	struct taken taken;
	struct work a, b;

	start(&a, database, 1);
	start(&b, database, 2);
	add(&a, 3, uid, 5);
	assert_int_equal(store_account_delete(b.store, &(struct verb_account_delete){ .uid = uid },
	    &was_there), STATUS_OK);
	assert_int_equal(find(&b, uid), 0);
	/* The server that had the session is told; the one that deleted it knows. */
	taken = ask_taken(&a);
	assert_int_equal(taken.count, shared);
	assert_int_equal(taken.uid, shared ? uid : 0);
	assert_int_equal(taken.session, shared ? 5 : 0);
	assert_int_equal(ask_taken(&b).count, 0);
	store_close(a.store);
	store_close(b.store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_other_server_sees_who_is_online),
		cmocka_unit_test(pages_say_who_is_online_elsewhere),
		cmocka_unit_test(a_takeover_is_told_to_who_lost_the_session),
		cmocka_unit_test(many_takeovers_are_all_told),
		cmocka_unit_test(letters_reach_the_other_server_once),
		cmocka_unit_test(letters_are_for_half_a_minute_and_for_the_living),
		cmocka_unit_test(sessions_end_with_the_lease_of_their_server),
		cmocka_unit_test(a_server_that_is_long_dead_is_forgotten),
		cmocka_unit_test(a_dead_child_takes_its_sessions_along),
		cmocka_unit_test(a_server_that_stops_leaves_nothing_behind),
		cmocka_unit_test(a_deleted_account_is_not_online),
	};

	return database_run_tests(tests, ARRAY_LEN(tests));
}
