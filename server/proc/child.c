/* SPDX-License-Identifier: ISC */
#include "server/proc/child.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "server/proc/base.h"
#include "server/proc/birth.h"
#include "server/proc/board.h"
#include "server/proc/memory.h"
#include "server/proc/messages.h"
#include "server/proc/signals.h"
#include "shared/channel.h"
#include "shared/log.h"

enum {
	/* Time to leave when the parent is dead and cannot say how much there is. */
	ORPHAN_MS = 5000,
};

struct segment {
	void *memory;
	size_t size;
};

struct proc_child {
	const struct proc_service *service;
	struct proc_member self;
	struct event_base *base;
	struct channel *parent;
	struct segment board;
	struct segment settings;
	struct segment memories[PROC_MEMORIES_MAX];
	struct counters *row;
	const struct proc_handlers *handlers;
	void *arg;
	struct event *deadline;
	int exit_status;
	bool is_told_to_stop;
};

/* --- what the parent says ----------------------------------------------- */

static const struct board *
board_of(const struct proc_child *child)
{
	return child->board.memory;
}

static void
child_on_deadline(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	log_warn("not done with stopping in time: leaving anyway");
	proc_child_leave(arg, 1);
}

static void
stop_within(struct proc_child *child, uint32_t milliseconds)
{
	struct timeval time = { .tv_sec = milliseconds / 1000,
	    .tv_usec = milliseconds % 1000 * 1000 };

	if (child->is_told_to_stop)
		return;
	child->is_told_to_stop = true;
	event_add(child->deadline, &time);
	if (child->handlers->on_stop != NULL)
		child->handlers->on_stop(child->arg);
	else
		proc_child_leave(child, 0);
}

/*
 * Whether the hand-out that comes next is for us: the parent may have taken back what we did not
 * look at for too long (deal.h). It is counted before, so that nobody is ever counted not at all;
 * the parent reads in the opposite order (board_load()).
 */
static bool
claim_client(struct counters *row)
{
	uint64_t seen = counter_get(&row->seen), taken = seen;
	bool is_ours;

	counter_add(&row->sessions, 1);
	is_ours = atomic_compare_exchange_strong(&row->taken, &taken, seen + 1);
	if (!is_ours)
		counter_add(&row->sessions, (uint64_t)-1);
	counter_set(&row->seen, seen + 1);
	return is_ours;
}

static void
handle_client(struct proc_child *child, const void *message, int *fd)
{
	const struct proc_client *client = message;
	struct proc_address from = { .len = 0 };

	if (!claim_client(child->row))
		return;
	if (*fd < 0 || child->handlers->on_client == NULL) {
		counter_add(&child->row->sessions, (uint64_t)-1);
		counter_add(&child->row->lost_descriptors, 1);
		return;
	}
	if (client->address.len <= sizeof(from.address)) {
		memcpy(&from.address, client->address.data, client->address.len);
		from.len = (socklen_t)client->address.len;
	}
	child->handlers->on_client(child->arg, *fd, client->listener, &from);
	*fd = -1;
}

static void
handle_peer(struct proc_child *child, const void *message, int *fd)
{
	const struct proc_peer *peer = message;
	struct proc_member who = { .role = peer->role, .index = peer->index, .number = peer->number,
		.generation = peer->generation };

	if (*fd < 0)
		log_fatalx("no descriptor left for the channel to %s/%u",
		    child->service->roles[who.role].name, who.index);
	if (child->handlers->on_peer == NULL)
		return;
	child->handlers->on_peer(child->arg, &who, *fd);
	*fd = -1;
}

static void
handle_settings(struct proc_child *child, const void *message UNUSED, int *fd)
{
	struct segment old = child->settings, fresh;

	if (*fd < 0 || memory_map(*fd, false, &fresh.memory, &fresh.size) != STATUS_OK) {
		log_error("new settings could not be read: the old ones stay");
		return;
	}
	child->settings = fresh;
	if (child->handlers->on_reload != NULL)
		child->handlers->on_reload(child->arg, proc_child_settings(child));
	memory_unmap(old.memory, old.size);
}

static void
handle_drain(struct proc_child *child, const void *message, int *fd UNUSED)
{
	const struct proc_drain *drain = message;

	log_debug("clients have %u s to move", drain->milliseconds / 1000);
	if (child->handlers->on_drain != NULL)
		child->handlers->on_drain(child->arg);
	else
		proc_child_leave(child, 0);
}

static void
handle_stop(struct proc_child *child, const void *message, int *fd UNUSED)
{
	const struct proc_stop *stop = message;

	stop_within(child, stop->milliseconds);
}

static void
handle_reopen(struct proc_child *child, const void *message UNUSED, int *fd UNUSED)
{
	if (log_reopen() != STATUS_OK)
		log_warn("the log file cannot be opened again; the old one stays");
	if (child->handlers->on_reopen != NULL)
		child->handlers->on_reopen(child->arg);
}

/* What is left in *fd is closed afterwards. */
static void (*const actions[])(struct proc_child *child, const void *message, int *fd) = {
	[PROC_CLIENT - PROC_TYPE_FIRST] = handle_client,
	[PROC_PEER - PROC_TYPE_FIRST] = handle_peer,
	[PROC_SETTINGS - PROC_TYPE_FIRST] = handle_settings,
	[PROC_DRAIN - PROC_TYPE_FIRST] = handle_drain,
	[PROC_STOP - PROC_TYPE_FIRST] = handle_stop,
	[PROC_REOPEN - PROC_TYPE_FIRST] = handle_reopen,
};

static void
child_on_frame(struct channel *channel UNUSED, const struct frame *frame, int fd, void *arg)
{
	struct proc_child *child = arg;
	const struct schema *schema = proc_schema(frame->type);
	size_t action = (size_t)(frame->type - PROC_TYPE_FIRST);
	union codec_room message;

	if (frame->type < PROC_TYPE_FIRST) {
		if (child->handlers->on_parent_frame != NULL)
			child->handlers->on_parent_frame(child->arg, frame);
	} else if (schema == NULL || action >= ARRAY_LEN(actions) || actions[action] == NULL ||
	    codec_decode(schema, frame->payload, &message, NULL) != STATUS_OK) {
		log_fatalx("the parent sent a frame (type 0x%04x) that makes no sense",
		    frame->type);
	} else {
		actions[action](child, &message, &fd);
	}
	if (fd >= 0)
		close(fd);
}

static void
child_on_closed(struct channel *channel UNUSED, void *arg)
{
	struct proc_child *child = arg;

	log_warn("the parent is gone: leaving");
	/* Nobody has to wake this process up any more (see child_open()). */
	prctl(PR_SET_PDEATHSIG, 0);
	stop_within(child, ORPHAN_MS);
}

static const struct channel_events parent_events = {
	.on_frame = child_on_frame,
	.on_closed = child_on_closed,
};

/* --- for run() ---------------------------------------------------------- */

int
proc_child_run(struct proc_child *child, const struct proc_handlers *handlers, void *arg)
{
	struct proc_ready ready = { .generation = child->self.generation };

	assert(child->handlers == NULL);
	child->handlers = handlers;
	child->arg = arg;
	channel_send_message(child->parent, proc_schema(PROC_READY), &ready, -1);
	event_base_dispatch(child->base);
	channel_flush(child->parent);
	return child->exit_status;
}

void
proc_child_leave(struct proc_child *child, int exit_status)
{
	child->exit_status = exit_status;
	event_base_loopexit(child->base, NULL);
}

void
proc_child_client_gone(struct proc_child *child)
{
	assert(counter_get(&child->row->sessions) > 0);
	counter_add(&child->row->sessions, (uint64_t)-1);
}

const struct proc_member *
proc_child_self(const struct proc_child *child)
{
	return &child->self;
}

unsigned
proc_child_count(const struct proc_child *child, unsigned role)
{
	return board_of(child)->counts[role];
}

unsigned
proc_child_clients_max(const struct proc_child *child)
{
	return board_of(child)->clients_max[child->self.role];
}

struct event_base *
proc_child_base(const struct proc_child *child)
{
	return child->base;
}

struct bytes
proc_child_settings(const struct proc_child *child)
{
	return bytes_of(child->settings.memory, child->settings.size);
}

void *
proc_child_memory(const struct proc_child *child, unsigned memory, size_t *size)
{
	assert(memory < child->service->memory_count);
	if (size != NULL)
		*size = child->memories[memory].size;
	return child->memories[memory].memory;
}

struct counters *
proc_child_counters(const struct proc_child *child)
{
	return child->row;
}

const struct counters *
proc_child_all_counters(const struct proc_child *child, unsigned *count)
{
	*count = board_row_count(board_of(child));
	return board_of(child)->rows;
}

const struct proc_address *
proc_child_address(const struct proc_child *child, unsigned listener)
{
	assert(listener < board_of(child)->listener_count);
	return &board_of(child)->listeners[listener];
}

uint32_t
proc_child_server_sessions(const struct proc_child *child)
{
	return board_sessions(board_of(child));
}

uint32_t
proc_child_server_capacity(const struct proc_child *child)
{
	return atomic_load(&board_of(child)->capacity);
}

bool
proc_child_server_is_draining(const struct proc_child *child)
{
	return atomic_load(&board_of(child)->is_draining) != 0;
}

enum status
proc_child_send(struct proc_child *child, struct bytes frame)
{
	return channel_send(child->parent, frame, -1);
}

/* --- birth and death ---------------------------------------------------- */

static bool
adopt(int fd, bool is_writable, struct segment *out)
{
	bool is_mapped = memory_map(fd, is_writable, &out->memory, &out->size) == STATUS_OK;

	close(fd);
	return is_mapped;
}

static bool
adopt_all(struct proc_child *child, const int *fds)
{
	bool is_good = adopt(fds[BIRTH_SETTINGS], false, &child->settings) &&
	    adopt(fds[BIRTH_BOARD], true, &child->board);

	for (unsigned i = 0; is_good && i < child->service->memory_count; i++)
		is_good = adopt(fds[BIRTH_MEMORIES + i], true, &child->memories[i]);
	return is_good;
}

static void
name_process(const struct proc_child *child)
{
	const char *role = child->service->roles[child->self.role].name;
	char name[64];

	snprintf(name, sizeof(name), "%.40s %.16s/%u", program_invocation_short_name, role,
	    child->self.index);
	log_open(name);
	prctl(PR_SET_NAME, strchr(name, ' ') + 1);
}

/* False: this is not from a parent of ours. */
static bool
child_open(struct proc_child *child, const struct birth *birth)
{
	struct board *board;

	child->service = birth->service;
	child->self = birth->who;
	name_process(child);
	/*
	 * A stopped process does not see that its parent died. To continue does no harm to one that
	 * runs, and EOF on the channel does the rest.
	 */
	prctl(PR_SET_PDEATHSIG, SIGCONT);
	if (fcntl(birth->fds[BIRTH_CHANNEL], F_SETFD, FD_CLOEXEC) < 0 ||
	    !adopt_all(child, birth->fds))
		return false;
	board = child->board.memory;
	if (child->board.size < sizeof(*board) || child->self.number >= board->member_count)
		return false;
	child->row = &board->rows[child->self.number];
	child->base = base_new();
	child->parent = channel_new(child->base, birth->fds[BIRTH_CHANNEL], &parent_events, child);
	child->deadline = evtimer_new(child->base, child_on_deadline, child);
	return child->deadline != NULL;
}

static void
child_close(struct proc_child *child)
{
	channel_free(child->parent);
	event_free(child->deadline);
	event_base_free(child->base);
	for (unsigned i = 0; i < child->service->memory_count; i++)
		memory_unmap(child->memories[i].memory, child->memories[i].size);
	memory_unmap(child->settings.memory, child->settings.size);
	memory_unmap(child->board.memory, child->board.size);
}

void
proc_enter(const struct proc_service *const *services, unsigned count, int argc, char **argv)
{
	struct proc_child child = { .service = NULL };
	struct birth birth;
	int status;

	if (!birth_is_meant(argc, argv))
		return;
	signals_start_child();
	if (!birth_read(services, count, argv, &birth) || !child_open(&child, &birth))
		log_fatalx("%s is only for processes that the server itself starts", argv[1]);
	status = child.service->roles[child.self.role].run(&child);
	child_close(&child);
	exit(status);
}
