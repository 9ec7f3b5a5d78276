/* SPDX-License-Identifier: ISC */
/*
 * The thin driver under the store: one connection, one thread, plain SQL. Where the dialects
 * part, a text has a word in braces ("{begin_write}") that the driver replaces from its list in
 * sql_words.def. Numbers are unsigned 64-bit.
 *
 * Every function that can fail says what kind of failure it was:
 *	STATUS_STORE_AWAY	the connection is gone: close it; the last statement may be done
 *	STATUS_BUSY		a lock or deadlock: roll back and do the whole transaction again
 *	STATUS_ALREADY_THERE	a key or table exists; only that statement was not done
 *	STATUS_NOT_FOUND	there is no such table
 *	STATUS_DISK_FULL	roll back
 *	STATUS_BAD_CONFIG	(only opening) there is no such database, or it is not for us
 *	STATUS_STORE_FAILED	anything else
 */

#ifndef SERVER_STORE_SQL_H
#define SERVER_STORE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/status.h"

struct sql;
struct sql_query;
struct store_config;

enum sql_kind {
	SQL_NULL,	/* also a value longer than any of ours */
	SQL_NUMBER,
	SQL_TEXT,
	SQL_BLOB,
};

struct sql_value {
	enum sql_kind kind;
	uint64_t number;
	struct bytes bytes;	/* SQL_TEXT and SQL_BLOB; borrowed */
};

static inline struct sql_value
sql_number(uint64_t number)
{
	return (struct sql_value){ .kind = SQL_NUMBER, .number = number };
}

static inline struct sql_value
sql_text(struct bytes text)
{
	return (struct sql_value){ .kind = SQL_TEXT, .bytes = text };
}

static inline struct sql_value
sql_blob(struct bytes blob)
{
	return (struct sql_value){ .kind = SQL_BLOB, .bytes = blob };
}

enum {
	SQL_PARAMETERS_MAX = 128,
	SQL_VALUE_MAX = 32768,	/* bytes of a value that is read */
};

/* Connects; *out is NULL after a failure, and "why" (of "room" bytes) says what was wrong. */
enum status sql_open(const struct store_config *config, struct sql **out, char *why, size_t room);

/* Also everything that was prepared. NULL is fine. */
void sql_close(struct sql *sql);

/* Statements without parameters and results, divided by semicolons. */
enum status sql_exec(struct sql *sql, const char *text);

/* A statement to run often; it belongs to the connection and ends with it. */
enum status sql_prepare(struct sql *sql, const char *text, struct sql_query **out);

/*
 * Runs it with these values for its question marks. Rows, if any, are got by sql_step(), before
 * anything else is run.
 */
enum status sql_run(struct sql_query *query, const struct sql_value *values, size_t count);

/* Moves to the next row; *has_row is false behind the last one. */
enum status sql_step(struct sql_query *query, bool *has_row);

/* A value of this row, from 0 on; borrowed until the next step or reset. */
struct sql_value sql_column(struct sql_query *query, unsigned column);

/* The rows are not needed any more. Twice, or without a run, is fine. */
void sql_reset(struct sql_query *query);

/*
 * Rows that the last INSERT, UPDATE or DELETE touched, and the number that the database gave to
 * the last one inserted.
 */
uint64_t sql_changes(const struct sql *sql);
uint64_t sql_last_id(const struct sql *sql);

/* What the database said about the last failure: one line, safe to print. */
const char *sql_error(const struct sql *sql);

#endif
