/* SPDX-License-Identifier: ISC */
#include "server/work/watch.h"

#include <stdlib.h>

#include "server/bus/bus.h"
#include "server/store/store_client.h"
#include "server/work/dispatch.h"
#include "server/work/session.h"
#include "server/work/watch_parts.h"
#include "server/work/whisper.h"
#include "server/work/worker.h"
#include "shared/clock.h"
#include "shared/compiler.h"
#include "shared/log.h"
#include "shared/mem.h"
#include "shared/wire.h"

enum {
	UID_SIZE = sizeof(uint64_t),
	BUCKETS_START = 64,
	/* Changes are gathered for so long, or until there are WATCH_CHANGES_MAX. */
	GATHER_MS = 100,
	/* A sibling that could not take a word gets it later. */
	AGAIN_MS = 1000,
	/* Whoever comes back sooner was not away: a changed address, another child, a new login. */
	ABSENT_MS = 700,
	/* Looking at everybody: so many buckets, then everything else has its turn. */
	LOOK_STEP = 65536,
	LOOK_PAUSE_MS = 1,
};

struct watch *
watch_new(struct worker *worker)
{
	struct watch *watch = mem_new(sizeof(*watch));

	watch->worker = worker;
	watch->bucket_count = BUCKETS_START;
	watch->buckets = mem_new_array(watch->bucket_count, sizeof(*watch->buckets));
	STAILQ_INIT(&watch->doubts);
	return watch;
}

/* --- users who are watched --------------------------------------------------------------- */

static struct bucket *
bucket_of(const struct watch *watch, uint64_t uid)
{
	/* Uids are counted up: the golden ratio spreads them evenly. */
	return &watch->buckets[uid * 0x9e3779b97f4a7c15u >> 32 & (watch->bucket_count - 1)];
}

struct watched *
watch_find(const struct watch *watch, uint64_t uid)
{
	struct watched *watched;

	SLIST_FOREACH(watched, bucket_of(watch, uid), next)
		if (watched->uid == uid)
			break;
	return watched;
}

static void
grow(struct watch *watch)
{
	struct bucket *old = watch->buckets;
	size_t old_count = watch->bucket_count;
	struct watched *watched;

	watch->bucket_count *= 2;
	watch->buckets = mem_new_array(watch->bucket_count, sizeof(*watch->buckets));
	for (size_t i = 0; i < old_count; i++)
		while ((watched = SLIST_FIRST(&old[i])) != NULL) {
			SLIST_REMOVE_HEAD(&old[i], next);
			SLIST_INSERT_HEAD(bucket_of(watch, watched->uid), watched, next);
		}
	free(old);
	/* Where everybody was looked at until now is somewhere else. */
	if (watch->look_left > 0)
		watch->look_left = watch->bucket_count;
}

static bool
is_online(const struct watch *watch, const struct watched *watched)
{
	return watched->is_elsewhere || bus_find(watch->worker->bus, watched->uid, NULL);
}

static struct watched *
watched_get(struct watch *watch, uint64_t uid)
{
	struct watched *watched = watch_find(watch, uid);

	if (watched != NULL)
		return watched;
	if (watch->watched_count >= watch->bucket_count)
		grow(watch);
	watched = mem_new(sizeof(*watched));
	LIST_INIT(&watched->subscriptions);
	watched->uid = uid;
	watched->is_known = watch_is_alone(watch);
	SLIST_INSERT_HEAD(bucket_of(watch, uid), watched, next);
	watch->watched_count++;
	watch_look(watch, watched);
	return watched;
}

static void
watched_free(struct watch *watch, struct watched *watched)
{
	SLIST_REMOVE(bucket_of(watch, watched->uid), watched, watched, next);
	watch->watched_count--;
	free(watched);
}

/* --- what is said of them ------------------------------------------------------------------ */

static void
tell(const struct subscription *subscription)
{
	const struct watched *watched = subscription->watched;
	const struct msg_presence message = {
		.uid = watched->uid,
		.online = watched->told == WATCHED_ONLINE,
	};

	session_send(subscription->session, MSG_PRESENCE, &message);
}

static void
tell_all(struct watched *watched, enum watched_as as)
{
	const struct subscription *subscription;

	watched->told = as;
	LIST_FOREACH(subscription, &watched->subscriptions, next)
		tell(subscription);
}

static void watch_on_doubt_due(struct wheel_timer *timer);

static void
arm_doubt(struct watch *watch, uint64_t now)
{
	const struct doubt *first = STAILQ_FIRST(&watch->doubts);

	if (first != NULL)
		wheel_set(watch->worker->wheel, &watch->doubt,
		    first->due > now ? first->due - now : 0, watch_on_doubt_due);
}

static void
add_doubt(struct watch *watch, struct watched *watched)
{
	uint64_t now = clock_monotonic_ms();
	struct doubt *doubt = mem_new(sizeof(*doubt));

	watched->is_in_doubt = true;
	doubt->uid = watched->uid;
	doubt->due = now + ABSENT_MS;
	STAILQ_INSERT_TAIL(&watch->doubts, doubt, next);
	if (STAILQ_FIRST(&watch->doubts) == doubt)
		arm_doubt(watch, now);
}

void
watch_look(struct watch *watch, struct watched *watched)
{
	if (is_online(watch, watched)) {
		if (watched->told != WATCHED_ONLINE)
			tell_all(watched, WATCHED_ONLINE);
	} else if (watched->told == WATCHED_UNTOLD && watched->is_known) {
		tell_all(watched, WATCHED_ABSENT);
	} else if (watched->told == WATCHED_ONLINE && !watched->is_in_doubt) {
		add_doubt(watch, watched);
	}
}

static void
end_doubt(struct watch *watch, uint64_t uid)
{
	struct watched *watched = watch_find(watch, uid);

	if (watched == NULL)
		return;
	watched->is_in_doubt = false;
	if (watched->told == WATCHED_ONLINE && !is_online(watch, watched))
		tell_all(watched, WATCHED_ABSENT);
}

static void
watch_on_doubt_due(struct wheel_timer *timer)
{
	struct watch *watch = CONTAINER_OF(timer, struct watch, doubt);
	uint64_t now = clock_monotonic_ms();
	struct doubt *doubt;

	while ((doubt = STAILQ_FIRST(&watch->doubts)) != NULL && doubt->due <= now) {
		STAILQ_REMOVE_HEAD(&watch->doubts, next);
		end_doubt(watch, doubt->uid);
		free(doubt);
	}
	arm_doubt(watch, now);
}

static void
watch_on_look_due(struct wheel_timer *timer)
{
	struct watch *watch = CONTAINER_OF(timer, struct watch, look);
	struct watched *watched;

	for (int i = 0; i < LOOK_STEP && watch->look_left > 0; i++) {
		SLIST_FOREACH(watched, &watch->buckets[watch->look_next], next) {
			watch_look(watch, watched);
			if (watch->asks_again)
				watch_ask_again(watch, watched->uid);
		}
		watch->look_next = (watch->look_next + 1) & (watch->bucket_count - 1);
		watch->look_left--;
	}
	watch_flush_asked(watch);
	if (watch->look_left > 0)
		wheel_set(watch->worker->wheel, timer, LOOK_PAUSE_MS, watch_on_look_due);
	else
		watch->asks_again = false;
}

void
watch_look_at_everybody(struct watch *watch, uint32_t delay_ms)
{
	watch->look_left = watch->bucket_count;
	wheel_set(watch->worker->wheel, &watch->look, delay_ms, watch_on_look_due);
}

/* --- between children ----------------------------------------------------------------------- */

static void
announce(struct watch *watch, size_t count)
{
	uint8_t uids[WATCH_CHANGES_MAX * UID_SIZE], frame[sizeof(uids) + 16];
	struct wire wire = wire_writer(uids, sizeof(uids));
	struct whisper_changed message;
	size_t size;

	for (size_t i = 0; i < count; i++)
		wire_put_u64(&wire, watch->changes[i]);
	message.uids = bytes_of(uids, wire.position);
	size = codec_encode(whisper_schema(WHISPER_CHANGED), &message, frame);
	watch->is_incomplete =
	    bus_announce(watch->worker->bus, bytes_of(frame, size)) != STATUS_OK;
}

static void watch_on_gathered(struct wheel_timer *timer);

static void
announce_changes(struct watch *watch)
{
	announce(watch, watch->is_incomplete ? 0 : watch->change_count);
	watch->change_count = 0;
	if (watch->is_incomplete)
		wheel_set(watch->worker->wheel, &watch->gather, AGAIN_MS, watch_on_gathered);
	else
		wheel_clear(watch->worker->wheel, &watch->gather);
}

static void
watch_on_gathered(struct wheel_timer *timer)
{
	announce_changes(CONTAINER_OF(timer, struct watch, gather));
}

void
watch_note(struct worker *worker, uint64_t uid)
{
	struct watch *watch = worker->watch;
	struct watched *watched = watch_find(watch, uid);

	if (watched != NULL)
		watch_look(watch, watched);
	watch->changes[watch->change_count++] = uid;
	if (watch->change_count == WATCH_CHANGES_MAX)
		announce_changes(watch);
	else if (!wheel_is_set(&watch->gather))
		wheel_set(worker->wheel, &watch->gather, GATHER_MS, watch_on_gathered);
}

void
watch_on_sibling(struct worker *worker)
{
	struct watch *watch = worker->watch;

	watch->is_incomplete = true;
	if (!wheel_is_set(&watch->gather))
		wheel_set(worker->wheel, &watch->gather, GATHER_MS, watch_on_gathered);
}

void
watch_on_changed(struct worker *worker, struct bytes uids)
{
	struct wire wire = wire_reader(uids);
	struct watched *watched;

	if (uids.len == 0)
		watch_look_at_everybody(worker->watch, LOOK_PAUSE_MS);
	while (wire_left(&wire) >= UID_SIZE) {
		watched = watch_find(worker->watch, wire_get_u64(&wire));
		if (watched != NULL)
			watch_look(worker->watch, watched);
	}
}

/* --- sessions ------------------------------------------------------------------------------- */

static void
watcher_free(struct watch *watch, struct watcher *watcher)
{
	for (size_t i = 0; watcher != NULL && i < watcher->count; i++) {
		struct watched *watched = watcher->items[i].watched;

		LIST_REMOVE(&watcher->items[i], next);
		if (LIST_EMPTY(&watched->subscriptions))
			watched_free(watch, watched);
	}
	free(watcher);
}

void
watch_forget(struct session *session)
{
	watcher_free(session->worker->watch, session->watcher);
	session->watcher = NULL;
}

static int
compare_uids(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return one < other ? -1 : one > other;
}

/* Each of them once. False: they are no uids. */
static bool
read_uids(struct bytes bytes, uint64_t uids[WATCH_UIDS_MAX], size_t *count)
{
	struct wire wire = wire_reader(bytes);
	size_t kept = 0;

	*count = bytes.len / UID_SIZE;
	for (size_t i = 0; i < *count; i++) {
		uids[i] = wire_get_u64(&wire);
		if (uids[i] == 0)
			return false;
	}
	qsort(uids, *count, sizeof(*uids), compare_uids);
	for (size_t i = 0; i < *count; i++)
		if (kept == 0 || uids[kept - 1] != uids[i])
			uids[kept++] = uids[i];
	*count = kept;
	return wire_left(&wire) == 0;
}

static struct watcher *
watcher_new(struct session *session, const uint64_t *uids, size_t count)
{
	struct watcher *watcher;

	if (count == 0)
		return NULL;
	watcher = mem_new(sizeof(*watcher) + count * sizeof(watcher->items[0]));
	watcher->count = count;
	for (size_t i = 0; i < count; i++) {
		struct subscription *item = &watcher->items[i];

		item->session = session;
		item->watched = watched_get(session->worker->watch, uids[i]);
		LIST_INSERT_HEAD(&item->watched->subscriptions, item, next);
	}
	return watcher;
}

void
handle_watch(struct session *session, const struct msg_watch *message)
{
	const struct msg_watch_ok answer = { .request = message->request };
	struct watcher *before = session->watcher;
	uint64_t uids[WATCH_UIDS_MAX];
	size_t count;

	if (!read_uids(message->uids, uids, &count)) {
		session_error(session, message->request, STATUS_BAD_VALUE, 0, NULL);
		return;
	}
	session->watcher = watcher_new(session, uids, count);
	watcher_free(session->worker->watch, before);
	for (size_t i = 0; i < count; i++)
		if (session->watcher->items[i].watched->told != WATCHED_UNTOLD)
			tell(&session->watcher->items[i]);
	if (!watch_ask_for_session(session, message->request))
		session_send(session, MSG_WATCH_OK, &answer);
}

void
watch_free(struct watch *watch)
{
	struct doubt *doubt;

	if (watch == NULL)
		return;
	store_client_cancel(watch->worker->store, watch);
	while ((doubt = STAILQ_FIRST(&watch->doubts)) != NULL) {
		STAILQ_REMOVE_HEAD(&watch->doubts, next);
		free(doubt);
	}
	free(watch->buckets);
	free(watch);
}
