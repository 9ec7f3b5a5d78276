/* SPDX-License-Identifier: ISC */
/* What a driver brings along for sql.c; nobody else includes this. */

#ifndef SERVER_STORE_SQL_DRIVER_H
#define SERVER_STORE_SQL_DRIVER_H

#include "server/store/sql.h"

enum { SQL_ERROR_ROOM = 256 };

struct sql_word {
	const char *word;
	const char *text;
};

struct sql_driver {
	const struct sql_word *words;
	size_t word_count;
	void (*close)(struct sql *sql);
	enum status (*exec)(struct sql *sql, const char *text);
	enum status (*prepare)(struct sql *sql, const char *text, struct sql_query **out);
	void (*finalize)(struct sql_query *query);
	enum status (*run)(struct sql_query *query, const struct sql_value *values, size_t count);
	enum status (*step)(struct sql_query *query, bool *has_row);
	struct sql_value (*column)(struct sql_query *query, unsigned column);
	void (*reset)(struct sql_query *query);
};

/* A driver's connection and statement begin with these. */
struct sql {
	const struct sql_driver *driver;
	struct sql_query *queries;
	uint64_t changes;
	uint64_t last_id;
	char error[SQL_ERROR_ROOM];
};

struct sql_query {
	struct sql *sql;
	struct sql_query *next;
};

/* Keeps the database's words for sql_error(), made safe to print. */
void sql_set_error(struct sql *sql, const char *text);

enum status sql_sqlite_open(const struct store_config *config, struct sql **out, char *why,
    size_t room);
enum status sql_mysql_open(const struct store_config *config, struct sql **out, char *why,
    size_t room);

#endif
