/* SPDX-License-Identifier: ISC */
/* A tingyu-server under test, in a folder of its own, and the configuration of any server program. */

#ifndef TESTS_SUPPORT_SERVER_H
#define TESTS_SUPPORT_SERVER_H

#include "shared/compiler.h"
#include "tests/support/process.h"

/*
 * Writes lines of tingyu-server.conf(5) into folder/conf, and with them, unless they are among
 * these, those that give peers much time: a slow machine shall not look like a peer that is silent.
 */
void server_configure(const char *folder, const char *format, ...) PRINTF_LIKE(2, 3);

/*
 * Starts tingyu-server with folder/conf, in which state-dir is that folder, and waits until clients
 * can log in.
 */
struct process *server_run(const char *folder);

/* The invite line of the server that was started there; on the heap, for the caller to free(3). */
char *server_invite(const char *folder);

#endif
