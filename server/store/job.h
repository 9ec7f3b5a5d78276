/* SPDX-License-Identifier: ISC */
/*
 * One request of a session child on its way through the store process: decoded on the loop, run
 * by a thread (several times, if a change has to be repeated), and its answers sent by the loop
 * again.
 */

#ifndef SERVER_STORE_JOB_H
#define SERVER_STORE_JOB_H

#include <sys/queue.h>

#include "server/store/pool.h"
#include "server/store/store.h"
#include "server/store/writer.h"
#include "shared/buffer.h"
#include "shared/mqueue.h"

struct online;
struct store_service;

struct job {
	union {
		struct pool_job pool;
		struct writer_job writer;
	} wait;
	struct mqueue_item item;
	struct store_service *service;
	const struct job_kind *kind;
	struct online *online;
	struct store_child child;	/* whose it is, or whom it tells something */
	uint32_t request;
	size_t size;			/* of the payload */
	enum status status;		/* once it is done */
	uint64_t detail;
	bool was_there;			/* see store_account_delete() */
	bool is_new;			/* see store_lease_renew() */
	uint64_t *uids;			/* on the heap, of store_session_remote(); NULL: it failed */
	size_t uid_count;
	STAILQ_ENTRY(job) next;		/* while it waits in LANE_LOOP */
	struct buffer *answers;		/* whole frames */
	union codec_room ask;		/* borrows from the payload */
	uint8_t payload[];
};

enum job_lane {
	LANE_READ,	/* the pool */
	LANE_WRITE,	/* the writer */
	LANE_LOOP,	/* no thread: the service knows the answer, or will soon */
};

struct job_kind {
	uint16_t verb;	/* 0: the service's own */
	enum job_lane lane;
	/* Nothing is to be done where only one server has the database. */
	bool is_for_shared;
	/* Adds answers; they count only with STATUS_OK. NULL in LANE_LOOP. */
	enum status (*run)(struct store *store, struct job *job);
};

/* What a verb does; NULL when children may not ask it. */
const struct job_kind *job_kind_of(uint16_t verb);

/* What the service has done without being asked: sweeping up after dead children, and its lease. */
extern const struct job_kind job_sweep, job_renew_lease;

/*
 * A job out of a frame. STATUS_UNKNOWN_TYPE, or what codec_decode() finds: *out is NULL; the
 * frame has the number of its request at its start all the same, if it has one.
 */
enum status job_new(const struct frame *frame, struct job **out);

/* One without a frame. */
struct job *job_new_own(const struct job_kind *kind);

void job_free(struct job *job);

/* Runs it from its start. */
enum status job_run(struct job *job, struct store *store);

/* Adds a frame to a buffer. "message" is struct verb_… of "verb". */
void job_add_frame(struct buffer **frames, uint16_t verb, const void *message);

/* The job failed: its answer is a STORE_ERROR. */
void job_fail(struct job *job, enum status status, uint32_t retry_ms);

#endif
