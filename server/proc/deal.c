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
	GUESTS_MAX = 8192,
	/* Nobody waits longer for a child than this. */
	WAITING_MS = 10000,
	/* A child that looks at nobody for so long gets nobody. */
	SILENCE_MS = 1000,
	TICK_MS = 100,
};

/* An accepted connection that no child has taken yet. */
struct guest {
	TAILQ_ENTRY(guest) next;
	int fd;			/* -1: free */
	unsigned listener;
	uint64_t since_ms;
	uint64_t number;	/* while it is lent: of the hand-out, from 1 on */
	struct proc_address from;
};

static void
set_tick(struct deal *deal)
{
	static const struct timeval tick = { .tv_usec = TICK_MS * 1000 };

	if (!evtimer_pending(deal->tick, NULL))
		event_add(deal->tick, &tick);
}

/* --- guests --------------------------------------------------------------------------------- */

static void
guest_forget(struct deal *deal, struct guest_list *list, struct guest *guest)
{
	TAILQ_REMOVE(list, guest, next);
	close(guest->fd);
	guest->fd = -1;
	TAILQ_INSERT_HEAD(&deal->free, guest, next);
	deal->used--;
}

static void
refuse_first(struct deal *deal)
{
	/* Counted first: whoever was refused may look at the counters at once. */
	counter_add(&board_parent_row(deal->parent->board)->refused, 1);
	guest_forget(deal, &deal->waiting, TAILQ_FIRST(&deal->waiting));
}

/* --- what was lent to a child --------------------------------------------------------------- */

/* The child has these; so our descriptor is one too many. */
static void
forget_taken(struct member *member, uint64_t taken)
{
	struct guest *guest;

	while ((guest = TAILQ_FIRST(&member->lent)) != NULL && guest->number <= taken)
		guest_forget(&member->parent->deal, &member->lent, guest);
}

/* All that it has not taken waits again, before the others. False: it is just taking one. */
static bool
take_back(struct member *member)
{
	struct deal *deal = &member->parent->deal;
	uint64_t taken = atomic_load(&member->row->taken);
	struct guest *guest;

	if (!atomic_compare_exchange_strong(&member->row->taken, &taken,
	    counter_get(&member->row->dealt)))
		return false;
	forget_taken(member, taken);
	while ((guest = TAILQ_LAST(&member->lent, guest_list)) != NULL) {
		TAILQ_REMOVE(&member->lent, guest, next);
		TAILQ_INSERT_HEAD(&deal->waiting, guest, next);
		/* The listeners are closed: nobody is dealt any more. */
		if (!deal->is_open)
			refuse_first(deal);
	}
	return true;
}

void
deal_bury(struct deal *deal, struct member *member)
{
	/* Nobody is quicker than us any more. */
	(void)take_back(member);
	if (deal->is_open)
		set_tick(deal);
}

/* --- who can take a client ------------------------------------------------------------------ */

/* Clients handed to a member that it has not looked at yet. */
static uint64_t
on_the_way(const struct member *member)
{
	return counter_get(&member->row->dealt) - member->seen;
}

static void
log_silence(const struct member *member)
{
	char name[MEMBER_NAME_SIZE];

	member_name(member, name);
	if (member->is_silent)
		log_warn("%s (pid %d) does not take clients; it gets none until it does again",
		    name, member->pid);
	else
		log_info("%s (pid %d) takes clients again", name, member->pid);
}

static void
watch_progress(struct member *member, uint64_t now)
{
	uint64_t seen = counter_get(&member->row->seen);
	bool was_silent = member->is_silent;

	forget_taken(member, atomic_load(&member->row->taken));
	if (seen != member->seen) {
		member->seen = seen;
		member->seen_ms = now;
		member->is_silent = false;
	} else if (!was_silent && on_the_way(member) > 0 && now - member->seen_ms >= SILENCE_MS) {
		member->is_silent = take_back(member);
	}
	if (was_silent == member->is_silent)
		return;
	log_silence(member);
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

/* To the first who waits. */
static void
hand_out(struct deal *deal, struct member *member)
{
	struct guest *guest = TAILQ_FIRST(&deal->waiting);
	struct proc_client message = { .listener = (uint16_t)guest->listener,
		.address = bytes_of(&guest->from.address, guest->from.len) };
	enum status status = channel_try_message(member->channel, proc_schema(PROC_CLIENT),
	    &message, guest->fd);

	/* It cannot take it after all. */
	if (status == STATUS_CLOSED)
		member->is_ready = false;
	if (status != STATUS_OK)
		return;
	if (on_the_way(member) == 0)
		member->seen_ms = clock_monotonic_ms();
	counter_add(&member->row->dealt, 1);
	guest->number = counter_get(&member->row->dealt);
	deal->turn = member->who.number;
	TAILQ_REMOVE(&deal->waiting, guest, next);
	TAILQ_INSERT_TAIL(&member->lent, guest, next);
}

/* --- accepting ---------------------------------------------------------- */

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
	while (!TAILQ_EMPTY(&deal->waiting)) {
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
	    deal->used < deal->room / 2)
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
	if (deal->used == 0 && deal->spare >= 0) {
		int fd;

		close(deal->spare);
		deal->spare = -1;
		fd = accept4(doorway->listener.fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0) {
			counter_add(&board_parent_row(deal->parent->board)->refused, 1);
			close(fd);
		}
	}
	/* Another thread may have been quicker the last time. */
	if (deal->spare < 0)
		deal->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pause_accepting(deal);
}

/* False: there is nobody, or no way to take them. */
static bool
accept_one(struct deal *deal, const struct doorway *doorway)
{
	struct guest *guest = TAILQ_FIRST(&deal->free);
	int fd;

	if (guest == NULL) {
		pause_accepting(deal);
		return false;
	}
	guest->from.len = sizeof(guest->from.address);
	fd = accept4(doorway->listener.fd, (struct sockaddr *)&guest->from.address,
	    &guest->from.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			run_out_of_descriptors(deal, doorway);
		/*
		 * Anything else but EAGAIN was that client's own trouble (accept(2)); the next
		 * one comes with the next turn.
		 */
		return false;
	}
	if (guest->from.len > sizeof(guest->from.address))
		guest->from.len = 0;
	guest->fd = fd;
	guest->listener = doorway->index;
	guest->since_ms = clock_monotonic_ms();
	TAILQ_REMOVE(&deal->free, guest, next);
	TAILQ_INSERT_TAIL(&deal->waiting, guest, next);
	deal->used++;
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

static void
refuse_impatient(struct deal *deal, uint64_t now)
{
	const struct guest *guest;

	while ((guest = TAILQ_FIRST(&deal->waiting)) != NULL && now - guest->since_ms > WAITING_MS)
		refuse_first(deal);
}

/*
 * Looks after what no event reports: children that have taken clients or are silent, clients that
 * wait too long, descriptors that came free.
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
	refuse_impatient(deal, now);
	if (is_busy || deal->used > 0 || (deal->is_open && deal->is_paused))
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
room_for_guests(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur / 4 > GUESTS_MAX)
		return GUESTS_MAX;
	return limit.rlim_cur / 4 > 0 ? (unsigned)limit.rlim_cur / 4 : 1;
}

static void
make_guests(struct deal *deal)
{
	TAILQ_INIT(&deal->free);
	TAILQ_INIT(&deal->waiting);
	deal->room = room_for_guests();
	deal->guests = mem_new_array(deal->room, sizeof(*deal->guests));
	for (unsigned i = 0; i < deal->room; i++) {
		deal->guests[i].fd = -1;
		TAILQ_INSERT_TAIL(&deal->free, &deal->guests[i], next);
	}
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
	make_guests(deal);
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
	while (!TAILQ_EMPTY(&deal->waiting))
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
	for (unsigned i = 0; i < deal->room; i++)
		if (deal->guests[i].fd >= 0)
			close(deal->guests[i].fd);
	free(deal->guests);
}
