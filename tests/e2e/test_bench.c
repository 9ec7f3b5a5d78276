/* SPDX-License-Identifier: ISC */
/* tingyu-bench as people start it: against a fake server in a process of its own, and real ones. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "shared/compiler.h"
#include "shared/endpoint.h"
#include "shared/mem.h"
#include "tests/support/fake_server.h"
#include "tests/support/process.h"
#include "tests/support/server.h"
#include "tests/support/tmpdir.h"

struct fake {
	pid_t pid;
	char invite[ENDPOINT_INVITE_SIZE];
};

static void
on_cut(evutil_socket_t signal UNUSED, short what UNUSED, void *arg)
{
	fake_server_cut(arg);
}

/* The process of the fake server: it tells its invite line, and cuts everybody when USR1 comes. */
static void NO_RETURN
serve(int told)
{
	struct fake_server *server = mem_new(sizeof(*server));
	struct event_base *base = link_base_new();
	struct invite invite = { .server = { .host = "127.0.0.1" }, .has_pin = true };
	struct tls_context *tls;
	char *certificate, *key, line[ENDPOINT_INVITE_SIZE];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (tls_make_certificate(&certificate, &key) != STATUS_OK ||
	    tls_pin_of_certificate(bytes_of_string(certificate), invite.pin) != STATUS_OK ||
	    tls_context_new_server(bytes_of_string(certificate), bytes_of_string(key), false,
	    &tls) != STATUS_OK)
		_exit(1);
	fake_server_start(server, base, link_loop_new(base, 50), tls, invite.pin);
	event_add(evsignal_new(base, SIGUSR1, on_cut, server), NULL);
	invite.server.port = ntohs(server->address.sin_port);
	endpoint_print_invite(&invite, line);
	dprintf(told, "%s", line);
	close(told);
	event_base_dispatch(base);
	_exit(0);
}

static void
fake_start(struct fake *fake)
{
	size_t used = 0;
	ssize_t got;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	fake->pid = fork();
	assert_true(fake->pid >= 0);
	if (fake->pid == 0)
		serve(ends[1]);
	close(ends[1]);
	while ((got = read(ends[0], fake->invite + used, sizeof(fake->invite) - 1 - used)) > 0)
		used += (size_t)got;
	close(ends[0]);
	fake->invite[used] = '\0';
	assert_true(used > 0);
}

static void
fake_stop(const struct fake *fake)
{
	kill(fake->pid, SIGKILL);
	waitpid(fake->pid, NULL, 0);
}

/*
 * Runs tingyu-bench with these arguments (NULL ends them) before the invite line, to its end;
 * returns its exit status.
 */
static int
bench(const char *invite, const char *const *words, char **log)
{
	const char *argv[24] = { process_program("tingyu-bench"), "-q", "-n", "40" };
	struct process *process;
	size_t argc = 4;
	int status;

	while (*words != NULL)
		argv[argc++] = *words++;
	argv[argc] = invite;
	process = process_start("tingyu-bench", argv);
	assert_true(process_wait_exit(process, PROCESS_PATIENCE_MS, &status));
	assert_true(WIFEXITED(status));
	if (log != NULL)
		*log = mem_string(process_log(process));
	process_free(process);
	return WEXITSTATUS(status);
}

#define BENCH(invite, log, ...) bench(invite, (const char *const[]){ __VA_ARGS__, NULL }, log)

/* The median of a figure in the JSON file. */
static double
figure(const char *json, const char *phase, const char *name)
{
	char *wanted = mem_format("\"%s\": {", phase);
	const char *at = strstr(json, wanted);
	double value;

	free(wanted);
	wanted = mem_format("\"%s\": {\"median\": ", name);
	at = at == NULL ? NULL : strstr(at, wanted);
	if (at == NULL)
		fail_msg("no %s of %s in %s", name, phase, json);
	value = strtod(at + strlen(wanted), NULL);
	free(wanted);
	return value;
}

static void
all_phases_lose_nothing(void **state UNUSED)
{
	char *folder = tmpdir_new(), *path = tmpdir_path(folder, "figures"), *pid, *json, *log;
	struct fake fake;

	fake_start(&fake);
	pid = mem_format("%d", (int)fake.pid);
	assert_int_equal(BENCH(fake.invite, &log, "-H1", "-m1", "-k1", "-R2", "-S", pid, "-j",
	    path), 0);
	assert_non_null(strstr(log, "USER_LIST, middle page"));
	json = tmpdir_read(folder, "figures");
	assert_non_null(json);
	assert_true(figure(json, "register", "accounts") == 40);
	assert_true(figure(json, "login", "online") == 40);
	assert_true(figure(json, "login", "server_cpu_us") > 0);
	assert_true(figure(json, "hold", "seen_online") == 40);
	assert_true(figure(json, "hold", "pings") > 0);
	assert_true(figure(json, "storm", "lost") == 0);
	assert_true(figure(json, "storm", "seconds") > 0);
	assert_true(figure(json, "find_user", "answered") == 100);
	assert_non_null(strstr(json, "\"samples\": [40, 40]"));
	free(json);
	free(log);
	free(pid);
	free(path);
	fake_stop(&fake);
	tmpdir_free(folder);
}

static void
accounts_are_used_again(void **state UNUSED)
{
	char *folder = tmpdir_new(), *path = tmpdir_path(folder, "accounts"), *before, *after, *log;
	struct fake fake;

	fake_start(&fake);
	assert_int_equal(BENCH(fake.invite, NULL, "-a", path, "-P", "register"), 0);
	before = tmpdir_read(folder, "accounts");
	assert_int_equal(BENCH(fake.invite, &log, "-a", path, "-P", "register,login"), 0);
	after = tmpdir_read(folder, "accounts");
	assert_non_null(before);
	assert_string_equal(before, after);
	assert_null(strstr(log, "accounts made"));
	assert_non_null(strstr(log, "logins a second"));
	free(before);
	free(after);
	free(log);
	free(path);
	fake_stop(&fake);
	tmpdir_free(folder);
}

static void
foreign_accounts_are_refused_and_counted(void **state UNUSED)
{
	char *folder = tmpdir_new(), *path = tmpdir_path(folder, "accounts"), *log;
	struct fake theirs, ours;

	fake_start(&theirs);
	assert_int_equal(BENCH(theirs.invite, NULL, "-a", path, "-P", "register"), 0);
	fake_stop(&theirs);
	fake_start(&ours);
	assert_int_equal(BENCH(ours.invite, &log, "-a", path, "-P", "register,login"), 1);
	assert_non_null(strstr(log,
	    "login: 40 attempts failed, 0 connections lost (wrong-proof 40)"));
	free(log);
	free(path);
	fake_stop(&ours);
	tmpdir_free(folder);
}

static void
who_is_cut_survives(void **state UNUSED)
{
	const char *argv[] = { process_program("tingyu-bench"), "-n", "40", "-v", "-P",
	    "register,survive", "-s",
		"6", NULL, NULL };
	struct process *process;
	struct fake fake;

	fake_start(&fake);
	argv[ARRAY_LEN(argv) - 2] = fake.invite;
	process = process_start("tingyu-bench", argv);
	assert_true(process_wait_line(process, "online 40  lost 0", PROCESS_PATIENCE_MS));
	kill(fake.pid, SIGUSR1);
	assert_true(process_wait_line(process, "online 40  lost 40  back 40", PROCESS_PATIENCE_MS));
	assert_true(process_wait_line(process, "clients that did not come back",
	    PROCESS_PATIENCE_MS));
	assert_true(process_stop(process, 0, PROCESS_PATIENCE_MS));
	assert_non_null(strstr(process_log(process),
	    "survive: 0 attempts failed, 40 connections lost"));
	process_free(process);
	fake_stop(&fake);
}

static void
nobody_at_home_is_a_loss(void **state UNUSED)
{
	char *invite = mem_format("tingyu://127.0.0.1:%u/", process_free_port()), *log;

	assert_int_equal(BENCH(invite, &log, "-P", "register", "-t1"), 1);
	assert_non_null(strstr(log, "(refused "));
	free(invite);
	free(log);
}

static void
mistakes_are_told_apart_from_losses(void **state UNUSED)
{
	char *log;

	assert_int_equal(BENCH("http://127.0.0.1/", &log, "-P", "register"), 2);
	assert_non_null(strstr(log, "this is no invite line"));
	free(log);
	assert_int_equal(BENCH("tingyu://127.0.0.1:1/", &log, "-a", "/dev/zero/x"), 2);
	free(log);
	assert_int_equal(BENCH("-h", &log, "-V"), 0);
	assert_non_null(strstr(log, "--survive SECONDS"));
	free(log);
}

/* A session child of the work server below this process. */
static pid_t
session_child(pid_t server)
{
	pid_t work, session;

	assert_int_equal(process_children(server, "tingyu-work", &work, 1), 1);
	assert_true(process_children(work, "session/", &session, 1) >= 1);
	return session;
}

/* The real thing, small: a child that is killed meanwhile costs nobody more than a moment. */
static void
real_servers_lose_nothing(void **state UNUSED)
{
	char *folder = tmpdir_new(), *invite, *pid;
	const char *argv[] = { NULL, "-q", "-v", "-n", "40", "-H1", "-m1", "-k1", "-s4", "-S",
	    NULL, NULL,
		NULL };
	struct process *server, *process;
	pid_t session;

	server_configure(folder,
	    "state-dir %s\nroute-listen 127.0.0.1:%u\nwork-listen 127.0.0.1:%u\n", folder,
	    process_free_port(), process_free_port());
	server = server_run(folder);
	invite = server_invite(folder);
	pid = mem_format("%d", (int)process_pid(server));
	argv[0] = process_program("tingyu-bench");
	argv[ARRAY_LEN(argv) - 3] = pid;
	argv[ARRAY_LEN(argv) - 2] = invite;
	process = process_start("tingyu-bench", argv);
	assert_true(process_wait_line(process, "online 40  lost 0", PROCESS_PATIENCE_MS));
	session = session_child(process_pid(server));
	kill(session, SIGKILL);
	assert_true(process_wait_line(process, "clients that did not come back",
	    PROCESS_PATIENCE_MS));
	assert_true(process_stop(process, 0, PROCESS_PATIENCE_MS));
	assert_non_null(strstr(process_log(process), "survive: "));
	process_free(process);
	assert_true(process_stop(server, SIGINT, PROCESS_PATIENCE_MS));
	process_free(server);
	free(invite);
	free(pid);
	tmpdir_free(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_phases_lose_nothing),
		cmocka_unit_test(accounts_are_used_again),
		cmocka_unit_test(foreign_accounts_are_refused_and_counted),
		cmocka_unit_test(who_is_cut_survives),
		cmocka_unit_test(real_servers_lose_nothing),
		cmocka_unit_test(nobody_at_home_is_a_loss),
		cmocka_unit_test(mistakes_are_told_apart_from_losses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
