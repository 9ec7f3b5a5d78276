/* SPDX-License-Identifier: ISC */
/*
 * What a parent tells a child on its command line: who it is, and which descriptors it has.
 * Everything else comes through those.
 *
 *	tingyu-work --member work session/3 1,3 7,5,8,9
 *
 * service, role and index; generation and number; descriptors of channel, settings, board and
 * shared memories.
 */

#ifndef SERVER_PROC_BIRTH_H
#define SERVER_PROC_BIRTH_H

#include "server/proc/proc.h"

enum {
	BIRTH_CHANNEL,
	BIRTH_SETTINGS,
	BIRTH_BOARD,
	BIRTH_MEMORIES,		/* from here on, as many as the service has */
	BIRTH_DESCRIPTORS_MAX = BIRTH_MEMORIES + PROC_MEMORIES_MAX,
};

struct birth {
	const struct proc_service *service;
	struct proc_member who;
	int fds[BIRTH_DESCRIPTORS_MAX];
};

/* Descriptors that a child of this service has. */
size_t birth_descriptor_count(const struct proc_service *service);

enum { BIRTH_ARGUMENTS = 6 };

/* A command line, with its texts. */
struct birth_line {
	char *argv[BIRTH_ARGUMENTS + 1];
	char member[64];
	char numbers[32];
	char fds[12 * BIRTH_DESCRIPTORS_MAX];
};

/* The line points into itself, and to argv[0] of this process. */
void birth_write(const struct birth *birth, struct birth_line *out);

/* Whether a command line looks like one of these. */
bool birth_is_meant(int argc, char **argv);

/* False: birth_write() did not make it, or not for one of these services. */
bool birth_read(const struct proc_service *const *services, unsigned count, char **argv,
    struct birth *out);

#endif
