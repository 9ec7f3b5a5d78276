/* SPDX-License-Identifier: ISC */
/* Accounts and their bundles. */
#include <stdio.h>

#include "server/store/store_handle.h"
#include "shared/clock.h"
#include "shared/str.h"

bool
store_name_key(struct bytes name, char *out)
{
	const char *from = name.data;

	if (!str_is_name(name))
		return false;
	for (size_t i = 0; i < name.len; i++)
		out[i] = from[i] >= 'A' && from[i] <= 'Z' ? (char)(from[i] - 'A' + 'a') : from[i];
	return true;
}

/*
 * Whether the account that has this identity is the one that is being added: then it was added
 * before.
 */
static enum status
find_own(struct store *store, const struct verb_account_add *ask, struct verb_account_add_ok *out)
{
	struct rows rows = rows_of(store, QUERY_ACCOUNT_BY_IDENTITY,
	    VALUES(sql_blob(ask->identity)));
	enum status status = rows_one(&rows);
	struct bytes secret_hash;

	/* It was there a moment ago. */
	if (status == STATUS_NOT_FOUND)
		return STATUS_BUSY;
	if (status != STATUS_OK)
		return status;
	out->uid = row_number(&rows);
	secret_hash = row_blob(&rows, 32, 32);
	status = rows_end(&rows);
	if (status == STATUS_OK && !bytes_equal(secret_hash, ask->secret_hash))
		return STATUS_IDENTITY_TAKEN;
	return status;
}

static enum status
add_account(struct store *store, const void *data, void *result)
{
	const struct verb_account_add *ask = data;
	struct verb_account_add_ok *out = result;
	char key[16];
	enum status status;

	if (!store_name_key(ask->name, key))
		return STATUS_BAD_NAME;
	status = store_do(store, QUERY_ACCOUNT_INSERT, VALUES(
	    sql_text(ask->name),
	    sql_text(bytes_of(key, ask->name.len)),
	    sql_text(ask->display),
	    sql_blob(ask->salt),
	    sql_number(ask->ops),
	    sql_number(ask->memory_kib),
	    sql_blob(ask->secret_hash),
	    sql_blob(ask->identity),
	    sql_number(clock_wall_s())));
	if (status == STATUS_ALREADY_THERE)
		return find_own(store, ask, out);
	if (status != STATUS_OK)
		return status;
	out->uid = sql_last_id(store->sql);
	status = store_do(store, QUERY_BUNDLE_INSERT,
	    VALUES(sql_number(out->uid), sql_blob(ask->wrapped_key), sql_blob(ask->bundle)));
	if (status != STATUS_OK)
		return status == STATUS_ALREADY_THERE ? STATUS_STORE_FAILED : status;
	return store_count_account(store, out->uid, 1);
}

enum status
store_account_add(struct store *store, const struct verb_account_add *ask,
    struct verb_account_add_ok *out)
{
	return store_write(store, add_account, ask, out);
}

enum status
store_find_uid(struct store *store, uint64_t uid, struct bytes name, uint64_t *out)
{
	char key[16];
	struct rows rows;
	unsigned found = 0;

	*out = uid;
	if (uid != 0)
		return STATUS_OK;
	if (!store_name_key(name, key))
		return STATUS_NO_SUCH_USER;
	rows = rows_of(store, QUERY_ACCOUNT_BY_NAME, VALUES(sql_text(bytes_of(key, name.len))));
	while (row_next(&rows)) {
		*out = row_number(&rows);
		found++;
	}
	if (rows.status != STATUS_OK)
		return rows.status;
	return found == 0 ? STATUS_NO_SUCH_USER : found > 1 ? STATUS_AMBIGUOUS : STATUS_OK;
}

static enum status
read_account(struct rows *rows, bool with_bundle, struct verb_account_get_ok *out)
{
	enum status status = rows_one(rows);

	if (status != STATUS_OK)
		return status;
	out->uid = row_number(rows);
	out->name = row_text(rows, 1, 16);
	out->display = row_text(rows, 0, 64);
	out->salt = row_blob(rows, 16, 16);
	out->ops = (uint32_t)row_number(rows);
	out->memory_kib = (uint32_t)row_number(rows);
	out->secret_hash = row_blob(rows, 32, 32);
	out->identity = row_blob(rows, 32, 32);
	out->epoch = (uint32_t)row_number(rows);
	out->bundle_version = row_number(rows);
	if (with_bundle) {
		out->wrapped_key = row_blob(rows, 72, 72);
		out->bundle = row_blob(rows, 0, SQL_VALUE_MAX);
	}
	return rows_end(rows);
}

static enum status
get_account(struct store *store, const void *data, void *result)
{
	const struct verb_account_get *ask = data;
	struct verb_account_get_ok *out = result;
	struct rows rows;
	uint64_t uid;
	enum status status = store_find_uid(store, ask->uid, ask->name, &uid);

	if (status != STATUS_OK)
		return status;
	*out = (struct verb_account_get_ok){ .request = ask->request };
	status = STATUS_NOT_FOUND;
	if (ask->with_bundle == 1) {
		rows = rows_of(store, QUERY_ACCOUNT_GET_WITH_BUNDLE,
		    VALUES(sql_number(uid), sql_number(ask->bundle_version)));
		status = read_account(&rows, true, out);
	}
	/* No bundle is wanted, or the asker has this one, or there is nobody. */
	if (status == STATUS_NOT_FOUND) {
		rows = rows_of(store, QUERY_ACCOUNT_GET, VALUES(sql_number(uid)));
		status = read_account(&rows, false, out);
	}
	return status == STATUS_NOT_FOUND ? STATUS_NO_SUCH_USER : status;
}

enum status
store_account_get(struct store *store, const struct verb_account_get *ask,
    struct verb_account_get_ok *out)
{
	return store_read(store, get_account, ask, out);
}

static enum status
find_account(struct store *store, const void *data, void *result)
{
	const struct verb_account_find *ask = data;
	struct verb_account_find_ok *out = result;
	struct rows rows;
	uint64_t uid;
	enum status status = store_find_uid(store, ask->uid, ask->name, &uid);

	if (status != STATUS_OK)
		return status;
	rows = rows_of(store, QUERY_ACCOUNT_FIND, VALUES(sql_number(uid)));
	status = rows_one(&rows);
	if (status != STATUS_OK)
		return status == STATUS_NOT_FOUND ? STATUS_NO_SUCH_USER : status;
	*out = (struct verb_account_find_ok){ .request = ask->request };
	out->uid = row_number(&rows);
	out->name = row_text(&rows, 1, 16);
	out->display = row_text(&rows, 0, 64);
	status = rows_end(&rows);
	if (status != STATUS_OK || !store_config_is_shared(store->config))
		return status;
	return store_mark_remote(store, &uid, 1, &out->remote_online);
}

enum status
store_account_find(struct store *store, const struct verb_account_find *ask,
    struct verb_account_find_ok *out)
{
	return store_read(store, find_account, ask, out);
}

static enum status
get_epoch(struct store *store, const void *data, void *result)
{
	const struct verb_account_epoch *ask = data;
	struct verb_account_epoch_ok *out = result;
	struct rows rows = rows_of(store, QUERY_ACCOUNT_EPOCH, VALUES(sql_number(ask->uid)));
	enum status status = rows_one(&rows);

	if (status != STATUS_OK)
		return status == STATUS_NOT_FOUND ? STATUS_NO_SUCH_USER : status;
	out->epoch = (uint32_t)row_number(&rows);
	return rows_end(&rows);
}

enum status
store_account_epoch(struct store *store, const struct verb_account_epoch *ask,
    struct verb_account_epoch_ok *out)
{
	return store_read(store, get_epoch, ask, out);
}

static enum status
delete_account(struct store *store, const void *data, void *result)
{
	const struct verb_account_delete *ask = data;
	bool *was_there = result;
	struct sql_value uid = sql_number(ask->uid);
	uint64_t touched;
	enum status status = store_touch(store, QUERY_ACCOUNT_DELETE, &uid, 1, &touched);

	/* An attempt before this one did it, and only its commit got no answer. */
	if (status == STATUS_OK && touched == 0)
		return *was_there ? STATUS_OK : STATUS_NO_SUCH_USER;
	if (status != STATUS_OK)
		return status;
	*was_there = true;
	status = store_do(store, QUERY_BUNDLE_DELETE, &uid, 1);
	if (status == STATUS_OK && store_config_is_shared(store->config))
		status = store_end_session(store, ask->uid);
	return status == STATUS_OK ? store_count_account(store, ask->uid, -1) : status;
}

enum status
store_account_delete(struct store *store, const struct verb_account_delete *ask, bool *was_there)
{
	return store_write(store, delete_account, ask, was_there);
}

/*
 * Nothing was replaced: because it was replaced before by this very request, or by somebody
 * else, or it is gone.
 */
static enum status
explain_bundle(struct store *store, const struct verb_bundle_put *ask,
    struct verb_bundle_put_ok *out)
{
	struct rows rows = rows_of(store, QUERY_BUNDLE_GET, VALUES(sql_number(ask->uid)));
	enum status status = rows_one(&rows);
	struct bytes wrapped_key, bundle;

	if (status != STATUS_OK)
		return status == STATUS_NOT_FOUND ? STATUS_NO_SUCH_USER : status;
	out->version = row_number(&rows);
	wrapped_key = row_blob(&rows, 72, 72);
	bundle = row_blob(&rows, 0, SQL_VALUE_MAX);
	status = rows_end(&rows);
	if (status == STATUS_OK && (out->version != ask->version + 1 ||
	    !bytes_equal(wrapped_key, ask->wrapped_key) || !bytes_equal(bundle, ask->bundle)))
		return STATUS_CONFLICT;
	return status;
}

static enum status
put_bundle(struct store *store, const void *data, void *result)
{
	const struct verb_bundle_put *ask = data;
	struct verb_bundle_put_ok *out = result;
	uint64_t touched;
	enum status status = store_touch(store, QUERY_BUNDLE_PUT, VALUES(
	    sql_blob(ask->wrapped_key),
	    sql_blob(ask->bundle),
	    sql_number(ask->uid),
	    sql_number(ask->version)), &touched);

	if (status != STATUS_OK)
		return status;
	if (touched == 0)
		return explain_bundle(store, ask, out);
	out->version = ask->version + 1;
	return STATUS_OK;
}

enum status
store_bundle_put(struct store *store, const struct verb_bundle_put *ask,
    struct verb_bundle_put_ok *out)
{
	return store_write(store, put_bundle, ask, out);
}
