/* SPDX-License-Identifier: ISC */
#include "server/store/online.h"

#include <pthread.h>
#include <stdlib.h>

#include "server/store/store.h"
#include "shared/clock.h"
#include "shared/mem.h"

struct online {
	store_online_snapshot *snapshot;
	void *arg;
	pthread_mutex_t lock;	/* held while a list is made, so that it is made once */
	struct online_list *list;
};

struct online *
online_new(store_online_snapshot *snapshot, void *arg)
{
	struct online *online = mem_new(sizeof(*online));

	online->snapshot = snapshot;
	online->arg = arg;
	pthread_mutex_init(&online->lock, NULL);
	return online;
}

static void
drop_user(struct online_list *list)
{
	if (list != NULL && --list->users == 0)
		free(list);
}

void
online_free(struct online *online)
{
	if (online == NULL)
		return;
	drop_user(online->list);
	pthread_mutex_destroy(&online->lock);
	free(online);
}

static int
compare_uids(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return one < other ? -1 : one > other;
}

/* The snapshot grows until it has room for everybody; "extra" places stay free behind them. */
static struct online_list *
take_snapshot(const struct online *online, size_t extra)
{
	struct online_list *list = NULL;
	size_t room = 1024, count = 0;

	do {
		room = count > room ? count + count / 8 : room;
		free(list);
		list = mem_new(sizeof(*list) + (room + extra) * sizeof(list->uids[0]));
		if (online->snapshot != NULL)
			count = online->snapshot(online->arg, list->uids, room);
	} while (count > room);
	list->count = count;
	return list;
}

static void
sort_once(struct online_list *list)
{
	size_t kept = 0;

	qsort(list->uids, list->count, sizeof(list->uids[0]), compare_uids);
	for (size_t i = 0; i < list->count; i++)
		if (kept == 0 || list->uids[i] != list->uids[kept - 1])
			list->uids[kept++] = list->uids[i];
	list->count = kept;
}

static enum status
make_list(struct online *online, struct store *store)
{
	uint64_t *remote = NULL;
	size_t remote_count = 0;
	struct online_list *list;
	enum status status = store_session_remote(store, &remote, &remote_count);

	if (status != STATUS_OK)
		return status;
	list = take_snapshot(online, remote_count);
	if (remote_count > 0)
		memcpy(list->uids + list->count, remote, remote_count * sizeof(*remote));
	list->count += remote_count;
	free(remote);
	sort_once(list);
	list->users = 1;
	list->made_at = clock_monotonic_ms();
	drop_user(online->list);
	online->list = list;
	return STATUS_OK;
}

enum status
online_acquire(struct online *online, struct store *store, const struct online_list **out)
{
	enum status status = STATUS_OK;

	pthread_mutex_lock(&online->lock);
	if (online->list == NULL || clock_monotonic_ms() - online->list->made_at >= ONLINE_AGE_MS)
		status = make_list(online, store);
	if (status == STATUS_OK) {
		online->list->users++;
		*out = online->list;
	}
	pthread_mutex_unlock(&online->lock);
	return status;
}

void
online_release(struct online *online, const struct online_list *list)
{
	pthread_mutex_lock(&online->lock);
	drop_user((struct online_list *)list);
	pthread_mutex_unlock(&online->lock);
}

bool
online_has(const struct online_list *list, uint64_t uid)
{
	return bsearch(&uid, list->uids, list->count, sizeof(uid), compare_uids) != NULL;
}
