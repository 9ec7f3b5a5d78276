/* SPDX-License-Identifier: ISC */
/*
 * A child from the inside: what a role's run() has in its hands. One thread, one event loop; the
 * base was made after the exec, it uses epoll and knows edge-triggered events. Channels have
 * priority over clients in it.
 */

#ifndef SERVER_PROC_CHILD_H
#define SERVER_PROC_CHILD_H

#include "server/proc/proc.h"

struct counters;
struct event_base;

struct proc_handlers {
	/*
	 * A client came through a listener of the plan: connected, non-blocking, close-on-exec;
	 * the handler owns "fd". It is counted already; proc_child_client_gone() counts it off
	 * again.
	 */
	void (*on_client)(void *arg, int fd, unsigned listener, const struct proc_address *from);
	/*
	 * Our end of a channel to another member, by the service's links: the handler owns "fd"
	 * and gives it to channel_new() (shared/channel.h). It comes again with a new generation
	 * when that member was replaced, perhaps before the old channel has reported its end.
	 */
	void (*on_peer)(void *arg, const struct proc_member *who, int fd);
	/*
	 * Send the clients away in your own time, then call proc_child_leave(child, 0). NULL:
	 * leave at once.
	 */
	void (*on_drain)(void *arg);
	/*
	 * Finish what is in hand, then call proc_child_leave(child, 0). NULL: leave at once.
	 * Comes when the parent died, too.
	 */
	void (*on_stop)(void *arg);
	/* New settings, checked by the parent. The old ones are valid until the handler returns. */
	void (*on_reload)(void *arg, struct bytes settings);
	/* The log was opened again already; here for other files. */
	void (*on_reopen)(void *arg);
	/* A frame of the service's own from its parent (proc_parent_send()). */
	void (*on_parent_frame)(void *arg, const struct frame *frame);
};

/*
 * Tells the parent that this child is set up, then runs the loop until proc_child_leave().
 * Returns the status given there.
 */
int proc_child_run(struct proc_child *child, const struct proc_handlers *handlers, void *arg);

/* Ends proc_child_run() at the end of this turn. */
void proc_child_leave(struct proc_child *child, int exit_status);

/* Once for each on_client, when that connection is closed. */
void proc_child_client_gone(struct proc_child *child);

/* Who this process is. */
const struct proc_member *proc_child_self(const struct proc_child *child);
/* How many members the role has, and how many clients each of them may hold. */
unsigned proc_child_count(const struct proc_child *child, unsigned role);
unsigned proc_child_clients_max(const struct proc_child *child);

struct event_base *proc_child_base(const struct proc_child *child);

/* The settings of the plan or of the last reload; valid until on_reload returns. */
struct bytes proc_child_settings(const struct proc_child *child);

/*
 * A shared-memory segment and its size; "memory" is its place in proc_service.memories. "size"
 * may be NULL.
 */
void *proc_child_memory(const struct proc_child *child, unsigned memory, size_t *size);

/* This child's own row; add with counter_add() (counters.h). */
struct counters *proc_child_counters(const struct proc_child *child);
/* The rows of all members. */
const struct counters *proc_child_all_counters(const struct proc_child *child, unsigned *count);

/* The address a listener of the service really has. */
const struct proc_address *proc_child_address(const struct proc_child *child, unsigned listener);

/* The server as a whole, as the parent sees it. */
uint32_t proc_child_server_sessions(const struct proc_child *child);
uint32_t proc_child_server_capacity(const struct proc_child *child);
bool proc_child_server_is_draining(const struct proc_child *child);

/* A frame of the service's own to its parent (on_child_frame). STATUS_BUSY or STATUS_CLOSED. */
enum status proc_child_send(struct proc_child *child, struct bytes frame);

#endif
