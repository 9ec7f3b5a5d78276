/* SPDX-License-Identifier: ISC */
/*
 * A work server that is about to stop sends its clients to the others: at a bounded rate, each
 * with a random delay of its own, so that the others are not overrun. Who has not left when the
 * time is over is cut with STATUS_DRAINING.
 */

#ifndef SERVER_WORK_DRAIN_H
#define SERVER_WORK_DRAIN_H

struct worker;

/* Begins it; the process leaves when the last client has. More calls do nothing. */
void drain_start(struct worker *worker);

/*
 * Tells every client that the server stops; the process leaves when they have been told, or after
 * a second.
 */
void drain_stop(struct worker *worker);

/* A session has ended: was it the last one? */
void drain_on_session_end(struct worker *worker);

void drain_free(struct worker *worker);

#endif
