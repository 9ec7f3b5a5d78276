/* SPDX-License-Identifier: ISC */
#include "client-tui/peer/peer_door.h"

#include <errno.h>
#include <unistd.h>

#include <event2/event.h>

#include "client-tui/peer/peer_timer.h"
#include "shared/endpoint.h"

enum {
	TRIES = 16, /* somebody else has the IPv6 port of the IPv4 port we got */
	BACKLOG = 64,
	KNOCKS_PER_TURN = 16,
	PAUSE_MS = 1000, /* no descriptors left */
};

void
peer_door_share_port(int fd)
{
	const int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
}

static struct address
any_address(int family, uint16_t port)
{
	struct address address = { .len = 0 };

	if (family == AF_INET6) {
		address.v6 =
		    (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
		address.len = sizeof(address.v6);
	} else {
		address.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
		address.len = sizeof(address.v4);
	}
	return address;
}

/*
 * A port of 0 asks for one that nobody has: the socket may share it from the moment it has it, but
 * not before, or the system would give it one of another program that shares, too. -1 and errno.
 */
static int
listen_on(int family, uint16_t port)
{
	struct address address = any_address(family, port);
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int on = 1;
	int error;

	if (fd < 0)
		return -1;
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (port != 0)
		peer_door_share_port(fd);
	if (bind(fd, &address.any, address.len) == 0) {
		peer_door_share_port(fd);
		if (listen(fd, BACKLOG) == 0)
			return fd;
	}
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static uint16_t
port_of(int fd)
{
	struct address address = { .len = sizeof(address) - offsetof(struct address, any) };

	if (getsockname(fd, &address.any, &address.len) != 0)
		return 0;
	return ntohs(
	    address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

/* A machine with one family only has one socket only. */
static int
try_open(struct peer_door *door)
{
	static const int families[PEER_DOOR_FAMILIES] = { AF_INET, AF_INET6 };
	int error = 0;

	*door = (struct peer_door){ .fds = { -1, -1 } };
	for (size_t i = 0; i < PEER_DOOR_FAMILIES; i++) {
		door->fds[i] = listen_on(families[i], door->port);
		if (door->fds[i] < 0)
			error = errno;
		else
			door->port = port_of(door->fds[i]);
		if (error == EADDRINUSE)
			break;
	}
	if (door->port != 0 && error != EADDRINUSE)
		return 0;
	peer_door_close(door);
	return error;
}

enum status
peer_door_open(struct peer_door *out)
{
	int error = EADDRINUSE;

	for (int i = 0; i < TRIES && error == EADDRINUSE; i++)
		error = try_open(out);
	return error == 0 ? STATUS_OK : status_of_errno(error);
}

static void
pause_knocking(struct peer_door *door)
{
	for (size_t i = 0; i < PEER_DOOR_FAMILIES; i++)
		if (door->events[i] != NULL)
			event_del(door->events[i]);
	peer_timer_set(door->pause, PAUSE_MS);
}

static void
peer_door_on_pause_over(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct peer_door *door = arg;

	for (size_t i = 0; i < PEER_DOOR_FAMILIES; i++)
		if (door->events[i] != NULL)
			event_add(door->events[i], NULL);
}

static bool
is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

static void
peer_door_on_readable(evutil_socket_t fd, short what UNUSED, void *arg)
{
	struct peer_door *door = arg;

	for (int i = 0; i < KNOCKS_PER_TURN; i++) {
		int knock = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (knock >= 0) {
			door->on_knock(knock, door->arg);
			continue;
		}
		if (is_shortage(errno))
			pause_knocking(door);
		if (errno == EAGAIN || is_shortage(errno))
			return;
	}
}

void
peer_door_watch(
    struct peer_door *door, struct event_base *base, peer_door_on_knock *on_knock, void *arg)
{
	door->on_knock = on_knock;
	door->arg = arg;
	door->pause = evtimer_new(base, peer_door_on_pause_over, door);
	for (size_t i = 0; i < PEER_DOOR_FAMILIES; i++) {
		if (door->fds[i] < 0)
			continue;
		door->events[i] = event_new(
		    base, door->fds[i], EV_READ | EV_PERSIST, peer_door_on_readable, door);
		event_add(door->events[i], NULL);
	}
}

void
peer_door_close(struct peer_door *door)
{
	for (size_t i = 0; i < PEER_DOOR_FAMILIES; i++) {
		if (door->events[i] != NULL)
			event_free(door->events[i]);
		if (door->fds[i] >= 0)
			close(door->fds[i]);
		door->events[i] = NULL;
		door->fds[i] = -1;
	}
	if (door->pause != NULL)
		event_free(door->pause);
	door->pause = NULL;
	door->port = 0;
}
