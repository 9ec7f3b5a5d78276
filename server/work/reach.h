/* SPDX-License-Identifier: ISC */
/*
 * Reaching users whose session is with another child: children whisper to each other over the bus (whisper.def).
 */

#ifndef SERVER_WORK_REACH_H
#define SERVER_WORK_REACH_H

#include <stdint.h>

#include "shared/bytes.h"
#include "shared/frame.h"
#include "shared/status.h"

struct worker;

/* To the child that has "uid" online; "message" is the struct of the row. As bus_send(). */
enum status reach_whisper(struct worker *worker, uint64_t uid, uint16_t type, const void *message);

/* The session of "uid" on this machine, if there is one, gets an ERROR with "why" and ends. */
void reach_end_session(struct worker *worker, uint64_t uid, enum status why);

/* A whisper for every child, by a sibling or by the parent. */
void reach_on_announce(struct worker *worker, const struct frame *frame);

/* A whisper for "uid", whose session here was "session" when it was sent. */
void reach_on_frame(struct worker *worker, uint64_t uid, uint32_t session, struct bytes frame);

#endif
