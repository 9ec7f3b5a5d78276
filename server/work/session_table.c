/* SPDX-License-Identifier: ISC */
#include "server/work/session_table.h"

#include <assert.h>
#include <stdlib.h>

#include "shared/mem.h"

enum {
	SLOT_MASK = (1 << SESSION_TABLE_SLOT_BITS) - 1,
	SLOTS_AT_START = 64,
	NO_SLOT = UINT32_MAX,
};

/* A free slot is in a list through "next", oldest first: numbers come back as late as possible. */
struct slot {
	struct session *session;
	uint32_t next;
	uint32_t uses;
};

struct session_table {
	struct slot *slots;
	size_t room;
	size_t count;
	uint32_t first_free;
	uint32_t last_free;
};

struct session_table *
session_table_new(void)
{
	struct session_table *table = mem_new(sizeof(*table));

	table->first_free = NO_SLOT;
	table->last_free = NO_SLOT;
	return table;
}

void
session_table_free(struct session_table *table)
{
	if (table == NULL)
		return;
	free(table->slots);
	free(table);
}

static void
append_free(struct session_table *table, uint32_t index)
{
	table->slots[index].session = NULL;
	table->slots[index].next = NO_SLOT;
	if (table->last_free == NO_SLOT)
		table->first_free = index;
	else
		table->slots[table->last_free].next = index;
	table->last_free = index;
}

static void
grow(struct session_table *table)
{
	size_t room = table->room == 0 ? SLOTS_AT_START : table->room * 2;

	table->slots = mem_resize(table->slots, room, sizeof(*table->slots));
	for (size_t i = table->room; i < room; i++) {
		table->slots[i].uses = 0;
		append_free(table, (uint32_t)i);
	}
	table->room = room;
}

uint32_t
session_table_add(struct session_table *table, struct session *session)
{
	struct slot *slot;
	uint32_t index;

	if (table->first_free == NO_SLOT && table->room <= SLOT_MASK)
		grow(table);
	if (table->first_free == NO_SLOT)
		return 0;
	index = table->first_free;
	slot = &table->slots[index];
	table->first_free = slot->next;
	if (table->first_free == NO_SLOT)
		table->last_free = NO_SLOT;
	slot->session = session;
	/* Uses start at 1 and skip 0 when they wrap, so no number is ever 0. */
	slot->uses = (slot->uses + 1) & (UINT32_MAX >> SESSION_TABLE_SLOT_BITS);
	if (slot->uses == 0)
		slot->uses = 1;
	table->count++;
	return slot->uses << SESSION_TABLE_SLOT_BITS | index;
}

static struct slot *
find_slot(const struct session_table *table, uint32_t id)
{
	size_t index = id & SLOT_MASK;

	if (index >= table->room || table->slots[index].session == NULL ||
	    table->slots[index].uses != id >> SESSION_TABLE_SLOT_BITS)
		return NULL;
	return &table->slots[index];
}

struct session *
session_table_find(const struct session_table *table, uint32_t id)
{
	const struct slot *slot = find_slot(table, id);

	return slot != NULL ? slot->session : NULL;
}

void
session_table_remove(struct session_table *table, uint32_t id)
{
	struct slot *slot = find_slot(table, id);

	assert(slot != NULL);
	append_free(table, (uint32_t)(slot - table->slots));
	table->count--;
}

size_t
session_table_count(const struct session_table *table)
{
	return table->count;
}

struct session *
session_table_next(const struct session_table *table, size_t *cursor)
{
	while (*cursor < table->room) {
		struct session *session = table->slots[(*cursor)++].session;

		if (session != NULL)
			return session;
	}
	return NULL;
}
