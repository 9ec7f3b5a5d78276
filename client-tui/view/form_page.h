/* SPDX-License-Identifier: ISC */
/*
 * The form of the first run, on the whole screen; on a low one the field that is being filled in
 * stays longest.
 */

#ifndef CLIENT_VIEW_FORM_PAGE_H
#define CLIENT_VIEW_FORM_PAGE_H

#include "client-tui/view/painter.h"

void form_page_draw(const struct painter *painter);

#endif
