/* SPDX-License-Identifier: ISC */
#include "shared/status.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/bytes.h"
#include "shared/compiler.h"
#include "shared/str.h"

static const struct {
	unsigned number;
	enum status status;
	const char *name;
	const char *sentence;
} rows[] = {
#define STATUS(NAME, number, log_name, sentence) { number, STATUS_##NAME, log_name, sentence },
#include "shared/status.def"
#undef STATUS
};

static void
numbers_and_names_are_unique(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t j = 0; j < i; j++) {
			if (rows[i].number == rows[j].number)
				fail_msg("%s and %s", rows[i].name, rows[j].name);
			assert_string_not_equal(rows[i].name, rows[j].name);
			assert_string_not_equal(rows[i].sentence, rows[j].sentence);
		}
	}
	assert_int_equal(STATUS_OK, 0);
}

static void
rows_are_found(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_true(status_is_known(rows[i].number));
		assert_string_equal(status_name(rows[i].status), rows[i].name);
		assert_string_equal(status_text(rows[i].status), rows[i].sentence);
	}
}

/* They travel as a u16 with a sentence of at most 255 bytes. */
static void
rows_fit_into_an_error(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = strlen(rows[i].sentence);

		assert_true(rows[i].number <= 65535);
		assert_true(len > 1 && len <= 255);
		assert_true(str_is_clean(bytes_of_string(rows[i].sentence)));
		assert_int_equal(rows[i].sentence[len - 1], '.');
		assert_int_equal(strspn(rows[i].name, "abcdefghijklmnopqrstuvwxyz-"),
		    strlen(rows[i].name));
	}
}

static void
newer_numbers_have_words_too(void **state UNUSED)
{
	assert_false(status_is_known(19));
	assert_false(status_is_known(65535));
	assert_string_equal(status_name((enum status)65535), "unknown");
	assert_true(strlen(status_text((enum status)65535)) > 0);
}

static void
no_errno_is_good(void **state UNUSED)
{
	for (int error = 0; error < 200; error++)
		assert_int_not_equal(status_of_errno(error), STATUS_OK);
	assert_int_equal(status_of_errno(ECONNREFUSED), STATUS_REFUSED);
	assert_int_equal(status_of_errno(EMFILE), STATUS_NO_DESCRIPTORS);
	assert_int_equal(status_of_errno(ENOSPC), STATUS_DISK_FULL);
	assert_int_equal(status_of_errno(ENOENT), STATUS_NOT_FOUND);
	assert_int_equal(status_of_errno(EXDEV), STATUS_SYSTEM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_names_are_unique),
		cmocka_unit_test(rows_are_found),
		cmocka_unit_test(rows_fit_into_an_error),
		cmocka_unit_test(newer_numbers_have_words_too),
		cmocka_unit_test(no_errno_is_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
