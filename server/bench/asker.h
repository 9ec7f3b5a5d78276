/* SPDX-License-Identifier: ISC */
/*
 * Asks at a steady rate, whatever the answers do: every question has a time when it should be
 * sent, and its latency counts from then, so that a server that stands still for a second shows
 * in all questions of that second ("coordinated omission" is what leaves them out).
 */

#ifndef SERVER_BENCH_ASKER_H
#define SERVER_BENCH_ASKER_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/frame.h"

struct account;
struct asker;
struct bench_client;
struct crowd;
struct event_base;

/* Everything is borrowed; on_done is called when a measurement is over. */
struct asker *asker_new(struct event_base *base, struct crowd *crowd, struct bench_client *clients,
    uint32_t count, void (*on_done)(void *arg), void *arg);
void asker_free(struct asker *asker);

/*
 * Each operation of operations.def "millihertz" times in 1000 s by this swarm's clients, targets
 * among the first "account_count" accounts. Ends after "seconds" and when all is answered, or 10
 * s later.
 */
void asker_start(struct asker *asker, uint32_t millihertz, uint32_t seconds,
    const struct account *accounts, uint32_t account_count);

/*
 * One client asks how many users are online; row->seen_online gets the answer. False: nobody is
 * online to ask.
 */
bool asker_count_online(struct asker *asker);

/* Whether the frame answers one of our questions; then it is dealt with. */
bool asker_take_answer(struct asker *asker, const struct frame *frame);

#endif
