/* SPDX-License-Identifier: ISC */
/*
 * Pages of the directory. Nothing here walks over more rows than one block of uids (all users)
 * or STORE_PREFIX_MAX (a prefix), however many accounts there are: the kept counters of
 * account_block lead to a page.
 */
#include <stdlib.h>

#include "server/store/online.h"
#include "server/store/store_handle.h"
#include "shared/mem.h"
#include "shared/str.h"

struct user {
	uint64_t uid;
	uint8_t name_len;
	uint8_t display_len;
	char name[16];
	char display[64];
};

/* A page being made. */
struct page {
	const struct verb_account_page *ask;
	const struct online_list *online;
	size_t skip;		/* users before this page */
	size_t size;		/* users a page has */
	struct user users[STORE_PER_PAGE_MAX];
	uint8_t remote[STORE_PER_PAGE_MAX];
	size_t count;
	char low[17];		/* names with the prefix: low <= name_key < high */
	char high[18];
	struct verb_page_end *end;
};

static struct bytes
low(const struct page *page)
{
	return bytes_of_string(page->low);
}

static struct bytes
high(const struct page *page)
{
	return bytes_of_string(page->high);
}

/* Fills in the end of the list; STATUS_NO_SUCH_PAGE when the page lies behind it. */
static enum status
set_total(struct page *page, uint64_t total)
{
	uint64_t pages = total == 0 ? 1 : (total + page->size - 1) / page->size;

	page->end->total = total;
	page->end->pages = pages > UINT32_MAX ? UINT32_MAX : (uint32_t)pages;
	return page->ask->page > page->end->pages ? STATUS_NO_SUCH_PAGE : STATUS_OK;
}

static void
read_user(struct rows *rows, struct user *user)
{
	struct bytes name, display;

	user->uid = row_number(rows);
	name = row_text(rows, 1, sizeof(user->name));
	display = row_text(rows, 0, sizeof(user->display));
	user->name_len = (uint8_t)name.len;
	user->display_len = (uint8_t)display.len;
	if (name.len > 0)
		memcpy(user->name, name.data, name.len);
	if (display.len > 0)
		memcpy(user->display, display.data, display.len);
}

/* The rows become the page's users. */
static enum status
take_users(struct page *page, struct rows *rows)
{
	while (page->count < page->size && row_next(rows)) {
		read_user(rows, &page->users[page->count]);
		if (rows->status == STATUS_OK)
			page->count++;
	}
	return rows_end(rows);
}

/*
 * The block that holds the first user of the page, how many users lie before it, and how many
 * there are at all.
 */
static enum status
find_block(struct store *store, size_t skip, uint64_t *block, uint64_t *before, uint64_t *total)
{
	struct rows rows = rows_of(store, QUERY_BLOCK_ALL, NULL, 0);

	*block = *before = *total = 0;
	while (row_next(&rows)) {
		uint64_t number = row_number(&rows), live = row_number(&rows);

		if (*total <= skip) {
			*block = number;
			*before = *total;
		}
		*total += live;
	}
	return rows.status;
}

static enum status
page_of_all(struct store *store, struct page *page)
{
	uint64_t block, before, total;
	struct rows rows;
	enum status status = find_block(store, page->skip, &block, &before, &total);

	if (status == STATUS_OK)
		status = set_total(page, total);
	if (status != STATUS_OK)
		return status;
	rows = rows_of(store, QUERY_PAGE_BY_UID, VALUES(
	    sql_number(block * BLOCK_SIZE), sql_number(page->size),
	    sql_number(page->skip - before)));
	return take_users(page, &rows);
}

/*
 * Names are counted only when there are not too many of them; looking for the last one that
 * counts is quicker than that.
 */
static enum status
count_prefix(struct store *store, struct page *page, uint64_t *total)
{
	struct rows rows = rows_of(store, QUERY_PREFIX_HAS_MORE, VALUES(
	    sql_text(low(page)), sql_text(high(page)), sql_number(STORE_PREFIX_MAX)));
	enum status status = rows_one(&rows);

	page->end->more = status == STATUS_OK;
	*total = STORE_PREFIX_MAX;
	if (status == STATUS_OK)
		return rows_end(&rows);
	if (status != STATUS_NOT_FOUND)
		return status;
	rows = rows_of(store, QUERY_PREFIX_COUNT,
	    VALUES(sql_text(low(page)), sql_text(high(page))));
	*total = rows_one(&rows) == STATUS_OK ? row_number(&rows) : 0;
	return rows_end(&rows);
}

static enum status
page_of_prefix(struct store *store, struct page *page)
{
	uint64_t total;
	struct rows rows;
	enum status status = count_prefix(store, page, &total);

	if (status == STATUS_OK)
		status = set_total(page, total);
	if (status != STATUS_OK || total == 0)
		return status;
	rows = rows_of(store, QUERY_PAGE_BY_NAME, VALUES(
	    sql_text(low(page)), sql_text(high(page)), sql_number(page->size),
	    sql_number(page->skip)));
	return take_users(page, &rows);
}

/*
 * Reads the accounts of up to IN_LIST uids into "users", in no order; accounts that are gone
 * are left out.
 */
static enum status
read_some(struct store *store, const uint64_t *uids, size_t count, struct user *users,
    size_t *found)
{
	struct sql_value values[IN_LIST];
	struct rows rows;

	for (size_t i = 0; i < IN_LIST; i++)
		values[i] = sql_number(i < count ? uids[i] : 0);
	*found = 0;
	rows = rows_of(store, QUERY_PAGE_OF_UIDS, values, IN_LIST);
	store_forget_kept(store);
	while (*found < count && row_next(&rows))
		read_user(&rows, &users[(*found)++]);
	return rows_end(&rows);
}

static enum status
read_users(struct store *store, const uint64_t *uids, size_t count, struct user *users,
    size_t *found)
{
	enum status status = STATUS_OK;

	*found = 0;
	for (size_t i = 0; i < count && status == STATUS_OK; i += IN_LIST) {
		size_t some = count - i < IN_LIST ? count - i : IN_LIST, read;

		status = read_some(store, uids + i, some, users + *found, &read);
		*found += read;
	}
	return status;
}

static int
compare_uid(const void *a, const void *b)
{
	const struct user *one = a, *other = b;

	return one->uid < other->uid ? -1 : one->uid > other->uid;
}

static enum status
page_of_online(struct store *store, struct page *page)
{
	size_t here = page->online->count > page->skip ? page->online->count - page->skip : 0;
	enum status status = set_total(page, page->online->count);

	if (status != STATUS_OK)
		return status;
	if (here > page->size)
		here = page->size;
	status = read_users(store, page->online->uids + page->skip, here, page->users,
	    &page->count);
	qsort(page->users, page->count, sizeof(page->users[0]), compare_uid);
	return status;
}

static char
lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static bool
has_prefix(const struct user *user, const char *prefix)
{
	size_t len = strlen(prefix);

	if (user->name_len < len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (lower(user->name[i]) != prefix[i])
			return false;
	return true;
}

static int
compare_name(const void *a, const void *b)
{
	const struct user *one = a, *other = b;
	size_t len = one->name_len < other->name_len ? one->name_len : other->name_len;

	for (size_t i = 0; i < len; i++) {
		int order =
		    (unsigned char)lower(one->name[i]) - (unsigned char)lower(other->name[i]);

		if (order != 0)
			return order;
	}
	if (one->name_len != other->name_len)
		return (int)one->name_len - (int)other->name_len;
	return compare_uid(a, b);
}

/* Few are online: look at all of them. */
static enum status
prefix_among_online(struct store *store, struct page *page)
{
	struct user *users = mem_new_array(page->online->count + 1, sizeof(*users));
	size_t found, kept = 0;
	enum status status = read_users(store, page->online->uids, page->online->count, users,
	    &found);

	for (size_t i = 0; i < found; i++)
		if (has_prefix(&users[i], page->low))
			users[kept++] = users[i];
	qsort(users, kept, sizeof(*users), compare_name);
	if (status == STATUS_OK)
		status = set_total(page, kept);
	if (status == STATUS_OK)
		for (size_t i = page->skip; i < kept && page->count < page->size; i++)
			page->users[page->count++] = users[i];
	free(users);
	return status;
}

/* Many are online: look for them among the first STORE_PREFIX_MAX names with this prefix. */
static enum status
online_among_prefix(struct store *store, struct page *page)
{
	struct rows rows = rows_of(store, QUERY_PREFIX_UIDS, VALUES(
	    sql_text(low(page)), sql_text(high(page)), sql_number(STORE_PREFIX_MAX + 1)));
	uint64_t uids[STORE_PER_PAGE_MAX];
	size_t seen = 0, found = 0, count = 0;
	enum status status;

	while (row_next(&rows)) {
		uint64_t uid = row_number(&rows);

		if (++seen > STORE_PREFIX_MAX || !online_has(page->online, uid))
			continue;
		if (found++ >= page->skip && count < page->size)
			uids[count++] = uid;
	}
	if (rows.status != STATUS_OK)
		return rows.status;
	page->end->more = seen > STORE_PREFIX_MAX;
	status = set_total(page, found);
	if (status != STATUS_OK)
		return status;
	status = read_users(store, uids, count, page->users, &page->count);
	qsort(page->users, page->count, sizeof(page->users[0]), compare_name);
	return status;
}

static enum status
read_page(struct store *store, const void *ask, void *result)
{
	struct page *page = result;
	bool has_prefix_asked = page->low[0] != '\0';

	(void)ask;
	page->count = 0;
	page->end->more = 0;
	if (page->online != NULL && !has_prefix_asked)
		return page_of_online(store, page);
	if (page->online != NULL && page->online->count <= STORE_PREFIX_MAX / 4)
		return prefix_among_online(store, page);
	if (page->online != NULL)
		return online_among_prefix(store, page);
	return has_prefix_asked ? page_of_prefix(store, page) : page_of_all(store, page);
}

static enum status
mark_remote(struct store *store, const void *ask, void *result)
{
	struct page *page = result;
	uint64_t uids[STORE_PER_PAGE_MAX];

	(void)ask;
	for (size_t i = 0; i < page->count; i++)
		uids[i] = page->users[i].uid;
	return store_mark_remote(store, uids, page->count, page->remote);
}

/* STATUS_BAD_VALUE when it asks for nonsense. */
static enum status
start_page(struct page *page, const struct verb_account_page *ask, struct verb_page_end *out)
{
	page->ask = ask;
	page->end = out;
	page->size = ask->per_page == 0 ? STORE_PER_PAGE_DEFAULT : ask->per_page;
	if (ask->page == 0 || page->size > STORE_PER_PAGE_MAX)
		return STATUS_BAD_VALUE;
	page->skip = (size_t)(ask->page - 1) * page->size;
	*out = (struct verb_page_end){ .request = ask->request, .page = ask->page, .pages = 1 };
	if (ask->prefix.len == 0)
		return STATUS_OK;
	/* No name has this prefix: an empty list. */
	if (!store_name_key(ask->prefix, page->low))
		return STATUS_NOT_FOUND;
	/* '~' comes after every letter and digit. */
	memcpy(page->high, page->low, ask->prefix.len);
	page->high[ask->prefix.len] = '~';
	return STATUS_OK;
}

static void
emit(const struct page *page, store_on_item *on_item, void *arg)
{
	for (size_t i = 0; i < page->count; i++) {
		const struct user *user = &page->users[i];
		const struct verb_page_item item = {
			.request = page->ask->request,
			.uid = user->uid,
			.remote_online = page->remote[i],
			.name = bytes_of(user->name, user->name_len),
			.display = bytes_of(user->display, user->display_len),
		};

		on_item(arg, &item);
	}
}

static enum status
fill_page(struct store *store, struct page *page, struct online *online)
{
	enum status status = STATUS_OK;

	if (page->ask->online_only == 1) {
		static const struct online_list nobody;

		page->online = &nobody;
		if (online != NULL)
			status = online_acquire(online, store, &page->online);
		if (status != STATUS_OK)
			return status;
	}
	status = store_read_at_once(store, read_page, NULL, page);
	if (page->online != NULL && online != NULL)
		online_release(online, page->online);
	if (status == STATUS_OK && store_config_is_shared(store->config) && page->count > 0)
		status = store_read(store, mark_remote, NULL, page);
	return status;
}

enum status
store_account_page(struct store *store, const struct verb_account_page *ask, struct online *online,
    store_on_item *on_item, void *arg, struct verb_page_end *out)
{
	struct page *page = mem_new(sizeof(*page));
	enum status status = start_page(page, ask, out);

	if (status == STATUS_NOT_FOUND)
		status = set_total(page, 0);
	else if (status == STATUS_OK)
		status = fill_page(store, page, online);
	if (status == STATUS_OK)
		emit(page, on_item, arg);
	free(page);
	return status;
}
