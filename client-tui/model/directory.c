/* SPDX-License-Identifier: ISC */
#include "client-tui/model/directory.h"

void
directory_init(struct directory *directory)
{
	*directory = (struct directory){ .state = DIRECTORY_EMPTY };
}

void
directory_set_filter(struct directory *directory, struct bytes prefix, bool online_only)
{
	text_clean_line(prefix, directory->prefix, sizeof(directory->prefix));
	directory->online_only = online_only;
}

void
directory_load(struct directory *directory, uint32_t page)
{
	directory->wanted = page;
	directory->coming_count = 0;
	directory->state = DIRECTORY_LOADING;
}

void
directory_add(struct directory *directory, uint64_t uid, struct bytes name, struct bytes display,
    bool is_online)
{
	struct directory_item *item;

	if (directory->coming_count == DIRECTORY_PAGE_MOST)
		return;
	item = &directory->coming[directory->coming_count++];
	item->uid = uid;
	item->is_online = is_online;
	text_clean_line(name, item->name, sizeof(item->name));
	text_clean_line(display, item->display, sizeof(item->display));
}

void
directory_finish(struct directory *directory, uint32_t page, uint32_t per_page, uint64_t accounts)
{
	uint64_t pages = per_page > 0 ? (accounts + per_page - 1) / per_page : 0;

	/* The same page again keeps its row, another one starts at its top. */
	if (page != directory->page || directory->selected >= directory->coming_count)
		directory->selected = 0;
	memcpy(directory->items, directory->coming,
	    directory->coming_count * sizeof(directory->items[0]));
	directory->count = directory->coming_count;
	directory->coming_count = 0;
	directory->page = page;
	directory->pages = pages < 1 ? 1 : pages > UINT32_MAX ? UINT32_MAX : (uint32_t)pages;
	directory->accounts = accounts;
	directory->state = DIRECTORY_SHOWN;
	directory->why[0] = '\0';
}

void
directory_refuse(struct directory *directory, struct bytes why)
{
	directory->coming_count = 0;
	directory->state = DIRECTORY_REFUSED;
	text_clean_line(why, directory->why, sizeof(directory->why));
}

void
directory_set_presence(struct directory *directory, uint64_t uid, bool is_online)
{
	for (size_t i = 0; i < directory->count; i++)
		if (directory->items[i].uid == uid)
			directory->items[i].is_online = is_online;
}

void
directory_select(struct directory *directory, int rows)
{
	int64_t wanted = (int64_t)directory->selected + rows;

	if (wanted >= (int64_t)directory->count)
		wanted = (int64_t)directory->count - 1;
	directory->selected = wanted < 0 ? 0 : (size_t)wanted;
}

const struct directory_item *
directory_selected(const struct directory *directory)
{
	if (directory->selected >= directory->count)
		return NULL;
	return &directory->items[directory->selected];
}
