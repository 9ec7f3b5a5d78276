/* SPDX-License-Identifier: ISC */
/*
 * Who is online where, for several work servers on one database. A row belongs to the server
 * that wrote it last, and counts while that server's lease is valid by the database's clock; so
 * machines need not agree about the time.
 */
#include <stdlib.h>

#include "server/store/store_handle.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/mem.h"

enum {
	ATTEMPTS_MAX = 5,
	REMOTE_STEP = 16384,
	/* A server may be away for so long and find its sessions again. */
	FORGET_MS = 600000,
};

static struct sql_value
me(const struct store *store)
{
	return sql_number(store->config->server_id);
}

static struct sql_value
clock_ahead(const struct store *store)
{
	return sql_number(store->config->clock_ahead_ms);
}

/* A server that is alone writes nothing down about its sessions. */
static enum status
write_if_shared(struct store *store, store_body *body, const void *ask, void *out)
{
	if (!store_config_is_shared(store->config))
		return STATUS_OK;
	return store_write(store, body, ask, out);
}

struct session_row
row_session(struct rows *rows)
{
	struct session_row row;

	row.server_id = row_number(rows);
	row.child = row_number(rows);
	row.generation = row_number(rows);
	row.session = row_number(rows);
	return row;
}

/* STATUS_NOT_FOUND: this user has no row. */
static enum status
read_owner(struct store *store, uint64_t uid, struct session_row *out)
{
	struct rows rows = rows_of(store, QUERY_SESSION_OWNER, VALUES(sql_number(uid)));
	enum status status = rows_one(&rows);

	if (status != STATUS_OK)
		return status;
	*out = row_session(&rows);
	return rows_end(&rows);
}

/* What a session is added with. */
struct addition {
	const struct store_child *child;
	const struct verb_session_add *ask;
};

static enum status
write_session(struct store *store, enum query_name name, const struct addition *addition)
{
	return store_do(store, name, VALUES(
	    me(store),
	    sql_number(addition->child->index),
	    sql_number(addition->child->generation),
	    sql_number(addition->ask->session),
	    sql_text(addition->ask->host),
	    sql_number(addition->ask->port),
	    sql_number(clock_wall_s()),
	    sql_number(addition->ask->uid)));
}

/* Leaves word for the work server that had this session; we ourselves need none. */
static enum status
tell_owner(struct store *store, uint64_t uid, const struct session_row *owner)
{
	return store_leave_letter(store, owner, uid, bytes_of("", 0));
}

static enum status
replace_session(struct store *store, const struct addition *addition,
    const struct session_row *owner)
{
	enum status status = tell_owner(store, addition->ask->uid, owner);

	return status == STATUS_OK ? write_session(store, QUERY_SESSION_UPDATE, addition) : status;
}

static enum status
add_session(struct store *store, const void *data, void *out)
{
	const struct addition *addition = data;
	struct session_row owner;
	enum status status;

	(void)out;
	for (unsigned attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
		status = write_session(store, QUERY_SESSION_INSERT, addition);
		if (status != STATUS_ALREADY_THERE)
			return status;
		status = read_owner(store, addition->ask->uid, &owner);
		if (status == STATUS_OK)
			return replace_session(store, addition, &owner);
		/* Gone in between: there is nobody to take over from. */
		if (status != STATUS_NOT_FOUND)
			return status;
	}
	return STATUS_BUSY;
}

enum status
store_session_add(struct store *store, const struct store_child *child,
    const struct verb_session_add *ask)
{
	const struct addition addition = { child, ask };

	return write_if_shared(store, add_session, &addition, NULL);
}

enum status
store_end_session(struct store *store, uint64_t uid)
{
	struct session_row owner;
	enum status status = read_owner(store, uid, &owner);

	if (status == STATUS_OK)
		status = tell_owner(store, uid, &owner);
	if (status == STATUS_OK)
		status = store_do(store, QUERY_SESSION_DELETE, VALUES(sql_number(uid)));
	return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

struct removal {
	const struct store_child *child;
	const struct verb_session_remove *ask;
};

static enum status
remove_session(struct store *store, const void *data, void *out)
{
	const struct removal *removal = data;

	(void)out;
	return store_do(store, QUERY_SESSION_REMOVE, VALUES(
	    sql_number(removal->ask->uid),
	    me(store),
	    sql_number(removal->child->index),
	    sql_number(removal->child->generation),
	    sql_number(removal->ask->session)));
}

enum status
store_session_remove(struct store *store, const struct store_child *child,
    const struct verb_session_remove *ask)
{
	const struct removal removal = { child, ask };

	return write_if_shared(store, remove_session, &removal, NULL);
}

static enum status
sweep_sessions(struct store *store, const void *data, void *out)
{
	const struct store_child *child = data;

	(void)out;
	return store_do(store, QUERY_SESSION_SWEEP,
	    VALUES(me(store), sql_number(child->index), sql_number(child->generation)));
}

enum status
store_session_sweep(struct store *store, const struct store_child *child)
{
	return write_if_shared(store, sweep_sessions, child, NULL);
}

static enum status
find_session(struct store *store, const void *data, void *result)
{
	const struct verb_session_find *ask = data;
	struct verb_session_find_ok *out = result;
	struct rows rows = rows_of(store, QUERY_SESSION_FIND,
	    VALUES(sql_number(ask->uid), me(store), clock_ahead(store)));
	enum status status = rows_one(&rows);

	if (status != STATUS_OK)
		return status == STATUS_NOT_FOUND ? STATUS_NOT_ONLINE : status;
	out->uid = ask->uid;
	out->host = row_text(&rows, 1, 64);
	out->port = (uint16_t)row_number(&rows);
	return rows_end(&rows);
}

enum status
store_session_find(struct store *store, const struct verb_session_find *ask,
    struct verb_session_find_ok *out)
{
	if (!store_config_is_shared(store->config))
		return STATUS_NOT_ONLINE;
	return store_read(store, find_session, ask, out);
}

static enum status
mark_some(struct store *store, const uint64_t *uids, size_t count, uint8_t *marks)
{
	struct sql_value values[2 + IN_LIST] = { me(store), clock_ahead(store) };
	struct rows rows;

	for (size_t i = 0; i < IN_LIST; i++)
		values[2 + i] = sql_number(i < count ? uids[i] : 0);
	rows = rows_of(store, QUERY_SESSION_OF_UIDS, values, ARRAY_LEN(values));
	while (row_next(&rows)) {
		uint64_t uid = row_number(&rows);

		for (size_t i = 0; i < count; i++)
			if (uids[i] == uid)
				marks[i] = 1;
	}
	return rows.status;
}

enum status
store_mark_remote(struct store *store, const uint64_t *uids, size_t count, uint8_t *marks)
{
	enum status status = STATUS_OK;

	memset(marks, 0, count);
	for (size_t i = 0; i < count && status == STATUS_OK; i += IN_LIST)
		status = mark_some(store, uids + i, count - i < IN_LIST ? count - i : IN_LIST,
		    marks + i);
	return status;
}

struct uid_list {
	uint64_t *uids;
	size_t count;
};

/* In steps, so that no answer is ever very large. */
static enum status
list_remote(struct store *store, const void *ask, void *result)
{
	struct uid_list *list = result;
	size_t before;

	(void)ask;
	list->count = 0;
	do {
		uint64_t last = list->count > 0 ? list->uids[list->count - 1] : 0;
		struct rows rows = rows_of(store, QUERY_SESSION_REMOTE,
		    VALUES(sql_number(last), me(store), clock_ahead(store),
		    sql_number(REMOTE_STEP)));

		before = list->count;
		list->uids = mem_resize(list->uids, before + REMOTE_STEP, sizeof(*list->uids));
		while (list->count < before + REMOTE_STEP && row_next(&rows))
			list->uids[list->count++] = row_number(&rows);
		if (rows_end(&rows) != STATUS_OK)
			return rows.status;
	} while (list->count == before + REMOTE_STEP);
	return STATUS_OK;
}

enum status
store_session_remote(struct store *store, uint64_t **uids, size_t *count)
{
	struct uid_list list = { 0 };
	enum status status = STATUS_OK;

	if (store_config_is_shared(store->config))
		status = store_read(store, list_remote, NULL, &list);
	if (status != STATUS_OK) {
		free(list.uids);
		list = (struct uid_list){ 0 };
	}
	*uids = list.uids;
	*count = list.count;
	return status;
}

static enum status
renew(struct store *store, const void *ask, void *out)
{
	const struct store_config *config = store->config;
	const struct sql_value values[] = {
		sql_text(bytes_of_string(config->server_host)),
		sql_number(config->server_port),
		sql_number(STORE_LEASE_MS + config->clock_ahead_ms),
		me(store),
	};
	uint64_t touched;
	enum status status = store_touch(store, QUERY_SERVER_RENEW, values, ARRAY_LEN(values),
	    &touched);

	(void)ask;
	if (status != STATUS_OK || touched > 0)
		return status;
	*(bool *)out = true;
	status = store_do(store, QUERY_SERVER_INSERT, values, ARRAY_LEN(values));
	return status == STATUS_ALREADY_THERE ? STATUS_OK : status;
}

static enum status
forget_server(struct store *store, const void *ask, void *out)
{
	struct sql_value server = sql_number(*(const uint64_t *)ask);
	enum status status = store_do(store, QUERY_SESSION_END, &server, 1);

	(void)out;
	if (status == STATUS_OK)
		status = store_do(store, QUERY_LETTER_END, &server, 1);
	return status == STATUS_OK ? store_do(store, QUERY_SERVER_DELETE, &server, 1) : status;
}

static enum status
find_expired(struct store *store, const void *ask, void *out)
{
	struct rows rows = rows_of(store, QUERY_SERVER_EXPIRED,
	    VALUES(sql_number(FORGET_MS), clock_ahead(store)));
	enum status status = rows_one(&rows);

	(void)ask;
	if (status != STATUS_OK)
		return status;
	*(uint64_t *)out = row_number(&rows);
	return rows_end(&rows);
}

/* One at a time is enough: this comes by every few seconds. */
static void
forget_expired(struct store *store)
{
	uint64_t server_id;

	if (store_read(store, find_expired, NULL, &server_id) != STATUS_OK)
		return;
	if (store_write(store, forget_server, &server_id, NULL) == STATUS_OK)
		log_info("store: forgot a work server that was not heard of for %u s",
		    FORGET_MS / 1000);
}

enum status
store_lease_renew(struct store *store, bool *is_new)
{
	enum status status;

	*is_new = false;
	if (!store_config_is_shared(store->config))
		return STATUS_OK;
	status = store_write(store, renew, NULL, is_new);
	if (status == STATUS_OK) {
		forget_expired(store);
		store_letters_sweep(store);
	}
	return status;
}

enum status
store_lease_end(struct store *store)
{
	return write_if_shared(store, forget_server, &store->config->server_id, NULL);
}
