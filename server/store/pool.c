/* SPDX-License-Identifier: ISC */
#include "server/store/pool.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "shared/clock.h"
#include "shared/log.h"
#include "shared/mem.h"

struct worker {
	struct pool *pool;
	pthread_t thread;
	pthread_cond_t wake;
	struct pool_job *job;	/* handed over while it was idle */
	struct worker *below;	/* the one that is idle for longer */
	struct worker *next_left;
};

struct pool {
	struct pool_options options;
	pthread_mutex_t lock;
	pthread_cond_t manage;
	pthread_t manager;
	struct pool_job *first, **last;
	size_t waiting;
	uint64_t grown_at;
	struct worker *idle;		/* a stack */
	struct worker *left;		/* threads that ended and are to be joined */
	unsigned threads, idle_count, started;
	unsigned starting;		/* of the threads: not ready for a first job yet */
	unsigned unjoined;		/* threads, and those that are just ending */
	bool stops;
};

static struct timespec
time_of(uint64_t monotonic_ms)
{
	return (struct timespec){
		.tv_sec = (time_t)(monotonic_ms / 1000),
		.tv_nsec = (long)(monotonic_ms % 1000) * 1000000,
	};
}

static void
init_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

static struct pool_job *
take_first(struct pool *pool)
{
	struct pool_job *job = pool->first;

	if (job == NULL)
		return NULL;
	pool->first = job->next;
	if (pool->first == NULL)
		pool->last = &pool->first;
	pool->waiting--;
	return job;
}

static void
leave_idle(struct pool *pool, const struct worker *worker)
{
	struct worker **at = &pool->idle;

	while (*at != worker)
		at = &(*at)->below;
	*at = worker->below;
	pool->idle_count--;
}

/* With the lock held. NULL: this thread is not needed any more. */
static struct pool_job *
wait_for_job(struct worker *worker)
{
	struct pool *pool = worker->pool;
	struct timespec until = time_of(clock_monotonic_ms() + pool->options.idle_ms);
	struct pool_job *job = take_first(pool);

	if (job != NULL || pool->stops)
		return job;
	worker->below = pool->idle;
	pool->idle = worker;
	pool->idle_count++;
	for (;;) {
		int error = pthread_cond_timedwait(&worker->wake, &pool->lock, &until);

		if (worker->job != NULL) {
			job = worker->job;
			worker->job = NULL;
			return job;
		}
		if (pool->stops || (error == ETIMEDOUT && pool->threads > pool->options.minimum)) {
			leave_idle(pool, worker);
			return NULL;
		}
		if (error == ETIMEDOUT)
			until = time_of(clock_monotonic_ms() + pool->options.idle_ms);
	}
}

static void *
work(void *data)
{
	struct worker *worker = data;
	struct pool *pool = worker->pool;
	void *tool = NULL;
	struct pool_job *job;

	if (pool->options.on_start != NULL)
		tool = pool->options.on_start(pool->options.arg);
	pthread_mutex_lock(&pool->lock);
	pool->starting--;
	while ((job = wait_for_job(worker)) != NULL) {
		pthread_mutex_unlock(&pool->lock);
		pool->options.run(pool->options.arg, tool, job);
		pthread_mutex_lock(&pool->lock);
	}
	pool->threads--;
	pthread_mutex_unlock(&pool->lock);

	if (pool->options.on_stop != NULL)
		pool->options.on_stop(pool->options.arg, tool);
	pthread_mutex_lock(&pool->lock);
	worker->next_left = pool->left;
	pool->left = worker;
	pthread_cond_signal(&pool->manage);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static void
free_worker(struct worker *worker)
{
	pthread_cond_destroy(&worker->wake);
	free(worker);
}

/* With the lock held: a new thread needs it before it does anything. */
static bool
start_worker(struct pool *pool)
{
	struct worker *worker = mem_new(sizeof(*worker));
	int error;

	worker->pool = pool;
	init_condition(&worker->wake);
	error = pthread_create(&worker->thread, NULL, work, worker);
	if (error != 0) {
		log_warn("store: no further thread: %s", status_text(status_of_errno(error)));
		free_worker(worker);
		return false;
	}
	pool->threads++;
	pool->starting++;
	pool->unjoined++;
	pool->started++;
	return true;
}

static void
join_left(struct pool *pool)
{
	while (pool->left != NULL) {
		struct worker *worker = pool->left;

		pool->left = worker->next_left;
		pthread_mutex_unlock(&pool->lock);
		pthread_join(worker->thread, NULL);
		free_worker(worker);
		pthread_mutex_lock(&pool->lock);
		pool->unjoined--;
	}
}

/* More jobs wait than there are threads on their way to them. */
static bool
may_grow(const struct pool *pool)
{
	return pool->waiting > pool->starting && pool->threads < pool->options.maximum &&
	    !pool->stops;
}

/*
 * Waits until something may have to be done; true when jobs have waited long enough for one
 * thread more.
 */
static bool
wait_for_need(struct pool *pool)
{
	struct timespec until;
	uint64_t since;

	if (!may_grow(pool)) {
		pthread_cond_wait(&pool->manage, &pool->lock);
		return false;
	}
	since = pool->first->since > pool->grown_at ? pool->first->since : pool->grown_at;
	until = time_of(since + pool->options.grow_ms);
	return pthread_cond_timedwait(&pool->manage, &pool->lock, &until) == ETIMEDOUT &&
	    may_grow(pool);
}

static void *
manage(void *data)
{
	struct pool *pool = data;

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		join_left(pool);
		if (pool->stops && pool->unjoined == 0)
			break;
		if (wait_for_need(pool)) {
			pool->grown_at = clock_monotonic_ms();
			start_worker(pool);
		}
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

struct pool *
pool_new(const struct pool_options *options)
{
	struct pool *pool = mem_new(sizeof(*pool));

	assert(options->minimum > 0 && options->minimum <= options->maximum);
	pool->options = *options;
	pool->last = &pool->first;
	pthread_mutex_init(&pool->lock, NULL);
	init_condition(&pool->manage);
	pthread_mutex_lock(&pool->lock);
	while (pool->threads < options->minimum && start_worker(pool))
		;
	if (pool->threads == 0)
		log_fatalx("store: not a single thread can be started");
	if (pthread_create(&pool->manager, NULL, manage, pool) != 0)
		log_fatalx("store: the manager thread cannot be started");
	pthread_mutex_unlock(&pool->lock);
	return pool;
}

void
pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stops = true;
	for (struct worker *worker = pool->idle; worker != NULL; worker = worker->below)
		pthread_cond_signal(&worker->wake);
	pthread_cond_signal(&pool->manage);
	pthread_mutex_unlock(&pool->lock);
	pthread_join(pool->manager, NULL);
	pthread_cond_destroy(&pool->manage);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

static void
put_job(struct pool *pool, struct pool_job *job, bool urgent)
{
	job->since = clock_monotonic_ms();
	if (urgent) {
		job->next = pool->first;
		if (pool->first == NULL)
			pool->last = &job->next;
		pool->first = job;
	} else {
		job->next = NULL;
		*pool->last = job;
		pool->last = &job->next;
	}
	pool->waiting++;
	if (pool->waiting == pool->starting + 1)
		pthread_cond_signal(&pool->manage);
}

enum status
pool_post(struct pool *pool, struct pool_job *job, bool urgent)
{
	enum status status = STATUS_OK;

	pthread_mutex_lock(&pool->lock);
	assert(!pool->stops);
	if (pool->idle != NULL) {
		struct worker *worker = pool->idle;

		leave_idle(pool, worker);
		worker->job = job;
		pthread_cond_signal(&worker->wake);
	} else if (!urgent && pool->waiting >= pool->options.queue_max) {
		status = STATUS_BUSY;
	} else {
		put_job(pool, job, urgent);
	}
	pthread_mutex_unlock(&pool->lock);
	return status;
}

void
pool_figures(struct pool *pool, struct pool_figures *out)
{
	pthread_mutex_lock(&pool->lock);
	*out = (struct pool_figures){
		.threads = pool->threads,
		.idle = pool->idle_count,
		.waiting = pool->waiting,
		.started = pool->started,
	};
	pthread_mutex_unlock(&pool->lock);
}
