/* SPDX-License-Identifier: ISC */
/* A person at a terminal: the real tingyu with its full screen, at a real server. */

#ifndef TESTS_SUPPORT_PERSON_H
#define TESTS_SUPPORT_PERSON_H

#include "tests/support/real_server.h"
#include "tests/support/terminal.h"

/*
 * Starts tingyu for the person "number" of that server, who is the same each time: folders for
 * accounts and configuration are below the server's.
 */
struct terminal *person_start(const struct real_server *server, unsigned number, int columns,
    int rows);

/* A shell instead, in which "tingyu" starts it; its prompt is PERSON_PROMPT. */
#define PERSON_PROMPT "what next? "
struct terminal *person_start_shell(const struct real_server *server, unsigned number, int columns,
    int rows);

/* Fills in the form of the first run and waits until the person is online. */
void person_register(struct terminal *terminal, const char *name, const char *password);

/*
 * Compares the screen, without its first line, with what a full redraw (Ctrl-L) shows. There has
 * to be room for two more characters where one types.
 */
void person_check_screen(struct terminal *terminal);

#endif
