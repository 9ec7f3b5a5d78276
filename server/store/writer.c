/* SPDX-License-Identifier: ISC */
#include "server/store/writer.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "server/store/store.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/mem.h"

enum { ATTEMPTS_MAX = 5 };

struct writer {
	struct writer_options options;
	struct store *store;
	pthread_t thread;
	bool is_started;

	pthread_mutex_t lock;		/* guards what follows */
	pthread_cond_t wake;
	struct writer_job *first, **last;
	struct writer_figures figures;
	bool stops;
};

struct writer *
writer_new(const struct writer_options *options, struct store *store)
{
	struct writer *writer = mem_new(sizeof(*writer));

	writer->options = *options;
	writer->store = store;
	writer->last = &writer->first;
	pthread_mutex_init(&writer->lock, NULL);
	pthread_cond_init(&writer->wake, NULL);
	return writer;
}

/*
 * All jobs in one change; each has its status then. A failure means that nothing was changed
 * (or, once, nobody knows).
 */
static enum status
write_once(struct writer *writer, struct writer_job *const jobs[], size_t count)
{
	struct store *store = writer->store;
	enum status status = store_begin(store);

	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		jobs[i]->status = writer->options.run(writer->options.arg, store, jobs[i]);
		if (store_is_failure(jobs[i]->status))
			status = jobs[i]->status;
	}
	if (status == STATUS_OK)
		return store_commit(store);
	store_rollback(store);
	return status;
}

/*
 * A deadlock is worth some attempts. A connection that broke is worth one more on a fresh one:
 * whether the change was committed nobody knows, but every verb finds what it did before.
 */
static enum status
write_patiently(struct writer *writer, struct writer_job *const jobs[], size_t count)
{
	enum status status = write_once(writer, jobs, count);

	if (status == STATUS_STORE_AWAY)
		status = write_once(writer, jobs, count);
	for (unsigned attempt = 1; status == STATUS_BUSY && attempt < ATTEMPTS_MAX; attempt++) {
		poll(NULL, 0, (int)(attempt + clock_monotonic_us() % 8));
		status = write_once(writer, jobs, count);
	}
	return status;
}

static void
count_commits(struct writer *writer, uint64_t jobs, uint64_t commits, uint64_t split)
{
	pthread_mutex_lock(&writer->lock);
	writer->figures.jobs += jobs;
	writer->figures.commits += commits;
	writer->figures.split += split;
	pthread_mutex_unlock(&writer->lock);
}

static void
write_jobs(struct writer *writer, struct writer_job *const jobs[], size_t count)
{
	enum status status = write_patiently(writer, jobs, count);
	/* A database that is away is nobody's bad row. */
	bool split = status != STATUS_OK && status != STATUS_STORE_AWAY && count > 1;

	count_commits(writer, count, status == STATUS_OK, split);
	for (size_t i = 0; i < count; i++) {
		if (split) {
			status = write_patiently(writer, &jobs[i], 1);
			count_commits(writer, 0, status == STATUS_OK, 0);
		}
		writer->options.done(writer->options.arg, writer->store, jobs[i],
		    status == STATUS_OK ? jobs[i]->status : status);
	}
}

/* With the lock held. 0: it is over. */
static size_t
take_jobs(struct writer *writer, struct writer_job *jobs[WRITER_BATCH_MAX])
{
	size_t count = 0;

	while (writer->first == NULL && !writer->stops)
		pthread_cond_wait(&writer->wake, &writer->lock);
	while (writer->first != NULL && count < WRITER_BATCH_MAX) {
		jobs[count++] = writer->first;
		writer->first = writer->first->next;
	}
	if (writer->first == NULL)
		writer->last = &writer->first;
	writer->figures.waiting -= count;
	return count;
}

static void *
write_all(void *data)
{
	struct writer *writer = data;
	struct writer_job *jobs[WRITER_BATCH_MAX];
	size_t count;

	pthread_mutex_lock(&writer->lock);
	while ((count = take_jobs(writer, jobs)) > 0) {
		pthread_mutex_unlock(&writer->lock);
		write_jobs(writer, jobs, count);
		pthread_mutex_lock(&writer->lock);
	}
	pthread_mutex_unlock(&writer->lock);
	store_close(writer->store);
	return NULL;
}

void
writer_start(struct writer *writer)
{
	if (pthread_create(&writer->thread, NULL, write_all, writer) != 0)
		log_fatalx("store: the writing thread cannot be started");
	writer->is_started = true;
}

void
writer_free(struct writer *writer)
{
	if (writer == NULL)
		return;
	pthread_mutex_lock(&writer->lock);
	writer->stops = true;
	pthread_cond_signal(&writer->wake);
	pthread_mutex_unlock(&writer->lock);
	if (writer->is_started)
		pthread_join(writer->thread, NULL);
	else
		store_close(writer->store);
	pthread_cond_destroy(&writer->wake);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}

enum status
writer_post(struct writer *writer, struct writer_job *job, bool urgent)
{
	enum status status = STATUS_OK;

	pthread_mutex_lock(&writer->lock);
	assert(!writer->stops);
	if (writer->figures.waiting >= writer->options.queue_max && !urgent) {
		status = STATUS_BUSY;
	} else {
		job->next = NULL;
		*writer->last = job;
		writer->last = &job->next;
		if (writer->figures.waiting++ == 0)
			pthread_cond_signal(&writer->wake);
	}
	pthread_mutex_unlock(&writer->lock);
	return status;
}

void
writer_figures(struct writer *writer, struct writer_figures *out)
{
	pthread_mutex_lock(&writer->lock);
	*out = writer->figures;
	pthread_mutex_unlock(&writer->lock);
}
