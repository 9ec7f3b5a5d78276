/* SPDX-License-Identifier: ISC */
/* The bus of one machine: three children in one process, linked as a parent would link them. */

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/bus/bus.h"
#include "server/bus/messages.h"
#include "shared/channel.h"
#include "shared/frame.h"
#include "shared/mem.h"

enum { CHILDREN = 3, PATIENCE_S = 120 };

struct child {
	struct fixture *fixture;
	struct bus *bus;
	unsigned frames, takeovers, announcements;
	uint64_t uid;
	uint32_t session;
	char text[64];		/* of the last frame */
	unsigned joins_at_takeover;	/* what to do in the callback: join this uid */
};

struct fixture {
	struct event_base *base;
	struct presence presence;
	_Alignas(64) uint8_t table[PRESENCE_SIZE_MIN];
	struct child children[CHILDREN];
	unsigned wanted;	/* events until the loop ends */
};

static void
count_event(struct fixture *fixture)
{
	if (fixture->wanted > 0 && --fixture->wanted == 0)
		event_base_loopbreak(fixture->base);
}

static void
keep_text(struct child *child, struct bytes frame)
{
	size_t len = frame.len - FRAME_HEADER_SIZE;

	len = len < sizeof(child->text) ? len : sizeof(child->text) - 1;
	memcpy(child->text, (const char *)frame.data + FRAME_HEADER_SIZE, len);
	child->text[len] = '\0';
}

static void
test_on_frame(void *arg, uint64_t uid, uint32_t session, struct bytes frame)
{
	struct child *child = arg;

	child->frames++;
	child->uid = uid;
	child->session = session;
	keep_text(child, frame);
	count_event(child->fixture);
}

static void
test_on_taken_over(void *arg, uint64_t uid, uint32_t session)
{
	struct child *child = arg;

	child->takeovers++;
	child->uid = uid;
	child->session = session;
	if (child->joins_at_takeover != 0)
		assert_int_equal(bus_join(child->bus, child->joins_at_takeover, 999), STATUS_OK);
	count_event(child->fixture);
}

static void
test_on_announce(void *arg, struct bytes frame)
{
	struct child *child = arg;

	child->announcements++;
	keep_text(child, frame);
	count_event(child->fixture);
}

static const struct bus_events events = {
	.on_frame = test_on_frame,
	.on_taken_over = test_on_taken_over,
	.on_announce = test_on_announce,
};

static void
start_child(struct fixture *fixture, uint32_t number, uint32_t generation)
{
	struct child *child = &fixture->children[number];
	struct presence_holder self = { .child = number, .generation = generation };

	*child = (struct child){ .fixture = fixture };
	child->bus = bus_local_new(fixture->base, &fixture->presence, &self, &events, child);
}

static void
link_children(struct fixture *fixture, uint32_t a, uint32_t a_generation, uint32_t b,
    uint32_t b_generation)
{
	int ends[2];

	assert_int_equal(channel_pair(ends), STATUS_OK);
	bus_add_peer(fixture->children[a].bus, b, b_generation, ends[0]);
	bus_add_peer(fixture->children[b].bus, a, a_generation, ends[1]);
}

static int
set_up(void **state)
{
	struct fixture *fixture = aligned_alloc(64, (sizeof(*fixture) + 63) / 64 * 64);

	memset(fixture, 0, sizeof(*fixture));
	fixture->base = event_base_new();
	assert_true(presence_init(&fixture->presence, fixture->table, sizeof(fixture->table)));
	for (uint32_t i = 0; i < CHILDREN; i++)
		start_child(fixture, i, 1);
	for (uint32_t i = 0; i < CHILDREN; i++)
		for (uint32_t j = 0; j < i; j++)
			link_children(fixture, i, 1, j, 1);
	*state = fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	for (uint32_t i = 0; i < CHILDREN; i++)
		bus_free(fixture->children[i].bus);
	event_base_free(fixture->base);
	free(fixture);
	return 0;
}

/* Until so many frames, takeovers and announcements have come, over all children. */
static void
run(struct fixture *fixture, unsigned count)
{
	struct timeval patience = { .tv_sec = PATIENCE_S };

	fixture->wanted = count;
	event_base_loopexit(fixture->base, &patience);
	event_base_loop(fixture->base, 0);
	assert_int_equal(fixture->wanted, 0);
}

static void
turn(struct fixture *fixture)
{
	event_base_loop(fixture->base, EVLOOP_NONBLOCK);
}

static struct bytes
frame_with(uint8_t *room, const char *text)
{
	frame_put_header(room, 5, strlen(text));
	memcpy(room + FRAME_HEADER_SIZE, text, strlen(text));
	return bytes_of(room, FRAME_HEADER_SIZE + strlen(text));
}

static void
frames_reach_users_wherever_they_are(void **state)
{
	struct fixture *fixture = *state;
	struct child *children = fixture->children;
	uint8_t room[64];
	struct presence_holder where;

	assert_int_equal(bus_join(children[0].bus, 100, 1), STATUS_OK);
	assert_int_equal(bus_join(children[1].bus, 200, 2), STATUS_OK);
	assert_true(bus_find(children[2].bus, 200, &where));
	assert_int_equal(where.child, 1);

	assert_int_equal(bus_send(children[2].bus, 200, frame_with(room, "there")), STATUS_OK);
	assert_int_equal(children[1].frames, 0);
	run(fixture, 1);
	assert_int_equal(children[1].frames, 1);
	assert_int_equal(children[1].uid, 200);
	assert_int_equal(children[1].session, 2);
	assert_string_equal(children[1].text, "there");

	/* In the same child: at once. */
	assert_int_equal(bus_send(children[0].bus, 100, frame_with(room, "here")), STATUS_OK);
	assert_string_equal(children[0].text, "here");

	assert_int_equal(bus_send(children[0].bus, 300, frame_with(room, "nowhere")),
	    STATUS_NOT_ONLINE);
	bus_leave(children[1].bus, 200, 2);
	assert_false(bus_find(children[0].bus, 200, NULL));
	assert_int_equal(bus_send(children[0].bus, 200, frame_with(room, "gone")),
	    STATUS_NOT_ONLINE);
}

static void
a_newer_login_takes_over(void **state)
{
	struct fixture *fixture = *state;
	struct child *children = fixture->children;
	struct presence_holder where;

	assert_int_equal(bus_join(children[0].bus, 100, 1), STATUS_OK);
	assert_int_equal(bus_join(children[1].bus, 100, 7), STATUS_OK);
	run(fixture, 1);
	assert_int_equal(children[0].takeovers, 1);
	assert_int_equal(children[0].uid, 100);
	assert_int_equal(children[0].session, 1);
	/* The old one's farewell does no harm. */
	bus_leave(children[0].bus, 100, 1);
	assert_true(bus_find(children[0].bus, 100, &where));
	assert_int_equal(where.child, 1);
	/* In the same child. */
	assert_int_equal(bus_join(children[1].bus, 100, 8), STATUS_OK);
	assert_int_equal(children[1].takeovers, 1);
	assert_int_equal(children[1].session, 7);
}

static void
callbacks_may_call(void **state)
{
	struct fixture *fixture = *state;
	struct child *children = fixture->children;

	children[0].joins_at_takeover = 555;
	assert_int_equal(bus_join(children[0].bus, 100, 1), STATUS_OK);
	assert_int_equal(bus_join(children[2].bus, 100, 2), STATUS_OK);
	run(fixture, 1);
	assert_true(bus_find(children[1].bus, 555, NULL));
}

static void
announcements_reach_all_others(void **state)
{
	struct fixture *fixture = *state;
	struct child *children = fixture->children;
	uint8_t room[64];

	assert_int_equal(bus_announce(children[1].bus, frame_with(room, "all")), STATUS_OK);
	run(fixture, 2);
	assert_int_equal(children[0].announcements, 1);
	assert_int_equal(children[1].announcements, 0);
	assert_int_equal(children[2].announcements, 1);
	assert_string_equal(children[2].text, "all");
}

static void
frames_have_a_largest_size(void **state)
{
	struct fixture *fixture = *state;
	struct child *children = fixture->children;
	uint8_t *room = mem_new(FRAME_SIZE_MAX);

	assert_int_equal(bus_join(children[1].bus, 100, 1), STATUS_OK);
	frame_put_header(room, 5, BUS_FRAME_MAX - FRAME_HEADER_SIZE);
	assert_int_equal(bus_send(children[0].bus, 100, bytes_of(room, BUS_FRAME_MAX)), STATUS_OK);
	assert_int_equal(bus_send(children[0].bus, 100, bytes_of(room, BUS_FRAME_MAX + 1)),
	    STATUS_TOO_LONG);
	assert_int_equal(bus_announce(children[0].bus, bytes_of(room, BUS_FRAME_MAX)), STATUS_OK);
	assert_int_equal(bus_announce(children[0].bus, bytes_of(room, BUS_FRAME_MAX + 1)),
	    STATUS_TOO_LONG);
	run(fixture, 3);
	free(room);
}

/* A child that does not read: senders hear it, and takeovers still get through later. */
static void
a_stopped_child_makes_senders_wait(void **state)
{
	struct fixture *fixture = *state;
	struct child *children = fixture->children;
	uint8_t *room = mem_new(FRAME_SIZE_MAX);
	unsigned sent = 0;
	enum status status;

	for (uint32_t i = 0; i < 60; i++)
		assert_int_equal(bus_join(children[1].bus, 1 + i, 1 + i), STATUS_OK);
	frame_put_header(room, 5, 50000 - FRAME_HEADER_SIZE);
	/* Without a turn of the loop nothing is read. */
	while ((status = bus_send(children[0].bus, 1, bytes_of(room, 50000))) == STATUS_OK)
		sent++;
	assert_int_equal(status, STATUS_BUSY);
	assert_in_range(sent, 20, 1000);
	assert_int_equal(bus_announce(children[0].bus, bytes_of(room, 50000)), STATUS_BUSY);
	for (uint32_t i = 0; i < 60; i++)
		assert_int_equal(bus_join(children[0].bus, 1 + i, 1 + i), STATUS_OK);
	/* The announcement did reach the third. */
	run(fixture, sent + 60 + 1);
	assert_int_equal(children[1].frames, sent);
	assert_int_equal(children[1].takeovers, 60);
	assert_int_equal(children[2].announcements, 1);
	free(room);
}

static void
what_is_left_of_a_dead_child_is_not_online(void **state)
{
	struct fixture *fixture = *state;
	struct child *children = fixture->children;
	uint8_t room[64];

	assert_int_equal(bus_join(children[1].bus, 100, 1), STATUS_OK);
	bus_free(children[1].bus);
	children[1].bus = NULL;
	turn(fixture);
	turn(fixture);
	assert_true(bus_find(children[0].bus, 100, NULL)); /* not swept yet */
	assert_int_equal(bus_send(children[0].bus, 100, frame_with(room, "x")), STATUS_NOT_ONLINE);
	assert_int_equal(bus_announce(children[0].bus, frame_with(room, "x")), STATUS_OK);
	assert_int_equal(bus_join(children[2].bus, 100, 2), STATUS_OK);
	assert_int_equal(bus_send(children[0].bus, 100, frame_with(room, "y")), STATUS_OK);
	run(fixture, 2);
	assert_string_equal(children[2].text, "y");
}

/* A replacement takes logins before its channel has come to everybody. */
static void
a_takeover_waits_for_the_channel(void **state)
{
	struct fixture *fixture = *state;
	struct child *children = fixture->children;
	uint8_t room[64];

	bus_free(children[1].bus);
	start_child(fixture, 1, 2);
	assert_int_equal(bus_join(children[1].bus, 100, 1), STATUS_OK);
	assert_int_equal(bus_join(children[1].bus, 200, 2), STATUS_OK);
	assert_int_equal(bus_send(children[0].bus, 200, frame_with(room, "x")), STATUS_BUSY);
	assert_int_equal(bus_join(children[0].bus, 100, 3), STATUS_OK);
	link_children(fixture, 0, 1, 1, 2);
	assert_int_equal(bus_send(children[0].bus, 200, frame_with(room, "x")), STATUS_OK);
	run(fixture, 2);
	assert_int_equal(children[1].takeovers, 1);
	assert_int_equal(children[1].frames, 1);
}

/* Generations wrap around after a million starts. */
static void
generations_wrap_around(void **state)
{
	struct fixture *fixture = *state;
	struct child *children = fixture->children;
	uint8_t room[64];

	bus_free(children[1].bus);
	start_child(fixture, 1, PRESENCE_GENERATION_MASK);
	link_children(fixture, 0, 1, 1, PRESENCE_GENERATION_MASK);
	assert_int_equal(bus_join(children[1].bus, 100, 1), STATUS_OK);
	assert_int_equal(bus_send(children[0].bus, 100, frame_with(room, "x")), STATUS_OK);
	bus_free(children[1].bus);
	start_child(fixture, 1, PRESENCE_GENERATION_MASK + 1);
	assert_int_equal(bus_join(children[1].bus, 200, 1), STATUS_OK);
	assert_int_equal(bus_send(children[0].bus, 200, frame_with(room, "x")), STATUS_BUSY);
	link_children(fixture, 0, 1, 1, PRESENCE_GENERATION_MASK + 1);
	assert_int_equal(bus_send(children[0].bus, 200, frame_with(room, "x")), STATUS_OK);
	assert_int_equal(bus_send(children[0].bus, 100, frame_with(room, "x")), STATUS_NOT_ONLINE);
	run(fixture, 1);
}

static void
a_sibling_that_talks_rubbish_is_dropped(void **state)
{
	struct fixture *fixture = *state;
	struct child *children = fixture->children;
	static const uint8_t packets[][6] = {
		{ 0xe0, 0x00, 0, 6, 1, 2 },
		{ 0x12, 0x34, 0, 6, 1, 2 },
	};

	for (size_t i = 0; i < ARRAY_LEN(packets); i++) {
		uint8_t room[64];
		int ends[2];

		assert_int_equal(channel_pair(ends), STATUS_OK);
		bus_add_peer(children[0].bus, 1, 1, ends[0]);
		assert_int_equal(send(ends[1], packets[i], 6, 0), 6);
		turn(fixture);
		assert_int_equal(recv(ends[1], room, sizeof(room), 0), 0);
		close(ends[1]);
	}
	assert_int_equal(children[0].frames, 0);
}

static void
the_table_of_messages_is_in_order(void **state UNUSED)
{
	static const uint16_t types[] = { BUS_DELIVER, BUS_TAKEN_OVER, BUS_ANNOUNCE };

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		const struct schema *schema = bus_schema(types[i]);

		assert_non_null(schema);
		assert_int_equal(codec_struct_size(schema), schema->struct_size);
		assert_true(schema->struct_size <= CODEC_STRUCT_MAX);
	}
	assert_null(bus_schema(BUS_ANNOUNCE + 1));
}

#define BUS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BUS_TEST(frames_reach_users_wherever_they_are),
		BUS_TEST(a_newer_login_takes_over),
		BUS_TEST(callbacks_may_call),
		BUS_TEST(announcements_reach_all_others),
		BUS_TEST(frames_have_a_largest_size),
		BUS_TEST(a_stopped_child_makes_senders_wait),
		BUS_TEST(what_is_left_of_a_dead_child_is_not_online),
		BUS_TEST(a_takeover_waits_for_the_channel),
		BUS_TEST(generations_wrap_around),
		BUS_TEST(a_sibling_that_talks_rubbish_is_dropped),
		cmocka_unit_test(the_table_of_messages_is_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
