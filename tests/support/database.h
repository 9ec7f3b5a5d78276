/* SPDX-License-Identifier: ISC */
/*
 * Databases for tests of the store: the same tests run on SQLite and on a MariaDB server of
 * their own.
 */

#ifndef TESTS_SUPPORT_DATABASE_H
#define TESTS_SUPPORT_DATABASE_H

#include "server/store/store.h"

struct CMUnitTest;
struct mariadb;

/* What a test finds in *state: an empty database, and a first handle on it. */
struct database {
	struct store_config config;
	struct store *store;
	char *folder;			/* of the SQLite file */
	struct mariadb *mariadb;	/* NULL with SQLite */
};

/*
 * For main(): runs the tests on SQLite, then on MariaDB (or says that it is not installed).
 * Each test has a fresh database. Returns the exit status.
 */
int database_run_tests(const struct CMUnitTest *tests, size_t count);

/* Another handle on the same database; fails the test when that does not work. */
struct store *database_open(const struct store_config *config);

/* SQL that both understand, past the store. */
void database_say(const struct database *database, const char *statements);

/* A number that SQL gives: "SELECT COUNT(*) FROM account". */
uint64_t database_ask(const struct database *database, const char *query);

/*
 * Makes many accounts at once, past the verbs: uids from 1 on; names are one of the first
 * "letters" letters, another letter, "x" and the uid in seven digits. The database must be
 * empty.
 */
void database_fill(const struct database *database, unsigned count, unsigned letters);

/* An account whose keys follow from "seed"; the name must outlive it. */
struct sample {
	struct verb_account_add add;
	uint8_t salt[16], secret_hash[32], identity[32], wrapped_key[72], bundle[300];
};

void sample_fill(struct sample *sample, uint64_t seed, const char *name);

/* Adds it; fails the test when that does not work. */
uint64_t sample_add(struct store *store, uint64_t seed, const char *name);

#endif
