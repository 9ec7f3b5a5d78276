/* SPDX-License-Identifier: ISC */
/*
 * A service with nothing in it but the skeleton, for its fault tests. The test program is its own
 * server: main() begins with parrot_enter(), and parrot_start() runs the same binary again as a
 * server process. Its parent has a thread that never rests, as a real one's heartbeat.
 *
 * A session greets each client with "hello INDEX GENERATION PID SETTINGS\n" and then obeys letters:
 *
 *	p	answer "peers session/1.1 store/0.2 …\n": role/index.generation of every channel
 *	k	kill the own process (after noting request LOGIN)
 *	d, D	from now on stores die at their start, no longer do; answer "done\n"
 *	c	answer "counts ACCEPTED REFUSED DEATHS CAPACITY SESSIONS\n"
 *	a	ask the parent to tell all sessions, who say "heard\n" to all their clients
 *
 * When it is drained it says "move\n" to its clients, and leaves when they have.
 */

#ifndef TESTS_SUPPORT_PARROT_H
#define TESTS_SUPPORT_PARROT_H

#include <stdint.h>

#include "tests/support/process.h"

/* First call of main(); returns only in the test itself. */
void parrot_enter(int argc, char **argv);

/*
 * Starts a server and waits until it takes clients; *port is where. "options" are words with
 * blanks between:
 *
 *	children=4	sessions
 *	stores=1	the same for stores
 *	clients=0	for each session; 0: as many as possible
 *	descriptors=0	limit of every process; 0: the one of the test
 *	drain=30	seconds
 *	file=PATH	its first line is the settings; "bad" is refused at a reload, and with
 *			"hopeless" the store will not start
 *	log=PATH	where the log goes after the start
 *	inherit=1	the listener comes from a service manager
 */
struct process *parrot_start(const char *options, uint16_t *port);

/* The same without waiting. */
struct process *parrot_spawn(const char *options);

#endif
