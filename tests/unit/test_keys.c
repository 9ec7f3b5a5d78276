/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client-tui/term/keys.h"
#include "shared/compiler.h"
#include "shared/mem.h"

/* Bytes, and the names of the keys that come out, one behind the other. */
static const struct {
	const char *bytes;
	const char *names;
} rows[] = {
	{ "a", "a " },
	{ "é张👪", "é 张 👪 " },
	{ "\x01\x1a", "C-a C-z " },
	{ "\r\t\x7f", "Enter Tab Backspace " },
	{ "\033[A\033OA\033[1;5A", "Up Up C-Up " },
	{ "\033[5~\033[6;3~\033[3~", "PgUp M-PgDn Delete " },
	{ "\033OP\033[13~\033[24~", "F1 F3 F12 " },
	{ "\033[Z\033[I\033[O", "BackTab FocusIn FocusOut " },
	{ "\033x\033\r\033\x7f\033é", "M-x M-Enter M-Backspace M-é " },
	{ "\033[27;2;13~\033[13;2u\033[97;5u", "S-Enter S-Enter C-a " },
	{ "\033[?2026;2$yb", "b " },		/* an answer of the terminal */
	{ "\xff\xfe" "c\xc3(", "c ( " },	/* no UTF-8: dropped */
	{ "\033[99~\033[Xd", "d " },		/* no key that we know */
};

static void
collect(struct keys *keys, char *names, size_t room)
{
	struct key_event event;
	size_t used = strlen(names);

	while (keys_next(keys, &event))
		used += (size_t)snprintf(names + used, room - used, "%s ", key_name(&event));
}

static void
keys__are_found__whole_or_byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct keys *keys = keys_new();
		char whole[256] = "", pieces[256] = "";

		keys_feed(keys, bytes_of_string(rows[i].bytes));
		collect(keys, whole, sizeof(whole));
		assert_string_equal(whole, rows[i].names);
		for (const char *at = rows[i].bytes; *at != '\0'; at++) {
			keys_feed(keys, bytes_of(at, 1));
			collect(keys, pieces, sizeof(pieces));
		}
		assert_string_equal(pieces, rows[i].names);
		assert_int_equal(keys_settle_ms(keys), 0);
		keys_free(keys);
	}
}

static void
escape__is_a_key__when_nothing_follows(void **state)
{
	struct keys *keys = keys_new();
	char names[64] = "";

	(void)state;
	keys_feed(keys, bytes_of_string("\033"));
	collect(keys, names, sizeof(names));
	assert_string_equal(names, "");
	assert_true(keys_settle_ms(keys) > 0);
	keys_settle(keys);
	collect(keys, names, sizeof(names));
	assert_string_equal(names, "Esc ");
	keys_feed(keys, bytes_of_string("\033["));
	keys_settle(keys);
	collect(keys, names, sizeof(names));
	assert_string_equal(names, "Esc M-[ ");
	keys_free(keys);
}

static void
paste__is_one_text__whatever_is_in_it(void **state)
{
	struct keys *keys = keys_new();
	struct key_event event;
	char *bytes = mem_format("\033[200~one\r\ntwo\r/quit\n\x03\033[A\033[201~x");

	(void)state;
	for (const char *at = bytes; *at != '\0'; at++) {
		keys_feed(keys, bytes_of(at, 1));
		if (keys_next(keys, &event) && event.key == KEY_PASTED)
			assert_true(bytes_equal(
			    event.text, bytes_of_string("one\ntwo\n/quit\n\x03\033[A")));
	}
	assert_int_equal(event.key, KEY_TEXT);
	assert_true(bytes_equal(event.text, bytes_of_string("x")));
	free(bytes);
	keys_free(keys);
}

/* A terminal that never says where the paste ends must not take the keyboard with it. */
static void
paste__ends__also_without_its_end(void **state)
{
	struct keys *keys = keys_new();
	struct key_event event;

	(void)state;
	keys_feed(keys, bytes_of_string("\033[200~lost"));
	assert_false(keys_next(keys, &event));
	assert_int_equal(keys_settle_ms(keys), KEYS_PASTE_SETTLE_MS);
	keys_settle(keys);
	assert_true(keys_next(keys, &event));
	assert_int_equal(event.key, KEY_PASTED);
	assert_true(bytes_equal(event.text, bytes_of_string("lost")));
	keys_feed(keys, bytes_of_string("a"));
	assert_true(keys_next(keys, &event));
	assert_int_equal(event.key, KEY_TEXT);
	keys_free(keys);
}

static void
key_name__is_read_back__by_key_parse(void **state)
{
	static const char *const names[] = { "a", "C-a", "M-x", "S-F1", "C-M-Left", "Enter", "é",
		"-", "M--" };
	struct key_event event;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_true(key_parse(names[i], &event));
		assert_string_equal(key_name(&event), names[i]);
	}
	assert_false(key_parse("", &event));
	assert_false(key_parse("Hyper", &event));
	assert_false(key_parse("C-", &event));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys__are_found__whole_or_byte_by_byte),
		cmocka_unit_test(escape__is_a_key__when_nothing_follows),
		cmocka_unit_test(paste__is_one_text__whatever_is_in_it),
		cmocka_unit_test(paste__ends__also_without_its_end),
		cmocka_unit_test(key_name__is_read_back__by_key_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
