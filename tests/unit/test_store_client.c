/* SPDX-License-Identifier: ISC */
/* The child's side against a store that a test plays: late, wrong, dead, silent. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "server/store/store_client.h"
#include "shared/channel.h"
#include "shared/clock.h"
#include "shared/compiler.h"
#include "shared/wire.h"
#include "tests/support/store_process.h"

enum { ASKED_MAX = 64 };

struct scene {
	struct event_base *base;
	struct store_client *client;
	struct channel *store;		/* the other end */
	uint32_t requests[ASKED_MAX];	/* as they came */
	size_t asked;
	bool closed;
	unsigned told;
	void (*on_asked)(struct scene *scene, uint32_t request);
};

static void
on_frame(struct channel *channel UNUSED, const struct frame *frame, int fd UNUSED, void *arg)
{
	struct scene *scene = arg;
	struct wire wire = wire_reader(frame->payload);
	uint32_t request = wire_get_u32(&wire);

	scene->requests[scene->asked++ % ASKED_MAX] = request;
	if (scene->on_asked != NULL)
		scene->on_asked(scene, request);
}

static void
on_closed(struct channel *channel UNUSED, void *arg)
{
	((struct scene *)arg)->closed = true;
}

static const struct channel_events events = { on_frame, on_closed, NULL };

static void
on_told(void *arg, uint16_t verb, const void *message UNUSED)
{
	struct scene *scene = arg;

	assert_int_equal(verb, VERB_SESSION_AGAIN);
	scene->told++;
}

static void
attach(struct scene *scene)
{
	int ends[2];

	assert_int_equal(channel_pair(ends), STATUS_OK);
	channel_free(scene->store);
	scene->store = channel_new(scene->base, ends[0], &events, scene);
	store_client_attach(scene->client, ends[1]);
}

static void
open_scene(struct scene *scene, unsigned timeout_ms)
{
	memset(scene, 0, sizeof(*scene));
	scene->base = event_base_new();
	scene->client = store_client_new(scene->base, timeout_ms, on_told, scene);
}

static void
close_scene(struct scene *scene)
{
	store_client_free(scene->client);
	channel_free(scene->store);
	event_base_free(scene->base);
}

static void
ask(struct scene *scene, struct reply *reply)
{
	*reply = (struct reply){ 0 };
	store_client_ask(scene->client, VERB_ACCOUNT_EPOCH,
	    &(struct verb_account_epoch){ .uid = 1 }, reply_on_answer, reply, 3);
}

static void
answer(struct scene *scene, uint32_t request)
{
	struct verb_account_epoch_ok ok = { .request = request, .epoch = 5 };

	assert_int_equal(channel_send_message(scene->store, verb_schema(VERB_ACCOUNT_EPOCH_OK), &ok,
	    -1), STATUS_OK);
}

static void
nobody_to_ask_is_away_but_not_at_once(void **state UNUSED)
{
	struct scene scene;
	struct reply reply;

	open_scene(&scene, STORE_PATIENCE_MS);
	assert_false(store_client_is_attached(scene.client));
	ask(&scene, &reply);
	assert_false(reply.came);
	assert_int_equal(store_client_pending(scene.client), 1);
	reply_wait(scene.base, &reply);
	assert_int_equal(reply.answer.status, STATUS_STORE_AWAY);
	assert_int_equal(reply.answer.tag, 3);
	assert_true(reply.answer.retry_ms > 0);
	assert_int_equal(store_client_pending(scene.client), 0);
	close_scene(&scene);
}

static void
answers_find_their_questions_in_any_order(void **state UNUSED)
{
	struct scene scene;
	struct reply replies[10];

	open_scene(&scene, STORE_PATIENCE_MS);
	attach(&scene);
	for (size_t i = 0; i < ARRAY_LEN(replies); i++)
		ask(&scene, &replies[i]);
	loop_until(scene.base, scene.asked == ARRAY_LEN(replies));
	for (size_t i = ARRAY_LEN(replies); i-- > 0;) {
		answer(&scene, scene.requests[i]);
		reply_wait(scene.base, &replies[i]);
		assert_int_equal(replies[i].answer.status, STATUS_OK);
		assert_int_equal(((struct verb_account_epoch_ok *)&replies[i].message)->epoch, 5);
		for (size_t j = 0; j < i; j++)
			assert_false(replies[j].came);
	}
	close_scene(&scene);
}

static void
silence_is_away_and_what_comes_late_is_nothing(void **state UNUSED)
{
	struct scene scene;
	struct reply first, second;

	open_scene(&scene, 30);
	attach(&scene);
	ask(&scene, &first);
	reply_wait(scene.base, &first);
	assert_int_equal(first.answer.status, STATUS_STORE_AWAY);
	ask(&scene, &second);
	loop_until(scene.base, scene.asked == 2);
	assert_int_not_equal(scene.requests[0], scene.requests[1]);
	answer(&scene, scene.requests[0]);
	answer(&scene, scene.requests[1]);
	answer(&scene, scene.requests[1]);	/* twice is as good as late */
	reply_wait(scene.base, &second);
	assert_true(second.answer.status == STATUS_OK || second.answer.status == STATUS_STORE_AWAY);
	close_scene(&scene);
}

static void
death_answers_everything_and_a_new_store_takes_over(void **state UNUSED)
{
	struct scene scene;
	struct reply replies[5];

	open_scene(&scene, STORE_PATIENCE_MS);
	attach(&scene);
	for (size_t i = 0; i < ARRAY_LEN(replies); i++)
		ask(&scene, &replies[i]);
	loop_until(scene.base, scene.asked == ARRAY_LEN(replies));
	channel_free(scene.store);
	scene.store = NULL;
	for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
		reply_wait(scene.base, &replies[i]);
		assert_int_equal(replies[i].answer.status, STATUS_STORE_AWAY);
	}
	assert_false(store_client_is_attached(scene.client));
	attach(&scene);
	assert_true(store_client_is_attached(scene.client));
	ask(&scene, &replies[0]);
	loop_until(scene.base, scene.asked == ARRAY_LEN(replies) + 1);
	answer(&scene, scene.requests[5]);
	reply_wait(scene.base, &replies[0]);
	assert_int_equal(replies[0].answer.status, STATUS_OK);
	close_scene(&scene);
}

static void
whoever_is_gone_hears_nothing(void **state UNUSED)
{
	struct scene scene;
	struct reply gone, stays, away;

	open_scene(&scene, STORE_PATIENCE_MS);
	ask(&scene, &away);	/* would fail on the next turn */
	store_client_cancel(scene.client, &away);
	assert_int_equal(store_client_pending(scene.client), 0);
	attach(&scene);
	ask(&scene, &gone);
	ask(&scene, &stays);
	loop_until(scene.base, scene.asked == 2);
	store_client_cancel(scene.client, &gone);
	assert_int_equal(store_client_pending(scene.client), 1);
	answer(&scene, scene.requests[0]);
	answer(&scene, scene.requests[1]);
	reply_wait(scene.base, &stays);
	assert_false(gone.came);
	assert_false(away.came);
	close_scene(&scene);
}

static void
answer_wrongly(struct scene *scene, uint32_t request)
{
	struct verb_account_find_ok ok = { .request = request, .uid = 1,
	    .name = bytes_of_string("x") };

	channel_send_message(scene->store, verb_schema(VERB_ACCOUNT_FIND_OK), &ok, -1);
}

static void
answer_with_rubbish(struct scene *scene, uint32_t request)
{
	uint8_t frame[9];
	struct wire wire = wire_writer(frame + FRAME_HEADER_SIZE, 5);

	frame_put_header(frame, VERB_ACCOUNT_EPOCH_OK, 5);
	wire_put_u32(&wire, request);
	wire_put_u8(&wire, 0);
	channel_send(scene->store, bytes_of(frame, sizeof(frame)), -1);
}

static void
answer_with_a_strange_status(struct scene *scene, uint32_t request)
{
	struct verb_store_error error = { .request = request, .status = 60000 };

	channel_send_message(scene->store, verb_schema(VERB_STORE_ERROR), &error, -1);
}

static void
answer_with_an_error(struct scene *scene, uint32_t request)
{
	struct verb_store_error error = { .request = request, .status = STATUS_DISK_FULL,
	    .retry_ms = 77, .detail = 9 };

	channel_send_message(scene->store, verb_schema(VERB_STORE_ERROR), &error, -1);
}

static void
answers_that_do_not_fit_are_failures(void **state UNUSED)
{
	void (*const strange[])(struct scene *scene, uint32_t request) = {
		answer_wrongly, answer_with_rubbish, answer_with_a_strange_status,
	};
	struct scene scene;
	struct reply reply;

	open_scene(&scene, STORE_PATIENCE_MS);
	attach(&scene);
	for (size_t i = 0; i < ARRAY_LEN(strange); i++) {
		scene.on_asked = strange[i];
		ask(&scene, &reply);
		reply_wait(scene.base, &reply);
		assert_int_equal(reply.answer.status, STATUS_STORE_FAILED);
	}
	scene.on_asked = answer_with_an_error;
	ask(&scene, &reply);
	reply_wait(scene.base, &reply);
	assert_int_equal(reply.answer.status, STATUS_DISK_FULL);
	assert_int_equal(reply.answer.retry_ms, 77);
	assert_int_equal(reply.answer.detail, 9);
	close_scene(&scene);
}

static void
what_is_told_is_passed_on(void **state UNUSED)
{
	struct scene scene;

	open_scene(&scene, STORE_PATIENCE_MS);
	attach(&scene);
	assert_int_equal(channel_send_message(scene.store, verb_schema(VERB_SESSION_AGAIN),
	    &(struct verb_session_again){ .count = 1 }, -1), STATUS_OK);
	/* And a telling that this version does not know. */
	assert_int_equal(channel_send(scene.store, bytes_of("\x1f\xff\x00\x04", 4), -1), STATUS_OK);
	loop_until(scene.base, scene.told == 1);
	close_scene(&scene);
}

/* A callback that asks again, until it has done so often enough. */
struct asker {
	struct scene *scene;
	unsigned left;
};

static void
ask_again(void *arg, const struct store_answer *answer_seen)
{
	struct asker *asker = arg;

	assert_int_equal(answer_seen->status, STATUS_STORE_AWAY);
	if (--asker->left > 0)
		store_client_ask(asker->scene->client, VERB_ACCOUNT_EPOCH,
		    &(struct verb_account_epoch){ .uid = 1 }, ask_again, asker, 0);
}

static void
a_callback_may_ask_again(void **state UNUSED)
{
	struct scene scene;
	struct asker asker = { &scene, 200 };

	open_scene(&scene, STORE_PATIENCE_MS);
	store_client_ask(scene.client, VERB_ACCOUNT_EPOCH, &(struct verb_account_epoch){ .uid = 1 },
	    ask_again, &asker, 0);
	loop_until(scene.base, asker.left == 0);
	assert_int_equal(store_client_pending(scene.client), 0);
	close_scene(&scene);
}

static void
free_client(void *arg, const struct store_answer *answer_seen UNUSED)
{
	struct scene *scene = arg;

	store_client_free(scene->client);
	scene->client = NULL;
}

static void
a_callback_may_free_the_client(void **state UNUSED)
{
	struct scene scene;

	for (unsigned way = 0; way < 3; way++) {
		open_scene(&scene, 20);
		scene.on_asked = way == 1 ? answer : NULL;
		if (way > 0)
			attach(&scene);
		for (unsigned i = 0; i < 3; i++)
			store_client_ask(scene.client, VERB_ACCOUNT_EPOCH,
			    &(struct verb_account_epoch){ .uid = 1 }, free_client, &scene, 0);
		loop_until(scene.base, scene.client == NULL);
		close_scene(&scene);
	}
}

/*
 * A store that does not read: what does not fit any more is refused, the rest runs into its
 * time.
 */
static void
a_store_that_does_not_read_is_busy(void **state UNUSED)
{
	enum { COUNT = 400 };
	static uint8_t bundle[32768], key[72];
	struct verb_bundle_put put = {
		.uid = 1, .wrapped_key = bytes_of(key, sizeof(key)),
		    .bundle = bytes_of(bundle, sizeof(bundle)),
	};
	struct reply *replies = calloc(COUNT, sizeof(*replies));
	struct scene scene;
	unsigned busy = 0;
	int ends[2];

	open_scene(&scene, 200);
	assert_int_equal(channel_pair(ends), STATUS_OK);
	store_client_attach(scene.client, ends[1]);
	for (size_t i = 0; i < COUNT; i++)
		store_client_ask(scene.client, VERB_BUNDLE_PUT, &put, reply_on_answer, &replies[i],
		    0);
	for (size_t i = 0; i < COUNT; i++) {
		reply_wait(scene.base, &replies[i]);
		busy += replies[i].answer.status == STATUS_BUSY;
		if (replies[i].answer.status != STATUS_BUSY)
			assert_int_equal(replies[i].answer.status, STATUS_STORE_AWAY);
	}
	assert_true(busy > 0 && busy < COUNT);
	close_scene(&scene);
	close(ends[0]);
	free(replies);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_to_ask_is_away_but_not_at_once),
		cmocka_unit_test(answers_find_their_questions_in_any_order),
		cmocka_unit_test(silence_is_away_and_what_comes_late_is_nothing),
		cmocka_unit_test(death_answers_everything_and_a_new_store_takes_over),
		cmocka_unit_test(whoever_is_gone_hears_nothing),
		cmocka_unit_test(answers_that_do_not_fit_are_failures),
		cmocka_unit_test(what_is_told_is_passed_on),
		cmocka_unit_test(a_callback_may_ask_again),
		cmocka_unit_test(a_callback_may_free_the_client),
		cmocka_unit_test(a_store_that_does_not_read_is_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
