/* SPDX-License-Identifier: ISC */
#include "server/bus/presence.h"

#include <assert.h>
#include <stdatomic.h>

struct presence_entry {
	_Atomic uint64_t uid;
	_Atomic uint64_t value;
};

_Static_assert(sizeof(struct presence_entry) == 16, "PRESENCE_SIZE_MIN counts on it");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "shared memory needs atomics without locks");

/*
 * A value: state in the upper two bits, then 10 bits child, 20 bits generation, 32 bits session.
 * 0 is free.
 */
enum state {
	FREE,
	RESERVED,
	CLAIMED,
	HELD,
};

enum {
	STATE_SHIFT = 62,
	CHILD_SHIFT = 52,
	GENERATION_SHIFT = 32,
	JOIN_TRIES = 1000,
	PAUSE_BITS_MAX = 12,
};

static uint64_t
value_of(enum state state, const struct presence_holder *holder)
{
	assert(holder->child <= PRESENCE_CHILD_MAX);
	return (uint64_t)state << STATE_SHIFT | (uint64_t)holder->child << CHILD_SHIFT |
	    (uint64_t)(holder->generation & PRESENCE_GENERATION_MASK) << GENERATION_SHIFT |
	    holder->session;
}

static enum state
state_of(uint64_t value)
{
	return (enum state)(value >> STATE_SHIFT);
}

static struct presence_holder
holder_of(uint64_t value)
{
	return (struct presence_holder){
		.child = value >> CHILD_SHIFT & PRESENCE_CHILD_MAX,
		.generation = value >> GENERATION_SHIFT & PRESENCE_GENERATION_MASK,
		.session = (uint32_t)value,
	};
}

static bool
swap(struct presence_entry *entry, uint64_t from, uint64_t to)
{
	return atomic_compare_exchange_strong(&entry->value, &from, to);
}

size_t
presence_size(size_t users)
{
	size_t entries = PRESENCE_WINDOW;

	while (entries / 4 < users)
		entries *= 2;
	return entries * sizeof(struct presence_entry);
}

bool
presence_init(struct presence *out, void *memory, size_t size)
{
	unsigned bits = 0;

	if (size < PRESENCE_SIZE_MIN)
		return false;
	while (sizeof(struct presence_entry) << (bits + 1) <= size)
		bits++;
	out->entries = memory;
	out->mask = ((size_t)1 << bits) - 1;
	out->shift = 64 - bits;
	return true;
}

/*
 * Where the window of a uid begins. Uids are counted up by the store; the golden ratio spreads
 * such numbers evenly.
 */
static size_t
home_of(const struct presence *presence, uint64_t uid)
{
	return (size_t)(uid * 0x9e3779b97f4a7c15u >> presence->shift);
}

static struct presence_entry *
entry_at(const struct presence *presence, size_t home, size_t step)
{
	return &presence->entries[(home + step) & presence->mask];
}

/* What "uid" has in this entry: a value CLAIMED or HELD, or 0. See 1 in the header. */
static uint64_t
look(struct presence_entry *entry, uint64_t uid)
{
	uint64_t value = atomic_load(&entry->value);

	while (state_of(value) >= CLAIMED) {
		uint64_t again;

		if (atomic_load(&entry->uid) != uid)
			return 0;
		again = atomic_load(&entry->value);
		if (again == value)
			return value;
		value = again;
	}
	return 0;
}

/* The entry in which "uid" is held; *value is what it looked like. */
static struct presence_entry *
find_held(const struct presence *presence, uint64_t uid, uint64_t *value)
{
	size_t home = home_of(presence, uid);

	for (size_t step = 0; step < PRESENCE_WINDOW; step++) {
		struct presence_entry *entry = entry_at(presence, home, step);

		*value = look(entry, uid);
		if (state_of(*value) == HELD)
			return entry;
	}
	return NULL;
}

bool
presence_find(const struct presence *presence, uint64_t uid, struct presence_holder *out)
{
	uint64_t value;

	if (find_held(presence, uid, &value) == NULL)
		return false;
	if (out != NULL)
		*out = holder_of(value);
	return true;
}

static struct presence_entry *
reserve(const struct presence *presence, uint64_t uid, const struct presence_holder *holder)
{
	size_t home = home_of(presence, uid);

	for (size_t step = 0; step < PRESENCE_WINDOW; step++) {
		struct presence_entry *entry = entry_at(presence, home, step);

		if (atomic_load(&entry->value) == 0 && swap(entry, 0, value_of(RESERVED, holder)))
			return entry;
	}
	return NULL;
}

/* Puts an end to all other claims on "uid". False: somebody holds it already. */
static bool
clear_rivals(const struct presence *presence, uint64_t uid, const struct presence_entry *own)
{
	size_t home = home_of(presence, uid);

	for (size_t step = 0; step < PRESENCE_WINDOW; step++) {
		struct presence_entry *entry = entry_at(presence, home, step);
		uint64_t value;

		if (entry == own)
			continue;
		while (state_of(value = look(entry, uid)) == CLAIMED)
			swap(entry, value, 0);
		if (state_of(value) == HELD)
			return false;
	}
	return true;
}

/* Makes a new entry. STATUS_BUSY: somebody else was faster, look again. */
static enum status
claim(const struct presence *presence, uint64_t uid, const struct presence_holder *holder)
{
	struct presence_entry *entry = reserve(presence, uid, holder);
	uint64_t claimed = value_of(CLAIMED, holder);

	if (entry == NULL)
		return STATUS_FULL;
	atomic_store(&entry->uid, uid);
	atomic_store(&entry->value, claimed);
	if (!clear_rivals(presence, uid, entry)) {
		swap(entry, claimed, 0);
		return STATUS_BUSY;
	}
	return swap(entry, claimed, value_of(HELD, holder)) ? STATUS_OK : STATUS_BUSY;
}

/* So that two who have put each other out do not meet again and again. */
static void
pause_randomly(struct presence_entry *entry, const struct presence_holder *holder, unsigned attempt)
{
	unsigned bits = attempt < PAUSE_BITS_MAX ? attempt : PAUSE_BITS_MAX;
	uint64_t mixed = (value_of(HELD, holder) + attempt) * 0xd1342543de82ef95u;

	for (uint64_t turns = (mixed >> 40) & ((1u << bits) - 1); turns > 0; turns--)
		atomic_load(&entry->value);
}

enum status
presence_join(const struct presence *presence, uint64_t uid, const struct presence_holder *holder,
    struct presence_holder *previous, bool *was_online)
{
	uint64_t own = value_of(HELD, holder);

	assert(uid != 0);
	if (was_online != NULL)
		*was_online = false;
	for (unsigned attempt = 0; attempt < JOIN_TRIES; attempt++) {
		uint64_t value;
		struct presence_entry *entry = find_held(presence, uid, &value);
		enum status status;

		if (entry == NULL) {
			status = claim(presence, uid, holder);
			if (status != STATUS_BUSY)
				return status;
		} else if (swap(entry, value, own)) {
			if (was_online != NULL)
				*was_online = true;
			if (previous != NULL)
				*previous = holder_of(value);
			return STATUS_OK;
		}
		pause_randomly(entry_at(presence, home_of(presence, uid), 0), holder, attempt);
	}
	return STATUS_BUSY;
}

bool
presence_leave(const struct presence *presence, uint64_t uid, const struct presence_holder *holder)
{
	size_t home = home_of(presence, uid);
	uint64_t own = value_of(HELD, holder);

	for (size_t step = 0; step < PRESENCE_WINDOW; step++) {
		struct presence_entry *entry = entry_at(presence, home, step);

		if (atomic_load(&entry->value) == own && swap(entry, own, 0))
			return true;
	}
	return false;
}

size_t
presence_sweep(const struct presence *presence, uint32_t child, uint32_t generation)
{
	struct presence_holder dead = { .child = child, .generation = generation };
	uint64_t mark = value_of(FREE, &dead);
	uint64_t mask = (uint64_t)PRESENCE_CHILD_MAX << CHILD_SHIFT |
	    (uint64_t)PRESENCE_GENERATION_MASK << GENERATION_SHIFT;
	size_t swept = 0;

	for (size_t i = 0; i <= presence->mask; i++) {
		struct presence_entry *entry = &presence->entries[i];
		uint64_t value = atomic_load(&entry->value);

		if (state_of(value) != FREE && (value & mask) == mark)
			swept += swap(entry, value, 0);
	}
	return swept;
}

/* Who is held in this entry, whoever it is. */
static bool
read_entry(struct presence_entry *entry, uint64_t *uid, struct presence_holder *out)
{
	uint64_t value = atomic_load(&entry->value);

	while (state_of(value) == HELD) {
		uint64_t again;

		*uid = atomic_load(&entry->uid);
		again = atomic_load(&entry->value);
		*out = holder_of(value);
		if (again == value)
			return true;
		value = again;
	}
	return false;
}

void
presence_each(const struct presence *presence,
    bool (*each)(void *arg, uint64_t uid, const struct presence_holder *holder), void *arg)
{
	for (size_t i = 0; i <= presence->mask; i++) {
		struct presence_holder holder;
		uint64_t uid;

		if (read_entry(&presence->entries[i], &uid, &holder) && !each(arg, uid, &holder))
			return;
	}
}

static bool
count_one(void *arg, uint64_t uid, const struct presence_holder *holder)
{
	size_t *count = arg;

	(void)uid;
	(void)holder;
	++*count;
	return true;
}

size_t
presence_count(const struct presence *presence)
{
	size_t count = 0;

	presence_each(presence, count_one, &count);
	return count;
}
