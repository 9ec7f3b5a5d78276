/* SPDX-License-Identifier: ISC */
/* The help that lies over the screen: lines given by who opens it, and which of them is at the top. */

#ifndef CLIENT_MODEL_HELP_H
#define CLIENT_MODEL_HELP_H

#include <stdbool.h>

#include "shared/bytes.h"

struct help {
	bool is_open;
	char title[100];
	char **lines;
	size_t count;
	size_t top;
};

void help_init(struct help *help);
void help_clear(struct help *help);

/* "lines" is copied, cleaned; it is long when it is wider than the screen: the view wraps it. */
void help_open(struct help *help, struct bytes title, const char *const *lines, size_t count);
void help_close(struct help *help);

/* So many lines further down (up when negative), not beyond the first and the last. */
void help_scroll(struct help *help, int lines);

#endif
