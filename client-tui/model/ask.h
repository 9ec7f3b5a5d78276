/* SPDX-License-Identifier: ISC */
/*
 * A question that stands in the place of the input line until it is answered: a line ("Page"), a
 * secret ("Password"), or one key ("Delete alice (15) for ever? y deletes · Esc keeps"). A paste of
 * several lines is a question too; its text waits in the draft. Who asks gives a topic, a number of
 * his own, and finds it again when the answer comes.
 */

#ifndef CLIENT_MODEL_ASK_H
#define CLIENT_MODEL_ASK_H

#include <stdbool.h>

#include "client-tui/model/draft.h"

enum ask_kind {
	ASK_NOTHING,
	ASK_LINE,
	ASK_SECRET,
	ASK_KEY,
	ASK_PASTE, /* answered by a key as well */
};

struct ask {
	enum ask_kind kind;
	int topic;
	char question[300];
	char keys[200]; /* what can be pressed: "y deletes it · Esc keeps it" */
	bool is_alert;	/* something is lost for ever */
	struct draft draft;

	struct draft_clip *clip;
};

void ask_init(struct ask *ask, struct draft_clip *clip);
void ask_clear(struct ask *ask);

/* Asks; a question that stood there is dropped. "most" is the longest answer in bytes. */
void ask_line(struct ask *ask, int topic, struct bytes question, size_t most);
void ask_secret(struct ask *ask, int topic, struct bytes question, size_t most);
void ask_key(struct ask *ask, int topic, struct bytes question, struct bytes keys, bool is_alert);

/* STATUS_TOO_LONG (and nothing is asked) when it is longer than a message may be. */
enum status ask_paste(struct ask *ask, int topic, struct bytes pasted);

/* Answered or given up: the question goes, a secret is wiped. */
void ask_finish(struct ask *ask);

/* Whether keys are text for its draft. */
bool ask_takes_text(const struct ask *ask);

#endif
