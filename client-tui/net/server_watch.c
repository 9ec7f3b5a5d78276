/* SPDX-License-Identifier: ISC */
/*
 * Whose presence is watched. The list is said to each work server anew. After a loss of the
 * connection people need a moment to come back themselves, so whoever was online before is not
 * called absent at once.
 */

#include <assert.h>
#include <stdlib.h>

#include "client-tui/net/server_link_parts.h"
#include "shared/compiler.h"
#include "shared/mem.h"
#include "shared/wire.h"

enum {
	AGAIN_MS = 1000, /* nothing else can be asked just now */
};

static int
compare_uids(const void *a, const void *b)
{
	uint64_t one = ((const struct watched *)a)->uid, other = ((const struct watched *)b)->uid;

	return one < other ? -1 : one > other;
}

static struct watched *
find_watched(const struct watch *watch, uint64_t uid)
{
	const struct watched key = { .uid = uid };

	if (watch->count == 0)
		return NULL;
	return bsearch(&key, watch->items, watch->count, sizeof(key), compare_uids);
}

/* --- what is known ------------------------------------------------------------------------ */

static void
tell(struct server_link *self, struct watched *watched, enum presence_known known)
{
	watched->before = PRESENCE_UNKNOWN;
	watched->is_doubtful = false;
	if (watched->known == known)
		return;
	watched->known = known;
	if (self->handler->on_presence != NULL)
		self->handler->on_presence(self->arg, watched->uid, known == PRESENCE_ONLINE);
}

/* The handler may watch others meanwhile: each is looked for anew. */
static void
watch_on_patience_over(struct wheel_timer *timer)
{
	struct server_link *self = CONTAINER_OF(timer, struct server_link, watch.patience);
	struct watch *watch = &self->watch;

	for (size_t i = 0; i < watch->count; i++)
		watch->items[i].before = PRESENCE_UNKNOWN;
	for (size_t i = 0; i < watch->count; i++)
		if (watch->items[i].is_doubtful)
			tell(self, &watch->items[i], PRESENCE_ABSENT);
}

void
watch_take(struct server_link *self, const struct msg_presence *presence)
{
	struct watched *watched = find_watched(&self->watch, presence->uid);

	if (watched == NULL)
		return; /* somebody of the list before */
	if (presence->online)
		tell(self, watched, PRESENCE_ONLINE);
	else if (watched->before == PRESENCE_ONLINE && wheel_is_set(&self->watch.patience))
		watched->is_doubtful = true;
	else
		tell(self, watched, PRESENCE_ABSENT);
}

void
watch_lose(struct server_link *self)
{
	struct watch *watch = &self->watch;

	wheel_clear(self->wheel, &watch->again);
	wheel_clear(self->wheel, &watch->patience);
	watch->is_said = false;
	for (size_t i = 0; i < watch->count; i++) {
		if (watch->items[i].known != PRESENCE_UNKNOWN)
			watch->items[i].before = watch->items[i].known;
		watch->items[i].known = PRESENCE_UNKNOWN;
		watch->items[i].is_doubtful = false;
	}
}

/* --- saying it ---------------------------------------------------------------------------- */

static void say(struct server_link *self);

static void
watch_on_again(struct wheel_timer *timer)
{
	say(CONTAINER_OF(timer, struct server_link, watch.again));
}

static void
say_later(struct server_link *self, uint32_t delay_ms)
{
	wheel_set(self->wheel, &self->watch.again, delay_ms > AGAIN_MS ? delay_ms : AGAIN_MS,
	    watch_on_again);
}

static void
watch_on_answer(void *arg, const struct answer *answer)
{
	struct server_link *self = arg;

	self->watch.is_under_way = false;
	if (answer->is_local) {
		self->watch.is_said = false;
		(void)server_link_is_lost_answer(self, answer);
	} else if (answer->status != STATUS_OK) {
		self->watch.is_said = false;
		say_later(self, answer->retry_ms);
	} else if (!self->watch.is_said) {
		say(self);
	}
}

static void
say(struct server_link *self)
{
	struct watch *watch = &self->watch;
	uint8_t room[SERVER_LINK_WATCH_MAX * sizeof(uint64_t)];
	struct wire wire = wire_writer(room, sizeof(room));
	struct msg_watch message;
	enum status status;

	if (watch->is_under_way || self->state != SERVER_LINK_ONLINE)
		return;
	for (size_t i = 0; i < watch->count; i++)
		wire_put_u64(&wire, watch->items[i].uid);
	message.uids = bytes_of(room, wire.position);
	status = server_link_ask(self, MSG_WATCH, &message, NULL, watch_on_answer, self);
	watch->is_said = watch->is_under_way = status == STATUS_OK;
	if (status == STATUS_BUSY)
		say_later(self, 0);
}

void
watch_arrive(struct server_link *self)
{
	bool is_return = false;

	if (self->watch.count == 0 || self->watch.is_said)
		return;
	for (size_t i = 0; i < self->watch.count; i++)
		is_return |= self->watch.items[i].before == PRESENCE_ONLINE;
	if (is_return)
		wheel_set(self->wheel, &self->watch.patience, self->times.patience,
		    watch_on_patience_over);
	say(self);
}

void
watch_clear(struct server_link *self)
{
	wheel_clear(self->wheel, &self->watch.again);
	wheel_clear(self->wheel, &self->watch.patience);
	free(self->watch.items);
	self->watch = (struct watch){ .items = NULL };
}

enum status
server_link_watch(struct server_link *self, const uint64_t *uids, size_t count)
{
	struct watch *watch = &self->watch;
	struct watched *items;
	size_t kept = 0;

	if (count > SERVER_LINK_WATCH_MAX)
		return STATUS_TOO_LONG;
	for (size_t i = 0; i < count; i++)
		if (uids[i] == 0)
			return STATUS_BAD_VALUE;
	items = mem_new_array(count + 1, sizeof(*items));
	for (size_t i = 0; i < count; i++) {
		const struct watched *old = find_watched(watch, uids[i]);

		items[i] = old != NULL ? *old : (struct watched){ .uid = uids[i] };
	}
	qsort(items, count, sizeof(*items), compare_uids);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || items[kept - 1].uid != items[i].uid)
			items[kept++] = items[i];
	free(watch->items);
	watch->items = items;
	watch->count = kept;
	watch->is_said = false;
	say(self);
	return STATUS_OK;
}
