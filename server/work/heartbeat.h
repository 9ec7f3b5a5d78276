/* SPDX-License-Identifier: ISC */
/*
 * The heartbeat: a thread of the parent that tells every route server, over a connection of its
 * own, that this work server lives and how loaded it is. Every report-seconds, and at once when
 * something changes.
 */

#ifndef SERVER_WORK_HEARTBEAT_H
#define SERVER_WORK_HEARTBEAT_H

#include <stdint.h>

#include "server/proc/credentials.h"
#include "server/proc/settings.h"

struct heartbeat;
struct proc_parent;

/*
 * Starts the thread; settings and credentials are copied. It reads the figures of "parent"
 * itself. Without a route-server in the settings it waits for one to come with a reload.
 */
struct heartbeat *heartbeat_start(struct proc_parent *parent, uint64_t server_id,
    const struct settings *settings, const struct credentials *credentials);

/* Report now: something changed. NULL is fine here and below. */
void heartbeat_hurry(struct heartbeat *heartbeat);

/* Other route servers, other times, another certificate; connections that are still right stay. */
void heartbeat_reload(struct heartbeat *heartbeat, const struct settings *settings,
    const struct credentials *credentials);

/* Ends the thread and waits for it. */
void heartbeat_stop(struct heartbeat *heartbeat);

#endif
