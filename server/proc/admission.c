/* SPDX-License-Identifier: ISC */
#include "server/proc/admission.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "shared/mem.h"

enum { ROOM_AT_START = 64 };

/* A ring of descriptors; "room" is a power of two. */
struct admission {
	const struct admission_events *events;
	void *arg;
	int *fds;
	size_t room;
	size_t first;
	size_t count;
	size_t per_turn;
	struct event turn;
};

/* A timer of nothing fires in the next turn, after the sockets that are ready then. */
static void
wait_for_next_turn(struct admission *admission)
{
	static const struct timeval at_once = { 0, 0 };

	if (admission->count > 0 && !event_pending(&admission->turn, EV_TIMEOUT, NULL))
		event_add(&admission->turn, &at_once);
}

static int
take_first(struct admission *admission)
{
	int fd = admission->fds[admission->first];

	admission->first = (admission->first + 1) & (admission->room - 1);
	admission->count--;
	return fd;
}

/* Closed or reset by the other side, which may have been long ago. */
static bool
is_gone(int fd)
{
	char byte;
	ssize_t got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

static void
admission_on_turn(evutil_socket_t none UNUSED, short what UNUSED, void *arg)
{
	struct admission *admission = arg;

	for (size_t i = 0; i < admission->per_turn && admission->count > 0; i++) {
		int fd = take_first(admission);

		if (is_gone(fd)) {
			close(fd);
			admission->events->on_lost(admission->arg);
		} else {
			admission->events->on_enter(admission->arg, fd);
		}
	}
	wait_for_next_turn(admission);
}

struct admission *
admission_new(struct event_base *base, size_t per_turn, const struct admission_events *events, void *arg)
{
	struct admission *admission = mem_new(sizeof(*admission));

	admission->events = events;
	admission->arg = arg;
	admission->per_turn = per_turn;
	event_assign(&admission->turn, base, -1, 0, admission_on_turn, admission);
	return admission;
}

void
admission_free(struct admission *admission)
{
	if (admission == NULL)
		return;
	event_del(&admission->turn);
	while (admission->count > 0)
		close(take_first(admission));
	free(admission->fds);
	free(admission);
}

static void
grow(struct admission *admission)
{
	size_t room = admission->room == 0 ? ROOM_AT_START : admission->room * 2;
	int *fds = mem_new_array(room, sizeof(*fds));
	size_t count = admission->count;

	for (size_t i = 0; i < count; i++)
		fds[i] = take_first(admission);
	free(admission->fds);
	admission->fds = fds;
	admission->room = room;
	admission->first = 0;
	admission->count = count;
}

void
admission_queue(struct admission *admission, int fd)
{
	if (admission->count == admission->room)
		grow(admission);
	admission->fds[(admission->first + admission->count) & (admission->room - 1)] = fd;
	admission->count++;
	wait_for_next_turn(admission);
}

size_t
admission_waiting(const struct admission *admission)
{
	return admission->count;
}
