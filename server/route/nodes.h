/* SPDX-License-Identifier: ISC */
/*
 * Which work servers live, and how loaded they are: a table of fixed size in memory that all
 * processes of the route server share. There are no locks, so a child that is killed or stopped
 * at any instruction blocks nobody.
 *
 * An entry belongs to the one child that holds the work server's connection; nobody else writes
 * its report. The report has two places, and the entry's version says which one counts: a
 * writer fills the other one, then moves the version. Who is killed on the way leaves the old
 * report standing, and a reader whose report was overwritten under its eyes sees the version
 * move.
 *
 * An entry is alive until its connection closes (nodes_withdraw), until it has been silent for
 * too long, or until the same work server reports over another connection. When a child dies
 * its entries stay for a short grace: the work servers are well, they only have to connect
 * again.
 */

#ifndef SERVER_ROUTE_NODES_H
#define SERVER_ROUTE_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/status.h"

enum {
	NODES_MAX = 256,
	NODE_HOST_MAX = 255,
	NODE_PIN_SIZE = 32,
	/*
	 * How long the entries of a dead child stay: a heartbeat that lost its connection is
	 * back much sooner.
	 */
	NODES_GRACE_MS = 5000,
};

enum node_state {
	NODE_UP = 1,
	NODE_DRAINING = 2,
};

/* What a work server said last. */
struct node_report {
	uint64_t server;	/* random number of its start */
	uint32_t sessions;
	uint32_t capacity;
	uint16_t port;
	uint8_t state;		/* enum node_state */
	uint8_t pin[NODE_PIN_SIZE];
	char host[NODE_HOST_MAX + 1];
};

/* What a reader gets. */
struct node {
	struct node_report report;
	uint32_t handed_out;	/* clients sent there since that report, by all children */
	unsigned slot;		/* for nodes_count_handout() */
};

/*
 * Who holds an entry: one for each connection of a work server. Zeroed is "nothing yet" but for
 * child and generation.
 */
struct node_ticket {
	uint64_t owner;		/* 0: no entry */
	unsigned slot;
};

struct nodes;

/*
 * Bytes of shared, zeroed memory that the table needs; aligned like a page. Zeroed memory is
 * the empty table.
 */
size_t nodes_size(void);

/*
 * What a child, in its life "generation" (1 to 2^22 - 1), has to know about its connections:
 * made once per child.
 */
struct nodes_writer {
	struct nodes *nodes;
	uint32_t child;		/* 0 to 65535 */
	uint32_t generation;
	uint32_t next_serial;
};

/*
 * A report came over the connection that *ticket stands for (its first report takes an entry).
 * Older entries of the same work server (same pin, and the same start or the same address) end
 * with that. Time as clock_monotonic_ms() gives it. STATUS_FULL: the table has no room; *ticket
 * holds no entry.
 */
enum status nodes_report(struct nodes_writer *writer, struct node_ticket *ticket,
    const struct node_report *report, uint64_t now_ms);

/* The connection ended: so does its entry, at once. Nothing happens when there is none. */
void nodes_withdraw(struct nodes *nodes, struct node_ticket *ticket);

/*
 * The entry in that slot (0 to NODES_MAX - 1); false when it is empty, or its last report older
 * than dead_ms.
 */
bool nodes_read(struct nodes *nodes, unsigned slot, uint64_t now_ms, uint64_t dead_ms,
    struct node *out);

/* A client was sent to this work server. */
void nodes_count_handout(struct nodes *nodes, unsigned slot);

/* For the parent, when a child is gone for certain: its entries have NODES_GRACE_MS left. */
void nodes_orphan(struct nodes *nodes, uint32_t child, uint32_t generation, uint64_t now_ms);

#endif
