/* SPDX-License-Identifier: ISC */
/*
 * A person at the client, without terminal and network: bytes as a terminal sends them go through decoder, keymap and
 * commands into the model, and the screen comes back as text. What would have been sent is written down instead.
 */

#ifndef TESTS_SUPPORT_TYPIST_H
#define TESTS_SUPPORT_TYPIST_H

#include "client-tui/control/control.h"

struct typist {
	struct model *model;
	struct control *control;
	struct outbox outbox;
	struct keys *keys;
	char sent[4096];      /* what left, a line each; "typist_sent" takes it */
	char taken[4096];
	char *screen;
	enum status refuses; /* what the outbox says to everything */

	/* The request that waits for its answer. */
	call_on_item *on_item;
	call_on_answer *on_answer;
	void *who;
};

/* A screen of this size; somebody (alice, 15) is signed in, it is a Saturday, 14:02 UTC. */
struct typist *typist_new(int columns, int rows);
void typist_free(struct typist *typist);

/* Bytes from the terminal; and then nothing more for a while. */
void typist_type(struct typist *typist, const char *bytes);

/* Types a line and Enter. */
void typist_enter(struct typist *typist, const char *line);

/* What was sent since it was asked last; good until the next call. */
const char *typist_sent(struct typist *typist);

/* The server's answer to the request that waits: a message, or a refusal. */
void typist_answer(struct typist *typist, uint16_t type, const void *message);
void typist_refuse(struct typist *typist, enum status status);

/* A row of the directory, before its answer. */
void typist_add_user(struct typist *typist, uint64_t uid, const char *name, const char *display, bool is_online);

/* Nobody is signed in any more. */
void typist_sign_out(struct typist *typist);

/* A session with bob (11) is opened and shown; nothing of it counts as sent. */
void typist_meet_bob(struct typist *typist);

/* The text in the line. */
const char *typist_draft(const struct typist *typist);

/* The answer to a question about a person. */
void typist_find(struct typist *typist, uint64_t uid, const char *name, bool is_online);

/* The screen as text; good until the next call. */
const char *typist_screen(struct typist *typist);

/* The newest sentence of the pane that is shown, or of home; "" when there is none. */
const char *typist_last(const struct typist *typist);
const char *typist_home(const struct typist *typist);

#endif
