/* SPDX-License-Identifier: ISC */
/*
 * Says that an SQLite file is ours: an flock(2) on "FILE.lock" beside it, which ends with the
 * process that holds it, however it ends. A database that several servers may share needs none.
 */

#ifndef SERVER_STORE_STORE_LOCK_H
#define SERVER_STORE_STORE_LOCK_H

#include <stddef.h>

#include "server/store/store_config.h"

/* A process that was killed may hold its lock for a moment longer; so long we wait for it. */
enum { STORE_LOCK_PATIENCE_MS = 2000 };

/*
 * Asks for "patience_ms" at most; blocks so long. *fd is to be closed to give it back, or -1
 * when none is needed. STATUS_STORE_LOCKED, STATUS_BAD_CONFIG (the folder is not there, or not
 * ours), STATUS_SYSTEM: "why" has a sentence.
 */
enum status store_lock_take(const struct store_config *config, unsigned patience_ms, int *fd,
    char *why, size_t room);

#endif
