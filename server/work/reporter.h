/* SPDX-License-Identifier: ISC */
/*
 * One route server as the heartbeat sees it: a connection that is made again whenever it breaks,
 * and the reports on it. Belongs to the heartbeat's thread.
 */

#ifndef SERVER_WORK_REPORTER_H
#define SERVER_WORK_REPORTER_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/endpoint.h"
#include "shared/protocol.h"

struct link_loop;
struct reporter;
struct tls_context;

/* What all reporters of one heartbeat share; it outlives them. */
struct reporter_source {
	struct link_loop *loop;
	struct tls_context *tls;	/* NULL: plaintext; may be replaced while reporters live */
	uint32_t every_ms;
	void (*fill)(void *arg, struct msg_report_connect *report); /* what to report right now */
	void *arg;
};

/* Starts connecting at once. */
struct reporter *reporter_new(const struct reporter_source *source, const struct invite *route);
void reporter_free(struct reporter *reporter);

const struct invite *reporter_route(const struct reporter *reporter);

/* Report now if connected. */
void reporter_hurry(struct reporter *reporter);

#endif
