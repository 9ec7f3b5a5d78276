/* SPDX-License-Identifier: ISC */
/*
 * The store as a session child sees it: ask, and be called back on the loop. Every question
 * gets exactly one last answer, whatever happens to the store process: it is dead or has not
 * come up: STATUS_STORE_AWAY at once; it does not answer in time: STATUS_STORE_AWAY; it has too
 * much to do: STATUS_BUSY. Callbacks never come from inside store_client_ask(); they may ask,
 * cancel, and free what they belong to.
 */

#ifndef SERVER_STORE_STORE_CLIENT_H
#define SERVER_STORE_STORE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/store/verbs.h"

struct event_base;
struct store_client;

struct store_answer {
	enum status status;	/* STATUS_OK, or why not */
	bool is_last;		/* false: an item of a list, more will come */
	uint16_t verb;		/* of "message": VERB_ACCOUNT_GET_OK, VERB_PAGE_ITEM … */
	uint32_t tag;		/* as given to store_client_ask() */
	/* after a failure: ask again so much later; 0 says nothing about it */
	uint32_t retry_ms;
	uint64_t detail;	/* after a failure: see STORE_ERROR */
	/* STATUS_OK: struct verb_…, borrowed for the time of the call; else NULL */
	const void *message;
};

typedef void store_on_answer(void *arg, const struct store_answer *answer);

/* What the store says without being asked; "message" is struct verb_… of "verb", borrowed. */
typedef void store_on_told(void *arg, uint16_t verb, const void *message);

/* More unanswered questions than that: STATUS_BUSY. */
enum { STORE_CLIENT_TIMEOUT_MS = 8000, STORE_CLIENT_PENDING_MAX = 65536 };

/* "timeout_ms" is for every answer. "on_told" may be NULL. Nothing is attached yet. */
struct store_client *store_client_new(struct event_base *base, unsigned timeout_ms,
    store_on_told *on_told, void *arg);

/* What is unanswered is forgotten, no callback comes any more. NULL is fine. */
void store_client_free(struct store_client *client);

/*
 * The channel to a store process, the first one or its replacement: a SOCK_SEQPACKET descriptor
 * that the client closes. What was asked over the one before and is unanswered gets
 * STATUS_STORE_AWAY.
 */
void store_client_attach(struct store_client *client, int fd);

/* A store process is there, as far as we know. */
bool store_client_is_attached(const struct store_client *client);

/*
 * Asks. "message" is the struct verb_… of "verb"; its request number is not looked at, and
 * nothing of it is needed after the call. "arg" says whose question it is (see
 * store_client_cancel()); "tag" comes back in the answer.
 */
void store_client_ask(struct store_client *client, uint16_t verb, const void *message,
    store_on_answer *on_answer, void *arg, uint32_t tag);

/*
 * Whoever asked with this "arg" is gone: no answer for any of it. What is asked to be written
 * will be all the same.
 */
void store_client_cancel(struct store_client *client, const void *arg);

/* Questions without an answer. */
size_t store_client_pending(const struct store_client *client);

#endif
