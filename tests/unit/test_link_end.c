/* SPDX-License-Identifier: ISC */
/* How links end: in any callback, in peace, with words, and by the clock. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "shared/compiler.h"
#include "shared/protocol.h"
#include "tests/support/cable.h"

/* ---- in every callback, in every way ---- */

static void
close_it(struct end *end)
{
	link_close(end->link, STATUS_GOODBYE);
	link_close(end->link, STATUS_STOPPED);
}

static void
finish_it(struct end *end)
{
	link_finish(end->link, STATUS_GOODBYE);
	link_close(end->link, STATUS_STOPPED);
	link_finish(end->link, STATUS_BUSY);
}

static void
finish_it_slowly(struct end *end)
{
	link_finish(end->link, STATUS_GOODBYE);
}

static void
refuse_it(struct end *end)
{
	link_refuse(end->link, STATUS_GOODBYE, 0);
	assert_int_equal(end_send(end, 7, 10, 1), STATUS_GOODBYE);
}

static void
cut_by_queue(struct end *end)
{
	while (end_send(end, 7, 60000, 1) == STATUS_OK)
		;
	assert_int_equal(end_send(end, 7, 10, 1), STATUS_SLOW_READER);
}

static void (*const ways[])(struct end *) = {
	close_it,
	finish_it,
	finish_it_slowly,
	refuse_it,
	cut_by_queue,
};

static void
end_in_frame(struct end *end, const struct frame *frame UNUSED)
{
	ways[end->number](end);
	link_pause(end->link);
	link_resume(end->link);
	assert_false(link_is_up(end->link));
}

static void
end_in_event(struct end *end)
{
	ways[end->number](end);
}

static enum status
expected(size_t way)
{
	return ways[way] == cut_by_queue ? STATUS_SLOW_READER : STATUS_GOODBYE;
}

/* Frames behind the one that ended it are not handed out, and on_down comes once. */
static void
a_link_may_end_in_on_frame(void **state)
{
	struct stage *stage = *state;

	for (size_t way = 0; way < ARRAY_LEN(ways); way++) {
		struct end client = { 0 }, server = { .on_frame = end_in_frame, .number = way };

		stage_link(stage, &client, &server);
		for (unsigned i = 0; i < 5; i++)
			end_send(&client, 7, 2000, i);
		stage_until(stage, server.downs && client.downs);
		assert_int_equal(server.frames, 1);
		assert_int_equal(server.why, expected(way));
	}
}

static void
a_link_may_end_in_on_up(void **state)
{
	struct stage *stage = *state;

	for (size_t way = 0; way < ARRAY_LEN(ways); way++) {
		struct end client = { .number = way };
		struct end server = { .on_up = end_in_event, .number = way };

		if (way % 2 == 1)
			client.on_up = end_in_event;
		stage_link(stage, &client, &server);
		stage_until(stage, server.downs && client.downs);
		assert_int_equal(server.why, expected(way));
	}
}

static void
a_link_may_end_in_on_drained(void **state)
{
	struct stage *stage = *state;

	for (size_t way = 0; way < ARRAY_LEN(ways); way++) {
		struct end client = { 0 }, server = { .on_drained = end_in_event, .number = way };

		stage_link(stage, &client, &server);
		while (server.drains == 0 && link_output_pending(server.link) < 800000)
			end_send(&server, 7, 60000, 1);
		stage_until(stage, server.downs && client.downs);
		assert_int_equal(server.why, expected(way));
		assert_int_equal(server.drains, 1);
	}
}

static void
call_everything(struct end *end)
{
	struct sockaddr_storage address;
	uint8_t room[TLS_PIN_SIZE];

	link_close(end->link, STATUS_GOODBYE);
	link_finish(end->link, STATUS_GOODBYE);
	link_refuse(end->link, STATUS_GOODBYE, 0);
	link_pause(end->link);
	link_resume(end->link);
	link_set_idle(end->link, 1);
	link_set_read_budget(end->link, 1);
	assert_int_equal(end_send(end, 7, 10, 1), STATUS_STOPPED);
	assert_int_equal(link_output_pending(end->link), 0);
	assert_int_equal(link_peer_address(end->link, &address), STATUS_CLOSED);
	link_peer_pin(end->link, room);
	link_binding(end->link, room);
}

static void
a_link_that_ended_takes_no_harm_from_calls(void **state)
{
	struct stage *stage = *state;
	struct end client = { 0 }, server = { .on_down = call_everything };

	stage_link(stage, &client, &server);
	link_close(server.link, STATUS_STOPPED);
	call_everything(&server);
	stage_until(stage, client.downs && server.downs);
	assert_int_equal(server.why, STATUS_STOPPED);
}

static void
close_the_other(struct end *end, const struct frame *frame UNUSED)
{
	link_close(end->other->link, STATUS_TAKEN_OVER);
}

/* A takeover: the frame of one link ends another that has just been read, or is about to. */
static void
a_link_may_end_in_the_callback_of_another(void **state)
{
	struct stage *stage = *state;
	struct end a = { 0 }, a_server = { .on_frame = close_the_other };
	struct end b = { 0 }, b_server = { .on_frame = close_the_other };

	stage_link(stage, &a, &a_server);
	stage_link(stage, &b, &b_server);
	a_server.other = &b_server;
	b_server.other = &a_server;
	end_send(&a, 7, 10, 1);
	end_send(&b, 7, 10, 1);
	stage_until(stage, a_server.downs + b_server.downs == 1);
	stage_quiet(stage);
	assert_int_equal(a_server.frames + b_server.frames, 1);
	end_close(&a);
	end_close(&b);
	end_close(&a_server);
	end_close(&b_server);
}

static void
a_link_may_end_before_its_loop_turned(void **state)
{
	struct stage *stage = *state;

	for (int early = 0; early < 4; early++) {
		struct end client = { 0 }, server = { 0 };
		struct sockaddr_in address;
		int listener = stage_listen(&address);

		end_connect(&client, stage, &address);
		end_accept(&server, stage, accept4(listener, NULL, NULL, SOCK_CLOEXEC));
		close(listener);
		(early & 1 ? link_close : link_finish)(client.link, STATUS_GOODBYE);
		(early & 2 ? link_close : link_finish)(server.link, STATUS_BUSY);
		stage_until(stage, client.downs && server.downs);
		assert_int_equal(client.ups + server.ups, 0);
		assert_int_equal(client.why, STATUS_GOODBYE);
		assert_int_equal(server.why, STATUS_BUSY);
	}
}

static void
nobody_need_listen(void **state)
{
	struct stage *stage = *state;
	static const struct link_handler deaf;
	struct end client = { 0 }, server = { 0 };

	stage_link(stage, &client, &server);
	link_set_handler(server.link, &deaf, &server);
	assert_ptr_equal(link_arg(server.link), &server);
	end_send(&client, 7, 10, 1);
	stage_quiet(stage);
	link_set_handler(server.link, NULL, NULL);
	link_close(server.link, STATUS_STOPPED);
	stage_until(stage, client.downs);
	assert_int_equal(server.frames + server.downs, 0);
}

/* ---- in peace ---- */

static void
finish_sends_what_waits_first(void **state)
{
	struct stage *stage = *state;
	struct end client = { 0 }, server = { 0 };

	stage_link(stage, &client, &server);
	for (unsigned i = 0; i < 15; i++)
		end_send(&server, 7, 60000, i);
	end_send(&client, 7, 500, 1);
	link_finish(server.link, STATUS_STOPPED);
	assert_int_equal(end_send(&server, 7, 1, 1), STATUS_STOPPED);
	assert_false(link_is_up(server.link));
	stage_until(stage, server.downs && client.downs);
	assert_int_equal(client.frames, 15);
	assert_int_equal(server.frames, 0);
	assert_int_equal(server.why, STATUS_STOPPED);
	assert_int_equal(client.why, STATUS_CLOSED);
}

/*
 * Data that was not read would make the system reset the connection, and the last words would be
 * lost.
 */
static void
last_words_arrive_though_more_is_coming_in(void **state)
{
	struct stage *stage = *state;
	struct end server = { 0 };
	struct raw raw;
	static uint8_t flood[100000];

	stage_raw(stage, &raw, true, &server);
	stage_until(stage, server.ups);
	link_refuse(server.link, STATUS_BUSY, 1500);
	raw_send(&raw, flood, sizeof(flood));
	stage_until(stage, raw.ended || raw.broken);
	assert_true(raw.ended);
	assert_int_equal(raw_count_frames(&raw, MSG_ERROR), 1);
	raw_close(&raw);
	stage_until(stage, server.downs);
	assert_int_equal(server.why, STATUS_BUSY);
}

static void
keep_error(struct end *end, const struct frame *frame)
{
	struct msg_error error;

	assert_int_equal(frame->type, MSG_ERROR);
	assert_int_equal(
	    codec_decode(protocol_schema(MSG_ERROR), frame->payload, &error, NULL), STATUS_OK);
	assert_int_equal(error.request, 0);
	assert_int_equal(error.retry_ms, 2500);
	assert_true(bytes_equal(error.sentence, bytes_of_string(status_text(STATUS_FULL))));
	end->number = error.status;
}

/* A full server says so also over TLS, where that takes a handshake first. */
static void
a_refusal_at_the_door_is_heard(void **state)
{
	struct stage *stage = *state;
	struct end client = { .on_frame = keep_error }, server = { 0 };
	struct sockaddr_in address;
	int listener = stage_listen(&address);

	end_connect(&client, stage, &address);
	end_accept(&server, stage, accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	close(listener);
	link_refuse(server.link, STATUS_FULL, 2500);
	stage_until(stage, client.downs && server.downs);
	assert_int_equal(client.number, STATUS_FULL);
	assert_int_equal(client.why, STATUS_CLOSED);
	assert_int_equal(server.ups, 0);
	assert_int_equal(server.why, STATUS_FULL);
}

static void
answer_and_note(struct end *end, const struct frame *frame)
{
	end_send(end, frame->type, 40000, 1);
}

/* Whoever ends its half of the stream still gets the answers to what it asked. */
static void
answers_go_out_after_the_other_side_is_done(void **state)
{
	struct stage *stage = *state;
	struct end server = { .on_frame = answer_and_note };
	static const uint8_t frame[] = { 0, 7, 0, 4 };
	struct raw raw;

	stage_raw(stage, &raw, true, &server);
	for (int i = 0; i < 10; i++)
		raw_send(&raw, frame, sizeof(frame));
	shutdown(raw.fd, SHUT_WR);
	stage_until(stage, server.downs && raw.ended);
	assert_int_equal(raw_count_frames(&raw, 7), 10);
	assert_int_equal(server.why, STATUS_CLOSED);
	raw_close(&raw);
}

/* The end of the stream came during the pause: no edge will tell of it. */
static void
a_paused_link_finishes_when_the_other_side_is_gone(void **state)
{
	static const uint8_t frame[] = { 0, 7, 0, 4 };
	struct stage *stage = *state;
	struct end server = { 0 };
	struct raw raw;

	stage_raw(stage, &raw, false, &server);
	stage_until(stage, server.ups);
	link_pause(server.link);
	raw_send(&raw, frame, sizeof(frame));
	shutdown(raw.fd, SHUT_WR);
	stage_quiet(stage);
	assert_int_equal(server.frames + server.downs, 0);
	link_finish(server.link, STATUS_STOPPED);
	stage_until(stage, server.downs);
	assert_int_equal(server.frames, 0);
	raw_close(&raw);
}

static void
a_peer_that_leaves_while_output_waits_is_noticed(void **state)
{
	struct stage *stage = *state;
	struct end server = { 0 };
	struct raw raw;

	stage_raw(stage, &raw, false, &server);
	stage_until(stage, server.ups);
	for (int i = 0; i < 15; i++)
		end_send(&server, 7, 60000, 1);
	stage_quiet(stage);
	assert_int_equal(server.downs, 0);
	raw_close(&raw);
	stage_until(stage, server.downs);
	assert_true(server.why == STATUS_RESET || server.why == STATUS_CLOSED);
}

/* The reset comes behind data, in the same edge. */
static void
a_reset_behind_data_is_noticed(void **state)
{
	struct stage *stage = *state;
	const struct linger hard = { .l_onoff = 1 };
	static const uint8_t frame[] = { 0, 7, 0, 4 };
	struct end server = { 0 };
	struct raw raw;

	stage_raw(stage, &raw, false, &server);
	stage_until(stage, server.ups);
	raw_send(&raw, frame, sizeof(frame));
	setsockopt(raw.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	raw_close(&raw);
	stage_until(stage, server.downs);
	assert_int_equal(server.why, STATUS_RESET);
}

/* ---- by the clock ---- */

static void
silence_ends_a_link_with_an_error(void **state)
{
	struct stage *stage = *state;
	struct end client = { 0 }, server = { 0 };

	stage_link(stage, &client, &server);
	link_set_idle(server.link, 50);
	stage_until(stage, server.downs && client.downs);
	assert_int_equal(server.why, STATUS_IDLE);
	assert_int_equal(client.frames, 1);
	assert_int_equal(client.type, MSG_ERROR);
}

static void
say_again(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct end *end = arg;

	end_send(end, 7, 10, 1);
}

/* Words come every 30 ms for more than the idle time; then they stop. */
static void
a_word_now_and_then_keeps_it(void **state)
{
	const struct timeval pause = { .tv_usec = 30000 };
	struct stage *stage = *state;
	struct end client = { 0 }, server = { 0 };
	struct event *again = event_new(stage->base, -1, EV_PERSIST, say_again, &client);

	stage_link(stage, &client, &server);
	link_set_idle(server.link, 800);
	event_add(again, &pause);
	stage_until(stage, server.downs || server.frames == 40);
	assert_int_equal(server.frames, 40);
	event_free(again);
	stage_until(stage, server.downs);
	assert_int_equal(server.why, STATUS_IDLE);
	stage_until(stage, client.downs);
}

static void
note_time(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	((struct end *)arg)->number = 1;
}

/* Who does not listen cannot say that nothing was said. */
static void
a_pause_does_not_count_as_silence(void **state)
{
	const struct timeval three_times = { .tv_usec = 150000 };
	struct stage *stage = *state;
	struct end client = { 0 }, server = { 0 };
	struct event *later = evtimer_new(stage->base, note_time, &server);

	stage_link(stage, &client, &server);
	link_set_idle(server.link, 50);
	link_pause(server.link);
	event_add(later, &three_times);
	stage_until(stage, server.number || server.downs);
	assert_int_equal(server.downs, 0);
	link_resume(server.link);
	stage_until(stage, server.downs);
	assert_int_equal(server.why, STATUS_IDLE);
	event_free(later);
	stage_until(stage, client.downs);
}

/* A peer that neither reads nor leaves cannot hold up the end. */
static void
the_drain_has_a_deadline(void **state)
{
	struct stage *stage = *state;
	struct end idle = { 0 }, full = { 0 };
	struct raw first, second;

	stage->limits.drain_ms = 50;
	stage_raw(stage, &first, false, &idle);
	stage_raw(stage, &second, false, &full);
	stage_until(stage, idle.ups && full.ups);
	for (int i = 0; i < 15; i++)
		end_send(&full, 7, 60000, 1);
	link_finish(idle.link, STATUS_STOPPED);
	link_finish(full.link, STATUS_STOPPED);
	stage_until(stage, idle.downs && full.downs);
	assert_int_equal(idle.why, STATUS_STOPPED);
	assert_int_equal(full.why, STATUS_STOPPED);
	raw_close(&first);
	raw_close(&second);
}

/* Whoever stops does not wait for the other sides. */
static void
the_end_of_a_loop_cuts_who_still_finishes(void **state)
{
	struct stage *stage = *state;
	struct end full = { 0 }, young = { 0 };
	struct raw first, second;

	stage_raw(stage, &first, false, &full);
	stage_until(stage, full.ups);
	for (int i = 0; i < 15; i++)
		end_send(&full, 7, 60000, 1);
	link_finish(full.link, STATUS_GOODBYE);
	stage_quiet(stage);
	stage_raw(stage, &second, true, &young);
	link_refuse(young.link, STATUS_DRAINING, 0);
	link_loop_free(stage->loop);
	assert_int_equal(full.why, STATUS_GOODBYE);
	assert_int_equal(young.why, STATUS_DRAINING);
	stage->loop = link_loop_new(stage->base, 10);
	stage_until(stage, second.ended);
	assert_int_equal(raw_count_frames(&second, MSG_ERROR), 1);
	raw_close(&first);
	raw_close(&second);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(a_link_may_end_in_on_frame),
		ON_BOTH(a_link_may_end_in_on_up),
		ON_BOTH(a_link_may_end_in_on_drained),
		ON_BOTH(a_link_that_ended_takes_no_harm_from_calls),
		ON_BOTH(a_link_may_end_in_the_callback_of_another),
		ON_BOTH(a_link_may_end_before_its_loop_turned),
		ON_BOTH(nobody_need_listen),
		ON_BOTH(finish_sends_what_waits_first),
		ON_PLAIN(last_words_arrive_though_more_is_coming_in),
		ON_BOTH(a_refusal_at_the_door_is_heard),
		ON_PLAIN(answers_go_out_after_the_other_side_is_done),
		ON_PLAIN(a_paused_link_finishes_when_the_other_side_is_gone),
		ON_PLAIN(a_peer_that_leaves_while_output_waits_is_noticed),
		ON_PLAIN(a_reset_behind_data_is_noticed),
		ON_BOTH(silence_ends_a_link_with_an_error),
		ON_BOTH(a_word_now_and_then_keeps_it),
		ON_BOTH(a_pause_does_not_count_as_silence),
		ON_PLAIN(the_drain_has_a_deadline),
		ON_PLAIN(the_end_of_a_loop_cuts_who_still_finishes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
