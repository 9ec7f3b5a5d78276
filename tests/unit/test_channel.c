/* SPDX-License-Identifier: ISC */
/*
 * Channels: frames and descriptors arrive whole and in order, nothing leaks, whatever the other
 * side does.
 */

#include <dirent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/channel.h"
#include "shared/mem.h"
#include "shared/protocol.h"
#include "shared/wire.h"

enum { PATIENCE_S = 120 };

/* --- one end and what came to it ---------------------------------------- */

struct end {
	struct channel *channel;
	struct event_base *base;
	unsigned frames;
	unsigned wanted;	/* the loop ends when so many frames came; 0: never mind */
	uint32_t next;		/* expected in a numbered frame */
	bool is_numbered;
	int fd;			/* that came last */
	unsigned fds;
	unsigned closed, drained;
	bool frees_at_frame;
	struct channel *echo;	/* where to send every frame again */
	size_t last_len;
};

static struct bytes
numbered_frame(uint8_t *room, uint32_t number, size_t payload_len)
{
	struct wire wire = wire_writer(room + FRAME_HEADER_SIZE, 4);

	memset(room, 0, FRAME_HEADER_SIZE + payload_len);
	frame_put_header(room, 77, payload_len);
	wire_put_u32(&wire, number);
	return bytes_of(room, FRAME_HEADER_SIZE + payload_len);
}

static enum status
send_number(struct end *end, uint32_t number, size_t payload_len, int fd)
{
	static uint8_t room[FRAME_SIZE_MAX];

	return channel_send(end->channel, numbered_frame(room, number, payload_len), fd);
}

static void
test_on_frame(struct channel *channel, const struct frame *frame, int fd, void *arg)
{
	struct end *end = arg;
	struct wire wire = wire_reader(frame->payload);

	end->frames++;
	end->last_len = frame->payload.len;
	if (end->is_numbered)
		assert_int_equal(wire_get_u32(&wire), end->next++);
	if (fd >= 0) {
		if (end->fd >= 0)
			close(end->fd);
		end->fd = fd;
		end->fds++;
	}
	if (end->echo != NULL) {
		uint8_t room[64];

		assert_int_equal(channel_send(end->echo, numbered_frame(room, end->frames, 4),
		    -1), STATUS_OK);
	}
	if (end->frees_at_frame) {
		channel_free(channel);
		end->channel = NULL;
		event_base_loopbreak(end->base);
	}
	if (end->frames == end->wanted)
		event_base_loopbreak(end->base);
}

static void
test_on_closed(struct channel *channel, void *arg)
{
	struct end *end = arg;

	end->closed++;
	channel_free(channel);
	end->channel = NULL;
	event_base_loopbreak(end->base);
}

static void
test_on_drained(struct channel *channel, void *arg)
{
	struct end *end = arg;

	assert_int_equal(channel_queued(channel), 0);
	end->drained++;
}

static const struct channel_events events = {
	.on_frame = test_on_frame,
	.on_closed = test_on_closed,
	.on_drained = test_on_drained,
};

static void
end_init(struct end *end, struct event_base *base, int fd)
{
	*end = (struct end){ .base = base, .fd = -1 };
	end->channel = channel_new(base, fd, &events, end);
}

static void
end_clear(struct end *end)
{
	channel_free(end->channel);
	if (end->fd >= 0)
		close(end->fd);
}

/* Until somebody breaks the loop. */
static void
run(struct event_base *base)
{
	struct timeval patience = { .tv_sec = PATIENCE_S };

	event_base_loopexit(base, &patience);
	event_base_loop(base, 0);
	assert_true(event_base_got_break(base));
}

static void
run_until_frames(struct end *end, unsigned frames)
{
	end->wanted = frames;
	if (end->frames < frames)
		run(end->base);
	assert_int_equal(end->frames, frames);
}

/* What is ready now, without waiting. */
static void
turn(struct event_base *base)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

static unsigned
count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(folder);
	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

/* Every test: two ends of one channel, and nothing left over afterwards. */
struct fixture {
	struct event_base *base;
	struct end a, b;
	unsigned descriptors;
};

static int
set_up(void **state)
{
	struct fixture *fixture = mem_new(sizeof(*fixture));
	int ends[2];

	fixture->descriptors = count_descriptors();
	fixture->base = event_base_new();
	assert_int_equal(channel_pair(ends), STATUS_OK);
	end_init(&fixture->a, fixture->base, ends[0]);
	end_init(&fixture->b, fixture->base, ends[1]);
	*state = fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;
	int result;

	end_clear(&fixture->a);
	end_clear(&fixture->b);
	event_base_free(fixture->base);
	result = count_descriptors() == fixture->descriptors ? 0 : -1;
	if (result != 0)
		print_error("%u descriptors before, %u after\n", fixture->descriptors,
		    count_descriptors());
	free(fixture);
	return result;
}

/* The other end as a bare socket, for what no channel would do. */
static int
take_socket(struct fixture *fixture, struct end *end)
{
	int ends[2];

	channel_free(fixture->a.channel);
	channel_free(fixture->b.channel);
	fixture->a.channel = fixture->b.channel = NULL;
	assert_int_equal(channel_pair(ends), STATUS_OK);
	end_init(end, fixture->base, ends[0]);
	return ends[1];
}

static int
new_descriptor(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* --- sending ------------------------------------------------------------ */

static void
frames_arrive_in_order_both_ways(void **state)
{
	struct fixture *fixture = *state;
	uint8_t room[256];

	fixture->a.is_numbered = fixture->b.is_numbered = true;
	for (uint32_t i = 0; i < 1000; i++) {
		struct bytes frame = numbered_frame(room, i, 4 + i % 100);

		assert_int_equal(channel_send(fixture->a.channel, frame, -1), STATUS_OK);
		assert_int_equal(channel_send(fixture->b.channel, frame, -1), STATUS_OK);
	}
	run_until_frames(&fixture->a, 1000);
	run_until_frames(&fixture->b, 1000);
	assert_int_equal(channel_queued(fixture->a.channel), 0);
}

static void
the_largest_frame_passes(void **state)
{
	struct fixture *fixture = *state;
	uint8_t *room = mem_new(FRAME_SIZE_MAX);

	assert_int_equal(send_number(&fixture->a, 0, FRAME_PAYLOAD_MAX, -1), STATUS_OK);
	assert_int_equal(send_number(&fixture->a, 1, FRAME_PAYLOAD_MAX, -1), STATUS_OK);
	fixture->b.is_numbered = true;
	run_until_frames(&fixture->b, 2);
	assert_int_equal(fixture->b.last_len, FRAME_PAYLOAD_MAX);
	free(room);
}

static void
a_turn_leaves_in_one_packet(void **state)
{
	struct fixture *fixture = *state;
	int socket = take_socket(fixture, &fixture->a);
	uint8_t packet[4096];

	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(send_number(&fixture->a, i, 4, -1), STATUS_OK);
	assert_true(recv(socket, packet, sizeof(packet), MSG_DONTWAIT) < 0);
	turn(fixture->base);
	assert_int_equal(recv(socket, packet, sizeof(packet), MSG_DONTWAIT), 80);
	assert_true(recv(socket, packet, sizeof(packet), MSG_DONTWAIT) < 0);

	assert_int_equal(send_number(&fixture->a, 0, 4, -1), STATUS_OK);
	channel_flush(fixture->a.channel);
	assert_int_equal(recv(socket, packet, sizeof(packet), MSG_DONTWAIT), 8);
	close(socket);
}

static void
messages_are_encoded(void **state)
{
	struct fixture *fixture = *state;
	struct msg_ping ping = { .request = 0 };

	fixture->b.is_numbered = true;
	assert_int_equal(channel_send_message(fixture->a.channel, protocol_schema(MSG_PING),
	    &ping, -1), STATUS_OK);
	ping.request = 1;
	assert_int_equal(channel_try_message(fixture->a.channel, protocol_schema(MSG_PING), &ping,
	    -1), STATUS_OK);
	run_until_frames(&fixture->b, 2);
}

static void
descriptors_come_with_their_frame(void **state)
{
	struct fixture *fixture = *state;

	fixture->b.is_numbered = true;
	for (uint32_t i = 0; i < 30; i++) {
		int fd = i % 3 == 0 ? new_descriptor() : -1;

		assert_int_equal(send_number(&fixture->a, i, 4, fd), STATUS_OK);
	}
	run_until_frames(&fixture->b, 30);
	assert_int_equal(fixture->b.fds, 10);
	assert_int_equal(fcntl(fixture->b.fd, F_GETFD), FD_CLOEXEC);
}

static void
a_full_queue_says_busy_and_drains(void **state)
{
	struct fixture *fixture = *state;
	uint32_t sent = 0;
	int fd = new_descriptor();

	channel_set_limit(fixture->a.channel, 100000);
	fixture->b.is_numbered = true;
	/* The other one does not read: first the kernel is full, then the queue. */
	while (send_number(&fixture->a, sent, 1000, -1) == STATUS_OK) {
		sent++;
		channel_flush(fixture->a.channel);
	}
	assert_true(sent > 100 && sent < 10000);
	assert_true(channel_is_blocked(fixture->a.channel));
	assert_in_range(channel_queued(fixture->a.channel), 98000, 100000);
	assert_int_equal(send_number(&fixture->a, sent, 1000, fd), STATUS_BUSY);
	close(fd); /* it stayed ours */
	run_until_frames(&fixture->b, sent);
	assert_int_equal(fixture->a.drained, 1);
	assert_false(channel_is_blocked(fixture->a.channel));
	assert_int_equal(send_number(&fixture->a, sent, 4, -1), STATUS_OK);
	run_until_frames(&fixture->b, sent + 1);
}

static void
one_frame_always_fits_into_an_empty_queue(void **state)
{
	struct fixture *fixture = *state;

	channel_set_limit(fixture->a.channel, 10);
	assert_int_equal(send_number(&fixture->a, 0, 1000, -1), STATUS_OK);
	assert_int_equal(send_number(&fixture->a, 0, 4, -1), STATUS_BUSY);
	run_until_frames(&fixture->b, 1);
}

static void
trying_is_at_once_or_not_at_all(void **state)
{
	struct fixture *fixture = *state;
	struct msg_ping ping = { .request = 0 };
	const struct schema *schema = protocol_schema(MSG_PING);
	int fd = new_descriptor();

	fixture->b.is_numbered = true;
	/* One descriptor for all: it stays ours. */
	while (channel_try_message(fixture->a.channel, schema, &ping, fd) == STATUS_OK)
		ping.request++;
	assert_int_equal(channel_queued(fixture->a.channel), 0);
	assert_int_equal(channel_try_message(fixture->a.channel, schema, &ping, fd), STATUS_BUSY);
	run_until_frames(&fixture->b, ping.request);
	turn(fixture->base);
	assert_int_equal(fixture->a.drained, 1);
	assert_int_equal(channel_try_message(fixture->a.channel, schema, &ping, fd), STATUS_OK);
	close(fd);
	run_until_frames(&fixture->b, ping.request + 1);
}

static void
trying_does_not_overtake_the_queue(void **state)
{
	struct fixture *fixture = *state;
	struct msg_ping ping = { .request = 1 };

	fixture->b.is_numbered = true;
	assert_int_equal(send_number(&fixture->a, 0, 4, -1), STATUS_OK);
	assert_int_equal(channel_try_message(fixture->a.channel, protocol_schema(MSG_PING), &ping,
	    -1), STATUS_OK);
	run_until_frames(&fixture->b, 2);
}

/* --- ends --------------------------------------------------------------- */

static void
the_end_comes_after_everything_that_was_sent(void **state)
{
	struct fixture *fixture = *state;

	fixture->b.is_numbered = true;
	for (uint32_t i = 0; i < 200; i++)
		assert_int_equal(send_number(&fixture->a, i, 4, i == 199 ? new_descriptor() : -1),
		    STATUS_OK);
	channel_flush(fixture->a.channel);
	channel_free(fixture->a.channel);
	fixture->a.channel = NULL;
	run(fixture->base);
	assert_int_equal(fixture->b.frames, 200);
	assert_int_equal(fixture->b.fds, 1);
	assert_int_equal(fixture->b.closed, 1);
}

/* The kernel reports such an end before the data (ECONNRESET); nothing may be lost by that. */
static void
the_end_of_one_who_had_not_read_loses_nothing(void **state)
{
	struct fixture *fixture = *state;

	fixture->b.is_numbered = true;
	assert_int_equal(send_number(&fixture->b, 0, 4, new_descriptor()), STATUS_OK);
	channel_flush(fixture->b.channel);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(send_number(&fixture->a, i, 4, -1), STATUS_OK);
		channel_flush(fixture->a.channel);
	}
	channel_free(fixture->a.channel);
	fixture->a.channel = NULL;
	run(fixture->base);
	assert_int_equal(fixture->b.frames, 3);
	assert_int_equal(fixture->b.closed, 1);
}

static void
sending_to_nobody_says_closed(void **state)
{
	struct fixture *fixture = *state;
	int fd = new_descriptor();

	channel_free(fixture->a.channel);
	fixture->a.channel = NULL;
	assert_int_equal(send_number(&fixture->b, 0, 4, new_descriptor()), STATUS_OK);
	channel_flush(fixture->b.channel);
	assert_int_equal(channel_queued(fixture->b.channel), 0);
	assert_int_equal(send_number(&fixture->b, 0, 4, fd), STATUS_CLOSED);
	close(fd);
	assert_int_equal(fixture->b.closed, 0);
	run(fixture->base);
	assert_int_equal(fixture->b.closed, 1);
}

static void
freeing_with_a_full_queue_closes_what_waits(void **state)
{
	struct fixture *fixture = *state;

	for (uint32_t i = 0; i < CHANNEL_DESCRIPTORS_MAX; i++)
		assert_int_equal(send_number(&fixture->a, i, 4, new_descriptor()), STATUS_OK);
	assert_int_equal(send_number(&fixture->a, 0, 4, 0), STATUS_BUSY);
	channel_flush(fixture->a.channel);
	channel_free(fixture->a.channel);
	fixture->a.channel = NULL;
	/* Some are in the kernel, for the other end to read or to drop. */
	turn(fixture->base);
	assert_true(fixture->b.fds > 0);
}

static void
it_may_be_freed_in_its_own_callback(void **state)
{
	struct fixture *fixture = *state;

	/* More frames in the same packet, and descriptors behind them. */
	for (uint32_t i = 0; i < 10; i++) {
		int fd = i == 0 || i > 5 ? new_descriptor() : -1;

		assert_int_equal(send_number(&fixture->a, i, 4, fd), STATUS_OK);
	}
	fixture->b.frees_at_frame = true;
	run(fixture->base);
	assert_int_equal(fixture->b.frames, 1);
	assert_int_equal(fixture->b.closed, 0);
}

/* --- rubbish ------------------------------------------------------------ */

static void
send_raw(int socket, const void *data, size_t len, const int *fds, size_t fd_count)
{
	struct iovec vector = { .iov_base = (void *)data, .iov_len = len };
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(4 * sizeof(int))];
	} control = { .room = { 0 } };
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

	if (fd_count > 0) {
		struct cmsghdr *header;

		message.msg_control = control.room;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(header), fds, fd_count * sizeof(int));
	}
	assert_int_equal(sendmsg(socket, &message, 0), len);
}

static void
rubbish_ends_it(void **state)
{
	static const uint8_t packets[][10] = {
		{ 0, 1, 0, 3 },	/* shorter than a header */
		{ 0, 1, 0, 4, 0, 1, 0, 9 },	/* the second one is longer than the packet */
		{ 0, 1, 0, 4, 0 },	/* half a header */
	};
	static const size_t sizes[] = { 4, 8, 5 };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		int socket = take_socket(fixture, &fixture->a), fd = new_descriptor();

		send_raw(socket, packets[i], sizes[i], &fd, 1);
		close(fd);
		run(fixture->base);
		assert_int_equal(fixture->a.closed, 1);
		assert_int_equal(fixture->a.frames, i > 0);
		close(socket);
		end_clear(&fixture->a);
		fixture->a.fd = -1;
	}
}

static void
too_many_descriptors_are_closed(void **state)
{
	struct fixture *fixture = *state;
	int socket = take_socket(fixture, &fixture->a);
	int fds[4] = { new_descriptor(), new_descriptor(), new_descriptor(), new_descriptor() };
	static const uint8_t frame[] = { 0, 1, 0, 4 };

	send_raw(socket, frame, sizeof(frame), fds, 4);
	for (size_t i = 0; i < 4; i++)
		close(fds[i]);
	run_until_frames(&fixture->a, 1);
	assert_int_equal(fixture->a.fds, 1);
	close(socket);
}

static void
a_descriptor_that_finds_no_room_is_missing(void **state)
{
	struct fixture *fixture = *state;
	struct rlimit limit, low;
	int fd = new_descriptor();

	assert_int_equal(send_number(&fixture->a, 0, 4, fd), STATUS_OK);
	assert_int_equal(send_number(&fixture->a, 1, 4, -1), STATUS_OK);
	channel_flush(fixture->a.channel);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	low.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	fixture->b.is_numbered = true;
	run_until_frames(&fixture->b, 2);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(fixture->b.fds, 0);
}

/* Root is exempt from the limit below, by these two. */
static void
set_exemption(bool is_on)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	uint32_t mask = 1u << CAP_SYS_ADMIN | 1u << CAP_SYS_RESOURCE;

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	data[0].effective &= ~mask;
	if (is_on)
		data[0].effective |= data[0].permitted & mask;
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

/*
 * Too many descriptors on their way (of this user, unix(7)): nothing is lost, it goes on when
 * that is over.
 */
static void
too_many_on_their_way_wait(void **state)
{
	enum { LIMIT = 50 };
	struct fixture *fixture = *state;
	struct channel *channel = fixture->a.channel;
	struct msg_ping ping = { .request = 0 };
	const struct schema *schema = protocol_schema(MSG_PING);
	struct rlimit limit, low;
	unsigned sent = 0;

	set_exemption(false);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	low.rlim_cur = LIMIT;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	for (int fd = new_descriptor(); sent <= LIMIT + 1; fd = new_descriptor(), sent++) {
		if (channel_try_message(channel, schema, &ping, fd) == STATUS_OK) {
			close(fd);
			continue;
		}
		assert_int_equal(channel_send_message(channel, schema, &ping, fd), STATUS_OK);
		break;
	}
	/* None at all while other processes of this user have that many on their way. */
	assert_true(sent <= LIMIT + 1);
	assert_true(channel_is_blocked(channel));
	run_until_frames(&fixture->b, sent + 1);
	assert_int_equal(fixture->b.fds, sent + 1);
	assert_int_equal(fixture->a.drained, 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	set_exemption(true);
}

/* --- with others -------------------------------------------------------- */

struct low {
	struct event *event;
	unsigned count;
};

static void
test_on_low_turn(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct low *low = arg;

	if (++low->count == 100)
		event_base_loopbreak(event_get_base(low->event));
	else
		event_active(low->event, EV_TIMEOUT, 0);
}

/* Two channels that never stop talking have priority, but others get their share. */
static void
a_busy_channel_does_not_starve_others(void **state)
{
	struct fixture *fixture = *state;
	struct event_base *base = event_base_new();
	struct low low = { .count = 0 };
	struct end a, b;
	uint8_t room[64];
	int ends[2];

	assert_int_equal(event_base_priority_init(base, 2), 0);
	assert_int_equal(channel_pair(ends), STATUS_OK);
	end_init(&a, base, ends[0]);
	end_init(&b, base, ends[1]);
	a.echo = a.channel;
	b.echo = b.channel;
	assert_int_equal(channel_send(a.channel, numbered_frame(room, 0, 4), -1), STATUS_OK);
	low.event = event_new(base, -1, 0, test_on_low_turn, &low);
	event_active(low.event, EV_TIMEOUT, 0);
	run(base);
	assert_int_equal(low.count, 100);
	assert_true(a.frames > 10);
	event_free(low.event);
	end_clear(&a);
	end_clear(&b);
	event_base_free(base);
	assert_non_null(fixture);
}

struct talker {
	pthread_t thread;
	int fd;
	unsigned frames;
};

static void *
talk(void *arg)
{
	struct talker *talker = arg;
	struct event_base *base = event_base_new();
	struct end end;
	uint8_t room[64];

	end_init(&end, base, talker->fd);
	end.echo = end.channel;
	end.wanted = 2000;
	channel_send(end.channel, numbered_frame(room, 0, 4), -1);
	run(base);
	talker->frames = end.frames;
	/* What the other one still waits for, if that has not left before. */
	if (end.channel != NULL)
		channel_flush(end.channel);
	end_clear(&end);
	event_base_free(base);
	return NULL;
}

static void
two_threads_talk(void **state UNUSED)
{
	struct talker talkers[2] = { { .frames = 0 } };
	int ends[2];

	assert_int_equal(channel_pair(ends), STATUS_OK);
	for (size_t i = 0; i < 2; i++) {
		talkers[i].fd = ends[i];
		assert_int_equal(pthread_create(&talkers[i].thread, NULL, talk, &talkers[i]), 0);
	}
	for (size_t i = 0; i < 2; i++)
		pthread_join(talkers[i].thread, NULL);
	/* Who comes first leaves; the other one gets what was on its way, and then sees the end. */
	for (size_t i = 0; i < 2; i++)
		assert_in_range(talkers[i].frames, 1990, 2010);
}

#define CHANNEL_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CHANNEL_TEST(frames_arrive_in_order_both_ways),
		CHANNEL_TEST(the_largest_frame_passes),
		CHANNEL_TEST(a_turn_leaves_in_one_packet),
		CHANNEL_TEST(messages_are_encoded),
		CHANNEL_TEST(descriptors_come_with_their_frame),
		CHANNEL_TEST(a_full_queue_says_busy_and_drains),
		CHANNEL_TEST(one_frame_always_fits_into_an_empty_queue),
		CHANNEL_TEST(trying_is_at_once_or_not_at_all),
		CHANNEL_TEST(trying_does_not_overtake_the_queue),
		CHANNEL_TEST(the_end_comes_after_everything_that_was_sent),
		CHANNEL_TEST(the_end_of_one_who_had_not_read_loses_nothing),
		CHANNEL_TEST(sending_to_nobody_says_closed),
		CHANNEL_TEST(freeing_with_a_full_queue_closes_what_waits),
		CHANNEL_TEST(it_may_be_freed_in_its_own_callback),
		CHANNEL_TEST(rubbish_ends_it),
		CHANNEL_TEST(too_many_descriptors_are_closed),
		CHANNEL_TEST(a_descriptor_that_finds_no_room_is_missing),
		CHANNEL_TEST(too_many_on_their_way_wait),
		CHANNEL_TEST(a_busy_channel_does_not_starve_others),
		CHANNEL_TEST(two_threads_talk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
