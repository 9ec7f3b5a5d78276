/* SPDX-License-Identifier: ISC */
/* A child of the route server: its loop, what it was told, and all its connections. */

#ifndef SERVER_ROUTE_ROUTE_H
#define SERVER_ROUTE_ROUTE_H

#include "server/proc/child.h"
#include "server/proc/settings.h"
#include "server/route/nodes.h"
#include "server/route/visitor.h"
#include "shared/link.h"
#include "shared/tls.h"

struct limiter;

struct route {
	struct proc_child *child;
	struct link_loop *loop;
	struct settings settings;
	struct tls_context *tls;	/* NULL: insecure-plaintext */
	struct limiter *limiter;
	struct admission *admission;
	struct link_limits limits;
	struct nodes_writer writer;
	uint64_t dice;
	struct visitor_list visitors;
	bool is_leaving;
};

/* What the children share. */
enum {
	ROUTE_MEMORY_NODES,	/* nodes.h */
	ROUTE_MEMORY_LIMITS,	/* limiter.h */
};

/* The whole life of a child; proc_role.run. */
int route_run(struct proc_child *child);

/* One visitor less; who waits for the last one to go goes now. */
void route_on_visitor_gone(struct route *route);

#endif
