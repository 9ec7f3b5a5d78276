/* SPDX-License-Identifier: ISC */
/*
 * One connection to the route server. Most of them are clients that ask once and leave; they
 * get little time. Those that report as a work server stay, and their entry in the table lives
 * as long as the connection.
 */

#ifndef SERVER_ROUTE_VISITOR_H
#define SERVER_ROUTE_VISITOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "server/proc/proc.h"
#include "server/route/nodes.h"
#include "shared/endpoint.h"
#include "shared/link.h"
#include "shared/wheel.h"

struct route;

enum visitor_state {
	VISITOR_NEW = 1,	/* has not said HELLO */
	VISITOR_ASKER = 2,	/* a client, or a work server that has not reported yet */
	VISITOR_WORK = 4,	/* a work server that may report */
};

enum {
	/* Bytes that somebody may send who is no work server. */
	VISITOR_ASKER_BYTES = 4096,
	/* How long somebody may stay after an answer: long enough to ask again, not longer. */
	VISITOR_ASKER_STAYS_MS = 5000,
};

struct visitor {
	LIST_ENTRY(visitor) siblings;
	struct route *route;
	struct link *link;
	struct wheel_timer deadline;
	struct proc_address from;
	enum visitor_state state;
	bool is_settled;	/* no longer at the door; see admission.h */
	uint32_t asks;
	struct node_ticket ticket;
	struct node_report report;	/* the last one; for logs and for what changed */
};

LIST_HEAD(visitor_list, visitor);

/* Whether that address may connect just now; if not, it was counted. */
bool visitor_may_connect(struct route *route, const struct proc_address *from);

/* A client that was let in. It frees itself when its link is down. */
void visitor_start(struct route *route, int fd);

/* Ends all of them in peace. */
void visitor_finish_all(struct route *route, enum status why);

/* After a reload: those work servers go that are no longer allowed. */
void visitor_check_all(struct route *route);

/* It has reported: from here on it is a work server, and may stay for dead-seconds. */
void visitor_keep_work(struct visitor *visitor);

/* It has got an answer: a little time more. */
void visitor_extend(struct visitor *visitor);

/* Answers that request with an ERROR; the connection stays. */
void visitor_send_error(struct visitor *visitor, uint32_t request, enum status why,
    uint32_t retry_ms);

/* ERROR for the connection itself, and its end. */
void visitor_refuse(struct visitor *visitor, enum status why, uint32_t retry_ms);

/* Pays for one more question; false: it was refused with an ERROR. */
bool visitor_pay(struct visitor *visitor, uint32_t request);

/* "127.0.0.1:4711", for logs; static memory. */
const char *visitor_name(const struct visitor *visitor);

#endif
