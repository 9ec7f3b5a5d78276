/* SPDX-License-Identifier: ISC */
/*
 * The contacts of the account that is signed in: in the model, where they are shown, and on
 * disk, where the helper thread writes them. It knows the key that everybody showed first, and
 * tells whether another one comes.
 */

#ifndef CLIENT_ADDRESS_BOOK_H
#define CLIENT_ADDRESS_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "client-tui/net/contacts.h"
#include "shared/bytes.h"
#include "shared/status.h"

struct control;
struct helper;
struct book_job;

enum key_judgement {
	KEY_IS_NEW,     /* nobody has seen this person yet */
	KEY_IS_KNOWN,
	KEY_HAS_CHANGED,
};

struct address_book {
	struct control *control; /* these two outlive it */
	struct helper *helper;
	struct contacts contacts;
	uint64_t owner; /* uid; 0: nobody's, and nothing is kept */
	char *path;
	struct book_job *job; /* on its way to the disk; NULL: none */
	bool is_dirty;	      /* changed since */
	unsigned revision;    /* moves with every change of who is in it */
};

void address_book_init(struct address_book *book, struct control *control, struct helper *helper);

/* What is not on disk yet is put there. After helper_stop(). */
void address_book_clear(struct address_book *book);

/*
 * From now on the contacts of another account, out of its file; "owner" 0: nobody's. The list on
 * the screen is theirs. The same one again changes nothing.
 */
void address_book_open(struct address_book *book, uint64_t owner, const char *path);

/* The account is gone for ever: so is its file. */
void address_book_burn(struct address_book *book);

enum key_judgement address_book_judge(const struct address_book *book, uint64_t uid,
    const uint8_t key[IDENTITY_KEY_SIZE]);

/*
 * On purpose; they were met, and this is their key from now on. STATUS_FULL: CONTACTS_MAX are
 * there. STATUS_BAD_NAME.
 */
enum status address_book_add(struct address_book *book, uint64_t uid, struct bytes name);
enum status address_book_pin(struct address_book *book, uint64_t uid, struct bytes name,
    const uint8_t key[IDENTITY_KEY_SIZE]);

/* Up to "room" of them, those who were added first. Returns how many. */
size_t address_book_list(const struct address_book *book, uint64_t *uids, size_t room);

/* Forgets the key, too. */
void address_book_remove(struct address_book *book, uint64_t uid);

#endif
