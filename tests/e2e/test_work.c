/* SPDX-License-Identifier: ISC */
/* The real work server on SQLite; its clients are this test. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/mem.h"
#include "tests/support/account.h"
#include "tests/support/peer.h"
#include "tests/support/process.h"
#include "tests/support/tmpdir.h"
#include "tests/support/work_server.h"

/* --- clients --------------------------------------------------------------- */

static void
ask_page(
    struct peer *peer, uint32_t page, uint8_t per_page, uint8_t online_only, const char *prefix)
{
	struct msg_user_list message = {
		.request = 9, .page = page, .per_page = per_page, .online_only = online_only,
		.prefix = bytes_of_string(prefix),
	};

	peer_send(peer, MSG_USER_LIST, &message);
}

static void
ask_find(struct peer *peer, uint64_t uid, const char *name)
{
	struct msg_find_user message = { .request = 10, .uid = uid, .name = bytes_of_string(name) };

	peer_send(peer, MSG_FIND_USER, &message);
}

/* Until the server says so: presence follows a closed connection, it is not the same moment. */
static void
wait_offline(struct peer *peer, uint64_t uid)
{
	struct msg_find_user_ok found;

	for (;;) {
		ask_find(peer, uid, "");
		peer_expect(peer, MSG_FIND_USER_OK, &found);
		if (!found.online)
			break;
		assert_false(peer_hears(peer, 50)); /* so much may be asked in a minute */
	}
}

/* --- what works ------------------------------------------------------------ */

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

	ask_find(a, bob.uid, "");
	peer_expect(a, MSG_FIND_USER_OK, &found);
	assert_int_equal(found.online, 1);
	assert_true(bytes_equal(found.name, bytes_of_string("bob")));
	ask_find(a, 0, "BOB");
	peer_expect(a, MSG_FIND_USER_OK, &found);
	assert_int_equal(found.uid, bob.uid);

	ask_page(a, 1, 0, 0, "");
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

	ask_find(b, alice.uid, "");
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

/* --- bad input ------------------------------------------------------------- */

/* Whatever happened to one client: this one is served. */
static void
assert_others_are_served(struct peer *other, const struct account *account)
{
	struct msg_find_user_ok found;

	ask_find(other, account->uid, "");
	peer_expect(other, MSG_FIND_USER_OK, &found);
	assert_int_equal(found.online, 1);
}

static void
request__is_refused__and_the_connection_goes_on(void **state)
{
	struct account alice;
	struct work_server server;
	struct peer *a, *b;

	(void)state;
	work_server_start(&server, "");
	a = work_server_login(&server, &alice, "alice");
	ask_find(a, 4711, "");
	peer_expect_error(a, STATUS_NO_SUCH_USER);
	ask_find(a, 0, "no:name");
	peer_expect_error(a, STATUS_BAD_NAME);
	ask_find(a, 0, "nobody");
	peer_expect_error(a, STATUS_NO_SUCH_USER);
	ask_page(a, 99, 20, 0, "");
	peer_expect_error(a, STATUS_NO_SUCH_PAGE);
	ask_page(a, 1, 101, 0, "");
	peer_expect_error(a, STATUS_BAD_VALUE);
	ask_page(a, 1, 20, 0, "a:");
	peer_expect_error(a, STATUS_BAD_NAME);
	work_server_call(a, 11, 4711, "");
	peer_expect_error(a, STATUS_NO_SUCH_USER);
	assert_others_are_served(a, &alice);

	b = work_server_greet(&server);
	alice.secret[0] ^= 1;
	account_send_login(&alice, b, 3);
	peer_expect_error(b, STATUS_WRONG_PROOF);
	peer_send(b, MSG_SALT, &(struct msg_salt){ .request = 4, .uid = 4711 });
	peer_expect_error(b, STATUS_NO_SUCH_USER);
	peer_free(b);
	peer_free(a);
	work_server_end(&server);
}

/* REGISTER with a name that no schema would let out: patched into the bytes. */
static void
send_registration_named(struct peer *peer, const char *name)
{
	struct msg_register message;
	struct account account;
	uint8_t frame[1024];
	size_t size;

	account_init(&account, "xxxxxxxxxxxxxxxx");
	message = account_registration(&account, peer);
	size = codec_encode(protocol_schema(MSG_REGISTER), &message, frame);
	memcpy(frame + 10, name, 16);
	peer_send_raw(peer, bytes_of(frame, size));
}

static void
register__refuses_names__that_are_none(void **state)
{
	static const struct {
		const char *name;
		enum status status;
	} rows[] = {
		{ "with:colon......", STATUS_BAD_NAME },
		{ "with\033[31mescape.", STATUS_BAD_TEXT },
		{ "with\nline.......", STATUS_BAD_TEXT },
		{ "not\xff\xfeutf8.......", STATUS_BAD_TEXT },
		{ "with space......", STATUS_BAD_NAME },
	};
	struct work_server server;
	struct peer *a;

	(void)state;
	work_server_start(&server, "");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		a = work_server_greet(&server);
		send_registration_named(a, rows[i].name);
		peer_expect_error(a, rows[i].status);
		peer_free(a);
	}
	work_server_end(&server);
}

static void
register__is_refused__with_cheap_passwords_or_foreign_signature(void **state)
{
	struct msg_register message;
	struct account alice;
	struct work_server server;
	struct peer *a;

	(void)state;
	work_server_start(&server, "");
	a = work_server_greet(&server);
	account_init(&alice, "alice");
	message = account_registration(&alice, a);
	message.ops = 1;
	peer_send(a, MSG_REGISTER, &message);
	peer_expect_error(a, STATUS_BAD_VALUE);
	message = account_registration(&alice, a);
	message.name = bytes_of_string("bob");
	peer_send(a, MSG_REGISTER, &message);
	peer_expect_error(a, STATUS_WRONG_PROOF);
	peer_free(a);
	work_server_end(&server);
}

/* Frames after which a stream cannot be trusted. */
static void
frame__ends_the_connection__with_a_reason(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool greeted;
		enum status status;
	} rows[] = {
		{ "\x00\x11\x00\x03", 4, true, STATUS_BAD_FRAME }, /* a length under the header's */
		{ "\x00\x11\x00\x06\x00\x01", 6, true, STATUS_BAD_FRAME }, /* PING cut short */
		{ "\x00\x11\x00\x09\x00\x00\x00\x01\x00", 9, true,
		    STATUS_BAD_FRAME }, /* and too long */
		{ "\x12\x34\x00\x04", 4, true, STATUS_UNKNOWN_TYPE },
		{ "\x00\x0c\x00\x08\x00\x00\x00\x01", 8, true,
		    STATUS_WRONG_STATE }, /* LOGOUT before LOGIN */
		{ "\x00\x13\x00\x0b\x00\x00\x00\x01\x00\x01\x00", 11, false,
		    STATUS_WRONG_STATE }, /* before HELLO */
		{ "\x00\x07\x00\x0b\x00\x00\x00\x01\x00\x01\x00", 11, true,
		    STATUS_WRONG_STATE },                            /* client to client */
		{ "\x00\x01\x00\x04", 4, true, STATUS_WRONG_STATE }, /* work to route */
	};
	struct account alice;
	struct work_server server;
	struct peer *a, *other;

	(void)state;
	work_server_start(&server, "");
	other = work_server_login(&server, &alice, "alice");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		a = rows[i].greeted ? work_server_greet(&server) : work_server_connect(&server);
		peer_send_raw(a, bytes_of(rows[i].bytes, rows[i].len));
		peer_expect_error(a, rows[i].status);
		assert_int_equal(peer_wait_down(a, PROCESS_PATIENCE_MS), STATUS_CLOSED);
		peer_free(a);
	}
	assert_others_are_served(other, &alice);
	peer_free(other);
	work_server_end(&server);
}

static void
frame__is_skipped__when_unknown_and_optional(void **state)
{
	struct work_server server;
	struct peer *a;

	(void)state;
	work_server_start(&server, "");
	a = work_server_greet(&server);
	peer_send_raw(a, bytes_of("\x80\x01\x00\x05x", 5));
	peer_send(a, MSG_PING, &(struct msg_ping){ .request = 1 });
	peer_expect(a, MSG_PING_OK, NULL);
	peer_free(a);
	work_server_end(&server);
}

static void
version__is_refused__when_it_is_another(void **state)
{
	struct work_server server;
	struct peer *a;

	(void)state;
	work_server_start(&server, "");
	a = work_server_connect(&server);
	peer_send(a, MSG_HELLO,
	    &(struct msg_hello){ .request = 1, .version = 2, .program = bytes_of_string("x") });
	peer_expect_error(a, STATUS_BAD_VERSION);
	peer_free(a);
	work_server_end(&server);
}

static void
client__is_cut__when_it_says_nothing_or_too_much(void **state)
{
	struct account alice;
	struct work_server server;
	struct peer *silent, *half, *chatty, *pinging, *other;
	uint8_t noise[5000] = { 0x80, 0x01, 0x13, 0x88 };

	(void)state;
	/* What has to be done in that time is done in one go, so that a slow machine can do it. */
	work_server_start(&server, "login-seconds 3\nhandshake-seconds 3\n");
	other = work_server_login(&server, &alice, "alice");
	chatty = work_server_greet(&server);
	peer_send_raw(chatty, bytes_of(noise, sizeof(noise)));
	peer_expect_error(chatty, STATUS_TOO_CHATTY);
	pinging = work_server_greet(&server);
	peer_send(pinging, MSG_PING, &(struct msg_ping){ .request = 1 });
	peer_expect(pinging, MSG_PING_OK, NULL);
	silent = work_server_connect(&server);
	half = peer_connect(server.port, NULL, true); /* no TLS: half a handshake for ever */
	peer_expect_error(pinging, STATUS_TIMEOUT);
	peer_expect_error(silent, STATUS_TIMEOUT);
	peer_wait_down(half, PROCESS_PATIENCE_MS);
	assert_others_are_served(other, &alice);
	peer_free(half);
	peer_free(silent);
	peer_free(chatty);
	peer_free(pinging);
	peer_free(other);
	work_server_end(&server);
}

static void
flood__is_limited__when_loopback_counts(void **state)
{
	struct msg_register message;
	struct account account;
	struct msg_error error;
	struct work_server server;
	struct peer *a;

	(void)state;
	work_server_start(
	    &server, "limit-loopback yes\nregistrations-per-minute 1\nregistrations-burst 3\n");
	a = work_server_greet(&server);
	for (int i = 0; i < 3; i++) {
		account_init(&account, "flood");
		account_register(&account, a);
	}
	account_init(&account, "flood");
	message = account_registration(&account, a);
	peer_send(a, MSG_REGISTER, &message);
	peer_expect(a, MSG_ERROR, &error);
	assert_int_equal(error.status, STATUS_RATE_LIMITED);
	assert_true(error.retry_ms > 0);
	peer_send(a, MSG_PING, &(struct msg_ping){ .request = 1 });
	peer_expect(a, MSG_PING_OK, NULL);
	peer_free(a);
	work_server_end(&server);
}

/* Asks for pages and reads none of them. */
static void
reader__is_cut__when_it_never_reads(void **state)
{
	struct account alice, bob;
	struct work_server server;
	struct peer *slow, *other;
	char *page_of_asks;
	size_t size = 0;

	(void)state;
	work_server_start(&server, "output-limit 64\nrequests-per-minute 0\npages-per-minute 0\n");
	other = work_server_login(&server, &bob, "bob");
	slow = work_server_login(&server, &alice, "alice");
	page_of_asks = mem_new(60000);
	for (int i = 0; i < 4000; i++)
		size += codec_encode(protocol_schema(MSG_PING), &(struct msg_ping){ .request = 1 },
		    (uint8_t *)page_of_asks + size);
	peer_send_blindly(slow, bytes_of(page_of_asks, size), 2000);
	assert_true(process_wait_line(server.process, "slow-reader", PROCESS_PATIENCE_MS));
	assert_others_are_served(other, &bob);
	free(page_of_asks);
	peer_free(slow);
	peer_free(other);
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
		ask_find(a, accounts[i].uid, "");
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
		cmocka_unit_test(request__is_refused__and_the_connection_goes_on),
		cmocka_unit_test(register__refuses_names__that_are_none),
		cmocka_unit_test(register__is_refused__with_cheap_passwords_or_foreign_signature),
		cmocka_unit_test(frame__ends_the_connection__with_a_reason),
		cmocka_unit_test(frame__is_skipped__when_unknown_and_optional),
		cmocka_unit_test(version__is_refused__when_it_is_another),
		cmocka_unit_test(client__is_cut__when_it_says_nothing_or_too_much),
		cmocka_unit_test(flood__is_limited__when_loopback_counts),
		cmocka_unit_test(reader__is_cut__when_it_never_reads),
		cmocka_unit_test(store__is_replaced__and_nothing_acknowledged_is_lost),
		cmocka_unit_test(server__forgets_nothing__over_a_restart),
		cmocka_unit_test(server__refuses_to_start__on_a_database_in_use),
		cmocka_unit_test(drain__asks_clients_to_move__then_the_server_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
