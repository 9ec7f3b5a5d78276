/* SPDX-License-Identifier: ISC */
/* A history written out, message by message, for people or for programs. */

#ifndef CLIENT_HISTORY_HISTORY_EXPORT_H
#define CLIENT_HISTORY_HISTORY_EXPORT_H

#include "client-tui/history/history_store.h"

struct history_export {
	uint64_t peer; /* 0: all, one after the other */
	enum history_format format;
	const char *path; /* of a new file, which will be for its owner alone (0600) */
	const char *me;   /* my name */
};

/*
 * Needs no more memory however much there is. Failed: no file is left behind, and "why" says why.
 * STATUS_ALREADY_THERE: there is a file by that name; status of errno, or of history_store.h.
 */
enum status history_export_run(const struct history_export *wish, struct history_store *store,
    uint64_t *messages, char why[HISTORY_WHY_ROOM]) MUST_USE;

#endif
