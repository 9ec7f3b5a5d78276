/* SPDX-License-Identifier: ISC */
/* Many clients of a parrot (parrot.h) in one process: connect at once, see who greets whom, ask. */

#ifndef TESTS_SUPPORT_CROWD_H
#define TESTS_SUPPORT_CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { GUEST_LINE_MAX = 512 };

struct guest {
	int fd;			/* -1: ended */
	bool is_greeted;
	bool has_ended;		/* the server closed or broke it */
	unsigned index, generation;	/* of who greeted */
	pid_t pid;
	char settings[64];
	unsigned lines;		/* that came after the greeting … */
	char line[GUEST_LINE_MAX];	/* … and the last one of them */
	size_t len;
	char input[GUEST_LINE_MAX];
};

struct crowd;

struct crowd *crowd_new(uint16_t port);
void crowd_free(struct crowd *crowd);

/* Connects so many more, without waiting. */
void crowd_connect(struct crowd *crowd, unsigned count);

/* So far, of all that ever connected. Ended ones do not count as greeted any more. */
unsigned crowd_count(const struct crowd *crowd);
unsigned crowd_greeted(const struct crowd *crowd);
unsigned crowd_ended(const struct crowd *crowd);
struct guest *crowd_guest(struct crowd *crowd, unsigned number);

/* How many are with the child of that pid. */
unsigned crowd_with(struct crowd *crowd, pid_t pid);

/*
 * Waits until the condition holds; false when the time is over. It is looked at after everything
 * that happens.
 */
typedef bool crowd_condition(struct crowd *crowd, const void *of);
bool crowd_wait(struct crowd *crowd, crowd_condition *holds, const void *of, int timeout_ms);

/* Waits until so many are greeted, or have ended, as the numbers say. */
bool crowd_wait_greeted(struct crowd *crowd, unsigned count, int timeout_ms);
bool crowd_wait_ended(struct crowd *crowd, unsigned count, int timeout_ms);

/*
 * Says a letter for one guest; with an answer, waits for it: its line, good until the next one.
 * NULL: none came.
 */
void crowd_say(struct crowd *crowd, unsigned number, char letter);
const char *crowd_ask(struct crowd *crowd, unsigned number, char letter);

/* Closes one from our side. */
void crowd_drop(struct crowd *crowd, unsigned number);

#endif
