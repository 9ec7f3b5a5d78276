/* SPDX-License-Identifier: ISC */
/*
 * The page of everybody that is shown: accounts, where in the list it is, what it is filtered by.
 */

#ifndef CLIENT_MODEL_DIRECTORY_H
#define CLIENT_MODEL_DIRECTORY_H

#include <stdbool.h>

#include "client-tui/model/text.h"
#include "shared/bytes.h"

enum {
	DIRECTORY_PAGE = 20,	   /* rows asked for */
	DIRECTORY_PAGE_MOST = 100, /* rows taken */
};

enum directory_state {
	DIRECTORY_EMPTY,   /* nothing was asked for yet */
	DIRECTORY_LOADING, /* asked; the rows of before are still shown */
	DIRECTORY_SHOWN,
	DIRECTORY_REFUSED, /* "why" says why; the rows of before are still shown */
};

struct directory_item {
	uint64_t uid;
	char name[TEXT_NAME_ROOM];
	char display[TEXT_NAME_ROOM];
	bool is_online;
};

struct directory {
	struct directory_item items[DIRECTORY_PAGE_MOST];
	size_t count;
	uint32_t page, pages; /* from 1 on; 0 before the first answer */
	uint32_t wanted;      /* the page being loaded */
	uint64_t accounts;    /* that fit the filter */
	char prefix[TEXT_NAME_ROOM];
	bool online_only;
	size_t selected; /* row */
	enum directory_state state;
	char why[300];

	struct directory_item coming[DIRECTORY_PAGE_MOST];
	size_t coming_count;
};

void directory_init(struct directory *directory);

/* Other names are wanted; the first page of them has to be asked for. */
void directory_set_filter(struct directory *directory, struct bytes prefix, bool online_only);

/* A page was asked for. */
void directory_load(struct directory *directory, uint32_t page);

/*
 * The answer: its rows one after the other, then its end, which puts them onto the screen. Rows
 * beyond 100 are left out. "accounts" is how many fit the filter on all pages.
 */
void directory_add(struct directory *directory, uint64_t uid, struct bytes name,
    struct bytes display, bool is_online);
void directory_finish(struct directory *directory, uint32_t page, uint32_t per_page,
    uint64_t accounts);

/* The answer was no. */
void directory_refuse(struct directory *directory, struct bytes why);

/* Somebody on the page came or went. */
void directory_set_presence(struct directory *directory, uint64_t uid, bool is_online);

/* Moves the selection, not beyond the page's ends. */
void directory_select(struct directory *directory, int rows);

/* NULL when there is no row. */
const struct directory_item *directory_selected(const struct directory *directory);

#endif
