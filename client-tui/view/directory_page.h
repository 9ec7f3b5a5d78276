/* SPDX-License-Identifier: ISC */
/*
 * The page of everybody: where in the list it is, its rows with the selected one in sight, and
 * answers below it.
 */

#ifndef CLIENT_VIEW_DIRECTORY_PAGE_H
#define CLIENT_VIEW_DIRECTORY_PAGE_H

#include "client-tui/view/layout.h"
#include "client-tui/view/painter.h"

/*
 * Why the page did not come, or the newest answer to what was asked here, and its style; "" when
 * there is none.
 */
enum canvas_style directory_page_note(const struct model *model, const char **out);

void directory_page_draw(const struct painter *painter, const struct layout *layout);

#endif
