/* SPDX-License-Identifier: ISC */
#include "tests/support/cable.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "shared/compiler.h"
#include "shared/mem.h"

static void
raw_on_readable(evutil_socket_t fd, short what UNUSED, void *arg)
{
	struct raw *raw = arg;
	uint8_t room[65536];
	ssize_t got = recv(fd, room, sizeof(room), 0);

	if (got > 0) {
		buffer_append(&raw->got, bytes_of(room, (size_t)got));
		return;
	}
	if (got < 0 && errno == EAGAIN)
		return;
	raw->ended = got == 0;
	raw->broken = got < 0;
	event_del(raw->event);
}

void
raw_open(struct raw *raw, struct stage *stage, int fd, bool reads)
{
	*raw = (struct raw){ .fd = fd };
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	raw->event = event_new(stage->base, fd, EV_READ | EV_PERSIST, raw_on_readable, raw);
	if (reads)
		event_add(raw->event, NULL);
}

void
raw_close(struct raw *raw)
{
	event_free(raw->event);
	close(raw->fd);
	buffer_free(&raw->got);
}

void
raw_send(struct raw *raw, const void *data, size_t len)
{
	assert_int_equal(send(raw->fd, data, len, MSG_NOSIGNAL), (ssize_t)len);
}

size_t
raw_count_frames(const struct raw *raw, uint16_t type)
{
	struct bytes rest = buffer_bytes(raw->got);
	size_t count = 0, used;
	struct frame frame;

	while (rest.len > 0 && frame_parse(rest, &frame, &used) == FRAME_WHOLE) {
		count += frame.type == type;
		rest = bytes_from(rest, used);
	}
	return count;
}

void
stage_raw(struct stage *stage, struct raw *raw, bool reads, struct end *server)
{
	int fds[2];

	stage_sockets(fds);
	raw_open(raw, stage, fds[0], reads);
	end_accept(server, stage, fds[1]);
}

/* One direction of a cable. */
struct lane {
	struct cable *cable;
	struct event *event;
	struct buffer *seen;	/* all of it, to count records */
	size_t carried;
	int from;
	int to;
	bool is_harmful;
};

struct cable {
	struct lane lanes[2];
	struct wire_fault fault;
	bool cut;
};

static void
cable_cut(struct cable *cable)
{
	if (cable->cut)
		return;
	cable->cut = true;
	for (int i = 0; i < 2; i++)
		event_del(cable->lanes[i].event);
	close(cable->lanes[0].from);
	close(cable->lanes[1].from);
}

/* The harm that is due to the "len" bytes that come now; how many of them go on. */
static size_t
do_harm(struct lane *lane, uint8_t *room, size_t len)
{
	const struct wire_fault *fault = &lane->cable->fault;
	size_t good = fault->harm_at > lane->carried ? fault->harm_at - lane->carried : 0;

	if (!lane->is_harmful || fault->harm == HARM_NONE || len <= good)
		return len;
	if (fault->harm != HARM_FLIP)
		return good;
	for (size_t i = good; i < len; i++)
		room[i] = (uint8_t)~room[i];
	return len;
}

static void
lane_on_readable(evutil_socket_t fd, short what UNUSED, void *arg)
{
	struct lane *lane = arg;
	uint8_t room[4096];
	size_t step = lane->cable->fault.step;
	ssize_t got = recv(fd, room, step > 0 ? step : sizeof(room), 0);
	size_t len;

	if (got <= 0) {
		event_del(lane->event);
		if (got == 0)
			shutdown(lane->to, SHUT_WR);
		return;
	}
	len = do_harm(lane, room, (size_t)got);
	if (len > 0)
		send(lane->to, room, len, MSG_NOSIGNAL);
	buffer_append(&lane->seen, bytes_of(room, len));
	lane->carried += len;
	if (len == (size_t)got)
		return;
	if (lane->cable->fault.harm == HARM_CUT)
		cable_cut(lane->cable);
	else
		event_del(lane->event);
}

struct cable *
cable_new(struct stage *stage, int from, int to, struct wire_fault fault)
{
	struct cable *cable = mem_new(sizeof(*cable));

	cable->fault = fault;
	cable->lanes[0] =
	    (struct lane){ .cable = cable, .from = from, .to = to, .is_harmful = true };
	cable->lanes[1] = (struct lane){ .cable = cable, .from = to, .to = from };
	for (int i = 0; i < 2; i++) {
		struct lane *lane = &cable->lanes[i];

		lane->event = event_new(
		    stage->base, lane->from, EV_READ | EV_PERSIST, lane_on_readable, lane);
		event_add(lane->event, NULL);
	}
	return cable;
}

void
cable_free(struct cable *cable)
{
	cable_cut(cable);
	for (int i = 0; i < 2; i++) {
		event_free(cable->lanes[i].event);
		buffer_free(&cable->lanes[i].seen);
	}
	free(cable);
}

size_t
cable_count_records(const struct cable *cable)
{
	enum { HEADER = 5, APPLICATION_DATA = 23 };
	struct bytes rest = buffer_bytes(cable->lanes[0].seen);
	size_t count = 0;

	while (rest.len >= HEADER) {
		const uint8_t *at = rest.data;
		size_t total = HEADER + ((size_t)at[3] << 8 | at[4]);

		count += at[0] == APPLICATION_DATA;
		rest = bytes_from(rest, total < rest.len ? total : rest.len);
	}
	return count;
}

struct cable *
stage_link_by_cable(
    struct stage *stage, struct end *client, struct end *server, struct wire_fault fault)
{
	struct sockaddr_in address;
	int listener = stage_listen(&address);
	struct cable *cable;
	int fds[2], from;

	client->other = server;
	server->other = client;
	end_connect(client, stage, &address);
	from = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	stage_sockets(fds);
	cable = cable_new(stage, from, fds[0], fault);
	end_accept(server, stage, fds[1]);
	return cable;
}
