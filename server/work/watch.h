/* SPDX-License-Identifier: ISC */
/*
 * Who is told when somebody comes or goes. Each child knows which of its sessions watch whom;
 * children tell each other whose presence has changed, gathered for a moment, and each looks for
 * itself what is true now. So a word too many does no harm, and one that was lost is made up for
 * by "look at everybody". Nobody is asked at intervals; only the store, while somebody watches,
 * reads once a second who is with other work servers of the database.
 */

#ifndef SERVER_WORK_WATCH_H
#define SERVER_WORK_WATCH_H

#include <stdint.h>

#include "shared/bytes.h"

struct session;
struct verb_elsewhere_changed;
struct watch;
struct worker;

struct watch *watch_new(struct worker *worker);

/* After all sessions have ended; the wheel may be gone. NULL is fine. */
void watch_free(struct watch *watch);

/* The presence of "uid" has changed by what happened in this child. */
void watch_note(struct worker *worker, uint64_t uid);

/* What this session watched is forgotten. */
void watch_forget(struct session *session);

/* A sibling has come: what was said before it could hear it is made up for. */
void watch_on_sibling(struct worker *worker);

/* A sibling says whose presence has changed: u64 each; none at all: anybody's may have. */
void watch_on_changed(struct worker *worker, struct bytes uids);

/* Another store process: it has to be asked who is online with other work servers. */
void watch_on_store(struct worker *worker);

/* Users came to other work servers, or went from there. */
void watch_on_elsewhere(struct worker *worker, const struct verb_elsewhere_changed *changed);

#endif
