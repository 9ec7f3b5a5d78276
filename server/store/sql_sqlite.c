/* SPDX-License-Identifier: ISC */
/*
 * SQLite, for one work server on one machine. WAL: readers and the writer do not wait for each
 * other. synchronous=FULL: what is committed survives a loss of power, too; committing in
 * groups pays for it.
 */
#include "server/store/sql_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/store/store_config.h"
#include "shared/compiler.h"
#include "shared/mem.h"

enum { BUSY_MS = 1000 };

struct sqlite {
	struct sql base;
	sqlite3 *db;
};

struct sqlite_query {
	struct sql_query base;
	sqlite3_stmt *stmt;
	bool has_row;		/* sql_run() has stepped onto the first one already */
	bool is_done;
};

static const struct sql_word words[] = {
#define WORD(name, sqlite, mysql) { name, sqlite },
#include "server/store/sql_words.def"
#undef WORD
};

/*
 * What only the errno below an SQLite error tells apart. sqlite3_system_errno() often forgets
 * it; errno is 0 before every call here, and what succeeds does not touch it.
 */
static enum status
status_of_system(sqlite3 *db, int error, enum status otherwise)
{
	int known = sqlite3_system_errno(db);

	switch (known != 0 ? known : error) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return STATUS_DISK_FULL;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EINTR:
		return STATUS_STORE_AWAY;
	default:
		return otherwise;
	}
}

/* https://www.sqlite.org/rescode.html */
static enum status
status_of(sqlite3 *db, int error)
{
	int code = sqlite3_errcode(db);

	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return STATUS_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return STATUS_BUSY;
	case SQLITE_CONSTRAINT:
		code = sqlite3_extended_errcode(db);
		return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
		    code == SQLITE_CONSTRAINT_ROWID ? STATUS_ALREADY_THERE : STATUS_STORE_FAILED;
	case SQLITE_FULL:
		return STATUS_DISK_FULL;
	case SQLITE_IOERR:
		return status_of_system(db, error, STATUS_STORE_FAILED);
	case SQLITE_CANTOPEN:
		return status_of_system(db, error, STATUS_BAD_CONFIG);
	case SQLITE_NOTADB:
	case SQLITE_PERM:
	case SQLITE_READONLY:
		return STATUS_BAD_CONFIG;
	case SQLITE_ERROR:
		if (strncmp(sqlite3_errmsg(db), "no such table", 13) == 0)
			return STATUS_NOT_FOUND;
		return STATUS_STORE_FAILED;
	default:
		return STATUS_STORE_FAILED;
	}
}

static enum status
fail(struct sqlite *sqlite)
{
	enum status status = status_of(sqlite->db, errno);
	sql_set_error(&sqlite->base, sqlite3_errmsg(sqlite->db));
	return status != STATUS_OK ? status : STATUS_STORE_FAILED;
}

static void
close_sqlite(struct sql *sql)
{
	struct sqlite *sqlite = (struct sqlite *)sql;

	sqlite3_close(sqlite->db);
	free(sqlite);
}

static enum status
exec_sqlite(struct sql *sql, const char *text)
{
	struct sqlite *sqlite = (struct sqlite *)sql;

	/* Some errors have rolled back already (https://www.sqlite.org/lang_transaction.html). */
	if (strcmp(text, "ROLLBACK") == 0 && sqlite3_get_autocommit(sqlite->db))
		return STATUS_OK;
	errno = 0;
	if (sqlite3_exec(sqlite->db, text, NULL, NULL, NULL) != SQLITE_OK)
		return fail(sqlite);
	return STATUS_OK;
}

static enum status
prepare_sqlite(struct sql *sql, const char *text, struct sql_query **out)
{
	struct sqlite *sqlite = (struct sqlite *)sql;
	struct sqlite_query *query;
	sqlite3_stmt *stmt;

	int code = sqlite3_prepare_v3(sqlite->db, text, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);

	if (code != SQLITE_OK)
		return fail(sqlite);
	query = mem_new(sizeof(*query));
	query->stmt = stmt;
	*out = &query->base;
	return STATUS_OK;
}

static void
finalize_sqlite(struct sql_query *base)
{
	struct sqlite_query *query = (struct sqlite_query *)base;

	sqlite3_finalize(query->stmt);
	free(query);
}

static void
reset_sqlite(struct sql_query *base)
{
	struct sqlite_query *query = (struct sqlite_query *)base;

	sqlite3_reset(query->stmt);
	query->has_row = false;
	query->is_done = true;
}

static int
bind(sqlite3_stmt *stmt, int place, const struct sql_value *value)
{
	const char *data = value->bytes.len > 0 ? value->bytes.data : "";
	int len = (int)value->bytes.len;

	switch (value->kind) {
	case SQL_NUMBER:
		return sqlite3_bind_int64(stmt, place, (sqlite3_int64)value->number);
	case SQL_TEXT:
		return sqlite3_bind_text(stmt, place, data, len, SQLITE_TRANSIENT);
	case SQL_BLOB:
		return sqlite3_bind_blob(stmt, place, data, len, SQLITE_TRANSIENT);
	default:
		return sqlite3_bind_null(stmt, place);
	}
}

/* Moves on; a statement that is done or failed is reset at once, so that it keeps no lock. */
static enum status
advance(struct sqlite_query *query)
{
	struct sqlite *sqlite = (struct sqlite *)query->base.sql;
	enum status status = STATUS_OK;
	int code;

	errno = 0;
	code = sqlite3_step(query->stmt);
	query->has_row = code == SQLITE_ROW;
	query->is_done = code != SQLITE_ROW;
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		status = fail(sqlite);
	if (query->is_done)
		sqlite3_reset(query->stmt);
	return status;
}

static enum status
run_sqlite(struct sql_query *base, const struct sql_value *values, size_t count)
{
	struct sqlite_query *query = (struct sqlite_query *)base;
	struct sqlite *sqlite = (struct sqlite *)base->sql;
	enum status status;

	reset_sqlite(base);
	for (size_t i = 0; i < count; i++)
		if (bind(query->stmt, (int)i + 1, &values[i]) != SQLITE_OK)
			return fail(sqlite);
	status = advance(query);
	sqlite->base.changes = (uint64_t)sqlite3_changes(sqlite->db);
	sqlite->base.last_id = (uint64_t)sqlite3_last_insert_rowid(sqlite->db);
	return status;
}

static enum status
step_sqlite(struct sql_query *base, bool *has_row)
{
	struct sqlite_query *query = (struct sqlite_query *)base;
	enum status status = STATUS_OK;

	if (!query->has_row && !query->is_done)
		status = advance(query);
	*has_row = query->has_row;
	query->has_row = false;
	return status;
}

static struct sql_value
column_sqlite(struct sql_query *base, unsigned column)
{
	sqlite3_stmt *stmt = ((struct sqlite_query *)base)->stmt;
	int place = (int)column;
	struct bytes bytes;

	switch (sqlite3_column_type(stmt, place)) {
	case SQLITE_INTEGER:
		return sql_number((uint64_t)sqlite3_column_int64(stmt, place));
	case SQLITE_TEXT:
		bytes.data = sqlite3_column_text(stmt, place);
		bytes.len = (size_t)sqlite3_column_bytes(stmt, place);
		return bytes.len <= SQL_VALUE_MAX ? sql_text(bytes) : (struct sql_value){ 0 };
	case SQLITE_BLOB:
		bytes.data = sqlite3_column_blob(stmt, place);
		bytes.len = (size_t)sqlite3_column_bytes(stmt, place);
		return bytes.len <= SQL_VALUE_MAX ? sql_blob(bytes) : (struct sql_value){ 0 };
	default:
		return (struct sql_value){ 0 };
	}
}

static const struct sql_driver driver = {
	.words = words,
	.word_count = ARRAY_LEN(words),
	.close = close_sqlite,
	.exec = exec_sqlite,
	.prepare = prepare_sqlite,
	.finalize = finalize_sqlite,
	.run = run_sqlite,
	.step = step_sqlite,
	.column = column_sqlite,
	.reset = reset_sqlite,
};

/*
 * SQLite would make the file readable for all. Only a new one is touched: closing a descriptor
 * of a file that SQLite has open would give up its locks
 * (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
static void
create_private(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
}

static enum status
set_up(struct sqlite *sqlite, const struct store_config *config)
{
	char limit[64];
	enum status status;

	sqlite3_extended_result_codes(sqlite->db, 1);
	sqlite3_busy_timeout(sqlite->db, BUSY_MS);
	status = exec_sqlite(&sqlite->base,
	    "PRAGMA trusted_schema = OFF;"
	    "PRAGMA journal_mode = WAL;"
	    "PRAGMA synchronous = FULL;"
	    "PRAGMA temp_store = MEMORY;"
	    "PRAGMA cache_size = -8192;"
	    "PRAGMA journal_size_limit = 67108864");
	if (status != STATUS_OK || config->sqlite_pages_max == 0)
		return status;
	snprintf(limit, sizeof(limit), "PRAGMA max_page_count = %u", config->sqlite_pages_max);
	return exec_sqlite(&sqlite->base, limit);
}

enum status
sql_sqlite_open(const struct store_config *config, struct sql **out, char *why, size_t room)
{
	struct sqlite *sqlite = mem_new(sizeof(*sqlite));
	enum status status;

	sqlite->base.driver = &driver;
	create_private(config->path);
	errno = 0;
	if (sqlite3_open_v2(config->path, &sqlite->db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK)
		status = set_up(sqlite, config);
	else
		status = fail(sqlite);
	if (status == STATUS_OK) {
		*out = &sqlite->base;
		return STATUS_OK;
	}
	snprintf(why, room, "%s", sqlite->base.error);
	close_sqlite(&sqlite->base);
	return status;
}
