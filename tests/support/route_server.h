/* SPDX-License-Identifier: ISC */
/* The real route server in a folder of its own, and work servers and clients that the test is. */

#ifndef TESTS_SUPPORT_ROUTE_SERVER_H
#define TESTS_SUPPORT_ROUTE_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/support/peer.h"

struct process;

enum { ROUTE_SERVER_CHILDREN = 2 };

struct route_server {
	char *folder;
	char *file;	/* its configuration */
	unsigned port;
	struct process *process;
	bool is_plain;
};

/*
 * Who may report, and who may not: set up and torn down for a whole group of tests, because
 * making keys takes its time.
 */
extern struct peer_identity route_ours, route_foreign;
int route_make_identities(void **state);
int route_clear_identities(void **state);

/* "more" are lines of configuration beside what every test needs. */
void route_server_start(struct route_server *server, const char *more);

/* Writes its configuration again, with other lines; it does not know yet. */
void route_server_configure(struct route_server *server, const char *more);

/* Another process with the same configuration, which may end at once. */
struct process *route_server_run(const struct route_server *server);

/* Whatever a test did to it, a server ends well. */
void route_server_end(struct route_server *server);

/* A report of ours, from port 7401 of "host", with room for 1000. */
struct msg_report_connect route_report_of(const char *host, uint32_t sessions);

/* A work server that has said hello; that reports and is heard; both. */
struct peer *route_work_connect(const struct route_server *server,
    const struct peer_identity *identity);
void route_work_report(struct peer *work, const char *host, uint32_t sessions);
struct peer *route_work_start(const struct route_server *server, const char *host,
    uint32_t sessions);

/* A client that has said hello; its question, with request 9. */
struct peer *route_client_connect(const struct route_server *server);
void route_client_send(struct peer *client);

/* What a client that is connected is told: "a b c", or "nobody". Good until the next one. */
const char *route_client_ask(struct peer *client);

/* The same over a connection of its own. */
const char *route_ask(const struct route_server *server);

/* Asks until the answer is this one: for what reaches the server over another connection. */
void route_ask_until(const struct route_server *server, const char *answer);

#endif
