/* SPDX-License-Identifier: ISC */
/* One vocabulary of outcomes for storage, wire, logs and people; the rows are in status.def. */

#ifndef SHARED_STATUS_H
#define SHARED_STATUS_H

#include <stdbool.h>

enum status {
#define STATUS(NAME, number, log_name, sentence) STATUS_##NAME = number,
#include "shared/status.def"
#undef STATUS
};

/*
 * The sentence for people. A number nobody knows (a newer peer) gives a general sentence. Static
 * memory.
 */
const char *status_text(enum status status);

/* The short name for logs: "wrong-proof". Static memory. */
const char *status_name(enum status status);

/* Whether a number from the wire is one of ours. */
bool status_is_known(unsigned number);

/*
 * What an errno of a socket or file call means. Never STATUS_OK: an errno nobody expected is
 * STATUS_SYSTEM.
 */
enum status status_of_errno(int error);

#endif
