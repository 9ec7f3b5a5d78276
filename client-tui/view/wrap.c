/* SPDX-License-Identifier: ISC */
#include "client-tui/view/wrap.h"

#include <string.h>

#include "client-tui/model/text.h"
#include "shared/compiler.h"

/* A row of Chinese or Japanese text does not begin with one of these. */
static bool
may_not_begin_row(struct bytes text)
{
	static const char *const closing[] = { "、", "。", "，", "．", "！", "？", "：", "；", "）",
		"」", "』", "】", "〉", "》", "”", "’", "…", "ー" };

	for (size_t i = 0; i < ARRAY_LEN(closing); i++)
		if (text.len >= 3 && memcmp(text.data, closing[i], 3) == 0)
			return true;
	return false;
}

static size_t
skip_blanks(struct bytes text, size_t at)
{
	const char *data = text.data;

	while (at < text.len && data[at] != '\n' && text_is_blank(bytes_from(text, at)))
		at += text_cluster_first(bytes_from(text, at)).len;
	return at;
}

/* A row that ends before "at" because it is full: between words the blanks there are not shown. */
static struct wrap_row
fold(struct bytes text, size_t start, size_t shown, size_t at, enum wrap_manner manner)
{
	const char *data = text.data;
	struct wrap_row row = { .start = start, .end = shown, .next = at };

	if (manner == WRAP_READING) {
		row.next = skip_blanks(text, at);
		row.is_last = row.next == text.len;
		if (row.next < text.len && data[row.next] == '\n')
			row.next++;
	}
	return row;
}

/* What is known of the part of a row that was walked over. */
struct walk {
	int column;
	size_t shown;		    /* behind the last cluster that is not blank */
	/* the last place between words, and the end of the word before it */
	size_t fold_at, fold_shown;
	bool after_blank, after_wide;
};

static void
walk_over(struct walk *walk, size_t at, struct text_cluster cluster, int width, bool is_blank)
{
	walk->column += width;
	walk->after_blank = is_blank;
	walk->after_wide = cluster.width == 2 && !is_blank;
	if (!is_blank)
		walk->shown = at + cluster.len;
}

/* Most rows, at once: nothing takes more columns than bytes, but a tab. */
static bool
surely_fits(struct bytes rest, int columns)
{
	return rest.len > 0 && rest.len <= (size_t)columns && memchr(rest.data, '\n', rest.len) == NULL &&
	    memchr(rest.data, '\t', rest.len) == NULL;
}

struct wrap_row
wrap_row_at(struct bytes text, size_t start, int columns, enum wrap_manner manner)
{
	const char *data = text.data;
	struct walk walk = { .shown = start, .fold_at = start, .fold_shown = start };
	size_t at = start;

	if (surely_fits(bytes_from(text, start), columns))
		at = text.len;
	while (at < text.len && data[at] != '\n') {
		struct bytes rest = bytes_from(text, at);
		struct text_cluster cluster = text_cluster_first(rest);
		bool is_blank = text_is_blank(rest);
		int width = data[at] == '\t' ? TEXT_TAB - walk.column % TEXT_TAB : cluster.width;

		if (!is_blank && (walk.after_blank ||
		    ((walk.after_wide || width == 2) && !may_not_begin_row(rest)))) {
			walk.fold_at = at;
			walk.fold_shown = walk.shown;
		}
		if (walk.column + width > columns && at > start) {
			if (manner == WRAP_READING && is_blank)
				return fold(text, start, walk.shown, at, manner);
			if (manner == WRAP_READING && walk.fold_shown > start)
				return fold(text, start, walk.fold_shown, walk.fold_at, manner);
			if (manner == WRAP_WRITING && !is_blank && walk.fold_at > start)
				return fold(text, start, walk.fold_at, walk.fold_at, manner);
			return fold(text, start, at, at, manner);
		}
		walk_over(&walk, at, cluster, width, is_blank);
		at += cluster.len;
	}
	return (struct wrap_row){ .start = start, .end = at, .next = at < text.len ? at + 1 : at,
		.is_last = at == text.len };
}

size_t
wrap_count(struct bytes text, int columns, enum wrap_manner manner)
{
	struct wrap_row row = { .next = 0 };
	size_t count = 0;

	do {
		row = wrap_row_at(text, row.next, columns, manner);
		count++;
	} while (!row.is_last);
	return count;
}
