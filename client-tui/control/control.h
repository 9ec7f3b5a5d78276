/* SPDX-License-Identifier: ISC */
/*
 * What a person does becomes changes of the model and orders to the outbox. It knows neither
 * terminal nor sockets: keys come by their names, text as text, and the owner looks afterwards at
 * what is wanted of him.
 */

#ifndef CLIENT_CONTROL_CONTROL_H
#define CLIENT_CONTROL_CONTROL_H

#include <stdbool.h>
#include <sys/queue.h>

#include "client-tui/control/commands.h"
#include "client-tui/control/keymap.h"
#include "client-tui/control/outbox.h"
#include "client-tui/model/model.h"
#include "shared/compiler.h"

enum {
	CONTROL_PASTE_LINES = 3,      /* a paste of more lines asks first */
	CONTROL_QUIT_AGAIN_S = 2,     /* Ctrl-C twice in this time asks to quit */
};

/* What a question (model/ask.h) is about; also of the paste that ask_paste() puts up. */
enum topic {
	TOPIC_NONE,
#define TOPIC(NAME, function) TOPIC_##NAME,
#include "client-tui/control/topics.def"
#undef TOPIC
};

/* An account that somebody is about to make, use or delete, while the password is asked for. */
struct wish {
	struct pane pane; /* where it began */
	uint64_t uid;	  /* 0: by name */
	char name[COMMAND_WORD_ROOM];
	char *password; /* NULL, or on the heap and to be wiped */
};

/* Something asked of a server; it waits for its answer. */
struct question {
	LIST_ENTRY(question) entry;
	struct control *control;
	struct pane pane; /* where it was asked, so that it is answered there */
	uint64_t uid;
	char name[COMMAND_WORD_ROOM];
};

LIST_HEAD(question_queue, question);

/* Where Tab is in the candidates of a completion. */
struct completion {
	bool is_on;
	size_t next;	/* candidate */
	char *start;	/* the line as it was typed */
};

struct past;

struct control {
	struct model *model;	     /* these two outlive it */
	const struct outbox *outbox;
	struct keymap *keymap;
	int columns, rows; /* of the screen, for scrolling; 80x24 until told */
	bool wants_quit;
	bool wants_redraw; /* everything, also what the terminal is believed to show */
	bool wants_stop;   /* Ctrl-Z: back to the shell for a while */

	struct wish wish;
	struct completion completion;
	char suggestion[32]; /* the command that was probably meant */
	uint64_t interrupt_s; /* when Ctrl-C was pressed last */
	struct question_queue questions;
	struct past *past; /* what was said is kept; NULL: it is not */
};

struct control *control_new(struct model *model, const struct outbox *outbox);

/* Questions under way are forgotten: nobody may answer them any more. NULL is fine. */
void control_free(struct control *control);

/* The size of the screen. */
void control_resize(struct control *control, int columns, int rows);

/* Whether an answer is awaited. */
bool control_is_busy(const struct control *control);

/* The server was changed: whatever was asked of the one before will not be answered. */
void control_forget_questions(struct control *control);

/*
 * Text from the keyboard; the name of a key ("C-a", "M-1", "Enter"); a paste, which is text
 * whatever it says.
 */
void control_type(struct control *control, struct bytes text);
void control_key(struct control *control, const char *name);
void control_paste(struct control *control, struct bytes text);

/* As if the line was typed at the cursor, and Enter pressed. For the client without a screen. */
void control_line(struct control *control, struct bytes line);

/* --- for the files of control/ ------------------------------------------------------------- */

/* A sentence, where it was asked for. */
void control_note(struct control *control, struct pane pane, const char *format, ...)
    PRINTF_LIKE(3, 4);
void control_alert(struct control *control, struct pane pane, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Enter: what stands in the draft is a command, or text for the session. */
void control_submit(struct control *control);

/* A text into the session that is shown; false when it stays in the draft. */
bool control_say(struct control *control, struct bytes text);

/* To be given to the outbox as "who"; question_drop() when it was refused, or answered. */
struct question *question_new(struct control *control, struct pane pane, uint64_t uid,
    const char *name);
void question_drop(struct question *question);

/* The sentence of an answer or status, into the pane where it was asked. */
void question_refuse(struct question *question, const struct answer *answer);
void control_refuse(struct control *control, struct pane pane, enum status status);

/* The sentence for what the outbox said to a request. */
const char *control_refusal(const struct control *control, enum status status);

void wish_clear(struct wish *wish);

#endif
