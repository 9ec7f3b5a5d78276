/* SPDX-License-Identifier: ISC */
#include "shared/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/conf_value.h"
#include "shared/mem.h"
#include "tests/support/tmpdir.h"

struct values {
	uint32_t children;
	bool loud;
	unsigned level;
	char *title;
	char *file;
	struct conf_list friends;
};

static const char *
check_friend(const char *value)
{
	return value[0] == '@' ? NULL : "has to begin with @";
}

static const struct conf_option options[] = {
	{ .name = "children", .kind = CONF_NUMBER, .offset = offsetof(struct values, children),
	  .fallback = "2", .min = 1, .max = 16, .unit = "processes" },
	{ .name = "loud", .kind = CONF_FLAG, .offset = offsetof(struct values, loud),
	  .fallback = "no" },
	{ .name = "level", .kind = CONF_WORD, .offset = offsetof(struct values, level),
	  .fallback = "info", .words = "error|warn|info" },
	{ .name = "title", .kind = CONF_TEXT, .offset = offsetof(struct values, title),
	  .fallback = "none", .min = 1, .max = 12 },
	{ .name = "file", .kind = CONF_PATH, .offset = offsetof(struct values, file),
	  .fallback = "", .min = 0, .max = 4096 },
	{ .name = "friend", .kind = CONF_LIST, .offset = offsetof(struct values, friends),
	  .max = 3, .check = check_friend },
};

static const struct conf_table table = { options, ARRAY_LEN(options), "test.conf(5)" };

/* Values as one line, lists in brackets. */
static char *
summary(const struct values *values)
{
	char friends[64] = "";

	for (size_t i = 0; i < values->friends.count; i++)
		strcat(strcat(friends, values->friends.items[i]), " ");
	return mem_format("%u %d %u '%s' '%s' [%s]", values->children, values->loud, values->level,
	    values->title, values->file, friends);
}

static void
expect_values(const struct values *values, const char *expected)
{
	char *line = summary(values);

	assert_string_equal(line, expected);
	free(line);
}

static void
read_text(const char *text, struct values *values, struct conf_mistakes *mistakes)
{
	conf_init(&table, values);
	*mistakes = (struct conf_mistakes){ 0 };
	conf_read(&table, bytes_of_string(text), "t.conf", values, mistakes);
}

static void
clear(struct values *values, struct conf_mistakes *mistakes)
{
	conf_clear(&table, values);
	conf_mistakes_clear(mistakes);
}

static const struct {
	const char *text;
	const char *values;
} good[] = {
	{ "", "2 0 2 'none' '' []" },
	{ "\n\n  \n# children 9\n\t# x", "2 0 2 'none' '' []" },
	{ "children 1", "1 0 2 'none' '' []" },
	{ "children 16", "16 0 2 'none' '' []" },
	{ "children 16\r\nloud yes\r\n", "16 1 2 'none' '' []" },
	{ "\t children\t 5 \t\n", "5 0 2 'none' '' []" },
	{ "children 5 # five", "5 0 2 'none' '' []" },
	{ "children \"5\" # five", "5 0 2 'none' '' []" },
	{ "level error\nloud no", "2 0 0 'none' '' []" },
	{ "title a#b c", "2 0 2 'a#b c' '' []" },
	{ "title \" # \\\"\\\\\\x \"", "2 0 2 ' # \"\\\\x ' '' []" },
	{ "title \345\220\254\351\233\250", "2 0 2 '\345\220\254\351\233\250' '' []" },
	{ "title a=b", "2 0 2 'a=b' '' []" },
	{ "file /var/log/my file", "2 0 2 'none' '/var/log/my file' []" },
	{ "file \"\"", "2 0 2 'none' '' []" },
	{ "friend @a\nchildren 3\nfriend @b\nfriend \"@c d\"", "3 0 2 'none' '' [@a @b @c d ]" },
};

static void
reads_values(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct conf_mistakes mistakes;
		struct values values;

		read_text(good[i].text, &values, &mistakes);
		if (mistakes.count > 0)
			fail_msg("%s", mistakes.sentences[0]);
		expect_values(&values, good[i].values);
		clear(&values, &mistakes);
	}
}

static const struct {
	const char *text;
	const char *sentence;
} bad[] = {
	{ "chidren 4", "t.conf:1: unknown option 'chidren'; did you mean 'children'?" },
	{ "childrens 4", "t.conf:1: unknown option 'childrens'; did you mean 'children'?" },
	{ "Level info", "t.conf:1: unknown option 'Level'; did you mean 'level'?" },
	{ "lod yes", "t.conf:1: unknown option 'lod'; did you mean 'loud'?" },
	{ "quiet", "t.conf:1: unknown option 'quiet'; test.conf(5) lists all of them" },
	{ "x 1", "t.conf:1: unknown option 'x'; test.conf(5) lists all of them" },
	{ "= 1", "t.conf:1: unknown option ''; test.conf(5) lists all of them" },
	{ "\n#\n\"children\" 4", "t.conf:3: unknown option '\"children\"'; did you mean 'children'?" },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1",
	  "t.conf:1: unknown option 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'; "
	  "test.conf(5) lists all of them" },
	{ "children=4", "t.conf:1: children takes its value after a blank, without '='" },
	{ "children = 4", "t.conf:1: children takes its value after a blank, without '='" },
	{ "children", "t.conf:1: children needs a value behind it; \"\" is an empty one" },
	{ "children  # five",
	  "t.conf:1: children needs a value behind it; \"\" is an empty one" },
	{ "children 0",
	  "t.conf:1: children has to be a whole number from 1 to 16 processes, not '0'" },
	{ "children 17",
	  "t.conf:1: children has to be a whole number from 1 to 16 processes, not '17'" },
	{ "children 4 5",
	  "t.conf:1: children has to be a whole number from 1 to 16 processes, not '4 5'" },
	{ "children -1",
	  "t.conf:1: children has to be a whole number from 1 to 16 processes, not '-1'" },
	{ "children 18446744073709551617",
	  "t.conf:1: children has to be a whole number from 1 to 16 processes, "
	  "not '18446744073709551617'" },
	{ "children 4\nloud no\nchildren 4",
	  "t.conf:3: children was set in line 1 already; keep one of the two" },
	{ "loud true", "t.conf:1: loud has to be yes or no, not 'true'" },
	{ "level debug", "t.conf:1: level has to be one of error|warn|info, not 'debug'" },
	{ "level warn|info", "t.conf:1: level has to be one of error|warn|info, not 'warn|info'" },
	{ "level \"\"", "t.conf:1: level has to be one of error|warn|info, not ''" },
	{ "title \"\"", "t.conf:1: title must not be empty" },
	{ "title 0123456789abc",
	  "t.conf:1: title has to have 1 to 12 bytes, not '0123456789abc'" },
	{ "title \"open", "t.conf:1: title has quotes that do not end with the value; "
	  "write \\\" for one inside" },
	{ "title \"a\" b", "t.conf:1: title has quotes that do not end with the value; "
	  "write \\\" for one inside" },
	{ "title \"a\\\"", "t.conf:1: title has quotes that do not end with the value; "
	  "write \\\" for one inside" },
	{ "title a\tb", "t.conf:1: title must not have control characters in it, not 'a\\x09b'" },
	{ "title \033[2J", "t.conf:1: this line is not plain UTF-8 text; "
	  "write it again in a text editor" },
	{ "\n\377", "t.conf:2: this line is not plain UTF-8 text; "
	  "write it again in a text editor" },
	{ "file log", "t.conf:1: file has to be a path that begins with /, not 'log'" },
	{ "friend a", "t.conf:1: friend has to begin with @, not 'a'" },
	{ "friend \"\"", "t.conf:1: friend must not be empty" },
	{ "friend @a\nfriend @b\nfriend @c\nfriend @d",
	  "t.conf:4: friend may be there at most 3 times" },
};

static void
says_what_is_wrong(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct conf_mistakes mistakes;
		struct values values;

		read_text(bad[i].text, &values, &mistakes);
		if (mistakes.count != 1)
			fail_msg("'%s': %zu mistakes", bad[i].text, mistakes.count);
		assert_string_equal(mistakes.sentences[0], bad[i].sentence);
		clear(&values, &mistakes);
	}
}

static void
finds_all_mistakes(void **state UNUSED)
{
	struct conf_mistakes mistakes;
	struct values values;

	read_text("children 99\nlevl info\nloud yes\nfriend b\n\001\n", &values, &mistakes);
	assert_int_equal(mistakes.count, 4);
	assert_non_null(strstr(mistakes.sentences[0], "t.conf:1: children "));
	assert_non_null(strstr(mistakes.sentences[1], "t.conf:2: unknown option 'levl'"));
	assert_non_null(strstr(mistakes.sentences[2], "t.conf:4: friend "));
	assert_non_null(strstr(mistakes.sentences[3], "t.conf:5: this line "));
	expect_values(&values, "2 1 2 'none' '' []");
	clear(&values, &mistakes);
}

static void
counts_more_mistakes_than_it_keeps(void **state UNUSED)
{
	struct conf_mistakes mistakes;
	char text[4 * CONF_MISTAKES_MAX + 1];
	struct values values;

	for (size_t i = 0; i < 2 * CONF_MISTAKES_MAX; i++)
		memcpy(text + 2 * i, "?\n", 3);
	read_text(text, &values, &mistakes);
	assert_int_equal(mistakes.count, 2 * CONF_MISTAKES_MAX);
	assert_int_equal(conf_mistakes_kept(&mistakes), CONF_MISTAKES_MAX);
	assert_non_null(mistakes.sentences[CONF_MISTAKES_MAX - 1]);
	clear(&values, &mistakes);
	assert_int_equal(mistakes.count, 0);
}

static void
bounds_lines_and_files(void **state UNUSED)
{
	char *text = mem_new(CONF_FILE_MAX + 2);
	struct conf_mistakes mistakes;
	struct values values;

	memset(text, '#', CONF_LINE_MAX);
	read_text(text, &values, &mistakes);
	assert_int_equal(mistakes.count, 0);
	clear(&values, &mistakes);

	text[CONF_LINE_MAX] = '#';
	read_text(text, &values, &mistakes);
	assert_int_equal(mistakes.count, 1);
	assert_string_equal(mistakes.sentences[0],
	    "t.conf:1: this line has more than 4096 bytes; make it shorter");
	clear(&values, &mistakes);

	memset(text, '\n', CONF_FILE_MAX);
	read_text(text, &values, &mistakes);
	assert_int_equal(mistakes.count, 0);
	clear(&values, &mistakes);

	text[CONF_FILE_MAX] = '\n';
	read_text(text, &values, &mistakes);
	assert_int_equal(mistakes.count, 1);
	assert_string_equal(mistakes.sentences[0],
	    "t.conf: is larger than 256 KiB; name another file");
	clear(&values, &mistakes);
	free(text);
}

static void
reads_files(void **state UNUSED)
{
	char *folder = tmpdir_new(), *path = tmpdir_path(folder, "a.conf");
	struct conf_mistakes mistakes = { 0 };
	struct values values;
	char *expected;

	tmpdir_write(folder, "a.conf", "children 7\nloud maybe\n");
	conf_init(&table, &values);
	assert_int_equal(conf_read_file(&table, path, &values, &mistakes), STATUS_OK);
	expected = mem_format("%s:2: loud has to be yes or no, not 'maybe'", path);
	assert_int_equal(mistakes.count, 1);
	assert_string_equal(mistakes.sentences[0], expected);
	expect_values(&values, "7 0 2 'none' '' []");
	free(expected);
	clear(&values, &mistakes);
	free(path);
	tmpdir_free(folder);
}

static void
says_why_a_file_cannot_be_read(void **state UNUSED)
{
	char *folder = tmpdir_new(), *path = tmpdir_path(folder, "none.conf"), *expected;
	struct conf_mistakes mistakes = { 0 };
	struct values values;

	conf_init(&table, &values);
	assert_int_equal(conf_read_file(&table, path, &values, &mistakes), STATUS_NOT_FOUND);
	assert_int_equal(conf_read_file(&table, folder, &values, &mistakes), STATUS_SYSTEM);
	assert_int_equal(mistakes.count, 2);
	expected = mem_format("%s: cannot be read: No such file or directory; "
	    "mend that or name another file", path);
	assert_string_equal(mistakes.sentences[0], expected);
	assert_non_null(strstr(mistakes.sentences[1], ": cannot be read: Is a directory"));
	free(expected);
	free(path);
	clear(&values, &mistakes);
	tmpdir_free(folder);
}

static void
overrides_what_a_file_said(void **state UNUSED)
{
	static const char *const pairs[] = { "children=3", "friend=@x", "children=4", "title=a=b",
		"friend=@y z", "file=" };
	struct conf_mistakes mistakes;
	struct values values;

	read_text("children 9\nfriend @a\nfriend @b\nloud yes\nfile /x\n", &values, &mistakes);
	conf_override(&table, pairs, ARRAY_LEN(pairs), &values, &mistakes);
	assert_int_equal(mistakes.count, 0);
	expect_values(&values, "4 1 2 'a=b' '' [@x @y z ]");
	conf_override(&table, (const char *const[]){ "friend=" }, 1, &values, &mistakes);
	assert_int_equal(mistakes.count, 0);
	expect_values(&values, "4 1 2 'a=b' '' []");
	clear(&values, &mistakes);
}

static const struct {
	const char *pair;
	const char *sentence;
} bad_pairs[] = {
	{ "chidren=4", "-o chidren=4: unknown option 'chidren'; did you mean 'children'?" },
	{ "", "-o : unknown option ''; test.conf(5) lists all of them" },
	{ "children", "-o children: children needs a value; write it as children=VALUE" },
	{ "children 4", "-o children 4: unknown option 'children 4'; did you mean 'children'?" },
	{ "children=", "-o children=: "
	  "children has to be a whole number from 1 to 16 processes, not ''" },
	{ "title=", "-o title=: title must not be empty" },
	{ "title=a\nb", "-o title=a\\x0ab: title is too long or not plain UTF-8 text" },
	{ "friend=x", "-o friend=x: friend has to begin with @, not 'x'" },
};

static void
says_what_is_wrong_on_the_command_line(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(bad_pairs); i++) {
		struct conf_mistakes mistakes = { 0 };
		struct values values;

		conf_init(&table, &values);
		conf_override(&table, &bad_pairs[i].pair, 1, &values, &mistakes);
		assert_int_equal(mistakes.count, 1);
		assert_string_equal(mistakes.sentences[0], bad_pairs[i].sentence);
		clear(&values, &mistakes);
	}
}

static void
compares_and_copies_values(void **state UNUSED)
{
	struct conf_mistakes mistakes, none;
	struct values values, defaults;

	read_text("children 9\nloud yes\nlevel warn\ntitle x\nfile /y\nfriend @a\nfriend @b\n",
	    &values, &mistakes);
	read_text("friend @a\nfriend @c\n", &defaults, &none);
	for (size_t i = 0; i < table.count; i++) {
		assert_true(conf_value_is_equal(&options[i], &values, &values));
		assert_false(conf_value_is_equal(&options[i], &values, &defaults));
		conf_value_copy(&options[i], &defaults, &values);
		assert_true(conf_value_is_equal(&options[i], &values, &defaults));
	}
	expect_values(&defaults, "9 1 1 'x' '/y' [@a @b ]");
	clear(&values, &mistakes);
	clear(&defaults, &none);
}

static void
travels_as_bytes(void **state UNUSED)
{
	struct conf_mistakes mistakes;
	struct values values, back;
	struct bytes bytes;

	read_text("children 9\nloud yes\nlevel warn\ntitle x y\nfriend @a\nfriend @b\n", &values,
	    &mistakes);
	conf_value_set_text(&options[4], "{unchecked}", &values);
	bytes = conf_encode(&table, &values);
	assert_int_equal(conf_decode(&table, bytes, &back), STATUS_OK);
	expect_values(&back, "9 1 1 'x y' '{unchecked}' [@a @b ]");
	conf_clear(&table, &back);

	for (size_t len = 0; len < bytes.len; len++) {
		void *copy = memcpy(mem_new(len), bytes.data, len);

		assert_int_equal(conf_decode(&table, bytes_of(copy, len), &back), STATUS_BAD_FRAME);
		free(copy);
	}
	free((void *)bytes.data);
	clear(&values, &mistakes);
}

static void
refuses_bytes_of_another_table(void **state UNUSED)
{
	static const struct conf_option other[] = {
		{ .name = "children", .kind = CONF_NUMBER, .fallback = "20", .min = 1, .max = 100,
		  .unit = "", .offset = offsetof(struct values, children) },
	};
	static const struct conf_table smaller = { other, 1, "" }, own = { options, 1, "" };
	struct values values;
	struct bytes bytes;

	conf_init(&smaller, &values);
	bytes = conf_encode(&smaller, &values);
	/* One option too few, and a value that is out of range here. */
	assert_int_equal(conf_decode(&table, bytes, &values), STATUS_BAD_FRAME);
	assert_int_equal(conf_decode(&own, bytes, &values), STATUS_BAD_FRAME);
	assert_int_equal(conf_decode(&smaller, bytes, &values), STATUS_OK);
	free((void *)bytes.data);

	conf_init(&table, &values);
	bytes = conf_encode(&table, &values);
	conf_clear(&table, &values);
	assert_int_equal(conf_decode(&smaller, bytes, &values), STATUS_BAD_FRAME);
	free((void *)bytes.data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_values),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(finds_all_mistakes),
		cmocka_unit_test(counts_more_mistakes_than_it_keeps),
		cmocka_unit_test(bounds_lines_and_files),
		cmocka_unit_test(reads_files),
		cmocka_unit_test(says_why_a_file_cannot_be_read),
		cmocka_unit_test(overrides_what_a_file_said),
		cmocka_unit_test(says_what_is_wrong_on_the_command_line),
		cmocka_unit_test(compares_and_copies_values),
		cmocka_unit_test(travels_as_bytes),
		cmocka_unit_test(refuses_bytes_of_another_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
