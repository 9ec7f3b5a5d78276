/* SPDX-License-Identifier: ISC */
/*
 * The page of everybody: where in the list it is, its rows with the selected one in sight, and
 * answers below it.
 */

#ifndef CLIENT_VIEW_DIRECTORY_PAGE_H
#define CLIENT_VIEW_DIRECTORY_PAGE_H

#include "client-tui/view/layout.h"
#include "client-tui/view/painter.h"

void directory_page_draw(const struct painter *painter, const struct layout *layout);

#endif
