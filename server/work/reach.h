/* SPDX-License-Identifier: ISC */
/*
 * Reaching users whose session is with another child, or with another work server: where they
 * are, and ending their session. Children whisper to each other over the bus (whisper.def); other
 * work servers are known by the store.
 */

#ifndef SERVER_WORK_REACH_H
#define SERVER_WORK_REACH_H

#include <stdint.h>

#include "shared/bytes.h"
#include "shared/status.h"

struct reach;
struct worker;

struct reach *reach_new(struct worker *worker);
void reach_free(struct reach *reach);

/* The session of "uid" on this machine, if there is one, gets an ERROR with "why" and ends. */
void reach_end_session(struct worker *worker, uint64_t uid, enum status why);

/* A whisper for "uid", whose session here was "session" when it was sent. */
void reach_on_frame(struct worker *worker, uint64_t uid, uint32_t session, struct bytes frame);

#endif
