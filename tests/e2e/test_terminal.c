/* SPDX-License-Identifier: ISC */
/* What a person sees and does: the real tingyu with its full screen at a real tingyu-server. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "shared/mem.h"
#include "shared/protocol.h"
#include "tests/support/account.h"
#include "tests/support/peer.h"
#include "tests/support/person.h"
#include "tests/support/process.h"

#define PASSWORD "unseen-horse-battery"

struct world {
	struct real_server server;
	struct terminal *terminal;
};

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

	terminal_free(world->terminal);
	real_server_clear(&world->server);
	free(world);
	return 0;
}

static struct terminal *
open_terminal(struct world *world, int columns, int rows)
{
	return world->terminal = person_start(&world->server, 0, columns, rows);
}

static bool
has_written(struct terminal *terminal, const char *text)
{
	return terminal_count_written(terminal, bytes_of_string(text)) > 0;
}

static void
leave(struct terminal *terminal)
{
	int status;

	terminal_type(terminal, "/quit\n");
	terminal_wait_exit(terminal, &status);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- tests -------------------------------------------------------------------------------- */

static void
a_newcomer_registers(void **state)
{
	struct terminal *terminal = open_terminal(*state, 80, 24);

	terminal_see(terminal, "(•) new here: make me an account");
	terminal_see(terminal, "Server    127.0.0.1:");
	person_register(terminal, "alice", PASSWORD);
	terminal_see(terminal, " alice (1) · online at 127.0.0.1:");
	terminal_see(terminal, "Welcome to tingyu.");
	assert_true(has_written(terminal, "••••"));
	leave(terminal);
	assert_false(has_written(terminal, PASSWORD));
	assert_false(has_written(terminal, "unseen"));
	assert_false(has_written(terminal, "battery"));
}

static void
the_founding_numbers(void **state)
{
	struct terminal *terminal = open_terminal(*state, 80, 24);
	int status;

	person_register(terminal, "alice", PASSWORD);
	terminal_type(terminal, "4\n");
	terminal_see(terminal, "page 1 of 1 · 1 account");
	terminal_see(terminal, "1 ● alice");
	terminal_press(terminal, "Esc");
	terminal_miss(terminal, "page 1 of 1");
	terminal_type(terminal, "5 1\n");
	terminal_see(terminal, "alice (1) is online.");
	terminal_type(terminal, "6 99\n");
	terminal_see(terminal, "There is no account");
	terminal_type(terminal, "0\n");
	terminal_see(terminal, "/register");
	terminal_see(terminal, "Makes a new account");
	terminal_press(terminal, "Esc");
	terminal_miss(terminal, "Makes a new account");
	terminal_type(terminal, "12\n");
	terminal_see(terminal, "You are signed out.");
	terminal_type(terminal, "3 1\n");
	terminal_see(terminal, "Password of 1");
	terminal_type(terminal, PASSWORD "\n");
	terminal_see(terminal, " alice (1) · online at 127.0.0.1:");
	terminal_type(terminal, "14 1\n");
	terminal_see(terminal, "Password of 1");
	terminal_type(terminal, PASSWORD "\n");
	terminal_see(terminal, "Delete the account 1 for ever?");
	terminal_type(terminal, "y");
	terminal_see(terminal, "The account 1 is gone.");
	terminal_type(terminal, "-1\n");
	terminal_wait_exit(terminal, &status);
	assert_true(WIFEXITED(status));
	assert_false(has_written(terminal, PASSWORD));
}

/* With a display name of any kind, which the client does not ask for. */
static void
add_account(struct world *world, const char *name, const char *display)
{
	uint8_t signature[IDENTITY_SIGNATURE_SIZE];
	struct identity_channel channel;
	struct msg_register message;
	struct msg_register_ok ok;
	struct account account;
	struct peer *peer = peer_connect(world->server.work_port, NULL, false);

	peer_hello(peer);
	account_init(&account, name);
	message = account_registration(&account, peer);
	message.display = bytes_of_string(display);
	message.signature = bytes_of(signature, sizeof(signature));
	peer_channel(peer, &channel);
	identity_sign_register(&account.identity, &channel, &message, signature);
	peer_send(peer, MSG_REGISTER, &message);
	peer_expect(peer, MSG_REGISTER_OK, &ok);
	peer_free(peer);
}

static void
names_of_others(void **state)
{
	struct world *world = *state;
	struct terminal *terminal;

	add_account(world, "zhang", "张伟 ☔ 听雨");
	add_account(world, "mallory", "left \u202eright\u2066 e\u0301\u0301\u0301");
	terminal = open_terminal(world, 80, 24);
	person_register(terminal, "alice", PASSWORD);
	terminal_type(terminal, "/users\n");
	terminal_see(terminal, "page 1 of 1 · 3 accounts");
	terminal_see(terminal, "张伟 ☔ 听雨");
	terminal_see(terminal, "left \\u202eright");
	person_check_screen(terminal);
	assert_false(has_written(terminal, "\u202e"));
	assert_false(has_written(terminal, "\u2066"));
	leave(terminal);
}

/* A size, and what has to be on the screen then. */
static void
resize(struct terminal *terminal, int columns, int rows, const char *text)
{
	terminal_resize(terminal, columns, rows);
	terminal_see(terminal, text);
	person_check_screen(terminal);
}

static void
resizing(void **state)
{
	struct terminal *terminal = open_terminal(*state, 80, 24);

	person_register(terminal, "alice", PASSWORD);
	terminal_type(terminal, "/users\n");
	terminal_see(terminal, "page 1 of 1");
	terminal_type(terminal, "/me");
	terminal_see(terminal, "› /me");
	resize(terminal, 40, 10, "› /me");
	resize(terminal, 8, 2, "› /me");
	terminal_resize(terminal, 1, 1);
	resize(terminal, 100, 30, "page 1 of 1 · 1 account");
	resize(terminal, 8, 2, "› /me");
	resize(terminal, 80, 24, "page 1 of 1 · 1 account");
	terminal_press(terminal, "Enter");
	terminal_see(terminal, "You are alice");
	terminal_press(terminal, "Esc");
	terminal_miss(terminal, "page 1 of 1");
	person_check_screen(terminal);
	leave(terminal);
}

static void
starting_small(void **state)
{
	struct terminal *terminal = open_terminal(*state, 8, 2);

	terminal_see(terminal, "Name");
	terminal_resize(terminal, 40, 10);
	person_register(terminal, "alice", PASSWORD);
	person_check_screen(terminal);
	leave(terminal);
}

static void
a_paste_is_text(void **state)
{
	struct terminal *terminal = open_terminal(*state, 80, 24);

	person_register(terminal, "alice", PASSWORD);
	terminal_paste(terminal, "one\n/quit\n-1\n");
	terminal_see(terminal, "  -1");
	terminal_press(terminal, "C-c");
	terminal_miss(terminal, "one");
	terminal_paste(terminal, "\033]0;owned\a\033[31mred\033[2J\033[?1049l\x9b" "5n");
	terminal_see(terminal, "red");
	person_check_screen(terminal);
	assert_false(has_written(terminal, "owned\a"));
	assert_false(has_written(terminal, "\033]"));
	assert_false(has_written(terminal, "\033[31mred"));
	assert_false(has_written(terminal, "\033[?1049l"));
	terminal_press(terminal, "C-u");
	terminal_miss(terminal, "red");
	leave(terminal);
}

static void
a_server_that_goes_and_comes_back(void **state)
{
	struct world *world = *state;
	struct terminal *terminal = open_terminal(world, 80, 24);

	person_register(terminal, "alice", PASSWORD);
	terminal_type(terminal, "/online 1");
	terminal_see(terminal, "› /online 1");
	real_server_stop(&world->server);
	terminal_see(terminal, "offline");
	terminal_type(terminal, "  ");
	terminal_see(terminal, "› /online 1");
	terminal_press(terminal, "Enter");
	terminal_see(terminal, "There is no connection");
	terminal_type(terminal, "/online 1");
	real_server_resume(&world->server);
	terminal_see(terminal, " alice (1) · online at 127.0.0.1:");
	terminal_see(terminal, "› /online 1");
	terminal_press(terminal, "Enter");
	terminal_see(terminal, "alice (1) is online.");
	person_check_screen(terminal);
	leave(terminal);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_newcomer_registers),
		TEST(the_founding_numbers),
		TEST(names_of_others),
		TEST(resizing),
		TEST(starting_small),
		TEST(a_paste_is_text),
		TEST(a_server_that_goes_and_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
