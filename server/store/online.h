/* SPDX-License-Identifier: ISC */
/*
 * Who is online, as one sorted list for the pages of the directory: the presence of this work
 * server together with the sessions of the others. It is made when somebody asks and then used
 * for a second. Any thread.
 */

#ifndef SERVER_STORE_ONLINE_H
#define SERVER_STORE_ONLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/status.h"

struct online;
struct store;

enum { ONLINE_AGE_MS = 1000 };

/*
 * Who is online with this work server: up to "room" uids into "uids", in any order; returns how
 * many there are. Any thread.
 */
typedef size_t store_online_snapshot(void *arg, uint64_t *uids, size_t room);

/* Ascending, each uid once. */
struct online_list {
	size_t count;
	unsigned users;		/* of the list; online.c counts */
	uint64_t made_at;
	uint64_t uids[];
};

/* "snapshot" may be NULL: nobody is online here. */
struct online *online_new(store_online_snapshot *snapshot, void *arg);
void online_free(struct online *online);

/*
 * A list at most ONLINE_AGE_MS old, to give back with online_release(). "store" is asked for
 * the others' sessions.
 */
enum status online_acquire(struct online *online, struct store *store,
    const struct online_list **out);
void online_release(struct online *online, const struct online_list *list);

bool online_has(const struct online_list *list, uint64_t uid);

#endif
