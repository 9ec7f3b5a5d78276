/* SPDX-License-Identifier: ISC */
#include "tests/support/stage.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "shared/compiler.h"
#include "shared/mem.h"

enum { PATIENCE_S = 120 };

int
count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(folder);
	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

static void
stage_on_guard(evutil_socket_t fd UNUSED, short what UNUSED, void *arg UNUSED)
{
	fail_msg("%d s without what the test waits for", PATIENCE_S);
}

static void
make_contexts(struct stage *stage)
{
	struct bytes nothing = bytes_of(NULL, 0), crt, key;

	assert_int_equal(tls_make_certificate(&stage->certificate, &stage->key), STATUS_OK);
	crt = bytes_of_string(stage->certificate);
	key = bytes_of_string(stage->key);
	assert_int_equal(tls_pin_of_certificate(crt, stage->pin), STATUS_OK);
	assert_int_equal(tls_context_new_server(crt, key, false, &stage->server), STATUS_OK);
	assert_int_equal(tls_context_new_client(nothing, nothing, &stage->client), STATUS_OK);
}

void
stage_open(struct stage *stage, bool tls)
{
	*stage = (struct stage){
		.descriptors = count_descriptors(),
		.limits = {
			.handshake_ms = 60000,
			.idle_ms = 60000,
			.drain_ms = 60000,
			.output_low = 65536,
			.output_high = 1 << 20,
		},
	};
	stage->base = link_base_new();
	assert_non_null(stage->base);
	stage->loop = link_loop_new(stage->base, 10);
	stage->guard = evtimer_new(stage->base, stage_on_guard, stage);
	if (tls)
		make_contexts(stage);
}

void
stage_close(struct stage *stage)
{
	stage_quiet(stage);
	stage_until(stage, link_loop_count(stage->loop) == 0);
	link_loop_free(stage->loop);
	event_free(stage->guard);
	event_base_free(stage->base);
	tls_context_unref(stage->server);
	tls_context_unref(stage->client);
	free(stage->certificate);
	free(stage->key);
	assert_int_equal(count_descriptors(), stage->descriptors);
}

int
stage_set_up_plain(void **state)
{
	*state = mem_new(sizeof(struct stage));
	stage_open(*state, false);
	return 0;
}

int
stage_set_up_tls(void **state)
{
	*state = mem_new(sizeof(struct stage));
	stage_open(*state, true);
	return 0;
}

int
stage_tear_down(void **state)
{
	stage_close(*state);
	free(*state);
	return 0;
}

void
stage_turn(struct stage *stage)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };

	event_add(stage->guard, &patience);
	assert_int_equal(event_base_loop(stage->base, EVLOOP_ONCE), 0);
	event_del(stage->guard);
}

void
stage_quiet(struct stage *stage)
{
	for (int i = 0; i < 20; i++)
		event_base_loop(stage->base, EVLOOP_NONBLOCK);
}

int
stage_listen(struct sockaddr_in *address)
{
	socklen_t len = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET };
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)address, len), 0);
	assert_int_equal(listen(fd, 512), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)address, &len), 0);
	return fd;
}

void
stage_sockets(int fds[2])
{
	struct sockaddr_in address;
	int listener = stage_listen(&address);

	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fds[0], (struct sockaddr *)&address, sizeof(address)), 0);
	fds[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(fds[1] >= 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	close(listener);
}

static void
end_on_up(struct link *link, void *arg)
{
	struct end *end = arg;

	assert_ptr_equal(link, end->link);
	assert_int_equal(end->ups + end->frames + end->downs, 0);
	assert_true(link_is_up(link));
	assert_int_equal(link_peer_address(link, &end->peer), STATUS_OK);
	end->ups++;
	if (end->on_up != NULL)
		end->on_up(end);
}

static void
end_on_frame(struct link *link, const struct frame *frame, void *arg)
{
	struct end *end = arg;

	assert_ptr_equal(link, end->link);
	assert_int_equal(end->ups, 1);
	assert_int_equal(end->downs, 0);
	end->frames++;
	end->bytes += frame->payload.len;
	end->type = frame->type;
	end->last_len = frame->payload.len;
	memcpy(end->last, frame->payload.data,
	    frame->payload.len < sizeof(end->last) ? frame->payload.len : sizeof(end->last));
	if (end->on_frame != NULL)
		end->on_frame(end, frame);
}

static void
end_on_drained(struct link *link, void *arg)
{
	struct end *end = arg;

	assert_true(link_output_pending(link) <= end->stage->limits.output_low);
	end->drains++;
	if (end->on_drained != NULL)
		end->on_drained(end);
}

static void
end_on_down(struct link *link, enum status why, void *arg)
{
	struct end *end = arg;

	assert_ptr_equal(link, end->link);
	assert_int_equal(end->downs, 0);
	assert_int_not_equal(why, STATUS_OK);
	assert_false(link_is_up(link));
	end->downs++;
	end->why = why;
	snprintf(end->problem, sizeof(end->problem), "%s", link_problem(link));
	if (end->on_down != NULL)
		end->on_down(end);
	end->link = NULL;
}

static const struct link_handler end_handler = {
	.on_up = end_on_up,
	.on_frame = end_on_frame,
	.on_drained = end_on_drained,
	.on_down = end_on_down,
};

void
end_accept(struct end *end, struct stage *stage, int fd)
{
	end->stage = stage;
	end->link = link_accept(stage->loop, fd, stage->server, &stage->limits, &end_handler, end);
}

void
end_adopt(struct end *end, struct stage *stage, int fd, const uint8_t *pin)
{
	end->stage = stage;
	end->link = link_adopt(stage->loop, fd, stage->server, pin, &stage->limits, &end_handler,
	    end);
}

void
end_connect(struct end *end, struct stage *stage, const struct sockaddr_in *address)
{
	const struct link_target target = {
		.address = (const struct sockaddr *)address,
		.address_len = sizeof(*address),
		.tls = stage->client,
		.pin = stage->client != NULL ? stage->pin : NULL,
	};

	end->stage = stage;
	end->link = link_connect(stage->loop, &target, &stage->limits, &end_handler, end);
}

void
stage_link(struct stage *stage, struct end *client, struct end *server)
{
	struct sockaddr_in address;
	int listener = stage_listen(&address);

	client->other = server;
	server->other = client;
	end_connect(client, stage, &address);
	end_accept(server, stage, accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	close(listener);
	stage_until(stage, (client->ups || client->downs) && (server->ups || server->downs));
}

void
end_close(struct end *end)
{
	if (end->link == NULL)
		return;
	link_close(end->link, STATUS_STOPPED);
	stage_until(end->stage, end->downs > 0);
}

static uint8_t
pattern(size_t at, unsigned seed)
{
	return (uint8_t)(at * 31 + (at >> 8) * 7 + seed);
}

enum status
end_send(struct end *end, uint16_t type, size_t payload_len, unsigned seed)
{
	uint8_t *frame = mem_new(FRAME_HEADER_SIZE + payload_len);
	enum status status;

	frame_put_header(frame, type, payload_len);
	for (size_t i = 0; i < payload_len; i++)
		frame[FRAME_HEADER_SIZE + i] = pattern(i, seed);
	status = link_send_frame(end->link, bytes_of(frame, FRAME_HEADER_SIZE + payload_len));
	free(frame);
	return status;
}

bool
frame_is_sent_by_seed(const struct frame *frame, unsigned seed)
{
	const uint8_t *at = frame->payload.data;

	for (size_t i = 0; i < frame->payload.len; i++)
		if (at[i] != pattern(i, seed))
			return false;
	return true;
}
