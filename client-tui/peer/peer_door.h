/* SPDX-License-Identifier: ISC */
/* Where others knock: listening sockets of IPv4 and (where there is any) IPv6 on one port. */

#ifndef CLIENT_PEER_PEER_DOOR_H
#define CLIENT_PEER_PEER_DOOR_H

#include <netinet/in.h>
#include <stdint.h>

#include "shared/compiler.h"
#include "shared/status.h"

struct event;
struct event_base;

enum { PEER_DOOR_FAMILIES = 2 };

/* A connection; the descriptor, non-blocking, is the receiver's. */
typedef void peer_door_on_knock(int fd, void *arg);

/* All fields are the door's but "port". Copied while nobody watches, the copy is the door. */
struct peer_door {
	int fds[PEER_DOOR_FAMILIES]; /* -1: none */
	struct event *events[PEER_DOOR_FAMILIES];
	struct event *pause;
	peer_door_on_knock *on_knock;
	void *arg;
	uint16_t port;
};

/*
 * Takes a port that nobody has, and lets others of this user share it from then on (SO_REUSEADDR,
 * SO_REUSEPORT). Status of errno.
 */
enum status peer_door_open(struct peer_door *out) MUST_USE;

/* From now on the door stays where it is. */
void peer_door_watch(
    struct peer_door *door, struct event_base *base, peer_door_on_knock *on_knock, void *arg);

/* Twice is fine. */
void peer_door_close(struct peer_door *door);

/* Lets a socket have a local port that others have, too; before bind(2). */
void peer_door_share_port(int fd);

#endif
