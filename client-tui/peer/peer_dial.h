/* SPDX-License-Identifier: ISC */
/*
 * Dialling for one meeting: all addresses at once, from the port that others know us by, again and
 * again for a while. What crosses a SYN of the other side on its way opens both NATs: a refused
 * dial is repeated soon and not in step with the other side's, a silent one is left alone.
 */

#ifndef CLIENT_PEER_PEER_DIAL_H
#define CLIENT_PEER_PEER_DIAL_H

#include <stdint.h>

#include "client-tui/peer/peer_limits.h"
#include "client-tui/peer/peer_thread.h"

struct event_base;
struct peer_dial;

/*
 * Connected, and the token was said and heard; the descriptor is the receiver's. The dial may not
 * be freed in there. It comes again when an address is dialled anew, which happens until the dial
 * is freed or its rounds are over.
 */
typedef void peer_dial_on_way(int fd, void *arg);

/*
 * Begins at once; "limits" lives longer, "meeting" is copied from. "port" is the local one.
 * Callbacks come from the loop only.
 */
struct peer_dial *peer_dial_new(struct event_base *base, const struct peer_limits *limits,
    uint16_t port, const struct peer_meeting *meeting, peer_dial_on_way *on_way, void *arg);

/* NULL is fine. */
void peer_dial_free(struct peer_dial *self);

#endif
