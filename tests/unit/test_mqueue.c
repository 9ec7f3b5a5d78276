/* SPDX-License-Identifier: ISC */
/* Hand-over between threads; build with --enable-sanitizers=thread to have the locking proved. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <event2/event.h>

#include "shared/compiler.h"
#include "shared/link.h"
#include "shared/mem.h"
#include "shared/mqueue.h"

enum { THREADS = 4, EACH = 20000, LIMIT = 64 };

struct parcel {
	unsigned sender;
	struct mqueue_item item;
	unsigned number;
};

struct receiver {
	struct event_base *base;
	struct mqueue *queue;
	unsigned next[THREADS];	/* the number expected from each */
	unsigned count;
	unsigned stop_at;	/* closes the queue there; 0: never */
	bool is_over;
};

static struct mqueue_item *
parcel_new(unsigned sender, unsigned number)
{
	struct parcel *parcel = mem_new(sizeof(*parcel));

	parcel->sender = sender;
	parcel->number = number;
	return &parcel->item;
}

static void
take_in(struct receiver *receiver, struct mqueue_item *item)
{
	struct parcel *parcel = CONTAINER_OF(item, struct parcel, item);

	assert_int_equal(parcel->number, receiver->next[parcel->sender]);
	receiver->next[parcel->sender]++;
	receiver->count++;
	free(parcel);
}

static void
receiver_on_item(struct mqueue_item *item, void *arg)
{
	struct receiver *receiver = arg;

	take_in(receiver, item);
	if (receiver->count == receiver->stop_at)
		mqueue_close(receiver->queue);
}

static void
receiver_open(struct receiver *receiver)
{
	receiver->base = link_base_new();
	assert_int_equal(mqueue_new(LIMIT, &receiver->queue), STATUS_OK);
}

static void
receiver_close(struct receiver *receiver)
{
	struct mqueue_item *item;

	mqueue_close(receiver->queue);
	while ((item = mqueue_take(receiver->queue)) != NULL)
		take_in(receiver, item);
	mqueue_free(receiver->queue);
	event_base_free(receiver->base);
}

static void
it_is_bounded_and_in_order(void **state UNUSED)
{
	struct receiver receiver = { 0 };
	struct mqueue_item *extra = parcel_new(0, LIMIT);

	receiver_open(&receiver);
	for (unsigned i = 0; i < LIMIT; i++)
		assert_int_equal(mqueue_push(receiver.queue, parcel_new(0, i)), STATUS_OK);
	assert_int_equal(mqueue_push(receiver.queue, extra), STATUS_BUSY);
	mqueue_listen(receiver.queue, receiver.base, receiver_on_item, &receiver);
	event_base_loop(receiver.base, EVLOOP_ONCE);
	assert_int_equal(receiver.count, LIMIT);
	assert_int_equal(mqueue_push(receiver.queue, extra), STATUS_OK);
	event_base_loop(receiver.base, EVLOOP_ONCE);
	assert_int_equal(receiver.count, LIMIT + 1);
	receiver_close(&receiver);
}

static void
what_is_left_belongs_to_the_receiver(void **state UNUSED)
{
	struct receiver receiver = { .stop_at = 10 };
	struct mqueue_item *late = parcel_new(0, 0);

	receiver_open(&receiver);
	mqueue_listen(receiver.queue, receiver.base, receiver_on_item, &receiver);
	for (unsigned i = 0; i < 30; i++)
		assert_int_equal(mqueue_push(receiver.queue, parcel_new(0, i)), STATUS_OK);
	event_base_loop(receiver.base, EVLOOP_ONCE);
	assert_int_equal(receiver.count, 10);
	assert_int_equal(mqueue_push(receiver.queue, late), STATUS_STOPPED);
	free(CONTAINER_OF(late, struct parcel, item));
	receiver_close(&receiver);
	assert_int_equal(receiver.count, 30);
}

static void
note_time(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	((struct receiver *)arg)->is_over = true;
}

/*
 * The receiver sleeps when all is taken: the loop turns for the items and for the timer, not in
 * between.
 */
static void
an_empty_queue_wakes_nobody(void **state UNUSED)
{
	const struct timeval later = { .tv_usec = 30000 };
	struct receiver receiver = { 0 };
	struct event *timer;
	unsigned turns = 0;

	receiver_open(&receiver);
	timer = evtimer_new(receiver.base, note_time, &receiver);
	mqueue_listen(receiver.queue, receiver.base, receiver_on_item, &receiver);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(mqueue_push(receiver.queue, parcel_new(0, i)), STATUS_OK);
	event_add(timer, &later);
	for (; !receiver.is_over; turns++)
		event_base_loop(receiver.base, EVLOOP_ONCE);
	assert_int_equal(receiver.count, 10);
	assert_int_equal(turns, 2);
	event_free(timer);
	receiver_close(&receiver);
}

struct sender {
	pthread_t thread;
	struct mqueue *queue;
	unsigned number;
	unsigned sent;		/* what was taken from it */
	unsigned refused;	/* times it was full */
};

static void *
send_all(void *arg)
{
	struct sender *sender = arg;

	while (sender->sent < EACH) {
		struct mqueue_item *item = parcel_new(sender->number, sender->sent);
		enum status status;

		while ((status = mqueue_push(sender->queue, item)) == STATUS_BUSY) {
			sender->refused++;
			sched_yield();
		}
		if (status == STATUS_STOPPED) {
			free(CONTAINER_OF(item, struct parcel, item));
			break;
		}
		sender->sent++;
	}
	return NULL;
}

static void
start_all(struct sender *senders, struct mqueue *queue)
{
	for (unsigned i = 0; i < THREADS; i++) {
		senders[i] = (struct sender){ .queue = queue, .number = i };
		assert_int_equal(
		    pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
	}
}

static void
many_threads_lose_nothing(void **state UNUSED)
{
	struct receiver receiver = { 0 };
	struct sender senders[THREADS];

	receiver_open(&receiver);
	mqueue_listen(receiver.queue, receiver.base, receiver_on_item, &receiver);
	start_all(senders, receiver.queue);
	while (receiver.count < THREADS * EACH)
		event_base_loop(receiver.base, EVLOOP_ONCE);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(senders[i].thread, NULL);
	receiver_close(&receiver);
	assert_int_equal(receiver.count, THREADS * EACH);
}

/* The receiver stops in the middle: what was taken from the senders is all there. */
static void
a_stop_under_load_loses_nothing(void **state UNUSED)
{
	struct receiver receiver = { .stop_at = EACH };
	struct sender senders[THREADS];
	unsigned sent = 0;

	receiver_open(&receiver);
	mqueue_listen(receiver.queue, receiver.base, receiver_on_item, &receiver);
	start_all(senders, receiver.queue);
	while (receiver.count < EACH)
		event_base_loop(receiver.base, EVLOOP_ONCE);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(senders[i].thread, NULL);
		sent += senders[i].sent;
	}
	receiver_close(&receiver);
	assert_int_equal(receiver.count, sent);
	assert_true(sent < THREADS * EACH);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_bounded_and_in_order),
		cmocka_unit_test(what_is_left_belongs_to_the_receiver),
		cmocka_unit_test(an_empty_queue_wakes_nobody),
		cmocka_unit_test(many_threads_lose_nothing),
		cmocka_unit_test(a_stop_under_load_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
