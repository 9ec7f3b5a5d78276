/* SPDX-License-Identifier: ISC */
/* Makes a database, or brings an older one up to date, by the numbered steps of schema.def. */

#ifndef SERVER_STORE_SCHEMA_H
#define SERVER_STORE_SCHEMA_H

#include <stdint.h>

#include "server/store/sql.h"

/* The number of the last step. */
uint64_t schema_version(void);

/*
 * Several servers may do so at once. STATUS_STORE_NEWER: a later version of tingyu has been
 * here, nothing was touched. Otherwise as in sql.h; the text of a failure is in sql_error().
 */
enum status schema_update(struct sql *sql);

#endif
