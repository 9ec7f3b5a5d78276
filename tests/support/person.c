/* SPDX-License-Identifier: ISC */
#include "tests/support/person.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/mem.h"
#include "tests/support/process.h"

static const char clear[] = "\033[H\033[2J"; /* as terminfo has it for xterm */

static struct terminal *
start(const struct real_server *server, unsigned number, const char *const argv[], int columns, int rows)
{
	char *state = mem_format("XDG_STATE_HOME=%s/%u", server->folder, number);
	char *config = mem_format("XDG_CONFIG_HOME=%s/%u", server->folder, number);
	char *program = mem_format("TINGYU=%s", process_program("tingyu"));
	char *invite = mem_format("INVITE=%s", server->invite);
	const char *const variables[] = { state, config, program, invite, "PS1=" PERSON_PROMPT,
		"TERM=xterm-256color", "LC_ALL=C.UTF-8", "NO_COLOR", "LINES", "COLUMNS", "ENV", NULL };
	struct terminal *terminal = terminal_start(argv, variables, columns, rows);

	free(state);
	free(config);
	free(program);
	free(invite);
	return terminal;
}

struct terminal *
person_start(const struct real_server *server, unsigned number, int columns, int rows)
{
	char *program = mem_string(process_program("tingyu"));
	const char *const argv[] = { program, "-s", server->invite, NULL };
	struct terminal *terminal = start(server, number, argv, columns, rows);

	free(program);
	return terminal;
}

struct terminal *
person_start_shell(const struct real_server *server, unsigned number, int columns, int rows)
{
	const char *const argv[] = { "/bin/sh", "-i", NULL };
	struct terminal *terminal = start(server, number, argv, columns, rows);

	terminal_wait_written(terminal, PERSON_PROMPT, 1);
	return terminal;
}

void
person_register(struct terminal *terminal, const char *name, const char *password)
{
	char *welcome = mem_format("You are %s, uid ", name);

	terminal_see(terminal, "› Name");
	terminal_type(terminal, name);
	terminal_press(terminal, "Tab");
	terminal_type(terminal, password);
	terminal_press(terminal, "Enter");
	terminal_see(terminal, "› Again");
	terminal_type(terminal, password);
	terminal_press(terminal, "Enter");
	terminal_see(terminal, welcome);
	terminal_see(terminal, "You are online.");
	free(welcome);
}

/* Behind the first line, in which the time of day stands. */
static const char *
below_status(const char *screen)
{
	const char *end = strchr(screen, '\n');

	return end != NULL ? end + 1 : screen;
}

static bool
is_same_below_status(const char *screen, const void *of)
{
	return strcmp(below_status(screen), below_status(of)) == 0;
}

/*
 * What was drawn before a key was seen on the screen is there as a whole, and what is drawn for
 * the second key is nothing but that.
 */
static void
finish_drawing(struct terminal *terminal)
{
	terminal_type(terminal, "~");
	terminal_see(terminal, "~");
	terminal_type(terminal, "~");
	terminal_see(terminal, "~~");
}

void
person_check_screen(struct terminal *terminal)
{
	size_t clears;
	char *before;

	finish_drawing(terminal);
	clears = terminal_count_written(terminal, bytes_of_string(clear));
	before = terminal_screen(terminal);
	terminal_press(terminal, "C-l");
	terminal_wait_written(terminal, clear, clears + 1);
	terminal_wait(terminal, is_same_below_status, before);
	free(before);
	terminal_press(terminal, "Backspace");
	terminal_press(terminal, "Backspace");
	terminal_miss(terminal, "~");
}
