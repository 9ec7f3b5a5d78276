/* SPDX-License-Identifier: ISC */
#include "client-tui/peer/peer_letters.h"

#include "shared/crypto.h"

void
peer_letters_init(struct peer_letters *letters)
{
	STAILQ_INIT(&letters->list);
	letters->unsent = NULL;
	letters->last_number = crypto_random_number();
}

void
peer_letters_clear(struct peer_letters *letters)
{
	struct peer_letter *letter;

	while ((letter = STAILQ_FIRST(&letters->list)) != NULL) {
		STAILQ_REMOVE_HEAD(&letters->list, entry);
		peer_order_free(&letter->order);
	}
	letters->unsent = NULL;
}

bool
peer_letters_are_waiting(const struct peer_letters *letters)
{
	return !STAILQ_EMPTY(&letters->list);
}

void
peer_letters_add(struct peer_letters *letters, struct peer_letter *letter)
{
	letter->number = ++letters->last_number;
	STAILQ_INSERT_TAIL(&letters->list, letter, entry);
	if (letters->unsent == NULL)
		letters->unsent = letter;
}

struct peer_letter *
peer_letters_send(struct peer_letters *letters)
{
	struct peer_letter *letter = letters->unsent;

	if (letter != NULL)
		letters->unsent = STAILQ_NEXT(letter, entry);
	return letter;
}

void
peer_letters_rewind(struct peer_letters *letters)
{
	letters->unsent = STAILQ_FIRST(&letters->list);
}

struct peer_letter *
peer_letters_take(struct peer_letters *letters, uint64_t number)
{
	struct peer_letter *letter;

	STAILQ_FOREACH(letter, &letters->list, entry)
	{
		if (letter == letters->unsent)
			return NULL;
		if (letter->number == number)
			break;
	}
	if (letter != NULL)
		STAILQ_REMOVE(&letters->list, letter, peer_letter, entry);
	return letter;
}
