/* SPDX-License-Identifier: ISC */
/*
 * The client without a screen: lines on standard input as if they were typed, what happens as
 * lines on standard output. For tests and scripts; the same client but for the terminal.
 */

#ifndef CLIENT_LINES_H
#define CLIENT_LINES_H

#include "client-tui/app.h"

/* Ends with the input (when all of it was answered), a signal, or /quit. */
void lines_run(struct app *app);

#endif
