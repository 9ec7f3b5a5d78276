/* SPDX-License-Identifier: ISC */
/* Introductions at the real work server; both clients are this test. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/clock.h"
#include "shared/compiler.h"
#include "tests/support/work_server.h"

enum { REQUEST = 11, ANSWER_MS = 5000, CALLS_PER_CALLEE_MAX = 8, TOKEN_SIZE = 16 };

struct person {
	struct account account;
	struct peer *peer;
};

static void
log_in(const struct work_server *server, struct person *person, const char *name)
{
	person->peer = work_server_login(server, &person->account, name);
}

static void
call(struct person *caller, const struct person *callee)
{
	work_server_call(caller->peer, REQUEST, callee->account.uid, "");
}

/* What the callee hears of it; good until it hears something else. */
static struct msg_introduce
hear_call(struct person *callee, const struct person *caller)
{
	struct msg_introduce heard;

	peer_expect(callee->peer, MSG_INTRODUCE, &heard);
	assert_int_equal(heard.uid, caller->account.uid);
	return heard;
}

/* Nothing of what was before stands in the way of the next one. */
static void
assert_introduced(struct person *caller, struct person *callee)
{
	struct msg_obtain_client_addr_ok there;
	struct msg_introduce here;

	call(caller, callee);
	here = hear_call(callee, caller);
	work_server_answer(callee->peer, here.request, STATUS_OK, "");
	peer_expect(caller->peer, MSG_OBTAIN_CLIENT_ADDR_OK, &there);
	assert_int_equal(there.request, REQUEST);
	assert_int_equal(there.uid, callee->account.uid);
	assert_memory_equal(there.token.data, here.token.data, TOKEN_SIZE);
}

/* --- answers -------------------------------------------------------------------------------------------------- */

static void
both__learn_of_each_other__when_accepted(void **state)
{
	struct work_server server;
	struct person alice, bob;
	struct msg_introduce here;
	struct msg_obtain_client_addr_ok there;
	uint8_t token[TOKEN_SIZE];

	(void)state;
	work_server_start(&server, "");
	log_in(&server, &alice, "alice");
	log_in(&server, &bob, "bob");
	work_server_call(alice.peer, REQUEST, bob.account.uid, "of alice");
	here = hear_call(&bob, &alice);
	assert_true(here.port != 0);
	assert_true(bytes_equal(here.host, bytes_of_string("127.0.0.1")));
	assert_true(bytes_equal(here.name, bytes_of_string("alice")));
	assert_true(bytes_equal(here.candidates, bytes_of_string("of alice")));
	assert_memory_equal(here.identity.data, alice.account.identity.public_key, 32);
	memcpy(token, here.token.data, sizeof(token));
	work_server_answer(bob.peer, here.request, STATUS_OK, "of bob");
	peer_expect(alice.peer, MSG_OBTAIN_CLIENT_ADDR_OK, &there);
	assert_int_equal(there.uid, bob.account.uid);
	assert_true(there.port != 0 && there.port != here.port);
	assert_true(bytes_equal(there.host, bytes_of_string("127.0.0.1")));
	assert_true(bytes_equal(there.candidates, bytes_of_string("of bob")));
	assert_memory_equal(there.identity.data, bob.account.identity.public_key, 32);
	assert_memory_equal(there.token.data, token, sizeof(token));

	/* Once more, the other way round: another token. */
	call(&bob, &alice);
	here = hear_call(&alice, &bob);
	assert_memory_not_equal(here.token.data, token, sizeof(token));
	peer_free(alice.peer);
	peer_free(bob.peer);
	work_server_end(&server);
}

/* Four people on two children: callers and callees share a child, and do not. */
static void
children__introduce_their_users__to_each_other(void **state)
{
	struct work_server server;
	struct person people[4];

	(void)state;
	work_server_start(&server, "");
	for (size_t i = 0; i < ARRAY_LEN(people); i++)
		log_in(&server, &people[i], "somebody");
	for (size_t i = 0; i < ARRAY_LEN(people); i++)
		for (size_t k = 0; k < ARRAY_LEN(people); k++)
			if (i != k)
				assert_introduced(&people[i], &people[k]);
	for (size_t i = 0; i < ARRAY_LEN(people); i++)
		peer_free(people[i].peer);
	work_server_end(&server);
}

static void
caller__is_told__that_nobody_comes(void **state)
{
	struct work_server server;
	struct person alice, bob;
	struct msg_introduce here;

	(void)state;
	work_server_start(&server, "");
	log_in(&server, &alice, "alice");
	log_in(&server, &bob, "bob");
	call(&alice, &bob);
	here = hear_call(&bob, &alice);
	work_server_answer(bob.peer, here.request + 1, STATUS_DECLINED, ""); /* nobody asked that */
	work_server_answer(bob.peer, here.request, STATUS_DECLINED, "");
	peer_expect_error(alice.peer, STATUS_DECLINED);
	work_server_answer(bob.peer, here.request, STATUS_OK, ""); /* too late */
	assert_introduced(&alice, &bob);

	work_server_call(alice.peer, REQUEST, alice.account.uid, "");
	peer_expect_error(alice.peer, STATUS_BAD_VALUE);
	work_server_call(alice.peer, REQUEST, 4711, "");
	peer_expect_error(alice.peer, STATUS_NO_SUCH_USER);
	assert_introduced(&alice, &bob);
	peer_free(alice.peer);
	peer_free(bob.peer);
	work_server_end(&server);
}

static void
caller__is_told__that_nobody_answers(void **state)
{
	struct work_server server;
	struct person alice, bob;
	struct msg_introduce here;
	uint64_t start;

	(void)state;
	work_server_start(&server, "");
	log_in(&server, &alice, "alice");
	log_in(&server, &bob, "bob");
	start = clock_monotonic_ms();
	call(&alice, &bob);
	here = hear_call(&bob, &alice);
	peer_expect_error(alice.peer, STATUS_TIMEOUT);
	assert_true(clock_monotonic_ms() - start >= ANSWER_MS);
	work_server_answer(bob.peer, here.request, STATUS_OK, "");
	assert_introduced(&alice, &bob);
	peer_free(alice.peer);
	peer_free(bob.peer);
	work_server_end(&server);
}

/* --- somebody goes -------------------------------------------------------------------------------------------- */

static void
callee__goes__and_the_caller_knows_at_once(void **state)
{
	struct work_server server;
	struct person alice, bob;

	(void)state;
	work_server_start(&server, "");
	log_in(&server, &alice, "alice");
	for (int by_logout = 0; by_logout < 2; by_logout++) {
		log_in(&server, &bob, "bob");
		call(&alice, &bob);
		hear_call(&bob, &alice);
		if (by_logout) {
			peer_send(bob.peer, MSG_LOGOUT, &(struct msg_logout){ .request = 5 });
			peer_expect(bob.peer, MSG_LOGOUT_OK, NULL);
		}
		peer_free(bob.peer);
		peer_expect_error(alice.peer, STATUS_NOT_ONLINE);
	}
	peer_free(alice.peer);
	work_server_end(&server);
}

static void
caller__goes__and_nobody_minds(void **state)
{
	struct work_server server;
	struct person alice, bob, carol;
	struct msg_introduce here;

	(void)state;
	work_server_start(&server, "");
	log_in(&server, &alice, "alice");
	log_in(&server, &bob, "bob");
	log_in(&server, &carol, "carol");
	call(&alice, &bob);
	here = hear_call(&bob, &alice);
	peer_free(alice.peer);
	work_server_answer(bob.peer, here.request, STATUS_OK, "");
	assert_introduced(&carol, &bob);
	/* She is back, with questions of the same number as before. */
	alice.peer = work_server_greet(&server);
	account_login(&alice.account, alice.peer);
	assert_introduced(&alice, &bob);
	assert_introduced(&bob, &alice);
	peer_free(alice.peer);
	peer_free(bob.peer);
	peer_free(carol.peer);
	work_server_end(&server);
}

/*
 * With a child dies what it knew of a call; the other child has a deadline of its own. Each of the
 * two calls the other, as nobody knows who is in the child that dies.
 */
static void
child__is_killed__and_whoever_is_left_gets_an_answer(void **state)
{
	struct work_server server;
	struct person alice, bob;
	pid_t child;

	(void)state;
	work_server_start(&server, "");
	log_in(&server, &alice, "alice");
	log_in(&server, &bob, "bob");
	call(&alice, &bob);
	hear_call(&bob, &alice);
	call(&bob, &alice);
	hear_call(&alice, &bob);
	assert_int_equal(
	    process_children(process_pid(server.process), "session/1", &child, 1), 1);
	kill(child, SIGKILL);
	peer_expect_error(peer_hears(alice.peer, PROCESS_PATIENCE_MS) ? alice.peer : bob.peer,
	    STATUS_TIMEOUT);
	peer_free(alice.peer);
	peer_free(bob.peer);
	work_server_end(&server);
}

/* --- too much ------------------------------------------------------------------------------------------------- */

static void
callee__is_spared__more_calls_than_it_can_want(void **state)
{
	struct msg_introduce calls[CALLS_PER_CALLEE_MAX];
	struct work_server server;
	struct person alice, bob, carol;

	(void)state;
	work_server_start(&server, "");
	log_in(&server, &alice, "alice");
	log_in(&server, &bob, "bob");
	log_in(&server, &carol, "carol");
	for (int i = 0; i < CALLS_PER_CALLEE_MAX; i++) {
		call(&alice, &bob);
		calls[i] = hear_call(&bob, &alice);
	}
	call(&carol, &bob);
	peer_expect_error(carol.peer, STATUS_BUSY);
	assert_introduced(&carol, &alice); /* only bob has enough */
	work_server_answer(bob.peer, calls[3].request, STATUS_DECLINED, "");
	peer_expect_error(alice.peer, STATUS_DECLINED);
	assert_introduced(&carol, &bob);
	peer_free(alice.peer);
	peer_free(bob.peer);
	peer_free(carol.peer);
	work_server_end(&server);
}

static void
caller__is_limited__in_how_often_it_asks(void **state)
{
	struct work_server server;
	struct person alice, bob;
	struct msg_error error;

	(void)state;
	work_server_start(&server, "introductions-per-minute 1\nintroductions-burst 3\n");
	log_in(&server, &alice, "alice");
	log_in(&server, &bob, "bob");
	for (int i = 0; i < 3; i++)
		assert_introduced(&alice, &bob);
	call(&alice, &bob);
	peer_expect(alice.peer, MSG_ERROR, &error);
	assert_int_equal(error.request, REQUEST);
	assert_int_equal(error.status, STATUS_RATE_LIMITED);
	assert_true(error.retry_ms > 0);
	assert_introduced(&bob, &alice); /* it is counted by account */
	peer_free(alice.peer);
	peer_free(bob.peer);
	work_server_end(&server);
}

/* The length stands in the frame: no schema would let so many out. */
static void
send_candidates(struct peer *peer, uint64_t uid, uint16_t claimed, size_t real)
{
	const struct msg_obtain_client_addr message = { .request = REQUEST, .uid = uid };
	uint8_t frame[2048];
	size_t size = codec_encode(protocol_schema(MSG_OBTAIN_CLIENT_ADDR), &message, frame);

	memset(frame + size, 'x', real);
	frame[size - 2] = (uint8_t)(claimed >> 8);
	frame[size - 1] = (uint8_t)claimed;
	size += real;
	frame[2] = (uint8_t)(size >> 8);
	frame[3] = (uint8_t)size;
	peer_send_raw(peer, bytes_of(frame, size));
	peer_flush(peer);
}

static void
candidates__are_carried_or_refused__but_never_believed(void **state)
{
	struct work_server server;
	struct person alice, bob;
	struct msg_introduce here;

	(void)state;
	work_server_start(&server, "");
	log_in(&server, &alice, "alice");
	log_in(&server, &bob, "bob");
	send_candidates(alice.peer, bob.account.uid, 544, 544);
	here = hear_call(&bob, &alice);
	assert_int_equal(here.candidates.len, 544);
	work_server_answer(bob.peer, here.request, STATUS_DECLINED, "");
	peer_expect_error(alice.peer, STATUS_DECLINED);
	send_candidates(alice.peer, bob.account.uid, 545, 545);
	peer_expect_error(alice.peer, STATUS_TOO_LONG);
	assert_introduced(&alice, &bob);
	send_candidates(alice.peer, bob.account.uid, 100, 99);
	peer_expect_error(alice.peer, STATUS_BAD_FRAME);
	peer_wait_down(alice.peer, PROCESS_PATIENCE_MS);
	assert_false(peer_hears(bob.peer, 0));
	peer_free(alice.peer);
	peer_free(bob.peer);
	work_server_end(&server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both__learn_of_each_other__when_accepted),
		cmocka_unit_test(children__introduce_their_users__to_each_other),
		cmocka_unit_test(caller__is_told__that_nobody_comes),
		cmocka_unit_test(caller__is_told__that_nobody_answers),
		cmocka_unit_test(callee__goes__and_the_caller_knows_at_once),
		cmocka_unit_test(caller__goes__and_nobody_minds),
		cmocka_unit_test(child__is_killed__and_whoever_is_left_gets_an_answer),
		cmocka_unit_test(callee__is_spared__more_calls_than_it_can_want),
		cmocka_unit_test(caller__is_limited__in_how_often_it_asks),
		cmocka_unit_test(candidates__are_carried_or_refused__but_never_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
