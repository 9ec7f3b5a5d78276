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
	*transcript = (struct transcript){ .first_id = TRANSCRIPT_FIRST_ID,
		.next_id = TRANSCRIPT_FIRST_ID };
}

static struct transcript_entry *
entry_at(const struct transcript *transcript, size_t position)
{
	return &transcript->entries[(transcript->start + position) % transcript->room];
}

static void
drop(struct transcript *transcript, struct transcript_entry *entry)
{
	transcript->bytes -= entry->len;
	free(entry->text);
}

static void
forget_oldest(struct transcript *transcript)
{
	drop(transcript, entry_at(transcript, 0));
	transcript->start = (transcript->start + 1) % transcript->room;
	transcript->count--;
	transcript->first_id++;
}

static void
forget_newest(struct transcript *transcript)
{
	drop(transcript, entry_at(transcript, transcript->count - 1));
	transcript->count--;
	transcript->has_newer = true;
	if (transcript->new_id >= transcript->first_id + transcript->count)
		transcript->new_id = 0;
}

void
transcript_forget(struct transcript *transcript)
{
	while (transcript->count > 0)
		forget_oldest(transcript);
	transcript->first_id = transcript->next_id;
	transcript->resets++;
	transcript->new_id = 0;
	transcript->unseen = transcript->unread = 0;
	transcript->has_lost = transcript->has_older = transcript->has_newer = false;
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

static bool
is_too_large(const struct transcript *transcript)
{
	return transcript->count > TRANSCRIPT_MOST ||
	    (transcript->bytes > TRANSCRIPT_BYTES_MOST && transcript->count > 1);
}

static void
keep_bounds(struct transcript *transcript)
{
	while (is_too_large(transcript)) {
		forget_oldest(transcript);
		if (transcript->epoch != 0)
			transcript->has_older = true;
		else
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

/* An empty entry at the end. */
static struct transcript_entry *
append(struct transcript *transcript)
{
	uint64_t id = transcript->first_id + transcript->count;
	struct transcript_entry *entry;

	make_room(transcript);
	entry = entry_at(transcript, transcript->count++);
	*entry = (struct transcript_entry){ .id = id };
	return entry;
}

static void
set_text(struct transcript *transcript, struct transcript_entry *entry, struct bytes text)
{
	entry->text = text_clean(text, &entry->len);
	transcript->bytes += entry->len;
}

/* Ids are given once: what came from the disk meanwhile may have other numbers than it had. */
static void
catch_up(struct transcript *transcript)
{
	uint64_t end = transcript->first_id + transcript->count, behind = transcript->next_id - end;

	if (end >= transcript->next_id)
		return;
	transcript->first_id += behind;
	for (size_t i = 0; i < transcript->count; i++)
		entry_at(transcript, i)->id += behind;
	if (transcript->place.id > 0)
		transcript->place.id += behind;
	if (transcript->new_id > 0)
		transcript->new_id += behind;
}

/* What becomes of an entry that is behind the end of the window. */
static uint64_t
skip(struct transcript *transcript, enum transcript_kind kind)
{
	if (kind != TRANSCRIPT_THEIRS)
		return 0;
	transcript->skipped++;
	transcript->unseen++;
	transcript->unread++;
	return transcript->next_id++;
}

uint64_t
transcript_add(struct transcript *transcript, enum transcript_kind kind, uint64_t time_s,
    struct bytes text, bool is_seen)
{
	struct transcript_entry *entry;
	uint64_t id;

	if (transcript->has_newer && kind != TRANSCRIPT_MINE)
		return skip(transcript, kind);
	if (transcript->has_newer)
		transcript_to_end(transcript);
	catch_up(transcript);
	entry = append(transcript);
	id = entry->id;
	transcript->next_id = id + 1;
	entry->time_s = time_s;
	entry->kind = kind;
	if (kind == TRANSCRIPT_MINE || kind == TRANSCRIPT_THEIRS)
		entry->key = (struct transcript_key){ transcript->epoch, id };
	set_text(transcript, entry, text);

	if (kind == TRANSCRIPT_MINE) {
		transcript->new_id = 0;
		transcript_scroll(transcript, (struct transcript_place){ .id = 0 });
	} else if (!is_seen || !is_at_end(transcript)) {
		count_unseen(transcript, kind, id);
	}
	keep_bounds(transcript);
	return id;
}

/* --- what is on the disk ------------------------------------------------------------------- */

void
transcript_keep(struct transcript *transcript, uint64_t epoch)
{
	transcript->epoch = epoch;
	transcript->has_older = epoch != 0;
	if (epoch == 0)
		transcript->has_newer = false;
}

static void
fill(struct transcript *transcript, struct transcript_entry *entry,
    const struct transcript_kept *message)
{
	entry->key = message->key;
	entry->kind = message->kind;
	entry->delivery = message->delivery;
	entry->time_s = message->time_s;
	set_text(transcript, entry, message->text);
}

static void
prepend(struct transcript *transcript, const struct transcript_kept *message)
{
	struct transcript_entry *entry;

	make_room(transcript);
	transcript->start = (transcript->start + transcript->room - 1) % transcript->room;
	transcript->count++;
	entry = entry_at(transcript, 0);
	*entry = (struct transcript_entry){ .id = --transcript->first_id };
	fill(transcript, entry, message);
}

void
transcript_add_older(struct transcript *transcript, const struct transcript_kept *messages,
    size_t count, bool has_more)
{
	while (count > 0) {
		prepend(transcript, &messages[--count]);
		if (is_too_large(transcript) && is_at_end(transcript)) {
			forget_oldest(transcript);
			count++;
			break;
		}
		while (is_too_large(transcript))
			forget_newest(transcript);
	}
	transcript->has_older = has_more || count > 0;
}

void
transcript_add_newer(struct transcript *transcript, const struct transcript_kept *messages,
    size_t count, bool has_more)
{
	/* The reader stays where the last line was: what is added goes below it. */
	if (is_at_end(transcript) && transcript->count > 0 && count > 0)
		transcript->place = (struct transcript_place){ .id = transcript->first_id +
			    transcript->count - 1 };
	for (size_t i = 0; i < count; i++) {
		fill(transcript, append(transcript), &messages[i]);
		keep_bounds(transcript);
	}
	transcript->has_newer = has_more;
}

const struct transcript_entry *
transcript_oldest_kept(const struct transcript *transcript)
{
	for (size_t i = 0; i < transcript->count; i++)
		if (entry_at(transcript, i)->key.epoch != 0)
			return entry_at(transcript, i);
	return NULL;
}

const struct transcript_entry *
transcript_newest_kept(const struct transcript *transcript)
{
	for (size_t i = transcript->count; i > 0; i--)
		if (entry_at(transcript, i - 1)->key.epoch != 0)
			return entry_at(transcript, i - 1);
	return NULL;
}

void
transcript_to_end(struct transcript *transcript)
{
	if (transcript->has_newer) {
		transcript_forget(transcript);
		transcript->has_older = true;
	}
	transcript_scroll(transcript, (struct transcript_place){ .id = 0 });
}

/* --- what becomes of them ------------------------------------------------------------------ */

/* A message that left the window and came back has another id than it began with. */
static struct transcript_entry *
find_mine(const struct transcript *transcript, uint64_t id)
{
	for (size_t i = transcript->count; i > 0; i--) {
		struct transcript_entry *entry = entry_at(transcript, i - 1);
		bool is_kept = entry->key.epoch != 0;

		if (entry->kind == TRANSCRIPT_MINE &&
		    (is_kept ? entry->key.epoch == transcript->epoch && entry->key.sequence == id
			     : entry->id == id))
			return entry;
	}
	return NULL;
}

bool
transcript_set_delivery(struct transcript *transcript, uint64_t id, enum delivery delivery)
{
	struct transcript_entry *entry = find_mine(transcript, id);

	if (entry == NULL)
		return false;
	entry->delivery = delivery;
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
	if (is_at_end(transcript) && !transcript->has_newer)
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
	if (is_at_end(transcript) && !transcript->has_newer)
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
