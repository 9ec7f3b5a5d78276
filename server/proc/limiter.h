/* SPDX-License-Identifier: ISC */
/*
 * How often one address or one account may do something: token buckets in a table of fixed size
 * that all children of a server share, without locks. A key costs no allocation; when the table is
 * crowded, the bucket that is nearest to full gives way. Times are passed in
 * (clock_monotonic_ms()).
 */

#ifndef SERVER_PROC_LIMITER_H
#define SERVER_PROC_LIMITER_H

#include <stdbool.h>
#include <sys/socket.h>

#include "server/proc/settings.h"
#include "shared/status.h"

enum rate {
#define RATE(NAME, field, whose, help) RATE_##NAME,
#include "server/proc/rate.def"
#undef RATE
	RATE_COUNT
};

struct limiter;

/* Buckets that a server remembers at the same time. */
enum { LIMITER_SLOTS = 262144 };

/* Bytes of a table for so many buckets, 8 for each (rounded up to a power of two). */
size_t limiter_size(size_t slots);

/*
 * One process's hand on the table in "memory", which is shared (MAP_SHARED), stays the caller's
 * and was zeroed before the first use; but its first 8 bytes, if they are not zero, are the seed
 * of the places in it. Rates from the settings.
 */
struct limiter *limiter_new(void *memory, size_t size, const struct settings *settings);
void limiter_free(struct limiter *limiter);

/* New rates after a reload; what was used up stays used up. */
void limiter_configure(struct limiter *limiter, const struct settings *settings);

/*
 * Takes one token of a rate that counts by address (/32, /64), or by account (its uid).
 * STATUS_OK, or STATUS_RATE_LIMITED and in *retry_ms (may be NULL) when the next one is there.
 * Loopback addresses pass unless the settings say limit-loopback, and so does what has no prefix.
 */
enum status limiter_take_address(struct limiter *limiter, enum rate rate,
    const struct sockaddr *address, uint64_t now_ms, uint32_t *retry_ms);
enum status limiter_take_account(struct limiter *limiter, enum rate rate, uint64_t uid,
    uint64_t now_ms, uint32_t *retry_ms);

/* Whether a rate counts by account; else it counts by address. */
bool limiter_is_by_account(enum rate rate);

/* "logins": the word of a rate for logs. */
const char *limiter_name(enum rate rate);

#endif
