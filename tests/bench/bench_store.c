/* SPDX-License-Identifier: ISC */
/*
 * How fast the store is: accounts and logins through a store process as session children ask
 * it, and pages of a directory of a million accounts. No pass and no fail, only figures: make
 * tests/bench/bench_store && tests/bench/bench_store
 *
 *	STORE_BENCH_ACCOUNTS	how many are in the directory (1 000 000; at least 300 000)
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "server/store/online.h"
#include "shared/clock.h"
#include "shared/compiler.h"
#include "shared/mem.h"
#include "tests/support/database.h"
#include "tests/support/mariadb.h"
#include "tests/support/store_process.h"

enum {
	RUNS = 5,
	ACCOUNTS = 20000,	/* a run */
	LOGINS = 50000,
	AT_ONCE = 1000,
	LONELY = 200,
	PAGES = 500,
};

static int
compare(const void *a, const void *b)
{
	double one = *(const double *)a, other = *(const double *)b;

	return one < other ? -1 : one > other;
}

/* Part of a sorted list: 0.5 is the median. */
static double
quantile(double *figures, size_t count, double part)
{
	qsort(figures, count, sizeof(*figures), compare);
	return figures[(size_t)(part * (double)(count - 1))];
}

/* Questions that are asked a thousand at a time. */
struct load {
	struct event_base *base;
	struct store_client *client;
	size_t asked, answered, goal;
	uint64_t first;		/* seed or uid of the first */
	bool logins;
};

static void ask_next(struct load *load);

static void
on_answer(void *arg, const struct store_answer *answer)
{
	struct load *load = arg;

	if (answer->status != STATUS_OK)
		fail_msg("%s", status_text(answer->status));
	load->answered++;
	if (load->asked < load->goal)
		ask_next(load);
}

static void
ask_next(struct load *load)
{
	uint64_t number = load->first + load->asked++;
	struct sample sample;

	if (load->logins) {
		store_client_ask(load->client, VERB_ACCOUNT_GET, &(struct verb_account_get){
		    .uid = 1 + number * 7919 % ACCOUNTS, .with_bundle = 1 }, on_answer, load, 0);
		return;
	}
	sample_fill(&sample, number, "lin");
	store_client_ask(load->client, VERB_ACCOUNT_ADD, &sample.add, on_answer, load, 0);
}

/* A second. */
static double
run_load(struct load *load, size_t goal, size_t at_once)
{
	uint64_t start = clock_monotonic_us();

	load->asked = load->answered = 0;
	load->goal = goal;
	while (load->asked < at_once)
		ask_next(load);
	loop_until(load->base, load->answered == goal);
	load->first += goal;
	return (double)goal * 1e6 / (double)(clock_monotonic_us() - start);
}

/* Seconds that a process has had of the processors, in the kernel and outside; proc(5). */
static double
processor_seconds(pid_t pid)
{
	unsigned long user = 0, system = 0;
	char path[64], line[1024] = "";
	const char *rest;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	rest = strrchr(line, ')');
	assert_non_null(rest);
	assert_int_equal(sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
	    &system), 2);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* Runs of a load, with what they have cost the store process. */
static void
time_load(struct load *load, pid_t pid, const char *what, size_t goal)
{
	double figures[RUNS], before = processor_seconds(pid);

	for (size_t i = 0; i < RUNS; i++)
		figures[i] = run_load(load, goal, AT_ONCE);
	printf("%s: %.0f a second (%d at a time, median of %d runs of %zu; best %.0f), "
	    "%.1f us of processor each\n", what, quantile(figures, RUNS, 0.5), AT_ONCE, RUNS, goal,
	    quantile(figures, RUNS, 1), 1e6 * (processor_seconds(pid) - before) / (double)(RUNS * goal));
}

static void
time_lonely(struct load *load, const char *what)
{
	double figures[LONELY];

	for (size_t i = 0; i < LONELY; i++)
		figures[i] = 1e3 / run_load(load, 1, 1);
	printf("%s: %.2f ms best, %.2f ms median, %.2f ms p99\n", what, quantile(figures, LONELY, 0),
	    quantile(figures, LONELY, 0.5), quantile(figures, LONELY, 0.99));
}

static void
make_durable(const struct database *database)
{
	if (database->mariadb != NULL)
		mariadb_say(database->mariadb, "mysql",
		    "SET GLOBAL innodb_flush_log_at_trx_commit = 1; "
		    "SET GLOBAL innodb_buffer_pool_size = 1073741824");
}

static void
accounts_and_logins(void **state)
{
	struct database *database = *state;
	struct load load = { .base = event_base_new(), .first = 1 };
	pid_t pid;
	int fd;

	make_durable(database);
	load.client = store_client_new(load.base, 60000, NULL, NULL);
	pid = store_process_start(&database->config, 1, &fd);
	store_client_attach(load.client, fd);
	time_load(&load, pid, "accounts added", ACCOUNTS);
	time_lonely(&load, "one account alone");
	load.logins = true;
	time_load(&load, pid, "accounts read with bundle", LOGINS);
	time_lonely(&load, "one read alone");
	store_process_kill(pid);
	store_client_free(load.client);
	event_base_free(load.base);
}

static void
on_item(void *arg, const struct verb_page_item *item UNUSED)
{
	++*(size_t *)arg;
}

static void
time_pages(struct database *database, struct online *online, const char *what,
    const struct verb_account_page *like, uint32_t last)
{
	struct verb_account_page ask = *like;
	struct verb_page_end end;
	double figures[PAGES];
	size_t items = 0;

	for (size_t i = 0; i < PAGES; i++) {
		uint64_t start = clock_monotonic_us();

		ask.page = 1 + (uint32_t)((uint64_t)i * 2654435761u % last);
		assert_int_equal(store_account_page(database->store, &ask, online, on_item, &items,
		    &end), STATUS_OK);
		figures[i] = (double)(clock_monotonic_us() - start) / 1e3;
	}
	printf("%s: %.2f ms best, %.2f ms median, %.2f ms p99 (%zu users, of %llu)\n", what,
	    quantile(figures, PAGES, 0), quantile(figures, PAGES, 0.5),
	    quantile(figures, PAGES, 0.99), items / PAGES, (unsigned long long)end.total);
}

static unsigned accounts;

static size_t
every_tenth(void *arg UNUSED, uint64_t *uids, size_t room)
{
	size_t count = accounts / 10;

	for (size_t i = 0; i < count && i < room; i++)
		uids[i] = 10 * ((i * 7919) % count + 1);
	return count;
}

static void
pages(void **state)
{
	struct database *database = *state;
	struct online *online = online_new(every_tenth, NULL);
	const char *wish = getenv("STORE_BENCH_ACCOUNTS");
	uint64_t start = clock_monotonic_us();
	bool was_there = false;

	accounts = wish != NULL ? (unsigned)atoi(wish) : 1000000;
	accounts = accounts < 300000 ? 300000 : accounts;
	make_durable(database);
	database_fill(database, accounts, 26);
	for (uint64_t uid = 5; uid < accounts; uid += 1003)
		store_account_delete(database->store, &(struct verb_account_delete){ .uid = uid },
		    &was_there);
	printf("%u accounts made in %.0f s\n", accounts,
	    (double)(clock_monotonic_us() - start) / 1e6);
	time_pages(database, online, "any page of 100",
	    &(struct verb_account_page){ .per_page = 100 }, accounts / 100 - 10);
	time_pages(database, online, "any page of 20",
	    &(struct verb_account_page){ .per_page = 20 }, accounts / 20 - 50);
	time_pages(database, online, "first page of 20",
	    &(struct verb_account_page){ .per_page = 20 }, 1);
	time_pages(database, online, "pages of 100, prefix of one letter",
	    &(struct verb_account_page){ .per_page = 100, .prefix = bytes_of_string("c") }, 100);
	time_pages(database, online, "pages of 20, prefix of two letters",
	    &(struct verb_account_page){ .per_page = 20, .prefix = bytes_of_string("cd") }, 10);
	time_pages(database, online, "pages of 100, online only",
	    &(struct verb_account_page){ .per_page = 100, .online_only = 1 }, accounts / 1000);
	time_pages(database, online, "pages of 20, online only, prefix of one letter",
	    &(struct verb_account_page){ .per_page = 20, .online_only = 1,
	    .prefix = bytes_of_string("c") }, 10);
	online_free(online);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accounts_and_logins),
		cmocka_unit_test(pages),
	};

	return database_run_tests(tests, ARRAY_LEN(tests));
}
