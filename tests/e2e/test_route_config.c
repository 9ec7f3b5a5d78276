/* SPDX-License-Identifier: ISC */
/* The configuration of a route server: at the start, and at HUP. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/mem.h"
#include "tests/support/process.h"
#include "tests/support/route_server.h"
#include "tests/support/tmpdir.h"

static void
a_bad_file_at_hup_changes_nothing(void **state UNUSED)
{
	struct route_server server;
	struct peer *work;

	route_server_start(&server, "");
	work = route_work_start(&server, "a.example", 0);
	route_server_configure(&server, "dead-seconds many\nno-such-option 1\n");
	process_signal(server.process, SIGHUP);
	assert_true(process_wait_line(server.process, "no-such-option", PROCESS_PATIENCE_MS));
	assert_true(process_wait_line(server.process, "nothing was changed", PROCESS_PATIENCE_MS));
	route_work_report(work, "a.example", 0);
	assert_string_equal(route_ask(&server), "a.example");

	/* The settings are good, but the key is not: still nothing. */
	route_server_configure(&server, "dead-seconds 60\n");
	tmpdir_write(server.folder, "private-key.pem", "rubbish\n");
	process_signal(server.process, SIGHUP);
	assert_true(process_wait_line(server.process, "private-key.pem", PROCESS_PATIENCE_MS));
	assert_string_equal(route_ask(&server), "a.example");
	peer_free(work);
	route_server_end(&server);
}

static void
hup_changes_who_may_report(void **state UNUSED)
{
	struct msg_report_connect report = route_report_of("b.example", 0);
	struct peer *work, *other;
	struct route_server server;
	char *more;

	route_server_start(&server, "");
	work = route_work_start(&server, "a.example", 0);
	more = mem_format("allow-work %s\n", route_foreign.pin_text);
	route_server_configure(&server, more);
	process_signal(server.process, SIGHUP);
	report.pin = bytes_of(route_foreign.pin, sizeof(route_foreign.pin));
	for (bool is_taken = false; !is_taken;) {
		other = route_work_connect(&server, &route_foreign);
		peer_send(other, MSG_REPORT_CONNECT, &report);
		is_taken = peer_next_type(other) == MSG_REPORT_CONNECT_OK;
		if (!is_taken)
			peer_free(other);
	}
	peer_expect(other, MSG_REPORT_CONNECT_OK, NULL);
	route_work_report(work, "a.example", 0);

	/* And who may no longer is sent away. */
	route_server_configure(&server, "");
	process_signal(server.process, SIGHUP);
	peer_expect_error(other, STATUS_NOT_ALLOWED);
	peer_wait_down(other, PROCESS_PATIENCE_MS);
	assert_string_equal(route_ask(&server), "a.example");
	free(more);
	peer_free(other);
	peer_free(work);
	route_server_end(&server);
}

static void
the_certificate_is_made_once(void **state UNUSED)
{
	struct route_server server;
	char *first, *again, *key;

	route_server_start(&server, "");
	first = tmpdir_read(server.folder, "certificate.pem");
	key = tmpdir_path(server.folder, "private-key.pem");
	assert_non_null(first);
	assert_true(process_stop(server.process, SIGTERM, PROCESS_PATIENCE_MS));
	process_free(server.process);
	server.process = route_server_run(&server);
	assert_true(process_wait_line(server.process, "reach this route server",
	    PROCESS_PATIENCE_MS));
	again = tmpdir_read(server.folder, "certificate.pem");
	assert_string_equal(first, again);
	free(first);
	free(again);
	free(key);
	route_server_end(&server);
}

static void
mistakes_at_the_start_are_told(void **state UNUSED)
{
	struct route_server server;
	struct process *second;
	char taken[32];
	int status;

	route_server_start(&server, "");

	/* The port is taken. */
	second = route_server_run(&server);
	assert_true(process_wait_exit(second, PROCESS_PATIENCE_MS, &status));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	snprintf(taken, sizeof(taken), "127.0.0.1:%u", server.port);
	assert_non_null(strstr(process_log(second), taken));
	process_free(second);

	/* The file is wrong. */
	route_server_configure(&server, "login-seconds 0\n");
	second = route_server_run(&server);
	assert_true(process_wait_exit(second, PROCESS_PATIENCE_MS, &status));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 2);
	assert_non_null(strstr(process_log(second), "login-seconds"));
	process_free(second);
	assert_string_equal(route_ask(&server), "nobody");
	route_server_end(&server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_file_at_hup_changes_nothing),
		cmocka_unit_test(hup_changes_who_may_report),
		cmocka_unit_test(the_certificate_is_made_once),
		cmocka_unit_test(mistakes_at_the_start_are_told),
	};

	return cmocka_run_group_tests(tests, route_make_identities, route_clear_identities);
}
