/* SPDX-License-Identifier: ISC */
/*
 * The file below a history: opened, made private, brought up to date by the numbered steps of
 * history_schema.def, and what is wrong with it in sentences. Statuses: history_store.h.
 */

#ifndef CLIENT_HISTORY_HISTORY_FILE_H
#define CLIENT_HISTORY_HISTORY_FILE_H

#include "client-tui/history/history_message.h"
#include "shared/compiler.h"
#include "shared/status.h"

struct sqlite3;

struct history_file {
	struct sqlite3 *db; /* NULL: not open */
	char *path;
	char why[HISTORY_WHY_ROOM]; /* the sentence of the last failure */
};

/* Whatever comes of it, history_file_close() follows. */
enum status history_file_open(const char *path, struct history_file *out) MUST_USE;
void history_file_close(struct history_file *file);

/* The status of the call that has just failed, and its sentence. Never STATUS_OK. */
enum status history_file_failed(struct history_file *file) MUST_USE;

#endif
