/* SPDX-License-Identifier: ISC */
/*
 * A session child: everything its sessions share. One thread, one loop; made after the exec.
 */

#ifndef SERVER_WORK_WORKER_H
#define SERVER_WORK_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "server/proc/credentials.h"
#include "server/proc/settings.h"
#include "shared/endpoint.h"
#include "shared/link.h"

struct admission;
struct bus;
struct drain;
struct limiter;
struct proc_child;
struct introduce;
struct registrar;
struct session;
struct session_table;
struct store_client;
struct watch;
struct wheel;

struct worker {
	struct proc_child *child;
	struct settings settings;
	struct credentials credentials;
	struct endpoint advertised;	/* where clients reach this work server */
	struct tls_context *tls;	/* NULL: plaintext on loopback */
	struct link_limits limits;
	struct link_loop *loop;
	struct wheel *wheel;
	struct admission *admission;
	struct session_table *sessions;
	struct store_client *store;
	struct bus *bus;
	struct introduce *introduce;
	struct watch *watch;
	struct limiter *limiter;
	struct registrar *registrar;	/* NULL: this is the only work server of its database */
	uint32_t next_serial;
	struct drain *drain;		/* NULL until the server drains */
	uint8_t nonce_key[32];		/* of this process; see session_nonce() */
};

/* The whole life of a session child; its exit status. */
int worker_run(struct proc_child *child);

/* What the crash record of this process will name. */
void worker_note_request(struct worker *worker, uint16_t type);

#endif
