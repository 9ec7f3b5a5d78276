/* SPDX-License-Identifier: ISC */
#include "client-tui/model/roster.h"

#include <stdlib.h>
#include <strings.h>

#include "shared/mem.h"

void
roster_init(struct roster *roster)
{
	*roster = (struct roster){ .count = 0 };
}

void
roster_clear(struct roster *roster)
{
	free(roster->contacts);
	roster_init(roster);
}

/* Position of the contact with this uid; roster->count when there is none. */
static size_t
position_of(const struct roster *roster, uint64_t uid)
{
	size_t at = 0;

	while (at < roster->count && roster->contacts[at].uid != uid)
		at++;
	return at;
}

static bool
comes_before(const struct contact *a, const struct contact *b)
{
	int order = strcasecmp(a->name, b->name);

	return order != 0 ? order < 0 : a->uid < b->uid;
}

static void
take_out(struct roster *roster, size_t at)
{
	roster->count--;
	memmove(&roster->contacts[at], &roster->contacts[at + 1],
	    (roster->count - at) * sizeof(roster->contacts[0]));
}

static void
put_in(struct roster *roster, const struct contact *contact)
{
	size_t at = 0;

	if (roster->count == roster->room) {
		roster->room = roster->room > 0 ? 2 * roster->room : 8;
		roster->contacts = mem_resize(roster->contacts, roster->room,
		    sizeof(roster->contacts[0]));
	}
	while (at < roster->count && comes_before(&roster->contacts[at], contact))
		at++;
	memmove(&roster->contacts[at + 1], &roster->contacts[at],
	    (roster->count - at) * sizeof(roster->contacts[0]));
	roster->contacts[at] = *contact;
	roster->count++;
}

void
roster_set(struct roster *roster, uint64_t uid, struct bytes name)
{
	struct contact contact = { .uid = uid };
	size_t at = position_of(roster, uid);

	if (at < roster->count) {
		contact = roster->contacts[at];
		take_out(roster, at);
	}
	text_clean_line(name, contact.name, sizeof(contact.name));
	put_in(roster, &contact);
}

void
roster_remove(struct roster *roster, uint64_t uid)
{
	size_t at = position_of(roster, uid);

	if (at == roster->count)
		return;
	take_out(roster, at);
	if (roster->selected != uid)
		return;
	if (at == roster->count && at > 0)
		at--;
	roster->selected = at < roster->count ? roster->contacts[at].uid : 0;
}

bool
roster_set_presence(struct roster *roster, uint64_t uid, enum presence presence, uint64_t now_s)
{
	size_t at = position_of(roster, uid);
	struct contact *contact;

	if (at == roster->count)
		return false;
	contact = &roster->contacts[at];
	if (contact->presence == PRESENCE_ONLINE && presence != PRESENCE_ONLINE)
		contact->seen_s = now_s;
	contact->presence = presence;
	return true;
}

void
roster_forget_presence(struct roster *roster)
{
	for (size_t i = 0; i < roster->count; i++)
		roster->contacts[i].presence = PRESENCE_UNKNOWN;
}

const struct contact *
roster_find(const struct roster *roster, uint64_t uid)
{
	size_t at = position_of(roster, uid);

	return at < roster->count ? &roster->contacts[at] : NULL;
}

void
roster_select(struct roster *roster, int rows)
{
	size_t at = position_of(roster, roster->selected);
	int64_t wanted = (int64_t)at + rows;

	if (roster->count == 0)
		return;
	if (at == roster->count || wanted < 0)
		wanted = 0;
	if (wanted >= (int64_t)roster->count)
		wanted = (int64_t)roster->count - 1;
	roster->selected = roster->contacts[wanted].uid;
}

const char *
presence_word(enum presence presence)
{
	static const char *const words[] = {
		[PRESENCE_UNKNOWN] = "unknown",
		[PRESENCE_ONLINE] = "online",
		[PRESENCE_ABSENT] = "absent",
		[PRESENCE_UNREACHABLE] = "not reachable",
	};

	return words[presence];
}
