/* SPDX-License-Identifier: ISC */
/*
 * The processes of a service, as their parent sees them: each is started, linked with the others,
 * watched, and replaced when it dies (parent.h).
 */

#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/proc/birth.h"
#include "server/proc/messages.h"
#include "server/proc/parent.h"
#include "server/proc/spawn.h"
#include "shared/channel.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/mem.h"
#include "shared/protocol.h"

enum {
	/* Who has lived so long has not died quickly: its replacement starts at once. */
	LONG_LIFE_MS = 60000,
	BACK_OFF_MAX_MS = 30000,
	/* A process that has closed its channel has so long to end. */
	END_MS = 5000,
	/*
	 * Kernel memory for what a child has not read yet: about a hundred hand-outs. That many
	 * connections wait for another child at most when one is stopped, and waiting for room
	 * costs one wake-up for many.
	 */
	CHANNEL_BUFFER = 48 * 1024,
};

void
member_name(const struct member *member, char name[MEMBER_NAME_SIZE])
{
	snprintf(name, MEMBER_NAME_SIZE, "%.30s/%u", member->role->name, member->who.index);
}

static void
set_timer(struct member *member, uint64_t milliseconds)
{
	struct timeval time = { .tv_sec = (time_t)(milliseconds / 1000),
		.tv_usec = (suseconds_t)(milliseconds % 1000 * 1000) };

	event_add(member->timer, &time);
}

void
members_count_capacity(struct proc_parent *parent)
{
	uint32_t capacity = 0;

	for (unsigned i = 0; i < parent->member_count; i++) {
		const struct member *member = &parent->members[i];

		if (member->is_ready && !member->is_leaving && !member->is_silent)
			capacity += member->clients_max;
	}
	atomic_store(&parent->board->capacity, capacity);
}

/* --- talking ------------------------------------------------------------ */

void
member_kill(struct member *member)
{
	if (member->pid > 0)
		kill(member->pid, SIGKILL);
}

void
member_tell(struct member *member, const struct schema *schema, const void *message, int fd)
{
	char name[MEMBER_NAME_SIZE];
	enum status status = STATUS_CLOSED;

	if (member->channel != NULL)
		status = channel_send_message(member->channel, schema, message, fd);
	if (status != STATUS_OK && fd >= 0)
		close(fd);
	if (status != STATUS_BUSY)
		return;
	member_name(member, name);
	log_error("%s (pid %d) does not read what its parent says: it is killed", name,
	    member->pid);
	member_kill(member);
}

void
member_stop(struct member *member, uint32_t milliseconds)
{
	struct proc_stop stop = { .milliseconds = milliseconds };

	if (member->pid == 0)
		return;
	member->is_leaving = true;
	member_tell(member, proc_schema(PROC_STOP), &stop, -1);
	set_timer(member, milliseconds);
}

static void
members_on_frame(struct channel *channel UNUSED, const struct frame *frame, int fd, void *arg)
{
	struct member *member = arg;
	struct proc_parent *parent = member->parent;

	if (fd >= 0)
		close(fd);
	if (frame->type < PROC_TYPE_FIRST) {
		if (parent->service->on_child_frame != NULL)
			parent->service->on_child_frame(parent, &member->who, frame,
			    parent->plan->arg);
		return;
	}
	if (frame->type != PROC_READY || member->is_ready)
		return;
	member->is_ready = true;
	members_count_capacity(parent);
	parent_on_ready(parent);
}

/*
 * The process is dead, which SIGCHLD will say; or it has only closed this channel, and is of no
 * use any more.
 */
static void
members_on_closed(struct channel *channel, void *arg)
{
	struct member *member = arg;

	channel_free(channel);
	member->channel = NULL;
	member->is_ready = false;
	members_count_capacity(member->parent);
	set_timer(member, END_MS);
}

static void
members_on_drained(struct channel *channel UNUSED, void *arg)
{
	struct member *member = arg;

	deal_turn(&member->parent->deal);
}

static const struct channel_events member_events = {
	.on_frame = members_on_frame,
	.on_closed = members_on_closed,
	.on_drained = members_on_drained,
};

/* --- links -------------------------------------------------------------- */

static void
tell_peer(struct member *member, const struct member *peer, int fd)
{
	struct proc_peer message = { .role = (uint16_t)peer->who.role,
		.index = (uint16_t)peer->who.index,
		.number = (uint16_t)peer->who.number, .generation = peer->who.generation };

	member_tell(member, proc_schema(PROC_PEER), &message, fd);
}

static bool
are_linked(const struct proc_service *service, unsigned a, unsigned b)
{
	for (unsigned i = 0; i < service->link_count; i++) {
		const struct proc_link *link = &service->links[i];

		if ((link->role == a && link->peer == b) || (link->role == b && link->peer == a))
			return true;
	}
	return false;
}

/* A fresh pair between this new process and everybody it has to do with. */
static enum status
link_with_all(struct member *member)
{
	struct proc_parent *parent = member->parent;

	for (unsigned i = 0; i < parent->member_count; i++) {
		struct member *peer = &parent->members[i];
		enum status status;
		int ends[2];

		if (peer == member || peer->channel == NULL ||
		    !are_linked(parent->service, member->who.role, peer->who.role))
			continue;
		status = channel_pair(ends);
		if (status != STATUS_OK)
			return status;
		tell_peer(member, peer, ends[0]);
		tell_peer(peer, member, ends[1]);
	}
	return STATUS_OK;
}

/* --- starting ----------------------------------------------------------- */

static uint32_t
limit_of(const struct member *member)
{
	return member->parent->board->clients_max[member->who.role];
}

static enum status
spawn_member(struct member *member, int channel)
{
	struct proc_parent *parent = member->parent;
	struct birth birth = { .service = parent->service, .who = member->who };
	struct birth_line line;

	birth.fds[BIRTH_CHANNEL] = channel;
	birth.fds[BIRTH_SETTINGS] = parent->settings;
	birth.fds[BIRTH_BOARD] = parent->board_memory.fd;
	for (unsigned i = 0; i < parent->service->memory_count; i++)
		birth.fds[BIRTH_MEMORIES + i] = parent->memories[i].fd;
	birth_write(&birth, &line);
	return spawn_start(parent->image, line.argv, birth.fds,
	    birth_descriptor_count(parent->service), &member->pid);
}

static enum status
start_process(struct member *member)
{
	int ends[2], buffer = CHANNEL_BUFFER;
	enum status status = channel_pair(ends);

	if (status != STATUS_OK)
		return status;
	status = spawn_member(member, ends[1]);
	close(ends[1]);
	if (status != STATUS_OK) {
		close(ends[0]);
		return status;
	}
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	member->channel = channel_new(member->parent->base, ends[0], &member_events, member);
	return link_with_all(member);
}

static uint64_t
back_off(struct member *member)
{
	uint64_t wait = 0;

	if (member->quick_deaths > 5)
		wait = BACK_OFF_MAX_MS;
	else if (member->quick_deaths > 0)
		wait = 1000u << (member->quick_deaths - 1);
	member->quick_deaths++;
	return wait;
}

void
member_start(struct member *member)
{
	char name[MEMBER_NAME_SIZE];
	enum status status;

	member_name(member, name);
	member->who.generation++;
	member->is_ready = false;
	member->is_leaving = false;
	member->is_silent = false;
	member->seen = 0;
	member->clients_max = limit_of(member);
	member->started_ms = clock_monotonic_ms();
	event_del(member->timer);
	status = start_process(member);
	if (status == STATUS_OK) {
		log_debug("%s started (pid %d)", name, member->pid);
		return;
	}
	log_error("%s cannot be started: %s", name, status_text(status));
	if (member->pid > 0)
		member_kill(member); /* half-linked; the back-off comes when it is reaped */
	else
		set_timer(member, 1000 + back_off(member));
}

static void
members_on_timer(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct member *member = arg;
	char name[MEMBER_NAME_SIZE];

	if (member->pid == 0) {
		member_start(member);
		return;
	}
	member_name(member, name);
	log_warn("%s (pid %d) does not end: it is killed", name, member->pid);
	member_kill(member);
}

/* --- dying -------------------------------------------------------------- */

/* "was killed by signal 9 (Killed)" */
static void
describe_end(int status, char *text, size_t room)
{
	if (WIFSIGNALED(status))
		snprintf(text, room, "was killed by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) == SPAWN_EXIT_NO_EXEC)
		snprintf(text, room, "could not be executed");
	else
		snprintf(text, room, "ended with status %d", WEXITSTATUS(status));
}

/* Whether it did what it was told, if only because we helped. */
static bool
has_left(const struct member *member, int status)
{
	bool is_orderly = WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0;

	return member->is_leaving && is_orderly;
}

static void
log_end(const struct member *member, int status)
{
	uint64_t request = counter_get(&member->row->last_request);
	uint64_t lived_ms = clock_monotonic_ms() - member->started_ms;
	char name[MEMBER_NAME_SIZE], text[96];

	member_name(member, name);
	describe_end(status, text, sizeof(text));
	if (has_left(member, status)) {
		log_info("%s (pid %d) %s", name, member->pid, text);
		return;
	}
	log_error("%s (pid %d) %s after %" PRIu64 ".%03u s; last request: %s; clients lost: %u",
	    name, member->pid, text, lived_ms / 1000, (unsigned)(lived_ms % 1000),
	    request > 0 ? protocol_name((uint16_t)(request - 1)) : "none",
	    board_load(member->row));
}

static void
bury(struct member *member, int status)
{
	struct proc_parent *parent = member->parent;

	deal_bury(&parent->deal, member);
	log_end(member, status);
	if (!has_left(member, status))
		counter_add(&board_parent_row(parent->board)->deaths, 1);
	if (clock_monotonic_ms() - member->started_ms >= LONG_LIFE_MS)
		member->quick_deaths = 0;
	event_del(member->timer);
	channel_free(member->channel);
	member->channel = NULL;
	member->pid = 0;
	member->is_ready = false;
	counters_bury(member->row);
	members_count_capacity(parent);
	if (parent->service->on_member_died != NULL)
		parent->service->on_member_died(parent, &member->who, parent->plan->arg);
	parent_on_death(parent, member, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

void
member_replace(struct member *member)
{
	uint64_t wait = back_off(member);
	char name[MEMBER_NAME_SIZE];

	if (wait == 0) {
		member_start(member);
		return;
	}
	member_name(member, name);
	log_info("%s starts again in %" PRIu64 " s", name, wait / 1000);
	set_timer(member, wait);
}

void
members_reap(struct proc_parent *parent)
{
	for (unsigned i = 0; i < parent->member_count; i++) {
		struct member *member = &parent->members[i];
		int status;

		if (member->pid > 0 && waitpid(member->pid, &status, WNOHANG) == member->pid)
			bury(member, status);
	}
}

/* --- all of them -------------------------------------------------------- */

void
members_init(struct proc_parent *parent)
{
	unsigned number = 0;

	parent->members = mem_new_array(parent->member_count, sizeof(*parent->members));
	for (unsigned role = 0; role < parent->service->role_count; role++) {
		for (unsigned index = 0; index < parent->plan->counts[role]; index++) {
			struct member *member = &parent->members[number];

			member->who.role = role;
			member->who.index = index;
			member->who.number = number;
			member->parent = parent;
			member->role = &parent->service->roles[role];
			member->row = &parent->board->rows[number++];
			TAILQ_INIT(&member->lent);
			member->timer = evtimer_new(parent->base, members_on_timer, member);
			if (member->timer == NULL)
				log_fatalx("out of memory: no timer for a child");
		}
	}
}

void
members_clear(struct proc_parent *parent)
{
	for (unsigned i = 0; parent->members != NULL && i < parent->member_count; i++) {
		channel_free(parent->members[i].channel);
		event_free(parent->members[i].timer);
	}
	free(parent->members);
}
