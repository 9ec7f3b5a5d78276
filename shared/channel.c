/* SPDX-License-Identifier: ISC */
#include "shared/channel.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/log.h"
#include "shared/mem.h"

enum {
	PACKET_MAX = FRAME_SIZE_MAX,
	PACKET_ROOM_MIN = 1024,
	/*
	 * Packets read in one go, and also in one millisecond when others have a lower priority
	 * than we.
	 */
	READ_BATCH = 64,
	/*
	 * How long to wait before trying again when the kernel is short of memory or descriptors.
	 */
	RETRY_MS = 10,
};

/* What one sendmsg(2) sends: one frame with a descriptor, or some without. */
struct packet {
	struct packet *next;
	uint8_t *data;
	size_t len;
	size_t room;
	int fd;
};

struct channel {
	int fd;
	const struct channel_events *events;
	void *arg;
	struct event *readable;
	struct event *writable;	/* pending: the other side has no room */
	struct event *pause;	/* pending: reading goes on when it fires */
	/* Active: the queue leaves at the end of this turn; pending: the system had no room. */
	struct event *later;

	struct packet *first, *last;
	struct packet *spare;	/* the last one that was sent, for the next one to send */
	size_t queued;
	size_t queued_fds;
	size_t limit;

	uint8_t *input;
	uint64_t read_ms;	/* in this millisecond … */
	unsigned read_count;	/* … so many packets were read */
	bool yields;		/* others in this base have a lower priority */

	bool is_blocked;	/* on_drained is owed */
	/* Nothing can be sent any more; the end of what there is to read is near. */
	bool is_broken;
	bool is_closed;		/* on_closed was called */
	bool is_freed;		/* … inside a callback: the memory goes when that returns */
	unsigned depth;		/* callbacks of ours that are running */
};

enum status
channel_pair(int ends[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
		return status_of_errno(errno);
	return STATUS_OK;
}

/* --- the queue ---------------------------------------------------------- */

static void
packet_free(struct packet *packet)
{
	if (packet == NULL)
		return;
	if (packet->fd >= 0)
		close(packet->fd);
	free(packet->data);
	free(packet);
}

static struct packet *
packet_new(struct channel *channel)
{
	struct packet *packet = channel->spare;

	channel->spare = NULL;
	if (packet == NULL)
		packet = mem_new(sizeof(*packet));
	packet->next = NULL;
	packet->len = 0;
	packet->fd = -1;
	return packet;
}

static void
queue_drop_first(struct channel *channel)
{
	struct packet *packet = channel->first;

	channel->first = packet->next;
	if (channel->first == NULL)
		channel->last = NULL;
	channel->queued -= packet->len;
	if (packet->fd >= 0) {
		channel->queued_fds--;
		close(packet->fd);
		packet->fd = -1;
	}
	packet_free(channel->spare);
	channel->spare = packet;
}

static void
queue_clear(struct channel *channel)
{
	while (channel->first != NULL)
		queue_drop_first(channel);
	packet_free(channel->spare);
	channel->spare = NULL;
}

/* Room for "len" bytes at the end of a packet that may still grow, or of a new one. */
static uint8_t *
queue_extend(struct channel *channel, size_t len, int fd)
{
	struct packet *packet = channel->last;
	uint8_t *at;

	if (packet == NULL || packet->fd >= 0 || fd >= 0 || packet->len + len > PACKET_MAX) {
		packet = packet_new(channel);
		if (channel->last != NULL)
			channel->last->next = packet;
		else
			channel->first = packet;
		channel->last = packet;
	}
	if (packet->len + len > packet->room) {
		while (packet->len + len > packet->room)
			packet->room = packet->room > 0 ? 2 * packet->room : PACKET_ROOM_MIN;
		packet->data = mem_resize(packet->data, packet->room, 1);
	}
	at = packet->data + packet->len;
	packet->len += len;
	packet->fd = fd;
	channel->queued += len;
	channel->queued_fds += fd >= 0;
	return at;
}

/* --- sending ------------------------------------------------------------ */

static ssize_t
send_packet(const struct channel *channel, const void *data, size_t len, int fd)
{
	struct iovec vector = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	ssize_t sent;

	if (fd >= 0) {
		struct cmsghdr *header;

		memset(&control, 0, sizeof(control));
		message.msg_control = control.room;
		message.msg_controllen = sizeof(control.room);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(int));
	}
	do
		sent = sendmsg(channel->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent;
}

/* What a failed sendmsg(2) means: STATUS_BUSY, and the channel will try again; or STATUS_CLOSED. */
static enum status
after_failure(struct channel *channel, int error)
{
	static const struct timeval soon = { .tv_usec = RETRY_MS * 1000 };

	switch (error) {
	case EAGAIN:
		channel->is_blocked = true;
		event_add(channel->writable, NULL);
		return STATUS_BUSY;
	case ENOBUFS:
	case ENOMEM:
	case ETOOMANYREFS: /* too many descriptors on their way, see unix(7) */
	case EMFILE:
		channel->is_blocked = true;
		event_add(channel->later, &soon);
		return STATUS_BUSY;
	case EPIPE:
	case ECONNRESET:
	case ENOTCONN:
		break;
	default:
		log_error("channel: sending failed (%s); it is closed now",
		    status_name(status_of_errno(error)));
		/*
		 * Our own end: the reading side finds the end at once, so that on_closed comes as
		 * always.
		 */
		shutdown(channel->fd, SHUT_RDWR);
	}
	channel->is_broken = true;
	queue_clear(channel);
	return STATUS_CLOSED;
}

static void
send_queue(struct channel *channel)
{
	while (channel->first != NULL) {
		const struct packet *packet = channel->first;

		if (send_packet(channel, packet->data, packet->len, packet->fd) < 0) {
			after_failure(channel, errno);
			return;
		}
		queue_drop_first(channel);
	}
}

static void
release_if_freed(struct channel *channel)
{
	if (!channel->is_freed || channel->depth > 0)
		return;
	free(channel->input);
	free(channel);
}

/* The end of a turn, or there is room again, or the system may have recovered. */
static void
channel_on_turn(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct channel *channel = arg;
	bool was_blocked = channel->is_blocked;

	channel->is_blocked = false;
	send_queue(channel);
	if (!was_blocked || channel->is_blocked || channel->is_broken ||
	    channel->events->on_drained == NULL)
		return;
	channel->depth++;
	channel->events->on_drained(channel, channel->arg);
	channel->depth--;
	release_if_freed(channel);
}

static enum status
check_room(const struct channel *channel, size_t len, int fd)
{
	if (channel->is_broken || channel->is_closed || channel->is_freed)
		return STATUS_CLOSED;
	if (channel->first != NULL && channel->queued + len > channel->limit)
		return STATUS_BUSY;
	if (fd >= 0 && channel->queued_fds >= CHANNEL_DESCRIPTORS_MAX)
		return STATUS_BUSY;
	return STATUS_OK;
}

static void
leave_later(struct channel *channel)
{
	if (!channel->is_blocked)
		event_active(channel->later, EV_TIMEOUT, 0);
}

enum status
channel_send(struct channel *channel, struct bytes frame, int fd)
{
	enum status status = check_room(channel, frame.len, fd);

	assert(frame.len >= FRAME_HEADER_SIZE && frame.len <= FRAME_SIZE_MAX);
	if (status != STATUS_OK)
		return status;
	memcpy(queue_extend(channel, frame.len, fd), frame.data, frame.len);
	leave_later(channel);
	return STATUS_OK;
}

enum status
channel_send_message(struct channel *channel, const struct schema *schema, const void *message,
    int fd)
{
	size_t size = codec_frame_size(schema, message);
	enum status status = check_room(channel, size, fd);

	if (status != STATUS_OK)
		return status;
	codec_encode(schema, message, queue_extend(channel, size, fd));
	leave_later(channel);
	return STATUS_OK;
}

enum status
channel_try_message(struct channel *channel, const struct schema *schema, const void *message,
    int fd)
{
	uint8_t room[512];
	size_t size = codec_frame_size(schema, message);
	enum status status = check_room(channel, size, fd);

	assert(size <= sizeof(room));
	if (status != STATUS_OK)
		return status;
	if (!channel->is_blocked)
		send_queue(channel);
	if (channel->is_broken)
		return STATUS_CLOSED;
	if (channel->is_blocked)
		return STATUS_BUSY;
	codec_encode(schema, message, room);
	if (send_packet(channel, room, size, fd) < 0)
		return after_failure(channel, errno);
	return STATUS_OK;
}

void
channel_flush(struct channel *channel)
{
	if (!channel->is_freed && !channel->is_blocked)
		send_queue(channel);
}

size_t
channel_queued(const struct channel *channel)
{
	return channel->queued;
}

bool
channel_is_blocked(const struct channel *channel)
{
	return channel->is_blocked;
}

/* --- receiving ---------------------------------------------------------- */

/*
 * The first descriptor of a message, or -1. We send one at a time; more would be a mistake, but
 * must not leak.
 */
static int
take_descriptor(struct msghdr *message)
{
	struct cmsghdr *header;
	int taken = -1;

	for (header = CMSG_FIRSTHDR(message); header != NULL;
	    header = CMSG_NXTHDR(message, header)) {
		size_t len = header->cmsg_len - CMSG_LEN(0);

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(int) <= len; at += sizeof(int)) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + at, sizeof(int));
			if (taken < 0)
				taken = fd;
			else
				close(fd);
		}
	}
	return taken;
}

static void
close_reading(struct channel *channel)
{
	channel->is_closed = true;
	event_del(channel->readable);
	event_del(channel->writable);
	event_del(channel->pause);
	event_del(channel->later);
	queue_clear(channel);
	channel->events->on_closed(channel, channel->arg);
}

/* All frames of a packet; the descriptor goes with the first. False: this was no frame of ours. */
static bool
deliver_packet(struct channel *channel, struct bytes packet, int fd)
{
	while (packet.len > 0 && !channel->is_freed) {
		struct frame frame;
		size_t used;

		if (frame_parse(packet, &frame, &used) != FRAME_WHOLE)
			break;
		packet = bytes_of((const uint8_t *)packet.data + used, packet.len - used);
		channel->events->on_frame(channel, &frame, fd, channel->arg);
		fd = -1;
	}
	if (fd >= 0)
		close(fd);
	return packet.len == 0 || channel->is_freed;
}

enum received {
	RECEIVED_PACKET,
	RECEIVED_NOTHING,
	RECEIVED_END,
};

static enum received
receive_packet(struct channel *channel)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec vector = { .iov_base = channel->input, .iov_len = PACKET_MAX };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1,
		.msg_control = control.room, .msg_controllen = sizeof(control.room) };
	ssize_t len = recvmsg(channel->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int fd;

	if (len < 0) {
		if (errno == EAGAIN || errno == ENOMEM || errno == ENOBUFS)
			return RECEIVED_NOTHING;
		/*
		 * ECONNRESET says that the other side has left with something of ours unread. It
		 * is told once, before what that side had sent to us.
		 */
		return errno == ECONNRESET || errno == EINTR ? RECEIVED_PACKET : RECEIVED_END;
	}
	fd = take_descriptor(&message);
	if (len > 0 && deliver_packet(channel, bytes_of(channel->input, (size_t)len), fd) &&
	    (message.msg_flags & MSG_TRUNC) == 0)
		return RECEIVED_PACKET;
	if (len > 0)
		log_error("channel: something that is no frame came; it is closed now");
	else if (fd >= 0)
		close(fd);
	return RECEIVED_END;
}

/*
 * A busy channel must not starve those of lower priority: after a batch within a millisecond they
 * have the next one.
 */
static void
yield(struct channel *channel, unsigned packets)
{
	static const struct timeval one_ms = { .tv_usec = 1000 };
	uint64_t now = clock_monotonic_ms();

	if (now != channel->read_ms)
		channel->read_count = 0;
	channel->read_ms = now;
	channel->read_count += packets;
	if (channel->read_count < READ_BATCH)
		return;
	channel->read_count = 0;
	event_del(channel->readable);
	event_add(channel->pause, &one_ms);
}

static void
channel_on_readable(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct channel *channel = arg;
	enum received received = RECEIVED_PACKET;
	unsigned packets = 0;

	if (channel->input == NULL)
		channel->input = mem_new_array(PACKET_MAX, 1);
	channel->depth++;
	while (received == RECEIVED_PACKET && packets < READ_BATCH && !channel->is_freed) {
		received = receive_packet(channel);
		packets++;
	}
	if (!channel->is_freed && received == RECEIVED_END)
		close_reading(channel);
	else if (!channel->is_freed && channel->yields)
		yield(channel, packets);
	channel->depth--;
	release_if_freed(channel);
}

static void
channel_on_pause_over(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct channel *channel = arg;

	event_add(channel->readable, NULL);
}

/* --- life --------------------------------------------------------------- */

static struct event *
new_event(struct channel *channel, struct event_base *base, int fd, short what,
    event_callback_fn callback)
{
	struct event *event = event_new(base, fd, what, callback, channel);

	if (event == NULL)
		log_fatalx("out of memory: no event for a channel");
	if (channel->yields)
		event_priority_set(event, 0);
	return event;
}

struct channel *
channel_new(struct event_base *base, int fd, const struct channel_events *events, void *arg)
{
	struct channel *channel = mem_new(sizeof(*channel));

	channel->fd = fd;
	channel->events = events;
	channel->arg = arg;
	channel->limit = CHANNEL_QUEUE_MAX;
	channel->yields = event_base_get_npriorities(base) > 1;
	channel->readable = new_event(channel, base, fd, EV_READ | EV_PERSIST, channel_on_readable);
	channel->writable = new_event(channel, base, fd, EV_WRITE, channel_on_turn);
	channel->pause = new_event(channel, base, -1, 0, channel_on_pause_over);
	channel->later = new_event(channel, base, -1, 0, channel_on_turn);
	event_add(channel->readable, NULL);
	return channel;
}

void
channel_free(struct channel *channel)
{
	if (channel == NULL)
		return;
	assert(!channel->is_freed);
	event_free(channel->readable);
	event_free(channel->writable);
	event_free(channel->pause);
	event_free(channel->later);
	queue_clear(channel);
	close(channel->fd);
	channel->is_freed = true;
	release_if_freed(channel);
}

void
channel_set_limit(struct channel *channel, size_t bytes)
{
	channel->limit = bytes;
}
