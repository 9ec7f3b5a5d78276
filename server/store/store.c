/* SPDX-License-Identifier: ISC */
/* The handle: connecting and connecting again, changes, and how verbs run queries. */
#include "server/store/store.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/store/schema.h"
#include "server/store/store_handle.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/mem.h"
#include "shared/str.h"

enum {
	ATTEMPTS_MAX = 5,
	COMPLAIN_MS = 1000,
};

static const char *const texts[] = {
#define QUERY(name, text) text,
#include "server/store/queries.def"
#undef QUERY
};

bool
store_is_failure(enum status status)
{
	switch (status) {
	case STATUS_STORE_AWAY:
	case STATUS_STORE_FAILED:
	case STATUS_STORE_NEWER:
	case STATUS_STORE_LOCKED:
	case STATUS_BAD_CONFIG:
	case STATUS_DISK_FULL:
	case STATUS_BUSY:
	case STATUS_NO_MEMORY:
		return true;
	default:
		return false;
	}
}

const char *
store_error(const struct store *store)
{
	return store->error;
}

uint32_t
store_retry_ms(const struct store *store)
{
	return breaker_retry_ms(store->breaker, clock_monotonic_ms());
}

static void
disconnect(struct store *store)
{
	sql_close(store->sql);
	store->sql = NULL;
	memset(store->queries, 0, sizeof(store->queries));
	store->in_change = false;
	store->block_count = 0;
}

/* At most once a second. */
static void
complain(struct store *store, enum status status)
{
	uint64_t now = clock_monotonic_ms();

	if (store->complained_at != 0 && now - store->complained_at < COMPLAIN_MS)
		return;
	store->complained_at = now;
	log_error("store: %s (%s)", store->error, status_name(status));
}

/*
 * Every failure of the database comes by here. A database that is away is no news for the log
 * yet: that is known when connecting again fails.
 */
static enum status
note_failure(struct store *store, enum status status)
{
	if (store->sql != NULL)
		snprintf(store->error, sizeof(store->error), "%s", sql_error(store->sql));
	if (status == STATUS_STORE_AWAY) {
		disconnect(store);
		return status;
	}
	if (store_is_failure(status) && status != STATUS_BUSY)
		complain(store, status);
	/* At run time a table or a right that is missing is no mistake of the request. */
	if (status == STATUS_NOT_FOUND || status == STATUS_BAD_CONFIG)
		return STATUS_STORE_FAILED;
	return status;
}

static enum status
connect_and_update(struct store *store)
{
	enum status status = sql_open(store->config, &store->sql, store->error,
	    sizeof(store->error));

	if (status != STATUS_OK)
		return status;
	status = schema_update(store->sql);
	if (status == STATUS_OK)
		return STATUS_OK;
	snprintf(store->error, sizeof(store->error), "%s",
	    status == STATUS_STORE_NEWER ? "install that version, or use another database" :
	    sql_error(store->sql));
	disconnect(store);
	return status;
}

static bool
may_pass(enum status status)
{
	return status == STATUS_STORE_AWAY || status == STATUS_BUSY || status == STATUS_DISK_FULL;
}

/*
 * Connects unless it is, or unless somebody has just found that it is no use. "is_first":
 * whoever opens the handle says himself what is wrong, unless it may pass.
 */
static enum status
connect_if_needed(struct store *store, bool is_first)
{
	char name[512];
	uint64_t now = clock_monotonic_ms();
	enum status status;

	if (store->sql != NULL)
		return STATUS_OK;
	if (!breaker_may_try(store->breaker, now))
		return STATUS_STORE_AWAY;
	status = connect_and_update(store);
	store_config_describe(store->config, name, sizeof(name));
	if (status == STATUS_OK) {
		if (breaker_worked(store->breaker))
			log_info("store: %s is back", name);
	} else if (breaker_failed(store->breaker, clock_monotonic_ms()) &&
	    (!is_first || may_pass(status))) {
		log_warn("store: %s is away: %s (%s)", name, store->error, status_name(status));
	}
	return status;
}

/* At run time a file or a user that is missing will come back, as a database does. */
static enum status
ready(struct store *store)
{
	enum status status = connect_if_needed(store, false);

	return status == STATUS_BAD_CONFIG ? STATUS_STORE_AWAY : status;
}

struct store *
store_new(const struct store_config *config, struct breaker *breaker)
{
	struct store *store = mem_new(sizeof(*store));

	store->config = config;
	store->breaker = breaker != NULL ? breaker : &store->own_breaker;
	return store;
}

enum status
store_open(const struct store_config *config, struct breaker *breaker, struct store **out,
    char *why, size_t room)
{
	struct store *store = store_new(config, breaker);
	char name[512];
	enum status status;

	status = connect_if_needed(store, true);
	if (status == STATUS_OK || may_pass(status)) {
		*out = store;
		return status;
	}
	store_config_describe(config, name, sizeof(name));
	snprintf(why, room, "%s: %s %s", name, status_text(status), store->error);
	store_close(store);
	*out = NULL;
	return status;
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	store_rollback(store);
	disconnect(store);
	free(store);
}

/* A deadlock's other side needs a moment; how long differs from attempt to attempt. */
static void
pause_before(unsigned attempt)
{
	if (attempt > 0)
		poll(NULL, 0, (int)(attempt + clock_monotonic_us() % 8));
}

enum status
store_begin(struct store *store)
{
	enum status status;

	assert(!store->in_change);
	for (unsigned attempt = 0; attempt < 2; attempt++) {
		status = ready(store);
		if (status != STATUS_OK)
			return status;
		store->block_count = 0;
		status = sql_exec(store->sql, "{begin_write}");
		store->in_change = status == STATUS_OK;
		if (status == STATUS_OK)
			return STATUS_OK;
		status = note_failure(store, status);
		if (status != STATUS_STORE_AWAY)
			return status;
	}
	return status;
}

void
store_rollback(struct store *store)
{
	enum status status;

	if (!store->in_change || store->sql == NULL)
		return;
	store->in_change = false;
	store->block_count = 0;
	status = sql_exec(store->sql, "ROLLBACK");
	if (status != STATUS_OK)
		disconnect(store);
}

static int
compare_blocks(const void *a, const void *b)
{
	const struct block_change *one = a, *other = b;

	return one->block < other->block ? -1 : one->block > other->block;
}

static enum status
write_block(struct store *store, const struct block_change *change)
{
	bool adds = change->live > 0;
	uint64_t by = (uint64_t)(adds ? change->live : -change->live);
	enum query_name name = adds ? QUERY_BLOCK_ADD : QUERY_BLOCK_TAKE;
	uint64_t touched;
	enum status status;

	for (unsigned attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
		status = store_touch(store, name, VALUES(sql_number(by), sql_number(change->block)),
		    &touched);
		if (status != STATUS_OK || touched > 0)
			return status;
		if (!adds)
			return STATUS_STORE_FAILED;
		/*
		 * The first account of this block; another server may make the row at the same
		 * time.
		 */
		status = store_do(store, QUERY_BLOCK_INSERT,
		    VALUES(sql_number(by), sql_number(change->block)));
		if (status != STATUS_ALREADY_THERE)
			return status;
	}
	return STATUS_BUSY;
}

/*
 * In order of the blocks, so that two servers never wait for each other in a circle; late, so
 * that they wait briefly.
 */
static enum status
write_blocks(struct store *store)
{
	enum status status = STATUS_OK;

	qsort(store->blocks, store->block_count, sizeof(*store->blocks), compare_blocks);
	for (size_t i = 0; i < store->block_count && status == STATUS_OK; i++)
		if (store->blocks[i].live != 0)
			status = write_block(store, &store->blocks[i]);
	store->block_count = 0;
	return status;
}

enum status
store_count_account(struct store *store, uint64_t uid, int change)
{
	uint64_t block = uid / BLOCK_SIZE;
	enum status status;
	size_t i;

	for (i = 0; i < store->block_count; i++)
		if (store->blocks[i].block == block)
			break;
	if (i == BLOCKS_CHANGED_MAX) {
		status = write_blocks(store);
		if (status != STATUS_OK)
			return status;
		i = 0;
	}
	if (i == store->block_count)
		store->blocks[store->block_count++] = (struct block_change){ .block = block };
	store->blocks[i].live += change;
	return STATUS_OK;
}

enum status
store_commit(struct store *store)
{
	enum status status;

	/* The connection broke in the middle, and with it the change. */
	if (!store->in_change)
		return STATUS_STORE_AWAY;
	status = write_blocks(store);
	if (status == STATUS_OK) {
		status = sql_exec(store->sql, "COMMIT");
		if (status != STATUS_OK)
			status = note_failure(store, status);
	}
	if (status != STATUS_OK)
		store_rollback(store);
	store->in_change = false;
	return status;
}

static enum status
read_once(struct store *store, store_body *body, const void *ask, void *out)
{
	enum status status = ready(store);

	store_forget_kept(store);
	return status == STATUS_OK ? body(store, ask, out) : status;
}

enum status
store_read(struct store *store, store_body *body, const void *ask, void *out)
{
	bool was_connected = store->sql != NULL;
	enum status status = read_once(store, body, ask, out);

	/*
	 * A connection that was idle may have been dead for long; a fresh one that breaks is
	 * the database's doing.
	 */
	if (status == STATUS_STORE_AWAY && was_connected)
		status = read_once(store, body, ask, out);
	for (unsigned attempt = 1; status == STATUS_BUSY && attempt < ATTEMPTS_MAX; attempt++) {
		pause_before(attempt);
		status = read_once(store, body, ask, out);
	}
	return status;
}

/* What store_read_at_once() hands through store_read(). */
struct moment {
	store_body *body;
	const void *ask;
};

static enum status
read_moment(struct store *store, const void *ask, void *out)
{
	const struct moment *moment = ask;
	enum status status = sql_exec(store->sql, "{begin_read}");

	if (status != STATUS_OK)
		return note_failure(store, status);
	status = moment->body(store, moment->ask, out);
	if (store->sql != NULL && sql_exec(store->sql, "ROLLBACK") != STATUS_OK)
		disconnect(store);
	return status;
}

enum status
store_read_at_once(struct store *store, store_body *body, const void *ask, void *out)
{
	const struct moment moment = { body, ask };

	return store_read(store, read_moment, &moment, out);
}

static enum status
write_once(struct store *store, store_body *body, const void *ask, void *out)
{
	enum status status = store_begin(store);

	if (status != STATUS_OK)
		return status;
	store_forget_kept(store);
	status = body(store, ask, out);
	if (status == STATUS_OK)
		return store_commit(store);
	store_rollback(store);
	return status;
}

enum status
store_write(struct store *store, store_body *body, const void *ask, void *out)
{
	enum status status;

	if (store->in_change) {
		store_forget_kept(store);
		return body(store, ask, out);
	}
	status = write_once(store, body, ask, out);
	/* All writing verbs find what they have done before. */
	if (status == STATUS_STORE_AWAY)
		status = write_once(store, body, ask, out);
	for (unsigned attempt = 1; status == STATUS_BUSY && attempt < ATTEMPTS_MAX; attempt++) {
		pause_before(attempt);
		status = write_once(store, body, ask, out);
	}
	return status;
}

static enum status
run(struct store *store, enum query_name name, const struct sql_value *values, size_t count)
{
	enum status status = STATUS_OK;

	if (store->sql == NULL)
		return STATUS_STORE_AWAY;
	if (store->queries[name] == NULL)
		status = sql_prepare(store->sql, texts[name], &store->queries[name]);
	if (status == STATUS_OK)
		status = sql_run(store->queries[name], values, count);
	return status == STATUS_OK ? STATUS_OK : note_failure(store, status);
}

enum status
store_do(struct store *store, enum query_name name, const struct sql_value *values, size_t count)
{
	return run(store, name, values, count);
}

enum status
store_touch(struct store *store, enum query_name name, const struct sql_value *values, size_t count,
    uint64_t *touched)
{
	enum status status = run(store, name, values, count);

	*touched = status == STATUS_OK ? sql_changes(store->sql) : 0;
	return status;
}

struct rows
rows_of(struct store *store, enum query_name name, const struct sql_value *values, size_t count)
{
	struct rows rows = { .store = store, .status = run(store, name, values, count) };

	rows.query = rows.status == STATUS_OK ? store->queries[name] : NULL;
	return rows;
}

bool
row_next(struct rows *rows)
{
	bool has_row = false;
	enum status status;

	if (rows->status != STATUS_OK)
		return false;
	rows->column = 0;
	status = sql_step(rows->query, &has_row);
	if (status != STATUS_OK)
		rows->status = note_failure(rows->store, status);
	return rows->status == STATUS_OK && has_row;
}

/* A row that no version of ours would write: somebody else did, or the disk forgot. */
static void
row_is_odd(struct rows *rows)
{
	struct store *store = rows->store;

	if (rows->status != STATUS_OK)
		return;
	sql_reset(rows->query);
	rows->status = STATUS_STORE_FAILED;
	snprintf(store->error, sizeof(store->error), "a row has a value that cannot be right");
	complain(store, rows->status);
}

uint64_t
row_number(struct rows *rows)
{
	struct sql_value value;

	if (rows->status != STATUS_OK)
		return 0;
	value = sql_column(rows->query, rows->column++);
	if (value.kind != SQL_NUMBER)
		row_is_odd(rows);
	return value.number;
}

static struct bytes
row_bytes(struct rows *rows, enum sql_kind kind, size_t min, size_t max)
{
	struct store *store = rows->store;
	struct sql_value value;
	uint8_t *copy = store->kept + store->kept_used;

	if (rows->status != STATUS_OK)
		return bytes_of(NULL, 0);
	value = sql_column(rows->query, rows->column++);
	if (value.kind != kind || value.bytes.len < min || value.bytes.len > max ||
	    value.bytes.len > KEPT_SIZE - store->kept_used ||
	    (kind == SQL_TEXT && !str_is_clean(value.bytes))) {
		row_is_odd(rows);
		return bytes_of(NULL, 0);
	}
	if (value.bytes.len > 0)
		memcpy(copy, value.bytes.data, value.bytes.len);
	store->kept_used += value.bytes.len;
	return bytes_of(copy, value.bytes.len);
}

struct bytes
row_text(struct rows *rows, size_t min, size_t max)
{
	return row_bytes(rows, SQL_TEXT, min, max);
}

struct bytes
row_blob(struct rows *rows, size_t min, size_t max)
{
	return row_bytes(rows, SQL_BLOB, min, max);
}

enum status
rows_end(struct rows *rows)
{
	if (rows->status == STATUS_OK)
		sql_reset(rows->query);
	return rows->status;
}

enum status
rows_one(struct rows *rows)
{
	if (row_next(rows))
		return STATUS_OK;
	return rows->status == STATUS_OK ? STATUS_NOT_FOUND : rows->status;
}

void
store_forget_kept(struct store *store)
{
	store->kept_used = 0;
}
