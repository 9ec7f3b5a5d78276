/* SPDX-License-Identifier: ISC */
/*
 * Links on a stage: a loop, both kinds of TLS context, and ends that write down what happens to
 * them.
 */

#ifndef TESTS_SUPPORT_STAGE_H
#define TESTS_SUPPORT_STAGE_H

#include <netinet/in.h>

#include "shared/link.h"

struct event;
struct end;

struct stage {
	struct event_base *base;
	struct link_loop *loop;
	struct tls_context *server;	/* NULL: everything is plain */
	struct tls_context *client;
	char *certificate;		/* of the server, PEM */
	char *key;
	uint8_t pin[TLS_PIN_SIZE];	/* of that */
	struct link_limits limits;	/* generous; change before linking */
	struct event *guard;		/* fails the test when it waits too long */
	int descriptors;		/* open ones at the start */
};

/* One end of a link. Counts, then calls the hook, when there is one. */
struct end {
	struct stage *stage;
	struct link *link;	/* NULL after on_down */
	unsigned ups, frames, drains, downs;
	size_t bytes;		/* of payloads */
	enum status why;
	char problem[80];
	struct sockaddr_storage peer;	/* as seen in on_up */
	uint16_t type;		/* of the last frame, and the start of its payload */
	size_t last_len;
	uint8_t last[64];
	void (*on_up)(struct end *end);
	void (*on_frame)(struct end *end, const struct frame *frame);
	void (*on_drained)(struct end *end);
	void (*on_down)(struct end *end);
	struct end *other;
	size_t number;		/* the test's own */
};

void stage_open(struct stage *stage, bool tls);

/* The same for cmocka: a stage on the heap as *state, plain or with TLS, and its end. */
int stage_set_up_plain(void **state);
int stage_set_up_tls(void **state);
int stage_tear_down(void **state);

#define ON_PLAIN(test) cmocka_unit_test_setup_teardown(test, stage_set_up_plain, stage_tear_down)
#define ON_TLS(test) cmocka_unit_test_setup_teardown(test, stage_set_up_tls, stage_tear_down)
#define ON_BOTH(test) ON_PLAIN(test), ON_TLS(test)

/* Fails when a link or a descriptor was left over. */
void stage_close(struct stage *stage);

/*
 * One turn of the loop that waits for something to happen; fails the test after half a minute of
 * nothing.
 */
void stage_turn(struct stage *stage);

/* Some turns that do not wait: what could happen now has happened. */
void stage_quiet(struct stage *stage);

#define stage_until(stage, condition) \
	do { \
		while (!(condition)) \
			stage_turn(stage); \
	} while (0)

/* A listening socket on a free port of 127.0.0.1; blocking. */
int stage_listen(struct sockaddr_in *address);

/* A connected pair of TCP sockets over loopback, non-blocking. */
void stage_sockets(int fds[2]);

/* Links that report to "end". */
void end_accept(struct end *end, struct stage *stage, int fd);
void end_adopt(struct end *end, struct stage *stage, int fd, const uint8_t *pin);
void end_connect(struct end *end, struct stage *stage, const struct sockaddr_in *address);

/* Both ends of one connection, up; they know each other as "other". Hooks are set before. */
void stage_link(struct stage *stage, struct end *client, struct end *server);

/* Ends what is still there and waits for the on_downs. */
void end_close(struct end *end);

/*
 * Sends a frame of this payload length whose bytes follow from "seed"; tells whether a frame is
 * such a one.
 */
enum status end_send(struct end *end, uint16_t type, size_t payload_len, unsigned seed);
bool frame_is_sent_by_seed(const struct frame *frame, unsigned seed);

/* Open descriptors of this process. */
int count_descriptors(void);

#endif
