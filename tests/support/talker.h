/* SPDX-License-Identifier: ISC */
/*
 * People with a peer thread each, who write down what they hear; introduced by the test instead of
 * a server.
 */

#ifndef TESTS_SUPPORT_TALKER_H
#define TESTS_SUPPORT_TALKER_H

#include "client-tui/peer/peer_limits.h"
#include "client-tui/peer/peer_thread.h"
#include "tests/support/stage.h"

enum { TALKER_PEERS_MAX = 8 };

/* What a talker heard of one other. */
struct heard {
	uint64_t uid;
	unsigned ups, downs, texts, delivered;
	uint32_t ms;
	uint64_t last_id; /* delivered */
	enum status why;
	char sentence[400];
	char *text; /* the last one */
	size_t len;
	uint64_t down_at_us;
};

struct talker {
	struct stage *stage;
	struct peer_thread *thread;
	uint64_t uid;
	struct identity identity;
	uint16_t port;
	struct heard heard[TALKER_PEERS_MAX];
	size_t count;
	void (*on_text)(struct talker *talker, struct heard *from);
};

/* Listens, as "uid" with a fresh identity; "limits" NULL: as for people. */
void talker_open(
    struct talker *talker, struct stage *stage, uint64_t uid, const struct peer_limits *limits);
void talker_close(struct talker *talker);

/* Two identities in the order in which the first has the greater key. */
void talkers_order(struct talker *greater, struct talker *less);

/* An address of 127.0.0.0/8, "host" being its last byte. */
struct address loopback(unsigned host, uint16_t port);

/* A meeting with "uid", whose key is "key", by a fresh token and no addresses. */
struct peer_meeting meeting_with(uint64_t uid, const uint8_t *key);

/* One more address to dial. */
void meeting_add(struct peer_meeting *meeting, struct address address);

/* Both meet; "a_dials", "b_dials": who of them is told where the other is. */
void introduce(struct talker *a, struct talker *b, bool a_dials, bool b_dials);

/* What the talker heard of "uid"; made when it is asked for first. */
struct heard *heard_of(struct talker *talker, uint64_t uid);

void talker_say(struct talker *talker, uint64_t to, uint64_t id, const char *text);

#endif
