/* SPDX-License-Identifier: ISC */
#include "client-tui/net/contacts.h"

#include <assert.h>
#include <stdlib.h>

#include "client-tui/net/whole_file.h"
#include "shared/mem.h"
#include "shared/str.h"
#include "shared/wire.h"

enum {
	IS_ADDED = 1 << 0,
	HAS_KEY = 1 << 1,
	CARD_MAX = 8 + 2 + ACCOUNT_NAME_MAX + 1 + IDENTITY_KEY_SIZE,
};

/* Another layout gets another first line. */
static const char head[] = "tingyu contacts 1\n";

void
contacts_clear(struct contacts *contacts)
{
	free(contacts->list);
	*contacts = (struct contacts){ .count = 0 };
}

/* Where this uid is, or would be. */
static size_t
position_of(const struct contacts *contacts, uint64_t uid)
{
	size_t low = 0, high = contacts->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (contacts->list[middle].uid < uid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct contact_card *
contacts_find(const struct contacts *contacts, uint64_t uid)
{
	size_t at = position_of(contacts, uid);

	return at < contacts->count && contacts->list[at].uid == uid ? &contacts->list[at] : NULL;
}

static struct contact_card *
insert(struct contacts *contacts, uint64_t uid)
{
	size_t at = position_of(contacts, uid);

	if (contacts->count == contacts->room) {
		contacts->room = contacts->room > 0 ? 2 * contacts->room : 8;
		contacts->list =
		    mem_resize(contacts->list, contacts->room, sizeof(contacts->list[0]));
	}
	memmove(&contacts->list[at + 1], &contacts->list[at],
	    (contacts->count - at) * sizeof(contacts->list[0]));
	contacts->list[at] = (struct contact_card){ .uid = uid };
	contacts->count++;
	return &contacts->list[at];
}

struct contact_card *
contacts_put(struct contacts *contacts, uint64_t uid, struct bytes name)
{
	struct contact_card *card = contacts_find(contacts, uid);

	assert(uid != 0 && str_is_name(name));
	if (card == NULL && contacts->count == CONTACTS_MAX)
		return NULL;
	if (card == NULL)
		card = insert(contacts, uid);
	str_copy(name, card->name, sizeof(card->name));
	return card;
}

bool
contacts_remove(struct contacts *contacts, uint64_t uid)
{
	size_t at = position_of(contacts, uid);

	if (contacts_find(contacts, uid) == NULL)
		return false;
	contacts->count--;
	memmove(&contacts->list[at], &contacts->list[at + 1],
	    (contacts->count - at) * sizeof(contacts->list[0]));
	return true;
}

/* --- the file ----------------------------------------------------------------------------- */

uint8_t *
contacts_encode(const struct contacts *contacts, size_t *len)
{
	size_t room = strlen(head) + contacts->count * CARD_MAX;
	uint8_t *data = mem_new(room);
	struct wire wire = wire_writer(data, room);

	wire_put_raw(&wire, bytes_of_string(head));
	for (size_t i = 0; i < contacts->count; i++) {
		const struct contact_card *card = &contacts->list[i];

		wire_put_u64(&wire, card->uid);
		wire_put_blob(&wire, bytes_of_string(card->name));
		wire_put_u8(&wire,
		    (uint8_t)((card->is_added ? IS_ADDED : 0) | (card->has_key ? HAS_KEY : 0)));
		if (card->has_key)
			wire_put_raw(&wire, bytes_of(card->key, sizeof(card->key)));
	}
	assert(wire_is_good(&wire));
	*len = wire.position;
	return data;
}

/* Cards count up by uid, so the new one has to be the last. */
static bool
decode_card(struct wire *wire, struct contacts *contacts)
{
	uint64_t uid = wire_get_u64(wire);
	struct bytes name = wire_get_blob(wire), key;
	uint8_t flags = wire_get_u8(wire);
	struct contact_card *card;

	key = wire_get_raw(wire, flags & HAS_KEY ? IDENTITY_KEY_SIZE : 0);
	if (!wire_is_good(wire) || (flags & ~(IS_ADDED | HAS_KEY)) != 0 || !str_is_name(name) ||
	    uid == 0 || position_of(contacts, uid) < contacts->count ||
	    contacts_find(contacts, uid) != NULL)
		return false;
	card = contacts_put(contacts, uid, name);
	if (card == NULL)
		return false;
	card->is_added = (flags & IS_ADDED) != 0;
	card->has_key = (flags & HAS_KEY) != 0;
	if (card->has_key)
		memcpy(card->key, key.data, sizeof(card->key));
	return true;
}

enum status
contacts_decode(struct bytes content, struct contacts *out)
{
	struct wire wire = wire_reader(content);
	struct bytes first = wire_get_raw(&wire, strlen(head));
	bool is_good = wire_is_good(&wire) && bytes_equal(first, bytes_of_string(head));

	while (is_good && wire_left(&wire) > 0)
		is_good = decode_card(&wire, out);
	if (!is_good)
		contacts_clear(out);
	return is_good ? STATUS_OK : STATUS_BAD_VALUE;
}

enum status
contacts_load(const char *path, struct contacts *out)
{
	uint8_t *data;
	size_t len;
	enum status status =
	    whole_file_read(path, sizeof(head) + (size_t)CONTACTS_MAX * CARD_MAX, &data, &len);

	if (status != STATUS_OK)
		return status;
	status = contacts_decode(bytes_of(data, len), out);
	free(data);
	return status;
}
