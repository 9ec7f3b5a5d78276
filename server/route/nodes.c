/* SPDX-License-Identifier: ISC */
#include "server/route/nodes.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "shared/bytes.h"
#include "shared/compiler.h"

/* Placed in shared memory: only these are good between processes. */
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics without locks are needed");

/*
 * The owner word of an entry: 0 is free; else child, generation and serial of the connection
 * name its one writer. Two marks change how long the entry lives, not whose it is.
 */
enum {
	OWNER_SERIAL_BITS = 24,
	OWNER_GENERATION_BITS = 22,
	OWNER_CHILD_BITS = 16,
	OWNER_SERIAL_MASK = (1 << OWNER_SERIAL_BITS) - 1,
	OWNER_GENERATION_MASK = (1 << OWNER_GENERATION_BITS) - 1,
};
#define OWNER_ORPHAN (UINT64_C(1) << 62)	/* its child is dead */
/* The work server reports over another connection. */
#define OWNER_SUPERSEDED (UINT64_C(1) << 63)
#define OWNER_MARKS (OWNER_ORPHAN | OWNER_SUPERSEDED)

/* One place for a report. */
struct page {
	/* Who wrote it: an entry newly taken must not show its predecessor's report. */
	uint64_t owner;
	uint64_t reported_ms;
	uint32_t handed_before;	/* where handed_out stood when it came */
	struct node_report report;
};

enum { PAGE_WORDS = (sizeof(struct page) + 7) / 8 };

struct slot {
	_Alignas(64) _Atomic uint64_t owner;
	_Atomic uint64_t version;	/* its lowest bit names the page that counts */
	_Atomic uint64_t orphaned_ms;
	_Atomic uint32_t handed_out;	/* only grows */
	_Atomic uint64_t pages[2][PAGE_WORDS];
};

struct nodes {
	struct slot slots[NODES_MAX];
};

size_t
nodes_size(void)
{
	return sizeof(struct nodes);
}

static uint64_t
owner_of(uint32_t child, uint32_t generation, uint32_t serial)
{
	assert(generation != 0 && generation <= OWNER_GENERATION_MASK &&
	    child < 1 << OWNER_CHILD_BITS);
	return ((uint64_t)child << (OWNER_SERIAL_BITS + OWNER_GENERATION_BITS)) |
	    ((uint64_t)generation << OWNER_SERIAL_BITS) |
	    (serial & OWNER_SERIAL_MASK);
}

/* --- pages ---------------------------------------------------------------- */

/*
 * By words, each of them atomic: a reader may look while the writer is at it. Who read a word
 * of the new report (acquire) also sees the version move that came before it was written
 * (release), and so finds out.
 */
static void
write_page(_Atomic uint64_t *words, const struct page *page)
{
	uint64_t plain[PAGE_WORDS] = { 0 };

	memcpy(plain, page, sizeof *page);
	for (size_t i = 0; i < PAGE_WORDS; i++)
		atomic_store_explicit(&words[i], plain[i], memory_order_release);
}

static void
read_words(_Atomic uint64_t *words, struct page *out)
{
	uint64_t plain[PAGE_WORDS];

	for (size_t i = 0; i < PAGE_WORDS; i++)
		plain[i] = atomic_load_explicit(&words[i], memory_order_acquire);
	memcpy(out, plain, sizeof *out);
}

/* Only by the entry's owner. */
static void
publish(struct slot *slot, const struct page *page)
{
	uint64_t next = atomic_load_explicit(&slot->version, memory_order_relaxed) + 1;

	write_page(slot->pages[next & 1], page);
	atomic_store_explicit(&slot->version, next, memory_order_release);
}

/*
 * The report that counts and the owner word that it belongs to. Two new reports during one look
 * are rare (a report comes every 10 s), so a few tries are plenty; after that the entry counts
 * as empty for this once.
 */
static bool
read_page(struct slot *slot, uint64_t *owner, struct page *out)
{
	for (int tries = 0; tries < 8; tries++) {
		uint64_t version = atomic_load_explicit(&slot->version, memory_order_acquire);

		*owner = atomic_load_explicit(&slot->owner, memory_order_acquire);
		if (*owner == 0)
			return false;
		read_words(slot->pages[version & 1], out);
		if (atomic_load_explicit(&slot->version, memory_order_relaxed) == version)
			return out->owner == (*owner & ~OWNER_MARKS);
	}
	return false;
}

/* --- life ----------------------------------------------------------------- */

static bool
orphan_is_over(struct slot *slot, uint64_t owner, uint64_t now_ms)
{
	uint64_t since_ms = atomic_load_explicit(&slot->orphaned_ms, memory_order_relaxed);

	return (owner & OWNER_ORPHAN) != 0 && now_ms >= since_ms + NODES_GRACE_MS;
}

/* Free, or left by a dead child and past its grace: nobody writes there. */
static bool
take_slot(struct slot *slot, uint64_t owner, uint64_t now_ms)
{
	uint64_t seen = atomic_load_explicit(&slot->owner, memory_order_relaxed);

	if (seen != 0 && !orphan_is_over(slot, seen, now_ms))
		return false;
	return atomic_compare_exchange_strong_explicit(&slot->owner, &seen, owner,
	    memory_order_acq_rel, memory_order_relaxed);
}

static bool
same_server(const struct node_report *a, const struct node_report *b)
{
	if (memcmp(a->pin, b->pin, sizeof a->pin) != 0)
		return false;
	return a->server == b->server || (a->port == b->port && strcmp(a->host, b->host) == 0);
}

/*
 * An orphan is freed; where a writer may live the entry is only marked, and its owner frees it
 * when it next comes by.
 */
static void
end_older(struct nodes *nodes, unsigned own_slot, const struct node_report *report)
{
	for (unsigned i = 0; i < NODES_MAX; i++) {
		struct slot *slot = &nodes->slots[i];
		struct page page;
		uint64_t owner;

		if (i == own_slot || !read_page(slot, &owner, &page) ||
		    !same_server(&page.report, report))
			continue;
		atomic_compare_exchange_strong_explicit(&slot->owner, &owner,
		    (owner & OWNER_ORPHAN) != 0 ? 0 : owner | OWNER_SUPERSEDED,
		    memory_order_acq_rel, memory_order_relaxed);
	}
}

static bool
take_any_slot(struct nodes_writer *writer, struct node_ticket *ticket, uint64_t now_ms)
{
	uint64_t owner = owner_of(writer->child, writer->generation, ++writer->next_serial);

	for (unsigned i = 0; i < NODES_MAX; i++) {
		if (!take_slot(&writer->nodes->slots[i], owner, now_ms))
			continue;
		*ticket = (struct node_ticket){ .owner = owner, .slot = i };
		return true;
	}
	return false;
}

enum status
nodes_report(struct nodes_writer *writer, struct node_ticket *ticket,
    const struct node_report *report, uint64_t now_ms)
{
	struct page page = { .reported_ms = now_ms, .report = *report };
	bool is_new = false;
	struct slot *slot;

	if (ticket->owner != 0 &&
	    atomic_load(&writer->nodes->slots[ticket->slot].owner) != ticket->owner)
		nodes_withdraw(writer->nodes, ticket);
	if (ticket->owner == 0) {
		if (!take_any_slot(writer, ticket, now_ms))
			return STATUS_FULL;
		is_new = true;
	}
	slot = &writer->nodes->slots[ticket->slot];
	page.owner = ticket->owner;
	page.handed_before = atomic_load_explicit(&slot->handed_out, memory_order_relaxed);
	publish(slot, &page);
	if (is_new)
		end_older(writer->nodes, ticket->slot, report);
	return STATUS_OK;
}

void
nodes_withdraw(struct nodes *nodes, struct node_ticket *ticket)
{
	struct slot *slot = &nodes->slots[ticket->slot];
	uint64_t seen = ticket->owner;

	/* The one change another process may make to a living owner's word is the mark. */
	if (seen != 0 && !atomic_compare_exchange_strong(&slot->owner, &seen, 0) &&
	    seen == (ticket->owner | OWNER_SUPERSEDED))
		atomic_compare_exchange_strong(&slot->owner, &seen, 0);
	*ticket = (struct node_ticket){ 0 };
}

void
nodes_orphan(struct nodes *nodes, uint32_t child, uint32_t generation, uint64_t now_ms)
{
	uint64_t whose = owner_of(child, generation, 0);

	for (unsigned i = 0; i < NODES_MAX; i++) {
		struct slot *slot = &nodes->slots[i];
		uint64_t owner = atomic_load(&slot->owner);

		if (owner == 0 || (owner & OWNER_ORPHAN) != 0 ||
		    ((owner & ~OWNER_MARKS) & ~(uint64_t)OWNER_SERIAL_MASK) != whose)
			continue;
		atomic_store(&slot->orphaned_ms, now_ms);
		/*
		 * Somebody may add the mark in between; nothing else can happen to a dead
		 * child's word.
		 */
		while (!atomic_compare_exchange_weak(&slot->owner, &owner,
		    (owner & OWNER_SUPERSEDED) != 0 ? 0 : owner | OWNER_ORPHAN))
			;
	}
}

/* --- readers -------------------------------------------------------------- */

bool
nodes_read(struct nodes *nodes, unsigned index, uint64_t now_ms, uint64_t dead_ms, struct node *out)
{
	struct slot *slot = &nodes->slots[index];
	struct page page;
	uint64_t owner;

	assert(index < NODES_MAX);
	if (!read_page(slot, &owner, &page) || (owner & OWNER_SUPERSEDED) != 0)
		return false;
	if (now_ms >= page.reported_ms + dead_ms || orphan_is_over(slot, owner, now_ms))
		return false;
	out->report = page.report;
	out->handed_out = atomic_load_explicit(&slot->handed_out, memory_order_relaxed);
	out->handed_out -= page.handed_before;
	out->slot = index;
	return true;
}

void
nodes_count_handout(struct nodes *nodes, unsigned slot)
{
	assert(slot < NODES_MAX);
	atomic_fetch_add_explicit(&nodes->slots[slot].handed_out, 1, memory_order_relaxed);
}
