/* SPDX-License-Identifier: ISC */
/* The functions behind the tables: what commands, keys and answers do. For the files here only. */

#ifndef CLIENT_CONTROL_ACTS_H
#define CLIENT_CONTROL_ACTS_H

#include <stdint.h>

#include "client-tui/control/commands.h"
#include "client-tui/control/control.h"
#include "client-tui/control/keymap.h"

/* Ways to edit a draft: the numbers of the rows with act_edit. */
enum edit {
	EDIT_LEFT,
	EDIT_RIGHT,
	EDIT_WORD_LEFT,
	EDIT_WORD_RIGHT,
	EDIT_HOME,
	EDIT_END,
	EDIT_BACKSPACE,
	EDIT_DELETE,
	EDIT_TRANSPOSE,
	EDIT_KILL_END,
	EDIT_KILL_START,
	EDIT_KILL_WORD,
	EDIT_KILL_WORD_BACK,
	EDIT_YANK,
	EDIT_UNDO,
	EDIT_REDO,
};

#define COMMAND(name, number, usage, least, most, where, help, more, example, function) \
	command_run function;
#include "client-tui/control/commands.def"
#undef COMMAND

/* act_edit and others stand in several rows; saying it again is fine. */
#define ACTION(name, group, help, function, number) action_run function;
#include "client-tui/control/actions.def"
#undef ACTION

/*
 * An answer to a question; "key" is the key pressed ("y", "Enter", "Esc") where one was asked for,
 * else NULL.
 */
typedef void answer_run(struct control *control, const char *key, const char *text);

#define TOPIC(NAME, function) answer_run function;
#include "client-tui/control/topics.def"
#undef TOPIC

/* The question that stands there was answered by a key; or by Enter behind a line. */
void answer_key(struct control *control, const char *key);
void answer_line(struct control *control);

/* The help's last page, or its first. */
void help_to_end(struct control *control, bool is_last);

/* What became of a registration or a login, for the commands and the form: arg is the question. */
void account_on_registered(void *arg, const struct answer *answer);
void account_on_logged_in(void *arg, const struct answer *answer);

/* The form: opened, and handed in by Enter in its last field. */
void form_show(struct control *control, bool is_new);
void form_hand_in(struct control *control);

/* Esc: what was handed in is stopped; else the form goes. */
void form_escape(struct control *control);

/* Asks for a page of people and shows it; 0: the first. */
void people_load(struct control *control, struct pane pane, uint32_t page);

/* So many pages further; at the ends it is said that it is one. */
void people_turn(struct control *control, struct pane pane, int pages);

/* So many rows further. */
void people_select(struct control *control, int rows);

/* Esc: everybody again, not only those of a filter; else the pane of before. */
void people_escape(struct control *control);

/* Asks who somebody is, by uid or name; what is then done is up to "on_answer". */
void person_find(struct control *control, struct pane pane, const char *word,
    call_on_answer *on_answer);

/* What every answer about somebody changes. NULL: it was a refusal, which has been said. */
const struct msg_find_user_ok *person_take(
    struct question *question, const struct answer *answer);

/* Opens a session with somebody whose uid or name is known ("uid" 0: by name). */
void person_talk(struct control *control, struct pane pane, const char *word);
void person_add(struct control *control, struct pane pane, const char *word);

/* Connected, or on the way to it. */
bool session_is_open(const struct model *model, uint64_t uid);

/* The session is left, and its pane goes. */
void session_close(struct control *control, uint64_t uid);

/* Tab, and what is shown while a command is typed. */
void complete_turn(struct control *control, int steps);
void complete_end(struct control *control);
void hint_update(struct control *control);

#endif
