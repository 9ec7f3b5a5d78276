/* SPDX-License-Identifier: ISC */
/* Names of databases: what is understood, and what is refused with which sentence. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/store/store_config.h"
#include "shared/compiler.h"

static void
an_sqlite_file_is_a_path(void **state UNUSED)
{
	struct store_config config;
	char why[256], text[256];

	assert_int_equal(store_config_parse("sqlite:/var/lib/tingyu/tingyu.db", &config, why,
	    sizeof(why)), STATUS_OK);
	assert_int_equal(config.engine, STORE_SQLITE);
	assert_string_equal(config.path, "/var/lib/tingyu/tingyu.db");
	assert_false(store_config_is_shared(&config));
	store_config_describe(&config, text, sizeof(text));
	assert_string_equal(text, "sqlite:/var/lib/tingyu/tingyu.db");
}

static void
all_parts_of_a_mysql_line_are_found(void **state UNUSED)
{
	struct store_config config;
	char why[256], text[256];

	assert_int_equal(store_config_parse("mysql://ting%40yu:se%3Acret%25@db.example.org:3307/d",
	    &config, why, sizeof(why)), STATUS_OK);
	assert_int_equal(config.engine, STORE_MYSQL);
	assert_true(store_config_is_shared(&config));
	assert_string_equal(config.user, "ting@yu");
	assert_string_equal(config.password, "se:cret%");
	assert_string_equal(config.host, "db.example.org");
	assert_int_equal(config.port, 3307);
	assert_string_equal(config.database, "d");
	assert_string_equal(config.socket, "");
	store_config_describe(&config, text, sizeof(text));
	assert_string_equal(text, "mysql://ting@yu@db.example.org:3307/d");
	store_config_clear(&config);
	assert_string_equal(config.password, "");
}

static void
a_mysql_line_may_be_short(void **state UNUSED)
{
	struct store_config config;
	char why[256];

	assert_int_equal(store_config_parse("mysql://u@h/d", &config, why, sizeof(why)), STATUS_OK);
	assert_int_equal(config.port, 3306);
	assert_string_equal(config.password, "");
	assert_int_equal(store_config_parse("mysql://u@/d?socket=/run/mysqld/mysqld.sock", &config,
	    why, sizeof(why)), STATUS_OK);
	assert_string_equal(config.socket, "/run/mysqld/mysqld.sock");
	assert_string_equal(config.host, "");
}

static void
an_ipv6_host_stands_in_brackets(void **state UNUSED)
{
	struct store_config config;
	char why[256], text[256];

	assert_int_equal(store_config_parse("mysql://u@[2001:db8::1]:3310/d", &config, why,
	    sizeof(why)), STATUS_OK);
	assert_string_equal(config.host, "2001:db8::1");
	assert_int_equal(config.port, 3310);
	store_config_describe(&config, text, sizeof(text));
	assert_string_equal(text, "mysql://u@[2001:db8::1]:3310/d");
	assert_int_equal(store_config_parse("mysql://u@[::1]/d", &config, why, sizeof(why)),
	    STATUS_OK);
	assert_string_equal(config.host, "::1");
	assert_int_equal(config.port, 3306);
}

static void
mistakes_get_a_sentence_without_the_password(void **state UNUSED)
{
	static const struct {
		const char *line;
		const char *sentence;
	} cases[] = {
		{ "", "is named" },
		{ "postgres://u@h/d", "is named" },
		{ "sqlite:", "needs the path" },
		{ "sqlite::memory:", "needs the path" },
		{ "mysql:u@h/d", "is named" },
		{ "mysql://", "looks like" },
		{ "mysql://h/d", "looks like" },
		{ "mysql://u:hush@h", "its name" },
		{ "mysql://u:hush@h/", "its name" },
		{ "mysql://u:hush@/d", "needs a host" },
		{ "mysql://:hush@h/d", "needs a user" },
		{ "mysql://@h/d", "needs a user" },
		{ "mysql://u:hush%4@h/d", "broken %XX" },
		{ "mysql://u:hush%zz@h/d", "broken %XX" },
		{ "mysql://u:hush%00@h/d", "broken %XX" },
		{ "mysql://u:hush@h:0/d", "from 1 to 65535" },
		{ "mysql://u:hush@h:65536/d", "from 1 to 65535" },
		{ "mysql://u:hush@h:3x/d", "from 1 to 65535" },
		{ "mysql://u:hush@[::1/d", "in brackets" },
		{ "mysql://u:hush@[::1]3306/d", "in brackets" },
		{ "mysql://u:hush@h/d?tls=1", "nothing else" },
		{ "mysql://u:hush@h/d?socket=relative", "nothing else" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct store_config config;
		char why[256] = "";

		assert_int_equal(store_config_parse(cases[i].line, &config, why, sizeof(why)),
		    STATUS_BAD_CONFIG);
		if (strstr(why, cases[i].sentence) == NULL)
			fail_msg("%s: %s", cases[i].line, why);
		assert_null(strstr(why, "hush"));
		assert_string_equal(config.password, "");
	}
}

static void
what_is_too_long_is_refused(void **state UNUSED)
{
	struct store_config config;
	char line[2048], why[256], password[400];

	memset(password, 'p', sizeof(password) - 1);
	password[sizeof(password) - 1] = '\0';
	snprintf(line, sizeof(line), "mysql://u:%s@h/d", password);
	assert_int_equal(store_config_parse(line, &config, why, sizeof(why)), STATUS_BAD_CONFIG);
	assert_non_null(strstr(why, "password"));
	assert_int_equal(store_config_parse("mysql://u@h/d", &config, why, sizeof(why)), STATUS_OK);
	assert_int_equal(store_config_set_password(&config, password), STATUS_TOO_LONG);
	assert_int_equal(store_config_set_password(&config, "short"), STATUS_OK);
	assert_string_equal(config.password, "short");
	snprintf(line, sizeof(line), "sqlite:/%0600d", 0);
	assert_int_equal(store_config_parse(line, &config, why, sizeof(why)), STATUS_BAD_CONFIG);
	assert_non_null(strstr(why, "longer"));
}

/* Whom the log warns of: hashes and bundles go over a network in the clear. */
static void
a_database_elsewhere_is_exposed(void **state UNUSED)
{
	static const struct {
		const char *line;
		bool is_exposed;
	} rows[] = {
		{ "sqlite:/var/lib/tingyu/tingyu.db", false },
		{ "mysql://u@127.0.0.1:3306/d", false },
		{ "mysql://u@[::1]/d", false },
		{ "mysql://u@localhost/d", false },
		{ "mysql://u@/d?socket=/run/mysqld/mysqld.sock", false },
		{ "mysql://u@db.example/d", true },
		{ "mysql://u@192.0.2.7:3306/d", true },
		{ "mysql://u@[2001:db8::1]/d", true },
	};
	struct store_config config;
	char why[256];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(store_config_parse(rows[i].line, &config, why, sizeof(why)),
		    STATUS_OK);
		assert_int_equal(store_config_is_exposed(&config), rows[i].is_exposed);
		store_config_clear(&config);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_sqlite_file_is_a_path),
		cmocka_unit_test(all_parts_of_a_mysql_line_are_found),
		cmocka_unit_test(a_mysql_line_may_be_short),
		cmocka_unit_test(an_ipv6_host_stands_in_brackets),
		cmocka_unit_test(mistakes_get_a_sentence_without_the_password),
		cmocka_unit_test(what_is_too_long_is_refused),
		cmocka_unit_test(a_database_elsewhere_is_exposed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
