/* SPDX-License-Identifier: ISC */
/* What people may not do to a work server, however many connections they use for it. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "tests/support/process.h"
#include "tests/support/work_server.h"

/* The next frame, which is an ERROR with a wait in it. */
static void
expect_limited(struct peer *peer)
{
	struct msg_error error;

	peer_expect(peer, MSG_ERROR, &error);
	assert_int_equal(error.status, STATUS_RATE_LIMITED);
	assert_true(error.retry_ms > 0);
}

static void
send_delete(struct peer *peer, uint64_t uid, const uint8_t secret[32])
{
	const struct msg_delete_user message = {
		.request = 6, .uid = uid, .method = 1, .proof = bytes_of(secret, 32),
	};

	peer_send(peer, MSG_DELETE_USER, &message);
}

/* Connections go to the children in turn: what one child has seen has to count for the other. */
static void
registrations__are_counted__over_all_children(void **state UNUSED)
{
	enum { BURST = 4 };
	struct peer *peers[BURST + 2];
	struct account accounts[ARRAY_LEN(peers)];
	struct msg_register message;
	struct work_server server;

	work_server_start(&server,
	    "limit-loopback yes\nregistrations-per-minute 1\nregistrations-burst 4\n");
	for (size_t i = 0; i < ARRAY_LEN(peers); i++) {
		peers[i] = work_server_greet(&server);
		account_init(&accounts[i], "flood");
		if (i < BURST) {
			account_register(&accounts[i], peers[i]);
			continue;
		}
		message = account_registration(&accounts[i], peers[i]);
		peer_send(peers[i], MSG_REGISTER, &message);
		expect_limited(peers[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(peers); i++)
		peer_free(peers[i]);
	work_server_end(&server);
}

/* Whoever guesses a password may do so as often as a login allows, and no way around. */
static void
guesses__are_counted_by_account__whatever_they_are_for(void **state UNUSED)
{
	const uint8_t wrong[32] = { 1 };
	struct work_server server;
	struct account alice;
	struct peer *a, *guesser, *owner;

	work_server_start(&server, "account-logins-per-minute 1\naccount-logins-burst 3\n");
	a = work_server_login(&server, &alice, "alice");
	guesser = work_server_greet(&server);
	for (int i = 0; i < 2; i++) {
		send_delete(guesser, alice.uid, wrong);
		peer_expect_error(guesser, STATUS_WRONG_PROOF);
	}
	send_delete(guesser, alice.uid, wrong);
	expect_limited(guesser);
	account_send_login(&alice, guesser, 3);
	expect_limited(guesser);
	/* With her key alice gets in all the same. */
	owner = work_server_greet(&server);
	account_login_by_key(&alice, owner);
	peer_free(owner);
	peer_free(guesser);
	peer_free(a);
	work_server_end(&server);
}

static size_t
count_in(const char *text, const char *word)
{
	size_t count = 0;

	while ((text = strstr(text, word)) != NULL) {
		text += strlen(word);
		count++;
	}
	return count;
}

static void
complaints__do_not_fill_the_log(void **state UNUSED)
{
	const struct msg_error complaint = {
		.status = STATUS_BUSY, .sentence = bytes_of_string("\xe2\x80\xae" "evil"),
	};
	struct work_server server;
	struct account alice;
	struct peer *a;

	work_server_start(&server, "");
	a = work_server_login(&server, &alice, "alice");
	for (int i = 0; i < 1000; i++)
		peer_send(a, MSG_ERROR, &complaint);
	peer_send(a, MSG_PING, &(struct msg_ping){ .request = 1 });
	peer_expect(a, MSG_PING_OK, NULL);
	/* What a child has said before it answered is in the log. */
	assert_int_equal(count_in(process_log(server.process), "the client reports"), 1);
	peer_free(a);
	work_server_end(&server);
}

/* A proof that waits for the store holds nothing up, neither of the caller's nor of the callee's. */
static void
introductions__go_on__while_a_proof_is_looked_at(void **state UNUSED)
{
	struct msg_obtain_client_addr_ok answer;
	struct msg_introduce introduce;
	const uint8_t wrong[32] = { 1 };
	struct account alice, bob;
	struct work_server server;
	struct peer *a, *b;
	pid_t store;

	work_server_start(&server, "");
	a = work_server_login(&server, &alice, "alice");
	b = work_server_login(&server, &bob, "bob");
	assert_int_equal(process_children(process_pid(server.process), "store/0", &store, 1), 1);
	work_server_call(a, 11, bob.uid, "");
	peer_expect(b, MSG_INTRODUCE, &introduce);
	assert_int_equal(kill(store, SIGSTOP), 0);
	send_delete(a, alice.uid, wrong);
	send_delete(b, bob.uid, wrong);
	peer_flush(a);
	work_server_answer(b, introduce.request, STATUS_OK, "");
	peer_expect(a, MSG_OBTAIN_CLIENT_ADDR_OK, &answer);
	assert_int_equal(answer.uid, bob.uid);
	assert_int_equal(kill(store, SIGCONT), 0);
	peer_expect_error(a, STATUS_WRONG_PROOF);
	peer_expect_error(b, STATUS_WRONG_PROOF);
	peer_free(a);
	peer_free(b);
	work_server_end(&server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registrations__are_counted__over_all_children),
		cmocka_unit_test(guesses__are_counted_by_account__whatever_they_are_for),
		cmocka_unit_test(complaints__do_not_fill_the_log),
		cmocka_unit_test(introductions__go_on__while_a_proof_is_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
