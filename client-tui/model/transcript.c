/* SPDX-License-Identifier: ISC */
#include "client-tui/model/transcript.h"

#include <assert.h>
#include <stdlib.h>

#include "client-tui/model/text.h"
#include "shared/mem.h"

enum {
	ROOM_FIRST = 16,
};

void
transcript_init(struct transcript *transcript)
{
	*transcript = (struct transcript){ .first_id = 1 };
}

static struct transcript_entry *
entry_at(const struct transcript *transcript, size_t position)
{
	return &transcript->entries[(transcript->start + position) % transcript->room];
}

static void
forget_oldest(struct transcript *transcript)
{
	struct transcript_entry *oldest = entry_at(transcript, 0);

	transcript->bytes -= oldest->len;
	free(oldest->text);
	transcript->start = (transcript->start + 1) % transcript->room;
	transcript->count--;
	transcript->first_id++;
}

void
transcript_forget(struct transcript *transcript)
{
	while (transcript->count > 0)
		forget_oldest(transcript);
	transcript->new_id = 0;
	transcript->unseen = transcript->unread = 0;
	transcript->has_lost = false;
	transcript->place = (struct transcript_place){ .id = 0 };
}

void
transcript_clear(struct transcript *transcript)
{
	transcript_forget(transcript);
	free(transcript->entries);
	transcript_init(transcript);
}

const struct transcript_entry *
transcript_at(const struct transcript *transcript, size_t position)
{
	assert(position < transcript->count);
	return entry_at(transcript, position);
}

const struct transcript_entry *
transcript_find(const struct transcript *transcript, uint64_t id)
{
	if (id < transcript->first_id || id - transcript->first_id >= transcript->count)
		return NULL;
	return entry_at(transcript, (size_t)(id - transcript->first_id));
}

static void
make_room(struct transcript *transcript)
{
	size_t room = transcript->room > 0 ? 2 * transcript->room : ROOM_FIRST;
	struct transcript_entry *larger;

	if (transcript->count < transcript->room)
		return;
	larger = mem_new_array(room, sizeof(larger[0]));
	for (size_t i = 0; i < transcript->count; i++)
		larger[i] = *entry_at(transcript, i);
	free(transcript->entries);
	transcript->entries = larger;
	transcript->room = room;
	transcript->start = 0;
}

static void
keep_bounds(struct transcript *transcript)
{
	while (transcript->count > TRANSCRIPT_MOST ||
	    (transcript->bytes > TRANSCRIPT_BYTES_MOST && transcript->count > 1)) {
		forget_oldest(transcript);
		transcript->has_lost = true;
	}
	if (transcript->place.id > 0 && transcript->place.id < transcript->first_id)
		transcript->place = (struct transcript_place){ .id = transcript->first_id };
	if (transcript->new_id > 0 && transcript->new_id < transcript->first_id)
		transcript->new_id = transcript->first_id;
}

static bool
is_at_end(const struct transcript *transcript)
{
	return transcript->place.id == 0;
}

static void
count_unseen(struct transcript *transcript, enum transcript_kind kind, uint64_t id)
{
	if (transcript->new_id == 0)
		transcript->new_id = id;
	transcript->unseen++;
	if (kind == TRANSCRIPT_THEIRS)
		transcript->unread++;
}

static void
read_all(struct transcript *transcript)
{
	transcript->unseen = transcript->unread = 0;
}

uint64_t
transcript_add(struct transcript *transcript, enum transcript_kind kind, uint64_t time_s,
    struct bytes text, bool is_seen)
{
	struct transcript_entry *entry;
	uint64_t id;

	make_room(transcript);
	entry = entry_at(transcript, transcript->count);
	id = transcript->first_id + transcript->count++;
	*entry = (struct transcript_entry){
		.id = id, .time_s = time_s, .kind = kind, .delivery = DELIVERY_QUEUED
	};
	entry->text = text_clean(text, &entry->len);
	transcript->bytes += entry->len;

	if (kind == TRANSCRIPT_MINE) {
		transcript->new_id = 0;
		transcript_scroll(transcript, (struct transcript_place){ .id = 0 });
	} else if (!is_seen || !is_at_end(transcript)) {
		count_unseen(transcript, kind, id);
	}
	keep_bounds(transcript);
	return id;
}

bool
transcript_set_delivery(struct transcript *transcript, uint64_t id, enum delivery delivery)
{
	const struct transcript_entry *entry = transcript_find(transcript, id);

	if (entry == NULL || entry->kind != TRANSCRIPT_MINE)
		return false;
	entry_at(transcript, (size_t)(id - transcript->first_id))->delivery = delivery;
	return true;
}

size_t
transcript_settle(struct transcript *transcript, enum delivery delivery)
{
	size_t settled = 0;

	for (size_t i = 0; i < transcript->count; i++) {
		struct transcript_entry *entry = entry_at(transcript, i);

		if (entry->kind == TRANSCRIPT_MINE && entry->delivery == DELIVERY_QUEUED) {
			entry->delivery = delivery;
			settled++;
		}
	}
	return settled;
}

void
transcript_enter(struct transcript *transcript)
{
	if (is_at_end(transcript))
		read_all(transcript);
}

void
transcript_leave(struct transcript *transcript)
{
	if (transcript->unseen == 0)
		transcript->new_id = 0;
}

void
transcript_scroll(struct transcript *transcript, struct transcript_place place)
{
	if (transcript_find(transcript, place.id) == NULL)
		place = (struct transcript_place){ .id = 0 };
	transcript->place = place;
	if (is_at_end(transcript))
		read_all(transcript);
}

const char *
delivery_word(enum delivery delivery)
{
	static const char *const words[] = {
		[DELIVERY_QUEUED] = "queued",
		[DELIVERY_STORED] = "stored",
		[DELIVERY_DELIVERED] = "delivered",
		[DELIVERY_READ] = "read",
		[DELIVERY_FAILED] = "failed",
	};

	return words[delivery];
}
