/* SPDX-License-Identifier: ISC */
/* The thread of direct sessions from inside: takes orders, opens the door, keeps the sessions. */

#ifndef CLIENT_PEER_PEER_WORKER_H
#define CLIENT_PEER_PEER_WORKER_H

#include "client-tui/peer/peer_limits.h"
#include "client-tui/peer/peer_post.h"

struct peer_worker;

/*
 * Made before the thread runs. "orders" and "events" belong to the caller and live longer, as
 * "limits" does; the first is listened to from here on. STATUS_SYSTEM: no event loop is to be had.
 */
enum status peer_worker_new(const struct peer_limits *limits, struct mqueue *orders,
    struct mqueue *events, struct peer_worker **out) MUST_USE;

/*
 * After the thread has ended, or if it was never there. What waits in the queues stays there. NULL
 * is fine.
 */
void peer_worker_free(struct peer_worker *self);

/* The thread's main, with the worker as its argument; returns after PEER_ORDER_STOP. */
void *peer_worker_main(void *arg);

#endif
