/* SPDX-License-Identifier: ISC */
/*
 * A store process to be ended badly, and questions to it that wait for their answer. Its life
 * is the kernel's to end when the test ends.
 */

#ifndef TESTS_SUPPORT_STORE_PROCESS_H
#define TESTS_SUPPORT_STORE_PROCESS_H

#include <sys/types.h>

#include "server/store/store_client.h"
#include "server/store/store_config.h"

struct event_base;

/* For a store client whose answers may take any time. */
enum { STORE_PATIENCE_MS = 600000 };

/*
 * Forks one that serves child 0 of this generation; *fd is that child's end of the channel. The
 * caller has no threads. When the service cannot start it exits with its status, the sentence
 * in the log.
 */
pid_t store_process_start(const struct store_config *config, uint32_t generation, int *fd);

/* kill -9, and gone. */
void store_process_kill(pid_t pid);

/*
 * The last answer to a question; its message is a copy whose texts and blobs are not to be
 * touched.
 */
struct reply {
	bool came;
	unsigned items;
	struct store_answer answer;
	union codec_room message;
};

/* A callback that fills a struct reply ("arg"). */
void reply_on_answer(void *arg, const struct store_answer *answer);

/* Turns the loop until it has come; fails the test after half a minute. */
void reply_wait(struct event_base *base, struct reply *reply);

/* Asks and waits. */
struct reply ask_and_wait(struct event_base *base, struct store_client *client, uint16_t verb,
    const void *message);

/* The same until it is not STATUS_STORE_AWAY or STATUS_BUSY, waiting between as the answers say. */
struct reply ask_patiently(struct event_base *base, struct store_client *client, uint16_t verb,
    const void *message);

/* Turns the loop until the condition holds. */
#define loop_until(base, condition) \
	do { \
		while (!(condition)) \
			loop_turn(base); \
	} while (0)
void loop_turn(struct event_base *base);

#endif
