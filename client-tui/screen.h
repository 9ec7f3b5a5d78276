/* SPDX-License-Identifier: ISC */
/* The client with a screen: keys from the terminal to control/, the model's canvas back to it. */

#ifndef CLIENT_SCREEN_H
#define CLIENT_SCREEN_H

#include "client-tui/app.h"

struct screen;

/* Takes the terminal over. On false "why" (APP_WHY_ROOM) has a sentence. */
bool screen_open(struct app *app, struct screen **out, char why[APP_WHY_ROOM]);

/* Gives the terminal back. NULL is fine. */
void screen_close(struct screen *screen);

/* Draws what has changed. */
void screen_show(struct screen *screen);

void screen_run(struct screen *screen);

#endif
