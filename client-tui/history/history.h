/* SPDX-License-Identifier: ISC */
/*
 * What was said, on this computer's disk: every conversation of one account in one SQLite file. It
 * is used from the event thread, which never waits for the disk: what is to be kept or looked up is
 * collected, and goes as one batch (one commit) to another thread whenever the batch before it is
 * done. Answers come back on the event thread, in the order in which they were asked for.
 */

#ifndef CLIENT_HISTORY_HISTORY_H
#define CLIENT_HISTORY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client-tui/history/history_message.h"
#include "shared/bytes.h"
#include "shared/compiler.h"
#include "shared/status.h"

enum {
	HISTORY_WAITING_MAX = 4096,               /* changes that wait for the disk */
	HISTORY_WAITING_BYTES = 16 * 1024 * 1024, /* of text, at most */
};

struct history;

/*
 * A piece of work that may wait for the disk: run() on any thread, then done() on the event thread.
 */
struct history_work {
	void (*run)(struct history_work *work);
	void (*done)(struct history_work *work);
};

/* Who keeps a history. */
struct history_host {
	/*
	 * Has the work run; there is never more than one piece of a history at a time. It must not
	 * be refused.
	 */
	void (*run)(void *arg, struct history_work *work);
	/*
	 * Something that the person should know: nothing can be kept, and why; or that it is kept
	 * again.
	 */
	void (*on_trouble)(void *arg, const char *sentence);
};

/*
 * The history in the file "path", which is made when the first batch needs it. The folder has to be
 * for its owner alone and used by one client only. "host" is kept by reference.
 */
struct history *history_new(const char *path, const struct history_host *host, void *arg) MUST_USE;

/*
 * What waits is still written, as work of the host, and then it is gone; nobody is answered any
 * more. What could not be kept is told to on_trouble. NULL is fine.
 */
void history_close(struct history *history);

/*
 * Answers. "status" is not STATUS_OK: "why" says in a sentence what is the matter, and the result
 * is empty. Results are borrowed for the time of the call.
 */
typedef void history_on_kept(void *arg, enum status status);
typedef void history_on_page(
    void *arg, enum status status, const char *why, const struct history_page *page);
typedef void history_on_list(
    void *arg, enum status status, const char *why, const struct history_list *list);
typedef void history_on_exported(void *arg, enum status status, const char *why, uint64_t messages);

/*
 * Keeps a message, behind all that are there; one whose key is there already changes nothing.
 * Copied. "on_kept" (may be NULL): it is on the disk, or (other status) was given up. A disk that
 * is full gives nothing up: the messages wait, as many as HISTORY_WAITING_MAX, and are tried with
 * each batch.
 */
void history_put(struct history *history, const struct history_message *message,
    history_on_kept *on_kept, void *arg);

/*
 * What became of a message of mine. States only go forward, as they are numbered; others are
 * ignored.
 */
void history_set_state(
    struct history *history, uint64_t peer, struct history_key key, enum history_state state);

/* The name by which a peer is called now. */
void history_set_name(struct history *history, uint64_t peer, struct bytes name);

/* All that is kept from this peer by now was read. */
void history_mark_read(struct history *history, uint64_t peer);

/*
 * Up to "count" (at most HISTORY_PAGE_MOST) messages with a peer: those just before or behind the
 * one with the key "from"; from NULL: the newest ones, or the oldest ones. STATUS_NOT_FOUND: there
 * is none with that key.
 */
void history_page(struct history *history, uint64_t peer, enum history_direction direction,
    const struct history_key *from, size_t count, history_on_page *on_page, void *arg);

/*
 * Messages that have all these words, in any order; the newest "count" before the place "before"
 * (0: of all), from one peer or (0) from all. A word is found by its beginning; "words in quotes"
 * stand side by side; in scripts without blanks between words each character counts as one.
 * has_more: there are older ones. STATUS_TOO_SHORT: there is no letter, digit or sign in the words.
 */
void history_search(struct history *history, struct bytes words, uint64_t peer, uint64_t before,
    size_t count, history_on_page *on_found, void *arg);

/* Every conversation, the one with the newest message first. */
void history_conversations(struct history *history, history_on_list *on_list, void *arg);

/*
 * Writes everything said with a peer (0: with all, one after the other) into a new file, for its
 * owner alone (0600), "me" as my name. STATUS_ALREADY_THERE: there is a file by that name.
 */
void history_export(struct history *history, uint64_t peer, enum history_format format,
    const char *path, const char *me, history_on_exported *on_exported, void *arg);

#endif
