/* SPDX-License-Identifier: ISC */
/*
 * The pre-fork skeleton and its faults, with real processes: how children start, die, are
 * replaced and end.
 */

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

#include "server/proc/signals.h"
#include "shared/clock.h"
#include "shared/compiler.h"
#include "tests/support/crowd.h"
#include "tests/support/parrot.h"
#include "tests/support/process.h"
#include "tests/support/tmpdir.h"

/* Timers of an event loop go by a coarser clock than the one that we look at. */
enum { CLOCK_ERROR_MS = 50 };

static void
stop_server(struct process *server)
{
	assert_true(process_stop(server, SIGINT, PROCESS_PATIENCE_MS));
	process_free(server);
}

/* Where in the log something was said last. */
static size_t
said_last(struct process *server, const char *text)
{
	const char *log = process_log(server), *at = NULL;

	for (const char *next = strstr(log, text); next != NULL; next = strstr(next + 1, text))
		at = next;
	assert_non_null(at);
	return (size_t)(at - log);
}

/* The end: INT, nothing is left, and stores leave after the sessions that stand on them. */
static void
all_leave_after_int(void **state UNUSED)
{
	uint16_t port;
	struct process *server = parrot_start("children=3", &port);
	pid_t pids[8];
	size_t count = process_children(process_pid(server), NULL, pids, ARRAY_LEN(pids));

	assert_int_equal(count, 4);
	assert_true(process_stop(server, SIGINT, PROCESS_PATIENCE_MS));
	for (size_t i = 0; i < count; i++)
		assert_true(process_wait_gone(pids[i], 0));
	assert_non_null(strstr(process_log(server), "last call, draining 1"));
	assert_true(said_last(server, "leaving as 1/") > said_last(server, "leaving as 0/"));
	assert_true(said_last(server, "last call") > said_last(server, "leaving as 1/"));
	process_free(server);
}

/* How many clients the server can take now, as a guest's child sees it. */
static unsigned
capacity_now(struct crowd *crowd, unsigned number)
{
	const char *answer = crowd_ask(crowd, number, 'c');
	unsigned capacity;

	assert_non_null(answer);
	assert_int_equal(sscanf(answer, "counts %*u %*u %*u %u", &capacity), 1);
	return capacity;
}

/*
 * A child that says that it is up need not have been heard by its parent: that it gets clients is
 * seen by what the server can take.
 */
static void
wait_capacity(struct crowd *crowd, unsigned number, unsigned capacity)
{
	uint64_t deadline = clock_monotonic_ms() + PROCESS_PATIENCE_MS;

	while (capacity_now(crowd, number) != capacity)
		assert_true(clock_monotonic_ms() < deadline);
}

/* A guest of another child than that one. */
static unsigned
guest_elsewhere(struct crowd *crowd, pid_t pid)
{
	unsigned number = 0;

	while (crowd_guest(crowd, number)->pid == pid)
		number++;
	return number;
}

static void
a_killed_child_is_replaced_and_only_its_clients_are_lost(void **state UNUSED)
{
	enum { CLIENTS = 400 };
	uint16_t port;
	struct process *server = parrot_start("children=4", &port);
	struct crowd *crowd = crowd_new(port);
	unsigned victims, witness, capacity;
	uint64_t start;
	pid_t victim;
	char line[64];

	crowd_connect(crowd, CLIENTS);
	assert_true(crowd_wait_greeted(crowd, CLIENTS, PROCESS_PATIENCE_MS));
	victim = crowd_guest(crowd, 0)->pid;
	victims = crowd_with(crowd, victim);
	witness = guest_elsewhere(crowd, victim);
	capacity = capacity_now(crowd, witness);

	snprintf(line, sizeof(line), "up as 0/%u generation 2", crowd_guest(crowd, 0)->index);
	start = clock_monotonic_us();
	crowd_say(crowd, 0, 'k');
	assert_true(process_wait_line(server, line, PROCESS_PATIENCE_MS));
	print_message("a killed child was replaced in %.1f ms\n",
	    (double)(clock_monotonic_us() - start) / 1000);
	assert_null(strstr(process_log(server), "starts again in"));

	wait_capacity(crowd, witness, capacity);
	assert_true(crowd_wait_ended(crowd, victims, PROCESS_PATIENCE_MS));
	/* The new one is the emptiest, so it gets the next ones; nobody else was cut meanwhile. */
	crowd_connect(crowd, 10);
	assert_true(crowd_wait_greeted(crowd, CLIENTS - victims + 10, PROCESS_PATIENCE_MS));
	assert_int_equal(crowd_ended(crowd), victims);
	assert_int_equal(crowd_guest(crowd, CLIENTS + 9)->generation, 2);
	assert_non_null(strstr(process_log(server), "was killed by signal 9"));
	snprintf(line, sizeof(line), "last request: LOGIN; clients lost: %u", victims);
	assert_non_null(strstr(process_log(server), line));
	assert_non_null(strstr(process_log(server), "swept 0/"));
	crowd_free(crowd);
	stop_server(server);
}

/* Whether a guest's child has channels to these, as it says. */
static bool
has_peers(struct crowd *crowd, unsigned number, const char *first, const char *second)
{
	uint64_t deadline = clock_monotonic_ms() + PROCESS_PATIENCE_MS;
	const char *answer;
	bool has;

	/* Channels and clients come on ways of their own: ask until they are all there. */
	do {
		answer = crowd_ask(crowd, number, 'p');
		assert_non_null(answer);
		has = strstr(answer, first) != NULL && strstr(answer, second) != NULL;
	} while (!has && clock_monotonic_ms() < deadline);
	return has;
}

static void
members_are_linked_afresh_after_a_death(void **state UNUSED)
{
	uint16_t port;
	struct process *server = parrot_start("children=2", &port);
	struct crowd *crowd = crowd_new(port);
	unsigned first, second, capacity;
	char line[64], sibling[32];

	crowd_connect(crowd, 2);
	assert_true(crowd_wait_greeted(crowd, 2, PROCESS_PATIENCE_MS));
	first = crowd_guest(crowd, 0)->index;
	second = crowd_guest(crowd, 1)->index;
	assert_int_equal(first + second, 1);
	snprintf(sibling, sizeof(sibling), "session/%u.1", second);
	assert_true(has_peers(crowd, 0, sibling, "store/0.1"));

	capacity = capacity_now(crowd, 0);
	crowd_say(crowd, 1, 'k');
	snprintf(line, sizeof(line), "up as 0/%u generation 2", second);
	assert_true(process_wait_line(server, line, PROCESS_PATIENCE_MS));
	wait_capacity(crowd, 0, capacity);
	assert_true(crowd_wait_ended(crowd, 1, PROCESS_PATIENCE_MS));
	/* What the new one and the old one heard was sent before the next client was dealt. */
	crowd_connect(crowd, 1);
	assert_true(crowd_wait_greeted(crowd, 2, PROCESS_PATIENCE_MS));
	snprintf(sibling, sizeof(sibling), "session/%u.2", second);
	assert_true(has_peers(crowd, 0, sibling, "store/0.1"));
	assert_int_equal(crowd_guest(crowd, 2)->index, second);
	snprintf(sibling, sizeof(sibling), "session/%u.1", first);
	assert_true(has_peers(crowd, 2, sibling, "store/0.1"));
	crowd_free(crowd);
	stop_server(server);
}

static void
children_leave_when_the_parent_is_killed(void **state UNUSED)
{
	uint16_t port;
	struct process *server = parrot_start("children=3", &port);
	struct crowd *crowd = crowd_new(port);
	pid_t pids[8];
	size_t count = process_children(process_pid(server), NULL, pids, ARRAY_LEN(pids));

	assert_int_equal(count, 4);
	crowd_connect(crowd, 30);
	assert_true(crowd_wait_greeted(crowd, 30, PROCESS_PATIENCE_MS));
	kill(pids[0], SIGSTOP);
	process_signal(server, SIGKILL);
	for (size_t i = 0; i < count; i++)
		assert_true(process_wait_gone(pids[i], PROCESS_PATIENCE_MS));
	assert_true(crowd_wait_ended(crowd, 30, PROCESS_PATIENCE_MS));
	crowd_free(crowd);
	process_free(server);
}

/* 0 s, 1 s, 2 s …; and the others never notice. */
static void
who_dies_again_and_again_is_started_more_and_more_slowly(void **state UNUSED)
{
	uint16_t port;
	struct process *server = parrot_start("children=2", &port);
	struct crowd *crowd = crowd_new(port);
	uint64_t start;
	pid_t store;

	crowd_connect(crowd, 2);
	assert_true(crowd_wait_greeted(crowd, 2, PROCESS_PATIENCE_MS));
	assert_non_null(crowd_ask(crowd, 0, 'd'));
	assert_int_equal(process_children(process_pid(server), "store/0", &store, 1), 1);
	start = clock_monotonic_ms();
	kill(store, SIGKILL);
	assert_true(process_wait_line(server, "store/0 starts again in 1 s", PROCESS_PATIENCE_MS));
	assert_true(process_wait_line(server, "store/0 starts again in 2 s", PROCESS_PATIENCE_MS));
	assert_true(clock_monotonic_ms() - start >= 1000 - CLOCK_ERROR_MS);
	assert_non_null(crowd_ask(crowd, 1, 'D'));
	assert_true(process_wait_line(server, "up as 1/0 generation 4", PROCESS_PATIENCE_MS));
	assert_true(clock_monotonic_ms() - start >= 3000 - CLOCK_ERROR_MS);
	assert_int_equal(crowd_greeted(crowd), 2);
	crowd_free(crowd);
	stop_server(server);
}

static void
a_hopeless_child_ends_the_start(void **state UNUSED)
{
	char *folder = tmpdir_new(), options[256];
	struct process *server;
	int status;

	tmpdir_write(folder, "settings", "hopeless\n");
	snprintf(options, sizeof(options), "children=2 file=%s/settings", folder);
	server = parrot_spawn(options);
	assert_true(process_wait_exit(server, PROCESS_PATIENCE_MS, &status));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_non_null(strstr(process_log(server), "store/0 cannot do its work"));
	assert_null(strstr(process_log(server), "started on port"));
	process_free(server);
	tmpdir_free(folder);
}

/* The settings that a new client is greeted with. */
static const char *
settings_now(struct crowd *crowd)
{
	unsigned number = crowd_count(crowd);

	crowd_connect(crowd, 1);
	assert_true(crowd_wait_greeted(crowd, crowd_greeted(crowd) + 1, PROCESS_PATIENCE_MS));
	return crowd_guest(crowd, number)->settings;
}

static void
hup_changes_everything_or_nothing(void **state UNUSED)
{
	char *folder = tmpdir_new(), options[256];
	uint16_t port;
	struct process *server;
	struct crowd *crowd;

	tmpdir_write(folder, "settings", "one\n");
	snprintf(options, sizeof(options), "children=1 file=%s/settings", folder);
	server = parrot_start(options, &port);
	crowd = crowd_new(port);
	assert_string_equal(settings_now(crowd), "one");

	tmpdir_write(folder, "settings", "bad\n");
	process_signal(server, SIGHUP);
	assert_true(process_wait_line(server, "nothing was changed: line 1 is bad",
	    PROCESS_PATIENCE_MS));
	assert_string_equal(settings_now(crowd), "one");

	tmpdir_write(folder, "settings", "two\n");
	process_signal(server, SIGHUP);
	assert_true(process_wait_line(server, "settings were read again", PROCESS_PATIENCE_MS));
	assert_string_equal(settings_now(crowd), "two");
	assert_int_equal(crowd_guest(crowd, 2)->generation, 1);

	/* A replacement gets the same. */
	crowd_say(crowd, 0, 'k');
	assert_true(process_wait_line(server, "up as 0/0 generation 2", PROCESS_PATIENCE_MS));
	assert_true(crowd_wait_ended(crowd, 3, PROCESS_PATIENCE_MS));
	assert_string_equal(settings_now(crowd), "two");
	assert_int_equal(crowd_guest(crowd, 3)->generation, 2);
	crowd_free(crowd);
	stop_server(server);
	tmpdir_free(folder);
}

static bool
all_were_told(struct crowd *crowd, const void *of UNUSED)
{
	for (unsigned i = 0; i < crowd_count(crowd); i++)
		if (strcmp(crowd_guest(crowd, i)->line, "move") != 0)
			return false;
	return true;
}

static void
term_lets_the_clients_go_and_then_ends(void **state UNUSED)
{
	uint16_t port;
	struct process *server = parrot_start("children=3", &port);
	struct crowd *crowd = crowd_new(port);

	crowd_connect(crowd, 30);
	assert_true(crowd_wait_greeted(crowd, 30, PROCESS_PATIENCE_MS));
	process_signal(server, SIGTERM);
	assert_true(process_wait_line(server, "draining is announced with 30 clients",
	    PROCESS_PATIENCE_MS));
	assert_true(crowd_wait(crowd, all_were_told, NULL, PROCESS_PATIENCE_MS));
	assert_int_equal(crowd_ended(crowd), 0);
	/* Nobody new. */
	crowd_connect(crowd, 1);
	assert_true(crowd_wait_ended(crowd, 1, PROCESS_PATIENCE_MS));
	for (unsigned i = 0; i < 30; i++)
		crowd_drop(crowd, i);
	assert_true(process_stop(server, SIGCONT, PROCESS_PATIENCE_MS));
	assert_null(strstr(process_log(server), "not all clients have left"));
	crowd_free(crowd);
	process_free(server);
}

static void
a_drain_ends_in_time_or_by_a_second_term(void **state UNUSED)
{
	static const char *const options[] = { "children=2 drain=1", "children=2 drain=600" };

	for (unsigned i = 0; i < ARRAY_LEN(options); i++) {
		uint16_t port;
		struct process *server = parrot_start(options[i], &port);
		struct crowd *crowd = crowd_new(port);

		crowd_connect(crowd, 4);
		assert_true(crowd_wait_greeted(crowd, 4, PROCESS_PATIENCE_MS));
		process_signal(server, SIGTERM);
		assert_true(crowd_wait(crowd, all_were_told, NULL, PROCESS_PATIENCE_MS));
		assert_true(process_stop(server, i == 0 ? SIGCONT : SIGTERM, PROCESS_PATIENCE_MS));
		assert_true(crowd_wait_ended(crowd, 4, PROCESS_PATIENCE_MS));
		crowd_free(crowd);
		process_free(server);
	}
}

/* A stopped child cannot leave; it is killed when its time is over. */
static void
a_stopped_child_does_not_hold_up_the_end(void **state UNUSED)
{
	uint16_t port;
	struct process *server = parrot_start("children=2", &port);
	pid_t child;

	assert_int_equal(process_children(process_pid(server), "session/1", &child, 1), 1);
	kill(child, SIGSTOP);
	process_signal(server, SIGINT);
	assert_true(process_wait_line(server, "stopping", PROCESS_PATIENCE_MS));
	assert_true(process_stop(server, SIGINT, PROCESS_PATIENCE_MS));
	assert_true(process_wait_gone(child, 0));
	process_free(server);
}

static bool
all_heard(struct crowd *crowd, const void *of UNUSED)
{
	for (unsigned i = 0; i < crowd_count(crowd); i++)
		if (strcmp(crowd_guest(crowd, i)->line, "heard") != 0)
			return false;
	return true;
}

static void
a_service_has_frames_of_its_own(void **state UNUSED)
{
	uint16_t port;
	struct process *server = parrot_start("children=3", &port);
	struct crowd *crowd = crowd_new(port);

	crowd_connect(crowd, 6);
	assert_true(crowd_wait_greeted(crowd, 6, PROCESS_PATIENCE_MS));
	crowd_say(crowd, 0, 'a');
	assert_true(crowd_wait(crowd, all_heard, NULL, PROCESS_PATIENCE_MS));
	crowd_free(crowd);
	stop_server(server);
}

static void
usr1_opens_the_log_again(void **state UNUSED)
{
	char *folder = tmpdir_new(), *log = tmpdir_path(folder, "log");
	char *rotated = tmpdir_path(folder, "log.1"), *text, options[256];
	uint16_t port;
	struct process *server;

	snprintf(options, sizeof(options), "children=1 log=%s", log);
	server = parrot_start(options, &port);
	assert_true(process_wait_file(server, log, PROCESS_PATIENCE_MS));
	assert_int_equal(rename(log, rotated), 0);
	process_signal(server, SIGUSR1);
	/* Children log elsewhere, and have heard it, too. */
	assert_true(process_wait_line(server, "reopened", PROCESS_PATIENCE_MS));
	assert_true(process_wait_line(server, "reopened", PROCESS_PATIENCE_MS));
	assert_true(process_stop(server, SIGINT, PROCESS_PATIENCE_MS));
	text = tmpdir_read(folder, "log");
	assert_non_null(text);
	assert_non_null(strstr(text, "last call"));
	assert_null(strstr(text, "the log goes on here"));
	free(text);
	text = tmpdir_read(folder, "log.1");
	assert_non_null(strstr(text, "the log goes on here"));
	assert_null(strstr(text, "last call"));
	free(text);
	process_free(server);
	free(log);
	free(rotated);
	tmpdir_free(folder);
}

static void
a_listener_may_be_handed_in(void **state UNUSED)
{
	uint16_t port;
	struct process *server = parrot_start("children=2 inherit=1", &port);
	struct crowd *crowd = crowd_new(port);

	crowd_connect(crowd, 2);
	assert_true(crowd_wait_greeted(crowd, 2, PROCESS_PATIENCE_MS));
	crowd_free(crowd);
	stop_server(server);
}

static void
nobody_starts_a_child_by_hand(void **state UNUSED)
{
	const char *const argv[] = { "/proc/self/exe", "--member", "parrot", "session/0", "1,0",
	    "900,901,902,903", NULL };
	struct process *process = process_start("parrot", argv);
	int status;

	assert_true(process_wait_exit(process, PROCESS_PATIENCE_MS, &status));
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_non_null(strstr(process_log(process),
	    "only for processes that the server itself starts"));
	process_free(process);
}

static void
every_signal_is_in_the_table_once(void **state UNUSED)
{
	size_t count;
	const struct signal_info *table = signals_table(&count);

	for (size_t i = 0; i < count; i++) {
		assert_true(strlen(table[i].help) > 0 && strlen(table[i].word) > 0);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(table[i].number, table[j].number);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_signal_is_in_the_table_once),
		cmocka_unit_test(nobody_starts_a_child_by_hand),
		cmocka_unit_test(all_leave_after_int),
		cmocka_unit_test(a_killed_child_is_replaced_and_only_its_clients_are_lost),
		cmocka_unit_test(members_are_linked_afresh_after_a_death),
		cmocka_unit_test(children_leave_when_the_parent_is_killed),
		cmocka_unit_test(who_dies_again_and_again_is_started_more_and_more_slowly),
		cmocka_unit_test(a_hopeless_child_ends_the_start),
		cmocka_unit_test(hup_changes_everything_or_nothing),
		cmocka_unit_test(term_lets_the_clients_go_and_then_ends),
		cmocka_unit_test(a_drain_ends_in_time_or_by_a_second_term),
		cmocka_unit_test(a_stopped_child_does_not_hold_up_the_end),
		cmocka_unit_test(a_service_has_frames_of_its_own),
		cmocka_unit_test(usr1_opens_the_log_again),
		cmocka_unit_test(a_listener_may_be_handed_in),
	};

	parrot_enter(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
