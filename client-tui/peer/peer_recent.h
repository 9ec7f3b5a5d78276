/* SPDX-License-Identifier: ISC */
/* The numbers of the messages that came last, so that one that is sent again is not shown again. */

#ifndef CLIENT_PEER_PEER_RECENT_H
#define CLIENT_PEER_PEER_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More than a sender may have waiting for their answers: only those come again. */
enum { PEER_RECENT_MAX = 512 };

/* All zero is empty. */
struct peer_recent {
	uint64_t numbers[PEER_RECENT_MAX];
	size_t count; /* that were ever added */
};

/* Whether the number is new; it is known from now on, until PEER_RECENT_MAX others came. */
bool peer_recent_add(struct peer_recent *recent, uint64_t number);

#endif
