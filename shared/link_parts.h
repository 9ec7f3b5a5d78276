/* SPDX-License-Identifier: ISC */
/*
 * What link.c (its life), link_io.c (its bytes) and link_loop.c (its turns) know of one another.
 * For these three only.
 */

#ifndef SHARED_LINK_PARTS_H
#define SHARED_LINK_PARTS_H

#include <sys/queue.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "shared/buffer.h"
#include "shared/link.h"
#include "shared/wheel.h"

enum {
	/* Bytes that one link may read before the others have their turn. */
	LINK_TURN_BYTES = 65536,
	/* One TLS record in the clear (RFC 8446 5.1). */
	LINK_RECORD_BYTES = 16384,
	/* Links that get to read more, or go on with a handshake, at the end of one turn. */
	LINK_TURN_LINKS = 16,
};

enum link_state {
	LINK_CONNECTING,	/* TCP's handshake */
	LINK_SECURING,		/* that of TLS */
	LINK_OPEN,
	LINK_SHUT,		/* our end of the stream is sent; waits for the other's */
	LINK_DEAD,		/* the descriptor is closed; waits for its on_down */
};

struct link {
	struct event event;	/* both directions, edge-triggered */
	struct wheel_timer timer;	/* the one deadline of the present state */
	struct link_loop *loop;
	const struct link_handler *handler;
	void *arg;
	const struct link_limits *limits;
	struct tls *tls;	/* NULL: plain */
	/* A frame's beginning, or what a pause left; during SECURING what TLS has not taken. */
	struct buffer *input;
	struct buffer *output;	/* clear bytes that wait */
	TAILQ_ENTRY(link) ready;	/* wants to read more */
	STAILQ_ENTRY(link) agenda;	/* something to do at the end of the turn */
	uint64_t bytes_read;
	uint32_t read_budget;	/* 0: none; else one more than how many may still come */
	uint32_t heard_ms;	/* when bytes came last, on the lower half of the clock */
	uint32_t idle_ms;
	uint16_t why;		/* enum status; STATUS_OK as long as nobody wants it to end */
	uint8_t state;
	bool on_ready : 1;
	bool on_agenda : 1;
	bool told_up : 1;	/* on_up was called */
	bool paused : 1;
	bool readable : 1;	/* the socket was not read until it was empty: no edge will come */
	bool congested : 1;	/* more than output_low waited */
	bool ended : 1;		/* the other side sent the end of the stream */
	bool skips_time_wait : 1;
};

struct link_loop {
	struct event_base *base;
	struct event turn;	/* the end of this turn, or the start of the next */
	struct wheel *wheel;
	TAILQ_HEAD(, link) ready;
	STAILQ_HEAD(, link) agenda;
	size_t count;
	bool in_turn;		/* the end of a turn is being worked on */
	bool has_turn;		/* "turn" will come */
	bool is_ending;
	uint8_t wire[LINK_TURN_BYTES];		/* as it came from a socket */
	uint8_t clear[LINK_RECORD_BYTES];	/* out of TLS */
};

/* link_loop.c: puts the link on a list, once. */
void loop_add_ready(struct link *link);
void loop_add_agenda(struct link *link);
void loop_forget_ready(struct link *link);

/* link.c */
void link_on_deadline(struct wheel_timer *timer);
void link_on_event(evutil_socket_t fd, short what, void *arg);
/* Its turn on the ready list: go on with the handshake or read. */
void link_proceed(struct link *link);
/* Its turn on the agenda: on_up, output, the end. Frees a dead link. */
void link_settle(struct link *link);
/* Nobody ended it so far: frames may be handed out and taken. */
bool link_is_going(const struct link *link);

/* link_io.c */
/* Reads for one turn and hands frames out. */
void link_read(struct link *link);
/* Hands out what a pause held back. */
void link_read_backlog(struct link *link);
/* One step of TLS's handshake with what is in the socket: as tls_handshake(). */
int link_secure(struct link *link);
/* Clear bytes that TLS finds behind the handshake, in the same packet. */
void link_read_leftover(struct link *link);
/* Sends what it can. */
void link_flush(struct link *link);

#endif
