/* SPDX-License-Identifier: ISC */
/*
 * The store process tells its children who is online with other work servers: to those that have
 * asked, and only while one of them does.
 */
#include <stdlib.h>

#include "server/store/store_service_parts.h"
#include "shared/wire.h"

enum { LIST_RETRY_MS = 1000 };

/* In a thread of the pool. */

static enum status
run_list_elsewhere(struct store *store, struct job *job)
{
	free(job->uids);
	job->uids = NULL;
	return store_session_remote(store, &job->uids, &job->uid_count);
}

const struct job_kind service_list_elsewhere = { 0, LANE_READ, true, run_list_elsewhere };

/* On the loop. */

static struct bytes
put_uids(const uint64_t *uids, size_t count, uint8_t room[ELSEWHERE_STEP * sizeof(uint64_t)])
{
	struct wire wire = wire_writer(room, ELSEWHERE_STEP * sizeof(uint64_t));

	for (size_t i = 0; i < count; i++)
		wire_put_u64(&wire, uids[i]);
	return bytes_of(room, wire.position);
}

static void
tell_elsewhere(void *arg, bool online, const uint64_t *uids, size_t count)
{
	const struct store_service *service = arg;
	uint8_t room[ELSEWHERE_STEP * sizeof(uint64_t)];
	const struct verb_elsewhere_changed changed = {
		.online = online,
		.uids = put_uids(uids, count, room),
	};

	for (size_t i = 0; i < service->child_count; i++) {
		const struct child *child = service->children[i];

		if (child != NULL && child->channel != NULL && child->asks_elsewhere)
			channel_send_message(child->channel,
			    verb_schema(VERB_ELSEWHERE_CHANGED), &changed, -1);
	}
}

static void
answer_elsewhere(const struct store_service *service, struct job *job)
{
	const struct verb_elsewhere *ask = (const void *)&job->ask;
	struct wire wire = wire_reader(ask->uids);
	uint64_t uids[2][ELSEWHERE_STEP];
	uint8_t rooms[2][sizeof(uids[0])];
	size_t counts[2] = { 0, 0 };
	struct verb_elsewhere_ok answer = { .request = ask->request };

	while (wire_left(&wire) >= sizeof(uint64_t)) {
		uint64_t uid = wire_get_u64(&wire);
		bool online = elsewhere_has(&service->elsewhere, uid);

		uids[online][counts[online]++] = uid;
	}
	answer.online = put_uids(uids[1], counts[1], rooms[1]);
	answer.absent = put_uids(uids[0], counts[0], rooms[0]);
	job_add_frame(&job->answers, VERB_ELSEWHERE_OK, &answer);
}

static void
list_now(struct store_service *service)
{
	if (service->is_listing)
		return;
	service->is_listing = true;
	service_post(service, job_new_own(&service_list_elsewhere), true);
}

/* A list that could not be read leaves everything as it was known. */
void
service_end_listing(struct store_service *service, struct job *job)
{
	struct job *waiting;

	service->is_listing = false;
	if (job->uids != NULL)
		elsewhere_replace(
		    &service->elsewhere, job->uids, job->uid_count, tell_elsewhere, service);
	job->uids = NULL;
	while ((waiting = STAILQ_FIRST(&service->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&service->waiting, next);
		if (service->elsewhere.is_known)
			answer_elsewhere(service, waiting);
		else
			job_fail(waiting, STATUS_STORE_AWAY, LIST_RETRY_MS);
		service_deliver(service, waiting);
	}
}

void
service_take_elsewhere(struct store_service *service, struct job *job)
{
	struct child *child = service_find_child(service, &job->child);

	if (child != NULL)
		child->asks_elsewhere = true;
	if (!store_config_is_shared(&service->config))
		service->elsewhere.is_known = true; /* nobody */
	if (service->elsewhere.is_known) {
		answer_elsewhere(service, job);
		service_deliver(service, job);
	} else {
		STAILQ_INSERT_TAIL(&service->waiting, job, next);
		list_now(service);
	}
}

/* While nobody asks, nobody needs to know. */
void
service_list_again(struct store_service *service)
{
	bool is_wanted = false;

	for (size_t i = 0; i < service->child_count; i++) {
		const struct child *child = service->children[i];

		is_wanted |= child != NULL && child->channel != NULL && child->asks_elsewhere;
	}
	if (is_wanted)
		list_now(service);
	else if (!service->is_listing)
		elsewhere_clear(&service->elsewhere);
}

void
service_forget_elsewhere(struct store_service *service)
{
	struct job *job;

	while ((job = STAILQ_FIRST(&service->waiting)) != NULL) {
		STAILQ_REMOVE_HEAD(&service->waiting, next);
		job_free(job);
	}
	elsewhere_clear(&service->elsewhere);
}
