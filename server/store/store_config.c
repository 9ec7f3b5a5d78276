/* SPDX-License-Identifier: ISC */
#include "server/store/store_config.h"

#include <stdarg.h>
#include <stdio.h>

#include "shared/compiler.h"
#include "shared/endpoint.h"
#include "shared/mem.h"
#include "shared/str.h"

enum { MYSQL_PORT = 3306 };

/* Where a sentence about a mistake goes. */
struct why {
	char *text;
	size_t room;
};

static enum status PRINTF_LIKE(2, 3)
complain(const struct why *why, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why->text, why->room, format, arguments);
	va_end(arguments);
	return STATUS_BAD_CONFIG;
}

static bool
starts_with(struct bytes text, const char *start)
{
	size_t len = strlen(start);

	return text.len >= len && memcmp(text.data, start, len) == 0;
}

static struct bytes
without_start(struct bytes text, size_t len)
{
	return bytes_of((const char *)text.data + len, text.len - len);
}

/*
 * What stands before the first (or last) "mark" goes to *head and what stands behind it stays
 * in *text; false, and nothing changes, when there is no such character.
 */
static bool
cut(struct bytes *text, int mark, bool last, struct bytes *head)
{
	const char *start = text->data;
	const char *at = text->len == 0 ? NULL :
	    last ? memrchr(start, mark, text->len) : memchr(start, mark, text->len);

	if (at == NULL)
		return false;
	*head = bytes_of(start, (size_t)(at - start));
	*text = bytes_of(at + 1, text->len - head->len - 1);
	return true;
}

/*
 * Copies with %XX replaced; false when it does not fit, or has a zero, a control character or a
 * broken %XX in it.
 */
static bool
unescape(struct bytes text, char *out, size_t room)
{
	const char *from = text.data;
	size_t used = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)from[i];

		if (byte == '%') {
			if (i + 2 >= text.len || !str_from_hex(bytes_of(from + i + 1, 2), &byte, 1))
				return false;
			i += 2;
		}
		if (byte < 0x20 || byte == 0x7f || used + 1 >= room)
			return false;
		out[used++] = (char)byte;
	}
	out[used] = '\0';
	return true;
}

static enum status
parse_sqlite(struct bytes path, struct store_config *out, const struct why *why)
{
	out->engine = STORE_SQLITE;
	if (path.len == 0 || *(const char *)path.data == ':')
		return complain(why, "\"sqlite:\" needs the path of a file behind it");
	if (!str_copy(path, out->path, sizeof(out->path)))
		return complain(why, "the path behind \"sqlite:\" is longer than %zu bytes",
		    sizeof(out->path) - 1);
	return STATUS_OK;
}

static enum status
parse_options(struct bytes options, struct store_config *out, const struct why *why)
{
	if (!starts_with(options, "socket=/"))
		return complain(why,
		    "behind the \"?\" of a mysql: database stands \"socket=/path\", nothing else");
	if (!unescape(without_start(options, strlen("socket=")), out->socket, sizeof(out->socket)))
		return complain(why,
		    "the path of the socket is longer than %zu bytes, or has a mistake in it",
		    sizeof(out->socket) - 1);
	return STATUS_OK;
}

static enum status
parse_user(struct bytes login, struct store_config *out, const struct why *why)
{
	struct bytes user = login;

	if (cut(&login, ':', false, &user) &&
	    !unescape(login, out->password, sizeof(out->password)))
		return complain(why,
		    "the password is longer than %zu bytes, or has a broken %%XX in it",
		    sizeof(out->password) - 1);
	if (user.len == 0 || !unescape(user, out->user, sizeof(out->user)))
		return complain(why,
		    "a mysql: database needs a user of 1 to %zu bytes before the \"@\"",
		    sizeof(out->user) - 1);
	return STATUS_OK;
}

/* host, host:port, [address]:port */
static enum status
parse_host(struct bytes where, struct store_config *out, const struct why *why)
{
	struct bytes host = where;
	uint64_t port = MYSQL_PORT;

	if (starts_with(where, "[")) {
		where = without_start(where, 1);
		if (!cut(&where, ']', false, &host) || (where.len > 0 && !starts_with(where, ":")))
			return complain(why,
			    "an address in brackets is followed by \":port\" or nothing");
		where = where.len > 0 ? without_start(where, 1) : where;
	} else if (!cut(&where, ':', false, &host)) {
		where.len = 0;
	}
	if (where.len > 0 && (!str_to_number(where, UINT16_MAX, &port) || port == 0))
		return complain(why, "the port of a mysql: database is a number from 1 to 65535");
	out->port = (uint16_t)port;
	if (host.len == 0 && out->socket[0] == '\0')
		return complain(why, "a mysql: database needs a host, or \"?socket=/path\"");
	if (!unescape(host, out->host, sizeof(out->host)))
		return complain(why, "the host is longer than %zu bytes, or has a mistake in it",
		    sizeof(out->host) - 1);
	return STATUS_OK;
}

static enum status
parse_mysql(struct bytes rest, struct store_config *out, const struct why *why)
{
	struct bytes before, login, host;
	enum status status;

	out->engine = STORE_MYSQL;
	if (cut(&rest, '?', true, &before)) {
		status = parse_options(rest, out, why);
		if (status != STATUS_OK)
			return status;
		rest = before;
	}
	if (!cut(&rest, '@', true, &login))
		return complain(why, "a mysql: database looks like mysql://user@host:port/name");
	if (!cut(&rest, '/', false, &host) || rest.len == 0 ||
	    !unescape(rest, out->database, sizeof(out->database)))
		return complain(why,
		    "a mysql: database needs its name behind host and \"/\", of at most %zu bytes",
		    sizeof(out->database) - 1);
	status = parse_user(login, out, why);
	return status == STATUS_OK ? parse_host(host, out, why) : status;
}

enum status
store_config_parse(const char *line, struct store_config *out, char *why, size_t room)
{
	const struct why where = { why, room };
	struct bytes text = bytes_of_string(line);
	enum status status;

	*out = (struct store_config){
		.threads_min = 2,
		.threads_max = 8,
		.queue_max = 4096,
		.server_id = 1,
		.server_host = "127.0.0.1",
		.server_port = 7401,
	};
	if (starts_with(text, "sqlite:"))
		status = parse_sqlite(without_start(text, strlen("sqlite:")), out, &where);
	else if (starts_with(text, "mysql://"))
		status = parse_mysql(without_start(text, strlen("mysql://")), out, &where);
	else
		status = complain(&where,
		    "a database is named sqlite:/path or mysql://user@host:port/name");
	if (status != STATUS_OK)
		store_config_clear(out);
	return status;
}

enum status
store_config_set_password(struct store_config *config, const char *password)
{
	struct bytes text = bytes_of_string(password);

	if (text.len >= sizeof(config->password))
		return STATUS_TOO_LONG;
	memcpy(config->password, password, text.len + 1);
	return STATUS_OK;
}

void
store_config_describe(const struct store_config *config, char *text, size_t room)
{
	const char *bracket = strchr(config->host, ':') != NULL ? "[" : "";
	char plain[1024], port[16];

	snprintf(port, sizeof(port), "%s:%u", *bracket != '\0' ? "]" : "", config->port);
	if (config->engine == STORE_SQLITE)
		snprintf(plain, sizeof(plain), "sqlite:%s", config->path);
	else
		snprintf(plain, sizeof(plain), "mysql://%s@%s%s%s/%s%s%s", config->user, bracket,
		    config->host, config->host[0] != '\0' ? port : "", config->database,
		    config->socket[0] != '\0' ? "?socket=" : "", config->socket);
	str_escape(bytes_of_string(plain), text, room);
}

bool
store_config_is_exposed(const struct store_config *config)
{
	struct endpoint endpoint = { .port = config->port };
	struct address address;

	if (config->engine != STORE_MYSQL || config->socket[0] != '\0' ||
	    strcmp(config->host, "localhost") == 0)
		return false;
	return !str_copy(bytes_of_string(config->host), endpoint.host, sizeof(endpoint.host)) ||
	    endpoint_to_address(&endpoint, &address) != STATUS_OK ||
	    !endpoint_is_loopback(&address.any);
}

void
store_config_clear(struct store_config *config)
{
	mem_wipe(config->password, sizeof(config->password));
}
