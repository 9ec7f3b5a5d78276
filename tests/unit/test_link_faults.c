/* SPDX-License-Identifier: ISC */
/* Links whose other side is slow, broken or means harm. */

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "shared/compiler.h"
#include "shared/mem.h"
#include "shared/protocol.h"
#include "tests/support/cable.h"

/* ---- dribble ---- */

static void
check_seed(struct end *end, const struct frame *frame)
{
	assert_true(frame_is_sent_by_seed(frame, (unsigned)end->frames));
}

static void
echo(struct end *end, const struct frame *frame)
{
	check_seed(end, frame);
	end_send(end, frame->type, frame->payload.len, (unsigned)end->frames);
}

/* Handshake, frames, bye: every byte comes alone, both ways. */
static void
a_peer_that_dribbles_gets_everything_done(void **state)
{
	struct stage *stage = *state;
	struct end client = { .on_frame = check_seed }, server = { .on_frame = echo };
	struct cable *cable = stage_link_by_cable(
	    stage, &client, &server, (struct wire_fault){ .step = 1 });

	stage_until(stage, client.ups && server.ups);
	for (unsigned i = 1; i <= 20; i++)
		end_send(&client, 7, i * i, i);
	stage_until(stage, client.frames == 20);
	link_finish(client.link, STATUS_GOODBYE);
	stage_until(stage, client.downs && server.downs);
	assert_int_equal(server.why, STATUS_CLOSED);
	assert_int_equal(client.why, STATUS_GOODBYE);
	cable_free(cable);
}

static void
a_large_frame_survives_small_pieces(void **state)
{
	struct stage *stage = *state;
	struct end client = { .on_frame = check_seed }, server = { .on_frame = echo };
	struct cable *cable = stage_link_by_cable(
	    stage, &client, &server, (struct wire_fault){ .step = 61 });

	stage_until(stage, client.ups && server.ups);
	end_send(&client, 7, FRAME_PAYLOAD_MAX, 1);
	end_send(&client, 7, 1, 2);
	stage_until(stage, client.frames == 2);
	assert_int_equal(server.bytes, FRAME_PAYLOAD_MAX + 1);
	end_close(&client);
	end_close(&server);
	cable_free(cable);
}

/* Three frames in two pieces, cut at each place there is. */
static void
a_frame_may_be_cut_anywhere(void **state)
{
	enum { TOTAL = 4 + 9 + 4 + 4 + 30 };
	static const uint8_t frames[TOTAL] = { 0, 7, 0, 13, [13] = 0, 7, 0, 4, [17] = 0, 7, 0, 34 };
	struct stage *stage = *state;

	for (size_t cut = 1; cut < TOTAL; cut++) {
		struct end server = { 0 };
		struct raw raw;

		stage_raw(stage, &raw, true, &server);
		raw_send(&raw, frames, cut);
		stage_until(stage, server.link && link_bytes_read(server.link) == cut);
		assert_int_equal(server.frames, (cut >= 13) + (cut >= 17));
		raw_send(&raw, frames + cut, TOTAL - cut);
		stage_until(stage, server.frames == 3);
		assert_int_equal(server.bytes, 39);
		raw_close(&raw);
		stage_until(stage, server.downs);
		assert_int_equal(server.why, STATUS_CLOSED);
	}
}

/* ---- those who never read ---- */

static void
a_peer_that_never_reads_is_cut(void **state)
{
	struct stage *stage = *state;
	struct end server = { 0 };
	enum status status = STATUS_OK;
	size_t sent = 0;
	struct raw raw;

	stage->limits.output_high = 100000;
	stage_raw(stage, &raw, false, &server);
	stage_until(stage, server.ups);
	while (status == STATUS_OK && sent < 100000000) {
		status = end_send(&server, 7, 996, 1);
		sent += 1000;
		if (sent % 50000 == 0)
			event_base_loop(stage->base, EVLOOP_NONBLOCK);
		assert_true(link_output_pending(server.link) <= 100000);
	}
	assert_int_equal(status, STATUS_SLOW_READER);
	stage_until(stage, server.downs);
	assert_int_equal(server.why, STATUS_SLOW_READER);
	assert_int_equal(server.drains, 0);
	raw_close(&raw);
}

/* The same where the other end is a link: it is told nothing, since it would not read it. */
static void
a_link_that_never_reads_is_cut(void **state)
{
	struct stage *stage = *state;
	struct end client = { 0 }, server = { 0 };

	stage->limits.output_high = 200000;
	stage_link(stage, &client, &server);
	link_pause(client.link);
	while (end_send(&server, 7, 5000, 1) == STATUS_OK)
		event_base_loop(stage->base, EVLOOP_NONBLOCK);
	stage_until(stage, server.downs);
	assert_int_equal(server.why, STATUS_SLOW_READER);
	assert_int_equal(client.downs, 0);
	link_resume(client.link);
	stage_until(stage, client.downs);
	assert_true(client.frames > 10);
}

/* ---- wrong frames, too many bytes ---- */

static void
expect_error(struct stage *stage, const uint8_t *bytes, size_t len, enum status why)
{
	struct end server = { 0 };
	struct raw raw;

	stage_raw(stage, &raw, true, &server);
	stage_until(stage, server.ups);
	raw_send(&raw, bytes, len);
	stage_until(stage, raw.ended);
	assert_int_equal(raw_count_frames(&raw, MSG_ERROR), 1);
	raw_close(&raw);
	stage_until(stage, server.downs);
	assert_int_equal(server.why, why);
	assert_int_equal(server.frames, 1);
}

static void
a_frame_shorter_than_its_header_ends_the_link(void **state)
{
	static const uint8_t bytes[] = { 0, 7, 0, 4, 0, 7, 0, 3, 0, 7, 0, 4 };
	static const uint8_t zeros[] = { 0, 7, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0 };

	expect_error(*state, bytes, sizeof(bytes), STATUS_BAD_FRAME);
	expect_error(*state, zeros, sizeof(zeros), STATUS_BAD_FRAME);
}

static void
grant(struct end *end)
{
	link_set_read_budget(end->link, 100);
}

static void
send_pieces(struct raw *raw, size_t count, size_t payload_len)
{
	uint8_t frame[FRAME_HEADER_SIZE + 256] = { 0 };

	frame_put_header(frame, 7, payload_len);
	for (size_t i = 0; i < count; i++)
		raw_send(raw, frame, FRAME_HEADER_SIZE + payload_len);
}

/* 100 bytes are granted: ten frames of 10 bytes pass, one byte more does not. */
static void
the_budget_is_kept_to_the_byte(void **state)
{
	struct stage *stage = *state;
	struct end server = { .on_up = grant };
	struct raw raw;

	stage_raw(stage, &raw, true, &server);
	stage_until(stage, server.ups);
	send_pieces(&raw, 10, 6);
	stage_until(stage, server.frames == 10);
	stage_quiet(stage);
	assert_int_equal(server.downs, 0);
	raw_send(&raw, "", 1);
	stage_until(stage, raw.ended);
	assert_int_equal(raw_count_frames(&raw, MSG_ERROR), 1);
	raw_close(&raw);
	stage_until(stage, server.downs);
	assert_int_equal(server.why, STATUS_TOO_CHATTY);
}

/*
 * A frame that could only end beyond the budget is refused by its header: nobody keeps it until
 * then.
 */
static void
a_frame_beyond_the_budget_is_not_waited_for(void **state)
{
	static const uint8_t header[] = { 0, 7, 0, 101 };
	struct stage *stage = *state;
	struct end server = { .on_up = grant };
	struct raw raw;

	stage_raw(stage, &raw, true, &server);
	stage_until(stage, server.ups);
	raw_send(&raw, header, 3);
	stage_until(stage, link_bytes_read(server.link) == 3);
	raw_send(&raw, header + 3, 1);
	stage_until(stage, raw.ended);
	raw_close(&raw);
	stage_until(stage, server.downs);
	assert_int_equal(server.why, STATUS_TOO_CHATTY);
}

static void
lift(struct end *end, const struct frame *frame UNUSED)
{
	link_set_read_budget(end->link, LINK_NO_BUDGET);
}

/* Logging in lifts the budget, also for what came in the same packet. */
static void
the_budget_can_be_lifted(void **state)
{
	struct stage *stage = *state;
	struct end server = { .on_up = grant, .on_frame = lift };
	struct raw raw;

	stage_raw(stage, &raw, true, &server);
	stage_until(stage, server.ups);
	send_pieces(&raw, 100, 60);
	stage_until(stage, server.frames == 100);
	raw_close(&raw);
	stage_until(stage, server.downs);
	assert_int_equal(server.why, STATUS_CLOSED);
}

/* ---- connecting ---- */

static void
where_nobody_listens_is_refused(void **state)
{
	struct stage *stage = *state;
	struct end client = { 0 };
	struct sockaddr_in address;

	close(stage_listen(&address));
	end_connect(&client, stage, &address);
	end_send(&client, 7, 10, 1);
	assert_int_equal(client.downs, 0);
	stage_until(stage, client.downs);
	assert_int_equal(client.why, STATUS_REFUSED);
	assert_int_equal(client.ups, 0);
}

/* The queue of a listener that accepts nobody is full after two; what comes then gets no answer. */
static void
no_answer_to_a_connect_is_a_timeout(void **state)
{
	enum { COUNT = 4 };
	struct stage *stage = *state;
	struct end clients[COUNT] = { 0 };
	struct sockaddr_in address;
	int listener = stage_listen(&address);

	assert_int_equal(listen(listener, 0), 0);
	stage->limits.handshake_ms = 100;
	for (int i = 0; i < COUNT; i++)
		end_connect(&clients[i], stage, &address);
	stage_until(stage, clients[COUNT - 1].downs);
	assert_int_equal(clients[COUNT - 1].why, STATUS_TIMEOUT);
	for (int i = 0; i < COUNT - 1; i++)
		end_close(&clients[i]);
	close(listener);
}

static void
an_address_that_is_not_ours_says_so_later(void **state)
{
	struct stage *stage = *state;
	struct sockaddr_in address, local = { .sin_family = AF_INET };
	struct end client = { .stage = stage };
	int listener = stage_listen(&address);
	const struct link_target target = {
		.address = (struct sockaddr *)&address,
		.address_len = sizeof(address),
		.local = (struct sockaddr *)&local,
		.local_len = sizeof(local),
	};

	local.sin_addr.s_addr = htonl(0x01010101);
	client.link = link_connect(stage->loop, &target, &stage->limits, NULL, NULL);
	assert_false(link_is_up(client.link));
	link_finish(client.link, STATUS_GOODBYE);
	stage_quiet(stage);
	assert_int_equal(link_loop_count(stage->loop), 0);
	close(listener);
}

static void
a_closed_descriptor_is_told_by_on_down(void **state)
{
	struct stage *stage = *state;
	struct end server = { 0 };

	end_accept(&server, stage, -1);
	stage_until(stage, server.downs);
	assert_int_equal(server.why, STATUS_SYSTEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(a_peer_that_dribbles_gets_everything_done),
		ON_BOTH(a_large_frame_survives_small_pieces),
		ON_PLAIN(a_frame_may_be_cut_anywhere),
		ON_PLAIN(a_peer_that_never_reads_is_cut),
		ON_BOTH(a_link_that_never_reads_is_cut),
		ON_PLAIN(a_frame_shorter_than_its_header_ends_the_link),
		ON_PLAIN(the_budget_is_kept_to_the_byte),
		ON_PLAIN(a_frame_beyond_the_budget_is_not_waited_for),
		ON_PLAIN(the_budget_can_be_lifted),
		ON_BOTH(where_nobody_listens_is_refused),
		ON_BOTH(no_answer_to_a_connect_is_a_timeout),
		ON_PLAIN(an_address_that_is_not_ours_says_so_later),
		ON_BOTH(a_closed_descriptor_is_told_by_on_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
