/* SPDX-License-Identifier: ISC */
/*
 * Reaching users whose session is with another child: children whisper to each other
 * (whisper.def), on one machine over the bus, to another work server of the same database by a
 * letter in it.
 */

#ifndef SERVER_WORK_REACH_H
#define SERVER_WORK_REACH_H

#include <stdint.h>

#include "server/store/store_client.h"
#include "shared/bytes.h"
#include "shared/frame.h"
#include "shared/status.h"

struct worker;

/* Bytes of a whisper to one user, all in all. */
enum { REACH_WHISPER_MAX = 1024 };

/*
 * To the child that has "uid" online; "message" is the struct of the row. As bus_send(), when the
 * user is on this machine. Else it goes into the database, if others share it, and takes about a
 * second: STATUS_OK, and "on_posted" (NULL: nobody) hears with "arg" whether it is on its way or
 * the user is nowhere (STATUS_NOT_ONLINE).
 */
enum status reach_whisper(struct worker *worker, uint64_t uid, uint16_t type, const void *message,
    store_on_answer *on_posted, void *arg);

/* The session of "uid" on this machine, if there is one, gets an ERROR with "why" and ends. */
void reach_end_session(struct worker *worker, uint64_t uid, enum status why);

/* A whisper for every child, by a sibling or by the parent. */
void reach_on_announce(struct worker *worker, const struct frame *frame);

/* A whisper for a user of this machine, from another work server. */
void reach_on_letter(struct worker *worker, const struct verb_letter *letter);

/* A whisper for "uid", whose session here was "session" when it was sent. */
void reach_on_frame(struct worker *worker, uint64_t uid, uint32_t session, struct bytes frame);

#endif
