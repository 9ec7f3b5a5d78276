/* SPDX-License-Identifier: ISC */
/* HUP at a work server: what changes, for whom, and that a mistake changes nothing. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/mem.h"
#include "tests/support/tmpdir.h"
#include "tests/support/work_server.h"

/* Adds a line to the configuration; each time another one. */
static void
reload(struct work_server *server, const char *line, const char *verdict)
{
	char *before = tmpdir_read(server->folder, "conf");
	char *text = mem_format("%s%s\n", before, line);

	tmpdir_write(server->folder, "conf", text);
	process_signal(server->process, SIGHUP);
	assert_true(process_wait_line(server->process, verdict, PROCESS_PATIENCE_MS));
	free(text);
	free(before);
}

/* The children hear of a reload after their parent, each for itself. */
static void
expect_registrations_closed(const struct work_server *server)
{
	struct msg_register message;
	struct account account;
	struct msg_error error;
	struct peer *peer;
	unsigned refused = 0;

	account_init(&account, "late");
	for (unsigned tries = 0; refused < 4 && tries < 1000; tries++) {
		peer = work_server_greet(server);
		message = account_registration(&account, peer);
		peer_send(peer, MSG_REGISTER, &message);
		if (peer_next_type(peer) == MSG_ERROR) {
			peer_expect(peer, MSG_ERROR, &error);
			assert_int_equal(error.status, STATUS_NOT_ALLOWED);
			refused++;
		}
		peer_free(peer);
	}
	assert_int_equal(refused, 4);
}

static void
mistakes__change_nothing(void **state UNUSED)
{
	struct account alice, bob;
	struct work_server server;
	struct peer *a, *b;

	work_server_start(&server, "");
	a = work_server_login(&server, &alice, "alice");
	reload(&server, "accept-registrations no\nidle-seconds never", "nothing was changed");
	b = work_server_login(&server, &bob, "bob");
	peer_send(a, MSG_PING, &(struct msg_ping){ .request = 1 });
	peer_expect(a, MSG_PING_OK, NULL);
	peer_free(a);
	peer_free(b);
	work_server_end(&server);
}

/* With a new one in its place no password would be right any more. */
static void
cluster_key__is_missed__and_not_made_anew(void **state UNUSED)
{
	struct work_server server;
	struct account alice;
	struct peer *a;
	char *key;

	work_server_start(&server, "");
	a = work_server_login(&server, &alice, "alice");
	peer_free(a);
	key = tmpdir_path(server.folder, "cluster.key");
	assert_int_equal(unlink(key), 0);
	reload(&server, "# nothing else", "cluster.key is gone");
	assert_int_equal(access(key, F_OK), -1);
	a = work_server_greet(&server);
	account_login(&alice, a);
	peer_free(a);
	free(key);
	work_server_end(&server);
}

static void
settings__count_from_then_on(void **state UNUSED)
{
	struct work_server server;
	struct account alice;
	struct peer *a;

	work_server_start(&server, "");
	a = work_server_login(&server, &alice, "alice");
	reload(&server, "accept-registrations no", "settings were read again");
	expect_registrations_closed(&server);
	peer_send(a, MSG_PING, &(struct msg_ping){ .request = 1 });
	peer_expect(a, MSG_PING_OK, NULL);
	peer_free(a);
	work_server_end(&server);
}

static void
replace_bundle(struct peer *peer, const struct account *account)
{
	uint8_t signature[IDENTITY_SIGNATURE_SIZE], key[72] = { 1 }, sealed[300] = { 2 };
	struct msg_bundle message = {
		.request = 7,
		.version = 1,
		.wrapped_key = bytes_of(key, sizeof(key)),
		.bundle = bytes_of(sealed, sizeof(sealed)),
		.signature = bytes_of(signature, sizeof(signature)),
	};
	struct identity_channel channel;

	peer_channel(peer, &channel);
	identity_sign_bundle(&account->identity, &channel, account->uid, &message, signature);
	peer_send(peer, MSG_BUNDLE, &message);
	peer_expect(peer, MSG_BUNDLE_OK, NULL);
}

/* Until a child shows another pin than "old": the parent has told it. */
static void
wait_new_pin(const struct work_server *server, const uint8_t old[TLS_PIN_SIZE])
{
	struct identity_channel channel;
	struct peer *peer;
	unsigned fresh = 0;

	for (unsigned tries = 0; fresh < 4 && tries < 1000; tries++) {
		peer = work_server_greet(server);
		peer_channel(peer, &channel);
		fresh += memcmp(channel.pin, old, TLS_PIN_SIZE) != 0;
		peer_free(peer);
	}
	assert_int_equal(fresh, 4);
}

/* Signatures of a connection that stands name the key that it was made with. */
static void
certificate__is_another__and_connections_that_stand_go_on(void **state UNUSED)
{
	struct identity_channel channel;
	struct account alice, bob;
	struct work_server server;
	struct peer *a, *b;
	char *certificate, *key;

	work_server_start(&server, "");
	certificate = tmpdir_path(server.folder, "certificate.pem");
	key = tmpdir_path(server.folder, "private-key.pem");
	a = work_server_login(&server, &alice, "alice");
	b = work_server_login(&server, &bob, "bob");
	peer_channel(a, &channel);
	unlink(certificate);
	unlink(key);
	reload(&server, "# with a new key", "settings were read again");
	wait_new_pin(&server, channel.pin);
	replace_bundle(a, &alice);
	replace_bundle(b, &bob);
	peer_free(a);
	peer_free(b);
	/* And those that are made now name the new one. */
	a = work_server_greet(&server);
	account_login_by_key(&alice, a);
	peer_free(a);
	free(certificate);
	free(key);
	work_server_end(&server);
}

/* A route server of its own folder that takes the reports of these two pins. */
static struct process *
start_route(const char *folder, unsigned port, const struct peer_identity *first,
    const struct peer_identity *second)
{
	char *text = mem_format("state-dir %s\nroute-listen 127.0.0.1:%u\nallow-work %s\n"
	    "allow-work %s\n", folder, port, first->pin_text, second->pin_text);
	char *file = tmpdir_path(folder, "conf");
	const char *const argv[] = { process_program("tingyu-route"), "-c", file, NULL };
	struct process *process;

	tmpdir_write(folder, "conf", text);
	process = process_start("tingyu-route", argv);
	assert_true(process_wait_line(process, "reach this route server", PROCESS_PATIENCE_MS));
	free(file);
	free(text);
	return process;
}

static void
show(const struct work_server *server, const struct peer_identity *identity)
{
	tmpdir_write(server->folder, "mine.pem", identity->certificate);
	tmpdir_write(server->folder, "mine.key", identity->key);
}

static void
wait_report(struct process *route, const struct peer_identity *identity)
{
	char *words = mem_format("pin %s", identity->pin_text);

	assert_true(process_wait_line(route, words, PROCESS_PATIENCE_MS));
	free(words);
}

/* A report with the new key over a connection with the old one would be a rogue's. */
static void
certificate__is_another__and_route_servers_believe_it(void **state UNUSED)
{
	struct peer_identity first, second;
	struct work_server server;
	struct process *route;
	unsigned port = process_free_port();
	char *folder = tmpdir_new(), *files, *text;

	peer_identity_init(&first);
	peer_identity_init(&second);
	route = start_route(folder, port, &first, &second);
	server = (struct work_server){ .folder = tmpdir_new(), .port = process_free_port() };
	server.file = tmpdir_path(server.folder, "conf");
	files = mem_format("certificate %s/mine.pem\nprivate-key %s/mine.key\n", server.folder,
	    server.folder);
	text = mem_format("state-dir %s\nwork-listen 127.0.0.1:%u\n%sroute-server "
	    "tingyu://127.0.0.1:%u\n", server.folder, server.port, files, port);
	tmpdir_write(server.folder, "conf", text);
	show(&server, &first);
	work_server_run(&server);
	wait_report(route, &first);
	show(&server, &second);
	reload(&server, "# with the other key", "settings were read again");
	wait_report(route, &second);
	assert_null(strstr(process_log(route), "another pin than its own"));
	work_server_end(&server);
	assert_true(process_stop(route, SIGINT, PROCESS_PATIENCE_MS));
	process_free(route);
	peer_identity_clear(&first);
	peer_identity_clear(&second);
	tmpdir_free(folder);
	free(files);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes__change_nothing),
		cmocka_unit_test(cluster_key__is_missed__and_not_made_anew),
		cmocka_unit_test(settings__count_from_then_on),
		cmocka_unit_test(certificate__is_another__and_connections_that_stand_go_on),
		cmocka_unit_test(certificate__is_another__and_route_servers_believe_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
