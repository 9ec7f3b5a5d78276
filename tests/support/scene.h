/* SPDX-License-Identifier: ISC */
/* The client's link to its servers on a stage, with two scripted servers and a record of what it
 * says. */

#ifndef TESTS_SUPPORT_SCENE_H
#define TESTS_SUPPORT_SCENE_H

#include "client-tui/net/helper.h"
#include "client-tui/net/server_link.h"
#include "tests/support/scripted_server.h"

enum { SCENE_STATES = 6, SCENE_ITEMS = 128 };

struct scene {
	struct stage stage;
	struct scripted_server first, second; /* both are known as route servers */
	struct helper *helper;
	struct server_link_config config;
	struct invite routes[2];
	struct server_link *link;

	/* What it said. */
	unsigned states[SCENE_STATES]; /* how often each was entered */
	enum status why;               /* of the last state */
	char sentence[256];
	unsigned account_changes, warnings, pins_shown;
	char warning[256];
	bool trusts; /* what to say to an unknown pin */
	unsigned port_refusals;
	uint16_t other_port; /* what to say to that */

	unsigned presences; /* told in all, and the last one */
	uint64_t presence_uid;
	bool presence_online;

	/* The last answer. */
	unsigned answers;
	enum status status;
	char answer_sentence[256];
	union codec_room message;
	unsigned items;
	uint64_t item_uids[SCENE_ITEMS];
};

/*
 * Servers and helper are there, times are short; change scene->config before scene_link(). The
 * struct is large: not for the stack.
 */
struct scene *scene_new(bool tls);
void scene_link(struct scene *scene);

/* Ends everything; fails when something was left over. */
void scene_free(struct scene *scene);

/* Record an answer, an item. "arg" is the scene. */
void scene_on_answer(void *arg, const struct answer *answer);
void scene_on_item(void *arg, const void *message);

/* An account of the first server that can come back by its key. */
struct account scene_account(struct scene *scene);

/* A link that begins to return to that account; the same, and it is online. */
void scene_start_return(struct scene *scene);
void scene_come_back(struct scene *scene);

/* Both servers are route servers that hand out the first one. */
void scene_know_two_routes(struct scene *scene);

#define scene_until(scene, condition) stage_until(&(scene)->stage, condition)

/* Waits for the answer to "call", which was taken. */
#define scene_ask(scene, call) \
	do { \
		unsigned before_it = (scene)->answers; \
		assert_int_equal(call, STATUS_OK); \
		scene_until(scene, (scene)->answers > before_it); \
	} while (0)

/* Waits until the link is in a state. */
#define scene_reach(scene, wanted) \
	scene_until(scene, server_link_state((scene)->link) == (wanted))

#endif
