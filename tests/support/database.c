/* SPDX-License-Identifier: ISC */
#include "tests/support/database.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "server/store/sql.h"
#include "shared/mem.h"
#include "tests/support/mariadb.h"
#include "tests/support/tmpdir.h"

/* The server is started once for all tests of a program. */
static struct mariadb *server;

static void
parse(struct database *database, char *line)
{
	char why[256];

	if (store_config_parse(line, &database->config, why, sizeof(why)) != STATUS_OK)
		fail_msg("%s: %s", line, why);
	free(line);
	database->store = database_open(&database->config);
}

static int
set_up_sqlite(void **state)
{
	struct database *database = mem_new(sizeof(*database));

	database->folder = tmpdir_new();
	parse(database, mem_format("sqlite:%s/store.db", database->folder));
	*state = database;
	return 0;
}

static int
set_up_mariadb(void **state)
{
	struct database *database = mem_new(sizeof(*database));

	database->mariadb = server;
	mariadb_create(server, "tingyu");
	parse(database, mariadb_line(server, "tingyu"));
	*state = database;
	return 0;
}

static int
tear_down(void **state)
{
	struct database *database = *state;

	store_close(database->store);
	tmpdir_free(database->folder);
	free(database);
	return 0;
}

static int
run_on(const char *engine, CMFixtureFunction set_up, const struct CMUnitTest *tests, size_t count)
{
	struct CMUnitTest *copy = mem_new_array(count, sizeof(*copy));
	int failed;

	for (size_t i = 0; i < count; i++) {
		copy[i] = tests[i];
		copy[i].setup_func = set_up;
		copy[i].teardown_func = tear_down;
	}
	failed = _cmocka_run_group_tests(engine, copy, count, NULL, NULL);
	free(copy);
	return failed;
}

static int
start_server(void **state)
{
	server = mariadb_new();
	*state = NULL;
	return 0;
}

static int
end_server(void **state)
{
	(void)state;
	mariadb_free(server);
	server = NULL;
	return 0;
}

static void
server_runs(void **state)
{
	(void)state;
	assert_non_null(server);
}

int
database_run_tests(const struct CMUnitTest *tests, size_t count)
{
	const struct CMUnitTest start[] = { cmocka_unit_test_setup(server_runs, start_server) };
	const struct CMUnitTest end[] = { cmocka_unit_test_teardown(server_runs, end_server) };
	int failed = run_on("on SQLite", set_up_sqlite, tests, count);

	if (!mariadb_is_there()) {
		puts("MariaDB is not installed or not built in: half of these tests is left out.");
		return failed;
	}
	failed += cmocka_run_group_tests_name("MariaDB starts", start, NULL, NULL);
	if (server == NULL)
		return failed;
	failed += run_on("on MariaDB", set_up_mariadb, tests, count);
	return failed + cmocka_run_group_tests_name("MariaDB ends", end, NULL, NULL);
}

struct store *
database_open(const struct store_config *config)
{
	struct store *store;
	char why[512];

	if (store_open(config, NULL, &store, why, sizeof(why)) != STATUS_OK)
		fail_msg("%s", why);
	return store;
}

static struct sql *
open_sql(const struct database *database)
{
	struct store_config config = database->config;
	struct sql *sql;
	char why[256];

	config.answer_seconds = 600; /* for much at once on a slow machine */
	if (sql_open(&config, &sql, why, sizeof(why)) != STATUS_OK)
		fail_msg("%s", why);
	return sql;
}

void
database_say(const struct database *database, const char *statements)
{
	struct sql *sql = open_sql(database);

	if (sql_exec(sql, statements) != STATUS_OK)
		fail_msg("%s: %s", statements, sql_error(sql));
	sql_close(sql);
}

uint64_t
database_ask(const struct database *database, const char *text)
{
	struct sql *sql = open_sql(database);
	struct sql_query *query;
	uint64_t number;
	bool has_row;

	if (sql_prepare(sql, text, &query) != STATUS_OK || sql_run(query, NULL, 0) != STATUS_OK)
		fail_msg("%s: %s", text, sql_error(sql));
	assert_int_equal(sql_step(query, &has_row), STATUS_OK);
	assert_true(has_row);
	number = sql_column(query, 0).number;
	sql_close(sql);
	return number;
}

/* What the dialects do not share is how text is made out of numbers, and numbers out of nothing. */
#define FILL_SQLITE \
	"CREATE TEMPORARY TABLE filling AS " \
	"WITH RECURSIVE numbers (n) AS " \
	"(SELECT %u UNION ALL SELECT n + 1 FROM numbers WHERE n < %u) " \
	"SELECT n AS uid, " \
	"char(97 + n %% %u, 97 + n / 26 %% 26) || 'x' || printf('%%07d', n) AS name, " \
	"randomblob(32) AS identity, zeroblob(16) AS salt, zeroblob(32) AS secret, " \
	"zeroblob(72) AS wrapped " \
	"FROM numbers"

#define FILL_MARIADB \
	"CREATE TEMPORARY TABLE filling AS " \
	"SELECT seq AS uid, " \
	"CONCAT(CHAR(97 + seq %% %3$u, 97 + seq DIV 26 %% 26 USING ascii), " \
	"'x', LPAD(seq, 7, '0')) AS name, " \
	"UNHEX(SHA2(seq, 256)) AS identity, REPEAT('s', 16) AS salt, " \
	"REPEAT('h', 32) AS secret, REPEAT('w', 72) AS wrapped " \
	"FROM seq_%1$u_to_%2$u"

#define FILL_BOTH \
	"; BEGIN; INSERT INTO account " \
	"(uid, name, name_key, display, salt, ops, memory_kib, secret_hash, identity, epoch, " \
	"created) " \
	"SELECT uid, name, name, 'somebody', salt, 3, 65536, secret, identity, 1, 0 " \
	"FROM filling; " \
	"INSERT INTO bundle (uid, version, wrapped_key, bundle) " \
	"SELECT uid, 1, wrapped, salt FROM filling; " \
	"INSERT INTO account_block (block, live) SELECT block, COUNT(*) FROM " \
	"(SELECT (uid - uid %% 1024) / 1024 AS block FROM filling) AS blocks GROUP BY block; " \
	"COMMIT; DROP TABLE filling"

/* In steps that end with a block, none of them too long for the time limit of a statement. */
void
database_fill(const struct database *database, unsigned count, unsigned letters)
{
	char text[2048];

	for (unsigned from = 1; from <= count; from = (from / 16384 + 1) * 16384) {
		unsigned last = (from / 16384 + 1) * 16384 - 1, to = last < count ? last : count;

		if (database->mariadb != NULL)
			snprintf(text, sizeof(text), FILL_MARIADB FILL_BOTH, from, to, letters);
		else
			snprintf(text, sizeof(text), FILL_SQLITE FILL_BOTH, from, to, letters);
		database_say(database, text);
	}
}

static void
fill(uint8_t *bytes, size_t len, uint64_t seed, unsigned kind)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 6364136223846793005u + kind + 1442695040888963407u;
		bytes[i] = (uint8_t)(seed >> 56);
	}
}

void
sample_fill(struct sample *sample, uint64_t seed, const char *name)
{
	fill(sample->salt, sizeof(sample->salt), seed, 2);
	fill(sample->secret_hash, sizeof(sample->secret_hash), seed, 4);
	fill(sample->identity, sizeof(sample->identity), seed, 6);
	fill(sample->wrapped_key, sizeof(sample->wrapped_key), seed, 8);
	fill(sample->bundle, sizeof(sample->bundle), seed, 10);
	sample->add = (struct verb_account_add){
		.request = (uint32_t)seed,
		.ops = 3,
		.memory_kib = 65536,
		.name = bytes_of_string(name),
		.display = bytes_of_string("听雨 the rain"),
		.salt = bytes_of(sample->salt, sizeof(sample->salt)),
		.secret_hash = bytes_of(sample->secret_hash, sizeof(sample->secret_hash)),
		.identity = bytes_of(sample->identity, sizeof(sample->identity)),
		.wrapped_key = bytes_of(sample->wrapped_key, sizeof(sample->wrapped_key)),
		.bundle = bytes_of(sample->bundle, sizeof(sample->bundle)),
	};
}

uint64_t
sample_add(struct store *store, uint64_t seed, const char *name)
{
	struct sample sample;
	struct verb_account_add_ok out;
	enum status status;

	sample_fill(&sample, seed, name);
	status = store_account_add(store, &sample.add, &out);
	if (status != STATUS_OK)
		fail_msg("%s: %s (%s)", name, status_text(status), store_error(store));
	return out.uid;
}
