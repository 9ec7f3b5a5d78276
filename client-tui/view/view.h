/* SPDX-License-Identifier: ISC */
/* The whole screen as a pure function: the same model and the same size give the same canvas. */

#ifndef CLIENT_VIEW_VIEW_H
#define CLIENT_VIEW_VIEW_H

#include "client-tui/model/model.h"
#include "client-tui/view/canvas.h"

/* Draws everything; the canvas has its size (canvas_resize) and is blank. */
void view_draw(const struct model *model, struct canvas *canvas);

/*
 * Where the shown pane's transcript would stand on a screen of this size after going so many lines
 * towards the newer (negative: the older) ones: for transcript_scroll.
 */
struct transcript_place view_scroll(const struct model *model, int columns, int rows, int lines);

/* Where its first line on the screen stands, also when its end is shown. */
struct transcript_place view_top(const struct model *model, int columns, int rows);

/* Where its first new message stands (Alt-u); the end when there is none. */
struct transcript_place view_first_new(const struct model *model, int columns, int rows);

/* Lines that PgUp and PgDn move by on a screen of this size: what is seen less one, at least 1. */
int view_page(const struct model *model, int columns, int rows);

/* The furthest that the help can be scrolled to on a screen of this size. */
size_t view_help_end(const struct model *model, int columns, int rows);

#endif
