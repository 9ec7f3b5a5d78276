/* SPDX-License-Identifier: ISC */
/*
 * The smallest relay: connections are paired as they come, and what one says is sent to the
 * other; plain TCP, one message on its way in every pair. Gives the kernel's own price of a
 * relayed message.
 */

#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/mem.h"
#include "tests/bench/yardstick.h"

enum { EVENTS = 256, MESSAGE_SIZE = 64, DESCRIPTORS = 20000 };

static int
watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.fd = fd };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

/* When two have met, one of them is told to begin. */
static void
pair(int epoll, int *partner_of, int fd)
{
	static int lonely = -1;

	yardstick_require(fd < DESCRIPTORS && watch(epoll, fd) == 0, "a connection");
	if (lonely < 0) {
		lonely = fd;
		return;
	}
	partner_of[fd] = lonely;
	partner_of[lonely] = fd;
	yardstick_require(send(lonely, "!", 1, 0) == 1, "the first byte");
	lonely = -1;
}

static void
run_server(struct yardstick *yardstick, uint32_t number, void (*ready)(void))
{
	int *partner_of = mem_new_array(DESCRIPTORS, sizeof(*partner_of));
	int epoll = epoll_create1(EPOLL_CLOEXEC), fd;
	struct epoll_event events[EVENTS];
	char room[4096];

	(void)number;
	yardstick_require(watch(epoll, yardstick->listener) == 0, "epoll");
	ready();
	for (;;) {
		int count = epoll_wait(epoll, events, EVENTS, -1);

		for (int i = 0; i < count; i++) {
			ssize_t got;

			fd = events[i].data.fd;
			if (fd == yardstick->listener) {
				while ((fd = accept4(yardstick->listener, NULL, NULL,
				    SOCK_NONBLOCK)) >= 0)
					pair(epoll, partner_of, fd);
				continue;
			}
			got = recv(fd, room, sizeof(room), 0);
			if (got > 0)
				yardstick_require(send(partner_of[fd], room, (size_t)got,
				    MSG_NOSIGNAL) == got,
				    "sending");
		}
	}
}

/*
 * The first byte of a connection is the relay's; from then on every message is answered by one,
 * until it is killed.
 */
static void
run_client(struct yardstick *yardstick, uint32_t number, void (*ready)(void))
{
	static char message[MESSAGE_SIZE], room[4096];
	uint32_t first, mine = yardstick_share(yardstick, number, &first);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event events[EVENTS];

	for (uint32_t i = 0; i < mine; i++)
		yardstick_require(watch(epoll, yardstick_connect(yardstick, first + i)) == 0,
		    "epoll");
	ready();
	for (;;) {
		int count = epoll_wait(epoll, events, EVENTS, -1);
		uint32_t relayed = 0;

		for (int i = 0; i < count; i++) {
			ssize_t got = recv(events[i].data.fd, room, sizeof(room), 0);

			if (got <= 0)
				continue;
			relayed += (size_t)got >= MESSAGE_SIZE;
			yardstick_require(send(events[i].data.fd, message, sizeof(message),
			    MSG_NOSIGNAL) ==
			    MESSAGE_SIZE, "sending");
		}
		yardstick->relayed += relayed;
		yardstick->last_us = clock_monotonic_us();
	}
}

static uint64_t
count_relayed(const struct yardstick *yardstick)
{
	return yardstick->relayed;
}

int
main(int argc, char **argv)
{
	struct yardstick *yardstick = yardstick_open(argc, argv, 200, 2000);
	struct half server = { .run = run_server, .count = 1 };
	struct half client = { .run = run_client, .count = yardstick->clients };
	uint64_t goal = (uint64_t)yardstick->messages * yardstick->connections / 2;
	struct measurement found;
	double all;

	yardstick_measure(yardstick, &server, &client, count_relayed, goal, &found);
	all = (double)yardstick->relayed;
	yardstick_print("messages", all);
	yardstick_print("seconds", found.seconds);
	yardstick_print("per_second", all / found.seconds);
	yardstick_print("server_cpu_us", yardstick_cpu_us(found.server) / all);
	yardstick_print("client_cpu_us", yardstick_cpu_us(found.client) / all);
	return 0;
}
