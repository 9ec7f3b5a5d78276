/* SPDX-License-Identifier: ISC */
/*
 * The client's event thread: it owns the model, the connection to the server and the loop. One
 * turn handles what happened, then the face (a screen, or lines) shows what has changed. Nothing
 * here waits.
 */

#ifndef CLIENT_APP_H
#define CLIENT_APP_H

#include <stdbool.h>
#include <stddef.h>

#include "client-tui/address_book.h"
#include "client-tui/control/control.h"
#include "client-tui/net/server_link.h"
#include "client-tui/sessions.h"
#include "shared/endpoint.h"
#include "shared/status.h"

enum { APP_SIGNALS = 6, APP_WHY_ROOM = 600 };

struct app;
struct event;
struct event_base;
struct keep;

/* Who shows the model and brings what is typed. */
struct app_face {
	void (*on_turn)(void *arg);	      /* something happened; the model may have moved */
	void (*on_signal)(void *arg, int signal); /* WINCH, TSTP; the others are the app's */
	bool has_clock;			      /* the time of day is on the screen */
};

/* An account that is being deleted, and who waits for it. */
struct deletion {
	uint64_t uid;
	call_on_answer *on_answer;
	void *who;
};

struct app {
	struct event_base *base;
	struct link_loop *loop;
	struct helper *helper;
	struct server_link *link; /* NULL: no server was chosen yet */
	struct model *model;
	struct control *control;
	struct outbox outbox;
	struct address_book book;
	struct sessions sessions;
	struct deletion deletion;
	unsigned watched; /* revision of the book whose people are watched */
	struct keep *keep; /* what is on disk */
	struct invite server;
	bool has_server;
	bool is_stopped;
	bool is_closing;
	bool keeps_history;   /* what is said; to be set before a server is chosen */
	uint64_t history_uid; /* whose it is; 0: nobody's */

	const struct app_face *face;
	void *face_arg;
	struct event *signals[APP_SIGNALS];
	struct event *tick;
};

/*
 * "keep" outlives the app. STATUS_NO_MEMORY, STATUS_SYSTEM, ...: there is no loop or thread to
 * be had.
 */
enum status app_open(struct keep *keep, struct app *out);
void app_close(struct app *app);

/* What a person writes for a server: an invite line, or host:port. False: neither. */
bool app_parse_server(struct bytes text, struct invite *out);

/* Uses this server from now on, and comes back as the account kept for it, if there is one. */
enum status app_use_server(struct app *app, const struct invite *server);

/* Runs until the person leaves, or a signal ends it. */
void app_run(struct app *app, const struct app_face *face, void *arg);

/* From now on what is said is kept for this account; 0: for none. */
void app_keep_history(struct app *app, uint64_t uid);

/* The functions of the outbox. */
void app_fill_outbox(struct app *app);

#endif
