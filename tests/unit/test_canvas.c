/* SPDX-License-Identifier: ISC */
#include "client-tui/view/canvas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client-tui/model/text.h"
#include "client-tui/view/wrap.h"
#include "shared/compiler.h"
#include "shared/mem.h"

static struct canvas canvas;

static int
begin(void **state UNUSED)
{
	canvas_init(&canvas);
	return 0;
}

static int
end(void **state UNUSED)
{
	canvas_clear(&canvas);
	return 0;
}

static void
shows(const char *expected)
{
	char *text = canvas_to_text(&canvas);

	assert_string_equal(text, expected);
	free(text);
}

static struct canvas_rect
rect(int x, int y, int columns, int rows)
{
	return (struct canvas_rect){ .x = x, .y = y, .columns = columns, .rows = rows };
}

static void
has_a_size_within_bounds(void **state UNUSED)
{
	canvas_resize(&canvas, 0, -5);
	assert_int_equal(canvas.columns, 1);
	assert_int_equal(canvas.rows, 1);
	canvas_resize(&canvas, 5000, 2);
	assert_int_equal(canvas.columns, CANVAS_SIDE_MOST);
	canvas_resize(&canvas, 3, 2);
	shows("\n\n");
	assert_false(canvas.cursor_is_shown);
}

static void
puts_text_inside_a_rectangle(void **state UNUSED)
{
	canvas_resize(&canvas, 8, 3);
	assert_int_equal(canvas_print(&canvas, rect(2, 1, 4, 1), 0, 0, STYLE_BOLD, "abcdefgh"), 8);
	canvas_print(&canvas, rect(2, 1, 4, 1), 0, 1, STYLE_BOLD, "below");
	canvas_print(&canvas, rect(2, 1, 4, 1), 0, -1, STYLE_BOLD, "above");
	canvas_print(&canvas, rect(-2, 2, 5, 1), 0, 0, STYLE_DIM, "12345");
	canvas_print(&canvas, rect(6, 0, 50, 50), 0, 0, STYLE_DIM, "outside");
	shows("      ou\n  abcd\n345\n");
	assert_int_equal(canvas_at(&canvas, 2, 1)->style, STYLE_BOLD);
	assert_int_equal(canvas_at(&canvas, 6, 1)->style, STYLE_NORMAL);
}

static void
never_cuts_a_wide_character(void **state UNUSED)
{
	canvas_resize(&canvas, 6, 2);
	canvas_print(&canvas, rect(0, 0, 5, 1), 0, 0, STYLE_NORMAL, "听雨听");
	canvas_print(&canvas, rect(0, 1, 6, 1), -1, 0, STYLE_NORMAL, "听雨");
	shows("听雨\n 雨\n");
	assert_int_equal(canvas_at(&canvas, 0, 0)->width, 2);
	assert_int_equal(canvas_at(&canvas, 1, 0)->width, 0);
	assert_string_equal(canvas_at(&canvas, 1, 0)->text, "");
}

static void
blanks_half_of_what_is_written_over(void **state UNUSED)
{
	canvas_resize(&canvas, 6, 1);
	canvas_print(&canvas, rect(0, 0, 6, 1), 0, 0, STYLE_NORMAL, "听雨听");
	canvas_print(&canvas, rect(0, 0, 6, 1), 1, 0, STYLE_NORMAL, "x");
	shows(" x雨听\n");
	canvas_print(&canvas, rect(0, 0, 6, 1), 3, 0, STYLE_NORMAL, "你");
	shows(" x 你\n");
	assert_int_equal(canvas_at(&canvas, 5, 0)->width, 1);
	canvas_print(&canvas, rect(0, 0, 6, 1), 3, 0, STYLE_NORMAL, "z");
	assert_int_equal(canvas_at(&canvas, 4, 0)->width, 1);
	shows(" x z\n");
}

static void
keeps_clusters_together(void **state UNUSED)
{
	static const char family[] = "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466";

	canvas_resize(&canvas, 6, 1);
	canvas_print(&canvas, rect(0, 0, 6, 1), 0, 0, STYLE_NORMAL,
	    "e\u0301\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D"
	    "\U0001F466x");
	assert_string_equal(canvas_at(&canvas, 0, 0)->text, "e\u0301");
	assert_string_equal(canvas_at(&canvas, 1, 0)->text, family);
	assert_string_equal(canvas_at(&canvas, 3, 0)->text, "x");
}

/*
 * A letter with a thousand marks is a letter with a few of them; a long family ends with one of its
 * members.
 */
static void
bounds_what_a_cell_holds(void **state UNUSED)
{
	char heap[2 * 1000 + 2] = "a";
	const struct canvas_cell *cell;

	canvas_resize(&canvas, 4, 1);
	for (size_t i = 0; i < 1000; i++)
		memcpy(heap + 1 + 2 * i, "\u0301", 2);
	canvas_print(&canvas, rect(0, 0, 4, 1), 0, 0, STYLE_NORMAL, heap);
	cell = canvas_at(&canvas, 0, 0);
	assert_int_equal(strlen(cell->text), 27);
	canvas_print(&canvas, rect(0, 0, 4, 1), 1, 0, STYLE_NORMAL,
	    "\U0001F469\U0001F3FD\u200D\u2764\uFE0F\u200D\U0001F48B\u200D\U0001F468\U0001F3FD");
	cell = canvas_at(&canvas, 1, 0);
	assert_string_equal(cell->text, "\U0001F469\U0001F3FD\u200D\u2764\uFE0F\u200D\U0001F48B");
	canvas_print(&canvas, rect(0, 0, 4, 1), 1, 0, STYLE_NORMAL,
	    "\U0001F469\U0001F3FD\u200D\U0001F469\U0001F3FD\u200D\u2764\uFE0F\u200D\U0001F48B");
	assert_string_equal(canvas_at(&canvas, 1, 0)->text,
	    "\U0001F469\U0001F3FD\u200D\U0001F469\U0001F3FD\u200D\u2764\uFE0F");
}

/*
 * The last line of defence: text that was not cleaned is drawn without what a terminal would obey.
 */
static void
draws_no_control_characters(void **state UNUSED)
{
	canvas_resize(&canvas, 20, 1);
	canvas_print(&canvas, rect(0, 0, 20, 1), 0, 0, STYLE_NORMAL,
	    "a\033[2Jb\302\233c\u202ed\377e\u200b\nf");
	shows("a[2Jbcdef\n");
}

static void
expands_tabs(void **state UNUSED)
{
	canvas_resize(&canvas, 20, 1);
	canvas_print(&canvas, rect(1, 0, 19, 1), 0, 0, STYLE_NORMAL, "a\tb\tc");
	shows(" a       b       c\n");
}

static void
fills_and_restyles(void **state UNUSED)
{
	canvas_resize(&canvas, 6, 2);
	canvas_print(&canvas, rect(0, 0, 6, 1), 0, 0, STYLE_NORMAL, "听雨听");
	canvas_fill(&canvas, rect(1, 0, 2, 9), "─", STYLE_DIM);
	canvas_restyle(&canvas, rect(4, -3, 90, 4), STYLE_ALERT);
	shows(" ── 听\n ──\n");
	assert_int_equal(canvas_at(&canvas, 1, 0)->style, STYLE_DIM);
	assert_int_equal(canvas_at(&canvas, 4, 0)->style, STYLE_ALERT);
	assert_int_equal(canvas_at(&canvas, 4, 1)->style, STYLE_NORMAL);
}

static void
keeps_the_cursor_inside(void **state UNUSED)
{
	canvas_resize(&canvas, 10, 4);
	canvas_set_cursor(&canvas, rect(2, 1, 4, 2), 99, 99);
	assert_int_equal(canvas.cursor_x, 5);
	assert_int_equal(canvas.cursor_y, 2);
	canvas_set_cursor(&canvas, rect(2, 1, 4, 2), -9, -9);
	assert_int_equal(canvas.cursor_x, 2);
	assert_int_equal(canvas.cursor_y, 1);
	canvas_set_cursor(&canvas, rect(50, 50, 4, 2), 0, 0);
	assert_int_equal(canvas.cursor_x, 2);
}

/* --- text into rows ----------------------------------------------------------------------- */

/* Rows joined by "/". */
static void
wraps(const char *text, int columns, enum wrap_manner manner, const char *expected)
{
	struct bytes bytes = bytes_of(mem_string_of(bytes_of_string(text)), strlen(text));
	struct wrap_row row = { .next = 0 };
	char joined[400] = "";
	size_t rows = 0;

	do {
		row = wrap_row_at(bytes, row.next, columns, manner);
		if (rows++ > 0)
			strcat(joined, "/");
		strncat(joined, (const char *)bytes.data + row.start, row.end - row.start);
	} while (!row.is_last);
	assert_string_equal(joined, expected);
	assert_int_equal(wrap_count(bytes, columns, manner), rows);
	free((void *)bytes.data);
}

static void
wraps_between_words(void **state UNUSED)
{
	wraps("", 5, WRAP_READING, "");
	wraps("one two three", 7, WRAP_READING, "one two/three");
	wraps("one two three", 8, WRAP_READING, "one two/three");
	wraps("one two three", 6, WRAP_READING, "one/two/three");
	wraps("one   two", 4, WRAP_READING, "one/two");
	wraps("one two   ", 7, WRAP_READING, "one two");
	wraps("one\n\n two", 7, WRAP_READING, "one// two");
	wraps("one two\nthree", 7, WRAP_READING, "one two/three");
	wraps("one two  \nthree", 7, WRAP_READING, "one two/three");
	wraps("one\n", 7, WRAP_READING, "one/");
	wraps("https://example.org/a/long/address x", 10, WRAP_READING,
	    "https://ex/ample.org//a/long/add/ress x");
	wraps("see https://example.org", 10, WRAP_READING, "see/https://ex/ample.org");
	wraps("    x", 3, WRAP_READING, "/x");
}

static void
wraps_chinese_anywhere_but_before_a_stop(void **state UNUSED)
{
	wraps("听雨听雨", 4, WRAP_READING, "听雨/听雨");
	wraps("听雨听雨", 5, WRAP_READING, "听雨/听雨");
	wraps("听雨听。雨", 6, WRAP_READING, "听雨/听。雨");
	wraps("ab听雨 cd", 6, WRAP_READING, "ab听雨/cd");
	wraps("hello听雨", 6, WRAP_READING, "hello/听雨");
	wraps("听", 1, WRAP_READING, "听");
	wraps("听雨", 1, WRAP_READING, "听/雨");
}

/* Nothing is left out of what is being written. */
static void
wraps_what_is_written(void **state UNUSED)
{
	wraps("one two", 4, WRAP_WRITING, "one /two");
	wraps("one two", 6, WRAP_WRITING, "one /two");
	wraps("one  two  ", 4, WRAP_WRITING, "one / two/  ");
	wraps("one  two  ", 5, WRAP_WRITING, "one  /two  ");
	wraps("abcdefg hi", 4, WRAP_WRITING, "abcd/efg /hi");
	wraps("e\u0301e\u0301e\u0301", 2, WRAP_WRITING, "e\u0301e\u0301/e\u0301");
	wraps("a听b", 2, WRAP_WRITING, "a/听/b");
	wraps("听雨。", 4, WRAP_WRITING, "听/雨。");
	wraps("ab\ncd", 2, WRAP_WRITING, "ab/cd");
	wraps("\ta", 9, WRAP_WRITING, "\ta");
	wraps("\tab", 9, WRAP_WRITING, "\t/ab");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(has_a_size_within_bounds, begin, end),
		cmocka_unit_test_setup_teardown(puts_text_inside_a_rectangle, begin, end),
		cmocka_unit_test_setup_teardown(never_cuts_a_wide_character, begin, end),
		cmocka_unit_test_setup_teardown(blanks_half_of_what_is_written_over, begin, end),
		cmocka_unit_test_setup_teardown(keeps_clusters_together, begin, end),
		cmocka_unit_test_setup_teardown(bounds_what_a_cell_holds, begin, end),
		cmocka_unit_test_setup_teardown(draws_no_control_characters, begin, end),
		cmocka_unit_test_setup_teardown(expands_tabs, begin, end),
		cmocka_unit_test_setup_teardown(fills_and_restyles, begin, end),
		cmocka_unit_test_setup_teardown(keeps_the_cursor_inside, begin, end),
		cmocka_unit_test(wraps_between_words),
		cmocka_unit_test(wraps_chinese_anywhere_but_before_a_stop),
		cmocka_unit_test(wraps_what_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
