/* SPDX-License-Identifier: ISC */
#include "server/proc/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/conf_value.h"
#include "shared/log.h"
#include "shared/mem.h"
#include "tests/support/tmpdir.h"

#define PIN "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef"

/* Name and field of every row that is not a list (those have a plural). */
static const struct {
	const char *name;
	const char *field;
} names[] = {
#define NUMBER(name, field, ...) { name, #field },
#define FLAG(name, field, ...) { name, #field },
#define WORD(name, field, ...) { name, #field },
#define TEXT(name, field, ...) { name, #field },
#define PATH(name, field, ...) { name, #field },
#define LIST(name, field, ...)
#include "server/proc/options.def"
#undef NUMBER
#undef FLAG
#undef WORD
#undef TEXT
#undef PATH
#undef LIST
};

static void
fields_are_called_like_options(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *name = mem_string(names[i].field);

		for (char *at = name; *at != '\0'; at++)
			if (*at == '_')
				*at = '-';
		assert_string_equal(name, names[i].name);
		free(name);
	}
}

static void
rows_are_whole(void **state UNUSED)
{
	const struct conf_table *table = settings_table();

	assert_in_range(table->count, ARRAY_LEN(names) + 1, CONF_OPTIONS_MAX);
	for (size_t i = 0; i < table->count; i++) {
		const struct conf_option *option = &table->options[i];

		assert_in_range(strlen(option->name), 1, CONF_NAME_MAX);
		assert_true(strlen(option->help) > 0);
		assert_ptr_equal(conf_find(table, bytes_of_string(option->name)), option);
		if (option->kind == CONF_NUMBER)
			assert_true(option->min < option->max && strlen(option->unit) > 0);
		else if (option->kind != CONF_FLAG && option->kind != CONF_WORD)
			assert_true(option->min < option->max);
	}
}

/* Every default could as well stand in the file. */
static void
defaults_are_good(void **state UNUSED)
{
	const struct conf_table *table = settings_table();
	struct settings settings;

	settings_init(&settings);
	for (size_t i = 0; i < table->count; i++) {
		const struct conf_option *option = &table->options[i];

		for (size_t j = 0; j < conf_value_count(option, &settings); j++) {
			char *text = conf_value_print(option, &settings, j);
			char *refusal = conf_value_parse(option, text, &settings);

			if (refusal != NULL)
				fail_msg("%s: %s", option->name, refusal);
			free(text);
		}
	}
	settings_clear(&settings);
}

static void
defaults_are_what_the_manual_says(void **state UNUSED)
{
	struct conf_mistakes mistakes = { 0 };
	struct settings settings;

	assert_int_equal(settings_load(NULL, false, NULL, 0, &settings, &mistakes), STATUS_OK);
	assert_int_equal(mistakes.count, 0);
	assert_string_equal(settings.route_listen, "127.0.0.1:7400");
	assert_string_equal(settings.work_listen, "127.0.0.1:7401");
	assert_string_equal(settings.state_dir, TINGYU_STATEDIR);
	assert_string_equal(settings.database, "sqlite:" TINGYU_STATEDIR "/tingyu.db");
	assert_string_equal(settings.private_key, TINGYU_STATEDIR "/private-key.pem");
	assert_int_equal(settings.idle_seconds, 85);
	assert_int_equal(settings.login_seconds, 10);
	assert_int_equal(settings.log_level, LOG_LEVEL_INFO);
	assert_true(settings.accept_registrations);
	assert_false(settings.insecure_plaintext || settings.limit_loopback);
	assert_int_equal(settings.route_servers.count, 0);
	settings_clear(&settings);
}

/* What the manual says of an option: from its own tag to the next one. */
static char *
read_item(const char *manual, const char *name)
{
	char *tag = mem_format(".It Ic %s ", name);
	const char *start = strstr(manual, tag), *end;

	free(tag);
	if (start == NULL) {
		fail_msg("tingyu-server.conf(5) has no %s", name);
		return NULL;
	}
	end = strstr(start, "\n.It ");
	return mem_string_of(bytes_of(start, end != NULL ? (size_t)(end - start) : strlen(start)));
}

static void
expect_words(const char *item, const char *name, char *words)
{
	if (strstr(item, words) == NULL)
		fail_msg("tingyu-server.conf(5) does not say \"%s\" of %s", words, name);
	free(words);
}

/* Limits share one range, which stands before them. */
static bool
is_limit(const char *name)
{
	return strstr(name, "-per-minute") != NULL || strstr(name, "-burst") != NULL;
}

static void
numbers_are_what_the_manual_says(void **state UNUSED)
{
	const struct conf_table *table = settings_table();
	const char *root = getenv("top_srcdir");
	char *manual = tmpdir_read(root != NULL ? root : ".", "man/tingyu-server.conf.5");

	assert_non_null(manual);
	for (size_t i = 0; i < table->count; i++) {
		const struct conf_option *option = &table->options[i];
		char *item;

		if (option->kind != CONF_NUMBER)
			continue;
		item = read_item(manual, option->name);
		expect_words(item, option->name, mem_format("\nDefault: %s", option->fallback));
		if (!is_limit(option->name))
			expect_words(item, option->name, mem_format("%s to %u",
			    option->min > 0 ? "" : "up", option->max));
		free(item);
	}
	free(manual);
}

/* The place of a word is the level's number. */
static void
log_levels_are_those_of_the_log(void **state UNUSED)
{
	static const char *const words[] = { "error", "warn", "info", "debug" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		char *pair = mem_format("log-level=%s", words[i]);
		struct conf_mistakes mistakes = { 0 };
		struct settings settings;
		enum log_level level;

		assert_true(log_level_parse(words[i], &level));
		assert_int_equal(settings_load(NULL, false, (const char *const *)&pair, 1, &settings,
		    &mistakes), STATUS_OK);
		assert_int_equal(settings.log_level, level);
		settings_clear(&settings);
		free(pair);
	}
}

static void
command_line_beats_file_beats_default(void **state UNUSED)
{
	static const char *const overrides[] = { "children=4", "state-dir=/elsewhere" };
	char *folder = tmpdir_new(), *path = tmpdir_path(folder, "s.conf");
	struct conf_mistakes mistakes = { 0 };
	struct settings settings;

	tmpdir_write(folder, "s.conf", "children 3\nidle-seconds 60\nstate-dir /srv/x\n"
	    "private-key /etc/key.pem\nallow-work " PIN "\n"
	    "route-server tingyu://route.example.org:7400/?pin=" PIN "\n");
	assert_int_equal(settings_load(path, true, overrides, 2, &settings, &mistakes), STATUS_OK);
	assert_int_equal(settings.children, 4);
	assert_int_equal(settings.idle_seconds, 60);
	assert_int_equal(settings.login_seconds, 10);
	assert_string_equal(settings.state_dir, "/elsewhere");
	assert_string_equal(settings.private_key, "/etc/key.pem");
	assert_string_equal(settings.certificate, "/elsewhere/certificate.pem");
	assert_string_equal(settings.database, "sqlite:/elsewhere/tingyu.db");
	assert_int_equal(settings.allowed_work.count, 1);
	assert_string_equal(settings.allowed_work.items[0], PIN);
	assert_int_equal(settings.route_servers.count, 1);
	settings_clear(&settings);
	free(path);
	tmpdir_free(folder);
}

static void
a_missing_file_is_a_mistake_only_when_named(void **state UNUSED)
{
	char *folder = tmpdir_new(), *path = tmpdir_path(folder, "none.conf");
	struct conf_mistakes mistakes = { 0 };
	struct settings settings;

	assert_int_equal(settings_load(path, false, NULL, 0, &settings, &mistakes), STATUS_OK);
	settings_clear(&settings);
	assert_int_equal(settings_load(path, true, NULL, 0, &settings, &mistakes),
	    STATUS_BAD_CONFIG);
	assert_int_equal(mistakes.count, 1);
	conf_mistakes_clear(&mistakes);
	/* One that is there but is no file is a mistake either way. */
	assert_int_equal(settings_load(folder, false, NULL, 0, &settings, &mistakes),
	    STATUS_BAD_CONFIG);
	conf_mistakes_clear(&mistakes);
	free(path);
	tmpdir_free(folder);
}

static const struct {
	const char *overrides[3];
	const char *sentence;	/* part of it; NULL: good */
} cases[] = {
	{ { "work-listen=0.0.0.0:7401", "advertise=chat.example.org" }, NULL },
	{ { "work-listen=[::]:0", "advertise=chat.example.org:7401" }, NULL },
	{ { "insecure-plaintext=yes" }, NULL },
	{ { "insecure-plaintext=yes", "route-listen=[::1]:1", "work-listen=127.9.9.9:1" }, NULL },
	{ { "database=mysql://tingyu@127.0.0.1:3306/tingyu", "database-password-file=/etc/pw" },
	  NULL },
	{ { "store-threads-min=8", "store-threads-max=8" }, NULL },
	{ { "route-listen=localhost:7400" }, "route-listen has to be a numeric address" },
	{ { "route-listen=127.0.0.1" }, "route-listen has to be a numeric address" },
	{ { "work-listen=[::1%nosuchnet0]:1" }, "work-listen has to be a numeric address" },
	{ { "work-listen=0.0.0.0:7401" }, "set advertise to the one where clients reach it" },
	{ { "work-listen=[::]:7401" }, "set advertise to the one where clients reach it" },
	{ { "advertise=a b" }, "advertise has to be a host name or an address" },
	{ { "advertise=host:0" }, "advertise has to be a host name or an address" },
	{ { "route-server=127.0.0.1:7400" }, "route-server has to be an invite line" },
	{ { "allow-work=0011" }, "allow-work has to be a pin" },
	{ { "insecure-plaintext=yes", "route-listen=192.0.2.1:7400" },
	  "insecure-plaintext is for loopback only, but route-listen is 192.0.2.1:7400" },
	{ { "insecure-plaintext=yes", "work-listen=192.0.2.1:7400" },
	  "insecure-plaintext is for loopback only" },
	{ { "store-threads-min=9", "store-threads-max=8" },
	  "store-threads-min 9 is more than store-threads-max 8" },
	{ { "dead-seconds=10", "report-seconds=10" }, "has to be more than report-seconds 10" },
	{ { "database=postgres://x" }, "database has to be sqlite:/PATH or mysql://" },
	{ { "database=sqlite:tingyu.db" }, "database has to be sqlite:/PATH" },
	{ { "database=mysql://localhost/tingyu" }, "database has to name user and database" },
	{ { "database=mysql://@localhost/tingyu" }, "database has to name user and database" },
	{ { "database=mysql://u@localhost" }, "database has to name user and database" },
	{ { "database=mysql://u@localhost/" }, "database has to name user and database" },
	{ { "database=mysql://u:secret@localhost/tingyu" }, "must not have the password in it" },
	{ { "database-password-file=/etc/pw" }, "is for a mysql: database" },
	{ { "state-dir=here" }, "state-dir has to be a path that begins with /" },
	{ { "certificate={state-dir}/x" }, "certificate has to be a path that begins with /" },
	{ { "idle-seconds=0" }, "idle-seconds has to be a whole number from 1 to 86400 seconds" },
};

static void
options_fit_together(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct conf_mistakes mistakes = { 0 };
		struct settings settings;
		size_t count = 0;
		enum status status;

		while (count < 3 && cases[i].overrides[count] != NULL)
			count++;
		status = settings_load(NULL, false, cases[i].overrides, count, &settings, &mistakes);
		if (status == STATUS_OK)
			settings_clear(&settings);
		if (cases[i].sentence == NULL) {
			if (mistakes.count > 0)
				fail_msg("%s", mistakes.sentences[0]);
			continue;
		}
		assert_int_equal(status, STATUS_BAD_CONFIG);
		assert_int_equal(mistakes.count, 1);
		if (strstr(mistakes.sentences[0], cases[i].sentence) == NULL)
			fail_msg("%s", mistakes.sentences[0]);
		conf_mistakes_clear(&mistakes);
	}
}

static void
a_bad_file_changes_nothing(void **state UNUSED)
{
	char *folder = tmpdir_new(), *path = tmpdir_path(folder, "s.conf");
	struct conf_mistakes mistakes = { 0 };
	struct settings settings, before;

	memset(&settings, 0x55, sizeof(settings));
	memcpy(&before, &settings, sizeof(before));
	tmpdir_write(folder, "s.conf", "children 3\nidle-secs 60\nlog-level loud\n");
	assert_int_equal(settings_load(path, true, NULL, 0, &settings, &mistakes),
	    STATUS_BAD_CONFIG);
	assert_int_equal(mistakes.count, 2);
	assert_non_null(strstr(mistakes.sentences[0],
	    "s.conf:2: unknown option 'idle-secs'; did you mean 'idle-seconds'?"));
	assert_memory_equal(&settings, &before, sizeof(before));
	conf_mistakes_clear(&mistakes);
	free(path);
	tmpdir_free(folder);
}

static void
travel_as_bytes(void **state UNUSED)
{
	static const char *const overrides[] = { "children=4", "limit-loopback=yes",
		"log-level=debug", "advertise=[2001:db8::1]:7", "log-file=/x y", ("allow-work=" PIN),
		"route-server=tingyu://a:1", "route-server=tingyu://b:2" };
	const struct conf_table *table = settings_table();
	struct conf_mistakes mistakes = { 0 };
	struct settings settings, back, copy;
	struct bytes bytes;

	assert_int_equal(settings_load(NULL, false, overrides, ARRAY_LEN(overrides), &settings,
	    &mistakes), STATUS_OK);
	bytes = settings_encode(&settings);
	assert_int_equal(settings_decode(bytes, &back), STATUS_OK);
	settings_copy(&settings, &copy);
	for (size_t i = 0; i < table->count; i++) {
		assert_true(conf_value_is_equal(&table->options[i], &settings, &back));
		assert_true(conf_value_is_equal(&table->options[i], &settings, &copy));
	}
	assert_string_equal(back.route_servers.items[1], "tingyu://b:2");
	assert_ptr_not_equal(copy.route_servers.items[1], settings.route_servers.items[1]);
	settings_clear(&copy);
	settings_clear(&back);
	assert_int_equal(settings_decode(bytes_of(bytes.data, bytes.len - 1), &back),
	    STATUS_BAD_FRAME);
	free((void *)bytes.data);
	settings_clear(&settings);
}

static void
what_counts_at_start_stays(void **state UNUSED)
{
	static const char *const changes[] = { "children=5", "idle-seconds=60",
		"state-dir=/elsewhere", "route-server=tingyu://a:1" };
	struct conf_mistakes notes = { 0 };
	struct settings running, fresh;

	settings_init(&running);
	assert_int_equal(settings_load(NULL, false, changes, ARRAY_LEN(changes), &fresh, &notes),
	    STATUS_OK);
	settings_keep_fixed(&fresh, &running, &notes);
	assert_int_equal(fresh.children, 0);
	assert_int_equal(fresh.idle_seconds, 60);
	assert_int_equal(fresh.route_servers.count, 1);
	assert_string_equal(fresh.state_dir, TINGYU_STATEDIR);
	assert_string_equal(fresh.certificate, running.certificate);
	assert_true(notes.count >= 2);
	for (size_t i = 0; i < notes.count; i++)
		assert_non_null(strstr(notes.sentences[i], "restart the server"));
	assert_non_null(strstr(notes.sentences[0], "state-dir has changed"));
	conf_mistakes_clear(&notes);
	settings_keep_fixed(&fresh, &running, &notes);
	assert_int_equal(notes.count, 0);
	settings_clear(&running);
	settings_clear(&fresh);
}

static const struct {
	const char *advertise;
	const char *work_listen;
	const char *expected;
} advertised[] = {
	{ "", "127.0.0.1:0", "127.0.0.1:5000" },
	{ "", "[::1]:7401", "[::1]:5000" },
	{ "chat.example.org", "0.0.0.0:7401", "chat.example.org:5000" },
	{ "chat.example.org:443", "0.0.0.0:7401", "chat.example.org:443" },
	{ "2001:db8::1", "[::]:7401", "[2001:db8::1]:5000" },
};

static void
says_where_clients_reach_it(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(advertised); i++) {
		struct settings settings = { .advertise = (char *)advertised[i].advertise,
			.work_listen = (char *)advertised[i].work_listen };
		char printed[ENDPOINT_TEXT_SIZE];
		struct endpoint endpoint;

		settings_advertised(&settings, 5000, &endpoint);
		endpoint_print(&endpoint, printed);
		assert_string_equal(printed, advertised[i].expected);
	}
}

static void
has_at_least_two_children(void **state UNUSED)
{
	struct settings settings = { .children = 0 };

	assert_in_range(settings_child_count(&settings), 2, 256);
	settings.children = 1;
	assert_int_equal(settings_child_count(&settings), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_called_like_options),
		cmocka_unit_test(rows_are_whole),
		cmocka_unit_test(defaults_are_good),
		cmocka_unit_test(defaults_are_what_the_manual_says),
		cmocka_unit_test(numbers_are_what_the_manual_says),
		cmocka_unit_test(log_levels_are_those_of_the_log),
		cmocka_unit_test(command_line_beats_file_beats_default),
		cmocka_unit_test(a_missing_file_is_a_mistake_only_when_named),
		cmocka_unit_test(options_fit_together),
		cmocka_unit_test(a_bad_file_changes_nothing),
		cmocka_unit_test(travel_as_bytes),
		cmocka_unit_test(what_counts_at_start_stays),
		cmocka_unit_test(says_where_clients_reach_it),
		cmocka_unit_test(has_at_least_two_children),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
