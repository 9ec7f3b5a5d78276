/* SPDX-License-Identifier: ISC */
/* A real tingyu-server on loopback in a temporary folder, where its clients may keep things too. */

#ifndef TESTS_SUPPORT_REAL_SERVER_H
#define TESTS_SUPPORT_REAL_SERVER_H

struct process;

struct real_server {
	char *folder;		 /* temporary; gone with the server */
	char *invite;		 /* its invite line */
	unsigned work_port;
	struct process *process; /* NULL: it is stopped */
};

/* Starts one, and waits until it lets people in. */
void real_server_start(struct real_server *server);

/* Kills it if it runs and removes the folder. All zero is fine. */
void real_server_clear(struct real_server *server);

/* All of its processes at once, without a goodbye. */
void real_server_kill(struct real_server *server);

/* Stops it as an operator would, and starts it again at the same place with the same accounts. */
void real_server_stop(struct real_server *server);
void real_server_resume(struct real_server *server);

#endif
