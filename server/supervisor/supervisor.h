/* SPDX-License-Identifier: ISC */
/*
 * Everything on one machine: keeps a route server and a work server running that know each
 * other by their key, and says when a client can log in.
 */

#ifndef SERVER_SUPERVISOR_SUPERVISOR_H
#define SERVER_SUPERVISOR_SUPERVISOR_H

/* Reads the command line and runs until told to stop; the exit status of the program. */
int supervisor_run(int argc, char **argv);

#endif
