/* SPDX-License-Identifier: ISC */
/* What a work server is made of: its roles, who talks to whom, and the memory they share. */

#ifndef SERVER_WORK_SERVICE_H
#define SERVER_WORK_SERVICE_H

#include <stdint.h>

#include "server/proc/proc.h"

enum work_role {
	WORK_SESSION,
	WORK_STORE,
	WORK_ROLES,
};

enum work_memory {
	WORK_PRESENCE,	/* presence.h */
	WORK_FACTS,	/* struct work_facts */
	WORK_LIMITS,	/* limiter.h */
	WORK_MEMORIES,
};

/* What all processes of one start agree on. */
struct work_facts {
	_Atomic uint64_t server_id;	/* see work_server_id() */
};

extern const struct proc_service work_service;

/*
 * The random number of this start, by which route servers and the database tell work servers
 * apart. Any process, any thread.
 */
uint64_t work_server_id(struct work_facts *facts);

#endif
