/* SPDX-License-Identifier: ISC */
/* The small pieces of direct sessions, each by itself. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "client-tui/peer/peer_dial.h"
#include "client-tui/peer/peer_door.h"
#include "client-tui/peer/peer_inner.h"
#include "client-tui/peer/peer_letters.h"
#include "client-tui/peer/peer_rate.h"
#include "client-tui/peer/peer_recent.h"
#include "shared/compiler.h"
#include "shared/mem.h"
#include "tests/support/cable.h"
#include "tests/support/talker.h"

/* ---- inner ---- */

/* The bytes of the manual. */
static void
inner_is_as_documented(void **state UNUSED)
{
	static const uint8_t expected[] = { 1, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 0, 2, 'h', 'i' };
	const struct peer_inner inner = {
		.kind = PEER_INNER_TEXT,
		.id = 0x1234,
		.body = bytes_of_string("hi"),
	};
	uint8_t room[PEER_INNER_MAX];
	struct peer_inner back;

	assert_int_equal(peer_inner_encode(&inner, room), sizeof(expected));
	assert_memory_equal(room, expected, sizeof(expected));
	assert_int_equal(peer_inner_decode(bytes_of(expected, sizeof(expected)), &back), STATUS_OK);
	assert_int_equal(back.id, 0x1234);
	assert_true(bytes_equal(back.body, inner.body));
}

static void
inner_refuses_what_is_none(void **state UNUSED)
{
	static const uint8_t whole[] = { 1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 'x', 'y' };
	static const uint8_t other[] = { 2, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 'x' };
	static const uint8_t empty[] = { 1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0 };
	static const uint8_t bad[] = { 1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0x1b };
	struct peer_inner inner;

	for (size_t len = 0; len < 12; len++)
		assert_int_equal(peer_inner_decode(bytes_of(whole, len), &inner), STATUS_BAD_FRAME);
	assert_int_equal(peer_inner_decode(bytes_of(whole, 13), &inner), STATUS_BAD_FRAME);
	assert_int_equal(
	    peer_inner_decode(bytes_of(other, sizeof(other)), &inner), STATUS_BAD_VALUE);
	assert_int_equal(
	    peer_inner_decode(bytes_of(empty, sizeof(empty)), &inner), STATUS_TOO_SHORT);
	assert_int_equal(peer_inner_decode(bytes_of(bad, sizeof(bad)), &inner), STATUS_BAD_TEXT);
}

/* ---- rate ---- */

static unsigned
take_all(struct peer_rate *rate, uint64_t now)
{
	unsigned count = 0;

	while (peer_rate_take(rate, now))
		count++;
	return count;
}

static void
rate_is_a_burst_and_a_flow(void **state UNUSED)
{
	struct peer_rate rate;

	peer_rate_init(&rate, 30, 10, 5000);
	assert_int_equal(take_all(&rate, 5000), 30);
	assert_int_equal(take_all(&rate, 5099), 0);
	assert_int_equal(take_all(&rate, 5100), 1);
	assert_int_equal(take_all(&rate, 6100), 10);
	assert_int_equal(take_all(&rate, 6000), 0); /* a clock that went back */
	assert_int_equal(take_all(&rate, UINT64_MAX), 30);
}

/* ---- recent ---- */

static void
recent_knows_the_last_ones(void **state UNUSED)
{
	struct peer_recent *recent = mem_new(sizeof(*recent));

	assert_true(peer_recent_add(recent, 0));
	assert_false(peer_recent_add(recent, 0));
	for (uint64_t i = 1; i < PEER_RECENT_MAX; i++)
		assert_true(peer_recent_add(recent, i));
	for (uint64_t i = 0; i < PEER_RECENT_MAX; i++)
		assert_false(peer_recent_add(recent, i));
	assert_true(peer_recent_add(recent, PEER_RECENT_MAX));
	assert_false(peer_recent_add(recent, 1));
	assert_true(peer_recent_add(recent, 0));
	free(recent);
}

/* ---- letters ---- */

static struct peer_letter *
new_letter(uint64_t id)
{
	struct peer_letter *letter = mem_new(sizeof(*letter));

	letter->order.kind = PEER_ORDER_SAY;
	letter->id = id;
	return letter;
}

static void
letters_wait_until_they_are_answered(void **state UNUSED)
{
	struct peer_letters letters;
	struct peer_letter *first, *second, *third;

	peer_letters_init(&letters);
	assert_null(peer_letters_send(&letters));
	peer_letters_add(&letters, first = new_letter(1));
	peer_letters_add(&letters, second = new_letter(2));
	assert_ptr_equal(peer_letters_send(&letters), first);
	assert_null(peer_letters_take(&letters, second->number)); /* not sent yet */
	assert_ptr_equal(peer_letters_send(&letters), second);
	assert_null(peer_letters_send(&letters));
	peer_letters_add(&letters, third = new_letter(3));
	assert_ptr_equal(peer_letters_send(&letters), third);
	assert_ptr_equal(peer_letters_take(&letters, second->number), second);
	assert_null(peer_letters_take(&letters, second->number));
	peer_letters_rewind(&letters);
	assert_ptr_equal(peer_letters_send(&letters), first);
	assert_ptr_equal(peer_letters_send(&letters), third);
	peer_order_free(&second->order);
	peer_letters_clear(&letters);
	assert_false(peer_letters_are_waiting(&letters));
}

/* Another session of the same two does not begin where this one did. */
static void
letters_have_numbers_of_their_own(void **state UNUSED)
{
	struct peer_letters some, others;

	peer_letters_init(&some);
	peer_letters_init(&others);
	assert_true(some.last_number != others.last_number);
}

/* ---- door ---- */

static int
bind_to(int family, uint16_t port, bool shares)
{
	struct address address = { .len = sizeof(address.v4) };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int done;

	address.any.sa_family = (sa_family_t)family;
	address.v4.sin_port = htons(port); /* at the same place in both */
	if (family == AF_INET6)
		address.len = sizeof(address.v6);
	if (shares)
		peer_door_share_port(fd);
	done = bind(fd, &address.any, address.len);
	close(fd);
	return done;
}

static void
door_has_a_port_to_itself_and_shares_it(void **state UNUSED)
{
	struct peer_door one, two;

	assert_int_equal(peer_door_open(&one), STATUS_OK);
	assert_int_equal(peer_door_open(&two), STATUS_OK);
	assert_int_not_equal(one.port, 0);
	assert_int_not_equal(one.port, two.port);
	assert_int_equal(bind_to(AF_INET, one.port, false), -1);
	assert_int_equal(bind_to(AF_INET, one.port, true), 0);
	if (one.fds[1] >= 0)
		assert_int_equal(bind_to(AF_INET6, one.port, true), 0);
	peer_door_close(&one);
	peer_door_close(&two);
	peer_door_close(&two);
}

/* ---- dial ---- */

struct dialling {
	struct stage stage;
	struct peer_door door; /* the port we dial from */
	int listener;
	struct sockaddr_in address;
	int way;
};

static void
dialling_on_way(int fd, void *arg)
{
	((struct dialling *)arg)->way = fd;
}

static void
dialling_open(struct dialling *dialling)
{
	stage_open(&dialling->stage, false);
	dialling->listener = stage_listen(&dialling->address);
	dialling->way = -1;
	assert_int_equal(peer_door_open(&dialling->door), STATUS_OK);
}

static void
dialling_close(struct dialling *dialling)
{
	close(dialling->listener);
	if (dialling->way >= 0)
		close(dialling->way);
	peer_door_close(&dialling->door);
	stage_close(&dialling->stage);
}

/* The one who accepts; it comes from the port that the door has. */
static int
accept_from_door(struct dialling *dialling)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	int fd = accept4(dialling->listener, (struct sockaddr *)&from, &len, SOCK_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ntohs(from.sin_port), dialling->door.port);
	return fd;
}

/*
 * Turned away at first, as by somebody who does not know the token yet; then the tokens cross and
 * the way is there. Nobody listens at one of the addresses, another one cannot be dialled at all.
 */
static void
dial_goes_on_until_it_is_let_in(void **state UNUSED)
{
	static const uint8_t key[IDENTITY_KEY_SIZE] = { 1 };
	struct peer_meeting meeting = meeting_with(1, key);
	struct dialling dialling;
	struct peer_dial *dial;
	uint8_t said[PEER_TOKEN_SIZE];
	struct raw raw;

	dialling_open(&dialling);
	meeting_add(&meeting, loopback(4, 1));
	meeting_add(&meeting, (struct address){ .len = sizeof(struct sockaddr_in) });
	meeting_add(&meeting, loopback(1, ntohs(dialling.address.sin_port)));
	dial = peer_dial_new(dialling.stage.base, &peer_limits_usual, dialling.door.port, &meeting,
	    dialling_on_way, &dialling);
	for (int i = 0; i < 3; i++) {
		int fd = accept_from_door(&dialling);

		raw_open(&raw, &dialling.stage, fd, true);
		stage_until(&dialling.stage, buffer_len(raw.got) == PEER_TOKEN_SIZE);
		raw_close(&raw);
		stage_quiet(&dialling.stage);
		/* The next connection is in the queue when this listener is readable. */
		raw_open(&raw, &dialling.stage, dup(dialling.listener), true);
		stage_until(&dialling.stage, raw.broken);
		raw_close(&raw);
	}
	raw_open(&raw, &dialling.stage, accept_from_door(&dialling), true);
	stage_until(&dialling.stage, buffer_len(raw.got) == PEER_TOKEN_SIZE);
	memcpy(said, buffer_bytes(raw.got).data, sizeof(said));
	assert_memory_equal(said, meeting.token, sizeof(said));
	raw_send(&raw, said, sizeof(said));
	stage_until(&dialling.stage, dialling.way >= 0);
	peer_dial_free(dial);
	raw_close(&raw);
	dialling_close(&dialling);
}

/* An accepter that answers with another token is not the one. */
static void
dial_leaves_who_says_another_token(void **state UNUSED)
{
	static const uint8_t key[IDENTITY_KEY_SIZE] = { 1 }, other[PEER_TOKEN_SIZE];
	struct peer_meeting meeting = meeting_with(1, key);
	struct dialling dialling;
	struct peer_dial *dial;
	struct raw raw;

	dialling_open(&dialling);
	meeting_add(&meeting, loopback(1, ntohs(dialling.address.sin_port)));
	dial = peer_dial_new(dialling.stage.base, &peer_limits_usual, dialling.door.port, &meeting,
	    dialling_on_way, &dialling);
	raw_open(&raw, &dialling.stage, accept_from_door(&dialling), true);
	raw_send(&raw, other, sizeof(other));
	stage_until(&dialling.stage, raw.ended || raw.broken);
	assert_int_equal(dialling.way, -1);
	raw_close(&raw);
	peer_dial_free(dial);
	dialling_close(&dialling);
}

/* Who accepts and says nothing is left after a round, dialled anew, and given up at the end. */
static void
dial_has_rounds(void **state UNUSED)
{
	static const uint8_t key[IDENTITY_KEY_SIZE] = { 1 };
	struct peer_limits limits = peer_limits_usual;
	struct peer_meeting meeting = meeting_with(1, key);
	struct dialling dialling;
	struct peer_dial *dial;
	struct raw raw;

	limits.round_ms = 300;
	limits.rounds = 4;
	dialling_open(&dialling);
	meeting_add(&meeting, loopback(1, ntohs(dialling.address.sin_port)));
	dial = peer_dial_new(
	    dialling.stage.base, &limits, dialling.door.port, &meeting, dialling_on_way, &dialling);
	for (int i = 0; i < 2; i++) {
		raw_open(&raw, &dialling.stage, accept_from_door(&dialling), true);
		stage_until(&dialling.stage, raw.ended || raw.broken);
		assert_int_equal(buffer_len(raw.got), PEER_TOKEN_SIZE);
		raw_close(&raw);
		/* As above: until somebody waits to be accepted. */
		raw_open(&raw, &dialling.stage, dup(dialling.listener), true);
		if (i == 0)
			stage_until(&dialling.stage, raw.broken);
		raw_close(&raw);
	}
	/* Nothing but timers is left in the loop, and they end. */
	event_base_dispatch(dialling.stage.base);
	assert_int_equal(dialling.way, -1);
	peer_dial_free(dial);
	dialling_close(&dialling);
}

/* ---- a process without descriptors ---- */

static void
count_knock(int fd, void *arg)
{
	close(fd);
	++*(unsigned *)arg;
}

/* Who knocks then is let in a little later, and the loop does not spin meanwhile. */
static void
door_waits_for_descriptors(void **state UNUSED)
{
	struct rlimit before, low;
	struct address address;
	struct stage stage;
	struct peer_door door;
	unsigned knocks = 0;
	int fd, turns = 0;

	stage_open(&stage, false);
	assert_int_equal(peer_door_open(&door), STATUS_OK);
	peer_door_watch(&door, stage.base, count_knock, &knocks);
	address = loopback(1, door.port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = before;
	low.rlim_cur = (rlim_t)fd;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(connect(fd, &address.any, address.len), 0);
	stage_turn(&stage);
	assert_int_equal(knocks, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	while (knocks == 0) {
		stage_turn(&stage);
		turns++;
	}
	assert_in_range(turns, 1, 3);
	close(fd);
	peer_door_close(&door);
	stage_close(&stage);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inner_is_as_documented),
		cmocka_unit_test(inner_refuses_what_is_none),
		cmocka_unit_test(rate_is_a_burst_and_a_flow),
		cmocka_unit_test(recent_knows_the_last_ones),
		cmocka_unit_test(letters_wait_until_they_are_answered),
		cmocka_unit_test(letters_have_numbers_of_their_own),
		cmocka_unit_test(door_has_a_port_to_itself_and_shares_it),
		cmocka_unit_test(dial_goes_on_until_it_is_let_in),
		cmocka_unit_test(dial_leaves_who_says_another_token),
		cmocka_unit_test(dial_has_rounds),
		cmocka_unit_test(door_waits_for_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
