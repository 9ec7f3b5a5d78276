/* SPDX-License-Identifier: ISC */
#include "server/store/store_service.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "server/store/job.h"
#include "server/store/store_lock.h"
#include "server/store/store_service_parts.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/mem.h"
#include "shared/wire.h"

enum {
	/* So often the database is asked for letters of other servers. */
	TICK_MS = 1000,
	GROW_MS = 5,
	IDLE_MS = 10000,
	BUSY_RETRY_MS = 500,
	FULL_RETRY_MS = 5000,
	/*
	 * Answers that may wait for one child; it cannot have asked for more than its socket
	 * holds.
	 */
	CHANNEL_LIMIT = 64 * 1024 * 1024,
	/* Bytes of requests that may wait; the queues count requests, and some are large. */
	BYTES_MAX = 64 * 1024 * 1024,
};

struct child *
service_find_child(const struct store_service *service, const struct store_child *who)
{
	struct child *child = NULL;

	if (who->index < service->child_count)
		child = service->children[who->index];
	if (child == NULL || child->channel == NULL || child->who.generation != who->generation)
		return NULL;
	return child;
}

static void
send_frames(struct child *child, struct bytes frames)
{
	struct frame frame;
	size_t used;

	while (frame_parse(frames, &frame, &used) == FRAME_WHOLE) {
		enum status status = channel_send(child->channel, bytes_of(frames.data, used), -1);

		if (status == STATUS_BUSY)
			log_warn("store: child %u does not read its answers; one is dropped",
			    child->who.index);
		if (status != STATUS_OK)
			return;
		frames = bytes_of((const uint8_t *)frames.data + used, frames.len - used);
	}
}

/* No jobs for a thread, only a frame on its way to a child. */
static const struct job_kind for_a_session = { 0 }, for_a_user = { 0 };

/* The user may be with another child by now, and each of them knows which. */
static struct child *
any_child(const struct store_service *service)
{
	for (size_t i = 0; i < service->child_count; i++)
		if (service->children[i] != NULL && service->children[i]->channel != NULL)
			return service->children[i];
	return NULL;
}

/* Ends a job on the loop: its frames go to whom they are for, if that process is still there. */
void
service_deliver(struct store_service *service, struct job *job)
{
	struct child *child = service_find_child(service, &job->child);

	if (child == NULL && job->kind == &for_a_user)
		child = any_child(service);
	if (child != NULL)
		send_frames(child, buffer_bytes(job->answers));
	service->bytes -= job->size;
	job_free(job);
}

static void
say_again(struct child *child)
{
	struct verb_session_again again = { .count = ++child->said_again };

	channel_send_message(child->channel, verb_schema(VERB_SESSION_AGAIN), &again, -1);
}

static void
end_renewal(struct store_service *service, const struct job *job)
{
	service->is_renewing = false;
	if (!job->is_new)
		return;
	service->was_new = true;
	for (size_t i = 0; i < service->child_count; i++)
		if (service->children[i] != NULL && service->children[i]->channel != NULL)
			say_again(service->children[i]);
}

static const struct job_kind take_letters;

static void
on_done(struct mqueue_item *item, void *arg)
{
	struct store_service *service = arg;
	struct job *job = CONTAINER_OF(item, struct job, item);

	if (job->kind == &job_renew_lease)
		end_renewal(service, job);
	if (job->kind == &take_letters)
		service->is_asking = false;
	if (job->kind == &job_sweep && job->status != STATUS_OK)
		service->children[job->child.index]->needs_sweep = true;
	if (job->kind == &service_list_elsewhere)
		service_end_listing(service, job);
	service_deliver(service, job);
}

static void
hand_back(struct job *job)
{
	enum status status = mqueue_push(job->service->done, &job->item);

	assert(status == STATUS_OK);
	(void)status;
}

static uint32_t
retry_ms(enum status status, const struct store *store)
{
	if (status == STATUS_DISK_FULL)
		return FULL_RETRY_MS;
	return store_is_failure(status) ? store_retry_ms(store) : 0;
}

static void
finish(struct job *job, const struct store *store, enum status status)
{
	job->status = status;
	if (status != STATUS_OK)
		job_fail(job, status, retry_ms(status, store));
	hand_back(job);
}

/* In a thread of the pool. */

static void *
start_reading(void *arg)
{
	struct store_service *service = arg;

	return store_new(&service->config, &service->breaker);
}

static void
stop_reading(void *arg UNUSED, void *tool)
{
	store_close(tool);
}

static void
run_read(void *arg UNUSED, void *tool, struct pool_job *waiting)
{
	struct job *job = CONTAINER_OF(waiting, struct job, wait.pool);

	finish(job, tool, job_run(job, tool));
}


static void
on_letter(void *arg, const struct store_letter *letter)
{
	const struct job *asking = arg;
	const struct verb_session_taken taken = { .uid = letter->uid, .session = letter->session };
	const struct verb_letter frame = {
		.uid = letter->uid,
		.session = letter->session,
		.frame = letter->frame,
	};
	struct job *job;

	if (letter->frame.len > 0) {
		job = job_new_own(&for_a_user);
		job_add_frame(&job->answers, VERB_LETTER, &frame);
	} else {
		job = job_new_own(&for_a_session);
		job_add_frame(&job->answers, VERB_SESSION_TAKEN, &taken);
	}
	job->service = asking->service;
	job->child = letter->child;
	hand_back(job);
}

static enum status
run_take_letters(struct store *store, struct job *job)
{
	return store_letters_take(store, on_letter, job);
}

static const struct job_kind take_letters = { 0, LANE_READ, true, run_take_letters };

/* In the writer's thread. */

static enum status
run_write(void *arg UNUSED, struct store *store, struct writer_job *waiting)
{
	return job_run(CONTAINER_OF(waiting, struct job, wait.writer), store);
}

static void
done_writing(void *arg UNUSED, struct store *store, struct writer_job *waiting, enum status status)
{
	finish(CONTAINER_OF(waiting, struct job, wait.writer), store, status);
}

/* On the loop again. */

void
service_post(struct store_service *service, struct job *job, bool urgent)
{
	enum status status;

	job->service = service;
	job->online = service->online;
	service->bytes += job->size;
	if (job->kind->lane == LANE_LOOP) {
		service_take_elsewhere(service, job);
		return;
	}
	if (job->kind->is_for_shared && !store_config_is_shared(&service->config)) {
		status = job_run(job, service->idle);
		if (status != STATUS_OK)
			job_fail(job, status, 0);
		service_deliver(service, job);
		return;
	}
	if (service->bytes > BYTES_MAX && !urgent)
		status = STATUS_BUSY;
	else if (job->kind->lane == LANE_WRITE)
		status = writer_post(service->writer, &job->wait.writer, urgent);
	else
		status = pool_post(service->pool, &job->wait.pool, urgent);
	service->reads += job->kind->lane == LANE_READ && status == STATUS_OK;
	if (status == STATUS_OK)
		return;
	service->refused++;
	job_fail(job, STATUS_BUSY, BUSY_RETRY_MS);
	service_deliver(service, job);
}

static void
refuse_frame(struct child *child, const struct frame *frame, enum status status)
{
	struct wire wire = wire_reader(frame->payload);
	struct verb_store_error error = {
		.request = wire_get_u32(&wire),
		.status = (uint16_t)status,
	};

	log_error("store: child %u sent %s (type 0x%04x) wrongly: %s", child->who.index,
	    verb_name(frame->type), frame->type, status_text(status));
	channel_send_message(child->channel, verb_schema(VERB_STORE_ERROR), &error, -1);
}

static void
on_frame(struct channel *channel UNUSED, const struct frame *frame, int fd, void *arg)
{
	struct child *child = arg;
	struct job *job;
	enum status status = job_new(frame, &job);

	if (fd >= 0)
		close(fd);
	if (status != STATUS_OK) {
		refuse_frame(child, frame, status);
		return;
	}
	job->child = child->who;
	service_post(child->service, job, false);
}

/* The sessions of whoever had this place before are over; nobody else will say so. */
static void
sweep(struct child *child)
{
	struct job *job = job_new_own(&job_sweep);

	child->needs_sweep = false;
	job->child = child->who;
	service_post(child->service, job, true);
}

static void
on_closed(struct channel *channel UNUSED, void *arg)
{
	struct child *child = arg;

	channel_free(child->channel);
	child->channel = NULL;
	child->who.generation = 0;
	sweep(child);
}

static const struct channel_events channel_events = { on_frame, on_closed, NULL };

static struct child *
place_for(struct store_service *service, uint16_t index)
{
	if (index >= service->child_count) {
		service->children = mem_resize(service->children, (size_t)index + 1,
		    sizeof(*service->children));
		while (service->child_count <= index)
			service->children[service->child_count++] = NULL;
	}
	if (service->children[index] == NULL)
		service->children[index] = mem_new(sizeof(struct child));
	return service->children[index];
}

void
store_service_add_child(struct store_service *service, uint16_t index, uint32_t generation, int fd)
{
	struct child *child = place_for(service, index);

	assert(generation != 0);
	channel_free(child->channel);
	*child = (struct child){ .service = service, .who = { index, generation } };
	child->channel = channel_new(service->base, fd, &channel_events, child);
	channel_set_limit(child->channel, CHANNEL_LIMIT);
	sweep(child);
	if (service->was_new)
		say_again(child);
}

static void
on_tick(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct store_service *service = arg;

	if (service->ticks++ % (STORE_RENEW_MS / TICK_MS) == 0 && !service->is_renewing) {
		service->is_renewing = true;
		service_post(service, job_new_own(&job_renew_lease), true);
	}
	if (!service->is_asking) {
		service->is_asking = true;
		service_post(service, job_new_own(&take_letters), true);
	}
	for (size_t i = 0; i < service->child_count; i++)
		if (service->children[i] != NULL && service->children[i]->needs_sweep)
			sweep(service->children[i]);
	service_list_again(service);
}

static void
start_ticking(struct store_service *service)
{
	const struct timeval every = { TICK_MS / 1000, TICK_MS % 1000 * 1000 };

	if (!store_config_is_shared(&service->config))
		return;
	service->tick = event_new(service->base, -1, EV_PERSIST, on_tick, service);
	event_add(service->tick, &every);
	on_tick(-1, 0, service);
}

/*
 * The database is made, brought up to date, or found to be away; anything else is for the
 * operator.
 */
static enum status
open_once(struct store_service *service, char *why, size_t room)
{
	struct store *store;
	enum status status = store_lock_take(&service->config, STORE_LOCK_PATIENCE_MS,
	    &service->lock, why, room);

	if (status != STATUS_OK)
		return status;
	status = store_open(&service->config, &service->breaker, &store, why, room);
	store_close(store);
	/* All this passes. */
	if (status == STATUS_STORE_AWAY || status == STATUS_BUSY || status == STATUS_DISK_FULL)
		return STATUS_OK;
	return status;
}

static void
warn_if_exposed(const struct store_config *config)
{
	char name[512];

	if (!store_config_is_exposed(config))
		return;
	store_config_describe(config, name, sizeof(name));
	log_warn("store: the way to %s is not encrypted: it needs a network of its own, "
	    "or a tunnel (tingyu-security(7))", name);
}

static void
start_threads(struct store_service *service)
{
	const struct pool_options pool = {
		.minimum = service->config.threads_min,
		.maximum = service->config.threads_max,
		.queue_max = service->config.queue_max,
		.grow_ms = GROW_MS,
		.idle_ms = IDLE_MS,
		.on_start = start_reading,
		.on_stop = stop_reading,
		.run = run_read,
		.arg = service,
	};
	const struct writer_options writer = {
		.queue_max = service->config.queue_max,
		.run = run_write,
		.done = done_writing,
		.arg = service,
	};

	service->pool = pool_new(&pool);
	service->writer = writer_new(&writer, store_new(&service->config, &service->breaker));
	writer_start(service->writer);
}

enum status
store_service_new(struct event_base *base, const struct store_config *config,
    store_online_snapshot *online_snapshot, void *arg, struct store_service **out, char *why,
    size_t room)
{
	struct store_service *service = mem_new(sizeof(*service));
	enum status status;

	*out = NULL;
	signal(SIGXFSZ, SIG_IGN);
	service->base = base;
	service->config = *config;
	service->lock = -1;
	warn_if_exposed(config);
	STAILQ_INIT(&service->waiting);
	status = open_once(service, why, room);
	if (status == STATUS_OK) {
		status = mqueue_new(SIZE_MAX, &service->done);
		if (status != STATUS_OK)
			snprintf(why, room, "%s", status_text(status));
	}
	if (status != STATUS_OK) {
		store_service_free(service);
		return status;
	}
	service->idle = store_new(&service->config, &service->breaker);
	service->online = online_new(online_snapshot, arg);
	mqueue_listen(service->done, base, on_done, service);
	start_threads(service);
	start_ticking(service);
	*out = service;
	return STATUS_OK;
}

static void
end_lease(struct store_service *service)
{
	struct store *store = store_new(&service->config, &service->breaker);

	store_lease_end(store);
	store_close(store);
}

/* What the threads have done before they ended goes out now. */
static void
deliver_rest(struct store_service *service)
{
	struct mqueue_item *item;

	if (service->done == NULL)
		return;
	mqueue_close(service->done);
	while ((item = mqueue_take(service->done)) != NULL)
		service_deliver(service, CONTAINER_OF(item, struct job, item));
	mqueue_free(service->done);
}

void
store_service_free(struct store_service *service)
{
	if (service == NULL)
		return;
	if (service->tick != NULL)
		event_free(service->tick);
	/* They post nothing any more; what they had is still here afterwards. */
	writer_free(service->writer);
	pool_free(service->pool);
	deliver_rest(service);
	service_forget_elsewhere(service);
	for (size_t i = 0; i < service->child_count; i++) {
		struct child *child = service->children[i];

		if (child != NULL && child->channel != NULL) {
			channel_flush(child->channel);
			channel_free(child->channel);
		}
		free(child);
	}
	free(service->children);
	if (service->pool != NULL)
		end_lease(service);
	online_free(service->online);
	store_close(service->idle);
	if (service->lock >= 0)
		close(service->lock);
	store_config_clear(&service->config);
	free(service);
}

void
store_service_figures(const struct store_service *service, struct store_figures *out)
{
	struct pool_figures pool;
	struct writer_figures writer;

	pool_figures(service->pool, &pool);
	writer_figures(service->writer, &writer);
	*out = (struct store_figures){
		.threads = pool.threads,
		.reads_waiting = pool.waiting,
		.writes_waiting = writer.waiting,
		.reads = service->reads,
		.writes = writer.jobs,
		.commits = writer.commits,
		.batches_split = writer.split,
		.refused = service->refused,
	};
	for (size_t i = 0; i < service->child_count; i++)
		if (service->children[i] != NULL && service->children[i]->channel != NULL)
			out->children++;
}
