/* SPDX-License-Identifier: ISC */
/* The configuration of a server program under test. */

#ifndef TESTS_SUPPORT_SERVER_H
#define TESTS_SUPPORT_SERVER_H

#include "shared/compiler.h"

/*
 * Writes lines of tingyu-server.conf(5) into folder/conf, and with them, unless they are among
 * these, those that give peers much time: a slow machine shall not look like a peer that is silent.
 */
void server_configure(const char *folder, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
