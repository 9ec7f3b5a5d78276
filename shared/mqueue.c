/* SPDX-License-Identifier: ISC */
#include "shared/mqueue.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "shared/mem.h"

struct mqueue {
	pthread_mutex_t mutex; /* guards the next five */
	struct mqueue_item *first;
	struct mqueue_item **last;
	size_t count;
	bool signalled; /* the descriptor was written and not read since */
	bool closed;

	atomic_uint pushers; /* who may still touch the queue */
	size_t limit;
	int fd;
	struct event *event; /* the receiver's from here on */
	mqueue_on_item *on_item;
	void *arg;
};

enum status
mqueue_new(size_t limit, struct mqueue **out)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct mqueue *queue;

	if (fd < 0)
		return status_of_errno(errno);
	queue = mem_new(sizeof(*queue));
	pthread_mutex_init(&queue->mutex, NULL);
	queue->last = &queue->first;
	queue->limit = limit;
	queue->fd = fd;
	*out = queue;
	return STATUS_OK;
}

/* The counter of an eventfd never overflows here, so neither call can be refused. */
static void
signal_receiver(struct mqueue *queue)
{
	uint64_t one = 1;
	ssize_t written = write(queue->fd, &one, sizeof(one));

	assert(written == sizeof(one));
	(void)written;
}

static void
take_signal(struct mqueue *queue)
{
	uint64_t count;

	if (queue->signalled && read(queue->fd, &count, sizeof(count)) == sizeof(count))
		queue->signalled = false;
}

/* At most what is there now: others have their turn before what is pushed meanwhile. */
static void
mqueue_on_readable(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct mqueue *queue = arg;
	size_t count;

	pthread_mutex_lock(&queue->mutex);
	take_signal(queue);
	count = queue->count;
	pthread_mutex_unlock(&queue->mutex);
	while (count-- > 0 && queue->event != NULL) {
		struct mqueue_item *item = mqueue_take(queue);

		if (item != NULL)
			queue->on_item(item, queue->arg);
	}
}

void
mqueue_listen(struct mqueue *queue, struct event_base *base, mqueue_on_item *on_item, void *arg)
{
	assert(queue->event == NULL);
	queue->on_item = on_item;
	queue->arg = arg;
	queue->event = event_new(base, queue->fd, EV_READ | EV_PERSIST, mqueue_on_readable, queue);
	event_add(queue->event, NULL);
}

/*
 * Signals without the lock: the receiver wakes up at once and would only run into it. Once it has
 * the item it may free the queue, so that waits for us to be out of here.
 */
enum status
mqueue_push(struct mqueue *queue, struct mqueue_item *item)
{
	enum status status = STATUS_OK;
	bool signals = false;

	atomic_fetch_add(&queue->pushers, 1);
	pthread_mutex_lock(&queue->mutex);
	if (queue->closed)
		status = STATUS_STOPPED;
	else if (queue->count >= queue->limit)
		status = STATUS_BUSY;
	if (status == STATUS_OK) {
		item->next = NULL;
		*queue->last = item;
		queue->last = &item->next;
		queue->count++;
		signals = !queue->signalled;
		queue->signalled = true;
	}
	pthread_mutex_unlock(&queue->mutex);
	if (signals)
		signal_receiver(queue);
	atomic_fetch_sub(&queue->pushers, 1);
	return status;
}

void
mqueue_close(struct mqueue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	queue->closed = true;
	pthread_mutex_unlock(&queue->mutex);
	if (queue->event != NULL)
		event_free(queue->event);
	queue->event = NULL;
}

struct mqueue_item *
mqueue_take(struct mqueue *queue)
{
	struct mqueue_item *item;

	pthread_mutex_lock(&queue->mutex);
	item = queue->first;
	if (item != NULL) {
		queue->first = item->next;
		queue->count--;
		if (queue->first == NULL)
			queue->last = &queue->first;
	}
	pthread_mutex_unlock(&queue->mutex);
	return item;
}

void
mqueue_free(struct mqueue *queue)
{
	if (queue == NULL)
		return;
	assert(queue->first == NULL);
	mqueue_close(queue);
	while (atomic_load(&queue->pushers) > 0)
		sched_yield();
	pthread_mutex_destroy(&queue->mutex);
	close(queue->fd);
	free(queue);
}
