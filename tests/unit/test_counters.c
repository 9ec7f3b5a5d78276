/* SPDX-License-Identifier: ISC */
/* Counters, shared memory and the skeleton's own messages. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/proc/counters.h"
#include "server/proc/memory.h"
#include "server/proc/messages.h"
#include "server/proc/proc.h"
#include "shared/compiler.h"

static void
rows_are_summed_and_marks_are_not(void **state UNUSED)
{
	static struct counters rows[3];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		counter_add(&rows[i].logins, 10 + i);
		counter_add(&rows[i].sessions, 5);
		counter_set(&rows[i].last_request, 7);
	}
	counter_add(&rows[0].sessions, (uint64_t)-1);
	assert_int_equal(counters_sum(rows, 3, COUNTER_logins), 33);
	assert_int_equal(counters_sum(rows, 3, COUNTER_sessions), 14);
	assert_int_equal(counters_sum(rows, 3, COUNTER_last_request), 0);
	assert_int_equal(counters_value(&rows[1], COUNTER_logins), 11);
}

static void
a_dead_row_keeps_only_totals(void **state UNUSED)
{
	static struct counters row;

	counter_add(&row.logins, 3);
	counter_add(&row.sessions, 4);
	counter_set(&row.last_request, 5);
	counters_bury(&row);
	for (enum counter i = 0; i < COUNTER_COUNT; i++)
		assert_int_equal(counters_value(&row, i), i == COUNTER_logins ? 3 : 0);
}

static void
rows_do_not_share_cache_lines_and_say_what_they_are(void **state UNUSED)
{
	assert_int_equal(sizeof(struct counters) % 64, 0);
	assert_int_equal(_Alignof(struct counters), 64);
	for (enum counter i = 0; i < COUNTER_COUNT; i++) {
		assert_true(strlen(counters_info(i)->name) > 0);
		assert_true(strlen(counters_info(i)->help) > 10);
	}
	assert_string_equal(counters_info(COUNTER_logins)->name, "logins");
}

static void
sealed_memory_never_changes(void **state UNUSED)
{
	void *memory;
	size_t size;
	int fd;

	assert_int_equal(memory_new_sealed("test", bytes_of_string("keys"), &fd), STATUS_OK);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_true(write(fd, "x", 1) < 0);
	assert_true(ftruncate(fd, 2) < 0);
	assert_true(mmap(NULL, 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	assert_int_equal(memory_map(fd, false, &memory, &size), STATUS_OK);
	close(fd);
	assert_int_equal(size, 4);
	assert_memory_equal(memory, "keys", 4);
	memory_unmap(memory, size);

	assert_int_equal(memory_new_sealed("test", bytes_of(NULL, 0), &fd), STATUS_OK);
	assert_int_equal(memory_map(fd, false, &memory, &size), STATUS_OK);
	assert_null(memory);
	assert_int_equal(size, 0);
	close(fd);
}

static void
shared_memory_is_zeroed_and_keeps_its_size(void **state UNUSED)
{
	uint8_t *first, *second;
	size_t size;
	int fd;

	assert_int_equal(memory_new_shared("test", 10000, &fd), STATUS_OK);
	assert_true(ftruncate(fd, 2) < 0);
	assert_int_equal(memory_map(fd, true, (void **)&first, &size), STATUS_OK);
	assert_int_equal(memory_map(fd, true, (void **)&second, &size), STATUS_OK);
	assert_int_equal(size, 10000);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(first[i], 0);
	first[9999] = 7;
	assert_int_equal(second[9999], 7);
	memory_unmap(first, size);
	memory_unmap(second, size);
	close(fd);
	assert_int_equal(memory_map(-1, true, (void **)&first, &size), STATUS_SYSTEM);
}

static void
the_table_of_messages_is_in_order(void **state UNUSED)
{
	static const uint16_t types[] = {
#define MESSAGE(number, NAME, name, direction, help, ...) number,
#include "server/proc/proc.def"
#undef MESSAGE
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		const struct schema *schema = proc_schema(types[i]);

		assert_true(i == 0 || types[i] > types[i - 1]);
		assert_true(types[i] >= PROC_TYPE_FIRST);
		assert_non_null(schema);
		assert_int_equal(codec_struct_size(schema), schema->struct_size);
		assert_true(schema->struct_size <= CODEC_STRUCT_MAX);
	}
	assert_null(proc_schema(PROC_TYPE_FIRST - 1));
}

static void
every_socket_address_fits_into_its_message(void **state UNUSED)
{
	const struct schema *schema = proc_schema(PROC_CLIENT);

	assert_true(schema->fields[1].max >= sizeof(((struct proc_address *)0)->address));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_summed_and_marks_are_not),
		cmocka_unit_test(a_dead_row_keeps_only_totals),
		cmocka_unit_test(rows_do_not_share_cache_lines_and_say_what_they_are),
		cmocka_unit_test(sealed_memory_never_changes),
		cmocka_unit_test(shared_memory_is_zeroed_and_keeps_its_size),
		cmocka_unit_test(the_table_of_messages_is_in_order),
		cmocka_unit_test(every_socket_address_fits_into_its_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
