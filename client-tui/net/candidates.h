/* SPDX-License-Identifier: ISC */
/*
 * Where a client may be reached besides the address that the server sees: the field "candidates"
 * of tingyu-protocol(7), and what of a foreign one is worth a try.
 */

#ifndef CLIENT_NET_CANDIDATES_H
#define CLIENT_NET_CANDIDATES_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/bytes.h"
#include "shared/endpoint.h"

enum {
	CANDIDATES_MAX = 8,
	CANDIDATES_SIZE = 544,		     /* bytes of the field: 8 times u16, u16, 64 */
	CANDIDATES_DIALLED_MAX = CANDIDATES_MAX + 1, /* and the one that the server sees */
};

/*
 * The addresses of this machine (getifaddrs(3)) with this port, IPv4 first; link-local ones are
 * left out: they mean nothing elsewhere. Those of the machine itself are in only when
 * "has_loopback". Returns how many.
 */
size_t candidates_find(uint16_t port, bool has_loopback, struct address out[CANDIDATES_MAX]);

/* At most CANDIDATES_MAX addresses as a field. Returns its length. */
size_t candidates_encode(const struct address *list, size_t count, uint8_t out[CANDIDATES_SIZE]);

/* Returns how many there are; 0 also when the field is broken, which makes all of it worthless. */
size_t candidates_decode(struct bytes field, struct address out[CANDIDATES_MAX]);

/*
 * Whether a foreign address may be dialled: it has a port and is one machine's (not "any",
 * multicast, broadcast, reserved or link-local). One of this very machine only when
 * "has_loopback".
 */
bool candidate_can_be_dialled(const struct address *address, bool has_loopback);

/*
 * What to dial out of an introduction: the address that the server sees, then the candidates,
 * each once, without those that may not be dialled. Returns how many.
 */
size_t candidates_to_dial(struct bytes host, uint16_t port, struct bytes field, bool has_loopback,
    struct address out[CANDIDATES_DIALLED_MAX]);

#endif
