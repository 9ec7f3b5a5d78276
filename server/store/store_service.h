/* SPDX-License-Identifier: ISC */
/*
 * The store process: takes the verbs of its session children from their channels, lets an
 * elastic pool of threads read and one thread write, and answers. Many writes become one
 * commit; an answer to a write goes out only after its commit. A queue that is full answers
 * STATUS_BUSY. All functions belong to the thread of "base"; no callback comes from another.
 */

#ifndef SERVER_STORE_STORE_SERVICE_H
#define SERVER_STORE_STORE_SERVICE_H

#include <stddef.h>
#include <stdint.h>

#include "server/store/online.h"
#include "server/store/store_config.h"

struct event_base;
struct store_service;

/*
 * Opens the database (blocking) and starts the threads. A database that is away, or has no
 * room, is no failure: children get STATUS_STORE_AWAY or STATUS_DISK_FULL until that is over.
 * The snapshot may be NULL (nobody is online). "config" is copied. SIGXFSZ is ignored from now
 * on: a file that may not grow (setrlimit(2)) is a full disk, no reason to die.
 * STATUS_STORE_LOCKED: another server uses this SQLite file (asked again for 2 s: a predecessor
 * may be just ending). STATUS_STORE_NEWER, STATUS_BAD_CONFIG, STATUS_STORE_FAILED as
 * store_open(). Then *out is NULL and "why" has a sentence.
 */
enum status store_service_new(struct event_base *base, const struct store_config *config,
    store_online_snapshot *online_snapshot, void *arg, struct store_service **out, char *why,
    size_t room);

/*
 * Ends orderly: what was asked is done and answered, the lease is given back. Blocks so long.
 * NULL is fine.
 */
void store_service_free(struct store_service *service);

/*
 * A session child: its index, its generation (each start of that index has another one, from 1
 * on) and our end of a SOCK_SEQPACKET pair, which the service closes. Whoever had this index
 * before is gone: what it waits for is done but not answered, and its sessions are over.
 */
void store_service_add_child(struct store_service *service, uint16_t index, uint32_t generation,
    int fd);

/* For status and tests; what they count: store_service.c. */
struct store_figures {
	unsigned children;
	unsigned threads;	/* that read, now */
	size_t reads_waiting;
	size_t writes_waiting;
	uint64_t reads;
	uint64_t writes;
	uint64_t commits;	/* of batches and of single rows */
	uint64_t batches_split;	/* that failed and were repeated row by row */
	uint64_t refused;	/* answered STATUS_BUSY because a queue was full */
};

void store_service_figures(const struct store_service *service, struct store_figures *out);

#endif
