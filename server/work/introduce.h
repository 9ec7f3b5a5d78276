/* SPDX-License-Identifier: ISC */
/*
 * Introductions: one client asks for another, which wants to talk, and both learn where the other
 * is, its identity key, and a token that nobody else has. The child of the caller asks the store
 * for both keys; the child of the callee, here or at another work server, asks its client.
 */

#ifndef SERVER_WORK_INTRODUCE_H
#define SERVER_WORK_INTRODUCE_H

#include <stdint.h>

struct introduce;
struct session;
struct worker;

struct introduce *introduce_new(void);
void introduce_free(struct introduce *introduce);

/* Whispers CALL and CALLED for "uid", whose session here is "session"; NULL: it has gone. */
void introduce_on_call(struct worker *worker, uint64_t uid, struct session *session,
    const void *call);
void introduce_on_called(struct worker *worker, uint64_t uid, struct session *session,
    const void *called);

/* A session goes offline: whoever calls it hears so at once. */
void introduce_leave(const struct session *session);

/* The client answered an INTRODUCE with an ERROR. A number that is none, or too late, is nothing. */
void introduce_refused(struct session *session, uint32_t call);

#endif
