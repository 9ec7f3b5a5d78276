/* SPDX-License-Identifier: ISC */
/* The input line, of as many rows as the draft needs, or the question that stands in its place. */

#ifndef CLIENT_VIEW_INPUT_H
#define CLIENT_VIEW_INPUT_H

#include "client-tui/view/painter.h"

/* Rows that it would like to have, at least 1. */
int input_rows(const struct model *model, int columns);

/* Draws it; what does not fit is scrolled so that the cursor is seen. */
void input_draw(const struct painter *painter, struct canvas_rect in);

/* The same for the text of one field of one row: the part around the cursor. Secrets are dots. */
void input_draw_field(const struct painter *painter, struct canvas_rect in,
    const struct draft *draft, bool has_cursor);

#endif
