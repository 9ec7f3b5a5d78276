/* SPDX-License-Identifier: ISC */
/*
 * Two work servers on one MariaDB and two route servers, all real; work servers and the database
 * are killed.
 */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/store/store.h"
#include "shared/clock.h"
#include "shared/mem.h"
#include "shared/wire.h"
#include "tests/support/account.h"
#include "tests/support/mariadb.h"
#include "tests/support/peer.h"
#include "tests/support/process.h"
#include "tests/support/server.h"
#include "tests/support/tmpdir.h"
#include "tests/support/work_server.h"

enum { SERVERS = 2, LEASE_MS = STORE_LEASE_MS };

struct server {
	struct process *process;
	unsigned port;
};

/* Everything shares one folder, so also one certificate and one cluster key. */
struct cluster {
	struct mariadb *mariadb;
	char *folder;
	char *file;
	struct server work[SERVERS];
	struct server route[SERVERS];
};

/* --- the cluster ----------------------------------------------------------- */

static struct process *
run(const struct cluster *cluster, const char *program, const char *listen, unsigned port,
    const char *line)
{
	char *override = mem_format("%s=127.0.0.1:%u", listen, port);
	const char *const argv[] = { process_program(program), "-c", cluster->file, "-o", override,
		NULL };
	struct process *process = process_start(program, argv);

	free(override);
	assert_true(process_wait_line(process, line, PROCESS_PATIENCE_MS));
	return process;
}

/*
 * The pin stands in the log of a route server, which is started once before anything else for
 * that.
 */
static void
read_pin(struct cluster *cluster, char pin[65])
{
	struct process *route;
	const char *at;

	cluster->file = tmpdir_path(cluster->folder, "conf");
	server_configure(cluster->folder, "state-dir %s\n", cluster->folder);
	route = run(cluster, "tingyu-route", "route-listen", process_free_port(),
	    "reach this route server");
	at = strstr(process_log(route), "pin=");
	assert_non_null(at);
	memcpy(pin, at + 4, 64);
	pin[64] = '\0';
	assert_true(process_stop(route, SIGINT, PROCESS_PATIENCE_MS));
	process_free(route);
}

static void
work_start(struct cluster *cluster, size_t i)
{
	cluster->work[i].port = process_free_port();
	cluster->work[i].process = run(cluster, "tingyu-work", "work-listen", cluster->work[i].port,
	    "reach this work server");
}

static int
cluster_open(void **state)
{
	struct cluster *cluster = mem_new(sizeof(*cluster));
	char pin[65], *database;

	*state = cluster;
	cluster->mariadb = mariadb_new();
	mariadb_create(cluster->mariadb, "tingyu");
	database = mariadb_line(cluster->mariadb, "tingyu");
	cluster->folder = tmpdir_new();
	read_pin(cluster, pin);
	for (size_t i = 0; i < SERVERS; i++)
		cluster->route[i].port = process_free_port();
	server_configure(cluster->folder,
	    "state-dir %s\ndatabase %s\nchildren 2\nallow-work %s\n"
	    "route-server tingyu://127.0.0.1:%u/?pin=%s\n"
	    "route-server tingyu://127.0.0.1:%u/?pin=%s\n",
	    cluster->folder, database, pin, cluster->route[0].port, pin, cluster->route[1].port,
	    pin);
	for (size_t i = 0; i < SERVERS; i++)
		cluster->route[i].process = run(cluster, "tingyu-route", "route-listen",
		    cluster->route[i].port, "reach this route server");
	for (size_t i = 0; i < SERVERS; i++)
		work_start(cluster, i);
	free(database);
	return 0;
}

static int
cluster_close(void **state)
{
	struct cluster *cluster = *state;

	for (size_t i = 0; i < SERVERS; i++) {
		process_free(cluster->work[i].process);
		process_free(cluster->route[i].process);
	}
	mariadb_free(cluster->mariadb);
	tmpdir_free(cluster->folder);
	free(cluster->file);
	free(cluster);
	return 0;
}

/* --- clients --------------------------------------------------------------- */

static struct peer *
client_greeted(const struct server *server)
{
	struct peer *peer = peer_connect(server->port, NULL, false);

	peer_wait_up(peer);
	peer_hello(peer);
	return peer;
}

static struct peer *
client_online(const struct server *server, struct account *account, const char *name)
{
	struct peer *peer = client_greeted(server);

	account_init(account, name);
	account_register_patiently(account, peer);
	account_login(account, peer);
	return peer;
}

/* Nothing else is on its way. */
static void
pause_with(struct peer *peer)
{
	assert_false(peer_hears(peer, 250));
}

/* Whether uid is online; "!want" also while the store is away for a moment. */
static bool
is_online_as(struct peer *peer, uint64_t uid, uint8_t want)
{
	struct msg_find_user ask = { .request = 5, .uid = uid };
	struct msg_find_user_ok found;

	peer_send(peer, MSG_FIND_USER, &ask);
	if (peer_next_type(peer) == MSG_ERROR) {
		peer_expect_error(peer, STATUS_STORE_AWAY);
		return false;
	}
	peer_expect(peer, MSG_FIND_USER_OK, &found);
	return found.online == want;
}

/* Asks again and again whether uid is online, until the answer is "want". */
static void
wait_online(struct peer *peer, uint64_t uid, uint8_t want)
{
	uint64_t deadline = clock_monotonic_ms() + LEASE_MS + PROCESS_PATIENCE_MS;

	while (!is_online_as(peer, uid, want)) {
		assert_true(clock_monotonic_ms() < deadline);
		pause_with(peer);
	}
}

/* The directory of those who are online, which may be a second old, until it is these two. */
static void
wait_list_of_two(struct peer *peer, uint64_t first, uint64_t second)
{
	const struct msg_user_list ask = { .request = 7, .page = 1, .online_only = 1,
		.prefix = bytes_of("", 0) };
	uint64_t deadline = clock_monotonic_ms() + PROCESS_PATIENCE_MS;
	struct msg_user_list_ok end = { .total = 0 };

	while (end.total != 2) {
		uint64_t uids[2] = { 0 };
		struct msg_user_item item;

		assert_true(clock_monotonic_ms() < deadline);
		peer_send(peer, MSG_USER_LIST, &ask);
		for (size_t i = 0; peer_next_type(peer) == MSG_USER_ITEM; i++) {
			peer_expect(peer, MSG_USER_ITEM, &item);
			uids[i % 2] = item.uid;
		}
		peer_expect(peer, MSG_USER_LIST_OK, &end);
		if (end.total == 2) {
			assert_int_equal(uids[0], first);
			assert_int_equal(uids[1], second);
		} else {
			pause_with(peer);
		}
	}
}

/* The work servers a route server knows, asked until there are "want" of them. Ports in *ports. */
static void
wait_servers(const struct server *route, unsigned want, unsigned ports[SERVERS])
{
	uint64_t deadline = clock_monotonic_ms() + PROCESS_PATIENCE_MS;
	struct msg_server_addr item;
	unsigned count;

	do {
		struct peer *peer = client_greeted(route);

		assert_true(clock_monotonic_ms() < deadline);
		count = 0;
		peer_send(
		    peer, MSG_OBTAIN_SERVER_ADDR, &(struct msg_obtain_server_addr){ .request = 1 });
		while (peer_next_type(peer) == MSG_SERVER_ADDR) {
			peer_expect(peer, MSG_SERVER_ADDR, &item);
			ports[count++ % SERVERS] = item.port;
		}
		peer_free(peer);
	} while (count != want);
}

/* What the loss of a machine looks like to the others: nobody ends orderly, nobody says goodbye. */
static void
lose_machine(struct process *parent)
{
	pid_t children[8];
	size_t count;

	process_signal(parent, SIGSTOP);
	count = process_children(process_pid(parent), NULL, children, ARRAY_LEN(children));
	assert_true(count > 0 && count <= ARRAY_LEN(children));
	for (size_t i = 0; i < count; i++)
		kill(children[i], SIGKILL);
	process_signal(parent, SIGKILL);
	assert_true(process_wait_exit(parent, PROCESS_PATIENCE_MS, NULL));
}

/* --- tests ----------------------------------------------------------------- */

static void
cluster__is_one_server__to_its_users(void **state)
{
	struct cluster *cluster = *state;
	struct account alice, bob;
	unsigned ports[SERVERS];
	struct peer *a, *b;

	wait_servers(&cluster->route[0], SERVERS, ports);
	wait_servers(&cluster->route[1], SERVERS, ports);
	assert_int_not_equal(ports[0], ports[1]);

	a = client_online(&cluster->work[0], &alice, "alice");
	b = client_online(&cluster->work[1], &bob, "bob");
	wait_online(a, bob.uid, 1);
	wait_online(b, alice.uid, 1);
	wait_list_of_two(a, alice.uid, bob.uid);
	peer_free(b);
	wait_online(a, bob.uid, 0);
	peer_free(a);
}

/* Alice is here and Bob is there; each learns the same about the attempt. */
static void
introduction__reaches__the_other_work_server(void **state)
{
	struct cluster *cluster = *state;
	struct msg_obtain_client_addr_ok there;
	struct msg_introduce here;
	struct account alice, bob;
	struct peer *a, *b;
	uint8_t token[16];

	a = client_online(&cluster->work[0], &alice, "alice");
	b = client_online(&cluster->work[1], &bob, "bob");
	wait_online(a, bob.uid, 1);
	wait_online(b, alice.uid, 1);
	work_server_call(a, 6, bob.uid, "of alice");
	peer_expect(b, MSG_INTRODUCE, &here);
	assert_int_equal(here.uid, alice.uid);
	assert_true(bytes_equal(here.name, bytes_of_string("alice")));
	assert_true(bytes_equal(here.candidates, bytes_of_string("of alice")));
	assert_memory_equal(here.identity.data, alice.identity.public_key, 32);
	assert_true(here.port != 0);
	memcpy(token, here.token.data, sizeof(token));
	work_server_answer(b, here.request, STATUS_OK, "of bob");
	peer_expect(a, MSG_OBTAIN_CLIENT_ADDR_OK, &there);
	assert_int_equal(there.request, 6);
	assert_int_equal(there.uid, bob.uid);
	assert_memory_equal(there.identity.data, bob.identity.public_key, 32);
	assert_memory_equal(there.token.data, token, sizeof(token));
	assert_true(bytes_equal(there.candidates, bytes_of_string("of bob")));
	assert_true(there.port != 0 && there.port != here.port);

	/* Declined; and the other way round, where the callee goes meanwhile. */
	work_server_call(a, 7, bob.uid, "");
	peer_expect(b, MSG_INTRODUCE, &here);
	work_server_answer(b, here.request, STATUS_DECLINED, "");
	peer_expect_error(a, STATUS_DECLINED);
	work_server_call(b, 8, alice.uid, "");
	peer_expect(a, MSG_INTRODUCE, NULL);
	peer_free(a);
	peer_expect_error(b, STATUS_NOT_ONLINE);
	wait_online(b, alice.uid, 0);
	work_server_call(b, 9, alice.uid, "");
	peer_expect_error(b, STATUS_NOT_ONLINE);
	peer_free(b);
}

/* A client that was asked and says nothing costs the caller less than clients wait. */
static void
introduction__ends__when_the_other_side_says_nothing(void **state)
{
	struct cluster *cluster = *state;
	struct account alice, bob;
	struct peer *a, *b;

	a = client_online(&cluster->work[0], &alice, "alice");
	b = client_online(&cluster->work[1], &bob, "bob");
	wait_online(a, bob.uid, 1);
	work_server_call(a, 6, bob.uid, "");
	peer_expect(b, MSG_INTRODUCE, NULL);
	peer_expect_error(a, STATUS_TIMEOUT);
	peer_free(a);
	peer_free(b);
}

static void
watch(struct peer *peer, uint64_t uid)
{
	uint8_t room[8];
	struct wire wire = wire_writer(room, sizeof(room));

	wire_put_u64(&wire, uid);
	peer_send(peer, MSG_WATCH,
	    &(struct msg_watch){ .request = 12, .uids = bytes_of(room, sizeof(room)) });
}

static void
expect_presence(struct peer *peer, uint64_t uid, uint8_t online)
{
	struct msg_presence presence;

	peer_expect(peer, MSG_PRESENCE, &presence);
	assert_int_equal(presence.uid, uid);
	assert_int_equal(presence.online, online);
}

static void
presence__is_told__of_the_other_work_server(void **state)
{
	struct cluster *cluster = *state;
	struct account alice, bob;
	struct peer *a, *b;

	a = client_online(&cluster->work[0], &alice, "alice");
	b = client_online(&cluster->work[1], &bob, "bob");
	wait_online(a, bob.uid, 1);
	watch(a, bob.uid);
	expect_presence(a, bob.uid, 1);
	peer_expect(a, MSG_WATCH_OK, NULL);
	peer_free(b);
	expect_presence(a, bob.uid, 0);
	watch(a, bob.uid);
	expect_presence(a, bob.uid, 0);
	peer_expect(a, MSG_WATCH_OK, NULL);
	b = client_greeted(&cluster->work[1]);
	account_resume(&bob, b);
	expect_presence(a, bob.uid, 1);
	peer_free(b);
	expect_presence(a, bob.uid, 0);
	peer_free(a);
}

static void
login__takes_over__from_the_other_work_server(void **state)
{
	struct cluster *cluster = *state;
	struct account alice, carol;
	struct peer *older, *newer, *witness;

	older = client_online(&cluster->work[0], &alice, "alice");
	/*
	 * Who is told to the database last is the newer one: so the other server has to know
	 * first.
	 */
	witness = client_online(&cluster->work[1], &carol, "carol");
	wait_online(witness, alice.uid, 1);
	newer = client_greeted(&cluster->work[1]);
	account_login(&alice, newer);
	peer_expect_error(older, STATUS_TAKEN_OVER);
	peer_free(witness);
	peer_free(older);
	wait_online(newer, alice.uid, 1);
	peer_free(newer);
}

static void
delete__ends_the_session__at_the_other_work_server(void **state)
{
	struct cluster *cluster = *state;
	struct msg_delete_user message = { .request = 6, .method = 1 };
	struct account alice, bob;
	struct peer *a, *b;

	a = client_online(&cluster->work[0], &alice, "alice");
	b = client_online(&cluster->work[1], &bob, "bob");
	wait_online(b, alice.uid, 1);
	message.uid = alice.uid;
	message.proof = bytes_of(alice.secret, sizeof(alice.secret));
	peer_send(b, MSG_DELETE_USER, &message);
	peer_expect(b, MSG_DELETE_USER_OK, NULL);
	peer_expect_error(a, STATUS_ACCOUNT_GONE);
	peer_free(a);
	peer_free(b);
}

static void
database__is_killed_and_back__and_nothing_acknowledged_is_lost(void **state)
{
	struct cluster *cluster = *state;
	struct account before[20], after[5];
	struct msg_register message;
	struct account meanwhile;
	struct peer *a = client_greeted(&cluster->work[0]);

	for (size_t i = 0; i < ARRAY_LEN(before); i++) {
		account_init(&before[i], "alice");
		account_register_patiently(&before[i], a);
	}
	peer_free(a);
	mariadb_kill(cluster->mariadb);
	a = client_greeted(&cluster->work[0]);
	account_init(&meanwhile, "carol");
	message = account_registration(&meanwhile, a);
	peer_send(a, MSG_REGISTER, &message);
	peer_expect_error(a, STATUS_STORE_AWAY);
	peer_free(a);
	mariadb_start(cluster->mariadb);
	a = client_greeted(&cluster->work[1]);
	for (size_t i = 0; i < ARRAY_LEN(after); i++) {
		account_init(&after[i], "dave");
		account_register_patiently(&after[i], a);
	}
	account_login_patiently(&after[0], a);
	for (size_t i = 0; i < ARRAY_LEN(before); i++)
		wait_online(a, before[i].uid, 0);
	peer_free(a);
}

static void
work_server__is_killed__and_its_users_carry_on_with_the_other(void **state)
{
	struct cluster *cluster = *state;
	struct account alice, bob, carol, dave;
	unsigned ports[SERVERS];
	struct peer *a, *b, *c, *d;
	uint64_t start;

	a = client_online(&cluster->work[0], &alice, "alice");
	b = client_online(&cluster->work[0], &bob, "bob");
	c = client_online(&cluster->work[1], &carol, "carol");
	wait_online(c, alice.uid, 1);
	wait_online(c, bob.uid, 1);
	d = client_online(&cluster->work[1], &dave, "dave");
	watch(d, bob.uid);
	expect_presence(d, bob.uid, 1);
	peer_expect(d, MSG_WATCH_OK, NULL);
	start = clock_monotonic_ms();
	lose_machine(cluster->work[0].process);
	peer_wait_down(a, PROCESS_PATIENCE_MS);
	peer_free(a);
	peer_wait_down(b, PROCESS_PATIENCE_MS);
	peer_free(b);

	/* The route servers know it at once, and alice is back with her token. */
	wait_servers(&cluster->route[0], 1, ports);
	assert_int_equal(ports[0], cluster->work[1].port);
	wait_servers(&cluster->route[1], 1, ports);
	a = client_greeted(&cluster->work[1]);
	account_resume(&alice, a);
	wait_online(c, alice.uid, 1);

	/* Bob is not: he is offline when the lease of his server is over. */
	wait_online(c, bob.uid, 0);
	print_message("offline with the lease: %.1f s after the loss of the machine\n",
	    (double)(clock_monotonic_ms() - start) / 1000);
	expect_presence(d, bob.uid, 0);
	peer_free(d);
	wait_online(c, alice.uid, 1);
	peer_free(a);
	peer_free(c);
	process_free(cluster->work[0].process);
	work_start(cluster, 0);
	wait_servers(&cluster->route[0], SERVERS, ports);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cluster__is_one_server__to_its_users),
		cmocka_unit_test(introduction__reaches__the_other_work_server),
		cmocka_unit_test(introduction__ends__when_the_other_side_says_nothing),
		cmocka_unit_test(presence__is_told__of_the_other_work_server),
		cmocka_unit_test(login__takes_over__from_the_other_work_server),
		cmocka_unit_test(delete__ends_the_session__at_the_other_work_server),
		cmocka_unit_test(database__is_killed_and_back__and_nothing_acknowledged_is_lost),
		cmocka_unit_test(work_server__is_killed__and_its_users_carry_on_with_the_other),
	};

	if (!mariadb_is_there()) {
		puts("MariaDB is not installed: nothing was tested");
		return 77;
	}
	return cmocka_run_group_tests(tests, cluster_open, cluster_close);
}
