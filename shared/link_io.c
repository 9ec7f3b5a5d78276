/* SPDX-License-Identifier: ISC */
/* The bytes of a link: socket, TLS, frames. */

#include <assert.h>
#include <errno.h>

#include "shared/clock.h"
#include "shared/link_parts.h"
#include "shared/mem.h"
#include "shared/protocol.h"

/* ---- in ---- */

/*
 * More than 0: so many bytes in loop->wire; 0: the socket is empty; else a negative status,
 * CLOSED at the end.
 */
static ssize_t
receive(struct link *link, size_t size)
{
	ssize_t got;

	do
		got = recv(event_get_fd(&link->event), link->loop->wire, size, 0);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		return got;
	if (got == 0)
		return -STATUS_CLOSED;
	return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -(ssize_t)status_of_errno(errno);
}

static bool
takes_frames(const struct link *link)
{
	return link->state == LINK_OPEN && link_is_going(link) && !link->paused;
}

/* How long the frame is that "bytes" begin with; as long as its header is not all there, that. */
static size_t
frame_total(struct bytes bytes)
{
	const uint8_t *at = bytes.data;

	return bytes.len >= FRAME_HEADER_SIZE ? (size_t)at[2] << 8 | at[3] : FRAME_HEADER_SIZE;
}

static bool
exceeds_budget(const struct link *link, size_t len)
{
	return link->read_budget != 0 && len >= link->read_budget;
}

static void
hand_out_one(struct link *link, const struct frame *frame, size_t len)
{
	if (link->read_budget != 0)
		link->read_budget -= (uint32_t)len;
	if (link->handler != NULL && link->handler->on_frame != NULL)
		link->handler->on_frame(link, frame, link->arg);
}

/* Gives whole frames to the owner as long as it wants them; returns how many bytes that were. */
static size_t
hand_out(struct link *link, struct bytes bytes)
{
	size_t at = 0, used;
	struct frame frame;

	while (takes_frames(link)) {
		struct bytes rest = bytes_from(bytes, at);
		enum frame_result result = frame_parse(rest, &frame, &used);

		if (result == FRAME_BROKEN)
			link_refuse(link, STATUS_BAD_FRAME, 0);
		else if (exceeds_budget(link, frame_total(rest)))
			link_refuse(link, STATUS_TOO_CHATTY, 0);
		else if (result == FRAME_PARTIAL)
			break;
		if (!link_is_going(link))
			break;
		at += used;
		hand_out_one(link, &frame, used);
	}
	return at;
}

/* Completes the frame in link->input from the start of "fresh"; returns the rest of it. */
static struct bytes
complete(struct link *link, struct bytes fresh)
{
	while (link->input != NULL && fresh.len > 0 && takes_frames(link)) {
		size_t have = buffer_len(link->input);
		size_t total = frame_total(buffer_bytes(link->input));
		size_t want = total > have ? total - have : 0;
		size_t len = want < fresh.len ? want : fresh.len;

		buffer_append(&link->input, bytes_of(fresh.data, len));
		fresh = bytes_from(fresh, len);
		buffer_skip(&link->input, hand_out(link, buffer_bytes(link->input)));
	}
	return fresh;
}

static void
take_clear(struct link *link, struct bytes fresh)
{
	link->bytes_read += fresh.len;
	if (link->input != NULL)
		fresh = complete(link, fresh);
	fresh = bytes_from(fresh, hand_out(link, fresh));
	if (link->state == LINK_OPEN && link_is_going(link))
		buffer_append(&link->input, fresh);
}

/* There may have been a secret in it: nobody shall find that here later. */
static void
take_and_wipe(struct link *link, uint8_t *fresh, size_t len)
{
	take_clear(link, bytes_of(fresh, len));
	mem_wipe(fresh, len);
}

/* All that TLS was fed with; what it keeps is a record's beginning, in its own memory. */
static void
take_fed(struct link *link)
{
	while (link->state == LINK_OPEN && link_is_going(link)) {
		bool was_hungry = tls_is_hungry(link->tls);
		ssize_t got = tls_read(link->tls, link->loop->clear, sizeof(link->loop->clear));

		if (got > 0)
			take_and_wipe(link, link->loop->clear, (size_t)got);
		else if (got == -STATUS_CLOSED)
			link_finish(link, STATUS_CLOSED);
		else if (got < 0)
			link_close(link, (enum status)-got);
		else if (was_hungry)
			return;
	}
}

/* So many bytes in loop->wire. */
static void
take_wire(struct link *link, size_t len)
{
	if (!link_is_going(link))
		return;
	if (link->tls == NULL) {
		take_and_wipe(link, link->loop->wire, len);
		return;
	}
	tls_feed(link->tls, bytes_of(link->loop->wire, len));
	take_fed(link);
}

/*
 * The end of the other side's stream, or an error. With TLS a whole end is told by its bye, and
 * comes before.
 */
static void
take_end(struct link *link, enum status status)
{
	link->ended = true;
	if (status == STATUS_CLOSED && link->tls != NULL && link_is_going(link))
		link_close(link, STATUS_RESET);
	else if (status != STATUS_CLOSED || link->state == LINK_SHUT)
		link_close(link, status);
	else
		link_finish(link, STATUS_CLOSED);
}

static bool
wants_bytes(const struct link *link)
{
	bool reading = link->state == LINK_OPEN || link->state == LINK_SHUT;

	return reading && !link->ended && !(link->paused && link_is_going(link));
}

void
link_read(struct link *link)
{
	size_t left = LINK_TURN_BYTES;

	link->readable = true;
	while (left > 0 && wants_bytes(link)) {
		ssize_t got = receive(link, left);

		if (got <= 0) {
			link->readable = false;
			if (got < 0)
				take_end(link, (enum status)-got);
			break;
		}
		left -= (size_t)got;
		take_wire(link, (size_t)got);
	}
	if (left < LINK_TURN_BYTES)
		link->heard_ms = (uint32_t)clock_monotonic_ms();
	if (link->readable && wants_bytes(link))
		loop_add_ready(link);
}

void
link_read_backlog(struct link *link)
{
	if (link->input != NULL && takes_frames(link))
		buffer_skip(&link->input, hand_out(link, buffer_bytes(link->input)));
}

/*
 * What TLS does not take because it cannot send (a full socket, hardly ever) waits in
 * link->input, and TLS goes on reading from there.
 */
static void
keep_leftover(struct link *link)
{
	if (link->input != NULL)
		return;
	buffer_append(&link->input, tls_leftover(link->tls));
	tls_feed(link->tls, buffer_bytes(link->input));
}

int
link_secure(struct link *link)
{
	for (;;) {
		int done = tls_handshake(link->tls);
		ssize_t got;

		if (done != 0)
			return done;
		if (!tls_is_hungry(link->tls)) {
			keep_leftover(link);
			return 0;
		}
		buffer_free(&link->input);
		got = receive(link, LINK_TURN_BYTES);
		if (got <= 0)
			return (int)got;
		tls_feed(link->tls, bytes_of(link->loop->wire, (size_t)got));
	}
}

void
link_read_leftover(struct link *link)
{
	struct buffer *fed = link->input;

	link->input = NULL;
	take_fed(link);
	buffer_free(&fed);
}

/* ---- out ---- */

/*
 * Room for "size" bytes at the end of the queue; NULL: the link is ending, or does so for the
 * queue being too long.
 */
static uint8_t *
output_room(struct link *link, size_t size)
{
	size_t waiting = buffer_len(link->output) + size;

	if (!link_is_going(link))
		return NULL;
	if (waiting > link->limits->output_high) {
		link_close(link, STATUS_SLOW_READER);
		return NULL;
	}
	if (waiting > link->limits->output_low)
		link->congested = true;
	loop_add_agenda(link);
	return buffer_extend(&link->output, size);
}

enum status
link_send(struct link *link, uint16_t type, const void *message)
{
	const struct schema *schema = protocol_schema(type);
	uint8_t *room;

	assert(schema != NULL);
	room = output_room(link, codec_frame_size(schema, message));
	if (room == NULL)
		return (enum status)link->why;
	codec_encode(schema, message, room);
	return STATUS_OK;
}

enum status
link_send_frame(struct link *link, struct bytes frame)
{
	uint8_t *room;

	assert(frame.len >= FRAME_HEADER_SIZE);
	room = output_room(link, frame.len);
	if (room == NULL)
		return (enum status)link->why;
	memcpy(room, frame.data, frame.len);
	return STATUS_OK;
}

size_t
link_output_pending(const struct link *link)
{
	return buffer_len(link->output);
}

/* More than 0: sent; 0: the socket is full; else a negative status. */
static ssize_t
transmit(struct link *link, struct bytes bytes)
{
	ssize_t sent;

	if (link->tls != NULL)
		return tls_write(link->tls, bytes);
	do
		sent = send(event_get_fd(&link->event), bytes.data, bytes.len, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return sent;
	return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -(ssize_t)status_of_errno(errno);
}

void
link_flush(struct link *link)
{
	while (link->output != NULL) {
		ssize_t sent = transmit(link, buffer_bytes(link->output));

		if (sent < 0)
			link_close(link, (enum status)-sent);
		if (sent <= 0)
			break;
		buffer_skip(&link->output, (size_t)sent);
	}
	if (!link->congested || !link_is_going(link) ||
	    buffer_len(link->output) > link->limits->output_low)
		return;
	link->congested = false;
	if (link->handler != NULL && link->handler->on_drained != NULL)
		link->handler->on_drained(link, link->arg);
}
