/* SPDX-License-Identifier: ISC */
/*
 * People talk: tingyu --headless, two and three of them, introduced by a real tingyu-server,
 * then without any.
 */

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

#include "client-tui/net/contacts.h"
#include "client-tui/net/whole_file.h"
#include "shared/compiler.h"
#include "shared/mem.h"
#include "tests/support/client.h"
#include "tests/support/process.h"
#include "tests/support/server.h"
#include "tests/support/tmpdir.h"

enum { CLIENTS = 3, TEXT_MOST = 16384 };

struct world {
	char *folder;
	unsigned route_port;
	struct process *server;
	struct client clients[CLIENTS];
};

/* --- the server --------------------------------------------------------------------------- */

/* All servers at once, without a goodbye; the supervisor's children go with it. */
static void
kill_server(struct world *world)
{
	pid_t pids[8];
	size_t count = process_children(process_pid(world->server), NULL, pids, ARRAY_LEN(pids));

	process_signal(world->server, SIGKILL);
	assert_true(process_wait_exit(world->server, PROCESS_PATIENCE_MS, NULL));
	for (size_t i = 0; i < count; i++)
		assert_true(process_wait_gone(pids[i], PROCESS_PATIENCE_MS));
	process_free(world->server);
	world->server = NULL;
}

/* Kills those children of the work server that have this word in their command line. */
static void
kill_workers(const struct world *world, const char *word)
{
	pid_t parent = 0, pids[8];
	size_t count;

	assert_int_equal(
	    process_children(process_pid(world->server), "tingyu-work", &parent, 1), 1);
	count = process_children(parent, word, pids, ARRAY_LEN(pids));
	assert_true(count > 0);
	for (size_t i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
}

static int
set_up(void **state)
{
	struct world *world = mem_new(sizeof(*world));

	world->folder = tmpdir_new();
	world->route_port = process_free_port();
	server_configure(world->folder,
	    "state-dir %s\nroute-listen 127.0.0.1:%u\nwork-listen 127.0.0.1:%u\nchildren 2\n"
	    "report-seconds 1\n",
	    world->folder, world->route_port, process_free_port());
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

/* --- the clients -------------------------------------------------------------------------- */

static const char *
last_of(const char *text, const char *word)
{
	const char *found = NULL;

	for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
		found = at;
	assert_non_null(found);
	return found;
}

/* Whatever happened before: it is online now, or will be. */
static void
be_online(struct client *client)
{
	const char *answer;

	ask(client, "/me", "; server ");
	answer = last_of(process_log(client->process), "; server ");
	if (memmem(answer, strcspn(answer, "\n"), "; online.", 9) == NULL)
		hear(client, "state online");
}

static struct client *
come_back(struct world *world, size_t number)
{
	client_start(&world->clients[number], world->folder, number);
	return &world->clients[number];
}

/* Uids count from 1 in the order of registration. */
static struct client *
join(struct world *world, size_t number, const char *name)
{
	struct client *client = come_back(world, number);

	client_register(client, name, "a secret", number + 1);
	return client;
}

/* Leaves the program, which has nothing to complain about at its end. */
static void
quit(struct client *client)
{
	int status = -1;

	tell(client, "/quit");
	assert_true(process_wait_exit(client->process, PROCESS_PATIENCE_MS, &status));
	if (status != 0)
		fail_msg("the client ended with %d:\n%s", status, process_log(client->process));
}

/* Says a text in the session that is shown; it arrives, and that is known. */
static void
pass(struct client *from, struct client *to, const char *text)
{
	char *arrives = mem_format(": %s", text);

	tell(from, text);
	hear(to, arrives);
	hear(from, "delivered ");
	free(arrives);
}

/* Alice (1) calls bob (2), and he looks at her pane. */
static void
connect_two(struct client *alice, struct client *bob)
{
	ask(alice, "/talk bob", "note 2 bob: You are connected to bob");
	hear(bob, "note alice (1) opened a session with you");
	ask(bob, "/talk alice", "note 1 alice: You are connected to alice");
}

static void
exchange(struct client *alice, struct client *bob)
{
	pass(alice, bob, "is it raining?");
	pass(bob, alice, "听雨 ☂ é");
}

/* --- the history -------------------------------------------------------------------------- */

/* As if the machine had stopped for it; what was asked of its disk before is there. */
static void
kill_client(struct client *client)
{
	process_signal(client->process, SIGKILL);
	assert_true(process_wait_exit(client->process, PROCESS_PATIENCE_MS, NULL));
	client_stop(client);
}

/* --- tests -------------------------------------------------------------------------------- */

static void
two_people_talk(void **state)
{
	struct world *world = *state;
	struct client *alice = join(world, 0, "alice"), *bob = join(world, 1, "bob");

	connect_two(alice, bob);
	tell(alice, "is it raining?");
	hear(alice, "sent 2 bob: is it raining?");
	hear(bob, "message 1 alice: is it raining?");
	hear(alice, "delivered 2 bob: is it raining?");
	tell(bob, "是的 ☔");
	hear(alice, "message 2 bob: 是的 ☔");
	hear(bob, "delivered 1 alice: 是的 ☔");
	/* Commands are none of the other's business, numbers are text. */
	pass(alice, bob, "12");
	ask(alice, "/online 2", "note 2 bob: bob (2) is online.");
	/* The bare word leaves; he is told, and his pane stays. */
	tell(alice, "quit");
	hear(bob, "note 1 alice: alice left the session.");
	ask(bob, "still there?", "alert 1 alice: You are not connected to alice now");
	ask(bob, "/talk alice", "note 1 alice: You are connected to alice");
	hear(alice, "note bob (2) opened a session with you");
	tell(bob, "/close");
	hear(alice, "note 2 bob: bob left the session.");
}

static void
texts_up_to_the_longest(void **state)
{
	struct world *world = *state;
	struct client *alice = join(world, 0, "alice"), *bob = join(world, 1, "bob");
	char *text = mem_new(3 * TEXT_MOST);

	connect_two(alice, bob);
	memset(text, 'x', TEXT_MOST);
	pass(alice, bob, text);
	/* Three bytes each, one more character than fits. */
	for (size_t i = 0; i < TEXT_MOST / 3 + 1; i++)
		memcpy(text + 3 * i, "雨", 3);
	text[3 * (TEXT_MOST / 3 + 1)] = '\0';
	ask(alice, text, "alert 2 bob: That is too long: at most 16384 bytes.");
	text[3 * (TEXT_MOST / 3)] = '\0';
	pass(bob, alice, text);
	memset(text, 'y', 3 * TEXT_MOST - 1);
	ask(alice, text, "alert 2 bob: That is too long");
	/* Nothing of what was too long went out. */
	tell(alice, "short");
	hear(bob, "message 1 alice: short");
	assert_null(strstr(process_log(bob->process), "yy"));
	free(text);
}

static void
several_call_one(void **state)
{
	struct world *world = *state;
	struct client *alice = join(world, 0, "alice"), *bob = join(world, 1, "bob"),
		      *carol = join(world, 2, "carol");

	ask(alice, "/talk 2", "note 2 bob: You are connected to bob");
	ask(carol, "/talk 2", "note 2 bob: You are connected to bob");
	hear(bob, "1 alice: You are connected to alice");
	hear(bob, "3 carol: You are connected to carol");
	tell(alice, "from alice");
	hear(bob, "message 1 alice: from alice");
	tell(carol, "from carol");
	hear(bob, "message 3 carol: from carol");
	tell(bob, "/talk alice");
	pass(bob, alice, "to alice");
	tell(bob, "/talk carol");
	pass(bob, carol, "to carol");
	assert_null(strstr(process_log(alice->process), "carol"));
	quit(alice);
	hear(bob, "note 1 alice: alice left the session.");
	pass(bob, carol, "still here");
	quit(bob);
	quit(carol);
}

/* Both at the same moment: one session comes of it. */
static void
two_call_each_other(void **state)
{
	struct world *world = *state;
	struct client *alice = join(world, 0, "alice"), *bob = join(world, 1, "bob");

	tell(alice, "/talk 2");
	tell(bob, "/talk 1");
	hear(alice, "2 bob: You are connected to bob");
	hear(bob, "1 alice: You are connected to alice");
	exchange(alice, bob);
}

static void
a_killed_client_is_missed(void **state)
{
	struct world *world = *state;
	struct client *alice = join(world, 0, "alice"), *bob = join(world, 1, "bob");

	connect_two(alice, bob);
	process_signal(alice->process, SIGKILL);
	/* Long before silence would tell. */
	hear(bob, "alert 1 alice: The session with alice is lost: ");
	client_stop(alice);
	/* The account and the contacts are still there. */
	alice = come_back(world, 0);
	hear(alice, "state online 1 alice");
	ask(alice, "/talk bob", "note 2 bob: You are connected to bob");
	hear(bob, "note 1 alice: You are connected to alice");
	exchange(alice, bob);
}

static void
sessions_outlive_servers(void **state)
{
	struct world *world = *state;
	struct client *alice = join(world, 0, "alice"), *bob = join(world, 1, "bob");

	connect_two(alice, bob);
	kill_workers(world, "session");
	hear(alice, "state offline");
	hear(bob, "state offline");
	exchange(alice, bob);
	be_online(alice);
	be_online(bob);
	kill_server(world);
	hear(alice, "state offline");
	exchange(alice, bob);
	ask(alice, "/online 2", "alert 2 bob: There is no connection to the server now");
	/* The pane can be left and found again without a server. */
	tell(alice, "/home");
	tell(alice, "/talk bob");
	exchange(alice, bob);
	world->server = server_run(world->folder);
	be_online(alice);
	be_online(bob);
	exchange(alice, bob);
	tell(alice, "/close");
	hear(bob, "note 1 alice: alice left the session.");
	ask(alice, "/talk bob", "note 2 bob: You are connected to bob");
}

/* A call that cannot come about says why, in its pane, and the next one may. */
static void
calls_that_fail(void **state)
{
	struct world *world = *state;
	struct client *alice = join(world, 0, "alice"), *bob = join(world, 1, "bob");

	ask(alice, "/talk 99", "alert 99: There is no account");
	ask(alice, "/talk nobody", "alert nobody: There is no account");
	ask(alice, "/talk 1", "alert That is you.");
	ask(bob, "/logout", "note You are signed out.");
	ask(alice, "/talk bob", "alert bob (2) is not online, so there is nobody to talk to.");
	ask(bob, "/talk alice", "alert You are not signed in");
	ask(bob, "/login 2", "ask Password of 2");
	ask(bob, "wrong", "alert Wrong password");
	ask(bob, "/login 2", "ask Password of 2");
	ask(bob, "a secret", "state online 2 bob");
	/* He does not move: nobody answers for him. */
	process_signal(bob->process, SIGSTOP);
	ask(alice, "/talk bob", "alert 2 bob: bob did not answer.");
	process_signal(bob->process, SIGCONT);
	kill_server(world);
	hear(alice, "state offline");
	ask(alice, "/talk bob", "alert 2 bob: There is no connection to the server now");
	world->server = server_run(world->folder);
	be_online(alice);
	be_online(bob);
	ask(alice, "/talk bob", "note 2 bob: You are connected to bob");
}

/* The server is lost while it introduces: that is said, and the call works when it is back. */
static void
a_server_that_dies_in_a_call(void **state)
{
	struct world *world = *state;
	struct client *alice = join(world, 0, "alice"), *bob = join(world, 1, "bob");

	process_signal(bob->process, SIGSTOP);
	tell(alice, "/talk bob");
	hear(alice, "road 2 bob: calling");
	kill_workers(world, "session");
	hear(alice,
	    "alert 2 bob: The connection to the server was lost while bob was being called.");
	process_signal(bob->process, SIGCONT);
	hear(bob, "state offline");
	be_online(alice);
	be_online(bob);
	connect_two(alice, bob);
	exchange(alice, bob);
}

/* Logging out, deleting, a login elsewhere: the session is not left to whoever comes next. */
static void
a_session_ends_with_the_account(void **state)
{
	struct world *world = *state;
	struct client *alice = join(world, 0, "alice"), *bob = join(world, 1, "bob"), *elsewhere;

	connect_two(alice, bob);
	ask(alice, "/logout", "You are signed out");
	hear(bob, "note 1 alice: alice left the session.");
	ask(alice, "/login alice", "ask Password of");
	ask(alice, "a secret", "state online 1 alice");
	ask(alice, "/talk bob", "note 2 bob: You are connected to bob");
	elsewhere = come_back(world, 2);
	ask(elsewhere, "/login alice", "ask Password of");
	ask(elsewhere, "a secret", "state online 1 alice");
	hear(alice, "note 2 bob: Your account is used at another place now");
	hear(bob, "note 1 alice: alice left the session.");
	ask(elsewhere, "/talk bob", "note 2 bob: You are connected to bob");
	ask(elsewhere, "/delete 1", "ask Password of 1");
	ask(elsewhere, "a secret", "ask Delete the account 1");
	ask(elsewhere, "y", "The account 1 is gone.");
	hear(bob, "note 1 alice: alice left the session.");
	ask(bob, "/talk alice", "alert 1 alice: alice: There is no account");
}

/* --- contacts ----------------------------------------------------------------------------- */

static char *
contacts_path(struct world *world, size_t number)
{
	return mem_format("%s/%zu/tingyu/accounts/127.0.0.1:%u.%zu.contacts", world->folder, number,
	    world->route_port, number + 1);
}

/* Out of the file, once it is there. */
static void
load_contacts(struct world *world, size_t number, struct contacts *out)
{
	char *path = contacts_path(world, number);

	*out = (struct contacts){ .count = 0 };
	assert_true(process_wait_file(world->clients[number].process, path, PROCESS_PATIENCE_MS));
	assert_int_equal(contacts_load(path, out), STATUS_OK);
	free(path);
}

static void
contacts_are_kept(void **state)
{
	struct world *world = *state;
	struct client *alice = join(world, 0, "alice"), *bob = join(world, 1, "bob"),
		      *carol = join(world, 2, "carol");
	struct contacts contacts;

	ask(alice, "/add carol", "note carol (3) is a contact now.");
	connect_two(alice, bob);
	/* The program's end leaves nothing behind. */
	quit(alice);
	load_contacts(world, 0, &contacts);
	assert_int_equal(contacts.count, 2);
	assert_true(contacts_find(&contacts, 3)->is_added && !contacts_find(&contacts, 3)->has_key);
	assert_true(!contacts_find(&contacts, 2)->is_added && contacts_find(&contacts, 2)->has_key);
	contacts_clear(&contacts);
	client_stop(alice);
	alice = come_back(world, 0);
	hear(alice, "state online 1 alice");
	ask(alice, "/remove carol", "note carol (3) is no contact any more.");
	ask(alice, "/remove carol", "alert carol is no contact of yours.");
	tell(carol, "/talk 1");
	hear(alice, "note carol (3) opened a session with you");
	ask(alice, "/remove 3", "alert You are in a session with carol: /close leaves it first.");
}

/* Whoever is a contact is seen to come and go; nobody knows anything while the server is away. */
static void
contacts_come_and_go(void **state)
{
	struct world *world = *state;
	struct client *alice = join(world, 0, "alice"), *bob = join(world, 1, "bob"),
		      *carol = join(world, 2, "carol");

	ask(alice, "/add bob", "contact 2 online bob");
	ask(alice, "/add carol", "contact 3 online carol");
	ask(bob, "/logout", "You are signed out");
	hear(alice, "contact 2 absent bob");
	process_signal(carol->process, SIGKILL);
	hear(alice, "contact 3 absent carol");
	ask(bob, "/login bob", "ask Password of");
	tell(bob, "a secret");
	hear(alice, "contact 2 online bob");
	kill_server(world);
	hear(alice, "contact 2 unknown bob");
	world->server = server_run(world->folder);
	hear(alice, "contact 2 online bob");
}

/*
 * Somebody shows another key than the one that is kept: nothing is connected, in neither
 * direction.
 */
static void
another_key_is_refused(void **state)
{
	struct world *world = *state;
	struct client *alice = join(world, 0, "alice"), *bob = join(world, 1, "bob");
	char *path = contacts_path(world, 0);
	struct contacts contacts;
	uint8_t *content;
	size_t len;

	connect_two(alice, bob);
	quit(alice);
	load_contacts(world, 0, &contacts);
	contacts_find(&contacts, 2)->key[7] ^= 1;
	content = contacts_encode(&contacts, &len);
	assert_int_equal(whole_file_write(path, bytes_of(content, len)), STATUS_OK);
	free(content);
	free(path);
	contacts_clear(&contacts);
	client_stop(alice);
	alice = come_back(world, 0);
	hear(alice, "state online 1 alice");
	ask(bob, "/talk alice", "alert 1 alice: alice does not want to talk now.");
	hear(alice, "alert 2 bob: bob has a new key.");
	ask(alice, "/talk bob", "alert 2 bob: bob has a new key.");
	ask(alice, "hello?", "alert 2 bob: You are not connected to bob now");
	ask(alice, "/accept", "ask Is the new key really the one of bob (2)?");
	ask(alice, "n", "note 2 bob: Nothing was changed.");
	ask(alice, "/accept", "ask Is the new key really the one of bob (2)?");
	ask(alice, "y", "note 2 bob: The new key of bob is the one trusted from now on.");
	ask(alice, "/accept", "note 2 bob: bob has no new key");
	ask(alice, "/talk bob", "note 2 bob: You are connected to bob");
	exchange(alice, bob);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

static void
what_was_said_survives_kill_9(void **state)
{
	struct world *world = *state;
	struct client *alice = join(world, 0, "alice"), *bob = join(world, 1, "bob");
	char *line = mem_format("/history export %s/all.txt", world->folder), *text;

	connect_two(alice, bob);
	exchange(alice, bob);
	process_signal(bob->process, SIGSTOP);
	tell(alice, "into the void");
	hear(alice, "sent 2 bob: into the void");
	/* The answer comes when all of before is on the disk. */
	ask(alice, "/history", "bob (2): 3 messages, the last today ");
	kill_client(alice);
	process_signal(bob->process, SIGCONT);
	hear(bob, "road 1 alice: connection lost");
	kill_client(bob);

	/* Nobody is there, and still it can be read. */
	alice = come_back(world, 0);
	hear(alice, "state online 1 alice");
	tell(alice, "/history bob");
	hear(alice, "earlier delivered 2 bob: is it raining?");
	hear(alice, "earlier message 2 bob: 听雨 ☂ é");
	hear(alice, "earlier failed 2 bob: into the void");
	ask(alice, "/search 听雨", "bob: 听雨 ☂ é");
	ask(alice, line, "note 2 bob: 3 messages are in ");
	text = tmpdir_read(world->folder, "all.txt");
	assert_non_null(strstr(text, "  alice: is it raining? [delivered]\n"));
	free(text);

	/* A session goes on from there; each line is once in it. */
	bob = come_back(world, 1);
	hear(bob, "state online 2 bob");
	ask(alice, "/talk bob", "note 2 bob: You are connected to bob");
	ask(bob, "/talk alice", "earlier message 1 alice: is it raining?");
	hear(bob, "earlier delivered 1 alice: 听雨 ☂ é");
	pass(alice, bob, "here again");
	ask(alice, "/history", "bob (2): 4 messages");
	free(line);
}

static void
nothing_is_kept_with_history_no(void **state)
{
	struct world *world = *state;
	char *folder = tmpdir_path(world->folder, "1"), *config = mem_format("%s/tingyu", folder),
	     *kept = mem_format("%s/0/tingyu/accounts/127.0.0.1:%u.1.history", world->folder,
		 world->route_port),
	     *none = mem_format("%s/1/tingyu/accounts/127.0.0.1:%u.2.history", world->folder,
		 world->route_port);
	struct client *alice, *bob;

	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(mkdir(config, 0700), 0);
	tmpdir_write(config, "tingyu.conf", "history no\n");
	alice = join(world, 0, "alice");
	bob = join(world, 1, "bob");
	connect_two(alice, bob);
	exchange(alice, bob);
	ask(bob, "/history", "Nothing is kept on this computer: history is off in tingyu.conf.");
	ask(alice, "/history", "bob (2): 2 messages");
	assert_int_equal(access(kept, F_OK), 0);
	assert_int_equal(access(none, F_OK), -1);
	free(kept);
	free(none);
	free(config);
	free(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_people_talk),
		TEST(texts_up_to_the_longest),
		TEST(several_call_one),
		TEST(two_call_each_other),
		TEST(a_killed_client_is_missed),
		TEST(sessions_outlive_servers),
		TEST(calls_that_fail),
		TEST(a_server_that_dies_in_a_call),
		TEST(a_session_ends_with_the_account),
		TEST(contacts_are_kept),
		TEST(contacts_come_and_go),
		TEST(another_key_is_refused),
		TEST(what_was_said_survives_kill_9),
		TEST(nothing_is_kept_with_history_no),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
