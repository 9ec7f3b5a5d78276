/* SPDX-License-Identifier: ISC */
/*
 * What the yardsticks share: two halves in processes of their own, started together, measured
 * from outside. A yardstick is the smallest program that does a server's unavoidable work, so
 * that a figure of ours can be said as a multiple of it, measured on the same machine a minute
 * apart.
 */

#ifndef TESTS_BENCH_YARDSTICK_H
#define TESTS_BENCH_YARDSTICK_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "server/bench/procstat.h"

enum { YARDSTICK_HALF_MAX = 16 };

/* What both halves and the parent see. */
struct yardstick {
	uint32_t connections;	/* of all client processes */
	uint32_t messages;	/* yardstick_relay: of every pair */
	uint32_t at_once;	/* yardstick_tls: under way at once in one client process */
	uint32_t servers;
	uint32_t clients;
	struct sockaddr_in address;
	int listener;
	_Atomic uint32_t done;		/* connections that are in */
	_Atomic uint64_t relayed;
	_Atomic uint64_t last_us;	/* when the last one came in */
};

/*
 * One process; "ready" says that it is set up and waits for the start. It may stay when it is
 * done: it is killed.
 */
struct half {
	void (*run)(struct yardstick *yardstick, uint32_t number, void (*ready)(void));
	uint32_t count;
	pid_t pids[YARDSTICK_HALF_MAX];
};

struct measurement {
	double seconds;		/* from the start to the last arrival */
	struct procstat server[2], client[2];	/* before the start, after the end */
	struct kernstat kernel[2];
};

/*
 * Reads -n connections, -m messages, -o at once, -s server and -c client processes from the
 * command line into shared memory, with a socket that listens on a free port of 127.0.0.1.
 */
struct yardstick *yardstick_open(int argc, char **argv, uint32_t connections, uint32_t messages);

/* Runs both halves until "goal" connections or messages are done (*counter), then ends them. */
void yardstick_measure(struct yardstick *yardstick, struct half *server, struct half *client,
    uint64_t (*counter)(const struct yardstick *), uint64_t goal, struct measurement *out);

/*
 * A socket on its way to the address, from one of several addresses of 127.0.0.0/8; ends the
 * program when it fails.
 */
int yardstick_connect(const struct yardstick *yardstick, uint32_t number);

/* The connections of client process "number": *first and how many. */
uint32_t yardstick_share(const struct yardstick *yardstick, uint32_t number, uint32_t *first);

/* "name value" on a line. */
void yardstick_print(const char *name, double value);

/* Microseconds of CPU between two readings. */
double yardstick_cpu_us(const struct procstat reading[2]);

/* Ends the program with the text of errno when the condition does not hold. */
void yardstick_require(int condition, const char *what);

#endif
