/* SPDX-License-Identifier: ISC */
/*
 * What a history costs with 100 000 messages in it, in English and Chinese, of 50 people: a batch
 * put onto the disk, a page back, the newest page of a file that is opened for it (as a client that
 * has just started asks), searches. Prints the median and the slowest of many rounds, and the
 * sizes.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client-tui/history/history_store.h"
#include "shared/clock.h"
#include "shared/mem.h"

enum {
	MESSAGES = 100000,
	PEERS = 50,
	BATCH = 50,
	PAGE = 100,
	ROUNDS = 201,
	START = 1700000000,
};

struct bench {
	char folder[32], path[64];
	struct history_store *store;
	uint64_t next;
	uint64_t times[ROUNDS];
};

static void
need(enum status status, const char *what)
{
	if (status == STATUS_OK)
		return;
	fprintf(stderr, "history_cost: %s: %s\n", what, status_text(status));
	exit(EXIT_FAILURE);
}

static int
compare(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void
report(struct bench *bench, const char *what, size_t rounds)
{
	qsort(bench->times, rounds, sizeof(bench->times[0]), compare);
	printf("%-52s median %7llu us   slowest %7llu us\n", what,
	    (unsigned long long)bench->times[rounds / 2],
	    (unsigned long long)bench->times[rounds - 1]);
}

static void
open_store(struct bench *bench)
{
	char why[HISTORY_WHY_ROOM];

	need(history_store_open(bench->path, &bench->store, why), bench->path);
}

static void
put(struct bench *bench)
{
	static const char *const words[] = {
		"did",
		"the",
		"build",
		"pass",
		"yes",
		"all",
		"tests",
		"release",
		"tonight",
		"rain",
		"你好",
		"今天下雨",
		"听雨",
		"上海",
		"okay",
		"great",
		"so",
		"we",
		"meet",
		"later",
	};
	char text[256] = "";
	size_t len = 0, count = 3 + (size_t)random() % 12;
	struct history_message message = { .peer = 1 + bench->next % PEERS,
		.time_s = START + bench->next };

	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ",
		    words[(size_t)random() % (sizeof(words) / sizeof(words[0]))]);
	if (bench->next % 1000 == 0)
		snprintf(text + len, sizeof(text) - len, "seldom 龙井");
	message.key = (struct history_key){ bench->next % 2 == 0 ? HISTORY_MINE : HISTORY_THEIRS, 1,
		bench->next };
	message.text = bytes_of_string(text);
	need(history_store_put(bench->store, &message), "put");
	bench->next++;
}

static void
put_batch(struct bench *bench, size_t count)
{
	need(history_store_begin(bench->store), "begin");
	for (size_t i = 0; i < count; i++)
		put(bench);
	need(history_store_commit(bench->store), "commit");
}

static void
time_puts(struct bench *bench, const char *what, size_t batch)
{
	for (size_t i = 0; i < ROUNDS; i++) {
		uint64_t begin = clock_monotonic_us();

		put_batch(bench, batch);
		bench->times[i] = clock_monotonic_us() - begin;
	}
	report(bench, what, ROUNDS);
}

static void
time_pages(struct bench *bench)
{
	struct history_page page = { .count = 0 };
	struct history_key from;
	size_t rounds = 0;

	need(history_store_page(bench->store, 7, HISTORY_BEFORE, NULL, PAGE, &page), "page");
	while (page.count > 0 && rounds < ROUNDS) {
		uint64_t begin = clock_monotonic_us();

		from = page.messages[0].key;
		history_page_clear(&page);
		need(history_store_page(bench->store, 7, HISTORY_BEFORE, &from, PAGE, &page),
		    "page");
		bench->times[rounds++] = clock_monotonic_us() - begin;
	}
	history_page_clear(&page);
	report(bench, "a page of 100 messages back", rounds);
}

static void
time_first_page(struct bench *bench)
{
	struct history_page page = { .count = 0 };

	history_store_close(bench->store);
	for (size_t i = 0; i < ROUNDS; i++) {
		uint64_t begin = clock_monotonic_us();

		open_store(bench);
		need(
		    history_store_page(bench->store, 7, HISTORY_BEFORE, NULL, PAGE, &page), "page");
		bench->times[i] = clock_monotonic_us() - begin;
		history_page_clear(&page);
		history_store_close(bench->store);
	}
	open_store(bench);
	report(bench, "open the file, and the newest 100 messages", ROUNDS);
}

static void
time_search(struct bench *bench, const char *what, const char *words, uint64_t peer)
{
	struct history_page page = { .count = 0 };

	for (size_t i = 0; i < ROUNDS; i++) {
		uint64_t begin = clock_monotonic_us();

		need(history_store_search(bench->store, bytes_of_string(words), peer, 0, 50, &page),
		    "search");
		bench->times[i] = clock_monotonic_us() - begin;
		history_page_clear(&page);
	}
	report(bench, what, ROUNDS);
}

static void
print_sizes(const struct bench *bench)
{
	struct rusage usage;
	struct stat stat_of;

	getrusage(RUSAGE_SELF, &usage);
	if (stat(bench->path, &stat_of) == 0)
		printf("the file: %.1f MB; this process at most: %ld kB\n",
		    (double)stat_of.st_size / 1e6, usage.ru_maxrss);
}

int
main(void)
{
	static const char *const parts[] = { "", "-wal", "-journal" };
	struct bench bench = { .folder = "/var/tmp/history_cost.XXXXXX", .next = 1 };
	uint64_t begin = clock_monotonic_us();

	if (mkdtemp(bench.folder) == NULL) {
		perror(bench.folder);
		return EXIT_FAILURE;
	}
	snprintf(bench.path, sizeof(bench.path), "%s/history", bench.folder);
	open_store(&bench);
	while (bench.next <= MESSAGES)
		put_batch(&bench, 1000);
	printf(
	    "%d messages kept in %.1f s\n", MESSAGES, (double)(clock_monotonic_us() - begin) / 1e6);
	time_puts(&bench, "one message onto the disk", 1);
	time_puts(&bench, "a batch of 50", BATCH);
	time_first_page(&bench);
	time_pages(&bench);
	time_search(&bench, "search: a word that is in half of them", "rain", 0);
	time_search(&bench, "search: the same, with one of 50 people", "rain", 7);
	time_search(&bench, "search: its beginning", "ra", 0);
	time_search(&bench, "search: two Chinese characters, seldom", "龙井", 0);
	time_search(&bench, "search: two Chinese characters, often", "下雨", 0);
	print_sizes(&bench);
	history_store_close(bench.store);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char path[80];

		snprintf(path, sizeof(path), "%s%s", bench.path, parts[i]);
		unlink(path);
	}
	rmdir(bench.folder);
	return EXIT_SUCCESS;
}
