/* SPDX-License-Identifier: ISC */
#include "server/proc/deal.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/proc/messages.h"
#include "server/proc/parent.h"
#include "shared/channel.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/mem.h"

enum {
	ACCEPTS_A_TURN = 256,
	WAITING_MAX = 8192,
	/* Nobody waits longer for a child than this. */
	WAITING_MS = 10000,
	/* A child that takes nobody for so long gets nobody. */
	SILENCE_MS = 1000,
	TICK_MS = 100,
};

struct waiting {
	int fd;
	unsigned listener;
	uint64_t since_ms;
	struct proc_address from;
};

/* --- who can take a client ---------------------------------------------- */

/* Clients handed to a member that it has not taken yet. */
static uint64_t
on_the_way(const struct member *member)
{
	return counter_get(&member->row->dealt) - member->taken;
}

static void
watch_progress(struct member *member, uint64_t now)
{
	uint64_t taken = atomic_load_explicit(&member->row->taken, memory_order_acquire);
	bool was_silent = member->is_silent;
	char name[MEMBER_NAME_SIZE];

	if (taken != member->taken) {
		member->taken = taken;
		member->taken_ms = now;
		member->is_silent = false;
	} else if (on_the_way(member) > 0 && now - member->taken_ms >= SILENCE_MS) {
		member->is_silent = true;
	}
	if (was_silent == member->is_silent)
		return;
	member_name(member, name);
	if (member->is_silent)
		log_warn("%s (pid %d) does not take clients; it gets none until it does again",
		    name, member->pid);
	else
		log_info("%s (pid %d) takes clients again", name, member->pid);
	members_count_capacity(member->parent);
}

enum able {
	ABLE_NOW,
	ABLE_LATER,	/* it has room, but cannot be reached just now */
	ABLE_NEVER,	/* it is full, or takes no clients */
};

static enum able
can_take(struct member *member, uint64_t now, uint32_t *load)
{
	if (!member->role->takes_clients)
		return ABLE_NEVER;
	if (!member->is_ready || member->is_leaving || member->channel == NULL)
		return ABLE_LATER;
	watch_progress(member, now);
	*load = board_load(member->row);
	if (*load >= member->clients_max)
		return ABLE_NEVER;
	return member->is_silent || channel_is_blocked(member->channel) ? ABLE_LATER : ABLE_NOW;
}

/* The member with the fewest clients, beginning behind the one served last. */
static struct member *
choose(struct deal *deal, enum able *able)
{
	struct proc_parent *parent = deal->parent;
	struct member *best = NULL;
	uint64_t now = clock_monotonic_ms();
	uint32_t fewest = UINT32_MAX;

	*able = ABLE_NEVER;
	for (unsigned i = 1; i <= parent->member_count; i++) {
		struct member *member = &parent->members[(deal->turn + i) % parent->member_count];
		uint32_t load = 0;
		enum able verdict = can_take(member, now, &load);

		if (verdict < *able)
			*able = verdict;
		if (verdict != ABLE_NOW || load >= fewest)
			continue;
		fewest = load;
		best = member;
	}
	return best;
}

/* --- those who wait ----------------------------------------------------- */

static struct waiting *
first_waiting(struct deal *deal)
{
	return &deal->waiting[deal->first];
}

static void
drop_first(struct deal *deal)
{
	deal->first = (deal->first + 1) % deal->room;
	deal->count--;
}

static void
refuse_first(struct deal *deal)
{
	/* Counted first: whoever was refused may look at the counters at once. */
	counter_add(&board_parent_row(deal->parent->board)->refused, 1);
	close(first_waiting(deal)->fd);
	drop_first(deal);
}

/* False: this member cannot take it after all. */
static bool
hand_out(struct deal *deal, struct member *member)
{
	const struct waiting *waiting = first_waiting(deal);
	struct proc_client message = { .listener = (uint16_t)waiting->listener,
		.address = bytes_of(&waiting->from.address, waiting->from.len) };
	enum status status = channel_try_message(member->channel, proc_schema(PROC_CLIENT),
	    &message, waiting->fd);

	if (status == STATUS_CLOSED)
		member->is_ready = false;
	if (status != STATUS_OK)
		return false;
	if (on_the_way(member) == 0)
		member->taken_ms = clock_monotonic_ms();
	counter_add(&member->row->dealt, 1);
	deal->turn = member->who.number;
	drop_first(deal);
	return true;
}

/* --- accepting ---------------------------------------------------------- */

static void
set_tick(struct deal *deal)
{
	static const struct timeval tick = { .tv_usec = TICK_MS * 1000 };

	if (!evtimer_pending(deal->tick, NULL))
		event_add(deal->tick, &tick);
}

static void
pause_accepting(struct deal *deal)
{
	deal->is_paused = true;
	for (unsigned i = 0; i < deal->doorway_count; i++)
		event_del(deal->doorways[i].event);
	set_tick(deal);
}

static void
resume_accepting(struct deal *deal)
{
	deal->is_paused = false;
	for (unsigned i = 0; i < deal->doorway_count; i++)
		event_add(deal->doorways[i].event, NULL);
}

void
deal_turn(struct deal *deal)
{
	while (deal->count > 0) {
		enum able able;
		struct member *member = choose(deal, &able);

		if (member != NULL)
			hand_out(deal, member);
		else if (able == ABLE_NEVER)
			refuse_first(deal);
		else
			break;
	}
	if (deal->is_open && deal->is_paused && !deal->is_out_of_descriptors &&
	    deal->count < deal->room / 2)
		resume_accepting(deal);
}

/*
 * No descriptor is left. If others wait here they will free theirs soon. If not, the spare one
 * lets us take one connection and close it, so that at least one client a tick hears that this
 * server is full.
 */
static void
run_out_of_descriptors(struct deal *deal, const struct doorway *doorway)
{
	if (!deal->is_out_of_descriptors)
		log_warn("out of descriptors: accepting pauses");
	deal->is_out_of_descriptors = true;
	if (deal->count == 0 && deal->spare >= 0) {
		int fd;

		close(deal->spare);
		fd = accept4(doorway->listener.fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0) {
			counter_add(&board_parent_row(deal->parent->board)->refused, 1);
			close(fd);
		}
		deal->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
	pause_accepting(deal);
}

/* False: there is nobody, or no way to take them. */
static bool
accept_one(struct deal *deal, const struct doorway *doorway)
{
	struct waiting *waiting = &deal->waiting[(deal->first + deal->count) % deal->room];
	int fd;

	if (deal->count == deal->room) {
		pause_accepting(deal);
		return false;
	}
	waiting->from.len = sizeof(waiting->from.address);
	fd = accept4(doorway->listener.fd, (struct sockaddr *)&waiting->from.address,
	    &waiting->from.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			run_out_of_descriptors(deal, doorway);
		/*
		 * Anything else but EAGAIN was that client's own trouble (accept(2)); the next
		 * one comes with the next turn.
		 */
		return false;
	}
	if (waiting->from.len > sizeof(waiting->from.address))
		waiting->from.len = 0;
	waiting->fd = fd;
	waiting->listener = doorway->index;
	waiting->since_ms = clock_monotonic_ms();
	deal->count++;
	counter_add(&board_parent_row(deal->parent->board)->accepted, 1);
	return true;
}

static void
deal_on_acceptable(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	const struct doorway *doorway = arg;
	struct deal *deal = doorway->deal;
	unsigned accepted = 0;

	while (accepted < ACCEPTS_A_TURN && accept_one(deal, doorway))
		accepted++;
	deal_turn(deal);
	set_tick(deal);
}

/*
 * Looks after what no event reports: children that are silent, clients that wait too long,
 * descriptors that came free.
 */
static void
deal_on_tick(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct deal *deal = arg;
	struct proc_parent *parent = deal->parent;
	uint64_t now = clock_monotonic_ms();
	bool is_busy = false;

	for (unsigned i = 0; i < parent->member_count; i++) {
		struct member *member = &parent->members[i];

		if (!member->is_ready || !member->role->takes_clients)
			continue;
		watch_progress(member, now);
		is_busy = is_busy || on_the_way(member) > 0;
	}
	deal->is_out_of_descriptors = false;
	deal_turn(deal);
	while (deal->count > 0 && now - first_waiting(deal)->since_ms > WAITING_MS)
		refuse_first(deal);
	if (is_busy || deal->count > 0)
		set_tick(deal);
}

/* --- life --------------------------------------------------------------- */

static void
add_doorway(struct deal *deal, const struct listener *listener)
{
	unsigned index = deal->doorway_count++;
	struct doorway *doorway = &deal->doorways[index];
	char text[LISTENER_TEXT_SIZE];

	*doorway = (struct doorway){ .deal = deal, .listener = *listener, .index = index };
	doorway->event = event_new(deal->parent->base, listener->fd, EV_READ | EV_PERSIST,
	    deal_on_acceptable, doorway);
	if (doorway->event == NULL)
		log_fatalx("out of memory: no event for a listener");
	deal->parent->board->listeners[index] = listener->address;
	deal->parent->board->listener_count = deal->doorway_count;
	listener_describe(&listener->address, text);
	log_info("listening on %s", text);
}

static unsigned
room_for_waiting(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur / 4 > WAITING_MAX)
		return WAITING_MAX;
	return limit.rlim_cur / 4 > 0 ? (unsigned)limit.rlim_cur / 4 : 1;
}

bool
deal_open(struct deal *deal, struct proc_parent *parent)
{
	const struct proc_plan *plan = parent->plan;
	struct listener inherited[PROC_LISTENERS_MAX], listener;
	unsigned inherited_count = 0;

	deal->parent = parent;
	deal->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	deal->tick = evtimer_new(parent->base, deal_on_tick, deal);
	deal->room = room_for_waiting();
	deal->waiting = mem_new_array(deal->room, sizeof(*deal->waiting));
	if (plan->listener_count > 0)
		inherited_count = listener_inherit(inherited, plan->listener_count);
	for (unsigned i = 0; i < inherited_count; i++)
		add_doorway(deal, &inherited[i]);
	for (unsigned i = inherited_count; i < plan->listener_count; i++) {
		if (listener_open(&plan->listeners[i], &listener) != STATUS_OK)
			return false;
		add_doorway(deal, &listener);
	}
	return true;
}

void
deal_start(struct deal *deal)
{
	deal->is_open = true;
	resume_accepting(deal);
}

void
deal_stop(struct deal *deal)
{
	deal->is_open = false;
	for (unsigned i = 0; i < deal->doorway_count; i++) {
		event_free(deal->doorways[i].event);
		listener_close(&deal->doorways[i].listener);
	}
	deal->doorway_count = 0;
	while (deal->count > 0)
		refuse_first(deal);
}

void
deal_clear(struct deal *deal)
{
	if (deal->parent == NULL)
		return;
	deal_stop(deal);
	event_free(deal->tick);
	if (deal->spare >= 0)
		close(deal->spare);
	free(deal->waiting);
}
