/* SPDX-License-Identifier: ISC */
/* A history's file in a folder of its own, with messages in it, and the page that was read last. */

#ifndef TESTS_SUPPORT_SHELF_H
#define TESTS_SUPPORT_SHELF_H

#include <sys/resource.h>

#include "client-tui/history/history_store.h"

enum { BOB = 11, CAROL = 12, NOON = 1700000000 };

struct shelf {
	char *folder, *path;
	struct history_store *store; /* NULL: not open */
	struct history_page page;
	char why[HISTORY_WHY_ROOM];
};

/* For cmocka; the file is not there yet. */
int shelf_set_up(void **state);
int shelf_tear_down(void **state);

#define ON_SHELF(test) cmocka_unit_test_setup_teardown(test, shelf_set_up, shelf_tear_down)

/* Opens the file, anew if it is open. */
void shelf_open(struct shelf *shelf);

struct history_message shelf_message(
    uint64_t peer, enum history_author author, uint64_t sequence, const char *text);

/* One message; messages "line 1" and so on from a number to another. Each call is a transaction. */
void shelf_put(struct shelf *shelf, uint64_t peer, enum history_author author, uint64_t sequence,
    const char *text);
void shelf_put_many(struct shelf *shelf, uint64_t peer, unsigned first, unsigned last);

/* Reads a page; then what stands in it at a position. */
void shelf_load(struct shelf *shelf, uint64_t peer, enum history_direction direction,
    const struct history_key *from, size_t count);
void shelf_expect(const struct shelf *shelf, size_t at, const char *text);

/* The file is for its owner alone. */
void shelf_expect_mode(const char *folder, const char *name);

/* As a full disk: no file of this process may grow beyond this. */
void shelf_limit_files(rlim_t bytes);

#endif
