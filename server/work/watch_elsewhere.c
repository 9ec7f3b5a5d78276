/* SPDX-License-Identifier: ISC */
/* Who is online with other work servers: the store knows, and says when it changes. */

#include "server/store/store_client.h"
#include "server/work/answer.h"
#include "server/work/session.h"
#include "server/work/watch_parts.h"
#include "server/work/worker.h"
#include "shared/compiler.h"
#include "shared/protocol.h"
#include "shared/wire.h"

enum { RETRY_MS = 2000 };

bool
watch_is_alone(const struct watch *watch)
{
	return watch->worker->registrar == NULL;
}

static void
learn(struct watch *watch, struct bytes uids, bool is_elsewhere)
{
	struct wire wire = wire_reader(uids);
	struct watched *watched;

	while (wire_left(&wire) >= sizeof(uint64_t)) {
		watched = watch_find(watch, wire_get_u64(&wire));
		if (watched == NULL)
			continue;
		watched->is_elsewhere = is_elsewhere;
		watched->is_known = true;
		watch_look(watch, watched);
	}
}

void
watch_on_elsewhere(struct worker *worker, const struct verb_elsewhere_changed *changed)
{
	learn(worker->watch, changed->uids, changed->online);
}

static void
learn_answer(struct watch *watch, const struct verb_elsewhere_ok *answer)
{
	learn(watch, answer->online, true);
	learn(watch, answer->absent, false);
}

static struct bytes
put_uids(const uint64_t *uids, size_t count, uint8_t room[WATCH_UIDS_MAX * sizeof(uint64_t)])
{
	struct wire wire = wire_writer(room, WATCH_UIDS_MAX * sizeof(uint64_t));

	for (size_t i = 0; i < count; i++)
		wire_put_u64(&wire, uids[i]);
	return bytes_of(room, wire.position);
}

/* --- for one session ------------------------------------------------------------------------ */

static void
on_session_answer(void *arg, const struct store_answer *answer)
{
	const struct msg_watch_ok message = { .request = answer->tag };
	struct session *session = arg;

	if (!answer_is_good(session, answer))
		return;
	learn_answer(session->worker->watch, answer->message);
	session_send(session, MSG_WATCH_OK, &message);
}

bool
watch_ask_for_session(struct session *session, uint32_t request)
{
	const struct watcher *watcher = session->watcher;
	uint8_t room[WATCH_UIDS_MAX * sizeof(uint64_t)];
	uint64_t uids[WATCH_UIDS_MAX];
	struct verb_elsewhere ask;
	size_t count = 0;

	for (size_t i = 0; watcher != NULL && i < watcher->count; i++)
		if (!watcher->items[i].watched->is_known)
			uids[count++] = watcher->items[i].watched->uid;
	if (count == 0)
		return false;
	ask.uids = put_uids(uids, count, room);
	answer_ask(session, request, VERB_ELSEWHERE, &ask, on_session_answer);
	return true;
}

/* --- for everybody, when there is another store process ------------------------------------- */

/* One that could not be answered is asked again with all the others. */
static void
on_answer(void *arg, const struct store_answer *answer)
{
	struct watch *watch = arg;

	if (answer->status == STATUS_OK) {
		learn_answer(watch, answer->message);
		return;
	}
	watch->asks_again = true;
	watch_look_at_everybody(watch, answer->retry_ms + RETRY_MS);
}

void
watch_flush_asked(struct watch *watch)
{
	uint8_t room[sizeof(watch->batch)];
	const struct verb_elsewhere ask = {
		.uids = put_uids(watch->batch, watch->batch_count, room),
	};

	if (watch->batch_count > 0)
		store_client_ask(
		    watch->worker->store, VERB_ELSEWHERE, &ask, on_answer, watch, 0);
	watch->batch_count = 0;
}

void
watch_ask_again(struct watch *watch, uint64_t uid)
{
	watch->batch[watch->batch_count++] = uid;
	if (watch->batch_count == ARRAY_LEN(watch->batch))
		watch_flush_asked(watch);
}

void
watch_on_store(struct worker *worker)
{
	if (watch_is_alone(worker->watch))
		return;
	worker->watch->asks_again = true;
	watch_look_at_everybody(worker->watch, 0);
}
