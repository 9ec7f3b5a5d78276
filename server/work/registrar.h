/* SPDX-License-Identifier: ISC */
/*
 * Where several work servers share a database, each session has a row in it, by which the others
 * know who is online here. The registrar keeps these rows in step with our sessions, also over
 * times when the store was away.
 */

#ifndef SERVER_WORK_REGISTRAR_H
#define SERVER_WORK_REGISTRAR_H

#include <stdint.h>

struct registrar;
struct session;
struct verb_session_taken;
struct worker;

struct registrar *registrar_new(struct worker *worker);
void registrar_free(struct registrar *registrar);

/*
 * A session went online, or is about to leave. A registrar of NULL does nothing: nobody shares
 * the database.
 */
void registrar_add(struct registrar *registrar, const struct session *session);
void registrar_remove(struct registrar *registrar, const struct session *session);

/* The rows may be lost: says all sessions again, a few at a time. */
void registrar_repeat(struct registrar *registrar);

/* Another work server has this user now, or has deleted the account. */
void registrar_on_taken(struct registrar *registrar, const struct verb_session_taken *taken);

#endif
