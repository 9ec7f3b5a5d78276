/* SPDX-License-Identifier: ISC */
/*
 * The terminal: puts canvases on it and gives it back as it was, on every way out. The only
 * module that knows curses, and only to write; bytes typed are read from term_fd() by whoever has
 * the event loop. One per process.
 */

#ifndef CLIENT_TERM_TERM_H
#define CLIENT_TERM_TERM_H

#include <stddef.h>

#include "client-tui/view/canvas.h"
#include "shared/status.h"

struct term;

/*
 * Takes over the terminal at standard input and output: alternate screen, no echo, bracketed
 * paste. From here on fatal signals (SEGV, BUS, FPE, ILL, ABRT) and exit(3) restore it first.
 * STATUS_NOT_FOUND: there is no terminal, or TERM names none that is known; STATUS_BAD_TEXT: the
 * locale is not UTF-8. "why" (of "room" bytes) then has a sentence for people.
 */
enum status term_open(struct term **out, char *why, size_t room);

/* Restores everything. NULL is fine. */
void term_close(struct term *term);

/* Where typed bytes come from. Blocking or not: nothing is changed about it. */
int term_fd(const struct term *term);

/* Asks for the size anew (after SIGWINCH) and says it; at least 1 by 1. */
void term_size(struct term *term, int *columns, int *rows);

/*
 * Makes the screen look like this; only what has changed is sent. The cursor goes where the
 * canvas says.
 */
void term_show(struct term *term, const struct canvas *canvas);

/* The next term_show() sends everything: something else has written on the screen. */
void term_forget(struct term *term);

/* Gives the terminal back for a while (SIGTSTP), and takes it again. */
void term_suspend(struct term *term);
void term_resume(struct term *term);

#endif
