/* SPDX-License-Identifier: ISC */
/* tingyu --headless at a real tingyu-server: the founding functions, as people type them. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/mem.h"
#include "tests/support/client.h"
#include "tests/support/process.h"
#include "tests/support/server.h"
#include "tests/support/tmpdir.h"

enum { CLIENTS = 2 };

struct world {
	char *folder;
	struct process *server;
	struct client clients[CLIENTS];
};

static void
stop_server(struct world *world)
{
	assert_true(process_stop(world->server, SIGINT, PROCESS_PATIENCE_MS));
	process_free(world->server);
	world->server = NULL;
}

static int
set_up(void **state)
{
	struct world *world = mem_new(sizeof(*world));

	world->folder = tmpdir_new();
	server_configure(world->folder,
	    "state-dir %s\nroute-listen 127.0.0.1:%u\nwork-listen 127.0.0.1:%u\nchildren 2\n",
	    world->folder, process_free_port(), process_free_port());
	world->server = server_run(world->folder);
	*state = world;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < CLIENTS; i++)
		client_stop(&world->clients[i]);
	process_free(world->server);
	tmpdir_free(world->folder);
	free(world);
	return 0;
}

static struct client *
begin(struct world *world, size_t number)
{
	client_start(&world->clients[number], world->folder, number);
	return &world->clients[number];
}

/* --- tests -------------------------------------------------------------------------------- */

static void
the_founding_functions(void **state)
{
	struct world *world = *state;
	struct client *alice = begin(world, 0), *bob = begin(world, 1);

	client_register(alice, "alice", "secret", 1);
	client_register(bob, "bob", "hunter2", 2);
	ask(alice, "4", "user 1 online alice");
	hear(alice, "user 2 online bob");
	hear(alice, "page 1 of 1, accounts 2");
	ask(alice, "5 2", "bob (2) is online.");
	ask(alice, "/online nobody", "alert nobody: There is no account");
	ask(alice, "/online 99", "alert 99: There is no account");
	ask(bob, "12", "note You are signed out.");
	ask(alice, "/online bob", "bob (2) is not online.");
	ask(alice, "6 2", "alert bob (2) is not online, so there is nobody to talk to.");
	ask(bob, "3 2", "ask Password of 2");
	ask(bob, "wrong", "alert Wrong password");
	ask(bob, "/login bob", "ask Password of bob");
	ask(bob, "hunter2", "state online 2 bob");
	ask(alice, "/users 9", "alert There is no page 9");
	ask(alice, "14 1", "ask Password of 1");
	ask(alice, "secret", "ask Delete the account 1 for ever?");
	ask(alice, "y", "note The account 1 is gone.");
	ask(alice, "/login 1", "ask Password of 1");
	ask(alice, "secret", "alert There is no account");
	ask(bob, "/online 1", "alert 1: There is no account");
	tell(bob, "-1");
	assert_true(process_wait_exit(bob->process, PROCESS_PATIENCE_MS, NULL));
}

/* Without a password: the account is kept, also when the client was killed. */
static void
the_account_is_kept(void **state)
{
	struct world *world = *state;
	struct client *client = begin(world, 0);

	client_register(client, "alice", "secret", 1);
	process_signal(client->process, SIGKILL);
	assert_true(process_wait_exit(client->process, PROCESS_PATIENCE_MS, NULL));
	client_stop(client);
	client = begin(world, 0);
	hear(client, "state online 1 alice");
	ask(client, "/logout", "note You are signed out.");
	client_stop(client);
	client = begin(world, 0);
	ask(client, "/online 1", "alert You are not signed in");
}

static void
a_second_client_on_the_same_folder_leaves(void **state)
{
	struct world *world = *state;
	struct client *first = begin(world, 0), second;

	client_register(first, "alice", "secret", 1);
	second = *first;
	hear(begin(world, 0), "Another tingyu of yours runs already");
	client_stop(&second);
}

static void
a_server_that_goes_and_comes_back(void **state)
{
	struct world *world = *state;
	struct client *client = begin(world, 0);

	client_register(client, "alice", "secret", 1);
	stop_server(world);
	hear(client, "state offline 1 alice");
	ask(client, "/online 1", "alert There is no connection");
	world->server = server_run(world->folder);
	ask(client, "/reconnect", "state online 1 alice");
	ask(client, "/online 1", "alice (1) is online.");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_founding_functions),
		TEST(the_account_is_kept),
		TEST(a_second_client_on_the_same_folder_leaves),
		TEST(a_server_that_goes_and_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
