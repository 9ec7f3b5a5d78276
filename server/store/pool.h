/* SPDX-License-Identifier: ISC */
/*
 * An elastic pool of threads: a few that are always there, more when jobs wait, and these leave
 * when there is nothing to do. Jobs are taken in order; the thread that was busy last gets the
 * next job, so that the others can tell they are not needed. A manager thread makes threads and
 * picks up those that left.
 */

#ifndef SERVER_STORE_POOL_H
#define SERVER_STORE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/compiler.h"
#include "shared/status.h"

struct pool;

/* Embedded in what is to be done; the fields are the pool's from pool_post() until run(). */
struct pool_job {
	struct pool_job *next;
	uint64_t since;
};

struct pool_options {
	unsigned minimum;	/* threads that stay; at least 1 */
	unsigned maximum;
	size_t queue_max;	/* jobs that may wait */
	/* the first job has waited so long: one thread more, and not another one for so long */
	unsigned grow_ms;
	unsigned idle_ms;	/* without a job for so long: one thread less */
	/* What a thread works with, made and ended in that thread. */
	void *(*on_start)(void *arg);
	void (*on_stop)(void *arg, void *tool);
	/* In one of the threads; the job is the callee's from here on. */
	void (*run)(void *arg, void *tool, struct pool_job *job);
	void *arg;
};

/* The minimum of threads runs when it returns. */
struct pool *pool_new(const struct pool_options *options);

/* What waits is still done, then all threads end. Blocks so long. NULL is fine. */
void pool_free(struct pool *pool);

/* Any thread. STATUS_BUSY: too many wait already. "urgent" goes to the front, however many wait. */
enum status pool_post(struct pool *pool, struct pool_job *job, bool urgent) MUST_USE;

struct pool_figures {
	unsigned threads;
	unsigned idle;
	size_t waiting;
	unsigned started;	/* threads, ever */
};

void pool_figures(struct pool *pool, struct pool_figures *out);

#endif
