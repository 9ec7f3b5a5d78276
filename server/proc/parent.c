/* SPDX-License-Identifier: ISC */
#include "server/proc/parent.h"

#include <assert.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/proc/base.h"
#include "server/proc/memory.h"
#include "server/proc/messages.h"
#include "server/proc/signals.h"
#include "server/proc/spawn.h"
#include "shared/channel.h"
#include "shared/log.h"
#include "shared/mem.h"

enum {
	DRAIN_SECONDS = 30,
	STOP_SECONDS = 5,
	/*
	 * Descriptors of a child that are not clients: logs, epoll, standard ones … and one per
	 * channel, see below.
	 */
	RESERVED_DESCRIPTORS = 64,
	/* A server whose children die so often before all were set up once will never stand. */
	DEATHS_BEFORE_START = 5,
};

/* --- phases ------------------------------------------------------------- */

static bool
has_process(const struct proc_parent *parent, bool with_clients)
{
	for (unsigned i = 0; i < parent->member_count; i++)
		if (parent->members[i].pid > 0 &&
		    (!with_clients || parent->members[i].role->takes_clients))
			return true;
	return false;
}

static void
leave(struct proc_parent *parent)
{
	parent->phase = PHASE_OVER;
	event_base_loopexit(parent->base, NULL);
}

static void
stop_members(struct proc_parent *parent, bool with_clients)
{
	unsigned planned = parent->plan->stop_seconds;
	unsigned seconds = planned > 0 ? planned : STOP_SECONDS;

	for (unsigned i = 0; i < parent->member_count; i++) {
		struct member *member = &parent->members[i];

		event_del(member->timer);
		if (member->role->takes_clients == with_clients)
			member_stop(member, seconds * 1000);
	}
}

/* Goes on to the next phase if there is nobody left to wait for in this one. */
static void
advance(struct proc_parent *parent)
{
	if ((parent->phase == PHASE_DRAINING || parent->phase == PHASE_STOPPING_FIRST) &&
	    !has_process(parent, true)) {
		parent->phase = PHASE_STOPPING_REST;
		event_del(parent->deadline);
		stop_members(parent, false);
	}
	if (parent->phase == PHASE_STOPPING_REST && !has_process(parent, false))
		leave(parent);
}

void
proc_parent_stop(struct proc_parent *parent)
{
	if (parent->phase >= PHASE_STOPPING_FIRST)
		return;
	log_info("stopping");
	parent->phase = PHASE_STOPPING_FIRST;
	atomic_store(&parent->board->is_draining, 1);
	deal_stop(&parent->deal);
	event_del(parent->deadline);
	stop_members(parent, true);
	advance(parent);
}

static void
parent_on_deadline(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	log_warn("not all clients have left in time");
	proc_parent_stop(arg);
}

void
proc_parent_drain(struct proc_parent *parent)
{
	unsigned planned = parent->plan->drain_seconds;
	unsigned seconds = planned > 0 ? planned : DRAIN_SECONDS;
	struct proc_drain drain = { .milliseconds = seconds * 1000 };
	struct timeval time = { .tv_sec = seconds };

	if (parent->phase != PHASE_RUNNING)
		return;
	log_info("draining, for %u s at most", seconds);
	parent->phase = PHASE_DRAINING;
	atomic_store(&parent->board->is_draining, 1);
	if (parent->is_started && parent->service->on_drain != NULL)
		parent->service->on_drain(parent, parent->plan->arg);
	deal_stop(&parent->deal);
	for (unsigned i = 0; i < parent->member_count; i++) {
		struct member *member = &parent->members[i];

		if (!member->role->takes_clients)
			continue;
		event_del(member->timer);
		if (member->pid == 0)
			continue;
		member->is_leaving = true;
		member_tell(member, proc_schema(PROC_DRAIN), &drain, -1);
	}
	event_add(parent->deadline, &time);
	advance(parent);
}

static void
fail(struct proc_parent *parent)
{
	parent->exit_status = 1;
	proc_parent_stop(parent);
}

void
parent_on_death(struct proc_parent *parent, struct member *member, int exit_status)
{
	bool has_clients = member->role->takes_clients;
	char name[MEMBER_NAME_SIZE];

	member_name(member, name);
	if (parent->phase > PHASE_DRAINING || (parent->phase == PHASE_DRAINING && has_clients)) {
		advance(parent);
	} else if (!parent->is_started && exit_status == PROC_EXIT_HOPELESS) {
		log_error("%s cannot do its work (see above): the server does not start", name);
		fail(parent);
	} else if (!parent->is_started && member->quick_deaths + 1 >= DEATHS_BEFORE_START) {
		log_error("%s has died too often: the server does not start", name);
		fail(parent);
	} else {
		member_replace(member);
	}
}

void
parent_on_ready(struct proc_parent *parent)
{
	if (parent->is_started) {
		deal_turn(&parent->deal);
		return;
	}
	for (unsigned i = 0; i < parent->member_count; i++)
		if (!parent->members[i].is_ready)
			return;
	if (parent->phase != PHASE_RUNNING)
		return;
	parent->is_started = true;
	log_info("all %u processes are set up", parent->member_count);
	deal_start(&parent->deal);
	if (parent->service->on_started != NULL)
		parent->service->on_started(parent, parent->plan->arg);
}

/* --- signals ------------------------------------------------------------ */

static void
send_settings(struct proc_parent *parent)
{
	struct proc_settings message = { .generation = ++parent->reloads };

	for (unsigned i = 0; i < parent->member_count; i++) {
		struct member *member = &parent->members[i];
		int fd;

		if (member->channel == NULL)
			continue;
		fd = fcntl(parent->settings, F_DUPFD_CLOEXEC, 0);
		if (fd < 0) {
			char name[MEMBER_NAME_SIZE];

			member_name(member, name);
			log_error("no descriptor is left to give %s the settings: "
			    "it is replaced", name);
			member_kill(member);
			continue;
		}
		member_tell(member, proc_schema(PROC_SETTINGS), &message, fd);
	}
}

static enum status
replace_settings(struct proc_parent *parent, struct bytes settings)
{
	int fd;
	enum status status = memory_new_sealed("settings", settings, &fd);

	if (status != STATUS_OK)
		return status;
	close(parent->settings);
	parent->settings = fd;
	return STATUS_OK;
}

static void
parent_reload(struct proc_parent *parent)
{
	struct bytes settings = bytes_of(NULL, 0);
	char sentence[PROC_SENTENCE_MAX] = "";
	enum status status = STATUS_OK;

	if (parent->phase != PHASE_RUNNING)
		return;
	if (parent->service->reload != NULL) {
		status = parent->service->reload(parent, &settings, sentence, parent->plan->arg);
		if (status == STATUS_OK)
			status = replace_settings(parent, settings);
		if (settings.len > 0)
			mem_wipe((void *)settings.data, settings.len); /* there are keys in it */
		free((void *)settings.data);
	}
	if (status != STATUS_OK) {
		log_error("nothing was changed: %s",
		    sentence[0] != '\0' ? sentence : status_text(status));
		return;
	}
	send_settings(parent);
	log_info("settings were read again");
}

static void
parent_reopen(struct proc_parent *parent)
{
	struct proc_reopen message = { .unused = 0 };

	if (log_reopen() != STATUS_OK)
		log_warn("the log file cannot be opened again; the old one stays");
	for (unsigned i = 0; i < parent->member_count; i++)
		member_tell(&parent->members[i], proc_schema(PROC_REOPEN), &message, -1);
}

static void
signal_drain(struct proc_parent *parent)
{
	if (parent->phase == PHASE_DRAINING)
		proc_parent_stop(parent);
	else
		proc_parent_drain(parent);
}

static void
signal_stop(struct proc_parent *parent)
{
	if (parent->phase < PHASE_STOPPING_FIRST) {
		proc_parent_stop(parent);
		return;
	}
	log_warn("asked to stop twice: children are killed");
	for (unsigned i = 0; i < parent->member_count; i++)
		member_kill(&parent->members[i]);
}

static void (*const actions[])(struct proc_parent *parent) = {
	[SIGNAL_DRAIN] = signal_drain,
	[SIGNAL_STOP] = signal_stop,
	[SIGNAL_RELOAD] = parent_reload,
	[SIGNAL_REOPEN] = parent_reopen,
	[SIGNAL_REAP] = members_reap,
};

static void
parent_on_signal(enum signal_action action, void *arg)
{
	actions[action](arg);
}

/* --- setting up --------------------------------------------------------- */

/* As many descriptors as we may have; that is also how many each child may have. */
static uint64_t
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_fatal("getrlimit");
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	return limit.rlim_cur;
}

static bool
make_memory(struct memory *memory, const char *name, size_t size)
{
	enum status status = memory_new_shared(name, size, &memory->fd);

	if (status == STATUS_OK)
		status = memory_map(memory->fd, true, &memory->at, &memory->size);
	if (status != STATUS_OK)
		log_error("shared memory (%s, %zu bytes): %s", name, size, status_text(status));
	return status == STATUS_OK;
}

static void
fill_board(struct proc_parent *parent, uint64_t descriptors)
{
	struct board *board = parent->board;
	uint64_t reserved =
	    RESERVED_DESCRIPTORS + parent->member_count + parent->service->memory_count;
	uint64_t possible = descriptors > reserved ? descriptors - reserved : 1;

	board->member_count = parent->member_count;
	for (unsigned i = 0; i < parent->service->role_count; i++) {
		uint64_t wished = parent->plan->clients_max[i];

		board->counts[i] = parent->plan->counts[i];
		if (!parent->service->roles[i].takes_clients)
			continue;
		if (wished > possible)
			log_warn("%" PRIu64 " descriptors leave room for %" PRIu64 " clients, "
			    "not %" PRIu64 " a child", descriptors, possible, wished);
		board->clients_max[i] = board_clients_max(wished, possible, memory_of_machine(),
		    board->counts[i]);
	}
}

static bool
make_memories(struct proc_parent *parent)
{
	const struct proc_service *service = parent->service;

	for (unsigned i = 0; i < service->memory_count; i++)
		if (!make_memory(&parent->memories[i], service->memories[i],
		    parent->plan->memory_sizes[i]))
			return false;
	if (!make_memory(&parent->board_memory, "board", board_size(parent->member_count)))
		return false;
	parent->board = parent->board_memory.at;
	return true;
}

static bool
set_up(struct proc_parent *parent)
{
	enum status status;

	/* Nothing that we were started with by chance goes on to the children. */
	close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
	parent->image = spawn_open_image();
	if (parent->image < 0)
		log_error("the own binary cannot be opened (is /proc mounted?)");
	if (parent->image < 0 || !make_memories(parent))
		return false;
	fill_board(parent, raise_descriptor_limit());
	status = memory_new_sealed("settings", parent->plan->settings, &parent->settings);
	if (status != STATUS_OK) {
		log_error("memory for the settings: %s", status_text(status));
		return false;
	}
	parent->deadline = evtimer_new(parent->base, parent_on_deadline, parent);
	return deal_open(&parent->deal, parent);
}

static void
run(struct proc_parent *parent)
{
	members_init(parent);
	parent->signals = signals_new(parent->base, parent_on_signal, parent);
	for (unsigned i = 0; i < parent->member_count; i++)
		member_start(&parent->members[i]);
	event_base_dispatch(parent->base);
	if (parent->is_started && parent->service->on_stop != NULL)
		parent->service->on_stop(parent, parent->plan->arg);
	signals_free(parent->signals);
}

static void
drop_memory(struct memory *memory)
{
	memory_unmap(memory->at, memory->size);
	if (memory->fd >= 0)
		close(memory->fd);
}

static void
clean_up(struct proc_parent *parent)
{
	members_clear(parent);
	deal_clear(&parent->deal);
	if (parent->deadline != NULL)
		event_free(parent->deadline);
	if (parent->settings >= 0)
		close(parent->settings);
	if (parent->image >= 0)
		close(parent->image);
	for (unsigned i = 0; i < parent->service->memory_count; i++)
		drop_memory(&parent->memories[i]);
	drop_memory(&parent->board_memory);
	event_base_free(parent->base);
}

int
proc_parent_run(const struct proc_service *service, const struct proc_plan *plan)
{
	struct proc_parent parent = { .service = service, .plan = plan, .image = -1, .settings = -1,
		.board_memory = { .fd = -1 } };

	for (unsigned i = 0; i < PROC_MEMORIES_MAX; i++)
		parent.memories[i].fd = -1;
	for (unsigned i = 0; i < service->role_count; i++) {
		assert(plan->counts[i] > 0);
		parent.member_count += plan->counts[i];
	}
	assert(service->role_count <= PROC_ROLES_MAX && service->memory_count <= PROC_MEMORIES_MAX);
	assert(parent.member_count <= PROC_MEMBERS_MAX &&
	    plan->listener_count <= PROC_LISTENERS_MAX);
	parent.base = base_new();
	if (set_up(&parent))
		run(&parent);
	else
		parent.exit_status = 1;
	clean_up(&parent);
	return parent.exit_status;
}

/* --- for the service ---------------------------------------------------- */

const struct proc_address *
proc_parent_address(const struct proc_parent *parent, unsigned listener)
{
	assert(listener < parent->board->listener_count);
	return &parent->board->listeners[listener];
}

void *
proc_parent_memory(const struct proc_parent *parent, unsigned memory)
{
	assert(memory < parent->service->memory_count);
	return parent->memories[memory].at;
}

enum status
proc_parent_send(struct proc_parent *parent, unsigned role, unsigned index, struct bytes frame)
{
	for (unsigned i = 0; i < parent->member_count; i++) {
		const struct member *member = &parent->members[i];

		if (member->who.role == role && member->who.index == index &&
		    member->channel != NULL)
			return channel_send(member->channel, frame, -1);
	}
	return STATUS_NOT_FOUND;
}

void
proc_parent_send_all(struct proc_parent *parent, unsigned role, struct bytes frame)
{
	for (unsigned i = 0; i < parent->board->counts[role]; i++)
		proc_parent_send(parent, role, i, frame);
}

uint32_t
proc_parent_sessions(const struct proc_parent *parent)
{
	return board_sessions(parent->board);
}

uint32_t
proc_parent_capacity(const struct proc_parent *parent)
{
	return atomic_load(&parent->board->capacity);
}

bool
proc_parent_is_draining(const struct proc_parent *parent)
{
	return atomic_load(&parent->board->is_draining) != 0;
}

const struct counters *
proc_parent_counters(const struct proc_parent *parent, unsigned *count)
{
	*count = board_row_count(parent->board);
	return parent->board->rows;
}
