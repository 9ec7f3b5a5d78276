/* SPDX-License-Identifier: ISC */
/*
 * A stream of foreign bytes through a plain link: however it is cut into pieces and wherever the
 * owner pauses, the frames are those that frame_parse() finds in the whole, and the end is the
 * right one.
 *
 * The first byte of the input is the size of the pieces, the second pauses after so many frames;
 * the rest is the stream.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "shared/compiler.h"
#include "shared/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	size_t frames;
	size_t pause_at;	/* 0: never */
	uint64_t digest;
	bool paused;
	bool down;
	enum status why;
};

static void
digest_frame(struct seen *seen, const struct frame *frame)
{
	const uint8_t *at = frame->payload.data;

	seen->frames++;
	seen->digest = seen->digest * 31 + frame->type;
	seen->digest = seen->digest * 31 + frame->payload.len;
	for (size_t i = 0; i < frame->payload.len; i++)
		seen->digest = seen->digest * 31 + at[i];
}

static void
seen_on_frame(struct link *link, const struct frame *frame, void *arg)
{
	struct seen *seen = arg;

	if (seen->paused || seen->down)
		abort();
	digest_frame(seen, frame);
	seen->paused = seen->pause_at > 0 && seen->frames % seen->pause_at == 0;
	if (seen->paused)
		link_pause(link);
}

static void
seen_on_down(struct link *link UNUSED, enum status why, void *arg)
{
	struct seen *seen = arg;

	if (seen->down)
		abort();
	seen->down = true;
	seen->why = why;
}

/* What has to come out, and how it has to end. */
static struct seen
parse_whole(struct bytes stream)
{
	struct seen expected = { .why = STATUS_CLOSED };
	enum frame_result result;
	struct frame frame;
	size_t used;

	while ((result = frame_parse(stream, &frame, &used)) == FRAME_WHOLE) {
		digest_frame(&expected, &frame);
		stream = bytes_from(stream, used);
	}
	if (result == FRAME_BROKEN)
		expected.why = STATUS_BAD_FRAME;
	return expected;
}

static void
turn(struct event_base *base, struct link *link, struct seen *seen)
{
	do {
		if (seen->paused) {
			seen->paused = false;
			link_resume(link);
		}
		event_base_loop(base, EVLOOP_NONBLOCK);
	} while (seen->paused && !seen->down);
}

static void
carry(struct event_base *base, struct link *link, struct seen *seen, int fd, struct bytes stream,
    size_t step)
{
	while (stream.len > 0 && !seen->down) {
		size_t len = step > 0 && step < stream.len ? step : stream.len;
		ssize_t sent = send(fd, stream.data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		stream = bytes_from(stream, sent > 0 ? (size_t)sent : 0);
		turn(base, link, seen);
	}
	shutdown(fd, SHUT_RDWR);
	for (int i = 0; i < 200000 && !seen->down; i++)
		turn(base, link, seen);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct link_limits limits = { 60000, 0, 60000, 65536, 65536 };
	static const struct link_handler handler = { .on_frame = seen_on_frame,
		.on_down = seen_on_down };
	static struct event_base *base;
	static struct link_loop *loop;
	struct seen seen = { 0 }, expected;
	struct bytes stream;
	int fds[2];

	if (size < 2)
		return 0;
	if (base == NULL) {
		base = link_base_new();
		loop = link_loop_new(base, 250);
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		abort();
	stream = bytes_of(data + 2, size - 2);
	expected = parse_whole(stream);
	seen.pause_at = data[1];
	carry(base, link_accept(loop, fds[1], NULL, &limits, &handler, &seen), &seen, fds[0],
	    stream, data[0]);
	close(fds[0]);
	if (!seen.down || seen.why != expected.why)
		abort();
	if (seen.frames != expected.frames || seen.digest != expected.digest)
		abort();
	return 0;
}
