/* SPDX-License-Identifier: ISC */
#include "client-tui/net/helper.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include <event2/event.h>

#include "shared/link.h"
#include "shared/mem.h"

enum { HELPER_JOBS_MAX = 256 };

struct helper {
	struct mqueue *todo;     /* to the thread */
	struct mqueue *finished; /* back */
	struct event_base *base; /* the thread's */
	pthread_t thread;
	atomic_bool is_stopping;
	struct mqueue_item stop; /* pushed instead of a job */
	size_t under_way;
};

static struct helper_job *
job_of(struct mqueue_item *item)
{
	return CONTAINER_OF(item, struct helper_job, item);
}

/* The thread's. */
static void
helper_on_todo(struct mqueue_item *item, void *arg)
{
	struct helper *helper = arg;
	struct helper_job *job = job_of(item);
	enum status status;

	if (item == &helper->stop) {
		event_base_loopbreak(helper->base);
		return;
	}
	if (!atomic_load(&helper->is_stopping)) {
		job->run(job);
		job->did_run = true;
	}
	status = mqueue_push(helper->finished, item);
	assert(status == STATUS_OK);
	(void)status;
}

static void *
helper_main(void *arg)
{
	struct helper *helper = arg;

	event_base_dispatch(helper->base);
	return NULL;
}

/* The owner's. */
static void
helper_on_finished(struct mqueue_item *item, void *arg)
{
	struct helper *helper = arg;
	struct helper_job *job = job_of(item);

	helper->under_way--;
	job->done(job);
}

/* Signals are for the other threads. */
static enum status
start_thread(struct helper *helper)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&helper->thread, NULL, helper_main, helper);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error == 0 ? STATUS_OK : status_of_errno(error);
}

static void
release(struct helper *helper)
{
	mqueue_free(helper->todo);
	mqueue_free(helper->finished);
	if (helper->base != NULL)
		event_base_free(helper->base);
	free(helper);
}

enum status
helper_start(struct event_base *base, struct helper **out)
{
	struct helper *helper = mem_new(sizeof(*helper));
	enum status status = mqueue_new(HELPER_JOBS_MAX + 1, &helper->todo);

	if (status == STATUS_OK)
		status = mqueue_new(HELPER_JOBS_MAX, &helper->finished);
	if (status == STATUS_OK) {
		helper->base = link_base_new();
		status = helper->base != NULL ? STATUS_OK : STATUS_SYSTEM;
	}
	if (status == STATUS_OK) {
		/* The thread is not there yet, so its queue may be set up from here. */
		mqueue_listen(helper->todo, helper->base, helper_on_todo, helper);
		mqueue_listen(helper->finished, base, helper_on_finished, helper);
		status = start_thread(helper);
	}
	if (status != STATUS_OK) {
		release(helper);
		return status;
	}
	*out = helper;
	return STATUS_OK;
}

enum status
helper_post(struct helper *helper, struct helper_job *job)
{
	enum status status;

	if (helper->under_way == HELPER_JOBS_MAX)
		return STATUS_BUSY;
	job->did_run = false;
	status = mqueue_push(helper->todo, &job->item);
	if (status == STATUS_OK)
		helper->under_way++;
	return status;
}

void
helper_stop(struct helper *helper)
{
	struct mqueue_item *item;
	enum status status;

	if (helper == NULL)
		return;
	atomic_store(&helper->is_stopping, true);
	/* There is always room: one more than jobs can be. */
	status = mqueue_push(helper->todo, &helper->stop);
	assert(status == STATUS_OK);
	(void)status;
	pthread_join(helper->thread, NULL);
	mqueue_close(helper->todo);
	mqueue_close(helper->finished);
	while ((item = mqueue_take(helper->finished)) != NULL)
		helper_on_finished(item, helper);
	release(helper);
}
