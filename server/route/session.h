/* SPDX-License-Identifier: ISC */
/*
 * One connection to the route server. Most of them are clients that ask once and leave; they get little time. Those that
 * report as a work server stay, and their entry in the table lives as long as the connection.
 */

#ifndef SERVER_ROUTE_SESSION_H
#define SERVER_ROUTE_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "server/proc/proc.h"
#include "server/route/nodes.h"
#include "shared/endpoint.h"
#include "shared/link.h"
#include "shared/wheel.h"

struct route;

enum session_state {
	SESSION_NEW = 1,	/* has not said HELLO */
	SESSION_ASKER = 2,	/* a client, or a work server that has not reported yet */
	SESSION_WORK = 4,	/* a work server that may report */
};

enum {
	/* Bytes that somebody may send who is no work server. */
	SESSION_ASKER_BYTES = 4096,
	/* How long somebody may stay after an answer: long enough to ask again, not longer. */
	SESSION_ASKER_STAYS_MS = 5000,
};

struct session {
	LIST_ENTRY(session) siblings;
	struct route *route;
	struct link *link;
	struct wheel_timer deadline;
	struct proc_address from;
	enum session_state state;
	uint32_t asks;
	struct node_ticket ticket;
	struct node_report report;	/* the last one; for logs and for what changed */
};

LIST_HEAD(session_list, session);

/* A client of proc_handlers.on_client. It frees itself when its link is down. */
void session_start(struct route *route, int fd, const struct proc_address *from);

/* Ends all of them in peace. */
void session_finish_all(struct route *route, enum status why);

/* After a reload: those work servers go that are no longer allowed. */
void session_check_all(struct route *route);

/* It has reported: from here on it is a work server, and may stay for dead-seconds. */
void session_keep_work(struct session *session);

/* It has got an answer: a little time more. */
void session_extend(struct session *session);

/* Answers that request with an ERROR; the connection stays. */
void session_send_error(struct session *session, uint32_t request, enum status why, uint32_t retry_ms);

/* ERROR for the connection itself, and its end. */
void session_refuse(struct session *session, enum status why, uint32_t retry_ms);

/* Pays for one more question; false: it was refused with an ERROR. */
bool session_pay(struct session *session, uint32_t request);

/* "127.0.0.1:4711", for logs; static memory. */
const char *session_name(const struct session *session);

#endif
