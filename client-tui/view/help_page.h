/* SPDX-License-Identifier: ISC */
/* The help that lies over the whole screen. */

#ifndef CLIENT_VIEW_HELP_PAGE_H
#define CLIENT_VIEW_HELP_PAGE_H

#include "client-tui/view/painter.h"

void help_page_draw(const struct painter *painter);

/* The last row that can stand at the top of a screen of this size. */
size_t help_page_end(const struct help *help, int columns, int rows);

#endif
