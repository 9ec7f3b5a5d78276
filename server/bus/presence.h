/* SPDX-License-Identifier: ISC */
/*
 * Who is online, and where: a hash table in shared memory that all children of a work server read and write at once.
 */

#ifndef SERVER_BUS_PRESENCE_H
#define SERVER_BUS_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/status.h"

struct presence;

enum {
	PRESENCE_CHILDREN_MAX = 1023,
	PRESENCE_GENERATION_MASK = 0xfffff,
};

/*
 * One live session: the child that owns its connection, that child's generation, and a number that the child gives to
 * one session only in its life.
 */
struct presence_holder {
	uint32_t child;		/* at most PRESENCE_CHILDREN_MAX */
	uint32_t generation;	/* the low 20 bits count */
	uint32_t session;
};

/* Bytes of a table for so many users online at once: 64 for each, and at least 1 KiB. */
size_t presence_size(size_t users);

/* The table in "memory" of "size" bytes: zeroed at first, shared (MAP_SHARED) and aligned to 16. NULL when it is too small. */
struct presence *presence_at(void *memory, size_t size);

/*
 * "uid" (not 0) is at "holder" from now on. Who had it before is in *previous and *was_online says whether there was one
 * (both may be NULL): that session has been taken over. STATUS_FULL: no room for this uid.
 */
enum status presence_join(struct presence *presence, uint64_t uid, const struct presence_holder *holder,
    struct presence_holder *previous, bool *was_online);

/* Ends the own entry. False when there is none any more (taken over, swept): nothing happened then. */
bool presence_leave(struct presence *presence, uint64_t uid, const struct presence_holder *holder);

/* Where "uid" is now. */
bool presence_find(struct presence *presence, uint64_t uid, struct presence_holder *out);

/*
 * Removes everything of one child's generation; returns how many entries. Only when that process is dead for certain
 * (reaped): nothing may still write in its name.
 */
size_t presence_sweep(struct presence *presence, uint32_t child, uint32_t generation);

/*
 * Calls "each" for every user who is online, in no order; false from it ends the walk. It is no photograph: who comes or goes
 * meanwhile may be missing, and who comes again may be there twice.
 */
void presence_each(struct presence *presence,
    bool (*each)(void *arg, uint64_t uid, const struct presence_holder *holder), void *arg);

/* Users online, counted by a walk. */
size_t presence_count(struct presence *presence);

#endif
