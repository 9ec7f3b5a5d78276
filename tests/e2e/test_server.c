/* SPDX-License-Identifier: ISC */
/*
 * The real tingyu-server in a folder of its own: from nothing to a place where clients can log
 * in, and back.
 */

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/clock.h"
#include "shared/endpoint.h"
#include "shared/mem.h"
#include "tests/support/account.h"
#include "tests/support/peer.h"
#include "tests/support/process.h"
#include "tests/support/server.h"
#include "tests/support/tmpdir.h"

struct server {
	char *folder;
	char *file;
	char *invite_path;
	unsigned route_port;
	unsigned work_port;
	struct process *process;
};

/* --- the server ---------------------------------------------------------------------- */

static void
configure(const struct server *server, const char *more)
{
	server_configure(server->folder,
	    "state-dir %s\nroute-listen 127.0.0.1:%u\nwork-listen 127.0.0.1:%u\nchildren 2\n"
	    "report-seconds 1\n%s",
	    server->folder, server->route_port, server->work_port, more);
}

static struct process *
run(const struct server *server)
{
	const char *const argv[] = { process_program("tingyu-server"), "-c", server->file, NULL };

	return process_start("tingyu-server", argv);
}

static void
wait_until_ready(const struct server *server)
{
	assert_true(process_wait_file(server->process, server->invite_path, PROCESS_PATIENCE_MS));
}

static int
set_up(void **state)
{
	struct server *server = mem_new(sizeof(*server));

	server->folder = tmpdir_new();
	server->route_port = process_free_port();
	server->work_port = process_free_port();
	server->invite_path = tmpdir_path(server->folder, "invite");
	server->file = tmpdir_path(server->folder, "conf");
	configure(server, "");
	server->process = run(server);
	*state = server;
	return 0;
}

static int
tear_down(void **state)
{
	struct server *server = *state;

	process_free(server->process);
	tmpdir_free(server->folder);
	free(server->invite_path);
	free(server->file);
	free(server);
	return 0;
}

static char *
read_invite(const struct server *server)
{
	char *line = tmpdir_read(server->folder, "invite");

	assert_non_null(line);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* The process of one of the two programs. */
static pid_t
find_program(const struct server *server, const char *name)
{
	pid_t pid = 0;

	assert_int_equal(process_children(process_pid(server->process), name, &pid, 1), 1);
	return pid;
}

/* --- the client ---------------------------------------------------------------------- */

/* Asks the route server; *port is where it sends us. False: nowhere, for now. */
static bool
ask(const struct server *server, unsigned *port)
{
	struct peer *client = peer_connect(server->route_port, NULL, false);
	struct msg_server_addr item;
	bool is_found;

	peer_wait_up(client);
	peer_hello(client);
	peer_send(client, MSG_OBTAIN_SERVER_ADDR, &(struct msg_obtain_server_addr){ .request = 2 });
	is_found = peer_next_type(client) == MSG_SERVER_ADDR;
	if (is_found) {
		peer_expect(client, MSG_SERVER_ADDR, &item);
		*port = item.port;
	}
	peer_free(client);
	return is_found;
}

static struct peer *
work_connect(const struct server *server)
{
	uint64_t deadline = clock_monotonic_ms() + PROCESS_PATIENCE_MS;
	struct peer *client;
	unsigned port = 0;

	while (!ask(server, &port))
		assert_true(clock_monotonic_ms() < deadline);
	assert_int_equal(port, server->work_port);
	client = peer_connect(port, NULL, false);
	peer_wait_up(client);
	peer_hello(client);
	return client;
}

/* All that a new user does: ask, connect, register, log in. */
static void
join(const struct server *server, struct account *account)
{
	struct peer *client = work_connect(server);

	account_init(account, "somebody");
	account_register(account, client);
	account_login(account, client);
	peer_free(client);
}

/* What a client does that was there before. */
static void
come_back(const struct server *server, struct account *account)
{
	struct peer *client = work_connect(server);

	account_resume(account, client);
	peer_free(client);
}

/* --- tests --------------------------------------------------------------------------- */

static void
the_invite_leads_to_a_work_server(void **state)
{
	struct server *server = *state;
	struct account account;
	struct invite invite;
	char *line, *pid;

	wait_until_ready(server);
	line = read_invite(server);
	assert_true(endpoint_parse_invite(bytes_of_string(line), &invite));
	assert_int_equal(invite.server.port, server->route_port);
	assert_true(invite.has_pin);
	assert_true(process_wait_line(server->process, line, PROCESS_PATIENCE_MS));
	pid = tmpdir_read(server->folder, "server.pid");
	assert_int_equal(atoi(pid), process_pid(server->process));
	join(server, &account);

	assert_true(process_stop(server->process, SIGINT, PROCESS_PATIENCE_MS));
	assert_null(tmpdir_read(server->folder, "invite"));
	assert_null(tmpdir_read(server->folder, "server.pid"));
	free(line);
	free(pid);
}

static void
a_restart_keeps_invite_and_accounts(void **state)
{
	struct server *server = *state;
	struct account account;
	char *before, *after;

	wait_until_ready(server);
	join(server, &account);
	before = read_invite(server);
	assert_true(process_stop(server->process, SIGTERM, PROCESS_PATIENCE_MS));
	process_free(server->process);
	server->process = run(server);
	wait_until_ready(server);
	after = read_invite(server);
	assert_string_equal(before, after);
	come_back(server, &account);
	assert_true(process_stop(server->process, SIGQUIT, PROCESS_PATIENCE_MS));
	free(before);
	free(after);
}

static void
killed_programs_come_back(void **state)
{
	static const char *const names[] = { "tingyu-work", "tingyu-route" };
	struct server *server = *state;
	struct account account;

	wait_until_ready(server);
	join(server, &account);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		pid_t pid = find_program(server, names[i]);

		kill(pid, SIGKILL);
		assert_true(process_wait_gone(pid, PROCESS_PATIENCE_MS));
		assert_true(process_wait_line(server->process, "starts again",
		    PROCESS_PATIENCE_MS));
		assert_true(process_wait_line(server->process, "is up", PROCESS_PATIENCE_MS));
		come_back(server, &account);
	}
	assert_true(process_stop(server->process, SIGTERM, PROCESS_PATIENCE_MS));
}

/* Nothing may be left that holds the ports when the supervisor itself is killed. */
static void
a_killed_supervisor_takes_all_along(void **state)
{
	struct server *server = *state;
	pid_t route, work;

	wait_until_ready(server);
	route = find_program(server, "tingyu-route");
	work = find_program(server, "tingyu-work");
	process_signal(server->process, SIGKILL);
	assert_true(process_wait_gone(route, PROCESS_PATIENCE_MS));
	assert_true(process_wait_gone(work, PROCESS_PATIENCE_MS));
	process_free(server->process);
	/* What it left behind is no hindrance for the next one. */
	unlink(server->invite_path);
	server->process = run(server);
	wait_until_ready(server);
	peer_free(work_connect(server));
	assert_true(process_stop(server->process, SIGINT, PROCESS_PATIENCE_MS));
}

static void
a_second_one_is_refused(void **state)
{
	struct server *server = *state;
	struct process *second;
	char pid[32];
	int status;

	wait_until_ready(server);
	second = run(server);
	assert_true(process_wait_exit(second, PROCESS_PATIENCE_MS, &status));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	snprintf(pid, sizeof(pid), "pid %d", (int)process_pid(server->process));
	assert_non_null(strstr(process_log(second), pid));
	assert_non_null(strstr(process_log(second), server->folder));
	process_free(second);
	peer_free(work_connect(server));
	assert_true(process_stop(server->process, SIGINT, PROCESS_PATIENCE_MS));
}

static void
a_taken_port_is_told(void **state)
{
	struct server *server = *state;
	struct server other = *server;
	char *taken;
	int status;

	wait_until_ready(server);
	other.folder = tmpdir_new();
	other.file = tmpdir_path(other.folder, "conf");
	configure(&other, "");
	other.process = run(&other);
	assert_true(process_wait_exit(other.process, PROCESS_PATIENCE_MS, &status));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	taken = mem_format("route-listen 127.0.0.1:%u is taken", server->route_port);
	assert_non_null(strstr(process_log(other.process), taken));
	assert_non_null(strstr(process_log(other.process), "-o route-listen="));
	assert_null(tmpdir_read(other.folder, "server.pid"));
	process_free(other.process);
	free(other.file);
	free(taken);
	tmpdir_free(other.folder);
	assert_true(process_stop(server->process, SIGINT, PROCESS_PATIENCE_MS));
}

static void
a_bad_file_at_hup_changes_nothing(void **state)
{
	struct server *server = *state;
	struct account account;

	wait_until_ready(server);
	join(server, &account);
	configure(server, "log-level loud\n");
	process_signal(server->process, SIGHUP);
	assert_true(process_wait_line(server->process, "log-level", PROCESS_PATIENCE_MS));
	assert_true(process_wait_line(server->process, "nothing was changed", PROCESS_PATIENCE_MS));
	come_back(server, &account);

	/* A good one reaches both. */
	configure(server, "log-level debug\n");
	process_signal(server->process, SIGHUP);
	assert_true(process_wait_line(server->process, "reload: the configuration is good",
	    PROCESS_PATIENCE_MS));
	assert_true(process_wait_line(server->process, "settings were read again",
	    PROCESS_PATIENCE_MS));
	assert_true(process_wait_line(server->process, "settings were read again",
	    PROCESS_PATIENCE_MS));
	come_back(server, &account);
	assert_true(process_stop(server->process, SIGINT, PROCESS_PATIENCE_MS));
}

/* With a new key the invite is another one, and both programs still believe each other. */
static void
a_new_certificate_at_hup_is_taken(void **state)
{
	struct server *server = *state;
	char *certificate = tmpdir_path(server->folder, "certificate.pem");
	char *key = tmpdir_path(server->folder, "private-key.pem");
	char *before, *after;
	struct account account;
	struct invite invite;

	wait_until_ready(server);
	join(server, &account);
	before = read_invite(server);
	unlink(certificate);
	unlink(key);
	process_signal(server->process, SIGHUP);
	assert_true(process_wait_line(server->process, "reload: the configuration is good",
	    PROCESS_PATIENCE_MS));
	after = read_invite(server);
	assert_string_not_equal(before, after);
	assert_true(endpoint_parse_invite(bytes_of_string(after), &invite));
	assert_true(process_wait_line(server->process, "is up", PROCESS_PATIENCE_MS));
	come_back(server, &account);
	assert_true(process_stop(server->process, SIGINT, PROCESS_PATIENCE_MS));
	free(certificate);
	free(key);
	free(before);
	free(after);
}

/* A program that cannot start at all: no loop of restarts, but an end with a reason. */
static void
a_start_that_fails_is_the_end(void **state)
{
	struct server *server = *state;
	int status;

	wait_until_ready(server);
	assert_true(process_stop(server->process, SIGINT, PROCESS_PATIENCE_MS));
	process_free(server->process);
	tmpdir_write(server->folder, "tingyu.db",
	    "this is no database, and nobody can make one of it");
	server->process = run(server);
	assert_true(process_wait_exit(server->process, PROCESS_PATIENCE_MS, &status));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_non_null(strstr(process_log(server->process), "tingyu-work could not start"));
	assert_null(tmpdir_read(server->folder, "invite"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_invite_leads_to_a_work_server, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(a_restart_keeps_invite_and_accounts, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(killed_programs_come_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_killed_supervisor_takes_all_along, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(a_second_one_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_taken_port_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_bad_file_at_hup_changes_nothing, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(a_new_certificate_at_hup_is_taken, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(a_start_that_fails_is_the_end, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
