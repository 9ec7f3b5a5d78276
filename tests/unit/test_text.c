/* SPDX-License-Identifier: ISC */
#include "client-tui/model/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/mem.h"
#include "shared/str.h"

#define FAMILY "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466"

/* Clusters by the rules of UAX #29; columns as terminals draw them. */
static const struct {
	const char *cluster;
	int width;
} clusters[] = {
	{ "a", 1 },
	{ "e\u0301", 1 },             /* a letter and its accent */
	{ "o\u0323\u0302\u0301", 1 }, /* three of them */
	{ "听", 2 },
	{ "한", 2 },
	{ "\u1112\u1161\u11ab", 2 }, /* the same syllable in three pieces */
	{ "\u0928\u093f", 1 },       /* Devanagari: a vowel sign takes no column of its own */
	{ "\U0001F600", 2 },
	{ FAMILY, 2 },                 /* seven code points */
	{ "\U0001F44D\U0001F3FD", 2 }, /* a skin tone */
	{ "\U0001F1E9\U0001F1EA", 2 }, /* a flag: two letters */
	{ "\u2764", 1 },               /* a heart of text */
	{ "\u2764\uFE0F", 2 },         /* the same as emoji */
	{ "1\uFE0F\u20E3", 2 },        /* a keycap */
	{ "\U0001F3F4\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F",
	    2 }, /* England */
	{ "\u3000", 2 },
	{ "\u00a0", 1 },
	{ "\uff71", 1 }, /* half-width katakana */
	{ "\u200b", 0 },
	{ "\t", 0 },
	{ "\n", 0 },
};

/* The same bytes in a block of their own, so that a sanitizer sees one read too many. */
static struct bytes
exact(const char *string)
{
	return bytes_of(mem_string_of(bytes_of_string(string)), strlen(string));
}

static void
knows_clusters_and_their_columns(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(clusters); i++) {
		struct bytes text = exact(clusters[i].cluster);
		struct text_cluster first = text_cluster_first(text);

		if (first.len != text.len || first.width != clusters[i].width)
			fail_msg("cluster %zu: %zu bytes of %zu, %d columns", i, first.len,
			    text.len, first.width);
		free((void *)text.data);
	}
}

/* Any two of them side by side are two (but where the second one belongs to any first one). */
static void
finds_the_border_between_two(void **state UNUSED)
{
	for (size_t a = 0; a < ARRAY_LEN(clusters); a++)
		for (size_t b = 0; b < ARRAY_LEN(clusters); b++) {
			char *both = mem_format("x%s%s", clusters[a].cluster, clusters[b].cluster);
			size_t len = strlen(both), middle = 1 + strlen(clusters[a].cluster);
			struct bytes text = bytes_of(both, len);

			assert_int_equal(text_cluster_first(bytes_from(text, 1)).len, middle - 1);
			assert_int_equal(text_cluster_before(text, len), middle);
			assert_int_equal(text_cluster_before(text, middle), 1);
			assert_int_equal(text_cluster_before(text, 1), 0);
			free(both);
		}
}

/* A place inside a cluster belongs to it; four flags are counted from the first one. */
static void
goes_back_over_whole_clusters(void **state UNUSED)
{
	struct bytes family = exact("ab" FAMILY),
		     flags = exact("\n\U0001F1E9\U0001F1EA\U0001F1EB\U0001F1F7\U0001F1EE");

	for (size_t at = 3; at <= family.len; at++)
		assert_int_equal(text_cluster_before(family, at), 2);
	assert_int_equal(text_cluster_before(flags, flags.len), 17);
	assert_int_equal(text_cluster_before(flags, 17), 9);
	assert_int_equal(text_cluster_before(flags, 9), 1);
	assert_int_equal(text_cluster_before(flags, 1), 0);
	free((void *)family.data);
	free((void *)flags.data);
}

static void
adds_up_columns(void **state UNUSED)
{
	assert_int_equal(text_width(bytes_of_string("")), 0);
	assert_int_equal(text_width(bytes_of_string("hello")), 5);
	assert_int_equal(text_width(bytes_of_string("你好, " FAMILY "!")), 9);
	assert_int_equal(text_width(bytes_of_string("\tx")), 9);
	assert_int_equal(text_width(bytes_of_string("1234567\tx")), 9);
	assert_int_equal(text_width(bytes_of_string("12345678\tx")), 17);
}

static void
fits_whole_clusters(void **state UNUSED)
{
	struct bytes text = bytes_of_string("a你" FAMILY "b");
	static const size_t fits[] = { 0, 1, 1, 4, 4, 29, 30, 30 };

	for (int columns = 0; columns < (int)ARRAY_LEN(fits); columns++)
		assert_int_equal(text_fit(text, columns), fits[columns]);
	assert_int_equal(text_fit(bytes_of_string("a\tb"), 7), 1);
	assert_int_equal(text_fit(bytes_of_string("a\tb"), 8), 2);
}

static void
knows_blanks_and_words(void **state UNUSED)
{
	static const char *const blanks[] = { " ", "\t", "\n", "\u3000", "\u2003" };
	static const char *const words[] = { "a", "Z", "9", "é", "e\u0301", "听", "\u0915" };
	static const char *const others[] = { "-", "。", "\u00a0", "\U0001F600", "_", "\x80" };

	for (size_t i = 0; i < ARRAY_LEN(blanks); i++)
		if (!text_is_blank(bytes_of_string(blanks[i])) ||
		    text_is_word(bytes_of_string(blanks[i])))
			fail_msg("blank %zu", i);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (text_is_blank(bytes_of_string(words[i])) ||
		    !text_is_word(bytes_of_string(words[i])))
			fail_msg("word %zu", i);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (text_is_blank(bytes_of_string(others[i])) ||
		    text_is_word(bytes_of_string(others[i])))
			fail_msg("other %zu", i);
}

static const struct {
	const char *foreign, *message, *line;
} foreign_texts[] = {
	{ "", "", "" },
	{ "听雨 " FAMILY, "听雨 " FAMILY, "听雨 " FAMILY },
	{ "a\nb\tc", "a\nb\tc", "a b c" },
	{ "a\r\nb\rc\r\n", "a\nb\nc\n", "a b c " },
	{ "\033[31mred\033]0;title\007", "\\x1b[31mred\\x1b]0;title\\x07",
	    "\\x1b[31mred\\x1b]0;title\\x07" },
	{ "\302\233"
	  "2J",
	    "\\xc2\\x9b2J", "\\xc2\\x9b2J" }, /* CSI in one character */
	{ "\177", "\\x7f", "\\x7f" },
	{ "a\345\220", "a\\xe5\\x90", "a\\xe5\\x90" },            /* cut in half */
	{ "\355\240\200", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80" }, /* a surrogate */
	{ "\u202egnp.exe", "\\u202egnp.exe", "\\u202egnp.exe" },
	{ "\u202a\u2066x\u2069\u202c", "\\u202a\\u2066x\\u2069\\u202c",
	    "\\u202a\\u2066x\\u2069\\u202c" },
	{ "\u2028", "\\u2028", "\\u2028" },
	{ "ali\u200bce", "ali\u200bce", "ali\\u200bce" },
	{ "\ufeffbob\u200f", "\ufeffbob\u200f", "\\ufeffbob\\u200f" },
};

static void
cleans_what_is_foreign(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(foreign_texts); i++) {
		struct bytes foreign = exact(foreign_texts[i].foreign);
		char line[64];
		size_t len;
		char *message = text_clean(foreign, &len);

		text_clean_line(foreign, line, sizeof(line));
		assert_string_equal(message, foreign_texts[i].message);
		assert_int_equal(len, strlen(message));
		assert_string_equal(line, foreign_texts[i].line);
		free(message);
		free((void *)foreign.data);
	}
}

static void
cleans_zeros_and_much(void **state UNUSED)
{
	enum { MANY = 20000 };
	char *zeros = mem_new(MANY), *clean;
	size_t len;

	clean = text_clean(bytes_of(zeros, MANY), &len);
	assert_int_equal(len, 4 * MANY);
	assert_memory_equal(clean + len - 8, "\\x00\\x00", 9);
	free(clean);
	free(zeros);
}

static void
cuts_lines_between_clusters(void **state UNUSED)
{
	char out[16];

	text_clean_line(bytes_of_string("12345678901234567890"), out, sizeof(out));
	assert_true(strlen(out) >= 14 && strlen(out) < 16);
	text_clean_line(bytes_of_string("ab" FAMILY "cd"), out, sizeof(out));
	assert_string_equal(out, "ab");
	text_clean_line(bytes_of_string("\033\033\033\033\033\033"), out, sizeof(out));
	assert_true(str_is_clean(bytes_of_string(out)));
	text_clean_line(bytes_of_string("anything"), out, 1);
	assert_string_equal(out, "");
}

static void
formats_and_cuts_between_characters(void **state UNUSED)
{
	static const char *const whole = "aé听\U0001F600z";
	char out[16];

	for (size_t room = 1; room <= 12; room++) {
		text_format(out, room, "%s", whole);
		assert_true(strlen(out) < room);
		assert_true(str_is_clean(bytes_of_string(out)));
		assert_memory_equal(out, whole, strlen(out));
		assert_true(room - 1 - strlen(out) < 4);
	}
	text_format(out, sizeof(out), "%d %s", 3, "ms");
	assert_string_equal(out, "3 ms");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_clusters_and_their_columns),
		cmocka_unit_test(finds_the_border_between_two),
		cmocka_unit_test(goes_back_over_whole_clusters),
		cmocka_unit_test(adds_up_columns),
		cmocka_unit_test(fits_whole_clusters),
		cmocka_unit_test(knows_blanks_and_words),
		cmocka_unit_test(cleans_what_is_foreign),
		cmocka_unit_test(cleans_zeros_and_much),
		cmocka_unit_test(cuts_lines_between_clusters),
		cmocka_unit_test(formats_and_cuts_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
