/* SPDX-License-Identifier: ISC */
/*
 * What the servers know about people, as verbs over one database handle. A handle belongs to
 * one thread at a time. Requests and answers are the structs of verbs.def, so a verb means the
 * same here and on the channel; the request numbers are not looked at here.
 *
 * Statuses that every verb can give: STATUS_STORE_AWAY the database does not answer (the handle
 * opens it again by itself, at most so often); STATUS_BUSY somebody else holds a lock;
 * STATUS_DISK_FULL; STATUS_STORE_FAILED it reported an error (store_error() has its words);
 * STATUS_STORE_NEWER. After each of them nothing was changed, with one exception: when the
 * connection breaks during store_commit() nobody knows. All writing verbs may therefore be
 * repeated.
 */

#ifndef SERVER_STORE_STORE_H
#define SERVER_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/store/store_config.h"
#include "server/store/verbs.h"
#include "shared/compiler.h"

struct breaker;
struct online;
struct store;

/*
 * A handle on the database, which is made or brought up to date first. "config" must outlive
 * it, and so must "breaker", which all handles of a process share (NULL: it has its own).
 * STATUS_STORE_AWAY, STATUS_BUSY, STATUS_DISK_FULL: the handle is there all the same and will
 * connect when that is over. STATUS_STORE_NEWER, STATUS_BAD_CONFIG (path, user or password),
 * STATUS_STORE_FAILED: *out is NULL and "why" (of "room" bytes) has a sentence.
 */
enum status store_open(const struct store_config *config, struct breaker *breaker,
    struct store **out, char *why, size_t room);

/* A handle that has not tried to connect yet, and does so when it is needed. */
struct store *store_new(const struct store_config *config, struct breaker *breaker) MUST_USE;

/* NULL is fine. A transaction that was not committed is rolled back. */
void store_close(struct store *store);

/* The database failed, and not the request: the whole change was given up. */
bool store_is_failure(enum status status);

/* What the database said about the last failure; for logs. Belongs to the handle. */
const char *store_error(const struct store *store);

/* Milliseconds after which it makes sense to ask again, after such a failure. */
uint32_t store_retry_ms(const struct store *store);

/*
 * Several writing verbs become one change: all or nothing. STATUS_BUSY and any failure of
 * store_commit() mean that it was rolled back (or, with STATUS_STORE_AWAY, perhaps not). A
 * writing verb outside of begin and commit is its own change.
 */
enum status store_begin(struct store *store);
enum status store_commit(struct store *store);
void store_rollback(struct store *store);

/*
 * STATUS_IDENTITY_TAKEN: this identity key has an account with another secret_hash.
 * STATUS_BAD_NAME.
 */
enum status store_account_add(struct store *store, const struct verb_account_add *ask,
    struct verb_account_add_ok *out);

/*
 * STATUS_NO_SUCH_USER, STATUS_AMBIGUOUS (several have that name). *out borrows from the handle
 * until the next verb.
 */
enum status store_account_get(struct store *store, const struct verb_account_get *ask,
    struct verb_account_get_ok *out);

/*
 * STATUS_NO_SUCH_USER. *was_there is false at first; it says whether an attempt has found the
 * account, so that a repetition with the same variable is STATUS_OK although nothing is there
 * any more.
 */
enum status store_account_delete(struct store *store, const struct verb_account_delete *ask,
    bool *was_there);

/* STATUS_NO_SUCH_USER, STATUS_AMBIGUOUS. *out borrows from the handle until the next verb. */
enum status store_account_find(struct store *store, const struct verb_account_find *ask,
    struct verb_account_find_ok *out);

/* STATUS_NO_SUCH_USER: also when it was deleted. */
enum status store_account_epoch(struct store *store, const struct verb_account_epoch *ask,
    struct verb_account_epoch_ok *out);

/* STATUS_CONFLICT: out->version is the version that is there. STATUS_NO_SUCH_USER. */
enum status store_bundle_put(struct store *store, const struct verb_bundle_put *ask,
    struct verb_bundle_put_ok *out);

/* The limits of pages with a prefix: matches that are counted, and (online only) looked through. */
enum { STORE_PREFIX_MAX = 10000, STORE_PER_PAGE_DEFAULT = 20, STORE_PER_PAGE_MAX = 100 };

/* An item of a page; borrows for the time of the call. */
typedef void store_on_item(void *arg, const struct verb_page_item *item);

/*
 * A page of the directory: an item for each of its users in order, then *out. "online" (NULL:
 * nobody is) says who is online. A page is exact at one moment, also while accounts come and
 * go; the number of pages is at least 1. STATUS_NO_SUCH_PAGE: no items, and *out has the number
 * of pages. STATUS_BAD_VALUE: page 0, or more than 100 a page.
 */
enum status store_account_page(struct store *store, const struct verb_account_page *ask,
    struct online *online, store_on_item *on_item, void *arg, struct verb_page_end *out);

/* Whose session it is: a child of this work server. */
struct store_child {
	uint16_t index;
	uint32_t generation;
};

/* SQLite has one work server only: nothing is written, and nobody is online elsewhere. */
enum status store_session_add(struct store *store, const struct store_child *child,
    const struct verb_session_add *ask);
enum status store_session_remove(struct store *store, const struct store_child *child,
    const struct verb_session_remove *ask);

/* Of all sessions of a child's index only those of this generation stay; 0: none. */
enum status store_session_sweep(struct store *store, const struct store_child *child);

/*
 * STATUS_NOT_ONLINE: not with another living work server. *out borrows from the handle until
 * the next verb.
 */
enum status store_session_find(struct store *store, const struct verb_session_find *ask,
    struct verb_session_find_ok *out);

/*
 * The uids that other living work servers have, ascending, on the heap for the caller to
 * free(3).
 */
enum status store_session_remote(struct store *store, uint64_t **uids, size_t *count);

enum { STORE_LETTER_MAX = 1024 };

/*
 * A frame for whoever is online as "uid" with another living work server, which takes it about a
 * second later. STATUS_NOT_ONLINE: nobody is.
 */
enum status store_letter_put(struct store *store, const struct verb_letter_put *ask);

/*
 * What another work server has left for one of our sessions: a frame, or (empty) that it has
 * ended the session, by a newer login or with the account.
 */
struct store_letter {
	struct store_child child;
	uint32_t session;
	uint64_t uid;
	struct bytes frame;	/* borrows for the time of the call */
};

typedef void store_on_letter(void *arg, const struct store_letter *letter);

/* Tells of every letter that came since the last call, once it is committed that they are taken. */
enum status store_letters_take(struct store *store, store_on_letter *on_letter, void *arg);

enum { STORE_LEASE_MS = 30000, STORE_RENEW_MS = 5000 };

/*
 * Says that this work server lives, for the next STORE_LEASE_MS; sweeps up after others that do
 * not. *is_new: nobody knew of us (any more), so nobody knows our sessions either.
 */
enum status store_lease_renew(struct store *store, bool *is_new);

/* This work server stops: its lease and all its sessions go. */
enum status store_lease_end(struct store *store);

#endif
