/* SPDX-License-Identifier: ISC */
/*
 * Words between work servers on one database: a row for whoever has a session, which that server
 * takes when it looks next, about once a second.
 */
#include <stdlib.h>

#include "server/store/store_handle.h"
#include "shared/mem.h"

enum {
	/* Taken in one change; their frames have room in the handle together. */
	STEP = KEPT_SIZE / STORE_LETTER_MAX,
	/* Older ones answer nobody any more. */
	FRESH_MS = 30000,
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

enum status
store_leave_letter(struct store *store, const struct session_row *to, uint64_t uid,
    struct bytes frame)
{
	if (to->server_id == store->config->server_id)
		return STATUS_OK;
	return store_do(store, QUERY_LETTER_INSERT, VALUES(
	    sql_number(to->server_id),
	    sql_number(uid),
	    sql_number(to->child),
	    sql_number(to->generation),
	    sql_number(to->session),
	    sql_blob(frame),
	    clock_ahead(store)));
}

/* No lock: a session that moves meanwhile is the affair of whoever takes the letter. */
static enum status
put_letter(struct store *store, const void *data, void *out)
{
	const struct verb_letter_put *ask = data;
	struct session_row to;
	struct rows rows = rows_of(store, QUERY_LETTER_TO,
	    VALUES(sql_number(ask->uid), me(store), clock_ahead(store)));
	enum status status = rows_one(&rows);

	(void)out;
	if (status != STATUS_OK)
		return status == STATUS_NOT_FOUND ? STATUS_NOT_ONLINE : status;
	to = row_session(&rows);
	status = rows_end(&rows);
	return status == STATUS_OK ? store_leave_letter(store, &to, ask->uid, ask->frame) : status;
}

enum status
store_letter_put(struct store *store, const struct verb_letter_put *ask)
{
	if (!store_config_is_shared(store->config))
		return STATUS_NOT_ONLINE;
	return store_write(store, put_letter, ask, NULL);
}

struct letter_list {
	size_t count;
	struct store_letter letters[STEP];
	bool is_fresh[STEP];
};

/*
 * Reads them and takes them away in one change; they are told after its commit. By number, one
 * for one: another server may be about to commit one with a smaller number, which nobody has
 * read yet.
 */
static enum status
take_letters(struct store *store, const void *ask, void *result)
{
	struct letter_list *list = result;
	struct sql_value ids[IN_LIST] = { 0 };
	struct rows rows = rows_of(store, QUERY_LETTER_LIST,
	    VALUES(sql_number(FRESH_MS), clock_ahead(store), me(store), sql_number(STEP)));

	(void)ask;
	store_forget_kept(store);
	list->count = 0;
	while (list->count < STEP && row_next(&rows)) {
		struct store_letter *letter = &list->letters[list->count];
		struct session_row to;

		ids[list->count] = sql_number(row_number(&rows));
		letter->uid = row_number(&rows);
		list->is_fresh[list->count++] = row_number(&rows) != 0;
		letter->frame = row_blob(&rows, 0, STORE_LETTER_MAX);
		to = row_session(&rows);
		letter->child.index = (uint16_t)to.child;
		letter->child.generation = (uint32_t)to.generation;
		letter->session = (uint32_t)to.session;
	}
	if (rows_end(&rows) != STATUS_OK || list->count == 0)
		return rows.status;
	return store_do(store, QUERY_LETTER_DELETE, ids, IN_LIST);
}

enum status
store_letters_take(struct store *store, store_on_letter *on_letter, void *arg)
{
	struct letter_list *list;
	enum status status = STATUS_OK;

	if (!store_config_is_shared(store->config))
		return STATUS_OK;
	list = mem_new(sizeof(*list));
	do {
		status = store_write(store, take_letters, NULL, list);
		for (size_t i = 0; i < list->count && status == STATUS_OK; i++)
			/* That a session was taken over stays true. */
			if (list->is_fresh[i] || list->letters[i].frame.len == 0)
				on_letter(arg, &list->letters[i]);
	} while (status == STATUS_OK && list->count == STEP);
	free(list);
	return status;
}

/* Found without a lock, so that nobody who writes one meanwhile waits for it. */
static enum status
drop_stale(struct store *store, const void *ask, void *out)
{
	struct sql_value ids[IN_LIST] = { 0 };
	size_t count = 0;
	struct rows rows = rows_of(store, QUERY_LETTER_STALE,
	    VALUES(sql_number(FRESH_MS), clock_ahead(store), sql_number(IN_LIST)));

	(void)ask;
	(void)out;
	while (count < IN_LIST && row_next(&rows))
		ids[count++] = sql_number(row_number(&rows));
	if (rows_end(&rows) != STATUS_OK || count == 0)
		return rows.status;
	return store_do(store, QUERY_LETTER_DELETE, ids, IN_LIST);
}

void
store_letters_sweep(struct store *store)
{
	/* They do no harm: the next sweep comes soon. */
	(void)store_write(store, drop_stale, NULL, NULL);
}
