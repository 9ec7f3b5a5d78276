/* SPDX-License-Identifier: ISC */
#include "server/proc/limiter.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/endpoint.h"
#include "shared/mem.h"

enum { NOW = 1000000 };

/* A table of its own; places in it are the same in every run. */
static struct table {
	uint64_t *memory;
	size_t size;
} table;

static struct limiter *
open_limiter(size_t slots, const struct settings *settings)
{
	table.size = limiter_size(slots);
	table.memory = mem_new(table.size);
	table.memory[0] = 1;
	return limiter_new(table.memory, table.size, settings);
}

static void
close_limiter(struct limiter *limiter)
{
	limiter_free(limiter);
	free(table.memory);
}

static struct settings
settings_with(uint32_t per_minute, uint32_t burst)
{
	return (struct settings){
		.connections_per_minute = per_minute, .connections_burst = burst,
		.logins_per_minute = per_minute, .logins_burst = burst,
		.requests_per_minute = per_minute, .requests_burst = burst,
		.pages_per_minute = per_minute, .pages_burst = burst,
	};
}

static enum status
take_address(struct limiter *limiter, const char *host, uint64_t now, uint32_t *retry_ms)
{
	struct address address;
	struct endpoint endpoint;

	assert_true(endpoint_parse_host(bytes_of_string(host), 1, &endpoint));
	assert_int_equal(endpoint_to_address(&endpoint, &address), STATUS_OK);
	return limiter_take_address(limiter, RATE_CONNECTIONS, &address.any, now, retry_ms);
}

/* How many tokens an account gets at once. */
static unsigned
drain_account(struct limiter *limiter, enum rate rate, uint64_t uid, uint64_t now)
{
	unsigned count = 0;

	while (limiter_take_account(limiter, rate, uid, now, NULL) == STATUS_OK)
		assert_true(++count <= 1000000);
	return count;
}

static void
refuses_after_the_burst(void **state UNUSED)
{
	struct settings settings = settings_with(60, 5);
	struct limiter *limiter = open_limiter(64, &settings);
	uint32_t retry = 0;

	assert_int_equal(drain_account(limiter, RATE_REQUESTS, 7, NOW), 5);
	assert_int_equal(limiter_take_account(limiter, RATE_REQUESTS, 7, NOW, &retry),
	    STATUS_RATE_LIMITED);
	assert_int_equal(retry, 1000);
	assert_int_equal(limiter_take_account(limiter, RATE_REQUESTS, 7, NOW + 400, &retry),
	    STATUS_RATE_LIMITED);
	assert_int_equal(retry, 600);
	close_limiter(limiter);
}

/* Whoever waits as long as told gets one token, and not a millisecond before. */
static void
fills_with_time(void **state UNUSED)
{
	struct settings settings = settings_with(7, 3);
	struct limiter *limiter = open_limiter(64, &settings);
	uint64_t now = NOW;
	uint32_t retry = 0;

	assert_int_equal(drain_account(limiter, RATE_REQUESTS, 7, now), 3);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(limiter_take_account(limiter, RATE_REQUESTS, 7, now, &retry),
		    STATUS_RATE_LIMITED);
		assert_in_range(retry, 8571, 8572);
		assert_int_equal(limiter_take_account(limiter, RATE_REQUESTS, 7, now + retry - 1,
		    NULL), STATUS_RATE_LIMITED);
		now += retry;
		assert_int_equal(limiter_take_account(limiter, RATE_REQUESTS, 7, now, NULL),
		    STATUS_OK);
	}
	/* Never more than the burst, however long it was quiet. */
	assert_int_equal(drain_account(limiter, RATE_REQUESTS, 7, now + 3600000), 3);
	close_limiter(limiter);
}

static void
keys_and_rates_do_not_mix(void **state UNUSED)
{
	struct settings settings = settings_with(60, 5);
	/* So small that all of them look into the same slots. */
	struct limiter *limiter = open_limiter(8, &settings);

	assert_int_equal(drain_account(limiter, RATE_REQUESTS, 7, NOW), 5);
	assert_int_equal(drain_account(limiter, RATE_REQUESTS, 8, NOW), 5);
	assert_int_equal(drain_account(limiter, RATE_PAGES, 7, NOW), 5);
	assert_int_equal(drain_account(limiter, RATE_REQUESTS, 7, NOW), 0);
	close_limiter(limiter);
}

static void
zero_a_minute_is_no_limit(void **state UNUSED)
{
	struct settings settings = settings_with(0, 1);
	struct limiter *limiter = open_limiter(64, &settings);

	for (int i = 0; i < 100000; i++)
		assert_int_equal(limiter_take_account(limiter, RATE_REQUESTS, 7, NOW, NULL),
		    STATUS_OK);
	close_limiter(limiter);
}

static void
counts_addresses_by_prefix(void **state UNUSED)
{
	struct settings settings = settings_with(60, 2);
	struct limiter *limiter = open_limiter(64, &settings);
	uint32_t retry = 0;

	assert_int_equal(take_address(limiter, "192.0.2.1", NOW, NULL), STATUS_OK);
	assert_int_equal(take_address(limiter, "::ffff:192.0.2.1", NOW, NULL), STATUS_OK);
	assert_int_equal(take_address(limiter, "192.0.2.1", NOW, &retry), STATUS_RATE_LIMITED);
	assert_int_equal(retry, 1000);
	assert_int_equal(take_address(limiter, "192.0.2.2", NOW, NULL), STATUS_OK);

	assert_int_equal(take_address(limiter, "2001:db8::1", NOW, NULL), STATUS_OK);
	assert_int_equal(take_address(limiter, "2001:db8::2", NOW, NULL), STATUS_OK);
	assert_int_equal(take_address(limiter, "2001:db8::3", NOW, NULL), STATUS_RATE_LIMITED);
	assert_int_equal(take_address(limiter, "2001:db8:0:1::3", NOW, NULL), STATUS_OK);
	close_limiter(limiter);
}

static void
loopback_is_exempt_until_told(void **state UNUSED)
{
	struct settings settings = settings_with(60, 2);
	struct limiter *limiter = open_limiter(64, &settings);

	for (int i = 0; i < 10; i++) {
		assert_int_equal(take_address(limiter, "127.0.0.1", NOW, NULL), STATUS_OK);
		assert_int_equal(take_address(limiter, "::1", NOW, NULL), STATUS_OK);
	}
	settings.limit_loopback = true;
	limiter_configure(limiter, &settings);
	assert_int_equal(take_address(limiter, "127.0.0.1", NOW, NULL), STATUS_OK);
	assert_int_equal(take_address(limiter, "127.0.0.1", NOW, NULL), STATUS_OK);
	assert_int_equal(take_address(limiter, "127.0.0.1", NOW, NULL), STATUS_RATE_LIMITED);
	close_limiter(limiter);
}

static void
new_rates_count_at_once(void **state UNUSED)
{
	struct settings settings = settings_with(1, 1000000);
	struct limiter *limiter = open_limiter(64, &settings);
	uint32_t retry = 0;

	assert_int_equal(drain_account(limiter, RATE_REQUESTS, 7, NOW), 1000000);
	settings = settings_with(60, 5);
	limiter_configure(limiter, &settings);
	assert_int_equal(limiter_take_account(limiter, RATE_REQUESTS, 7, NOW, &retry),
	    STATUS_RATE_LIMITED);
	assert_int_equal(retry, 1000);
	assert_int_equal(drain_account(limiter, RATE_REQUESTS, 7, NOW + 2000), 2);
	close_limiter(limiter);
}

/* A key that used up everything is not pushed out by many that took one token each. */
static void
who_owes_most_is_remembered(void **state UNUSED)
{
	struct settings settings = settings_with(60, 100);
	struct limiter *limiter = open_limiter(256, &settings);

	assert_int_equal(drain_account(limiter, RATE_REQUESTS, 7, NOW), 100);
	for (uint64_t uid = 1000; uid < 101000; uid++)
		assert_int_equal(limiter_take_account(limiter, RATE_REQUESTS, uid, NOW, NULL),
		    STATUS_OK);
	assert_int_equal(drain_account(limiter, RATE_REQUESTS, 7, NOW), 0);
	close_limiter(limiter);
}

/* While keys fit, nobody is forgotten; full buckets are the first to go. */
static void
a_quiet_key_gives_way(void **state UNUSED)
{
	struct settings settings = settings_with(60, 1);
	struct limiter *limiter = open_limiter(8, &settings);

	for (uint64_t uid = 1; uid <= 8; uid++)
		assert_int_equal(drain_account(limiter, RATE_REQUESTS, uid, NOW + 100 * uid), 1);
	for (uint64_t uid = 1; uid <= 8; uid++)
		assert_int_equal(drain_account(limiter, RATE_REQUESTS, uid, NOW + 900), 0);
	/* The ninth takes the place of the first, which is full again soonest. */
	assert_int_equal(drain_account(limiter, RATE_REQUESTS, 9, NOW + 900), 1);
	for (uint64_t uid = 2; uid <= 9; uid++)
		assert_int_equal(drain_account(limiter, RATE_REQUESTS, uid, NOW + 900), 0);
	assert_int_equal(drain_account(limiter, RATE_REQUESTS, 1, NOW + 900), 1);
	close_limiter(limiter);
}

/* What one process has let through counts for the others. */
static void
processes_share_their_buckets(void **state UNUSED)
{
	struct settings settings = settings_with(60, 5);
	struct limiter *one = open_limiter(64, &settings);
	struct limiter *other = limiter_new(table.memory, table.size, &settings);

	assert_int_equal(limiter_take_account(one, RATE_REQUESTS, 7, NOW, NULL), STATUS_OK);
	assert_int_equal(drain_account(other, RATE_REQUESTS, 7, NOW), 4);
	assert_int_equal(drain_account(one, RATE_REQUESTS, 7, NOW), 0);
	assert_int_equal(drain_account(one, RATE_REQUESTS, 7, NOW + 3000), 3);
	limiter_free(other);
	close_limiter(one);
}

enum { THREADS = 4, SHARED_BURST = 20000 };

static void *
drain_in_thread(void *limiter)
{
	return (void *)(uintptr_t)drain_account(limiter, RATE_REQUESTS, 7, NOW);
}

/* Not one token more than there are, however they run against each other. */
static void
nobody_gets_a_token_twice(void **state UNUSED)
{
	struct settings settings = settings_with(60, SHARED_BURST);
	struct limiter *limiter = open_limiter(64, &settings);
	pthread_t threads[THREADS];
	uintptr_t sum = 1;

	assert_int_equal(limiter_take_account(limiter, RATE_REQUESTS, 7, NOW, NULL), STATUS_OK);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, drain_in_thread, limiter), 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *count;

		assert_int_equal(pthread_join(threads[i], &count), 0);
		sum += (uintptr_t)count;
	}
	assert_int_equal(sum, SHARED_BURST);
	close_limiter(limiter);
}

/* The moments in the table wrap around; a machine may be up for that long. */
static void
years_do_not_matter(void **state UNUSED)
{
	const uint64_t wrap_ms = (UINT64_C(1) << 48) / 1000;
	struct settings settings = settings_with(60, 5);
	struct limiter *limiter = open_limiter(64, &settings);

	for (uint64_t now = wrap_ms - 20000; now < wrap_ms + 20000; now += 5000)
		assert_int_equal(drain_account(limiter, RATE_REQUESTS, 7, now), 5);
	close_limiter(limiter);
}

static void
seeds_differ_from_table_to_table(void **state UNUSED)
{
	struct settings settings = settings_with(60, 5);
	uint64_t seeds[2];

	for (size_t i = 0; i < ARRAY_LEN(seeds); i++) {
		uint64_t *memory = mem_new(limiter_size(64));

		limiter_free(limiter_new(memory, limiter_size(64), &settings));
		seeds[i] = memory[0];
		assert_int_not_equal(seeds[i], 0);
		free(memory);
	}
	assert_int_not_equal(seeds[0], seeds[1]);
}

static void
rates_have_names(void **state UNUSED)
{
	assert_string_equal(limiter_name(RATE_CONNECTIONS), "connections");
	assert_string_equal(limiter_name(RATE_ACCOUNT_LOGINS), "account_logins");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_after_the_burst),
		cmocka_unit_test(fills_with_time),
		cmocka_unit_test(keys_and_rates_do_not_mix),
		cmocka_unit_test(zero_a_minute_is_no_limit),
		cmocka_unit_test(counts_addresses_by_prefix),
		cmocka_unit_test(loopback_is_exempt_until_told),
		cmocka_unit_test(new_rates_count_at_once),
		cmocka_unit_test(who_owes_most_is_remembered),
		cmocka_unit_test(a_quiet_key_gives_way),
		cmocka_unit_test(processes_share_their_buckets),
		cmocka_unit_test(nobody_gets_a_token_twice),
		cmocka_unit_test(years_do_not_matter),
		cmocka_unit_test(seeds_differ_from_table_to_table),
		cmocka_unit_test(rates_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
