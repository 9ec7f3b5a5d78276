/* SPDX-License-Identifier: ISC */
/* tingyu --headless at a real tingyu-server: the founding functions, as people type them. */

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

#include "shared/mem.h"
#include "tests/support/process.h"
#include "tests/support/server.h"
#include "tests/support/tmpdir.h"

enum { CLIENTS = 2 };

/* A client, its standard input at our end of a pipe with a name. */
struct client {
	struct process *process;
	int input;
};

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

	for (size_t i = 0; i < CLIENTS; i++)
		client_stop(&world->clients[i]);
	process_free(world->server);
	tmpdir_free(world->folder);
	free(world);
	return 0;
}

/* Each has a folder of its own, as two people have; it is found again when the client starts once more. */
static struct client *
client_start(struct world *world, size_t number)
{
	struct client *client = &world->clients[number];
	char *invite = server_invite(world->folder);
	char *state = mem_format("XDG_STATE_HOME=%s/%zu", world->folder, number);
	char *config = mem_format("XDG_CONFIG_HOME=%s/%zu", world->folder, number);
	char *pipe = mem_format("%s/input.%zu", world->folder, number);
	char *program = mem_string(process_program("tingyu"));
	const char *const argv[] = { "/usr/bin/env", "LC_ALL=C.UTF-8", state, config, "/bin/sh", "-c",
		"exec \"$1\" --headless -s \"$2\" <\"$3\"", "sh", program, invite, pipe, NULL };

	unlink(pipe);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	client->input = open(pipe, O_RDWR | O_CLOEXEC);
	assert_true(client->input >= 0);
	client->process = process_start("tingyu", argv);
	free(invite);
	free(state);
	free(config);
	free(pipe);
	free(program);
	return client;
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

static void
ask(struct client *client, const char *line, const char *text)
{
	tell(client, line);
	hear(client, text);
}

static void
register_as(struct client *client, const char *name, const char *password, const char *answer)
{
	char *line = mem_format("/register %s", name);

	ask(client, line, "ask A password for");
	ask(client, password, "ask The same once more");
	ask(client, password, answer);
	hear(client, "state online");
	free(line);
}

/* --- tests -------------------------------------------------------------------------------- */

static void
the_founding_functions(void **state)
{
	struct world *world = *state;
	struct client *alice = client_start(world, 0), *bob = client_start(world, 1);

	register_as(alice, "alice", "secret", "note You are alice, uid 1");
	register_as(bob, "bob", "hunter2", "note You are bob, uid 2");
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
	struct client *client = client_start(world, 0);

	register_as(client, "alice", "secret", "note You are alice, uid 1");
	process_signal(client->process, SIGKILL);
	assert_true(process_wait_exit(client->process, PROCESS_PATIENCE_MS, NULL));
	client_stop(client);
	client = client_start(world, 0);
	hear(client, "state online 1 alice");
	ask(client, "/logout", "note You are signed out.");
	client_stop(client);
	client = client_start(world, 0);
	ask(client, "/online 1", "alert You are not signed in");
}

static void
a_second_client_on_the_same_folder_leaves(void **state)
{
	struct world *world = *state;
	struct client *first = client_start(world, 0), second;

	register_as(first, "alice", "secret", "note You are alice, uid 1");
	second = *first;
	hear(client_start(world, 0), "Another tingyu of yours runs already");
	client_stop(&second);
}

static void
a_server_that_goes_and_comes_back(void **state)
{
	struct world *world = *state;
	struct client *client = client_start(world, 0);

	register_as(client, "alice", "secret", "note You are alice, uid 1");
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
