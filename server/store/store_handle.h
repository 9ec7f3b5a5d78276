/* SPDX-License-Identifier: ISC */
/* What the files store*.c share: the handle, and short ways to run a query and to read its rows. */

#ifndef SERVER_STORE_STORE_HANDLE_H
#define SERVER_STORE_STORE_HANDLE_H

#include "server/store/breaker.h"
#include "server/store/sql.h"
#include "server/store/store.h"
#include "shared/compiler.h"

/* For queries.def. */
#define TEN_MARKS "?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
#define HUNDRED_MARKS \
	TEN_MARKS ", " TEN_MARKS ", " TEN_MARKS ", " TEN_MARKS ", " TEN_MARKS ", " \
	TEN_MARKS ", " TEN_MARKS ", " TEN_MARKS ", " TEN_MARKS ", " TEN_MARKS

enum query_name {
#define QUERY(name, text) QUERY_##name,
#include "server/store/queries.def"
#undef QUERY
	QUERY_COUNT,
};

enum {
	BLOCK_SIZE = 1024,	/* uids per row of account_block; never change it */
	BLOCKS_CHANGED_MAX = 256,
	KEPT_SIZE = SQL_VALUE_MAX + 1024,
	IN_LIST = 100,		/* question marks of an IN (...) */
};

struct block_change {
	uint64_t block;
	int64_t live;
};

struct store {
	const struct store_config *config;
	struct breaker *breaker;
	struct breaker own_breaker;
	struct sql *sql;	/* NULL: not connected */
	struct sql_query *queries[QUERY_COUNT];
	bool in_change;
	struct block_change blocks[BLOCKS_CHANGED_MAX];
	size_t block_count;
	uint64_t complained_at;
	uint8_t kept[KEPT_SIZE];	/* what an answer borrows */
	size_t kept_used;
	char error[256];
};

/*
 * A verb's work. It may be called again from its start, so it must not leave traces outside of
 * the database.
 */
typedef enum status store_body(struct store *store, const void *ask, void *out);

/*
 * Reads: connects when needed, and does it again on a fresh connection when the one it had was
 * dead.
 */
enum status store_read(struct store *store, store_body *body, const void *ask, void *out);

/* Several queries see the same moment; otherwise like store_read(). */
enum status store_read_at_once(struct store *store, store_body *body, const void *ask, void *out);

/* Writes: within a change of the caller's, or as a change of its own. */
enum status store_write(struct store *store, store_body *body, const void *ask, void *out);

#define VALUES(...) \
	(const struct sql_value[]){ __VA_ARGS__ }, \
	    sizeof((struct sql_value[]){ __VA_ARGS__ }) / sizeof(struct sql_value)

/* Runs a query without rows. */
enum status store_do(struct store *store, enum query_name name, const struct sql_value *values,
    size_t count);

/* The same, with the number of rows that it touched. */
enum status store_touch(struct store *store, enum query_name name, const struct sql_value *values,
    size_t count, uint64_t *touched);

/*
 * The rows of a query, read column by column with an error that sticks: numbers are 0 and bytes
 * empty after it. row_next() is false at the end and after a failure; then rows->status says
 * which.
 */
struct rows {
	struct store *store;
	struct sql_query *query;
	unsigned column;
	enum status status;
};

struct rows rows_of(struct store *store, enum query_name name, const struct sql_value *values,
    size_t count);
bool row_next(struct rows *rows);
uint64_t row_number(struct rows *rows);
/*
 * A copy in the handle, good until the next verb. Bytes outside of min and max, or text that is
 * not clean, is a failure.
 */
struct bytes row_text(struct rows *rows, size_t min, size_t max);
struct bytes row_blob(struct rows *rows, size_t min, size_t max);
/* No more rows are wanted. */
enum status rows_end(struct rows *rows);

/* The only row: STATUS_OK and its columns can be read until rows_end(), or STATUS_NOT_FOUND. */
enum status rows_one(struct rows *rows);

/* Frees what earlier rows have kept. */
void store_forget_kept(struct store *store);

/* The kept counters follow at the end of the change. */
enum status store_count_account(struct store *store, uint64_t uid, int change);

/*
 * The uid of an account, for verbs that take one or a name. STATUS_NO_SUCH_USER,
 * STATUS_AMBIGUOUS.
 */
enum status store_find_uid(struct store *store, uint64_t uid, struct bytes name, uint64_t *out);

/* marks[i] = 1 where another living work server has uids[i]; at most STORE_PER_PAGE_MAX of them. */
enum status store_mark_remote(struct store *store, const uint64_t *uids, size_t count,
    uint8_t *marks);

/* Where a session is: the four columns of the table session, in this order. */
struct session_row {
	uint64_t server_id;
	uint64_t child;
	uint64_t generation;
	uint64_t session;
};

struct session_row row_session(struct rows *rows);

/*
 * Within a change: a word for the server that has this session of "uid"; nothing for ourselves.
 * An empty frame says that the session is not its own any more.
 */
enum status store_leave_letter(struct store *store, const struct session_row *to, uint64_t uid,
    struct bytes frame);

/* Letters that nobody came for. */
void store_letters_sweep(struct store *store);

/*
 * Within a change, where several servers share the database: whoever is online with this account
 * is not any more, and another server that has the session is told (store_letters_take()).
 */
enum status store_end_session(struct store *store, uint64_t uid);

/* A name in lower case; *out has room for 16 bytes. False when it is no name. */
bool store_name_key(struct bytes name, char *out);

#endif
