/* SPDX-License-Identifier: ISC */
/*
 * The rows of words around a pane: who and where I am, with whom and how the session is connected,
 * what there is to say.
 */

#ifndef CLIENT_VIEW_STATUS_LINE_H
#define CLIENT_VIEW_STATUS_LINE_H

#include "client-tui/view/layout.h"
#include "client-tui/view/painter.h"

/* The status line at the top. */
void status_draw(const struct painter *painter, const struct layout *layout);

/* The title of the pane, where it has a row of its own. */
void status_draw_title(const struct painter *painter, const struct layout *layout);

/*
 * The state of the connection: "online"; "offline for 00:12, trying again in 4 s", or "offline"
 * where that is too long.
 */
void status_link_words(const struct model *model, bool is_long, char *out, size_t room);

/* Why the last thing typed into a draft is not there, or "" when it is. */
void status_full_words(const struct draft *draft, char *out, size_t room);

/*
 * What is to be said about the input or the place in the text; where it has no row, over the last
 * row of the pane.
 */
void status_draw_say(const struct painter *painter, const struct layout *layout);

#endif
