/* SPDX-License-Identifier: ISC */
/*
 * The pre-fork skeleton that every server of ours stands on. A service says which roles it has
 * and what each role does; the skeleton makes the processes, deals clients to them, replaces the
 * dead and passes signals on.
 *
 *	int
 *	main(int argc, char **argv)
 *	{
 *		proc_enter(services, ARRAY_LEN(services), argc, argv);	never returns in a child
 *		… read options and configuration, fill the plan …
 *		return proc_parent_run(&service, &plan);
 *	}
 *
 * The parent opens the listeners, accepts, and gives each connection to the child with the fewest
 * clients; it never reads a client's byte. Children are forked and executed anew (spawn.h), so a
 * replacement is exactly like the first one. Between processes there are channels
 * (shared/channel.h); what parent and children tell each other is in proc.def.
 */

#ifndef SERVER_PROC_PROC_H
#define SERVER_PROC_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "shared/bytes.h"
#include "shared/frame.h"
#include "shared/status.h"

struct proc_child;
struct proc_parent;

enum {
	PROC_ROLES_MAX = 8,
	PROC_MEMORIES_MAX = 8,
	PROC_LINKS_MAX = 16,
	PROC_LISTENERS_MAX = 16,
	/* Processes of one service; the presence table has ten bits for them. */
	PROC_MEMBERS_MAX = 1000,
	PROC_SENTENCE_MAX = 256,

	/*
	 * A child that leaves with this will never get better (a wrong file, a locked database):
	 * no use starting it again.
	 */
	PROC_EXIT_HOPELESS = 78,
};

/*
 * Who a process is. The same member keeps role, index and number; each start has the next
 * generation, from 1 on.
 */
struct proc_member {
	unsigned role;		/* place in proc_service.roles */
	unsigned index;		/* 0 to count - 1 */
	unsigned number;	/* 0 to PROC_MEMBERS_MAX - 1, over all roles: its row of counters */
	uint32_t generation;
};

struct proc_role {
	const char *name;	/* "session"; letters and digits */
	bool takes_clients;	/* such roles are drained and stopped before the others */
	/*
	 * The whole life of a child: set up, call proc_child_run() (child.h), clean up. The
	 * returned number is its exit status; 0 is right after on_stop or on_drain, anything else
	 * counts as a death.
	 */
	int (*run)(struct proc_child *child);
};

/*
 * Every member of one role gets a channel to every member of the other; the same role twice links
 * the siblings.
 */
struct proc_link {
	unsigned role, peer;
};

struct proc_service {
	const char *name;	/* "work"; in the log, and how a child finds its service again */
	const struct proc_role *roles;
	unsigned role_count;
	const struct proc_link *links;
	unsigned link_count;
	/* Names of the shared-memory segments; plan.memory_sizes has their sizes. */
	const char *const *memories;
	unsigned memory_count;

	/*
	 * What follows is called in the parent, on its loop; "arg" is plan.arg. Any of them may
	 * be NULL.
	 */

	/*
	 * Once, when every member has set itself up for the first time. Here the heartbeat thread
	 * starts.
	 */
	void (*on_started)(struct proc_parent *parent, void *arg);
	/*
	 * After on_started, at most once: the server stops taking clients now. Tell the route
	 * servers.
	 */
	void (*on_drain)(struct proc_parent *parent, void *arg);
	/* The last call, if on_started was called: threads end here. All children have ended. */
	void (*on_stop)(struct proc_parent *parent, void *arg);
	/*
	 * This process is dead for certain: sweep what it left in shared memory. Called before
	 * its replacement starts.
	 */
	void (*on_member_died)(struct proc_parent *parent, const struct proc_member *who,
	    void *arg);
	/*
	 * Read configuration and certificates again and check all of it. STATUS_OK: *settings is
	 * a new blob (malloc; the skeleton frees it) for every child. Anything else: nothing
	 * changes, "sentence" (PROC_SENTENCE_MAX) is logged. NULL: children get the old settings
	 * again, as a word to reload what they hold themselves.
	 */
	enum status (*reload)(struct proc_parent *parent, struct bytes *settings, char *sentence,
	    void *arg);
	/*
	 * A frame that is not the skeleton's own (types below PROC_TYPE_FIRST; see messages.h)
	 * came from a child.
	 */
	void (*on_child_frame)(struct proc_parent *parent, const struct proc_member *who,
	    const struct frame *frame, void *arg);
};

struct proc_address {
	struct sockaddr_storage address;
	socklen_t len;
};

/*
 * What is known only after options and configuration were read. Borrowed while proc_parent_run()
 * runs.
 */
struct proc_plan {
	unsigned counts[PROC_ROLES_MAX];	/* members of each role, at least 1 */
	/* Clients per child; 0: as many as descriptors and memory allow (board_clients_max()). */
	unsigned clients_max[PROC_ROLES_MAX];
	size_t memory_sizes[PROC_MEMORIES_MAX];	/* bytes; the segments start zeroed */
	/* Port 0: any; sockets of systemd (LISTEN_FDS) go first. */
	struct proc_address listeners[PROC_LISTENERS_MAX];
	unsigned listener_count;
	/* What every child gets, in a sealed memfd: options, keys, certificates. */
	struct bytes settings;
	unsigned drain_seconds;		/* longest time for a drain; 0 means 30 */
	/* Longest time for a child to stop, then it is killed; 0 means 5. */
	unsigned stop_seconds;
	void *arg;			/* for the hooks */
};

/*
 * The first call of main(). In a child that the skeleton has started it runs the child and exits;
 * everywhere else it returns at once. "services" are all that this program can be.
 */
void proc_enter(const struct proc_service *const *services, unsigned count, int argc, char **argv);

/*
 * Runs the service until it is told to stop; returns the exit status for main(): 0 after TERM,
 * INT or QUIT; 1 when it could not start or a child was hopeless before all were set up (the log
 * says why). Call it before there are threads.
 */
int proc_parent_run(const struct proc_service *service, const struct proc_plan *plan);

/* --- for the hooks: on the parent's loop -------------------------------- */

/* The address a listener really has (port 0 was replaced). */
const struct proc_address *proc_parent_address(const struct proc_parent *parent, unsigned listener);

/*
 * A shared-memory segment, mapped in every process of the service; "memory" is its place in
 * proc_service.memories.
 */
void *proc_parent_memory(const struct proc_parent *parent, unsigned memory);

/*
 * A frame of the service's own (type below PROC_TYPE_FIRST) for one child, or for all of a role.
 * STATUS_BUSY, STATUS_CLOSED, or STATUS_NOT_FOUND when it is just dead.
 */
enum status proc_parent_send(struct proc_parent *parent, unsigned role, unsigned index,
    struct bytes frame);
void proc_parent_send_all(struct proc_parent *parent, unsigned role, struct bytes frame);

/* As if TERM or INT had come. */
void proc_parent_drain(struct proc_parent *parent);
void proc_parent_stop(struct proc_parent *parent);

/* --- for any thread of the parent --------------------------------------- */

/* Clients in the children now, hand-outs on their way included. */
uint32_t proc_parent_sessions(const struct proc_parent *parent);
/* Clients that the children which are alive and answering can hold, by plan and descriptors. */
uint32_t proc_parent_capacity(const struct proc_parent *parent);
bool proc_parent_is_draining(const struct proc_parent *parent);

struct counters;
/* The rows of all members (counters.h), one per proc_member.number. */
const struct counters *proc_parent_counters(const struct proc_parent *parent, unsigned *count);

#endif
