/* SPDX-License-Identifier: ISC */
/* Bad input to a work server: a clear word to whom it came from, and nobody else notices. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/mem.h"
#include "tests/support/account.h"
#include "tests/support/peer.h"
#include "tests/support/process.h"
#include "tests/support/work_server.h"

/* Whatever happened to one client: this one is served. */
static void
assert_others_are_served(struct peer *other, const struct account *account)
{
	struct msg_find_user_ok found;

	work_server_ask_find(other, account->uid, "");
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
	work_server_ask_find(a, 4711, "");
	peer_expect_error(a, STATUS_NO_SUCH_USER);
	work_server_ask_find(a, 0, "no:name");
	peer_expect_error(a, STATUS_BAD_NAME);
	work_server_ask_find(a, 0, "nobody");
	peer_expect_error(a, STATUS_NO_SUCH_USER);
	work_server_ask_page(a, 99, 20, 0, "");
	peer_expect_error(a, STATUS_NO_SUCH_PAGE);
	work_server_ask_page(a, 1, 101, 0, "");
	peer_expect_error(a, STATUS_BAD_VALUE);
	work_server_ask_page(a, 1, 20, 0, "a:");
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request__is_refused__and_the_connection_goes_on),
		cmocka_unit_test(register__refuses_names__that_are_none),
		cmocka_unit_test(register__is_refused__with_cheap_passwords_or_foreign_signature),
		cmocka_unit_test(frame__ends_the_connection__with_a_reason),
		cmocka_unit_test(frame__is_skipped__when_unknown_and_optional),
		cmocka_unit_test(version__is_refused__when_it_is_another),
		cmocka_unit_test(client__is_cut__when_it_says_nothing_or_too_much),
		cmocka_unit_test(flood__is_limited__when_loopback_counts),
		cmocka_unit_test(reader__is_cut__when_it_never_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
