/* SPDX-License-Identifier: ISC */
/*
 * The help that lies over the screen: lines given by who opens it, and which of them is at the top.
 */

#ifndef CLIENT_MODEL_HELP_H
#define CLIENT_MODEL_HELP_H

#include <stdbool.h>

#include "shared/bytes.h"

struct help {
	bool is_open;
	char title[100];
	char **lines;
	size_t count;
	size_t top; /* the row at the top, in the view's wrapping */
};

void help_init(struct help *help);
void help_clear(struct help *help);

/* The lines are copied and cleaned; the view wraps those that are wider than the screen. */
void help_open(struct help *help, struct bytes title, const char *const *lines, size_t count);
void help_close(struct help *help);

/*
 * So many rows further down (up when negative), not beyond "end", which is what view_help_end says.
 */
void help_scroll(struct help *help, int rows, size_t end);

#endif
