/* SPDX-License-Identifier: ISC */
/* The command line of tingyu-bench, and that its manual knows every option, phase and figure. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "server/bench/bench_options.h"
#include "shared/compiler.h"
#include "shared/mem.h"

#define INVITE "tingyu://127.0.0.1:7400/"

static bool
parse(struct bench_options *options, char *error, const char *const *words)
{
	char *argv[16] = { (char *)"tingyu-bench" };
	int argc = 1;

	for (; *words != NULL; words++)
		argv[argc++] = (char *)*words;
	return bench_options_parse(argc, argv, options, error, 128);
}

#define PARSE(options, error, ...) parse(options, error, (const char *const[]){ __VA_ARGS__, NULL })

static void
defaults_need_only_an_invite(void **state UNUSED)
{
	struct bench_options options;
	char error[128];

	assert_true(PARSE(&options, error, INVITE));
	assert_string_equal(options.invite, INVITE);
	assert_int_equal(options.clients, 1000);
	assert_int_equal(options.ping_s, 60);
	assert_true(options.phase_wanted[PHASE_REGISTER]);
	assert_true(options.phase_wanted[PHASE_STORM]);
	assert_false(options.phase_wanted[PHASE_SURVIVE]);
	assert_null(options.json);
}

static void
long_and_short_mean_the_same(void **state UNUSED)
{
	struct bench_options options;
	char error[128];

	assert_true(PARSE(&options, error, "-n", "10000", "--hold=30", "-v", INVITE, "--json",
	    "f"));
	assert_int_equal(options.clients, 10000);
	assert_int_equal(options.hold_s, 30);
	assert_true(options.verbose);
	assert_string_equal(options.json, "f");
	assert_string_equal(options.invite, INVITE);
}

static void
phases_can_be_chosen(void **state UNUSED)
{
	struct bench_options options;
	char error[128];

	assert_true(PARSE(&options, error, "-P", "login,survive", "-s", "5", INVITE));
	assert_true(options.phase_wanted[PHASE_LOGIN]);
	assert_true(options.phase_wanted[PHASE_SURVIVE]);
	assert_false(options.phase_wanted[PHASE_REGISTER]);
	assert_false(options.phase_wanted[PHASE_STORM]);
}

static void
mistakes_are_said(void **state UNUSED)
{
	static const struct {
		const char *words[3];
		const char *error;
	} mistakes[] = {
		{ { "-v" }, "one invite line (tingyu://...) has to be given" },
		{ { INVITE, INVITE }, "one invite line (tingyu://...) has to be given" },
		{ { "--clients=0", INVITE }, "--clients takes a number from 1 to 10000000" },
		{ { "-n-5", INVITE }, "--clients takes a number from 1 to 10000000" },
		{ { "-n1e4", INVITE }, "--clients takes a number from 1 to 10000000" },
		{ { "--phases=login,dance", INVITE }, "--phases: there is no phase \"dance\"" },
		{ { "--phases=", INVITE }, "--phases: there is no phase \"\"" },
		{ { "--colour", INVITE }, "--colour is not an option" },
		{ { INVITE, "--json" }, "--json needs an argument" },
	};
	struct bench_options options;
	char error[128];

	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		assert_false(parse(&options, error, mistakes[i].words));
		assert_string_equal(error, mistakes[i].error);
	}
}

static void
help_needs_nothing_else(void **state UNUSED)
{
	struct bench_options options;
	char error[128];

	assert_true(PARSE(&options, error, "-h"));
	assert_true(options.help);
	assert_true(PARSE(&options, error, "--version"));
	assert_true(options.version);
}

static char *
read_manual(void)
{
	const char *top = getenv("top_srcdir");
	char *path = mem_format("%s/man/tingyu-bench.1", top != NULL ? top : ".");
	char *text = mem_new(1 << 17);
	FILE *file = fopen(path, "r");

	if (file == NULL)
		fail_msg("%s cannot be read", path);
	assert_true(fread(text, 1, (1 << 17) - 1, file) > 0);
	fclose(file);
	free(path);
	return text;
}

/* The page has a line that begins like this, and it ends or goes on with a blank. */
static void
assert_line(const char *page, const char *start)
{
	char *wanted = mem_format("\n%s", start);
	const char *found = page;
	size_t len = strlen(wanted);

	do
		found = strstr(found + 1, wanted);
	while (found != NULL && strchr(" \n", found[len]) == NULL);
	if (found == NULL)
		fail_msg("man/tingyu-bench.1 has no line \"%s\"", start);
	free(wanted);
}

static void
assert_item(const char *page, const char *macro, const char *name)
{
	char *line = mem_format(".It %s %s", macro, name);

	assert_line(page, line);
	free(line);
}

static void
assert_option(const char *page, char letter, const char *name)
{
	char *flags = letter == 0 ? mem_format("-%s", name) : mem_format("%c , -%s", letter, name);

	assert_item(page, "Fl", flags);
	free(flags);
}

static void
the_manual_knows_all(void **state UNUSED)
{
	char *page = read_manual();

#define NUMBER(field, name, letter, ...) assert_option(page, letter, name);
#define TEXT(field, name, letter, ...) assert_option(page, letter, name);
#define FLAG(field, name, letter, ...) assert_option(page, letter, name);
#include "server/bench/bench_options.def"
#undef NUMBER
#undef TEXT
#undef FLAG
#define PHASE(NAME, name, repeated, help) assert_item(page, "Cm", #name);
#include "server/bench/phases.def"
#undef PHASE
#define FIGURE(PHASE, name, UNIT, label) assert_item(page, "Va", #name);
#include "server/bench/figures.def"
#undef FIGURE
#define OPERATION(NAME, name, label, REQUEST) assert_item(page, "Va", #name);
#include "server/bench/operations.def"
#undef OPERATION
	free(page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_need_only_an_invite),
		cmocka_unit_test(long_and_short_mean_the_same),
		cmocka_unit_test(phases_can_be_chosen),
		cmocka_unit_test(mistakes_are_said),
		cmocka_unit_test(help_needs_nothing_else),
		cmocka_unit_test(the_manual_knows_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
