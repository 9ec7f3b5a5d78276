/* SPDX-License-Identifier: ISC */
/*
 * A MariaDB server of the test's own, in a temporary folder, reached by a Unix socket only. The
 * kernel kills it together with the test, whatever happens to it.
 */

#ifndef TESTS_SUPPORT_MARIADB_H
#define TESTS_SUPPORT_MARIADB_H

#include <stdbool.h>

struct mariadb;

/* Whether the server is installed, and this build can talk to it. */
bool mariadb_is_there(void);

/*
 * Makes the folder and the system tables, and starts the server. Fails the test when that does
 * not work.
 */
struct mariadb *mariadb_new(void);

/* Kills it and removes everything. NULL is fine. */
void mariadb_free(struct mariadb *mariadb);

/* kill -9 and gone; SIGSTOP and SIGCONT; the same server with the same data again. */
void mariadb_kill(struct mariadb *mariadb);
void mariadb_stop(struct mariadb *mariadb);
void mariadb_go_on(struct mariadb *mariadb);
void mariadb_start(struct mariadb *mariadb);

/* The line that names a database of it (mysql://…), which need not exist. Free it with free(3). */
char *mariadb_line(const struct mariadb *mariadb, const char *database);

/* An empty database of this name; one that was there before is gone. */
void mariadb_create(struct mariadb *mariadb, const char *database);

/* Statements in that database, as its root. Fails the test when the server does not like them. */
void mariadb_say(struct mariadb *mariadb, const char *database, const char *statements);

#endif
