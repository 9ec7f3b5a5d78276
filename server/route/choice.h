/* SPDX-License-Identifier: ISC */
/*
 * Which work servers a client is told: those that take clients and have room, ordered by
 * (reported sessions + clients sent there since that report) / capacity, ties at random, the
 * first three. Counting those already sent is what keeps a crowd from running to the same
 * server until its next report.
 */

#ifndef SERVER_ROUTE_CHOICE_H
#define SERVER_ROUTE_CHOICE_H

#include "server/route/nodes.h"

enum { CHOICE_MAX = 3 };

struct choice {
	struct node nodes[CHOICE_MAX];	/* least loaded first */
	size_t count;
	size_t alive;	/* how many work servers live, whether they take clients or not */
};

/*
 * Looks through the whole table. "random" is the state of the dice and moves on; any value is
 * good to start with.
 */
void choice_make(struct nodes *nodes, uint64_t now_ms, uint64_t dead_ms, uint64_t *random,
    struct choice *out);

#endif
