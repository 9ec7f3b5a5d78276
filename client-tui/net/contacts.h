/* SPDX-License-Identifier: ISC */
/*
 * Whom an account knows: those whom its person added, and those whom it met, with the key that
 * each of them showed first (the pin). Kept in a file per account.
 */

#ifndef CLIENT_NET_CONTACTS_H
#define CLIENT_NET_CONTACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client-tui/net/account.h"
#include "shared/bytes.h"
#include "shared/compiler.h"
#include "shared/identity.h"
#include "shared/status.h"

enum { CONTACTS_MAX = 4096 };

struct contact_card {
	uint64_t uid;
	char name[ACCOUNT_NAME_MAX + 1]; /* as it was seen last */
	bool is_added;			 /* on purpose; else only met */
	bool has_key; /* met: "key" is what they showed first, or was accepted since */
	uint8_t key[IDENTITY_KEY_SIZE];
};

/* All zeros: nobody. */
struct contacts {
	struct contact_card *list; /* by uid */
	size_t count, room;
};

void contacts_clear(struct contacts *contacts);

/* NULL: nobody by this uid. */
struct contact_card *contacts_find(const struct contacts *contacts, uint64_t uid);

/*
 * The card of this uid, a new one if there was none, renamed. The name is an account's
 * (str_is_name), and uid is not 0. NULL: CONTACTS_MAX are there already. Good until the next
 * call that changes the list.
 */
struct contact_card *contacts_put(struct contacts *contacts, uint64_t uid, struct bytes name);

/* False: there was none. */
bool contacts_remove(struct contacts *contacts, uint64_t uid);

/* What stands in the file, on the heap. */
uint8_t *contacts_encode(const struct contacts *contacts, size_t *len) MUST_USE;

/*
 * "out" is empty, and stays so when it is not STATUS_OK. STATUS_BAD_VALUE: damaged, or none of
 * ours.
 */
enum status contacts_decode(struct bytes content, struct contacts *out) MUST_USE;

/* The same from a file, as whole_file_read(). */
enum status contacts_load(const char *path, struct contacts *out) MUST_USE;

#endif
