/* SPDX-License-Identifier: ISC */
/* Other sides that are no links: a bare socket, and a wire in the middle that misbehaves. */

#ifndef TESTS_SUPPORT_CABLE_H
#define TESTS_SUPPORT_CABLE_H

#include "shared/buffer.h"
#include "tests/support/stage.h"

/* A bare socket that keeps what it gets. */
struct raw {
	int fd;
	struct event *event;
	struct buffer *got;
	bool ended;	/* end of stream */
	bool broken;	/* reset */
};

/* Takes the descriptor over; "reads" false: never looks at what comes. */
void raw_open(struct raw *raw, struct stage *stage, int fd, bool reads);
void raw_close(struct raw *raw);
void raw_send(struct raw *raw, const void *data, size_t len);

/* The whole frames of one type among what it got. */
size_t raw_count_frames(const struct raw *raw, uint16_t type);

/* An accepted server end with a raw socket on the other side. */
void stage_raw(struct stage *stage, struct raw *raw, bool reads, struct end *server);

/*
 * A wire between two sockets, both taken over. It carries at most "step" bytes a turn and
 * direction. From the byte "harm_at" on (of what "from" sends) it does harm.
 */
enum harm {
	HARM_NONE,
	HARM_FLIP,	/* every byte from there on is inverted */
	HARM_CUT,	/* both sockets are closed */
	HARM_STALL,	/* nothing is carried any more */
};

struct wire_fault {
	size_t step;	/* 0: any */
	enum harm harm;
	size_t harm_at;
};

struct cable;
struct cable *cable_new(struct stage *stage, int from, int to, struct wire_fault fault);
void cable_free(struct cable *cable);

/* How many TLS records of application data (RFC 8446 5.1) went from "from" to "to". */
size_t cable_count_records(const struct cable *cable);

/* A client and a server end with such a wire between them, not waited for. */
struct cable *stage_link_by_cable(
    struct stage *stage, struct end *client, struct end *server, struct wire_fault fault);

#endif
