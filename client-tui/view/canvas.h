/* SPDX-License-Identifier: ISC */
/*
 * A screen as a value: a grid of cells, each with one grapheme cluster, and a cursor. Nothing is
 * ever written outside; a wide character that would be cut in half is left out, and one that is
 * half overwritten becomes blank.
 */

#ifndef CLIENT_VIEW_CANVAS_H
#define CLIENT_VIEW_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"

enum {
	/* Columns and rows: larger terminals are drawn into their upper left. */
	CANVAS_SIDE_MOST = 1000,
	/* Bytes of a cluster that are kept: what is longer loses marks at its end. */
	CANVAS_CLUSTER_MOST = 28,
};

/*
 * What a piece of text is for; term/ knows how that looks. A meaning is never carried by style
 * alone.
 */
enum canvas_style {
	STYLE_NORMAL,
	STYLE_DIM,     /* quiet: rules, times */
	STYLE_BOLD,    /* what the eye is to find: unread, the selected name */
	STYLE_REVERSE, /* bars and the selected row */
	STYLE_ALERT,   /* a refusal, a changed key */
	STYLE_GOOD,    /* present, delivered */
	STYLE_COUNT,
};

/*
 * width 1 or 2: "text" is the cluster, clean UTF-8 with an end mark (a blank is " "). width 0: the
 * right half of the wide character before, "text" is empty. Whole cells can be compared with
 * memcmp.
 */
struct canvas_cell {
	char text[CANVAS_CLUSTER_MOST + 1];
	uint8_t width;
	uint8_t style; /* enum canvas_style */
};

struct canvas {
	int columns, rows; /* at least 1 after canvas_resize */
	struct canvas_cell *cells; /* rows * columns, row by row */
	int cursor_x, cursor_y; /* always inside */
	bool cursor_is_shown;

	size_t room;
};

/* A part of the canvas; what is put into it stays in it. */
struct canvas_rect {
	int x, y, columns, rows;
};

void canvas_init(struct canvas *canvas);
void canvas_clear(struct canvas *canvas);

/* Gives it a size, clamped to 1..CANVAS_SIDE_MOST, and makes it blank, with no cursor. */
void canvas_resize(struct canvas *canvas, int columns, int rows);

const struct canvas_cell *canvas_at(const struct canvas *canvas, int x, int y);

/*
 * Puts clean text of one line at a place of the rectangle "in" (relative to it), cut at its
 * borders; what stands left of it is cut too. Returns the column behind the text, relative, also
 * when that is outside.
 */
int canvas_put(struct canvas *canvas, struct canvas_rect in, int x, int y, enum canvas_style style,
    struct bytes text);

/* The same for a C string. */
int canvas_print(struct canvas *canvas, struct canvas_rect in, int x, int y,
    enum canvas_style style, const char *text);

/* Fills the part of "in" with one cluster of width 1. */
void canvas_fill(struct canvas *canvas, struct canvas_rect in, const char *cluster,
    enum canvas_style style);

/* Another style for what is there. */
void canvas_restyle(struct canvas *canvas, struct canvas_rect in, enum canvas_style style);

/* Shows the cursor at a place of "in", moved inside if it is not. */
void canvas_set_cursor(struct canvas *canvas, struct canvas_rect in, int x, int y);

/*
 * The screen as text for tests: a line per row, without blanks at the ends of lines; wide
 * characters as themselves. On the heap.
 */
char *canvas_to_text(const struct canvas *canvas);

#endif
