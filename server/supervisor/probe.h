/* SPDX-License-Identifier: ISC */
/*
 * Finds out whether a client could log in: asks the route server, as a client does, until it
 * names a work server with this pin.
 */

#ifndef SERVER_SUPERVISOR_PROBE_H
#define SERVER_SUPERVISOR_PROBE_H

#include <stdbool.h>

#include "shared/endpoint.h"
#include "shared/link.h"

struct probe;

/* Called once, from the loop; the probe has come to its end, but is still the owner's to free. */
typedef void probe_on_ready(void *arg);

/*
 * Starts asking at "address". "pin" is the route server's and the work server's; NULL: plain,
 * any work server will do. STATUS_SYSTEM: TLS cannot be had.
 */
enum status probe_start(struct link_loop *loop, const struct address *address, const uint8_t *pin,
    probe_on_ready *on_ready, void *arg, struct probe **out);

/* Ends it wherever it is, without a call. Before the loop is freed. NULL is fine. */
void probe_free(struct probe *probe);

#endif
