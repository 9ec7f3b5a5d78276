/* SPDX-License-Identifier: ISC */
/* Messages as they are kept: values that both sides of the history speak of. */

#ifndef CLIENT_HISTORY_HISTORY_MESSAGE_H
#define CLIENT_HISTORY_HISTORY_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/bytes.h"

enum {
	HISTORY_WHY_ROOM = 800,
	HISTORY_PAGE_MOST = 200,
	HISTORY_NAME_ROOM = 132,
};

enum history_author { HISTORY_THEIRS, HISTORY_MINE };

/* Stored by number, in the order in which they can follow each other: a failed one may still go. */
enum history_state {
	HISTORY_QUEUED,
	HISTORY_FAILED,
	HISTORY_STORED,
	HISTORY_DELIVERED,
	HISTORY_READ,
};

/*
 * What tells a message from all others of its conversation: a random number that its author's
 * client drew once, and one that counts from there.
 */
struct history_key {
	enum history_author author;
	uint64_t epoch, sequence;
};

struct history_message {
	uint64_t peer; /* uid of the other side */
	struct history_key key;
	uint64_t time_s;          /* wall clock */
	enum history_state state; /* of HISTORY_MINE */
	struct bytes text;
	uint64_t place; /* when read: its place among all that is kept; larger is later */
};

/* A part of a conversation, or what was found; the oldest message first. */
struct history_page {
	struct history_message *messages; /* with their texts, on the heap */
	size_t count;
	bool has_more; /* there are others beyond, in the direction that was asked for */
};

void history_page_clear(struct history_page *page);

/* Which side of a message is wanted. */
enum history_direction { HISTORY_BEFORE, HISTORY_BEHIND };

struct history_conversation {
	uint64_t peer;
	char name[HISTORY_NAME_ROOM];
	uint64_t messages, unread;
	struct history_message last; /* its text on the heap */
};

struct history_list {
	struct history_conversation *conversations;
	size_t count;
};

void history_list_clear(struct history_list *list);

enum history_format { HISTORY_TEXT, HISTORY_JSON };

/* "queued", "failed", "stored", "delivered", "read". */
const char *history_state_word(enum history_state state);

#endif
