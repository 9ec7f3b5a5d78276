/* SPDX-License-Identifier: ISC */
/* How connections are dealt to children, and what faults do to that, with real processes. */

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/clock.h"
#include "shared/compiler.h"
#include "tests/support/crowd.h"
#include "tests/support/parrot.h"
#include "tests/support/process.h"

enum { CHILDREN_MAX = 8 };

static void
stop_server(struct process *server, struct crowd *crowd)
{
	crowd_free(crowd);
	assert_true(process_stop(server, SIGINT, PROCESS_PATIENCE_MS));
	process_free(server);
}

static void
connect_greeted(struct crowd *crowd, unsigned count)
{
	unsigned before = crowd_greeted(crowd);

	crowd_connect(crowd, count);
	assert_true(crowd_wait_greeted(crowd, before + count, PROCESS_PATIENCE_MS));
}

/* The fewest and the most clients that a session child of this server has. */
static void
count_clients(struct process *server, struct crowd *crowd, unsigned children, unsigned *fewest,
    unsigned *most)
{
	pid_t pids[CHILDREN_MAX];

	assert_int_equal(process_children(process_pid(server), "session/", pids, ARRAY_LEN(pids)),
	    children);
	*fewest = UINT32_MAX;
	*most = 0;
	for (unsigned i = 0; i < children; i++) {
		unsigned count = crowd_with(crowd, pids[i]);

		*fewest = count < *fewest ? count : *fewest;
		*most = count > *most ? count : *most;
	}
}

/* Microseconds of processor time that a process has used. */
static uint64_t
cpu_time(pid_t pid)
{
	char path[64], stat[1024];
	unsigned long user, system;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(stat, sizeof(stat), file));
	fclose(file);
	assert_int_equal(sscanf(strrchr(stat, ')') + 1,
	    " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system), 2);
	return (user + system) * 1000000 / (unsigned long)sysconf(_SC_CLK_TCK);
}

/*
 * How even a storm is dealt depends on how often each child comes to its turn on this machine.
 * What follows evens it out: nobody gets a client while another has fewer.
 */
static void
even_out(struct process *server, struct crowd *crowd, unsigned children)
{
	unsigned fewest, most, rest;

	count_clients(server, crowd, children, &fewest, &most);
	for (rest = most * children - crowd_greeted(crowd); rest > 0;) {
		unsigned some = rest < 20 ? rest : 20;

		connect_greeted(crowd, some);
		rest -= some;
	}
	count_clients(server, crowd, children, &fewest, &most);
	/* But for a machine so busy that a child did not come to its turn for a second. */
	if (strstr(process_log(server), "does not take clients") == NULL)
		assert_int_equal(most, fewest);
}

static void
ten_thousand_at_once_are_all_dealt_evenly(void **state UNUSED)
{
	enum { CLIENTS = 10000, CHILDREN = 4 };
	uint16_t port;
	struct process *server = parrot_start("children=4", &port);
	struct crowd *crowd = crowd_new(port);
	uint64_t start = clock_monotonic_us(), took;
	unsigned fewest, most;

	crowd_connect(crowd, CLIENTS);
	assert_true(crowd_wait_greeted(crowd, CLIENTS, 2 * PROCESS_PATIENCE_MS));
	took = clock_monotonic_us() - start;
	count_clients(server, crowd, CHILDREN, &fewest, &most);
	print_message("%u connections at once: all greeted in %.2f s, %u to %u a child, "
	    "parent %.1f us each\n", CLIENTS, (double)took / 1e6, fewest, most,
	    (double)cpu_time(process_pid(server)) / CLIENTS);
	assert_int_equal(crowd_ended(crowd), 0);
	even_out(server, crowd, CHILDREN);
	stop_server(server, crowd);
}

/* Who leaves makes room where he was: the next ones go there. */
static void
the_emptiest_child_gets_the_next(void **state UNUSED)
{
	uint16_t port;
	struct process *server = parrot_start("children=3", &port);
	struct crowd *crowd = crowd_new(port);
	unsigned fewest, most, left = 0;
	pid_t emptied;

	connect_greeted(crowd, 90);
	count_clients(server, crowd, 3, &fewest, &most);
	assert_int_equal(fewest, 30);
	assert_int_equal(most, 30);
	emptied = crowd_guest(crowd, 0)->pid;
	for (unsigned i = 0; i < 90; i++) {
		if (crowd_guest(crowd, i)->pid != emptied)
			continue;
		crowd_drop(crowd, i);
		left++;
	}
	assert_int_equal(left, 30);
	/* That they are gone is seen by the count that everybody shares. */
	for (unsigned i = 0; i < 90; i++) {
		const char *answer;
		unsigned sessions;

		if (crowd_guest(crowd, i)->pid == emptied)
			continue;
		do {
			answer = crowd_ask(crowd, i, 'c');
			assert_non_null(answer);
			assert_int_equal(sscanf(answer, "counts %*u %*u %*u %*u %u", &sessions), 1);
		} while (sessions != 60);
		break;
	}
	connect_greeted(crowd, 30);
	for (unsigned i = 90; i < 120; i++)
		assert_int_equal(crowd_guest(crowd, i)->pid, emptied);
	stop_server(server, crowd);
}

/* One client of a child other than "pid". */
static unsigned
somebody_elsewhere(struct crowd *crowd, pid_t pid)
{
	unsigned i = 0;

	while (crowd_guest(crowd, i)->pid == pid || !crowd_guest(crowd, i)->is_greeted)
		i++;
	return i;
}

/* What it was given before anybody noticed goes to the others, and it does not take it later. */
static void
a_stopped_child_keeps_nobody_waiting(void **state UNUSED)
{
	uint16_t port;
	struct process *server = parrot_start("children=2 clients=1000", &port);
	struct crowd *crowd = crowd_new(port);
	unsigned capacity, sessions;
	pid_t stopped;

	connect_greeted(crowd, 20);
	stopped = crowd_guest(crowd, 0)->pid;
	kill(stopped, SIGSTOP);
	connect_greeted(crowd, 10);
	assert_true(process_wait_line(server, "does not take clients", PROCESS_PATIENCE_MS));
	assert_int_equal(crowd_with(crowd, stopped), 10);

	/* Everybody from now on goes to the other one, however many it has already. */
	connect_greeted(crowd, 100);
	assert_int_equal(crowd_with(crowd, stopped), 10);
	assert_int_equal(sscanf(crowd_ask(crowd, somebody_elsewhere(crowd, stopped), 'c'),
	    "counts %*u %*u %*u %u %u", &capacity, &sessions), 2);
	assert_int_equal(capacity, 1000);
	assert_int_equal(sessions, 130);

	kill(stopped, SIGCONT);
	assert_true(process_wait_line(server, "takes clients again", PROCESS_PATIENCE_MS));
	connect_greeted(crowd, 50);
	assert_int_equal(crowd_with(crowd, stopped), 60);
	assert_int_equal(sscanf(crowd_ask(crowd, 0, 'c'), "counts %*u %*u %*u %*u %u", &sessions),
	    1);
	assert_int_equal(sessions, 180);
	assert_int_equal(crowd_ended(crowd), 0);
	stop_server(server, crowd);
}

/* Nobody notices the death of a child that had not come to look at them. */
static void
a_killed_child_loses_only_whom_it_had_taken(void **state UNUSED)
{
	uint16_t port;
	struct process *server = parrot_start("children=2", &port);
	struct crowd *crowd = crowd_new(port);
	unsigned others;
	pid_t killed;

	connect_greeted(crowd, 20);
	killed = crowd_guest(crowd, 0)->pid;
	kill(killed, SIGSTOP);
	crowd_connect(crowd, 40);
	/* So it has been given some. */
	do
		assert_int_equal(sscanf(crowd_ask(crowd, somebody_elsewhere(crowd, killed), 'c'),
		    "counts %*u %*u %*u %*u %u", &others), 1);
	while (others != 60);
	kill(killed, SIGKILL);
	assert_true(crowd_wait_ended(crowd, 10, PROCESS_PATIENCE_MS));
	assert_true(crowd_wait_greeted(crowd, 50, PROCESS_PATIENCE_MS));
	assert_int_equal(crowd_ended(crowd), 10);
	assert_true(process_wait_line(server, "clients lost: 10", PROCESS_PATIENCE_MS));
	stop_server(server, crowd);
}

/* Everybody is greeted by a child that lives, or lost. */
static bool
are_settled(struct crowd *crowd, const void *of)
{
	const pid_t *killed = of;

	return crowd_greeted(crowd) + crowd_ended(crowd) == crowd_count(crowd) &&
	    crowd_with(crowd, *killed) == 0;
}

/* A flood while one child is stopped and another is killed: only whom that one had taken suffers. */
static void
a_flood_with_one_stopped_and_one_killed(void **state UNUSED)
{
	enum { CLIENTS = 3000 };
	uint16_t port;
	struct process *server = parrot_start("children=3", &port);
	struct crowd *crowd = crowd_new(port);
	pid_t pids[CHILDREN_MAX];

	assert_int_equal(process_children(process_pid(server), "session/", pids, ARRAY_LEN(pids)),
	    3);
	kill(pids[0], SIGSTOP);
	crowd_connect(crowd, CLIENTS / 2);
	kill(pids[1], SIGKILL);
	crowd_connect(crowd, CLIENTS / 2);
	assert_true(process_wait_said(server, "generation 2", PROCESS_PATIENCE_MS));
	assert_true(process_wait_said(server, "does not take clients", PROCESS_PATIENCE_MS));
	kill(pids[0], SIGCONT);
	assert_true(crowd_wait(crowd, are_settled, &pids[1], PROCESS_PATIENCE_MS));
	print_message("a flood of %u: %u lost with a killed child\n", CLIENTS, crowd_ended(crowd));
	assert_true(crowd_ended(crowd) < CLIENTS / 2);
	connect_greeted(crowd, 10);
	stop_server(server, crowd);
}

static void
who_finds_it_full_is_closed_and_counted(void **state UNUSED)
{
	uint16_t port;
	struct process *server = parrot_start("children=2 clients=3", &port);
	struct crowd *crowd = crowd_new(port);
	unsigned refused, capacity, sessions;
	const char *answer;

	connect_greeted(crowd, 6);
	crowd_connect(crowd, 4);
	assert_true(crowd_wait_ended(crowd, 4, PROCESS_PATIENCE_MS));
	assert_int_equal(crowd_greeted(crowd), 6);
	answer = crowd_ask(crowd, 0, 'c');
	assert_non_null(answer);
	assert_int_equal(sscanf(answer, "counts %*u %u %*u %u %u", &refused, &capacity,
	    &sessions), 3);
	assert_int_equal(refused, 4);
	assert_int_equal(capacity, 6);
	assert_int_equal(sessions, 6);
	crowd_drop(crowd, 3);
	do
		assert_int_equal(sscanf(crowd_ask(crowd, 0, 'c'), "counts %*u %*u %*u %*u %u",
		    &sessions), 1);
	while (sessions != 5);
	connect_greeted(crowd, 1);
	stop_server(server, crowd);
}

/* Nobody said how many clients a child may have: so it is what its descriptors allow. */
static void
capacity_follows_from_descriptors(void **state UNUSED)
{
	enum { LIMIT = 200 };
	uint16_t port;
	struct process *server = parrot_start("children=2 descriptors=200", &port);
	struct crowd *crowd = crowd_new(port);
	unsigned capacity;

	connect_greeted(crowd, 1);
	assert_int_equal(sscanf(crowd_ask(crowd, 0, 'c'), "counts %*u %*u %*u %u", &capacity), 1);
	assert_in_range(capacity, LIMIT, 2 * LIMIT - 100);
	connect_greeted(crowd, capacity - 1);
	crowd_connect(crowd, 5);
	assert_true(crowd_wait_ended(crowd, 5, PROCESS_PATIENCE_MS));
	assert_int_equal(crowd_greeted(crowd), capacity);
	stop_server(server, crowd);
}

/* The lowest descriptor that a process does not use. */
static unsigned
first_free_descriptor(pid_t pid)
{
	char path[64], target[64];

	for (unsigned fd = 0;; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%u", pid, fd);
		if (readlink(path, target, sizeof(target)) < 0)
			return fd;
	}
}

static void
limit_descriptors(pid_t pid, rlim_t soft)
{
	struct rlimit limit;

	assert_int_equal(prlimit(pid, RLIMIT_NOFILE, NULL, &limit), 0);
	limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
	assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &limit, NULL), 0);
}

static void
a_parent_without_descriptors_goes_on_when_it_has_some(void **state UNUSED)
{
	uint16_t port;
	struct process *server = parrot_start("children=2", &port);
	struct crowd *crowd = crowd_new(port);
	unsigned first = first_free_descriptor(process_pid(server));

	connect_greeted(crowd, 10);
	/* It keeps a client's descriptor until it has seen that a child took the client. */
	while (first_free_descriptor(process_pid(server)) != first)
		assert_non_null(crowd_ask(crowd, 0, 'c'));
	limit_descriptors(process_pid(server), first);
	crowd_connect(crowd, 3);
	assert_true(process_wait_line(server, "out of descriptors", PROCESS_PATIENCE_MS));
	/* The spare one serves to tell them, one after the other. */
	assert_true(crowd_wait_ended(crowd, 3, PROCESS_PATIENCE_MS));
	assert_int_equal(crowd_greeted(crowd), 10);
	limit_descriptors(process_pid(server), RLIM_INFINITY);
	connect_greeted(crowd, 20);
	assert_int_equal(crowd_ended(crowd), 3);
	stop_server(server, crowd);
}

/* A child whose descriptors ran out loses the client, counts it, and lives on. */
static void
a_child_without_descriptors_goes_on(void **state UNUSED)
{
	uint16_t port;
	struct process *server = parrot_start("children=1", &port);
	struct crowd *crowd = crowd_new(port);
	pid_t child;

	connect_greeted(crowd, 10);
	child = crowd_guest(crowd, 0)->pid;
	limit_descriptors(child, first_free_descriptor(child));
	crowd_connect(crowd, 3);
	assert_true(crowd_wait_ended(crowd, 3, PROCESS_PATIENCE_MS));
	limit_descriptors(child, RLIM_INFINITY);
	connect_greeted(crowd, 20);
	assert_int_equal(crowd_guest(crowd, 32)->generation, 1);
	stop_server(server, crowd);
}

/* A parent that cannot make a channel for a replacement tries again until it can. */
static void
a_replacement_waits_for_descriptors(void **state UNUSED)
{
	uint16_t port;
	struct process *server = parrot_start("children=2", &port);
	struct crowd *crowd = crowd_new(port);
	pid_t pids[CHILDREN_MAX];

	assert_int_equal(process_children(process_pid(server), "session/", pids, ARRAY_LEN(pids)),
	    2);
	limit_descriptors(process_pid(server), 3);
	kill(pids[0], SIGKILL);
	assert_true(process_wait_line(server, "cannot be started", PROCESS_PATIENCE_MS));
	limit_descriptors(process_pid(server), RLIM_INFINITY);
	assert_true(process_wait_line(server, "up as 0/", PROCESS_PATIENCE_MS));
	connect_greeted(crowd, 10);
	stop_server(server, crowd);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_thousand_at_once_are_all_dealt_evenly),
		cmocka_unit_test(the_emptiest_child_gets_the_next),
		cmocka_unit_test(a_stopped_child_keeps_nobody_waiting),
		cmocka_unit_test(a_killed_child_loses_only_whom_it_had_taken),
		cmocka_unit_test(a_flood_with_one_stopped_and_one_killed),
		cmocka_unit_test(who_finds_it_full_is_closed_and_counted),
		cmocka_unit_test(capacity_follows_from_descriptors),
		cmocka_unit_test(a_parent_without_descriptors_goes_on_when_it_has_some),
		cmocka_unit_test(a_child_without_descriptors_goes_on),
		cmocka_unit_test(a_replacement_waits_for_descriptors),
	};

	parrot_enter(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
