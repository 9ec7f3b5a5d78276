/* SPDX-License-Identifier: ISC */
/*
 * One end of a pair of sockets between two of our processes (SOCK_SEQPACKET, unix(7)): whole
 * frames in both directions, a frame may carry one descriptor. Frames are those of frame.h, their
 * messages come from any .def table (codec.h).
 *
 * EOF means that the other process is dead or let go; nobody ever reads half a frame. What one
 * turn of the loop sends leaves together: a packet is one frame with its descriptor, or as many
 * frames without one as fit into 64 KiB.
 *
 * A channel belongs to the thread of its event base. It may be freed inside its own callbacks.
 */

#ifndef SHARED_CHANNEL_H
#define SHARED_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/codec.h"
#include "shared/compiler.h"
#include "shared/frame.h"
#include "shared/status.h"

struct event_base;
struct channel;

/* What a channel does to its owner. A table for many channels; on_drained may be NULL. */
struct channel_events {
	/*
	 * A frame came; it is valid until the callback returns. "fd" came with it (close-on-exec;
	 * the callee owns it), or it is -1: none was sent, or this process had no descriptor left
	 * for it.
	 */
	void (*on_frame)(struct channel *channel, const struct frame *frame, int fd, void *arg);
	/*
	 * The other end is gone (or sent rubbish), and everything it had sent before went to
	 * on_frame. Comes once, never from inside a call below. The channel is still to be freed.
	 */
	void (*on_closed)(struct channel *channel, void *arg);
	/* After the other side had no room for us: what waited is sent, and there is room again. */
	void (*on_drained)(struct channel *channel, void *arg);
};

enum {
	/* Bytes that a queue holds when nobody says otherwise; see channel_set_limit(). */
	CHANNEL_QUEUE_MAX = 1024 * 1024,
	/* Descriptors that a queue holds. */
	CHANNEL_DESCRIPTORS_MAX = 1024,
};

/*
 * Two connected ends, non-blocking and close-on-exec. STATUS_NO_DESCRIPTORS, STATUS_NO_MEMORY or
 * STATUS_SYSTEM.
 */
enum status channel_pair(int ends[2]);

/*
 * Takes "fd", one end of a channel_pair(), and reads from it as soon as the loop runs. "events"
 * stays the caller's and outlives the channel. In a base with several priorities a channel has
 * the highest, but never all of the time.
 */
struct channel *channel_new(struct event_base *base, int fd, const struct channel_events *events,
    void *arg) MUST_USE;

/*
 * Closes the socket and every descriptor that still waits in the queue; what waits is lost. NULL
 * is fine.
 */
void channel_free(struct channel *channel);

/* Bytes that may wait in the queue; one frame may always. */
void channel_set_limit(struct channel *channel, size_t bytes);

/*
 * Queues one whole frame, header included. It leaves at the end of this turn of the loop, or when
 * the other side makes room. With STATUS_OK the channel owns "fd" (-1: none) and closes it when
 * it is sent; with anything else the caller keeps it. STATUS_BUSY: the queue is full.
 * STATUS_CLOSED: the other end is gone.
 */
enum status channel_send(struct channel *channel, struct bytes frame, int fd);

/* The same for a message of some table. */
enum status channel_send_message(struct channel *channel, const struct schema *schema,
    const void *message, int fd);

/*
 * The same, but at once or not at all, and "fd" stays the caller's in any case. STATUS_BUSY: the
 * kernel has no room, or the queue is not empty; on_drained comes when it makes sense to try again.
 */
enum status channel_try_message(struct channel *channel, const struct schema *schema,
    const void *message, int fd);

/*
 * Sends what can be sent at once, without waiting for the end of the turn: for a process that is
 * about to leave.
 */
void channel_flush(struct channel *channel);

/* Bytes that wait in the queue. */
size_t channel_queued(const struct channel *channel);

/* Whether the other side has no room for us just now: on_drained will come. */
bool channel_is_blocked(const struct channel *channel);

#endif
