/* SPDX-License-Identifier: ISC */
/*
 * The SQL of the history: one file, one connection, used by one thread at a time, which waits for
 * the disk. After a failure history_store_why() says in a sentence what happened and what to do
 * about it.
 *
 * Statuses: STATUS_DISK_FULL, STATUS_BUSY (another program has the file) and STATUS_STORE_FAILED
 * may pass; STATUS_STORE_NEWER (a later tingyu made it), STATUS_BAD_VALUE (damaged, or no history)
 * and STATUS_NOT_ALLOWED (it cannot be written, or SQLite lacks something) do not by themselves.
 */

#ifndef CLIENT_HISTORY_HISTORY_STORE_H
#define CLIENT_HISTORY_HISTORY_STORE_H

#include "client-tui/history/history_message.h"
#include "shared/compiler.h"
#include "shared/status.h"

struct history_store;

/*
 * Opens or makes it; what others could read is made private (0600). Failed: "why" says why, nothing
 * is open.
 */
enum status history_store_open(
    const char *path, struct history_store **out, char why[HISTORY_WHY_ROOM]) MUST_USE;
void history_store_close(struct history_store *store);

/* The sentence of the last failure. */
const char *history_store_why(const struct history_store *store);

/*
 * One transaction around all changes. Committed = on the disk, also when the power fails. After a
 * failure in between it is rolled back: nothing of it has happened.
 */
enum status history_store_begin(struct history_store *store) MUST_USE;
enum status history_store_commit(struct history_store *store) MUST_USE;
void history_store_roll_back(struct history_store *store);

/* As the functions of history.h with these names. */
enum status history_store_put(
    struct history_store *store, const struct history_message *message) MUST_USE;
enum status history_store_set_state(struct history_store *store, uint64_t peer,
    struct history_key key, enum history_state state) MUST_USE;
enum status history_store_set_name(
    struct history_store *store, uint64_t peer, struct bytes name) MUST_USE;
enum status history_store_mark_read(struct history_store *store, uint64_t peer) MUST_USE;

/* "out" is cleared by the caller, whatever happened. */
enum status history_store_page(struct history_store *store, uint64_t peer,
    enum history_direction direction, const struct history_key *from, size_t count,
    struct history_page *out) MUST_USE;
enum status history_store_search(struct history_store *store, struct bytes words, uint64_t peer,
    uint64_t before, size_t count, struct history_page *out) MUST_USE;
enum status history_store_conversations(
    struct history_store *store, struct history_list *out) MUST_USE;

/* The peers with messages; on the heap. */
enum status history_store_peers(
    struct history_store *store, uint64_t **out, size_t *count) MUST_USE;

/* The name last given to a peer; empty: none. */
enum status history_store_name(
    struct history_store *store, uint64_t peer, char out[HISTORY_NAME_ROOM]) MUST_USE;

/* All messages with a peer, one after the other, the oldest first; borrowed. False ends it. */
typedef bool history_store_on_message(void *arg, const struct history_message *message);
enum status history_store_each(struct history_store *store, uint64_t peer,
    history_store_on_message *on_message, void *arg) MUST_USE;

#endif
