/* SPDX-License-Identifier: ISC */
/*
 * Who is online with other work servers of the database, as the store process knows it: one sorted
 * list, which a newer one replaces, and what has changed from one to the next. Belongs to one
 * thread.
 */

#ifndef SERVER_STORE_ELSEWHERE_H
#define SERVER_STORE_ELSEWHERE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: nothing is known. */
struct elsewhere {
	uint64_t *uids;	/* ascending, each once */
	size_t count;
	bool is_known;
};

/* Uids that came or went, in order. */
typedef void elsewhere_on_change(void *arg, bool online, const uint64_t *uids, size_t count);

/* No call of the above has more uids than that. */
enum { ELSEWHERE_STEP = 2048 };

/* Takes over a newer list ("uids" on the heap), and tells in which way it is another one. */
void elsewhere_replace(struct elsewhere *elsewhere, uint64_t *uids, size_t count,
    elsewhere_on_change *on_change, void *arg);

bool elsewhere_has(const struct elsewhere *elsewhere, uint64_t uid);

/* Nothing is known any more. */
void elsewhere_clear(struct elsewhere *elsewhere);

#endif
