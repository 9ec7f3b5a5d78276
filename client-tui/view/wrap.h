/* SPDX-License-Identifier: ISC */
/*
 * Text into rows: at line breaks, between words where they fit, between clusters where they do not.
 */

#ifndef CLIENT_VIEW_WRAP_H
#define CLIENT_VIEW_WRAP_H

#include <stdbool.h>

#include "shared/bytes.h"

/*
 * Columns and blanks of a row; the bytes from "end" to "next" (a line break, blanks at the fold)
 * are not shown.
 */
struct wrap_row {
	size_t start, end, next;
	bool is_last; /* nothing follows */
};

enum wrap_manner {
	WRAP_READING,
	WRAP_WRITING, /* every blank is shown, so that a cursor can stand on it */
};

/*
 * The row that starts at byte "start" of clean text, in at least 1 column. Empty text is one empty
 * row.
 */
struct wrap_row wrap_row_at(struct bytes text, size_t start, int columns, enum wrap_manner manner);

/* Rows of the whole text, at least 1. */
size_t wrap_count(struct bytes text, int columns, enum wrap_manner manner);

#endif
