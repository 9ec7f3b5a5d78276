/* SPDX-License-Identifier: ISC */
/*
 * A transcript on the screen: times, names, text wrapped under itself, day rules, the mark above
 * what is new. Only what is seen is wrapped: a place is the row of an entry, and the view walks
 * from there.
 */

#ifndef CLIENT_VIEW_STORY_H
#define CLIENT_VIEW_STORY_H

#include "client-tui/view/layout.h"
#include "client-tui/view/painter.h"

/* What is drawn, and into what. */
struct story {
	const struct model *model;
	const struct transcript *transcript;
	const char *peer; /* the name before messages of the other side */
	struct canvas_rect in;
	int rows; /* of "in" that are free for text, at least 1 */

	/*
	 * Columns of a row: the time and the name at "time_x" and "name_x", text of "text_columns"
	 * at "text_x".
	 */
	bool has_time;
	int time_x, name_x, name_columns, text_x, text_columns, state_columns;
};

/* The story of the shown pane on a screen that is laid out so; "in" is its body. */
struct story story_of(const struct model *model, const struct layout *layout);

void story_draw(const struct story *story, const struct painter *painter);

/* Where its first row stands. */
struct transcript_place story_top(const struct story *story);

/* Where it stands after so many rows; id 0 is the end. */
struct transcript_place story_scroll(const struct story *story, int rows);

/* The rule above what is new at the top, or the end when all that is new is seen there. */
struct transcript_place story_first_new(const struct story *story);

#endif
