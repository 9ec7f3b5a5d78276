/* SPDX-License-Identifier: ISC */
/*
 * Requests that wait for their answer: numbers, deadlines, and who wants to know. Every call
 * that was started gets exactly one answer, whatever becomes of the connection.
 */

#ifndef CLIENT_NET_CALLS_H
#define CLIENT_NET_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/compiler.h"
#include "shared/frame.h"
#include "shared/status.h"

struct calls;
struct link;
struct wheel;

enum { CALLS_MAX = 24 }; /* at once; servers take 32 */

/* How a request ended. Borrowed until the callback returns. */
struct answer {
	enum status status;
	const char *sentence; /* for people, never NULL; clean text */
	uint32_t retry_ms;    /* from the server; 0: it said nothing about it */
	bool is_local;        /* the server did not say so: no answer came, or no connection */
	uint16_t type;        /* of the message */
	const void *message;  /* struct of that row of protocol.def; NULL unless STATUS_OK */
};

typedef void call_on_answer(void *arg, const struct answer *answer);

/* One item of a list, before its answer: struct of that row of protocol.def, borrowed. */
typedef void call_on_item(void *arg, const void *message);

/* Nothing is under way. Deadlines are kept by "wheel". */
struct calls *calls_new(struct wheel *wheel);

/* Calls under way are forgotten, not answered. NULL is fine. */
void calls_free(struct calls *calls);

/*
 * Numbers a request ("message" is the struct of its row, with the number as its first field)
 * and sends it. "on_item" NULL: its answer is not a list. The answer comes within "timeout_ms"
 * (STATUS_TIMEOUT).
 * STATUS_BUSY: CALLS_MAX are under way. What link_send() says. No answer comes after either.
 */
enum status calls_start(struct calls *calls, struct link *link, uint16_t type, void *message,
    uint32_t timeout_ms, call_on_item *on_item, call_on_answer *on_answer, void *arg) MUST_USE;

enum calls_result {
	CALLS_TAKEN,   /* it belonged to a call, or to one whose deadline was over */
	CALLS_UNASKED, /* it is no answer, or an ERROR about the connection */
	CALLS_BROKEN,  /* nobody who keeps to the protocol sends this */
};

/* Looks at a frame that came. */
enum calls_result calls_take(struct calls *calls, const struct frame *frame);

/* Answers all that are under way: the connection is gone. */
void calls_fail(struct calls *calls, enum status status, const char *sentence);

/* Whoever "arg" was does not want to know any more. */
void calls_forget(struct calls *calls, const void *arg);

size_t calls_count(const struct calls *calls);

#endif
