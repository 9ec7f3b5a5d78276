/* SPDX-License-Identifier: ISC */
/*
 * The table of work servers: who is in it and for how long, also when its writers are killed or
 * stopped at any moment.
 */

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/route/nodes.h"
#include "shared/clock.h"
#include "shared/compiler.h"
#include "tests/support/process.h"

enum { DEAD_MS = 30000 };

static int
set_up(void **state)
{
	*state = mmap(NULL, nodes_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	    0);
	return *state == MAP_FAILED ? -1 : 0;
}

static int
tear_down(void **state)
{
	return munmap(*state, nodes_size());
}

static struct node_report
report_of(uint64_t server, const char *host, uint32_t sessions)
{
	struct node_report report = {
		.server = server, .sessions = sessions, .capacity = 1000, .port = 7401,
		    .state = NODE_UP,
	};

	snprintf(report.host, sizeof report.host, "%s", host);
	return report;
}

static struct nodes_writer
writer_of(struct nodes *nodes, uint32_t child, uint32_t generation)
{
	return (struct nodes_writer){ .nodes = nodes, .child = child, .generation = generation };
}

static size_t
count_alive(struct nodes *nodes, uint64_t now_ms)
{
	struct node node;
	size_t count = 0;

	for (unsigned slot = 0; slot < NODES_MAX; slot++)
		count += nodes_read(nodes, slot, now_ms, DEAD_MS, &node);
	return count;
}

static void
zeroed_memory_is_empty(void **state)
{
	assert_int_equal(count_alive(*state, 1), 0);
}

static void
a_report_is_read_as_written(void **state)
{
	struct nodes_writer writer = writer_of(*state, 3, 1);
	struct node_report report = report_of(7, "a.example", 12);
	struct node_ticket ticket = { 0 };
	struct node node;

	report.pin[31] = 0xfe;
	assert_int_equal(nodes_report(&writer, &ticket, &report, 1000), STATUS_OK);
	assert_true(nodes_read(*state, ticket.slot, 1000, DEAD_MS, &node));
	assert_memory_equal(&node.report, &report, sizeof report);
	assert_int_equal(node.handed_out, 0);
	assert_int_equal(count_alive(*state, 1000), 1);
	nodes_withdraw(*state, &ticket);
	assert_int_equal(count_alive(*state, 1000), 0);
	nodes_withdraw(*state, &ticket);
}

static void
handouts_count_since_the_report(void **state)
{
	struct nodes_writer writer = writer_of(*state, 0, 1);
	struct node_report report = report_of(7, "a", 12);
	struct node_ticket ticket = { 0 };
	struct node node;

	nodes_report(&writer, &ticket, &report, 1000);
	nodes_count_handout(*state, ticket.slot);
	nodes_count_handout(*state, ticket.slot);
	assert_true(nodes_read(*state, ticket.slot, 1000, DEAD_MS, &node));
	assert_int_equal(node.handed_out, 2);
	nodes_report(&writer, &ticket, &report, 1001);
	assert_true(nodes_read(*state, ticket.slot, 1001, DEAD_MS, &node));
	assert_int_equal(node.handed_out, 0);
	nodes_withdraw(*state, &ticket);
}

static void
silence_is_death(void **state)
{
	struct nodes_writer writer = writer_of(*state, 0, 1);
	struct node_report report = report_of(7, "a", 12);
	struct node_ticket ticket = { 0 };

	nodes_report(&writer, &ticket, &report, 1000);
	assert_int_equal(count_alive(*state, 1000 + DEAD_MS - 1), 1);
	assert_int_equal(count_alive(*state, 1000 + DEAD_MS), 0);
	nodes_report(&writer, &ticket, &report, 1000 + DEAD_MS);
	assert_int_equal(count_alive(*state, 1000 + DEAD_MS), 1);
	nodes_withdraw(*state, &ticket);
}

/*
 * Two connections of one work server: the younger one counts, and neither of them takes the
 * other's entry away.
 */
static void
a_second_connection_takes_over(void **state)
{
	struct nodes_writer old_child = writer_of(*state, 0, 1),
	    new_child = writer_of(*state, 1, 1);
	struct node_report report = report_of(7, "a", 12);
	struct node_ticket old_ticket = { 0 }, new_ticket = { 0 };
	struct node node;

	nodes_report(&old_child, &old_ticket, &report, 1000);
	report.sessions = 13;
	nodes_report(&new_child, &new_ticket, &report, 2000);
	assert_int_equal(count_alive(*state, 2000), 1);
	assert_true(nodes_read(*state, new_ticket.slot, 2000, DEAD_MS, &node));
	assert_int_equal(node.report.sessions, 13);

	nodes_withdraw(*state, &old_ticket);
	assert_int_equal(count_alive(*state, 2000), 1);

	nodes_report(&old_child, &old_ticket, &report, 3000);
	assert_int_equal(count_alive(*state, 3000), 1);
	assert_true(nodes_read(*state, old_ticket.slot, 3000, DEAD_MS, &node));
	nodes_report(&new_child, &new_ticket, &report, 4000);
	assert_int_equal(count_alive(*state, 4000), 1);
	nodes_withdraw(*state, &new_ticket);
	assert_int_equal(count_alive(*state, 4000), 0);
	nodes_withdraw(*state, &old_ticket);
}

/*
 * Same address and key, another start: the old start is over. Same address under another key:
 * somebody else.
 */
static void
a_restarted_work_server_replaces_itself(void **state)
{
	struct nodes_writer child = writer_of(*state, 0, 1);
	struct node_report first = report_of(7, "a", 1), again = report_of(8, "a", 2),
	    other = report_of(9, "a", 3);
	struct node_ticket tickets[3] = { 0 };
	struct node node;

	nodes_report(&child, &tickets[0], &first, 1000);
	nodes_report(&child, &tickets[1], &again, 1000);
	assert_false(nodes_read(*state, tickets[0].slot, 1000, DEAD_MS, &node));
	other.pin[0] = 1;
	nodes_report(&child, &tickets[2], &other, 1000);
	assert_int_equal(count_alive(*state, 1000), 2);
	for (int i = 0; i < 3; i++)
		nodes_withdraw(*state, &tickets[i]);
	assert_int_equal(count_alive(*state, 1000), 0);
}

static void
a_dead_child_leaves_its_entries_for_a_grace(void **state)
{
	struct nodes_writer dead = writer_of(*state, 0, 1), next = writer_of(*state, 0, 2),
	    other = writer_of(*state, 1, 1);
	struct node_report one = report_of(1, "a", 1), two = report_of(2, "b", 1),
	    three = report_of(3, "c", 1);
	struct node_ticket left[2] = { 0 }, kept = { 0 }, again = { 0 };

	nodes_report(&dead, &left[0], &one, 1000);
	nodes_report(&dead, &left[1], &two, 1000);
	nodes_report(&other, &kept, &three, 1000);
	nodes_orphan(*state, 0, 1, 2000);
	assert_int_equal(count_alive(*state, 2000), 3);

	nodes_report(&next, &again, &one, 3000);
	assert_int_equal(count_alive(*state, 3000), 3);
	assert_int_equal(count_alive(*state, 2000 + NODES_GRACE_MS), 2);

	/* Twice is like once, and the younger generation is not meant. */
	nodes_orphan(*state, 0, 1, 9000);
	assert_int_equal(count_alive(*state, 2000 + NODES_GRACE_MS), 2);
	nodes_withdraw(*state, &again);
	nodes_withdraw(*state, &kept);
	assert_int_equal(count_alive(*state, 2000), 1);
}

static void
a_full_table_refuses_and_recovers(void **state)
{
	struct nodes_writer child = writer_of(*state, 0, 1), next = writer_of(*state, 0, 2);
	struct node_ticket tickets[NODES_MAX + 1] = { 0 };
	struct node_report report;

	for (unsigned i = 0; i < NODES_MAX; i++) {
		report = report_of(i, "a", 0);
		report.port = (uint16_t)(1 + i);
		assert_int_equal(nodes_report(&child, &tickets[i], &report, 1000), STATUS_OK);
	}
	report = report_of(NODES_MAX, "b", 0);
	assert_int_equal(nodes_report(&child, &tickets[NODES_MAX], &report, 1000), STATUS_FULL);
	assert_int_equal(count_alive(*state, 1000), NODES_MAX);

	nodes_orphan(*state, 0, 1, 2000);
	assert_int_equal(nodes_report(&next, &tickets[NODES_MAX], &report, 2000), STATUS_FULL);
	assert_int_equal(nodes_report(&next, &tickets[NODES_MAX], &report,
	    2000 + NODES_GRACE_MS), STATUS_OK);
	nodes_withdraw(*state, &tickets[NODES_MAX]);
}

/* --- writers that are killed ---------------------------------------------- */

enum { STORM_WRITERS = 4, STORM_SERVERS = 8, STORM_KILLS = 200 };

/* Every field of a report follows from one number, so a mixture of two reports shows. */
static struct node_report
report_of_number(uint64_t server, uint32_t number)
{
	struct node_report report = { .server = server, .sessions = number, .capacity = ~number,
		.port = (uint16_t)number, .state = NODE_UP };

	memset(report.pin, (int)(server & 0xff), sizeof report.pin);
	memset(report.host, 'a' + (int)(number % 26), NODE_HOST_MAX);
	return report;
}

/*
 * A child that reports for some work servers, all of them as fast as it can, with their
 * connections coming and going.
 */
static void NO_RETURN
write_for_ever(struct nodes *nodes, uint32_t child, uint32_t generation)
{
	struct nodes_writer writer = writer_of(nodes, child, generation);
	struct node_ticket tickets[STORM_SERVERS] = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (uint32_t number = 1;; number++) {
		unsigned which = number % STORM_SERVERS;
		struct node_report report = report_of_number(child * STORM_SERVERS + which, number);

		nodes_report(&writer, &tickets[which], &report, 1000);
		if (number % 29 == 0)
			nodes_withdraw(nodes, &tickets[which]);
	}
}

static pid_t
start_writer(struct nodes *nodes, uint32_t child, uint32_t generation)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		write_for_ever(nodes, child, generation);
	return pid;
}

/* Looks at every entry as a reader does; returns how many are alive. */
static size_t
check_all(struct nodes *nodes, uint64_t now_ms)
{
	size_t alive = 0;
	struct node node;

	for (unsigned slot = 0; slot < NODES_MAX; slot++) {
		struct node_report whole;

		if (!nodes_read(nodes, slot, now_ms, DEAD_MS, &node))
			continue;
		alive++;
		whole = report_of_number(node.report.server, node.report.sessions);
		assert_memory_equal(&node.report, &whole, sizeof whole);
	}
	return alive;
}

/* Until a reader has seen the report of each of this child's work servers move: it is at work. */
static void
wait_for_writer(struct nodes *nodes, uint32_t child, uint64_t now_ms)
{
	uint64_t deadline = clock_monotonic_ms() + PROCESS_PATIENCE_MS;
	uint32_t first[STORM_SERVERS] = { 0 };
	unsigned moved = 0;
	struct node node;

	while (moved != (1u << STORM_SERVERS) - 1) {
		assert_true(clock_monotonic_ms() < deadline);
		for (unsigned slot = 0; slot < NODES_MAX; slot++) {
			unsigned which;

			if (!nodes_read(nodes, slot, now_ms, DEAD_MS, &node) ||
			    node.report.server / STORM_SERVERS != child)
				continue;
			which = node.report.server % STORM_SERVERS;
			if (first[which] == 0)
				first[which] = node.report.sessions;
			else if (first[which] != node.report.sessions)
				moved |= 1u << which;
		}
	}
}

static void
writers_may_be_killed_at_any_instruction(void **state)
{
	pid_t pids[STORM_WRITERS];
	uint32_t generations[STORM_WRITERS];

	for (uint32_t i = 0; i < STORM_WRITERS; i++)
		pids[i] = start_writer(*state, i, generations[i] = 1);
	for (uint32_t kill_no = 0; kill_no < STORM_KILLS; kill_no++) {
		uint32_t child = kill_no % STORM_WRITERS;

		wait_for_writer(*state, child, 1000);
		check_all(*state, 1000);
		kill(pids[child], SIGKILL);
		assert_int_equal(waitpid(pids[child], NULL, 0), pids[child]);
		nodes_orphan(*state, child, generations[child], 1000);
		pids[child] = start_writer(*state, child, ++generations[child]);
	}
	for (uint32_t i = 0; i < STORM_WRITERS; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
		nodes_orphan(*state, i, generations[i], 1000);
	}
	/* What the last ones left is whole, and after the grace nothing is left at all. */
	assert_in_range(check_all(*state, 1000), 1, NODES_MAX);
	assert_int_equal(check_all(*state, 1000 + NODES_GRACE_MS), 0);
}

static void
stopped_writers_block_nobody(void **state)
{
	struct nodes_writer other = writer_of(*state, 100, 1);
	struct node_ticket ticket = { 0 };

	for (uint32_t round = 0; round < 50; round++) {
		pid_t pid = start_writer(*state, 0, round + 1);
		struct node_report report = report_of_number(4095, round);

		wait_for_writer(*state, 0, 1000);
		kill(pid, SIGSTOP);
		assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
		/*
		 * One may have withdrawn, one may stand there twice, and there is the other
		 * child's.
		 */
		assert_in_range(check_all(*state, 1000), STORM_SERVERS - 1, STORM_SERVERS + 2);
		assert_int_equal(nodes_report(&other, &ticket, &report, 1000), STATUS_OK);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		nodes_orphan(*state, 0, round + 1, 1000);
	}
	nodes_withdraw(*state, &ticket);
	check_all(*state, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(zeroed_memory_is_empty, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_report_is_read_as_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(handouts_count_since_the_report, set_up, tear_down),
		cmocka_unit_test_setup_teardown(silence_is_death, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_second_connection_takes_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_restarted_work_server_replaces_itself, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(a_dead_child_leaves_its_entries_for_a_grace,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_table_refuses_and_recovers, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(writers_may_be_killed_at_any_instruction, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(stopped_writers_block_nobody, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
