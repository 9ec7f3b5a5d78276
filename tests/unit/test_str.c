/* SPDX-License-Identifier: ISC */
#include "shared/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/mem.h"

#define BYTES(literal) { literal, sizeof(literal) - 1 }

static void
compares_bytes(void **state UNUSED)
{
	assert_true(bytes_equal(bytes_of("ab\0c", 4), bytes_of("ab\0c", 4)));
	assert_false(bytes_equal(bytes_of("ab\0c", 4), bytes_of("ab\0d", 4)));
	assert_false(bytes_equal(bytes_of_string("ab"), bytes_of_string("abc")));
	assert_true(bytes_equal(bytes_of(NULL, 0), bytes_of_string("")));
}

/* Texts by the examples of RFC 3629, section 10, and the edges of its table in section 4. */
static const struct {
	struct bytes text;
	bool is_clean, is_clean_message;
} texts[] = {
	{ BYTES(""), true, true },
	{ BYTES("plain text ~"), true, true },
	{ BYTES("\302\240"), true, true },			/* U+00A0 */
	{ BYTES("\337\277"), true, true },			/* U+07FF */
	{ BYTES("\340\240\200"), true, true },			/* U+0800 */
	{ BYTES("\345\220\254\351\233\250"), true, true },
	{ BYTES("\355\237\277"), true, true },			/* U+D7FF */
	{ BYTES("\356\200\200"), true, true },			/* U+E000 */
	{ BYTES("\357\277\277"), true, true },			/* U+FFFF */
	{ BYTES("\360\220\200\200"), true, true },		/* U+10000 */
	{ BYTES("\364\217\277\277"), true, true },		/* U+10FFFF */
	{ BYTES("two\nlines\tand a tab"), false, true },
	{ BYTES("\0"), false, false },
	{ BYTES("a\0b"), false, false },
	{ BYTES("\r\n"), false, false },
	{ BYTES("\033[2J"), false, false },
	{ BYTES("\177"), false, false },
	{ BYTES("\302\200"), false, false },			/* U+0080, C1 */
	{ BYTES("\302\233" "2J"), false, false },		/* U+009B, CSI */
	{ BYTES("\302\237"), false, false },			/* U+009F */
	{ BYTES("\200"), false, false },			/* a tail alone */
	{ BYTES("\302"), false, false },			/* a head alone */
	{ BYTES("\302a"), false, false },
	{ BYTES("\345\220"), false, false },
	{ BYTES("\345\220a"), false, false },
	{ BYTES("\360\220\200"), false, false },
	{ BYTES("\300\200"), false, false },			/* overlong */
	{ BYTES("\300\257"), false, false },
	{ BYTES("\301\277"), false, false },
	{ BYTES("\340\237\277"), false, false },
	{ BYTES("\360\217\277\277"), false, false },
	{ BYTES("\355\240\200"), false, false },		/* U+D800 */
	{ BYTES("\355\277\277"), false, false },		/* U+DFFF */
	{ BYTES("\364\220\200\200"), false, false },		/* U+110000 */
	{ BYTES("\365\200\200\200"), false, false },
	{ BYTES("\370\210\200\200\200"), false, false },
	{ BYTES("\374\200\200\200"), false, false },
	{ BYTES("\376"), false, false },
	{ BYTES("\377"), false, false },
};

/* The same bytes in a block of their own, so that a sanitizer sees one read too many. */
static struct bytes
exact(struct bytes text)
{
	void *copy = mem_new(text.len);

	if (text.len > 0)
		memcpy(copy, text.data, text.len);
	return bytes_of(copy, text.len);
}

static void
knows_clean_text(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct bytes text = exact(texts[i].text);

		if (str_is_clean(text) != texts[i].is_clean ||
		    str_is_clean_message(text) != texts[i].is_clean_message)
			fail_msg("text %zu", i);
		free((void *)text.data);
	}
}

/* Many bytes are looked at together: one that is wrong is found wherever it stands. */
static void
knows_every_byte_at_every_place(void **state UNUSED)
{
	char text[20];

	for (size_t place = 0; place < sizeof(text); place++) {
		for (int byte = 0; byte <= 0xff; byte++) {
			struct bytes whole = bytes_of(text, sizeof(text));
			bool is_plain = byte >= 0x20 && byte <= 0x7e;

			memset(text, '~', sizeof(text));
			text[place] = (char)byte;
			assert_int_equal(str_is_clean(whole), is_plain);
			assert_int_equal(str_is_clean_message(whole),
			    is_plain || byte == '\n' || byte == '\t');
		}
	}
}

static void
knows_names(void **state UNUSED)
{
	static const struct bytes good[] = { BYTES("a"), BYTES("Z9"), BYTES("0123456789abcdef") };
	static const struct bytes bad[] = { BYTES(""), BYTES("0123456789abcdefg"), BYTES("a:b"),
		BYTES("a b"), BYTES("a\n"), BYTES("a\0"), BYTES("_"), BYTES("\303\244"), BYTES("@"),
		BYTES("["), BYTES("`"), BYTES("{"), BYTES("/") };

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(str_is_name(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(str_is_name(bad[i]));
}

static void
escapes_what_a_terminal_would_obey(void **state UNUSED)
{
	static const struct {
		struct bytes text;
		const char *shown;
	} cases[] = {
		{ BYTES(""), "" },
		{ BYTES("\345\220\254 ok"), "\345\220\254 ok" },
		{ BYTES("\033]0;x\007"), "\\x1b]0;x\\x07" },
		{ BYTES("a\nb\0c"), "a\\x0ab\\x00c" },
		{ BYTES("\302\233"), "\\xc2\\x9b" },
		{ BYTES("\345\220"), "\\xe5\\x90" },
		{ BYTES("\355\240\200"), "\\xed\\xa0\\x80" },
	};
	char out[64];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t len = str_escape(cases[i].text, out, sizeof(out));

		assert_string_equal(out, cases[i].shown);
		assert_int_equal(len, strlen(out));
	}
}

static void
cuts_between_characters(void **state UNUSED)
{
	static const char whole[] = "a\345\220\254\\x1b" "b";
	static const size_t lengths[] = { 0, 0, 1, 1, 1, 4, 4, 4, 4, 8, 9, 9 };
	struct bytes text = bytes_of_string("a\345\220\254\033b");

	for (size_t room = 0; room < ARRAY_LEN(lengths); room++) {
		char *out = mem_new(room);

		assert_int_equal(str_escape(text, out, room), lengths[room]);
		if (room > 0) {
			assert_memory_equal(out, whole, lengths[room]);
			assert_int_equal(out[lengths[room]], 0);
		}
		free(out);
	}
}

static void
copies_what_fits(void **state UNUSED)
{
	char out[4] = "xxx";

	assert_true(str_copy(bytes_of_string("abc"), out, sizeof(out)));
	assert_string_equal(out, "abc");
	assert_false(str_copy(bytes_of_string("abcd"), out, sizeof(out)));
	assert_string_equal(out, "");
	assert_false(str_copy(bytes_of("a\0b", 3), out, sizeof(out)));
	assert_string_equal(out, "");
	assert_true(str_copy(bytes_of(NULL, 0), out, 1));
}

static const struct {
	const char *text;
	uint64_t max;
	bool is_good;
	uint64_t value;
} numbers[] = {
	{ "0", 0, true, 0 },
	{ "007", 7, true, 7 },
	{ "65535", 65535, true, 65535 },
	{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
	{ "65536", 65535, false, 0 },
	{ "18446744073709551616", UINT64_MAX, false, 0 },
	{ "99999999999999999999999999", UINT64_MAX, false, 0 },
	{ "", 9, false, 0 },
	{ "-1", 9, false, 0 },
	{ "+1", 9, false, 0 },
	{ " 1", 9, false, 0 },
	{ "1 ", 9, false, 0 },
	{ "1a", 99, false, 0 },
	{ "0x1", 99, false, 0 },
	{ "1:", 99, false, 0 },
	{ "1/", 99, false, 0 },
};

static void
reads_whole_numbers(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		uint64_t value = 42;

		if (str_to_number(bytes_of_string(numbers[i].text), numbers[i].max, &value) !=
		    numbers[i].is_good)
			fail_msg("'%s'", numbers[i].text);
		assert_true(value == (numbers[i].is_good ? numbers[i].value : 42));
	}
}

static void
writes_and_reads_hexadecimal(void **state UNUSED)
{
	uint8_t bytes[256], back[256];
	char text[513];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	str_to_hex(bytes_of(bytes, sizeof(bytes)), text);
	assert_int_equal(strlen(text), 512);
	assert_memory_equal(text, "000102030405060708090a0b0c0d0e0f10", 34);
	assert_true(str_from_hex(bytes_of_string(text), back, sizeof(back)));
	assert_memory_equal(back, bytes, sizeof(bytes));
	assert_true(str_from_hex(bytes_of_string("aBCdeF"), back, 3));
	assert_memory_equal(back, "\xab\xcd\xef", 3);
}

static void
refuses_other_hexadecimal(void **state UNUSED)
{
	static const char *const bad[] = { "", "0", "00112", "001122 ", "g01122", "0g1122", "0/1122",
		"0:1122", "0@1122", "0`1122", "0011223", "00112233" };
	uint8_t out[3];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (str_from_hex(bytes_of_string(bad[i]), out, sizeof(out)))
			fail_msg("'%s' was taken", bad[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares_bytes),
		cmocka_unit_test(knows_clean_text),
		cmocka_unit_test(knows_every_byte_at_every_place),
		cmocka_unit_test(knows_names),
		cmocka_unit_test(escapes_what_a_terminal_would_obey),
		cmocka_unit_test(cuts_between_characters),
		cmocka_unit_test(copies_what_fits),
		cmocka_unit_test(reads_whole_numbers),
		cmocka_unit_test(writes_and_reads_hexadecimal),
		cmocka_unit_test(refuses_other_hexadecimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
