/* SPDX-License-Identifier: ISC */
/* Whether both servers will get the addresses that they are going to listen on. */

#ifndef SERVER_SUPERVISOR_PORTS_H
#define SERVER_SUPERVISOR_PORTS_H

#include "server/proc/settings.h"

enum { PORTS_SENTENCE_MAX = 1000 };

/*
 * Listens on both for a moment. Not STATUS_OK: "sentence" (PORTS_SENTENCE_MAX) says which one,
 * why not, and what to do.
 */
enum status ports_check(const struct settings *settings, char *sentence);

#endif
