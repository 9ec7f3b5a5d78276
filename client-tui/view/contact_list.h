/* SPDX-License-Identifier: ISC */
/*
 * The list on the left: contacts with presence, unread messages and drafts; how many there are, and
 * where everybody is.
 */

#ifndef CLIENT_VIEW_CONTACT_LIST_H
#define CLIENT_VIEW_CONTACT_LIST_H

#include "client-tui/view/layout.h"
#include "client-tui/view/painter.h"

void contact_list_draw(const struct painter *painter, const struct layout *layout);

#endif
