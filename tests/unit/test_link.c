/* SPDX-License-Identifier: ISC */
/* A link in good weather. */

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "shared/compiler.h"
#include "shared/protocol.h"
#include "tests/support/cable.h"
#include "tests/support/process.h"

static void
check_seed(struct end *end, const struct frame *frame)
{
	assert_int_equal(frame->payload.len, end->other->number);
	assert_true(frame_is_sent_by_seed(frame, (unsigned)end->frames));
}

static void
frames_of_every_size_arrive_whole(void **state)
{
	struct stage *stage = *state;
	struct end client = { 0 }, server = { .on_frame = check_seed };
	unsigned sent = 0;

	stage_link(stage, &client, &server);
	for (size_t size = 0; size <= FRAME_PAYLOAD_MAX; size += size < 600 ? 1 : 487) {
		client.number = size;
		assert_int_equal(end_send(&client, 7, size, ++sent), STATUS_OK);
		stage_until(stage, server.frames == sent);
	}
	client.number = FRAME_PAYLOAD_MAX;
	end_send(&client, 7, FRAME_PAYLOAD_MAX, ++sent);
	stage_until(stage, server.frames == sent);
	assert_int_equal(link_bytes_read(server.link), server.bytes + sent * FRAME_HEADER_SIZE);
	end_close(&client);
	stage_until(stage, server.downs);
	assert_int_equal(server.why, STATUS_CLOSED);
	assert_int_equal(client.why, STATUS_STOPPED);
}

static void
a_message_arrives_as_it_was_sent(void **state)
{
	struct stage *stage = *state;
	struct msg_ping ping = { .request = 0x01020304 };
	struct end client = { 0 }, server = { 0 };

	stage_link(stage, &client, &server);
	assert_int_equal(link_send(client.link, MSG_PING, &ping), STATUS_OK);
	assert_int_equal(link_output_pending(client.link), 8);
	stage_until(stage, server.frames == 1);
	assert_int_equal(link_output_pending(client.link), 0);
	assert_int_equal(server.type, MSG_PING);
	assert_int_equal(server.last_len, 4);
	assert_memory_equal(server.last, "\1\2\3\4", 4);
	end_close(&server);
	stage_until(stage, client.downs);
	assert_int_equal(client.why, STATUS_CLOSED);
}

static void
what_is_sent_before_it_is_up_arrives(void **state)
{
	struct stage *stage = *state;
	struct end client = { 0 }, server = { 0 };
	struct sockaddr_in address;
	int listener = stage_listen(&address);

	end_connect(&client, stage, &address);
	assert_false(link_is_up(client.link));
	assert_int_equal(end_send(&client, 9, 100, 1), STATUS_OK);
	end_accept(&server, stage, accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	close(listener);
	assert_false(link_is_up(server.link));
	assert_int_equal(end_send(&server, 8, 50, 1), STATUS_OK);
	stage_until(stage, server.frames == 1 && client.frames == 1);
	end_close(&client);
	end_close(&server);
}

static void
frames_of_a_turn_share_a_record(void **state)
{
	struct stage *stage = *state;
	struct end client = { 0 }, server = { 0 };
	struct cable *cable = stage_link_by_cable(
	    stage, &client, &server, (struct wire_fault){ 0 });
	size_t before;

	stage_until(stage, client.ups && server.ups);
	before = cable_count_records(cable);
	for (unsigned i = 0; i < 50; i++)
		end_send(&client, 7, 100, i);
	stage_until(stage, server.frames == 50);
	assert_int_equal(cable_count_records(cable), before + 1);
	end_close(&client);
	end_close(&server);
	cable_free(cable);
}

static void
queue_back(struct end *end, const struct frame *frame)
{
	assert_true(frame_is_sent_by_seed(frame, (unsigned)end->frames));
	end_send(end, frame->type, frame->payload.len, (unsigned)end->frames);
}

/* More than the 64 KiB of a turn, in one go and in both directions. */
static void
a_queue_longer_than_a_turn_comes_whole(void **state)
{
	struct stage *stage = *state;
	struct end client = { .on_frame = queue_back }, server = { .on_frame = queue_back };

	stage_link(stage, &client, &server);
	for (unsigned i = 1; i <= 30; i++)
		assert_int_equal(end_send(&client, 7, 20000 + i, i), STATUS_OK);
	stage_until(stage, server.frames == 30 && client.frames == 30);
	client.on_frame = server.on_frame = NULL;
	stage_until(stage, server.frames == 60);
	end_close(&client);
	end_close(&server);
}

static void
fill_up(struct end *end)
{
	while (end->number > 0 && link_output_pending(end->link) <= end->stage->limits.output_low)
		end_send(end, 7, 4000, (unsigned)end->number--);
}

static void
check_countdown(struct end *end, const struct frame *frame)
{
	assert_true(frame_is_sent_by_seed(frame, (unsigned)(2500 - end->frames + 1)));
}

/* 10 MB each way at once, paced by on_drained: nobody waits for the other for ever. */
static void
a_flood_both_ways_does_not_stop(void **state)
{
	struct stage *stage = *state;
	struct end client = { .on_drained = fill_up, .on_frame = check_countdown, .number = 2500 };
	struct end server = { .on_drained = fill_up, .on_frame = check_countdown, .number = 2500 };

	stage_link(stage, &client, &server);
	fill_up(&client);
	fill_up(&server);
	stage_until(stage, server.frames == 2500 && client.frames == 2500);
	assert_true(client.drains > 10 && server.drains > 10);
	end_close(&client);
	end_close(&server);
}

static void
fill_for_ever(struct end *end)
{
	while (link_output_pending(end->link) <= end->stage->limits.output_low)
		end_send(end, 7, 30000, 1);
}

/* Two that are never done, and a third that says a word now and then. */
static void
busy_links_leave_room_for_each_other(void **state)
{
	struct stage *stage = *state;
	struct end clients[3] = { 0 }, servers[3] = { 0 };

	clients[0].on_drained = clients[1].on_drained = fill_for_ever;
	for (int i = 0; i < 3; i++)
		stage_link(stage, &clients[i], &servers[i]);
	fill_for_ever(&clients[0]);
	fill_for_ever(&clients[1]);
	for (unsigned word = 1; word <= 20; word++) {
		size_t before = servers[0].bytes + servers[1].bytes;

		end_send(&clients[2], 8, 10, word);
		stage_until(stage, servers[2].frames == word);
		assert_true(servers[0].bytes + servers[1].bytes - before < 4000000);
	}
	stage_until(stage, servers[0].bytes > 3000000 && servers[1].bytes > 3000000);
	assert_true(
	    servers[0].bytes < 4 * servers[1].bytes && servers[1].bytes < 4 * servers[0].bytes);
	for (int i = 0; i < 3; i++) {
		end_close(&clients[i]);
		end_close(&servers[i]);
	}
}

static void
pause_at_third(struct end *end, const struct frame *frame)
{
	assert_true(frame_is_sent_by_seed(frame, (unsigned)end->frames));
	if (end->frames % 3 == 0)
		link_pause(end->link);
}

/* No new edge comes for what was in the socket, in TLS or in our hands when the pause began. */
static void
a_pause_keeps_what_waits(void **state)
{
	struct stage *stage = *state;
	struct end client = { 0 }, server = { .on_frame = pause_at_third };

	stage_link(stage, &client, &server);
	for (unsigned i = 1; i <= 30; i++)
		end_send(&client, 7, i * 900, i);
	for (unsigned batch = 1; batch <= 10; batch++) {
		stage_until(stage, server.frames == batch * 3);
		stage_quiet(stage);
		assert_int_equal(server.frames, batch * 3);
		link_resume(server.link);
		assert_int_equal(server.frames, batch * 3);
	}
	end_close(&client);
	stage_until(stage, server.downs);
	assert_int_equal(server.why, STATUS_CLOSED);
}

static void
a_pause_before_anything_came_holds_it_back(void **state)
{
	struct stage *stage = *state;
	struct end client = { 0 }, server = { 0 };

	stage_link(stage, &client, &server);
	link_pause(server.link);
	end_send(&client, 7, 10, 1);
	stage_quiet(stage);
	assert_int_equal(server.frames, 0);
	link_resume(server.link);
	stage_until(stage, server.frames == 1);
	end_close(&client);
	end_close(&server);
}

/* A frame a link read for somebody may be sent on to others in the callback. */
static void
pass_on(struct end *end, const struct frame *frame)
{
	end_send(end->other, frame->type, frame->payload.len, 1);
	link_pause(end->link);
	link_resume(end->link);
}

static void
resume_in_the_callback_loses_nothing(void **state)
{
	struct stage *stage = *state;
	struct end client = { 0 }, server = { .on_frame = pass_on }, third = { 0 }, fourth = { 0 };

	stage_link(stage, &third, &fourth);
	stage_link(stage, &client, &server);
	server.other = &fourth;
	for (unsigned i = 1; i <= 40; i++)
		end_send(&client, 7, 3000, 1);
	stage_until(stage, third.frames == 40);
	assert_int_equal(server.frames, 40);
	end_close(&client);
	end_close(&server);
	end_close(&third);
	end_close(&fourth);
}

static void
links_know_their_addresses(void **state)
{
	struct stage *stage = *state;
	struct sockaddr_in local = { .sin_family = AF_INET }, address, *seen;
	struct sockaddr_storage own;
	struct link_target target = {
		.address = (struct sockaddr *)&address,
		.address_len = sizeof(address),
		.local = (struct sockaddr *)&local,
		.local_len = sizeof(local),
		.share_port = true,
		.tls = stage->client,
	};
	int listener = stage_listen(&address);
	struct end server = { 0 };
	struct link *client;

	local.sin_addr.s_addr = htonl(0x7f0a0b0c);
	client = link_connect(stage->loop, &target, &stage->limits, NULL, NULL);
	end_accept(&server, stage, accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	stage_until(stage, server.ups);
	seen = (struct sockaddr_in *)&server.peer;
	assert_int_equal(ntohl(seen->sin_addr.s_addr), 0x7f0a0b0c);
	assert_int_equal(link_local_address(client, &own), STATUS_OK);
	assert_int_equal(((struct sockaddr_in *)&own)->sin_port, seen->sin_port);
	link_close(client, STATUS_STOPPED);
	assert_int_equal(link_local_address(client, &own), STATUS_CLOSED);
	stage_until(stage, server.downs);
	close(listener);
}

/*
 * Another connection between the same two ports right after the first: nothing of that one is in
 * the way.
 */
static void
two_ports_may_meet_again_at_once(void **state)
{
	struct stage *stage = *state;
	struct sockaddr_in local = { .sin_family = AF_INET }, address;
	struct sockaddr_storage own;
	struct link_target target = {
		.address = (struct sockaddr *)&address,
		.address_len = sizeof(address),
		.local = (struct sockaddr *)&local,
		.local_len = sizeof(local),
		.share_port = true,
		.skip_time_wait = true,
		.tls = stage->client,
	};
	int listener = stage_listen(&address);
	unsigned port;
	int held = process_hold_port(&port);

	local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	local.sin_port = htons((uint16_t)port);
	for (int i = 0; i < 3; i++) {
		struct end server = { 0 };
		struct link *client =
		    link_connect(stage->loop, &target, &stage->limits, NULL, NULL);

		end_accept(&server, stage, accept4(listener, NULL, NULL, SOCK_CLOEXEC));
		stage_until(stage, server.ups);
		assert_int_equal(link_local_address(client, &own), STATUS_OK);
		assert_int_equal(((struct sockaddr_in *)&own)->sin_port, local.sin_port);
		link_close(client, STATUS_STOPPED);
		stage_until(stage, server.downs);
	}
	close(held);
	close(listener);
}

/* What many clients do at once: each is served, and nothing is left behind. */
static void
a_thousand_links_leave_nothing_behind(void **state)
{
	enum { COUNT = 1000, AT_ONCE = 100 };
	struct stage *stage = *state;
	struct end *clients = calloc(COUNT, sizeof(*clients));
	struct end *servers = calloc(COUNT, sizeof(*servers));
	struct sockaddr_in address;
	int listener = stage_listen(&address);

	for (size_t first = 0; first < COUNT; first += AT_ONCE) {
		for (size_t i = first; i < first + AT_ONCE; i++) {
			end_connect(&clients[i], stage, &address);
			end_send(&clients[i], 7, i, (unsigned)i);
			end_accept(&servers[i], stage, accept4(listener, NULL, NULL, SOCK_CLOEXEC));
		}
		for (size_t i = first; i < first + AT_ONCE; i++)
			stage_until(stage, servers[i].frames == 1);
		assert_int_equal(link_loop_count(stage->loop), 2 * AT_ONCE);
		for (size_t i = first; i < first + AT_ONCE; i++)
			link_close(i % 2 ? clients[i].link : servers[i].link, STATUS_STOPPED);
		for (size_t i = first; i < first + AT_ONCE; i++)
			stage_until(stage, clients[i].downs && servers[i].downs);
		assert_int_equal(link_loop_count(stage->loop), 0);
	}
	close(listener);
	free(clients);
	free(servers);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(frames_of_every_size_arrive_whole),
		ON_BOTH(a_message_arrives_as_it_was_sent),
		ON_BOTH(what_is_sent_before_it_is_up_arrives),
		ON_TLS(frames_of_a_turn_share_a_record),
		ON_BOTH(a_queue_longer_than_a_turn_comes_whole),
		ON_BOTH(a_flood_both_ways_does_not_stop),
		ON_BOTH(busy_links_leave_room_for_each_other),
		ON_BOTH(a_pause_keeps_what_waits),
		ON_BOTH(a_pause_before_anything_came_holds_it_back),
		ON_BOTH(resume_in_the_callback_loses_nothing),
		ON_BOTH(links_know_their_addresses),
		ON_BOTH(two_ports_may_meet_again_at_once),
		ON_BOTH(a_thousand_links_leave_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
