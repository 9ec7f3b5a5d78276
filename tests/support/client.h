/* SPDX-License-Identifier: ISC */
/* A person at tingyu --headless: lines go in as if they were typed, and what happens comes out. */

#ifndef TESTS_SUPPORT_CLIENT_H
#define TESTS_SUPPORT_CLIENT_H

#include <stddef.h>

struct process;

/* Its standard input is our end of a pipe with a name. */
struct client {
	struct process *process; /* NULL: it does not run */
	int input;
};

/*
 * Starts it, pointed at the server of that folder. Each number has a folder of its own in there,
 * as people have, which is found again when the client starts once more.
 */
void client_start(struct client *client, const char *folder, size_t number);

/* Kills it. Fine for one that does not run. */
void client_stop(struct client *client);

/* Types a line. */
void tell(struct client *client, const char *line);

/* Waits until it says a line with this in it, and goes on from there. */
void hear(struct client *client, const char *text);

/* Both. */
void ask(struct client *client, const char *line, const char *text);

/* Makes an account of this name; it has to become this uid. */
void client_register(struct client *client, const char *name, const char *password, size_t uid);

#endif
