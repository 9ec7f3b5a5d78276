/* SPDX-License-Identifier: ISC */
/* Which work servers a client is told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/route/choice.h"
#include "shared/compiler.h"

enum { NOW = 100000, DEAD_MS = 30000 };

struct row {
	const char *host;	/* NULL: no row */
	uint32_t sessions;
	uint32_t capacity;
	uint32_t handed_out;
	uint8_t state;
	bool is_silent;
};

struct table {
	struct nodes *nodes;
	struct node_ticket tickets[8];
};

static void
fill(struct table *table, const struct row *rows, size_t count)
{
	struct nodes_writer writer = { .generation = 1 };

	assert_int_equal(posix_memalign((void **)&writer.nodes, 4096, nodes_size()), 0);
	memset(writer.nodes, 0, nodes_size());
	*table = (struct table){ .nodes = writer.nodes };
	for (size_t i = 0; i < count && rows[i].host != NULL; i++) {
		struct node_report report = {
			.server = i, .sessions = rows[i].sessions, .capacity = rows[i].capacity,
			.port = 7401, .state = rows[i].state,
		};

		snprintf(report.host, sizeof report.host, "%s", rows[i].host);
		assert_int_equal(nodes_report(&writer, &table->tickets[i], &report,
		    rows[i].is_silent ? NOW - DEAD_MS : NOW), STATUS_OK);
		for (uint32_t given = 0; given < rows[i].handed_out; given++)
			nodes_count_handout(table->nodes, table->tickets[i].slot);
	}
}

/* "a b c": hosts in the order in which a client would get them. */
static const char *
hosts_of(const struct choice *choice)
{
	static char line[CHOICE_MAX * 8];

	line[0] = '\0';
	for (size_t i = 0; i < choice->count; i++)
		snprintf(line + strlen(line), sizeof line - strlen(line), "%s%s", i > 0 ? " " : "",
		    choice->nodes[i].report.host);
	return line;
}

static const struct {
	const char *what;
	struct row rows[5];
	const char *hosts;
	size_t alive;
} cases[] = {
	{ "nobody", { { 0 } }, "", 0 },
	{ "one", { { "a", 5, 10, 0, NODE_UP, false } }, "a", 1 },
	{ "by sessions", { { "a", 5, 10, 0, NODE_UP, false },
	    { "b", 4, 10, 0, NODE_UP, false } }, "b a", 2 },
	{ "by share, not by number",
	  { { "a", 5, 10, 0, NODE_UP, false }, { "b", 40, 100, 0, NODE_UP, false } }, "b a", 2 },
	{ "hand-outs count like sessions",
	  { { "a", 4, 10, 2, NODE_UP, false }, { "b", 5, 10, 0, NODE_UP, false } }, "b a", 2 },
	{ "three of four",
	  { { "a", 9, 10, 0, NODE_UP, false }, { "b", 7, 10, 0, NODE_UP, false },
	    { "c", 8, 10, 0, NODE_UP, false }, { "d", 6, 10, 0, NODE_UP, false } }, "d b c", 4 },
	{ "draining ones live, but take nobody",
	  { { "a", 0, 10, 0, NODE_DRAINING, false }, { "b", 9, 10, 0, NODE_UP, false } }, "b", 2 },
	{ "nor full ones", { { "a", 10, 10, 0, NODE_UP, false },
	    { "b", 11, 10, 0, NODE_UP, false } }, "", 2 },
	{ "nor those without room at all", { { "a", 0, 0, 0, NODE_UP, false } }, "", 1 },
	{ "a crowd that may never come makes nobody full",
	  { { "a", 9, 10, 500, NODE_UP, false } }, "a", 1 },
	{ "a state from a newer version", { { "a", 0, 10, 0, 9, false } }, "", 1 },
	{ "the silent are dead",
	  { { "a", 0, 10, 0, NODE_UP, true }, { "b", 9, 10, 0, NODE_UP, false } }, "b", 1 },
	{ "large numbers",
	  { { "a", UINT32_MAX - 1, UINT32_MAX, 9, NODE_UP, false },
	    { "b", UINT32_MAX - 1, UINT32_MAX, 8, NODE_UP, false } }, "b a", 2 },
};

static void
order_follows_load(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct table table;
		struct choice choice;
		uint64_t random = i;

		fill(&table, cases[i].rows, ARRAY_LEN(cases[i].rows));
		choice_make(table.nodes, NOW, DEAD_MS, &random, &choice);
		if (strcmp(hosts_of(&choice), cases[i].hosts) != 0 ||
		    choice.alive != cases[i].alive)
			fail_msg("%s: \"%s\", %zu alive", cases[i].what, hosts_of(&choice),
			    choice.alive);
		free(table.nodes);
	}
}

static void
ties_are_random(void **state UNUSED)
{
	const struct row rows[] = {
		{ "a", 5, 10, 0, NODE_UP, false }, { "b", 50, 100, 0, NODE_UP, false },
		{ "c", 1, 2, 0, NODE_UP, false }, { "d", 5, 10, 0, NODE_UP, false },
	};
	unsigned first[4] = { 0 }, missing[4];
	uint64_t random = 1;
	struct table table;

	fill(&table, rows, ARRAY_LEN(rows));
	for (size_t i = 0; i < ARRAY_LEN(missing); i++)
		missing[i] = 4000;
	for (int turn = 0; turn < 4000; turn++) {
		struct choice choice;

		choice_make(table.nodes, NOW, DEAD_MS, &random, &choice);
		assert_int_equal(choice.count, CHOICE_MAX);
		first[choice.nodes[0].report.host[0] - 'a']++;
		for (size_t i = 0; i < choice.count; i++)
			missing[choice.nodes[i].report.host[0] - 'a']--;
	}
	/* 1000 each on average; five standard deviations are 137. */
	for (size_t i = 0; i < 4; i++) {
		assert_in_range(first[i], 860, 1140);
		assert_in_range(missing[i], 860, 1140);
	}
	free(table.nodes);
}

/*
 * A thousand clients between two reports: they spread in proportion to what the servers can
 * hold.
 */
static void
a_crowd_is_spread(void **state UNUSED)
{
	const struct row rows[] = {
		{ "a", 0, 1000, 0, NODE_UP, false }, { "b", 0, 3000, 0, NODE_UP, false },
		{ "c", 0, 6000, 0, NODE_UP, false }, { "d", 5000, 10000, 0, NODE_UP, false },
	};
	const unsigned expected[] = { 100, 300, 600, 0 };
	unsigned got[4] = { 0 };
	uint64_t random = 1;
	struct table table;

	fill(&table, rows, ARRAY_LEN(rows));
	for (int client = 0; client < 1000; client++) {
		struct choice choice;

		choice_make(table.nodes, NOW, DEAD_MS, &random, &choice);
		nodes_count_handout(table.nodes, choice.nodes[0].slot);
		got[choice.nodes[0].report.host[0] - 'a']++;
	}
	for (size_t i = 0; i < 4; i++)
		assert_in_range(got[i] + 2, expected[i], expected[i] + 4);
	free(table.nodes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_follows_load),
		cmocka_unit_test(ties_are_random),
		cmocka_unit_test(a_crowd_is_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
