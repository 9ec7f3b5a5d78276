/* SPDX-License-Identifier: ISC */
/*
 * Where everything stands on a screen of some size. What is dropped as it gets smaller, in this
 * order: words beside the list, the list, the title of the pane, the line that speaks, the status
 * line; the last message and the input line stay longest.
 */

#ifndef CLIENT_VIEW_LAYOUT_H
#define CLIENT_VIEW_LAYOUT_H

#include "client-tui/model/model.h"
#include "client-tui/view/canvas.h"

enum {
	LAYOUT_WIDE = 100,
	LAYOUT_MEDIUM = 60,
};

/* A rectangle with no rows or no columns is not on the screen. */
struct layout {
	struct canvas_rect status; /* one row */
	struct canvas_rect list;   /* contacts, with the line to their right in its last column */
	struct canvas_rect title;  /* one row above the pane */
	struct canvas_rect body;   /* messages, or the directory */
	struct canvas_rect say;    /* one row above the input */
	struct canvas_rect input;
	bool is_wide;
	int margin; /* columns left free at the left of the pane */
};

struct layout layout_of(const struct model *model, int columns, int rows);

bool layout_has(struct canvas_rect rect);

/* The row that speaks, without its margins: a sentence as long as that is not cut. */
struct canvas_rect layout_say_inside(const struct layout *layout);

#endif
