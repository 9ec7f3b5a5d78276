/* SPDX-License-Identifier: ISC */
/*
 * MariaDB and MySQL, through libmariadb or libmysqlclient. A connection that broke is never
 * patched up by the library (MYSQL_OPT_RECONNECT would lose the session's settings in silence):
 * it is closed, and whoever needs one opens another. Everything has a time limit, so a database
 * that hangs is one that is away.
 */
#include "server/store/sql_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <mysql.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/store/store_config.h"
#include "shared/compiler.h"
#include "shared/mem.h"

/*
 * libmariadb has numbers above MySQL's in MYSQL_VERSION_ID, but still my_bool, which MySQL took
 * away.
 */
#if defined(MARIADB_PACKAGE_VERSION) || defined(LIBMARIADB)
#define IS_LIBMARIADB 1
typedef my_bool sql_bool;
#elif MYSQL_VERSION_ID >= 80001
typedef bool sql_bool;
#else
typedef my_bool sql_bool;
#endif

/*
 * Together less than a session child waits, and more than the database gives a statement
 * (below).
 */
enum { CONNECT_S = 3, READ_S = 4, WRITE_S = 4 };

struct mysql {
	struct sql base;
	MYSQL *connection;
};

struct column {
	uint64_t number;
	uint8_t *room;		/* NULL: it is a number */
	unsigned long size;
	unsigned long len;
	sql_bool is_null;
	bool is_text;
};

struct mysql_query {
	struct sql_query base;
	MYSQL_STMT *stmt;
	MYSQL_BIND *parameters;
	MYSQL_BIND *binds;
	struct column *columns;
	unsigned column_count;
};

static const struct sql_word words[] = {
#define WORD(name, sqlite, mysql) { name, mysql },
#include "server/store/sql_words.def"
#undef WORD
};

/*
 * Numbers of https://mariadb.com/kb/en/mariadb-error-code-reference/ (the same in MySQL up to
 * 1879, and 2xxx and 3024), by what they mean for us. Anything else is STATUS_STORE_FAILED.
 */
static const struct {
	unsigned short number;
	unsigned short status;
} errors[] = {
	/* Nobody there, or nobody who may write now. */
	{ 1040, STATUS_STORE_AWAY },	/* too many connections */
	{ 1047, STATUS_STORE_AWAY },	/* Galera: not in the cluster yet */
	{ 1053, STATUS_STORE_AWAY },	/* it is stopping */
	{ 1129, STATUS_STORE_AWAY },	/* host blocked after many errors */
	{ 1158, STATUS_STORE_AWAY },	/* network: reading */
	{ 1159, STATUS_STORE_AWAY },
	{ 1160, STATUS_STORE_AWAY },	/* network: writing */
	{ 1161, STATUS_STORE_AWAY },
	{ 1184, STATUS_STORE_AWAY },	/* connection given up */
	{ 1203, STATUS_STORE_AWAY },	/* too many connections of this user */
	{ 1226, STATUS_STORE_AWAY },
	{ 1243, STATUS_STORE_AWAY },	/* the statement is not known there (any more) */
	{ 1290, STATUS_STORE_AWAY },	/* read-only: the primary has moved */
	{ 1429, STATUS_STORE_AWAY },	/* Spider: a shard is away */
	{ 1461, STATUS_STORE_AWAY },	/* too many prepared statements */
	{ 1792, STATUS_STORE_AWAY },	/* read-only transaction */
	{ 1836, STATUS_STORE_AWAY },	/* read-only */
	{ 1927, STATUS_STORE_AWAY },	/* connection killed */
	{ 2002, STATUS_STORE_AWAY },	/* cannot connect, socket */
	{ 2003, STATUS_STORE_AWAY },	/* cannot connect, host */
	{ 2005, STATUS_STORE_AWAY },	/* unknown host */
	{ 2006, STATUS_STORE_AWAY },	/* gone */
	{ 2012, STATUS_STORE_AWAY },	/* broke in the handshake */
	{ 2013, STATUS_STORE_AWAY },	/* lost while waiting for an answer */
	{ 2014, STATUS_STORE_AWAY },	/* out of step: only a new connection helps */
	{ 2026, STATUS_STORE_AWAY },	/* TLS */
	{ 2027, STATUS_STORE_AWAY },	/* malformed packet */
	{ 2055, STATUS_STORE_AWAY },	/* lost, with a reason */
	{ 12701, STATUS_STORE_AWAY },	/* Spider: a shard is gone */
	/* Once more. */
	{ 1020, STATUS_BUSY },		/* changed since it was read */
	{ 1180, STATUS_BUSY },		/* error during commit (Galera) */
	{ 1205, STATUS_BUSY },		/* waited too long for a lock */
	{ 1213, STATUS_BUSY },		/* deadlock */
	{ 1317, STATUS_BUSY },		/* interrupted */
	{ 1412, STATUS_BUSY },		/* table definition has changed */
	{ 1615, STATUS_BUSY },		/* has to be prepared again */
	{ 1637, STATUS_BUSY },		/* too many transactions */
	{ 1969, STATUS_BUSY },		/* took too long (MariaDB) */
	{ 3024, STATUS_BUSY },		/* took too long (MySQL) */
	/* A key, a table, an index. */
	{ 1022, STATUS_ALREADY_THERE },
	{ 1050, STATUS_ALREADY_THERE },
	{ 1060, STATUS_ALREADY_THERE },
	{ 1061, STATUS_ALREADY_THERE },
	{ 1062, STATUS_ALREADY_THERE },
	{ 1586, STATUS_ALREADY_THERE },
	{ 1146, STATUS_NOT_FOUND },	/* no such table */
	/* No room. */
	{ 20, STATUS_DISK_FULL },
	{ 1021, STATUS_DISK_FULL },
	{ 1041, STATUS_DISK_FULL },
	{ 1114, STATUS_DISK_FULL },
	/* Not for us. */
	{ 1044, STATUS_BAD_CONFIG },	/* this user may not use that database */
	{ 1045, STATUS_BAD_CONFIG },	/* wrong user or password */
	{ 1049, STATUS_BAD_CONFIG },	/* no such database */
	{ 1130, STATUS_BAD_CONFIG },	/* not from this host */
	{ 1142, STATUS_BAD_CONFIG },	/* this user may not do that */
	{ 1698, STATUS_BAD_CONFIG },	/* wrong user or password */
	{ 2054, STATUS_BAD_CONFIG },	/* no common way to log in */
	{ 2058, STATUS_BAD_CONFIG },
	{ 2059, STATUS_BAD_CONFIG },
};

static enum status
status_of(unsigned number, const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		if (errors[i].number == number)
			return errors[i].status;
	/* 3, 1026 and 1030 carry the system's errno in their words. */
	if (strstr(text, "rror 28 ") != NULL || strstr(text, "rrcode: 28 ") != NULL)
		return STATUS_DISK_FULL;
	return STATUS_STORE_FAILED;
}

static enum status
fail(struct sql *sql, unsigned number, const char *text)
{
	char numbered[SQL_ERROR_ROOM];

	snprintf(numbered, sizeof(numbered), "%s (error %u)", text, number);
	sql_set_error(sql, numbered);
	return status_of(number, text);
}

static enum status
fail_connection(struct mysql *mysql)
{
	return fail(&mysql->base, mysql_errno(mysql->connection), mysql_error(mysql->connection));
}

static enum status
fail_query(struct mysql_query *query)
{
	return fail(query->base.sql, mysql_stmt_errno(query->stmt), mysql_stmt_error(query->stmt));
}

static void
close_mysql(struct sql *sql)
{
	struct mysql *mysql = (struct mysql *)sql;

	mysql_close(mysql->connection);
	mysql_thread_end();
	free(mysql);
}

/* All results of several statements are taken, else the connection would be out of step. */
static enum status
exec_mysql(struct sql *sql, const char *text)
{
	struct mysql *mysql = (struct mysql *)sql;
	int more;

	if (mysql_query(mysql->connection, text) != 0)
		return fail_connection(mysql);
	do {
		MYSQL_RES *result = mysql_store_result(mysql->connection);

		mysql_free_result(result);
		more = mysql_next_result(mysql->connection);
	} while (more == 0);
	return more > 0 ? fail_connection(mysql) : STATUS_OK;
}

static void
finalize_mysql(struct sql_query *base)
{
	struct mysql_query *query = (struct mysql_query *)base;

	mysql_stmt_close(query->stmt);
	for (unsigned i = 0; i < query->column_count; i++)
		free(query->columns[i].room);
	free(query->columns);
	free(query->binds);
	free(query->parameters);
	free(query);
}

static bool
is_number_type(enum enum_field_types type)
{
	return type == MYSQL_TYPE_LONGLONG || type == MYSQL_TYPE_LONG || type == MYSQL_TYPE_SHORT ||
	    type == MYSQL_TYPE_TINY || type == MYSQL_TYPE_INT24 || type == MYSQL_TYPE_NEWDECIMAL;
}

/* 63 is the character set "binary". */
enum { CHARSET_BINARY = 63 };

static void
bind_column(MYSQL_BIND *bind, struct column *column, const MYSQL_FIELD *field)
{
	bind->is_null = &column->is_null;
	bind->length = &column->len;
	if (is_number_type(field->type)) {
		bind->buffer_type = MYSQL_TYPE_LONGLONG;
		bind->buffer = &column->number;
		bind->is_unsigned = true;
		return;
	}
	column->is_text = field->charsetnr != CHARSET_BINARY;
	column->size = field->length < SQL_VALUE_MAX ? field->length : SQL_VALUE_MAX;
	column->room = mem_new_array(1, column->size + 1);
	bind->buffer_type = column->is_text ? MYSQL_TYPE_STRING : MYSQL_TYPE_BLOB;
	bind->buffer = column->room;
	bind->buffer_length = column->size;
}

static enum status
bind_columns(struct mysql_query *query)
{
	MYSQL_RES *metadata = mysql_stmt_result_metadata(query->stmt);
	const MYSQL_FIELD *fields;

	if (metadata == NULL)
		return mysql_stmt_errno(query->stmt) != 0 ? fail_query(query) : STATUS_OK;
	query->column_count = mysql_num_fields(metadata);
	query->columns = mem_new_array(query->column_count, sizeof(*query->columns));
	query->binds = mem_new_array(query->column_count, sizeof(*query->binds));
	fields = mysql_fetch_fields(metadata);
	for (unsigned i = 0; i < query->column_count; i++)
		bind_column(&query->binds[i], &query->columns[i], &fields[i]);
	mysql_free_result(metadata);
	return STATUS_OK;
}

static enum status
prepare_mysql(struct sql *sql, const char *text, struct sql_query **out)
{
	struct mysql *mysql = (struct mysql *)sql;
	MYSQL_STMT *stmt = mysql_stmt_init(mysql->connection);
	struct mysql_query *query;
	enum status status;

	if (stmt == NULL)
		return fail_connection(mysql);
	query = mem_new(sizeof(*query));
	query->base.sql = sql;
	query->stmt = stmt;
	query->parameters = mem_new_array(SQL_PARAMETERS_MAX, sizeof(*query->parameters));
	if (mysql_stmt_prepare(stmt, text, strlen(text)) == 0)
		status = bind_columns(query);
	else
		status = fail_query(query);
	if (status != STATUS_OK) {
		finalize_mysql(&query->base);
		return status;
	}
	*out = &query->base;
	return STATUS_OK;
}

static void
bind_parameter(MYSQL_BIND *bind, const struct sql_value *value)
{
	static char nothing[1];

	memset(bind, 0, sizeof(*bind));
	switch (value->kind) {
	case SQL_NUMBER:
		bind->buffer_type = MYSQL_TYPE_LONGLONG;
		bind->buffer = (void *)&value->number;
		bind->is_unsigned = true;
		return;
	case SQL_TEXT:
	case SQL_BLOB:
		bind->buffer_type = value->kind == SQL_TEXT ? MYSQL_TYPE_STRING : MYSQL_TYPE_BLOB;
		bind->buffer = value->bytes.len > 0 ? (void *)value->bytes.data : nothing;
		bind->buffer_length = value->bytes.len;
		return;
	default:
		bind->buffer_type = MYSQL_TYPE_NULL;
	}
}

static void
reset_mysql(struct sql_query *base)
{
	mysql_stmt_free_result(((struct mysql_query *)base)->stmt);
}

static enum status
run_mysql(struct sql_query *base, const struct sql_value *values, size_t count)
{
	struct mysql_query *query = (struct mysql_query *)base;

	mysql_stmt_free_result(query->stmt);
	if (mysql_stmt_param_count(query->stmt) != count) {
		sql_set_error(base->sql,
		    "a statement got another number of values than it has question marks");
		return STATUS_STORE_FAILED;
	}
	for (size_t i = 0; i < count; i++)
		bind_parameter(&query->parameters[i], &values[i]);
	if ((count > 0 && mysql_stmt_bind_param(query->stmt, query->parameters) != 0) ||
	    mysql_stmt_execute(query->stmt) != 0)
		return fail_query(query);
	base->sql->changes = mysql_stmt_affected_rows(query->stmt);
	base->sql->last_id = mysql_stmt_insert_id(query->stmt);
	if (query->column_count == 0)
		return STATUS_OK;
	if (mysql_stmt_bind_result(query->stmt, query->binds) != 0 ||
	    mysql_stmt_store_result(query->stmt) != 0)
		return fail_query(query);
	return STATUS_OK;
}

static enum status
step_mysql(struct sql_query *base, bool *has_row)
{
	struct mysql_query *query = (struct mysql_query *)base;

	if (query->column_count == 0)
		return STATUS_OK;
	switch (mysql_stmt_fetch(query->stmt)) {
	case 0:
	case MYSQL_DATA_TRUNCATED:	/* column_mysql() sees which one */
		*has_row = true;
		return STATUS_OK;
	case MYSQL_NO_DATA:
		mysql_stmt_free_result(query->stmt);
		return STATUS_OK;
	default:
		return fail_query(query);
	}
}

static struct sql_value
column_mysql(struct sql_query *base, unsigned place)
{
	const struct column *column = &((struct mysql_query *)base)->columns[place];

	if (column->is_null)
		return (struct sql_value){ 0 };
	if (column->room == NULL)
		return sql_number(column->number);
	if (column->len > column->size)
		return (struct sql_value){ 0 };
	return column->is_text ? sql_text(bytes_of(column->room, column->len)) :
	    sql_blob(bytes_of(column->room, column->len));
}

static const struct sql_driver driver = {
	.words = words,
	.word_count = ARRAY_LEN(words),
	.close = close_mysql,
	.exec = exec_mysql,
	.prepare = prepare_mysql,
	.finalize = finalize_mysql,
	.run = run_mysql,
	.step = step_mysql,
	.column = column_mysql,
	.reset = reset_mysql,
};

/*
 * Needed before threads use the library (libmysqlclient: mysql_library_init() is not safe for
 * several at once).
 */
static void
start_library(void)
{
	mysql_library_init(0, NULL, NULL);
}

static void
set_options(MYSQL *connection, const char *socket, unsigned answer_s)
{
	unsigned connect_s = CONNECT_S, read_s = answer_s != 0 ? answer_s : READ_S;
	unsigned write_s = WRITE_S;
	unsigned protocol = socket != NULL ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;

	mysql_options(connection, MYSQL_OPT_CONNECT_TIMEOUT, &connect_s);
	mysql_options(connection, MYSQL_OPT_READ_TIMEOUT, &read_s);
	mysql_options(connection, MYSQL_OPT_WRITE_TIMEOUT, &write_s);
	/* Else "localhost" would be some socket. */
	mysql_options(connection, MYSQL_OPT_PROTOCOL, &protocol);
	mysql_options(connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
}

/*
 * READ COMMITTED: rows that are not there are not locked, so inserts of several servers do not
 * block each other.
 */
static const char session_settings[] =
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',"
    " SESSION innodb_lock_wait_timeout = 2, SESSION autocommit = 1;"
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

/*
 * What only some servers know: MariaDB's and MySQL's limit for one statement, and reading what
 * another Galera node wrote.
 */
static const char *const optional_settings[] = {
	"SET SESSION max_statement_time = 3",
	"SET SESSION max_execution_time = 3000",
	"SET SESSION wsrep_sync_wait = 1",
};

static enum status
set_up(struct mysql *mysql)
{
	enum status status;

#ifdef IS_LIBMARIADB
	/* libmariadb leaves it open across exec; libmysqlclient does not show it. */
	fcntl(mysql_get_socket(mysql->connection), F_SETFD, FD_CLOEXEC);
#endif
	status = exec_mysql(&mysql->base, session_settings);
	for (size_t i = 0; i < ARRAY_LEN(optional_settings) && status == STATUS_OK; i++)
		if (exec_mysql(&mysql->base, optional_settings[i]) == STATUS_STORE_AWAY)
			status = STATUS_STORE_AWAY;
	return status;
}

static enum status
connect_to(struct mysql *mysql, const struct store_config *config)
{
	const char *host = config->host[0] != '\0' ? config->host : NULL;
	const char *socket = config->socket[0] != '\0' ? config->socket : NULL;
	unsigned long flags = CLIENT_FOUND_ROWS | CLIENT_MULTI_STATEMENTS;

	set_options(mysql->connection, socket, config->answer_seconds);
	if (mysql_real_connect(mysql->connection, host, config->user, config->password,
	    config->database, config->port, socket, flags) == NULL)
		return fail_connection(mysql);
	return set_up(mysql);
}

enum status
sql_mysql_open(const struct store_config *config, struct sql **out, char *why, size_t room)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct mysql *mysql;
	enum status status;

	pthread_once(&once, start_library);
	mysql = mem_new(sizeof(*mysql));
	mysql->base.driver = &driver;
	mysql->connection = mysql_init(NULL);
	if (mysql->connection == NULL) {
		free(mysql);
		return STATUS_NO_MEMORY;
	}
	status = connect_to(mysql, config);
	if (status == STATUS_OK) {
		*out = &mysql->base;
		return STATUS_OK;
	}
	snprintf(why, room, "%s", mysql->base.error);
	close_mysql(&mysql->base);
	return status;
}
