/* SPDX-License-Identifier: ISC */
#include "client-tui/history/history_store.h"

#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "client-tui/history/history_file.h"
#include "client-tui/history/history_words.h"
#include "shared/mem.h"
#include "shared/str.h"

enum query {
#define QUERY(NAME, text) QUERY_##NAME,
#include "client-tui/history/history_queries.def"
#undef QUERY
	QUERY_COUNT,
};

static const char *const texts[] = {
#define QUERY(NAME, text) [QUERY_##NAME] = text,
#include "client-tui/history/history_queries.def"
#undef QUERY
};

struct history_store {
	struct history_file file;
	sqlite3_stmt *queries[QUERY_COUNT]; /* made when they are needed first */
};

/* --- statements --------------------------------------------------------------------------- */

/* NULL: it failed, as history_file_failed() says. */
static sqlite3_stmt *
prepare(struct history_store *store, enum query query)
{
	sqlite3_stmt **kept = &store->queries[query];

	errno = 0;
	if (*kept == NULL)
		sqlite3_prepare_v3(
		    store->file.db, texts[query], -1, SQLITE_PREPARE_PERSISTENT, kept, NULL);
	return *kept;
}

static void
bind_number(sqlite3_stmt *stmt, int place, uint64_t number)
{
	sqlite3_bind_int64(stmt, place, (sqlite3_int64)number);
}

/* Borrowed until the statement is done. */
static void
bind_text(sqlite3_stmt *stmt, int place, struct bytes text)
{
	sqlite3_bind_text(stmt, place, text.len > 0 ? text.data : "", (int)text.len, SQLITE_STATIC);
}

static void
bind_key(sqlite3_stmt *stmt, uint64_t peer, struct history_key key)
{
	bind_number(stmt, 1, peer);
	bind_number(stmt, 2, key.author);
	bind_number(stmt, 3, key.epoch);
	bind_number(stmt, 4, key.sequence);
}

/* Lets go of what was bound, and of any lock. */
static void
finish(sqlite3_stmt *stmt)
{
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
}

/* The next row, if there is one. */
static enum status
step(struct history_store *store, sqlite3_stmt *stmt, bool *has_row)
{
	int code;

	errno = 0;
	code = sqlite3_step(stmt);
	*has_row = code == SQLITE_ROW;
	return code == SQLITE_ROW || code == SQLITE_DONE ? STATUS_OK
							 : history_file_failed(&store->file);
}

/* A statement that has no rows. */
static enum status
run(struct history_store *store, sqlite3_stmt *stmt)
{
	bool has_row;
	enum status status = step(store, stmt, &has_row);

	finish(stmt);
	return status;
}

static enum status
run_bare(struct history_store *store, enum query query)
{
	sqlite3_stmt *stmt = prepare(store, query);

	return stmt != NULL ? run(store, stmt) : history_file_failed(&store->file);
}

static struct bytes
column_text(sqlite3_stmt *stmt, int column)
{
	/* In this order: the first call is what makes it text. */
	const void *data = sqlite3_column_text(stmt, column);

	return bytes_of(data, data != NULL ? (size_t)sqlite3_column_bytes(stmt, column) : 0);
}

static uint64_t
column_number(sqlite3_stmt *stmt, int column)
{
	return (uint64_t)sqlite3_column_int64(stmt, column);
}

/* The columns of a message; what is out of range was put there by somebody else. */
static struct history_message
read_message(sqlite3_stmt *stmt)
{
	uint64_t state = column_number(stmt, 6);

	return (struct history_message){
		.place = column_number(stmt, 0),
		.peer = column_number(stmt, 1),
		.key = { .author = column_number(stmt, 2) != 0 ? HISTORY_MINE : HISTORY_THEIRS,
		    .epoch = column_number(stmt, 3),
		    .sequence = column_number(stmt, 4) },
		.time_s = column_number(stmt, 5),
		.state = state <= HISTORY_READ ? (enum history_state)state : HISTORY_QUEUED,
		.text = column_text(stmt, 7),
	};
}

/* --- open, close, transactions ------------------------------------------------------------ */

enum status
history_store_open(const char *path, struct history_store **out, char why[HISTORY_WHY_ROOM])
{
	struct history_store *store = mem_new(sizeof(*store));
	enum status status = history_file_open(path, &store->file);

	if (status != STATUS_OK) {
		memcpy(why, store->file.why, HISTORY_WHY_ROOM);
		history_store_close(store);
		return status;
	}
	*out = store;
	return STATUS_OK;
}

void
history_store_close(struct history_store *store)
{
	if (store == NULL)
		return;
	for (size_t i = 0; i < QUERY_COUNT; i++)
		sqlite3_finalize(store->queries[i]);
	history_file_close(&store->file);
	free(store);
}

const char *
history_store_why(const struct history_store *store)
{
	return store->file.why;
}

enum status
history_store_begin(struct history_store *store)
{
	return run_bare(store, QUERY_BEGIN);
}

enum status
history_store_commit(struct history_store *store)
{
	return run_bare(store, QUERY_COMMIT);
}

void
history_store_roll_back(struct history_store *store)
{
	char why[HISTORY_WHY_ROOM];

	/* Some errors have rolled back already (https://www.sqlite.org/lang_transaction.html). */
	if (sqlite3_get_autocommit(store->file.db))
		return;
	memcpy(why, store->file.why, sizeof(why));
	(void)run_bare(store, QUERY_ROLLBACK);
	memcpy(store->file.why, why, sizeof(why));
}

/* --- changes ------------------------------------------------------------------------------ */

static enum status
put_words(struct history_store *store, uint64_t place, const struct history_message *message)
{
	char peer[HISTORY_WORDS_PEER_ROOM], *spread;
	size_t len;
	sqlite3_stmt *stmt = prepare(store, QUERY_PUT_WORDS);
	enum status status;

	if (stmt == NULL)
		return history_file_failed(&store->file);
	history_words_peer(message->peer, peer);
	spread = history_words_spread(message->text, &len);
	bind_number(stmt, 1, place);
	bind_text(stmt, 2, bytes_of_string(peer));
	bind_text(stmt, 3, bytes_of(spread, len));
	status = run(store, stmt);
	free(spread);
	return status;
}

static enum status
put_last(struct history_store *store, uint64_t peer, uint64_t place)
{
	sqlite3_stmt *stmt = prepare(store, QUERY_PUT_LAST);

	if (stmt == NULL)
		return history_file_failed(&store->file);
	bind_number(stmt, 1, peer);
	bind_number(stmt, 2, place);
	return run(store, stmt);
}

enum status
history_store_put(struct history_store *store, const struct history_message *message)
{
	uint64_t place;
	sqlite3_stmt *stmt = prepare(store, QUERY_PUT);
	enum status status;

	if (stmt == NULL)
		return history_file_failed(&store->file);
	bind_key(stmt, message->peer, message->key);
	bind_number(stmt, 5, message->time_s);
	bind_number(stmt, 6, message->state);
	bind_text(stmt, 7, message->text);
	status = run(store, stmt);
	if (status != STATUS_OK || sqlite3_changes(store->file.db) == 0)
		return status;
	place = (uint64_t)sqlite3_last_insert_rowid(store->file.db);
	status = put_words(store, place, message);
	return status == STATUS_OK ? put_last(store, message->peer, place) : status;
}

enum status
history_store_set_state(
    struct history_store *store, uint64_t peer, struct history_key key, enum history_state state)
{
	sqlite3_stmt *stmt = prepare(store, QUERY_SET_STATE);

	if (stmt == NULL)
		return history_file_failed(&store->file);
	bind_key(stmt, peer, key);
	bind_number(stmt, 5, state);
	return run(store, stmt);
}

enum status
history_store_set_name(struct history_store *store, uint64_t peer, struct bytes name)
{
	sqlite3_stmt *stmt = prepare(store, QUERY_SET_NAME);

	if (stmt == NULL)
		return history_file_failed(&store->file);
	bind_number(stmt, 1, peer);
	bind_text(stmt, 2, name);
	return run(store, stmt);
}

enum status
history_store_mark_read(struct history_store *store, uint64_t peer)
{
	sqlite3_stmt *stmt = prepare(store, QUERY_MARK_READ);

	if (stmt == NULL)
		return history_file_failed(&store->file);
	bind_number(stmt, 1, peer);
	return run(store, stmt);
}

/* --- pages -------------------------------------------------------------------------------- */

static struct bytes
copy_of(struct bytes text)
{
	return bytes_of(mem_string_of(text), text.len);
}

static void
reverse(struct history_page *page)
{
	for (size_t i = 0; i < page->count / 2; i++) {
		struct history_message other = page->messages[i];

		page->messages[i] = page->messages[page->count - 1 - i];
		page->messages[page->count - 1 - i] = other;
	}
}

/* Up to "count" rows; one more than that says that there are more. */
static enum status
collect(struct history_store *store, sqlite3_stmt *stmt, size_t count, struct history_page *out)
{
	enum status status;
	bool has_row;

	out->messages = mem_new_array(count, sizeof(out->messages[0]));
	while ((status = step(store, stmt, &has_row)) == STATUS_OK && has_row) {
		struct history_message message = read_message(stmt);

		if (out->count == count) {
			out->has_more = true;
			break;
		}
		message.text = copy_of(message.text);
		out->messages[out->count++] = message;
	}
	finish(stmt);
	return status;
}

static enum status
find_place(struct history_store *store, uint64_t peer, const struct history_key *key, uint64_t *out)
{
	sqlite3_stmt *stmt = prepare(store, QUERY_FIND);
	bool has_row;
	enum status status;

	if (stmt == NULL)
		return history_file_failed(&store->file);
	bind_key(stmt, peer, *key);
	status = step(store, stmt, &has_row);
	if (status == STATUS_OK && has_row)
		*out = column_number(stmt, 0);
	else if (status == STATUS_OK)
		status = STATUS_NOT_FOUND;
	finish(stmt);
	return status;
}

enum status
history_store_page(struct history_store *store, uint64_t peer, enum history_direction direction,
    const struct history_key *from, size_t count, struct history_page *out)
{
	uint64_t place = direction == HISTORY_BEFORE ? INT64_MAX : 0;
	sqlite3_stmt *stmt = prepare(
	    store, direction == HISTORY_BEFORE ? QUERY_BEFORE : QUERY_BEHIND);
	enum status status = STATUS_OK;

	assert(count > 0 && count <= HISTORY_PAGE_MOST);
	if (stmt == NULL)
		return history_file_failed(&store->file);
	if (from != NULL)
		status = find_place(store, peer, from, &place);
	if (status != STATUS_OK)
		return status;
	bind_number(stmt, 1, peer);
	bind_number(stmt, 2, place);
	bind_number(stmt, 3, count + 1);
	status = collect(store, stmt, count, out);
	if (direction == HISTORY_BEFORE)
		reverse(out);
	return status;
}

enum status
history_store_search(struct history_store *store, struct bytes words, uint64_t peer,
    uint64_t before, size_t count, struct history_page *out)
{
	sqlite3_stmt *stmt = prepare(store, QUERY_SEARCH);
	char *query = history_words_query(words, peer);
	enum status status;

	assert(count > 0 && count <= HISTORY_PAGE_MOST);
	if (query == NULL)
		return STATUS_TOO_SHORT;
	if (stmt == NULL) {
		free(query);
		return history_file_failed(&store->file);
	}
	bind_text(stmt, 1, bytes_of_string(query));
	bind_number(stmt, 2, before > 0 ? before : INT64_MAX);
	bind_number(stmt, 3, count + 1);
	status = collect(store, stmt, count, out);
	reverse(out);
	free(query);
	return status;
}

/* --- conversations ------------------------------------------------------------------------ */

static struct history_conversation *
add_conversation(struct history_list *list)
{
	if ((list->count & (list->count + 1)) == 0)
		list->conversations = mem_resize(
		    list->conversations, 2 * (list->count + 1), sizeof(list->conversations[0]));
	list->conversations[list->count] = (struct history_conversation){ .peer = 0 };
	return &list->conversations[list->count++];
}

enum status
history_store_conversations(struct history_store *store, struct history_list *out)
{
	sqlite3_stmt *stmt = prepare(store, QUERY_LIST);
	bool has_row;
	enum status status;

	if (stmt == NULL)
		return history_file_failed(&store->file);
	while ((status = step(store, stmt, &has_row)) == STATUS_OK && has_row) {
		struct history_conversation *conversation = add_conversation(out);

		conversation->last = read_message(stmt);
		conversation->last.text = copy_of(conversation->last.text);
		conversation->peer = conversation->last.peer;
		str_copy(column_text(stmt, 8), conversation->name, sizeof(conversation->name));
		conversation->messages = column_number(stmt, 9);
		conversation->unread = column_number(stmt, 10);
	}
	finish(stmt);
	return status;
}

enum status
history_store_name(struct history_store *store, uint64_t peer, char out[HISTORY_NAME_ROOM])
{
	sqlite3_stmt *stmt = prepare(store, QUERY_NAME);
	bool has_row;
	enum status status;

	out[0] = '\0';
	if (stmt == NULL)
		return history_file_failed(&store->file);
	bind_number(stmt, 1, peer);
	status = step(store, stmt, &has_row);
	if (status == STATUS_OK && has_row)
		str_copy(column_text(stmt, 0), out, HISTORY_NAME_ROOM);
	finish(stmt);
	return status;
}

enum status
history_store_peers(struct history_store *store, uint64_t **out, size_t *count)
{
	sqlite3_stmt *stmt = prepare(store, QUERY_PEERS);
	bool has_row;
	enum status status;

	*out = NULL;
	*count = 0;
	if (stmt == NULL)
		return history_file_failed(&store->file);
	while ((status = step(store, stmt, &has_row)) == STATUS_OK && has_row) {
		if ((*count & (*count + 1)) == 0)
			*out = mem_resize(*out, 2 * (*count + 1), sizeof(**out));
		(*out)[(*count)++] = column_number(stmt, 0);
	}
	finish(stmt);
	return status;
}

enum status
history_store_each(
    struct history_store *store, uint64_t peer, history_store_on_message *on_message, void *arg)
{
	sqlite3_stmt *stmt = prepare(store, QUERY_ALL);
	bool has_row = true;
	enum status status;

	if (stmt == NULL)
		return history_file_failed(&store->file);
	bind_number(stmt, 1, peer);
	while ((status = step(store, stmt, &has_row)) == STATUS_OK && has_row) {
		struct history_message message = read_message(stmt);

		if (!on_message(arg, &message))
			break;
	}
	finish(stmt);
	return status;
}
