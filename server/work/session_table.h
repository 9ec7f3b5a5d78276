/* SPDX-License-Identifier: ISC */
/*
 * The sessions of one child by number. A number is a slot and how often the slot was used, so
 * that a late answer for a session that is gone finds nobody rather than its successor.
 */

#ifndef SERVER_WORK_SESSION_TABLE_H
#define SERVER_WORK_SESSION_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct session;
struct session_table;

/* Slots are 2 to the power of SESSION_TABLE_SLOT_BITS at most. */
enum { SESSION_TABLE_SLOT_BITS = 20 };

struct session_table *session_table_new(void);
void session_table_free(struct session_table *table);

/* A number for "session", never 0; 0 when all slots are in use. */
uint32_t session_table_add(struct session_table *table, struct session *session);

/* NULL when that session is gone. */
struct session *session_table_find(const struct session_table *table, uint32_t id);

/* "id" has to be there. */
void session_table_remove(struct session_table *table, uint32_t id);

size_t session_table_count(const struct session_table *table);

/*
 * Walks over all: start with *cursor 0, NULL at the end. Sessions may be removed on the way, also
 * the one just returned.
 */
struct session *session_table_next(const struct session_table *table, size_t *cursor);

#endif
