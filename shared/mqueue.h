/* SPDX-License-Identifier: ISC */
/*
 * Hand-over between threads: any thread pushes, one thread's event loop takes. Pushing gives the
 * item away; whatever is still in the queue when it is closed belongs to the receiver.
 */

#ifndef SHARED_MQUEUE_H
#define SHARED_MQUEUE_H

#include <stddef.h>

#include "shared/compiler.h"
#include "shared/status.h"

struct event_base;
struct mqueue;

/*
 * Embedded at any place of what is handed over (CONTAINER_OF gets back); the field is the
 * queue's.
 */
struct mqueue_item {
	struct mqueue_item *next;
};

/*
 * In the receiver's thread; the item is the receiver's from here on. It may push, and close this
 * queue.
 */
typedef void mqueue_on_item(struct mqueue_item *item, void *arg);

/*
 * At most "limit" items wait. STATUS_NO_DESCRIPTORS, STATUS_NO_MEMORY: no eventfd(2) was to be
 * had.
 */
enum status mqueue_new(size_t limit, struct mqueue **out);

/*
 * Starts delivery in "base", in the order of pushing; only the thread of that base calls this,
 * close, take and free.
 */
void mqueue_listen(struct mqueue *queue, struct event_base *base, mqueue_on_item *on_item,
    void *arg);

/* Any thread. STATUS_BUSY: full; STATUS_STOPPED: closed; the item is still the caller's then. */
enum status mqueue_push(struct mqueue *queue, struct mqueue_item *item) MUST_USE;

/*
 * Ends delivery: pushing is refused from now on. What waits is got by mqueue_take(). Twice is
 * fine.
 */
void mqueue_close(struct mqueue *queue);

/* The next item, or NULL; works before listening and after closing. */
struct mqueue_item *mqueue_take(struct mqueue *queue) MUST_USE;

/* An empty queue that no thread will push to any more; NULL is fine. */
void mqueue_free(struct mqueue *queue);

#endif
