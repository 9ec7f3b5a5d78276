/* SPDX-License-Identifier: ISC */
#include "server/store/job.h"

#include <stdlib.h>

#include "server/store/online.h"
#include "shared/mem.h"
#include "shared/wire.h"

void
job_add_frame(struct buffer **frames, uint16_t verb, const void *message)
{
	const struct schema *schema = verb_schema(verb);

	codec_encode(schema, message, buffer_extend(frames, codec_frame_size(schema, message)));
}

static enum status
answer(struct job *job, enum status status, uint16_t verb, const void *message)
{
	if (status == STATUS_OK)
		job_add_frame(&job->answers, verb, message);
	return status;
}

/*
 * Every verb that children may ask: the request as "ask", and "out" to be filled in and sent
 * after STATUS_OK.
 */
#define RUN(name, NAME, call) \
	static enum status run_##name(struct store *store, struct job *job) \
	{ \
		const struct verb_##name *ask = (const void *)&job->ask; \
		struct verb_##name##_ok out = { .request = ask->request }; \
		enum status status = call; \
		\
		out.request = ask->request; \
		return answer(job, status, VERB_##NAME##_OK, &out); \
	}

RUN(account_add, ACCOUNT_ADD, store_account_add(store, ask, &out))
RUN(account_get, ACCOUNT_GET, store_account_get(store, ask, &out))
RUN(account_delete, ACCOUNT_DELETE, store_account_delete(store, ask, &job->was_there))
RUN(account_find, ACCOUNT_FIND, store_account_find(store, ask, &out))
RUN(account_epoch, ACCOUNT_EPOCH, store_account_epoch(store, ask, &out))
RUN(session_add, SESSION_ADD, store_session_add(store, &job->child, ask))
RUN(session_remove, SESSION_REMOVE, store_session_remove(store, &job->child, ask))
RUN(letter_put, LETTER_PUT, store_letter_put(store, ask))
RUN(session_find, SESSION_FIND, store_session_find(store, ask, &out))

static enum status
run_bundle_put(struct store *store, struct job *job)
{
	const struct verb_bundle_put *ask = (const void *)&job->ask;
	struct verb_bundle_put_ok out = { .request = ask->request };
	enum status status = store_bundle_put(store, ask, &out);

	job->detail = status == STATUS_CONFLICT ? out.version : 0;
	return answer(job, status, VERB_BUNDLE_PUT_OK, &out);
}

static void
on_item(void *arg, const struct verb_page_item *item)
{
	struct job *job = arg;

	job_add_frame(&job->answers, VERB_PAGE_ITEM, item);
}

static enum status
run_account_page(struct store *store, struct job *job)
{
	const struct verb_account_page *ask = (const void *)&job->ask;
	struct verb_page_end out;
	enum status status = store_account_page(store, ask, job->online, on_item, job, &out);

	job->detail = status == STATUS_NO_SUCH_PAGE ? out.pages : 0;
	return answer(job, status, VERB_PAGE_END, &out);
}

static enum status
run_sweep(struct store *store, struct job *job)
{
	return store_session_sweep(store, &job->child);
}

static enum status
run_renew_lease(struct store *store, struct job *job)
{
	return store_lease_renew(store, &job->is_new);
}

const struct job_kind job_sweep = { 0, LANE_WRITE, true, run_sweep };
const struct job_kind job_renew_lease = { 0, LANE_READ, true, run_renew_lease };

static const struct job_kind kinds[] = {
	{ VERB_ACCOUNT_ADD, LANE_WRITE, false, run_account_add },
	{ VERB_ACCOUNT_GET, LANE_READ, false, run_account_get },
	{ VERB_ACCOUNT_DELETE, LANE_WRITE, false, run_account_delete },
	{ VERB_ACCOUNT_FIND, LANE_READ, false, run_account_find },
	{ VERB_ACCOUNT_PAGE, LANE_READ, false, run_account_page },
	{ VERB_ACCOUNT_EPOCH, LANE_READ, false, run_account_epoch },
	{ VERB_BUNDLE_PUT, LANE_WRITE, false, run_bundle_put },
	{ VERB_SESSION_ADD, LANE_WRITE, true, run_session_add },
	{ VERB_SESSION_REMOVE, LANE_WRITE, true, run_session_remove },
	{ VERB_SESSION_FIND, LANE_READ, true, run_session_find },
	{ VERB_LETTER_PUT, LANE_WRITE, true, run_letter_put },
	{ VERB_ELSEWHERE, LANE_LOOP, true, NULL },
};

const struct job_kind *
job_kind_of(uint16_t verb)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].verb == verb)
			return &kinds[i];
	return NULL;
}

enum status
job_new(const struct frame *frame, struct job **out)
{
	const struct job_kind *kind = job_kind_of(frame->type);
	struct bytes payload;
	struct job *job;
	enum status status;

	*out = NULL;
	if (kind == NULL)
		return STATUS_UNKNOWN_TYPE;
	job = mem_new(sizeof(*job) + frame->payload.len);
	job->kind = kind;
	job->size = frame->payload.len;
	memcpy(job->payload, frame->payload.data, frame->payload.len);
	payload = bytes_of(job->payload, frame->payload.len);
	status = codec_decode(verb_schema(frame->type), payload, &job->ask, NULL);
	if (status != STATUS_OK) {
		job_free(job);
		return status;
	}
	job->request = *(const uint32_t *)&job->ask;
	*out = job;
	return STATUS_OK;
}

struct job *
job_new_own(const struct job_kind *kind)
{
	struct job *job = mem_new(sizeof(*job));

	job->kind = kind;
	return job;
}

void
job_free(struct job *job)
{
	if (job == NULL)
		return;
	buffer_free(&job->answers);
	free(job->uids);
	free(job);
}

enum status
job_run(struct job *job, struct store *store)
{
	buffer_free(&job->answers);
	return job->kind->run(store, job);
}

void
job_fail(struct job *job, enum status status, uint32_t retry_ms)
{
	const struct verb_store_error error = {
		.request = job->request,
		.status = (uint16_t)status,
		.retry_ms = retry_ms,
		.detail = job->detail,
	};

	buffer_free(&job->answers);
	if (job->kind->verb != 0)
		job_add_frame(&job->answers, VERB_STORE_ERROR, &error);
}
