/* SPDX-License-Identifier: ISC */
#include "tests/support/crowd.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/clock.h"
#include "shared/compiler.h"
#include "shared/mem.h"
#include "tests/support/process.h"

struct crowd {
	struct sockaddr_in server;
	int epoll;
	struct guest *guests;
	unsigned count, room;
	unsigned greeted, ended;
};

struct crowd *
crowd_new(uint16_t port)
{
	struct crowd *crowd = mem_new(sizeof(*crowd));
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	crowd->server = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	crowd->epoll = epoll_create1(EPOLL_CLOEXEC);
	assert_true(crowd->epoll >= 0);
	return crowd;
}

void
crowd_free(struct crowd *crowd)
{
	for (unsigned i = 0; i < crowd->count; i++)
		crowd_drop(crowd, i);
	close(crowd->epoll);
	free(crowd->guests);
	free(crowd);
}

static void
connect_one(struct crowd *crowd)
{
	unsigned number = crowd->count++;
	struct guest *guest = &crowd->guests[number];
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = number };

	memset(guest, 0, sizeof(*guest));
	guest->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (guest->fd < 0)
		fail_msg("guest %u: %s", number, strerror(errno));
	if (connect(guest->fd, (struct sockaddr *)&crowd->server, sizeof(crowd->server)) < 0 &&
	    errno != EINPROGRESS && errno != ECONNREFUSED)
		fail_msg("guest %u: %s", number, strerror(errno));
	assert_int_equal(epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, guest->fd, &event), 0);
}

void
crowd_connect(struct crowd *crowd, unsigned count)
{
	while (crowd->count + count > crowd->room) {
		crowd->room = 2 * crowd->room + 64;
		crowd->guests = mem_resize(crowd->guests, crowd->room, sizeof(*crowd->guests));
	}
	for (unsigned i = 0; i < count; i++)
		connect_one(crowd);
}

unsigned
crowd_count(const struct crowd *crowd)
{
	return crowd->count;
}

unsigned
crowd_greeted(const struct crowd *crowd)
{
	return crowd->greeted;
}

unsigned
crowd_ended(const struct crowd *crowd)
{
	return crowd->ended;
}

struct guest *
crowd_guest(struct crowd *crowd, unsigned number)
{
	assert_true(number < crowd->count);
	return &crowd->guests[number];
}

unsigned
crowd_with(struct crowd *crowd, pid_t pid)
{
	unsigned count = 0;

	for (unsigned i = 0; i < crowd->count; i++)
		count += crowd->guests[i].fd >= 0 && crowd->guests[i].is_greeted &&
		    crowd->guests[i].pid == pid;
	return count;
}

void
crowd_drop(struct crowd *crowd, unsigned number)
{
	struct guest *guest = crowd_guest(crowd, number);

	if (guest->fd < 0)
		return;
	close(guest->fd);
	guest->fd = -1;
	crowd->greeted -= guest->is_greeted;
}

static void
take_line(struct crowd *crowd, struct guest *guest, char *line)
{
	if (guest->is_greeted) {
		guest->lines++;
		memcpy(guest->line, line, strlen(line) + 1);
		return;
	}
	if (sscanf(line, "hello %u %u %d %63[^\n]", &guest->index, &guest->generation,
	    &guest->pid, guest->settings) != 4)
		fail_msg("no greeting: %s", line);
	guest->is_greeted = true;
	crowd->greeted++;
}

static void
read_guest(struct crowd *crowd, unsigned number)
{
	struct guest *guest = &crowd->guests[number];
	ssize_t len;
	char *end;

	if (guest->fd < 0)
		return;
	len = recv(guest->fd, guest->input + guest->len, sizeof(guest->input) - guest->len - 1, 0);
	if (len < 0 && errno == EAGAIN)
		return;
	if (len <= 0) {
		crowd_drop(crowd, number);
		guest->has_ended = true;
		crowd->ended++;
		return;
	}
	guest->len += (size_t)len;
	guest->input[guest->len] = '\0';
	while ((end = strchr(guest->input, '\n')) != NULL) {
		*end = '\0';
		take_line(crowd, guest, guest->input);
		guest->len -= (size_t)(end + 1 - guest->input);
		memmove(guest->input, end + 1, guest->len + 1);
	}
}

bool
crowd_wait(struct crowd *crowd, crowd_condition *holds, const void *of, int timeout_ms)
{
	uint64_t deadline = clock_monotonic_ms() + (uint64_t)timeout_ms;
	struct epoll_event events[256];

	while (!holds(crowd, of)) {
		uint64_t now = clock_monotonic_ms();
		int count;

		if (now >= deadline)
			return false;
		count = epoll_wait(crowd->epoll, events, ARRAY_LEN(events), (int)(deadline - now));
		for (int i = 0; i < count; i++)
			read_guest(crowd, events[i].data.u32);
	}
	return true;
}

static bool
enough_greeted(struct crowd *crowd, const void *of)
{
	return crowd->greeted >= *(const unsigned *)of;
}

bool
crowd_wait_greeted(struct crowd *crowd, unsigned count, int timeout_ms)
{
	return crowd_wait(crowd, enough_greeted, &count, timeout_ms);
}

static bool
enough_ended(struct crowd *crowd, const void *of)
{
	return crowd->ended >= *(const unsigned *)of;
}

bool
crowd_wait_ended(struct crowd *crowd, unsigned count, int timeout_ms)
{
	return crowd_wait(crowd, enough_ended, &count, timeout_ms);
}

void
crowd_say(struct crowd *crowd, unsigned number, char letter)
{
	assert_int_equal(send(crowd_guest(crowd, number)->fd, &letter, 1, MSG_NOSIGNAL), 1);
}

struct question {
	unsigned number;
	unsigned lines;
};

static bool
is_answered(struct crowd *crowd, const void *of)
{
	const struct question *question = of;

	return crowd->guests[question->number].lines > question->lines ||
	    crowd->guests[question->number].has_ended;
}

const char *
crowd_ask(struct crowd *crowd, unsigned number, char letter)
{
	struct guest *guest = crowd_guest(crowd, number);
	struct question question = { .number = number, .lines = guest->lines };

	crowd_say(crowd, number, letter);
	if (!crowd_wait(crowd, is_answered, &question, PROCESS_PATIENCE_MS) || guest->has_ended)
		return NULL;
	return crowd_guest(crowd, number)->line;
}
