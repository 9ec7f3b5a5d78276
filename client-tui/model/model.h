/* SPDX-License-Identifier: ISC */
/*
 * Everything the screen can show, as one value without a clock, a socket or a terminal. It is read
 * through a const pointer, all of it. Who wants to change a part gets it from a function below,
 * which moves the revision on: the screen is drawn anew when that has moved. The event thread alone
 * touches it.
 */

#ifndef CLIENT_MODEL_MODEL_H
#define CLIENT_MODEL_MODEL_H

#include <stdbool.h>

#include "client-tui/model/ask.h"
#include "client-tui/model/chat.h"
#include "client-tui/model/directory.h"
#include "client-tui/model/form.h"
#include "client-tui/model/help.h"
#include "client-tui/model/me.h"
#include "client-tui/model/panes.h"
#include "client-tui/model/roster.h"
#include "client-tui/model/transcript.h"

struct model {
	uint64_t revision;
	uint64_t now_s; /* wall clock, as last told */
	bool is_ascii;	/* no glyphs beyond ASCII of our own */
	char hint[300]; /* one line about what is being typed (usage, candidates), or empty */

	struct me me;
	struct roster roster;
	struct directory directory;
	struct transcript home;		  /* answers and notices of the home pane */
	struct transcript directory_notes; /* answers to what was typed in the directory */
	struct draft home_draft, directory_draft;
	struct chat **chats; /* in the order of their panes */
	size_t chat_count;
	struct panes panes;
	struct form form;
	struct ask ask;
	struct help help;
	struct draft_clip clip;

	size_t chat_room;
};

struct model *model_new(void);
void model_free(struct model *model);

/*
 * The time of day, wall clock. Moves the revision only if something on the screen depends on it:
 * once a minute, or every second while model_shows_seconds (offline, with a time to the next
 * attempt).
 */
void model_set_now(struct model *model, uint64_t now_s);
bool model_shows_seconds(const struct model *model);

void model_set_ascii(struct model *model, bool is_ascii);

/* About what is being typed; shown above the input line while it is not empty. */
void model_set_hint(struct model *model, struct bytes hint);

/* Draw again, whatever happened (Ctrl-L, a new size). */
void model_touch(struct model *model);

/* A part, to be changed. */
struct me *model_change_me(struct model *model);
struct roster *model_change_roster(struct model *model);
struct directory *model_change_directory(struct model *model);
struct form *model_change_form(struct model *model);
struct ask *model_change_ask(struct model *model);
struct help *model_change_help(struct model *model);

/* The chat with "uid", or NULL. */
const struct chat *model_chat(const struct model *model, uint64_t uid);
struct chat *model_change_chat(struct model *model, uint64_t uid);

/* Opens a chat (without showing it), or finds it; it is named anew and becomes a contact. */
struct chat *model_open_chat(struct model *model, uint64_t uid, struct bytes name);

/* Forgets a chat and its pane; the contact stays. */
void model_close_chat(struct model *model, uint64_t uid);

/* A contact's; who is connected directly is there, whatever servers know. */
enum presence model_presence(const struct model *model, const struct contact *contact);

/* The pane on the screen, and its chat, NULL when it is none. */
struct pane model_pane(const struct model *model);
const struct chat *model_shown_chat(const struct model *model);

/*
 * Puts a pane onto the screen; false when there is none like that. What its end shows is read then.
 */
bool model_show(struct model *model, struct pane pane);

/*
 * By its number from 1 on, as Alt-1 and so on; so many further on; the one shown before; the next
 * session with unread messages, or else with anything that was not seen.
 */
bool model_show_number(struct model *model, size_t number);
void model_show_next(struct model *model, int steps);
void model_show_before(struct model *model);
bool model_show_unread(struct model *model);

/* The list on the left: there, or folded away. */
void model_fold_list(struct model *model, bool is_folded);

/* What was said or is to be told in a pane, NULL when it is gone. */
const struct transcript *model_transcript(const struct model *model, struct pane pane);
struct transcript *model_change_transcript(struct model *model, struct pane pane);

/*
 * Messages of a chat that is open: the id that transcript_set_delivery wants; 0 when there is no
 * such chat.
 */
uint64_t model_add_mine(struct model *model, uint64_t uid, uint64_t time_s, struct bytes text);
uint64_t model_add_theirs(struct model *model, uint64_t uid, uint64_t time_s, struct bytes text);

/* A local note, where it was asked for; at home when that pane is gone. */
void model_note(struct model *model, struct pane pane, struct bytes text);
void model_alert(struct model *model, struct pane pane, struct bytes text);

/* Unread messages in all chats. */
size_t model_unread(const struct model *model);

/*
 * The draft that keys go to: of the form, the question, or the pane; NULL when keys are no text
 * now.
 */
const struct draft *model_draft(const struct model *model);
struct draft *model_change_draft(struct model *model);

#endif
