/* SPDX-License-Identifier: ISC */
#include "client-tui/model/ask.h"

#include <stdio.h>

#include "client-tui/model/text.h"

void
ask_init(struct ask *ask, struct draft_clip *clip)
{
	*ask = (struct ask){ .kind = ASK_NOTHING, .clip = clip };
	draft_init(&ask->draft, clip, 0, DRAFT_LINE);
}

void
ask_clear(struct ask *ask)
{
	draft_clear(&ask->draft);
}

static void
begin(struct ask *ask, enum ask_kind kind, int topic, struct bytes question)
{
	ask->kind = kind;
	ask->topic = topic;
	ask->is_alert = false;
	ask->keys[0] = '\0';
	text_clean_line(question, ask->question, sizeof(ask->question));
}

static void
begin_draft(struct ask *ask, size_t most, enum draft_kind kind)
{
	draft_clear(&ask->draft);
	draft_init(&ask->draft, ask->clip, most, kind);
}

void
ask_line(struct ask *ask, int topic, struct bytes question, size_t most)
{
	begin(ask, ASK_LINE, topic, question);
	begin_draft(ask, most, DRAFT_LINE);
}

void
ask_secret(struct ask *ask, int topic, struct bytes question, size_t most)
{
	begin(ask, ASK_SECRET, topic, question);
	begin_draft(ask, most, DRAFT_SECRET);
}

void
ask_key(struct ask *ask, int topic, struct bytes question, struct bytes keys, bool is_alert)
{
	begin(ask, ASK_KEY, topic, question);
	begin_draft(ask, 0, DRAFT_LINE);
	text_clean_line(keys, ask->keys, sizeof(ask->keys));
	ask->is_alert = is_alert;
}

static bool
is_line_end(char byte)
{
	return byte == '\n' || byte == '\r';
}

enum status
ask_paste(struct ask *ask, int topic, struct bytes pasted)
{
	char question[64];
	struct draft draft;
	enum status status;
	size_t lines;

	/* Line breaks at its end are how terminals copy lines, and no part of a message. */
	while (pasted.len > 0 && is_line_end(((const char *)pasted.data)[pasted.len - 1]))
		pasted.len--;
	draft_init(&draft, ask->clip, TEXT_MESSAGE_MAX, DRAFT_TEXT);
	status = draft_paste(&draft, pasted);
	if (status != STATUS_OK) {
		draft_clear(&draft);
		return status;
	}
	lines = draft_line_count(&draft);
	snprintf(question, sizeof(question), "%zu line%s pasted.", lines, lines == 1 ? "" : "s");
	begin(ask, ASK_PASTE, topic, bytes_of_string(question));
	text_clean_line(bytes_of_string("Enter sends it as one message · e edits · Esc drops it"),
	    ask->keys, sizeof(ask->keys));
	draft_clear(&ask->draft);
	ask->draft = draft;
	return STATUS_OK;
}

void
ask_finish(struct ask *ask)
{
	begin(ask, ASK_NOTHING, 0, bytes_of(NULL, 0));
	begin_draft(ask, 0, DRAFT_LINE);
}

bool
ask_takes_text(const struct ask *ask)
{
	return ask->kind == ASK_LINE || ask->kind == ASK_SECRET;
}
