/* SPDX-License-Identifier: ISC */
#include "server/proc/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/conf_value.h"
#include "shared/log.h"
#include "shared/mem.h"
#include "shared/str.h"

static const char folder_mark[] = "{state-dir}";

static const char *
check_listen(const char *value)
{
	struct endpoint endpoint;
	struct address address;

	if (endpoint_parse(bytes_of_string(value), &endpoint) &&
	    endpoint_to_address(&endpoint, &address) == STATUS_OK)
		return NULL;
	return "has to be a numeric address and a port, like 127.0.0.1:7400 or [::]:7400";
}

static const char *
check_advertise(const char *value)
{
	struct endpoint endpoint;

	if (endpoint_parse_host(bytes_of_string(value), 1, &endpoint) && endpoint.port != 0)
		return NULL;
	return "has to be a host name or an address, with or without a port";
}

static const char *
check_invite(const char *value)
{
	struct invite invite;

	if (endpoint_parse_invite(bytes_of_string(value), &invite))
		return NULL;
	return "has to be an invite line, like tingyu://host:7400/?pin=HEX with 64 digits";
}

static const char *
check_pin(const char *value)
{
	uint8_t pin[ENDPOINT_PIN_SIZE];

	if (str_from_hex(bytes_of_string(value), pin, sizeof(pin)))
		return NULL;
	return "has to be a pin: 64 hexadecimal digits";
}

static bool
has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool
is_mysql(const char *database)
{
	return has_prefix(database, "mysql://");
}

static const char *
check_database(const char *value)
{
	const char *server, *at, *name;

	if (has_prefix(value, "sqlite:/"))
		return NULL;
	if (!is_mysql(value))
		return "has to be sqlite:/PATH or mysql://USER@HOST:PORT/DATABASE";
	server = value + strlen("mysql://");
	at = strchr(server, '@');
	name = at != NULL ? strchr(at, '/') : NULL;
	if (at == NULL || at == server || name == NULL || name[1] == '\0')
		return "has to name user and database: mysql://USER@HOST:PORT/DATABASE";
	if (memchr(server, ':', (size_t)(at - server)) != NULL)
		return "must not have the password in it; that goes into a file, "
		    "which database-password-file names";
	return NULL;
}

enum { AT_START = false, LIVE = true };

static const struct conf_option options[] = {
#define NUMBER(option, field, value, low, high, of, when, text) \
	{ .name = option, .help = text, .kind = CONF_NUMBER, .offset = offsetof(struct settings, field), \
	  .fallback = #value, .min = low, .max = high, .unit = of, .is_live = when },
#define FLAG(option, field, value, when, text) \
	{ .name = option, .help = text, .kind = CONF_FLAG, .offset = offsetof(struct settings, field), \
	  .fallback = #value, .is_live = when },
#define WORD(option, field, value, any, when, text) \
	{ .name = option, .help = text, .kind = CONF_WORD, .offset = offsetof(struct settings, field), \
	  .fallback = value, .words = any, .is_live = when },
#define TEXT(option, field, value, low, high, judge, when, text) \
	{ .name = option, .help = text, .kind = CONF_TEXT, .offset = offsetof(struct settings, field), \
	  .fallback = value, .min = low, .max = high, .check = judge, .is_live = when },
#define PATH(option, field, value, low, high, judge, when, text) \
	{ .name = option, .help = text, .kind = CONF_PATH, .offset = offsetof(struct settings, field), \
	  .fallback = value, .min = low, .max = high, .check = judge, .is_live = when },
#define LIST(option, field, high, judge, when, text) \
	{ .name = option, .help = text, .kind = CONF_LIST, \
	  .offset = offsetof(struct settings, field), \
	  .max = high, .check = judge, .is_live = when },
#include "server/proc/options.def"
#undef NUMBER
#undef FLAG
#undef WORD
#undef TEXT
#undef PATH
#undef LIST
};

static const struct conf_table table = {
	.options = options,
	.count = ARRAY_LEN(options),
	.manual = "tingyu-server.conf(5)",
};

const struct conf_table *
settings_table(void)
{
	return &table;
}

/* Puts the folder where a default names it; only defaults pass the checks with the mark in them. */
static void
fill_in_folder(struct settings *settings)
{
	for (size_t i = 0; i < table.count; i++) {
		const struct conf_option *option = &options[i];
		char *text, *mark;

		if (option->kind != CONF_TEXT && option->kind != CONF_PATH)
			continue;
		text = conf_value_print(option, settings, 0);
		mark = strstr(text, folder_mark);
		if (mark != NULL) {
			char *whole = mem_format("%.*s%s%s", (int)(mark - text), text,
			    settings->state_dir, mark + strlen(folder_mark));

			conf_value_set_text(option, whole, settings);
			free(whole);
		}
		free(text);
	}
}

void
settings_init(struct settings *out)
{
	conf_init(&table, out);
	fill_in_folder(out);
}

void
settings_clear(struct settings *settings)
{
	conf_clear(&table, settings);
}

void
settings_copy(const struct settings *settings, struct settings *out)
{
	conf_init(&table, out);
	for (size_t i = 0; i < table.count; i++)
		conf_value_copy(&options[i], out, settings);
}

static struct address
address_of(const char *listen)
{
	struct endpoint endpoint = { .port = 0 };
	struct address address = { .len = 0 };

	/* check_listen() saw it, or it had its mistake already. */
	if (endpoint_parse(bytes_of_string(listen), &endpoint))
		endpoint_to_address(&endpoint, &address);
	return address;
}

static void
check_plaintext(const struct settings *settings, struct conf_mistakes *mistakes)
{
	struct address route = address_of(settings->route_listen);
	struct address work = address_of(settings->work_listen);

	if (!settings->insecure_plaintext ||
	    (endpoint_is_loopback(&route.any) && endpoint_is_loopback(&work.any)))
		return;
	conf_complain(mistakes, "insecure-plaintext is for loopback only, but route-listen is %s "
	    "and work-listen is %s: leave insecure-plaintext out, or listen on 127.0.0.1",
	    settings->route_listen, settings->work_listen);
}

/* What no option can know alone. */
static void
check_together(const struct settings *settings, struct conf_mistakes *mistakes)
{
	struct address work = address_of(settings->work_listen);

	check_plaintext(settings, mistakes);
	if (endpoint_is_any(&work.any) && settings->advertise[0] == '\0')
		conf_complain(mistakes, "work-listen %s is every address of this machine: "
		    "set advertise to the one where clients reach it", settings->work_listen);
	if (settings->store_threads_min > settings->store_threads_max)
		conf_complain(mistakes, "store-threads-min %u is more than store-threads-max %u: "
		    "make it smaller", settings->store_threads_min, settings->store_threads_max);
	if (settings->dead_seconds <= settings->report_seconds)
		conf_complain(mistakes, "dead-seconds %u has to be more than report-seconds %u, "
		    "or living servers would count as dead", settings->dead_seconds,
		    settings->report_seconds);
	if (settings->database_password_file[0] != '\0' && !is_mysql(settings->database))
		conf_complain(mistakes, "database-password-file is for a mysql: database, "
		    "but database is %s: leave one of them out", settings->database);
}

enum status
settings_load(const char *path, bool is_required, const char *const *overrides,
    size_t override_count, struct settings *out, struct conf_mistakes *mistakes)
{
	size_t before = mistakes->count;
	struct settings settings;

	conf_init(&table, &settings);
	if (path != NULL && (is_required || access(path, F_OK) == 0 || errno != ENOENT))
		conf_read_file(&table, path, &settings, mistakes);
	conf_override(&table, overrides, override_count, &settings, mistakes);
	fill_in_folder(&settings);
	check_together(&settings, mistakes);
	if (mistakes->count > before) {
		settings_clear(&settings);
		return STATUS_BAD_CONFIG;
	}
	*out = settings;
	return STATUS_OK;
}

void
settings_keep_fixed(struct settings *fresh, const struct settings *running,
    struct conf_mistakes *notes)
{
	for (size_t i = 0; i < table.count; i++) {
		const struct conf_option *option = &options[i];

		if (option->is_live || conf_value_is_equal(option, fresh, running))
			continue;
		conf_complain(notes, "%s has changed, but it only counts at start: "
		    "restart the server to use the new value", option->name);
		conf_value_copy(option, fresh, running);
	}
}

struct bytes
settings_encode(const struct settings *settings)
{
	return conf_encode(&table, settings);
}

enum status
settings_decode(struct bytes bytes, struct settings *out)
{
	struct settings settings;
	enum status status = conf_decode(&table, bytes, &settings);

	if (status == STATUS_OK)
		*out = settings;
	return status;
}

unsigned
settings_child_count(const struct settings *settings)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (settings->children > 0)
		return settings->children;
	return cores < 2 ? 2 : cores > 256 ? 256 : (unsigned)cores;
}

void
settings_advertised(const struct settings *settings, uint16_t port, struct endpoint *out)
{
	*out = (struct endpoint){ .port = port };
	if (settings->advertise[0] != '\0') {
		endpoint_parse_host(bytes_of_string(settings->advertise), port, out);
	} else {
		endpoint_parse(bytes_of_string(settings->work_listen), out);
		out->port = port;
	}
}

void
settings_start_log(const struct settings *settings)
{
	const char *file = settings->log_file[0] != '\0' ? settings->log_file : NULL;
	enum status status = log_to_file(file);

	if (status != STATUS_OK)
		log_error("%s cannot be used as log file: %s", file, status_text(status));
	log_set_level((enum log_level)settings->log_level);
}
