/* SPDX-License-Identifier: ISC */
#include "server/proc/arguments.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/log.h"
#include "tests/support/tmpdir.h"

enum { WORDS_MAX = 10 };

/* Standard output and error of a command line, and how it ended. */
struct run {
	enum arguments_verdict verdict;
	char *output;
	char *errors;
};

static void
send_to(int fd, const char *folder, const char *name)
{
	char *path = tmpdir_path(folder, name);
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (file < 0 || dup2(file, fd) < 0)
		_exit(99);
	close(file);
	free(path);
}

/* Reads the command line in a child, whose output goes to files. */
static struct run
run(const char *folder, const char *const words[WORDS_MAX])
{
	int count = 0, status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	while (words[count] != NULL)
		count++;
	if (pid == 0) {
		struct arguments arguments;
		struct settings settings;
		enum arguments_verdict verdict;

		send_to(STDOUT_FILENO, folder, "output");
		send_to(STDERR_FILENO, folder, "errors");
		verdict = arguments_start(count, (char **)words, "does nothing", &arguments,
		    &settings);
		fflush(stdout);
		_exit((int)verdict);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return (struct run){ (enum arguments_verdict)WEXITSTATUS(status),
		tmpdir_read(folder, "output"), tmpdir_read(folder, "errors") };
}

static void
expect(const char *const words[WORDS_MAX], enum arguments_verdict verdict, const char *output,
    const char *errors)
{
	char *folder = tmpdir_new();
	struct run it = run(folder, words);

	assert_int_equal(it.verdict, verdict);
	if (strncmp(it.output, output, strlen(output)) != 0)
		assert_string_equal(it.output, output);
	assert_string_equal(it.errors, errors);
	free(it.output);
	free(it.errors);
	tmpdir_free(folder);
}

static const struct {
	const char *words[WORDS_MAX];
	enum arguments_verdict verdict;
	const char *output;	/* how it begins */
	const char *errors;
} cases[] = {
	{ { "/usr/sbin/tingyu-x", "-h" }, ARGUMENTS_DONE,
	  "tingyu-x: does nothing\n\nusage: tingyu-x [-htV] [-c file] [-o name=value]...\n", "" },
	{ { "tingyu-x", "-V", "-q" }, ARGUMENTS_DONE, "tingyu-x " PACKAGE_VERSION "\n", "" },
	{ { "tingyu-x", "-t", "-c", "/dev/null", "-o", "children=3" }, ARGUMENTS_DONE, "ok\n", "" },
	{ { "tingyu-x", "-c", "/dev/null", "-o", "children=3", "-ochildren=4" }, ARGUMENTS_RUN, "", "" },
	{ { "tingyu-x", "-t", "-c", "/dev/null", "-o", "chidren=3", "-o", "log-level=x" },
	  ARGUMENTS_WRONG, "",
	  "tingyu-x: -o chidren=3: unknown option 'chidren'; did you mean 'children'?\n"
	  "tingyu-x: -o log-level=x: log-level has to be one of error|warn|info|debug, not 'x'\n" },
	{ { "tingyu-x", "-q" }, ARGUMENTS_WRONG, "",
	  "tingyu-x: -q is not an option here; tingyu-x -h lists what there is\n" },
	{ { "tingyu-x", "-\033" }, ARGUMENTS_WRONG, "",
	  "tingyu-x: -? is not an option here; tingyu-x -h lists what there is\n" },
	{ { "tingyu-x", "-c" }, ARGUMENTS_WRONG, "",
	  "tingyu-x: -c needs a value behind it; tingyu-x -h lists what there is\n" },
	{ { "tingyu-x", "start" }, ARGUMENTS_WRONG, "",
	  "tingyu-x: only options are expected; tingyu-x -h lists what there is\n" },
	{ { "tingyu-x", "-t", "-c", "/no/such/file" }, ARGUMENTS_WRONG, "",
	  "tingyu-x: /no/such/file: cannot be read: No such file or directory; "
	  "mend that or name another file\n" },
};

static void
reads_command_lines(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect(cases[i].words, cases[i].verdict, cases[i].output, cases[i].errors);
}

static void
gives_settings_and_arguments(void **state UNUSED)
{
	char *words[] = { "sbin/tingyu-x", "-o", "children=3", "-c", "/dev/null", "-o", "state-dir=/s",
		NULL };
	struct arguments arguments;
	struct settings settings;

	assert_int_equal(arguments_start(7, words, "", &arguments, &settings), ARGUMENTS_RUN);
	assert_string_equal(arguments.program, "tingyu-x");
	assert_string_equal(arguments.file, "/dev/null");
	assert_true(arguments.file_is_given);
	assert_int_equal(arguments.override_count, 2);
	assert_int_equal(settings.children, 3);
	assert_string_equal(settings.cluster_key, "/s/cluster.key");
	settings_clear(&settings);
	arguments_clear(&arguments);
}

static void
reloads_the_whole_file_or_nothing(void **state UNUSED)
{
	char *folder = tmpdir_new(), *path = tmpdir_path(folder, "x.conf");
	char *log = tmpdir_path(folder, "log"), *text;
	char *words[] = { "tingyu-x", "-c", path, "-o", "login-seconds=7", NULL };
	struct arguments arguments;
	struct settings settings;

	log_open("test");
	log_to_file(log);
	tmpdir_write(folder, "x.conf", "idle-seconds 60\nchildren 3\n");
	assert_int_equal(arguments_start(5, words, "", &arguments, &settings), ARGUMENTS_RUN);

	tmpdir_write(folder, "x.conf", "idle-seconds 61\nchildern 4\n");
	assert_int_equal(arguments_reload(&arguments, &settings), STATUS_BAD_CONFIG);
	assert_int_equal(settings.idle_seconds, 60);
	text = tmpdir_read(folder, "log");
	assert_non_null(strstr(text, "error: "));
	assert_non_null(strstr(text, "x.conf:2: unknown option 'childern'; did you mean 'children'?"));
	free(text);

	tmpdir_write(folder, "x.conf", "idle-seconds 62\nchildren 4\nlogin-seconds 8\n");
	assert_int_equal(arguments_reload(&arguments, &settings), STATUS_OK);
	assert_int_equal(settings.idle_seconds, 62);
	assert_int_equal(settings.children, 3);
	assert_int_equal(settings.login_seconds, 7);
	text = tmpdir_read(folder, "log");
	assert_non_null(strstr(text, "warn: children has changed, but it only counts at start"));
	free(text);

	log_open("test");
	settings_clear(&settings);
	arguments_clear(&arguments);
	free(log);
	free(path);
	tmpdir_free(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_command_lines),
		cmocka_unit_test(gives_settings_and_arguments),
		cmocka_unit_test(reloads_the_whole_file_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
