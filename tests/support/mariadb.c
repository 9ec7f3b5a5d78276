/* SPDX-License-Identifier: ISC */
#include "tests/support/mariadb.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/store/sql.h"
#include "server/store/store_config.h"
#include "shared/mem.h"
#include "tests/support/process.h"
#include "tests/support/tmpdir.h"

enum { START_MS = 120000 };

/*
 * A server clears away what it takes for left over in its folder for temporary tables: so each has
 * a folder of its own for that.
 */
struct mariadb {
	char *folder;
	char *tmpdir;	/* as an option */
	struct process *process;
};

/*
 * A program by its name, in the folders where distributions keep it. Static memory; NULL when
 * it is not there.
 */
static const char *
find_program(const char *name)
{
	static const char *const folders[] = { "/usr/sbin", "/usr/bin", "/usr/libexec",
	    "/usr/local/sbin", "/usr/local/bin" };
	static char path[64];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], name);
		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

bool
mariadb_is_there(void)
{
#ifdef HAVE_MYSQL
	return find_program("mariadbd") != NULL && find_program("mariadb-install-db") != NULL;
#else
	return false;
#endif
}

/* As root the server wants to be told that this is meant. */
static const char *
user_option(void)
{
	return geteuid() == 0 ? "--user=root" : "--skip-slave-start";
}

static void
install(struct mariadb *mariadb)
{
	char *data = mem_format("--datadir=%s/data", mariadb->folder);
	const char *const argv[] = {
		find_program("mariadb-install-db"), "--no-defaults", data, mariadb->tmpdir,
		    "--auth-root-authentication-method=normal",
		"--skip-test-db", "--innodb-log-file-size=8M", user_option(), NULL,
	};
	struct process *process = process_start("mariadb-install-db", argv);
	int status = -1;

	assert_true(process_wait_exit(process, START_MS, &status));
	if (status != 0)
		fail_msg("mariadb-install-db failed: %s", process_log(process));
	process_free(process);
	free(data);
}

/*
 * Flushed at every commit to the system, not to the disk: what is committed survives kill -9 of
 * the server, which is what the tests do to it, and they stay fast.
 */
void
mariadb_start(struct mariadb *mariadb)
{
	char *data = mem_format("--datadir=%s/data", mariadb->folder);
	char *socket = mem_format("--socket=%s/s", mariadb->folder);
	char *pid = mem_format("--pid-file=%s/pid", mariadb->folder);
	const char *const argv[] = {
		find_program("mariadbd"), "--no-defaults", data, mariadb->tmpdir, socket, pid,
		    "--skip-networking",
		    "--skip-name-resolve",
		"--innodb-log-file-size=8M", "--innodb-buffer-pool-size=64M",
		    "--innodb-flush-log-at-trx-commit=2",
		"--performance-schema=OFF", "--skip-log-bin", user_option(), NULL,
	};

	process_free(mariadb->process);
	mariadb->process = process_start("mariadbd", argv);
	assert_true(process_wait_line(mariadb->process, "ready for connections", START_MS));
	free(data);
	free(socket);
	free(pid);
}

struct mariadb *
mariadb_new(void)
{
	struct mariadb *mariadb = mem_new(sizeof(*mariadb));
	char *path;

	mariadb->folder = tmpdir_new();
	path = tmpdir_path(mariadb->folder, "tmp");
	assert_int_equal(mkdir(path, 0700), 0);
	mariadb->tmpdir = mem_format("--tmpdir=%s", path);
	free(path);
	install(mariadb);
	mariadb_start(mariadb);
	return mariadb;
}

void
mariadb_free(struct mariadb *mariadb)
{
	if (mariadb == NULL)
		return;
	process_free(mariadb->process);
	tmpdir_free(mariadb->folder);
	free(mariadb->tmpdir);
	free(mariadb);
}

void
mariadb_kill(struct mariadb *mariadb)
{
	process_signal(mariadb->process, SIGKILL);
	assert_true(process_wait_exit(mariadb->process, PROCESS_PATIENCE_MS, NULL));
}

void
mariadb_stop(struct mariadb *mariadb)
{
	process_signal(mariadb->process, SIGSTOP);
}

void
mariadb_go_on(struct mariadb *mariadb)
{
	process_signal(mariadb->process, SIGCONT);
}

char *
mariadb_line(const struct mariadb *mariadb, const char *database)
{
	return mem_format("mysql://root@/%s?socket=%s/s", database, mariadb->folder);
}

void
mariadb_say(struct mariadb *mariadb, const char *database, const char *statements)
{
	char *line = mariadb_line(mariadb, database);
	struct store_config config;
	struct sql *sql = NULL;
	char why[256] = "";

	if (store_config_parse(line, &config, why, sizeof(why)) != STATUS_OK ||
	    sql_open(&config, &sql, why, sizeof(why)) != STATUS_OK)
		fail_msg("%s: %s", line, why);
	if (sql_exec(sql, statements) != STATUS_OK)
		fail_msg("%s: %s", statements, sql_error(sql));
	sql_close(sql);
	free(line);
}

void
mariadb_create(struct mariadb *mariadb, const char *database)
{
	char *statements = mem_format("DROP DATABASE IF EXISTS %s; CREATE DATABASE %s", database,
	    database);

	mariadb_say(mariadb, "mysql", statements);
	free(statements);
}
