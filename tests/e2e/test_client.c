/* SPDX-License-Identifier: ISC */
/*
 * The client without a screen at a real tingyu-server: what people do, and what happens to
 * them.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/mem.h"
#include "tests/support/process.h"
#include "tests/support/server.h"
#include "tests/support/tmpdir.h"

enum { CLIENTS_MAX = 2 };

/* The client, its standard input at our end of a pipe with a name. */
struct client {
	struct process *process;
	int input;
};

struct world {
	char *folder;
	bool is_plain;
	struct process *server;
	struct client clients[CLIENTS_MAX];
};

/* --- the server ---------------------------------------------------------------------- */

static void
stop_server(struct world *world)
{
	assert_true(process_stop(world->server, SIGINT, PROCESS_PATIENCE_MS));
	process_free(world->server);
	world->server = NULL;
}

static struct world *
world_new(bool is_plain)
{
	struct world *world = mem_new(sizeof(*world));

	world->is_plain = is_plain;
	world->folder = tmpdir_new();
	server_configure(world->folder,
	    "state-dir %s\nroute-listen 127.0.0.1:%u\nwork-listen 127.0.0.1:%u\n"
	    "children 2\nreport-seconds 1\ninsecure-plaintext %s\n",
	    world->folder, process_free_port(), process_free_port(), is_plain ? "yes" : "no");
	world->server = server_run(world->folder);
	return world;
}

static int
set_up(void **state)
{
	*state = world_new(false);
	return 0;
}

static int
set_up_plain(void **state)
{
	*state = world_new(true);
	return 0;
}

static void
client_stop(struct client *client)
{
	if (client->process == NULL)
		return;
	process_free(client->process);
	close(client->input);
	client->process = NULL;
}

static int
tear_down(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < CLIENTS_MAX; i++)
		client_stop(&world->clients[i]);
	process_free(world->server);
	tmpdir_free(world->folder);
	free(world);
	return 0;
}

/*
 * Kills processes of the server's program "tingyu-work" that have "word" in their command line.
 */
static void
kill_workers(const struct world *world, const char *word, size_t count)
{
	pid_t parent = 0, pids[4];

	assert_int_equal(process_children(process_pid(world->server), "tingyu-work", &parent, 1),
	    1);
	assert_int_equal(process_children(parent, word, pids, ARRAY_LEN(pids)), count);
	for (size_t i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
}

/* --- the clients --------------------------------------------------------------------- */

static void
client_start(struct world *world, struct client *client)
{
	char *invite = server_invite(world->folder);
	char *pipe = mem_format("%s/input.%td", world->folder, client - world->clients);
	char *program = mem_string(process_program("tests/support/headless"));
	const char *const argv[] = { "/bin/sh", "-c", "exec \"$1\" $2 \"$3\" <\"$4\"", "sh",
		program, world->is_plain ? "--insecure-plaintext" : "--trust", invite, pipe,
		NULL };

	assert_int_equal(mkfifo(pipe, 0600), 0);
	client->input = open(pipe, O_RDWR | O_CLOEXEC);
	assert_true(client->input >= 0);
	client->process = process_start("headless", argv);
	free(invite);
	free(pipe);
	free(program);
}

static void
tell(struct client *client, const char *line)
{
	assert_int_equal(dprintf(client->input, "%s\n", line), strlen(line) + 1);
}

static void
hear(struct client *client, const char *text)
{
	if (!process_wait_line(client->process, text, PROCESS_PATIENCE_MS))
		fail_msg("the client did not say \"%s\"", text);
}

/* Says something and hears the answer. */
static void
ask(struct client *client, const char *line, const char *text)
{
	tell(client, line);
	hear(client, text);
}

static void
start_two(struct world *world)
{
	client_start(world, &world->clients[0]);
	client_start(world, &world->clients[1]);
	ask(&world->clients[0], "register alice secret Alice", "ok register uid=1");
	hear(&world->clients[0], "state online");
	ask(&world->clients[1], "register bob hunter2", "ok register uid=2");
	hear(&world->clients[1], "state online");
}

/* --- tests --------------------------------------------------------------------------- */

static void
people_see_each_other(void **state)
{
	struct world *world = *state;
	struct client *alice = &world->clients[0], *bob = &world->clients[1];

	start_two(world);
	ask(alice, "users 1", "user 1 online alice Alice");
	hear(alice, "user 2 online bob");
	hear(alice, "ok users page=1 pages=1 total=2");
	ask(alice, "find bob", "ok find uid=2 online=1 name=\"bob\"");
	ask(alice, "address 2", "ok address uid=2 127.0.0.1");
	ask(alice, "keys 2", "ok keys uid=2");
	ask(bob, "logout", "ok logout");
	ask(alice, "find 2", "ok find uid=2 online=0");
	ask(alice, "address 2", "error address not-online");
	ask(alice, "users 1 20 online", "ok users page=1 pages=1 total=1");
	ask(alice, "users 7", "error users no-such-page");
	ask(bob, "login 2 wrong", "error login wrong-proof");
	ask(bob, "login bob hunter2", "ok login uid=2");
	ask(alice, "find 2", "ok find uid=2 online=1");
}

/* The identity comes along to another machine, and what this version does not know with it. */
static void
the_account_comes_along(void **state)
{
	struct world *world = *state;
	struct client *here = &world->clients[0], *there = &world->clients[1];

	client_start(world, here);
	client_start(world, there);
	ask(here, "register alice secret", "ok register uid=1");
	hear(here, "state online");
	ask(here, "bundle remembered", "ok bundle version=2");
	ask(there, "login 1 secret", "ok login uid=1");
	/* The newer login has it now, and the older one does not fight for it. */
	hear(here, "state not connected: taken-over");
	ask(there, "account", "bundle_version=2 others=14");
	/* Asked for, it takes it back, by key. */
	ask(here, "connect", "state online");
	hear(there, "state not connected: taken-over");
}

static void
a_deleted_account_is_gone_everywhere(void **state)
{
	struct world *world = *state;
	struct client *here = &world->clients[0], *there = &world->clients[1];

	client_start(world, here);
	client_start(world, there);
	ask(here, "register alice secret", "ok register uid=1");
	hear(here, "state online");
	ask(there, "delete 1 wrong", "error delete wrong-proof");
	ask(there, "delete 1 secret", "ok delete");
	hear(here, "state not connected: account-gone");
	ask(there, "login 1 secret", "error login no-such-user");
	/* The number is not given out again. */
	ask(there, "register alice secret", "ok register uid=2");
}

static void
killed_children_are_survived(void **state)
{
	struct world *world = *state;
	struct client *alice = &world->clients[0], *bob = &world->clients[1];

	start_two(world);
	kill_workers(world, "session", 2);
	hear(alice, "state offline");
	hear(bob, "state offline");
	hear(alice, "state online");
	hear(bob, "state online");
	ask(alice, "find 1", "ok find uid=1 online=1");
	ask(bob, "find 1", "ok find uid=1 online=1");
}

static void
a_restart_is_survived(void **state)
{
	struct world *world = *state;
	struct client *alice = &world->clients[0], *bob = &world->clients[1];

	start_two(world);
	stop_server(world);
	hear(alice, "state offline");
	hear(bob, "state offline");
	world->server = server_run(world->folder);
	hear(alice, "state online");
	hear(bob, "state online");
	ask(alice, "find 2", "ok find uid=2 online=1");
}

/* Registered while the store is gone for a moment: once, and for good. */
static void
a_registration_outlives_the_store(void **state)
{
	struct world *world = *state;
	struct client *alice = &world->clients[0];

	client_start(world, alice);
	ask(alice, "connect", "state at work server");
	kill_workers(world, "store", 1);
	ask(alice, "register alice secret", "ok register uid=1");
	hear(alice, "state online");
	ask(alice, "users 1", "ok users page=1 pages=1 total=1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define PLAIN(name) \
	{ \
#name " (plain)", name, set_up_plain, tear_down, NULL \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(people_see_each_other),
		PLAIN(people_see_each_other),
		TEST(the_account_comes_along),
		PLAIN(the_account_comes_along),
		TEST(a_deleted_account_is_gone_everywhere),
		TEST(killed_children_are_survived),
		TEST(a_restart_is_survived),
		TEST(a_registration_outlives_the_store),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
