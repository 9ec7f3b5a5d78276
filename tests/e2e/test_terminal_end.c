/* SPDX-License-Identifier: ISC */
/*
 * Every way out of the full screen, as a shell sees it: the terminal is afterwards what it was
 * before. And the places where there is no way in.
 */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/mem.h"
#include "tests/support/person.h"
#include "tests/support/process.h"

struct world {
	struct real_server server;
	struct terminal *terminal;
	struct terminal_state before; /* of the terminal, in the shell */
	unsigned prompts;	      /* that the shell has shown */
};

/* One server does for all: nobody here gets as far as to have an account. */
static int
set_up(void **state)
{
	struct world *world = mem_new(sizeof(*world));

	real_server_start(&world->server);
	*state = world;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *world = *state;

	real_server_clear(&world->server);
	free(world);
	return 0;
}

static int
open_shell(void **state)
{
	struct world *world = *state;

	world->terminal = person_start_shell(&world->server, 0, 80, 24);
	world->before = terminal_state(world->terminal);
	world->prompts = 1;
	assert_true(world->before.modes.c_lflag & ECHO);
	return 0;
}

static int
close_terminal(void **state)
{
	struct world *world = *state;

	terminal_free(world->terminal);
	world->terminal = NULL;
	return 0;
}

/* The next prompt, and how the terminal stands then. */
static void
expect_prompt(struct world *world)
{
	terminal_wait_written(world->terminal, PERSON_PROMPT, ++world->prompts);
	terminal_wait_state(world->terminal, &world->before);
}

/* What the shell says of the last command. */
static void
expect_exit_status(struct world *world, int status)
{
	char *answer = mem_format("status=%d;", status);

	terminal_type(world->terminal, "echo \"status=$?;\"\n");
	expect_prompt(world);
	terminal_see(world->terminal, answer);
	free(answer);
}

static void
check_taken(const struct world *world)
{
	struct terminal_state state = terminal_state(world->terminal);

	assert_true(state.is_alternate);
	assert_true(state.shows_cursor);
	assert_true(state.brackets_pastes);
	assert_false(state.modes.c_lflag & (ECHO | ICANON | ISIG));
}

static struct terminal *
open_client(struct world *world)
{
	terminal_type(world->terminal, "$TINGYU -s $INVITE\n");
	terminal_see(world->terminal, "Tab next field");
	check_taken(world);
	return world->terminal;
}

static pid_t
client_pid(const struct world *world)
{
	pid_t pid;

	assert_int_equal(process_children(terminal_pid(world->terminal), "tingyu", &pid, 1), 1);
	return pid;
}

/* --- ways out ----------------------------------------------------------------------------- */

static void
by_command(void **state)
{
	struct world *world = *state;
	struct terminal *terminal = open_client(world);

	terminal_press(terminal, "Esc");
	terminal_see(terminal, "Welcome to tingyu.");
	terminal_type(terminal, "/quit\n");
	expect_prompt(world);
	expect_exit_status(world, 0);
}

static void
by_interrupting_twice(void **state)
{
	struct world *world = *state;
	struct terminal *terminal = open_client(world);

	terminal_press(terminal, "C-c");
	terminal_press(terminal, "C-c");
	terminal_see(terminal, "eave");
	terminal_type(terminal, "y");
	expect_prompt(world);
	expect_exit_status(world, 0);
}

static void
by_signals(void **state)
{
	static const struct {
		int signal, status;
	} ways[] = {
		{ SIGTERM, 0 }, { SIGHUP, 0 }, { SIGINT, 0 }, { SIGQUIT, 0 },
		{ SIGABRT, 128 + SIGABRT }, { SIGSEGV, 128 + SIGSEGV }, { SIGBUS, 128 + SIGBUS },
		{ SIGFPE, 128 + SIGFPE }, { SIGILL, 128 + SIGILL },
	};
	struct world *world = *state;

	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		open_client(world);
		kill(client_pid(world), ways[i].signal);
		expect_prompt(world);
		expect_exit_status(world, ways[i].status);
	}
}

/* The window is closed: there is nobody to give anything back to. */
static void
by_hang_up(void **state)
{
	struct world *world = *state;
	int status;

	world->terminal = person_start(&world->server, 0, 80, 24);
	terminal_see(world->terminal, "Tab next field");
	terminal_hang_up(world->terminal);
	terminal_wait_exit(world->terminal, &status);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- for a while -------------------------------------------------------------------------- */

static void
come_back(struct world *world)
{
	expect_prompt(world);
	terminal_type(world->terminal, "echo $((6 * 7)) here\n");
	expect_prompt(world);
	terminal_see(world->terminal, "42 here");
	terminal_type(world->terminal, "fg\n");
	terminal_see(world->terminal, "Tab next field");
	terminal_miss(world->terminal, "42 here");
	check_taken(world);
}

static void
stopped_by_key(void **state)
{
	struct world *world = *state;
	struct terminal *terminal = open_client(world);

	terminal_type(terminal, "alice");
	terminal_see(terminal, "Name      alice");
	terminal_press(terminal, "C-z");
	come_back(world);
	terminal_see(terminal, "Name      alice");
	terminal_type(terminal, "bob");
	terminal_see(terminal, "Name      alicebob");
	person_check_screen(terminal);
	kill(client_pid(world), SIGTERM);
	expect_prompt(world);
	expect_exit_status(world, 0);
}

static void
stopped_by_signal_in_another_size(void **state)
{
	struct world *world = *state;
	struct terminal *terminal = open_client(world);

	kill(client_pid(world), SIGTSTP);
	expect_prompt(world);
	terminal_resize(terminal, 100, 30);
	terminal_type(terminal, "fg\n");
	terminal_see(terminal, "Tab next field");
	person_check_screen(terminal);
	kill(client_pid(world), SIGTERM);
	expect_prompt(world);
}

/* --- no way in ---------------------------------------------------------------------------- */

static void
refused(struct world *world, const char *command, const char *sentence, int status)
{
	char *line = mem_format("clear; %s\n", command);

	terminal_type(world->terminal, line);
	expect_prompt(world);
	terminal_see(world->terminal, sentence);
	expect_exit_status(world, status);
	free(line);
}

/* Only words, in any place that is not fit for more. */
static void
places_that_are_not_fit(void **state)
{
	struct world *world = *state;

	refused(world, "LC_ALL=C $TINGYU", "tingyu: The locale is not UTF-8", 1);
	refused(world, "LC_ALL=C $TINGYU --headless </dev/null", "tingyu: The locale is not UTF-8", 1);
	refused(world, "LC_ALL=no_SUCH.UTF-8 $TINGYU", "tingyu: The locale is not UTF-8", 1);
	refused(world, "TERM=never-heard-of $TINGYU", "TERM", 1);
	refused(world, "TERM= $TINGYU", "TERM", 1);
	refused(world, "(unset TERM; $TINGYU)", "TERM", 1);
	refused(world, "TERM=dumb $TINGYU", "TERM", 1);
	refused(world, "$TINGYU </dev/null", "tingyu: This is no terminal.", 1);
	refused(world, "$TINGYU | cat; (exit 3)", "tingyu: This is no terminal.", 3);
	refused(world, "XDG_STATE_HOME=/proc/nowhere $TINGYU", "tingyu: The folder /proc/nowhere", 1);
	assert_int_equal(terminal_count_written(world->terminal, bytes_of_string("\033[?")), 0);
}

/* What was on the command line comes back in the sentence, but it commands nothing. */
static void
a_server_that_is_none(void **state)
{
	struct world *world = *state;

	refused(world, "$TINGYU -s \"$(printf 'a\\033]0;owned\\a')\"", "tingyu: a\\x1b]0;owned\\x07 is no server", 1);
	assert_int_equal(terminal_count_written(world->terminal, bytes_of_string("\033]0;owned")), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_shell, close_terminal)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(by_command),
		TEST(by_interrupting_twice),
		TEST(by_signals),
		cmocka_unit_test_teardown(by_hang_up, close_terminal),
		TEST(stopped_by_key),
		TEST(stopped_by_signal_in_another_size),
		TEST(places_that_are_not_fit),
		TEST(a_server_that_is_none),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
