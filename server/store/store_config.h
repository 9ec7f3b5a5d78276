/* SPDX-License-Identifier: ISC */
/*
 * Which database, and how to use it. A database is named by one line:
 *
 *	sqlite:/path/to/file.db
 *	mysql://user[:password]@host[:port]/name[?socket=/path]
 *
 * User, password and name may have %XX in them. An IPv6 address stands in brackets. With a
 * socket the host may be missing. The password is better kept in a file of its own and given
 * apart; it never gets into a log.
 */

#ifndef SERVER_STORE_STORE_CONFIG_H
#define SERVER_STORE_STORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/status.h"

enum store_engine {
	STORE_SQLITE,
	STORE_MYSQL,
};

struct store_config {
	enum store_engine engine;
	char path[512];		/* SQLite: the file */
	char host[256];		/* MySQL: empty with a socket */
	char socket[108];	/* MySQL: path of the Unix socket, or empty */
	char user[128];
	char password[256];
	char database[64];
	uint16_t port;

	/* Threads that read, and requests that may wait for them and for the writer (each). */
	unsigned threads_min;
	unsigned threads_max;
	unsigned queue_max;

	/*
	 * This work server in the eyes of the others: a random number of its start, and where
	 * clients reach it.
	 */
	uint64_t server_id;
	char server_host[256];
	uint16_t server_port;

	/*
	 * For tests: 0, or the file may not grow over so many pages (SQLite); what is added to
	 * the database's clock; 0, or seconds in which a statement has to be answered (MySQL).
	 */
	unsigned sqlite_pages_max;
	uint64_t clock_ahead_ms;
	unsigned answer_seconds;
};

/*
 * Fills *out from such a line; what the line does not say gets its default (2 to 8 threads,
 * 4096 requests, server 1 of 127.0.0.1). STATUS_BAD_CONFIG: "why" (of "room" bytes) has a
 * sentence, without the password.
 */
enum status store_config_parse(const char *line, struct store_config *out, char *why, size_t room);

/* The password from elsewhere. STATUS_TOO_LONG when it has no room. */
enum status store_config_set_password(struct store_config *config, const char *password);

/* For people and logs: "sqlite:/path", "mysql://user@host:port/name"; never the password. */
void store_config_describe(const struct store_config *config, char *text, size_t room);

/*
 * Whether the way to the database leads over a network: this version does not encrypt it, and
 * hashes and bundles go along there. A host is taken for another machine unless it says
 * loopback.
 */
bool store_config_is_exposed(const struct store_config *config);

/* Whether several work servers may use this database at once. */
static inline bool
store_config_is_shared(const struct store_config *config)
{
	return config->engine == STORE_MYSQL;
}

/* Overwrites the secrets in it. */
void store_config_clear(struct store_config *config);

#endif
