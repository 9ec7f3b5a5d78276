/* SPDX-License-Identifier: ISC */
#include "shared/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/compiler.h"

/* The allocator of a sanitizer ends the process by itself, unless it is told this before main(). */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

const char *
__tsan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void
gives_zeroed_memory(void **state UNUSED)
{
	static const uint8_t zeros[64];
	uint8_t *one = mem_new(64), *many = mem_new_array(8, 8);

	assert_memory_equal(one, zeros, 64);
	assert_memory_equal(many, zeros, 64);
	free(one);
	free(many);
}

static void
nothing_has_an_address_too(void **state UNUSED)
{
	void *one = mem_new(0), *none = mem_new_array(0, 8), *more = mem_resize(NULL, 0, 8);

	assert_non_null(one);
	assert_non_null(none);
	assert_non_null(more);
	free(one);
	free(none);
	free(more);
}

static void
resizing_keeps_what_is_there(void **state UNUSED)
{
	uint32_t *numbers = mem_resize(NULL, 2, sizeof(*numbers));

	numbers[0] = 1;
	numbers[1] = 2;
	numbers = mem_resize(numbers, 1000, sizeof(*numbers));
	assert_int_equal(numbers[0], 1);
	assert_int_equal(numbers[1], 2);
	numbers[999] = 3;
	free(numbers);
}

static void
copies_and_formats_strings(void **state UNUSED)
{
	char *copy = mem_string("abc"), *part = mem_string_of(bytes_of("abcdef", 3));
	char *empty = mem_string_of(bytes_of(NULL, 0)), *text = mem_format("%s-%03d", "x", 7);

	assert_string_equal(copy, "abc");
	assert_string_equal(part, "abc");
	assert_string_equal(empty, "");
	assert_string_equal(text, "x-007");
	free(copy);
	free(part);
	free(empty);
	free(text);
}

static void
wipes(void **state UNUSED)
{
	char secret[] = "password";

	mem_wipe(secret, sizeof(secret));
	for (size_t i = 0; i < sizeof(secret); i++)
		assert_int_equal(secret[i], 0);
}

static void
ask_for_too_many(void)
{
	free(mem_new_array(SIZE_MAX / 4, 8));
}

static void
resize_to_too_many(void)
{
	free(mem_resize(NULL, SIZE_MAX / 4, 8));
}

static void
ask_for_too_much(void)
{
	/* Not a constant, or the compiler would know better. */
	volatile size_t size = PTRDIFF_MAX / 2;

	free(mem_new(size));
}

static void
out_of_memory_ends_the_process(void **state UNUSED)
{
	static void (*const greedy[])(void) = { ask_for_too_many, resize_to_too_many,
		ask_for_too_much };

	for (size_t i = 0; i < ARRAY_LEN(greedy); i++) {
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0) {
			fclose(stderr);
			greedy[i]();
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_zeroed_memory),
		cmocka_unit_test(nothing_has_an_address_too),
		cmocka_unit_test(resizing_keeps_what_is_there),
		cmocka_unit_test(copies_and_formats_strings),
		cmocka_unit_test(wipes),
		cmocka_unit_test(out_of_memory_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
