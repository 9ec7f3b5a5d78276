/* SPDX-License-Identifier: ISC */
/* The real work server on SQLite; its clients are this test. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/account.h"
#include "tests/support/peer.h"
#include "tests/support/process.h"
#include "tests/support/tmpdir.h"
#include "tests/support/work_server.h"

/* --- what works ------------------------------------------------------------ */

/* Until the server says so: presence follows a closed connection, it is not the same moment. */
static void
wait_offline(struct peer *peer, uint64_t uid)
{
	struct msg_find_user_ok found;

	for (;;) {
		work_server_ask_find(peer, uid, "");
		peer_expect(peer, MSG_FIND_USER_OK, &found);
		if (!found.online)
			break;
		assert_false(peer_hears(peer, 50)); /* so much may be asked in a minute */
	}
}

/* Everything a person does with an account, with and without TLS. */
static void
live(const char *more)
{
	struct account alice, bob;
	struct work_server server;
	struct peer *a, *b;
	struct msg_find_user_ok found;
	struct msg_user_item item;
	struct msg_user_list_ok end;
	struct msg_introduce call;
	struct msg_keys_ok keys;

	work_server_start(&server, more);
	a = work_server_login(&server, &alice, "alice");
	b = work_server_login(&server, &bob, "bob");
	assert_true(bob.uid > alice.uid);

	work_server_ask_find(a, bob.uid, "");
	peer_expect(a, MSG_FIND_USER_OK, &found);
	assert_int_equal(found.online, 1);
	assert_true(bytes_equal(found.name, bytes_of_string("bob")));
	work_server_ask_find(a, 0, "BOB");
	peer_expect(a, MSG_FIND_USER_OK, &found);
	assert_int_equal(found.uid, bob.uid);

	work_server_ask_page(a, 1, 0, 0, "");
	peer_expect(a, MSG_USER_ITEM, &item);
	assert_int_equal(item.uid, alice.uid);
	assert_int_equal(item.online, 1);
	peer_expect(a, MSG_USER_ITEM, &item);
	assert_int_equal(item.uid, bob.uid);
	assert_true(bytes_equal(item.display, bytes_of_string("Åsa 听雨")));
	peer_expect(a, MSG_USER_LIST_OK, &end);
	assert_int_equal(end.total, 2);
	assert_int_equal(end.pages, 1);

	work_server_call(a, 11, bob.uid, "");
	peer_expect(b, MSG_INTRODUCE, &call);
	work_server_answer(b, call.request, STATUS_OK, "");
	peer_expect(a, MSG_OBTAIN_CLIENT_ADDR_OK, NULL);

	peer_send(a, MSG_KEYS, &(struct msg_keys){ .request = 1, .uid = bob.uid });
	peer_expect(a, MSG_KEYS_OK, &keys);
	assert_memory_equal(keys.identity.data, bob.identity.public_key, 32);

	peer_free(b);
	wait_offline(a, bob.uid);
	work_server_call(a, 11, bob.uid, "");
	peer_expect_error(a, STATUS_NOT_ONLINE);
	peer_free(a);
	work_server_end(&server);
}

static void
work__does_what_people_do__over_tls(void **state)
{
	(void)state;
	live("");
}

static void
work__does_what_people_do__in_plaintext(void **state)
{
	(void)state;
	live("insecure-plaintext yes\n");
}

static void
login__works__by_secret_key_and_token(void **state)
{
	struct account alice;
	struct work_server server;
	struct peer *a;

	(void)state;
	work_server_start(&server, "");
	a = work_server_login(&server, &alice, "alice");
	peer_free(a);
	a = work_server_greet(&server);
	account_login_by_key(&alice, a);
	peer_free(a);
	a = work_server_greet(&server);
	account_resume(&alice, a);
	peer_send(a, MSG_LOGOUT, &(struct msg_logout){ .request = 5 });
	peer_expect(a, MSG_LOGOUT_OK, NULL);
	assert_int_equal(peer_wait_down(a, PROCESS_PATIENCE_MS), STATUS_CLOSED);
	peer_free(a);
	work_server_end(&server);
}

/* A signature is good for its own connection only. */
static void
login__is_refused__with_signature_of_another_connection(void **state)
{
	uint8_t signature[IDENTITY_SIGNATURE_SIZE];
	struct identity_channel channel;
	struct account alice;
	struct work_server server;
	struct peer *a, *b;
	struct msg_login login = {
		.request = 3, .method = 2, .proof = bytes_of(signature, sizeof(signature))
	};

	(void)state;
	work_server_start(&server, "");
	a = work_server_login(&server, &alice, "alice");
	b = work_server_greet(&server);
	peer_channel(a, &channel);
	identity_sign_login(&alice.identity, &channel, alice.uid, signature);
	login.uid = alice.uid;
	peer_send(b, MSG_LOGIN, &login);
	peer_expect_error(b, STATUS_WRONG_PROOF);
	peer_free(b);
	peer_free(a);
	work_server_end(&server);
}

static void
login__takes_over__and_the_older_one_is_told(void **state)
{
	struct account alice;
	struct work_server server;
	struct peer *older, *newer;

	(void)state;
	work_server_start(&server, "");
	older = work_server_login(&server, &alice, "alice");
	/*
	 * Several times, so that both ways happen: within one child, and from one child to the
	 * other.
	 */
	for (int i = 0; i < 4; i++) {
		newer = work_server_greet(&server);
		account_login(&alice, newer);
		peer_expect_error(older, STATUS_TAKEN_OVER);
		peer_wait_down(older, PROCESS_PATIENCE_MS);
		peer_free(older);
		older = newer;
	}
	peer_free(older);
	work_server_end(&server);
}

static void
register__is_idempotent__by_identity(void **state)
{
	struct account alice, thief;
	struct msg_register message;
	struct work_server server;
	struct peer *a;
	uint64_t uid;

	(void)state;
	work_server_start(&server, "");
	a = work_server_greet(&server);
	account_init(&alice, "alice");
	account_register(&alice, a);
	uid = alice.uid;
	account_register(&alice, a);
	assert_int_equal(alice.uid, uid);

	account_init(&thief, "thief");
	thief.identity = alice.identity;
	message = account_registration(&thief, a);
	peer_send(a, MSG_REGISTER, &message);
	peer_expect_error(a, STATUS_IDENTITY_TAKEN);
	peer_free(a);
	work_server_end(&server);
}

static void
delete__ends_the_account__and_its_session(void **state)
{
	struct account alice, bob;
	struct work_server server;
	struct peer *a, *b, *again;
	struct msg_delete_user message = { .request = 6, .method = 1 };

	(void)state;
	work_server_start(&server, "");
	a = work_server_login(&server, &alice, "alice");
	b = work_server_login(&server, &bob, "bob");
	message.uid = alice.uid;
	message.proof = bytes_of(bob.secret, sizeof(bob.secret));
	peer_send(a, MSG_DELETE_USER, &message);
	peer_expect_error(a, STATUS_WRONG_PROOF);
	message.proof = bytes_of(alice.secret, sizeof(alice.secret));
	peer_send(a, MSG_DELETE_USER, &message);
	peer_expect(a, MSG_DELETE_USER_OK, NULL);
	peer_expect_error(a, STATUS_ACCOUNT_GONE);
	peer_free(a);

	work_server_ask_find(b, alice.uid, "");
	peer_expect_error(b, STATUS_NO_SUCH_USER);
	again = work_server_greet(&server);
	account_send_login(&alice, again, 3);
	peer_expect_error(again, STATUS_NO_SUCH_USER);
	peer_free(again);
	peer_free(b);
	work_server_end(&server);
}

static void
bundle__is_replaced__by_compare_and_swap(void **state)
{
	uint8_t signature[IDENTITY_SIGNATURE_SIZE], key[72] = { 1 }, sealed[30000] = { 2 };
	struct msg_bundle message = {
		.request = 7,
		.version = 1,
		.wrapped_key = bytes_of(key, sizeof(key)),
		.bundle = bytes_of(sealed, sizeof(sealed)),
		.signature = bytes_of(signature, sizeof(signature)),
	};
	struct identity_channel channel;
	struct msg_bundle_ok answer;
	struct account alice;
	struct work_server server;
	struct peer *a;

	(void)state;
	work_server_start(&server, "");
	a = work_server_login(&server, &alice, "alice");
	memset(signature, 7, sizeof(signature));
	peer_send(a, MSG_BUNDLE, &message);
	peer_expect_error(a, STATUS_WRONG_PROOF);
	peer_channel(a, &channel);
	identity_sign_bundle(&alice.identity, &channel, alice.uid, &message, signature);
	peer_send(a, MSG_BUNDLE, &message);
	peer_expect(a, MSG_BUNDLE_OK, &answer);
	assert_int_equal(answer.version, 2);
	/*
	 * The same once more is a repetition; another one on top of the old version is a
	 * conflict.
	 */
	peer_send(a, MSG_BUNDLE, &message);
	peer_expect(a, MSG_BUNDLE_OK, &answer);
	assert_int_equal(answer.version, 2);
	sealed[0] = 3;
	identity_sign_bundle(&alice.identity, &channel, alice.uid, &message, signature);
	peer_send(a, MSG_BUNDLE, &message);
	peer_expect_error(a, STATUS_CONFLICT);
	peer_free(a);
	work_server_end(&server);
}

/* --- processes ------------------------------------------------------------- */

static void
store__is_replaced__and_nothing_acknowledged_is_lost(void **state)
{
	struct account accounts[40];
	struct work_server server;
	struct msg_find_user_ok found;
	struct peer *a;
	pid_t store;

	(void)state;
	work_server_start(&server, "");
	a = work_server_greet(&server);
	for (size_t i = 0; i < ARRAY_LEN(accounts); i++) {
		account_init(&accounts[i], "alice");
		if (i == ARRAY_LEN(accounts) / 2) {
			assert_int_equal(
			    process_children(process_pid(server.process), "store", &store, 1), 1);
			kill(store, SIGKILL);
			assert_true(process_wait_gone(store, PROCESS_PATIENCE_MS));
		}
		account_register_patiently(&accounts[i], a);
	}
	account_login(&accounts[0], a);
	for (size_t i = 0; i < ARRAY_LEN(accounts); i++) {
		work_server_ask_find(a, accounts[i].uid, "");
		peer_expect(a, MSG_FIND_USER_OK, &found);
	}
	peer_free(a);
	work_server_end(&server);
}

static void
server__forgets_nothing__over_a_restart(void **state)
{
	struct account alice;
	struct work_server server;
	struct peer *a;

	(void)state;
	work_server_start(&server, "");
	a = work_server_login(&server, &alice, "alice");
	assert_true(process_kill_family(server.process, PROCESS_PATIENCE_MS));
	peer_wait_down(a, PROCESS_PATIENCE_MS);
	peer_free(a);
	process_free(server.process);
	work_server_run(&server);
	a = work_server_greet(&server);
	account_resume(&alice, a);
	peer_free(a);
	work_server_end(&server);
}

static void
server__refuses_to_start__on_a_database_in_use(void **state)
{
	struct work_server server;
	struct process *second;
	const char *argv[] = { NULL, "-c", NULL, "-o", "work-listen=127.0.0.1:0", NULL };
	int status;

	(void)state;
	work_server_start(&server, "");
	argv[0] = process_program("tingyu-work");
	argv[2] = server.file;
	second = process_start("second tingyu-work", argv);
	assert_true(process_wait_exit(second, PROCESS_PATIENCE_MS, &status));
	assert_int_not_equal(status, 0);
	assert_non_null(strstr(process_log(second), "used by another server"));
	process_free(second);
	work_server_end(&server);
}

static void
drain__asks_clients_to_move__then_the_server_ends(void **state)
{
	struct account alice;
	struct work_server server;
	struct peer *a;

	(void)state;
	work_server_start(&server, "");
	a = work_server_login(&server, &alice, "alice");
	process_signal(server.process, SIGTERM);
	peer_expect(a, MSG_MOVE, NULL);
	peer_free(a);
	assert_true(process_wait_exit(server.process, PROCESS_PATIENCE_MS, NULL));
	process_free(server.process);
	free(server.file);
	tmpdir_free(server.folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(work__does_what_people_do__over_tls),
		cmocka_unit_test(work__does_what_people_do__in_plaintext),
		cmocka_unit_test(login__works__by_secret_key_and_token),
		cmocka_unit_test(login__is_refused__with_signature_of_another_connection),
		cmocka_unit_test(login__takes_over__and_the_older_one_is_told),
		cmocka_unit_test(register__is_idempotent__by_identity),
		cmocka_unit_test(delete__ends_the_account__and_its_session),
		cmocka_unit_test(bundle__is_replaced__by_compare_and_swap),
		cmocka_unit_test(store__is_replaced__and_nothing_acknowledged_is_lost),
		cmocka_unit_test(server__forgets_nothing__over_a_restart),
		cmocka_unit_test(server__refuses_to_start__on_a_database_in_use),
		cmocka_unit_test(drain__asks_clients_to_move__then_the_server_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
