/* SPDX-License-Identifier: ISC */
/* Two people at two terminals, introduced by a real tingyu-server: what each of them sees. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "shared/mem.h"
#include "tests/support/person.h"
#include "tests/support/process.h"

struct world {
	struct real_server server;
	struct terminal *alice, *bob;
};

/* Both are online, and alice has called. */
static int
set_up(void **state)
{
	struct world *world = mem_new(sizeof(*world));

	real_server_start(&world->server);
	world->alice = person_start(&world->server, 0, 80, 24);
	person_register(world->alice, "alice", "a secret");
	world->bob = person_start(&world->server, 1, 100, 30);
	person_register(world->bob, "bob", "another secret");
	terminal_type(world->alice, "6 2\n");
	terminal_see(world->alice, "You are connected to bob");
	terminal_see(world->bob, "alice (1) opened a session with you");
	terminal_type(world->bob, "/talk 1\n");
	terminal_see(world->bob, "You are connected to alice");
	*state = world;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *world = *state;

	terminal_free(world->alice);
	terminal_free(world->bob);
	real_server_clear(&world->server);
	free(world);
	return 0;
}

static void
say(struct terminal *from, struct terminal *to, const char *text)
{
	terminal_type(from, text);
	terminal_type(from, "\n");
	terminal_see(to, text);
}

static void
exchange(const struct world *world)
{
	say(world->alice, world->bob, "is it raining?");
	say(world->bob, world->alice, "张伟: 听雨 ☔ 🌧 e\u0301");
}

static bool
has_written(struct terminal *terminal, const char *text)
{
	return terminal_count_written(terminal, bytes_of_string(text)) > 0;
}

/* --- tests -------------------------------------------------------------------------------- */

static void
two_people_talk(void **state)
{
	struct world *world = *state;

	terminal_see(world->alice, "direct");
	terminal_see(world->bob, "direct");
	exchange(world);
	person_check_screen(world->alice);
	person_check_screen(world->bob);
	/* A number is text here, and so is what was pasted, once it was said what to do with it. */
	say(world->alice, world->bob, "12");
	terminal_paste(world->bob, "/quit\n");
	terminal_see(world->bob, "pasted");
	terminal_press(world->bob, "Enter");
	terminal_miss(world->bob, "pasted");
	terminal_see(world->alice, "/quit");
	terminal_type(world->alice, "quit\n");
	terminal_see(world->bob, "alice left the session.");
	terminal_see(world->bob, "/quit");
	person_check_screen(world->bob);
}

/* Wide characters at the edge of a screen that changes, and a line much longer than it. */
static void
wide_characters_in_any_size(void **state)
{
	static const char *const text = "听雨听雨听雨听雨听雨听雨听雨听雨听雨听雨听雨听雨 end of it";
	struct world *world = *state;

	terminal_type(world->alice, text);
	terminal_type(world->alice, "\n");
	terminal_see(world->bob, "end of it");
	for (int columns = 37; columns < 44; columns++) {
		terminal_resize(world->bob, columns, 12);
		person_check_screen(world->bob);
	}
	terminal_see(world->bob, "of it");
	say(world->alice, world->bob, "still there");
}

static void
sequences_do_not_pass(void **state)
{
	struct world *world = *state;

	terminal_paste(world->alice, "red \033[31m \033]0;owned\a \u202eback \x9b" "5n");
	terminal_see(world->alice, "red");
	terminal_press(world->alice, "Enter");
	terminal_see(world->bob, "red");
	say(world->alice, world->bob, "after that");
	person_check_screen(world->bob);
	for (int i = 0; i < 2; i++) {
		struct terminal *terminal = i == 0 ? world->alice : world->bob;

		assert_false(has_written(terminal, "\033[31m "));
		assert_false(has_written(terminal, "\033]"));
		assert_false(has_written(terminal, "\u202e"));
		assert_false(has_written(terminal, "\x9b" "5n"));
	}
}

static void
one_is_killed(void **state)
{
	struct world *world = *state;

	exchange(world);
	kill(terminal_pid(world->bob), SIGKILL);
	terminal_see(world->alice, "The session with bob is lost:");
	terminal_type(world->alice, "are you there?\n");
	terminal_see(world->alice, "You are not connected to bob now");
	person_check_screen(world->alice);
}

static void
no_server_is_on_the_way(void **state)
{
	struct world *world = *state;

	exchange(world);
	terminal_type(world->alice, "half a sen");
	terminal_see(world->alice, "half a sen");
	real_server_kill(&world->server);
	terminal_see(world->alice, "offline");
	terminal_see(world->bob, "offline");
	terminal_type(world->alice, "tence\n");
	terminal_see(world->bob, "half a sentence");
	say(world->bob, world->alice, "I am still here");
	person_check_screen(world->alice);
	terminal_type(world->bob, "/close\n");
	terminal_see(world->alice, "bob left the session.");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_people_talk),
		TEST(wide_characters_in_any_size),
		TEST(sequences_do_not_pass),
		TEST(one_is_killed),
		TEST(no_server_is_on_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
