/* SPDX-License-Identifier: ISC */
/*
 * Who is online, and where: a hash table in shared memory that all children of a work server read
 * and write at once.
 *
 * There are no locks. A child may be stopped or killed at any instruction: nobody waits for it,
 * and no entry it has touched is ever wrong. The table has a fixed size; an entry is two 64-bit
 * atomics, "uid" and "value".
 *
 * A ticket is (child, generation, session). One ticket joins one uid, once. "value" is one of
 *
 *	0		free; "uid" means nothing
 *	RESERVED ticket	that session alone writes "uid"; nobody else touches the entry
 *	CLAIMED ticket	"uid" is written; the session looks whether anybody else is there for it
 *	HELD ticket	uid is online with that session
 *
 * and moves only so:
 *
 *	0 -> RESERVED t		compare-and-swap by t
 *	RESERVED t -> CLAIMED t	store by t, after it has stored "uid"
 *	CLAIMED t -> HELD t	compare-and-swap by t: this publishes the entry
 *	CLAIMED t -> 0		compare-and-swap by t, or by another who wants to join the same uid
 *	HELD t -> HELD u	compare-and-swap by u, a takeover of the same uid
 *	HELD t -> 0		compare-and-swap by t (leave)
 *	any t -> 0		compare-and-swap by the parent, when t's process was reaped (sweep)
 *
 * A uid has a window of 64 entries behind its hash, and lives only there; all who look for it
 * look through all of them. So nothing depends on what lay between, and a free entry can serve
 * any uid.
 *
 * 1. No uid is ever shown with another's session. "uid" changes only in state RESERVED, and a
 *    session writes it before its first CLAIMED; from there to 0 it stays. A reader takes value,
 *    uid, value: if both values are the same CLAIMED t or HELD t, then the uid between belonged
 *    to t, as t has one uid for life; it does not matter what happened between. Takeovers keep
 *    the uid, because they exchange HELD t for HELD u, and while the value is HELD t the uid is
 *    t's.
 *
 * 2. No uid is held twice. Let X and Y hold entries i and j for the same uid at the same time,
 *    and let X's CLAIMED have been written first (all operations here are sequentially
 *    consistent). Y looked through the window after its own CLAIMED, so it looked at i after X's.
 *    There it saw CLAIMED X, and put it to 0: then X's later compare-and-swap to HELD failed. Or
 *    that failed, because it was HELD by then: then it gave up its own entry and took over i. Or
 *    it saw that X's turn at i was over. In no case both. Takeovers do not matter, as they begin
 *    no new turn at an entry.
 *
 * 3. Nobody waits. A joiner that finds itself put to 0 begins again; it has lost to somebody who
 *    was faster. That two put each other to 0 again and again is stopped by pauses of random
 *    length. A session that is stopped leaves one entry out of use at most (RESERVED), until it
 *    goes on or is swept.
 *
 * 4. A session that sleeps anywhere does no harm when it wakes: every write it may still do is a
 *    compare-and-swap from a value with its own ticket, or from 0 to RESERVED (right at any
 *    time), or a takeover from a value that is still there (see 1), or a store while RESERVED,
 *    which nobody may end but a sweep after its death.
 *
 * 5. A killed one leaves entries with its child and generation in "value", whatever their state;
 *    the sweep finds them all.
 */

#ifndef SERVER_BUS_PRESENCE_H
#define SERVER_BUS_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/status.h"

enum {
	PRESENCE_CHILD_MAX = 1023,
	PRESENCE_GENERATION_MASK = 0xfffff,
	/* The smallest table, in bytes, and where uids may lie. */
	PRESENCE_WINDOW = 64,
	PRESENCE_SIZE_MIN = PRESENCE_WINDOW * 16,
};

/* A process's view of the table; read only after presence_init(), and may be copied. */
struct presence {
	struct presence_entry *entries;
	size_t mask;	/* entries - 1, of a power of two */
	unsigned shift;
};

/*
 * One live session: the child that owns its connection, that child's generation, and a number
 * that the child gives to one session only in its life. A session joins one uid, once.
 */
struct presence_holder {
	uint32_t child;		/* at most PRESENCE_CHILD_MAX */
	uint32_t generation;	/* the low 20 bits count */
	uint32_t session;
};

/*
 * Bytes of a table for so many users online at once: 64 to 128 for each. Pages that were never
 * touched cost nothing.
 */
size_t presence_size(size_t users);

/*
 * Looks at the table in "memory", which is shared (MAP_SHARED), was zeroed before the first use,
 * and is aligned to 16. False: "size" is under PRESENCE_SIZE_MIN.
 */
bool presence_init(struct presence *out, void *memory, size_t size);

/*
 * "uid" (not 0) is with "holder" from now on. Who had it before is in *previous and *was_online
 * says whether anybody had (both may be NULL): that session has been taken over. STATUS_FULL: no
 * room for this uid. STATUS_BUSY: a thousand others joined the same uid at the same moment.
 */
enum status presence_join(const struct presence *presence, uint64_t uid,
    const struct presence_holder *holder, struct presence_holder *previous, bool *was_online);

/*
 * Ends the own entry. False when there is none any more (taken over, swept): nothing happened
 * then.
 */
bool presence_leave(const struct presence *presence, uint64_t uid,
    const struct presence_holder *holder);

/* Where "uid" is now. "out" may be NULL. */
bool presence_find(const struct presence *presence, uint64_t uid, struct presence_holder *out);

/*
 * Removes everything of one child's generation; returns how many entries. Only when that process
 * is dead for certain (reaped), so that nothing writes in its name any more.
 */
size_t presence_sweep(const struct presence *presence, uint32_t child, uint32_t generation);

/*
 * Calls "each" for every user who is online, in no order; false from it ends the walk. It is no
 * photograph: who comes or goes meanwhile may be missing, and who goes and comes again may be
 * there twice.
 */
void presence_each(const struct presence *presence,
    bool (*each)(void *arg, uint64_t uid, const struct presence_holder *holder), void *arg);

/* Users online, counted by a walk. */
size_t presence_count(const struct presence *presence);

#endif
