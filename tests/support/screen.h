/* SPDX-License-Identifier: ISC */
/*
 * Screens for tests. An expected screen is a file in tests/screens/ that reads like the screen: its
 * rows without the blanks at their ends, then a line that says where the cursor is. With
 * TINGYU_SCREENS=write in the environment the files are written instead; whoever does that reads
 * what changed before it is committed.
 */

#ifndef TESTS_SUPPORT_SCREEN_H
#define TESTS_SUPPORT_SCREEN_H

#include "client-tui/model/model.h"
#include "client-tui/view/canvas.h"

/* What the model looks like at a size, as in the files. On the heap. */
char *screen_text(const struct model *model, int columns, int rows);

/* Whether it looks like tests/screens/NAME-COLUMNSxROWS.screen; says on stderr what differs. */
bool screen_is(const struct model *model, const char *name, int columns, int rows);

/*
 * What has to hold for every canvas, or the process ends: every cell is one clean cluster, wide
 * ones are followed by their other half, the cursor is inside.
 */
void screen_require_sound(const struct canvas *canvas);

/*
 * Does to a model what the bytes say (any bytes: keys, messages of others, panes, sizes), draws
 * after every step, and requires that every canvas is sound and that text above a reader who
 * scrolled up stays where it is.
 */
void screen_play(struct bytes script);

#endif
