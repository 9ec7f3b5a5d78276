/* SPDX-License-Identifier: ISC */
#include "client-tui/model/form.h"

#include "client-tui/model/text.h"

enum { PASSWORD_MOST = 1024 };

void
form_init(struct form *form, struct draft_clip *clip)
{
	*form = (struct form){ .field = FORM_SERVER };
	draft_init(&form->drafts[FORM_SERVER], clip, 255, DRAFT_LINE);
	draft_init(&form->drafts[FORM_NAME], clip, 64, DRAFT_LINE);
	draft_init(&form->drafts[FORM_PASSWORD], clip, PASSWORD_MOST, DRAFT_SECRET);
	draft_init(&form->first, clip, PASSWORD_MOST, DRAFT_SECRET);
}

void
form_clear(struct form *form)
{
	for (size_t i = 0; i < FORM_CHOICE; i++)
		draft_clear(&form->drafts[i]);
	draft_clear(&form->first);
}

static void
forget_passwords(struct form *form)
{
	draft_reset(&form->drafts[FORM_PASSWORD]);
	draft_reset(&form->first);
}

static void
fill(struct draft *draft, struct bytes text)
{
	draft_reset(draft);
	draft_paste(draft, text);
}

/* The first field that has nothing in it yet. */
static enum form_field
first_empty(const struct form *form)
{
	for (size_t i = 0; i < FORM_CHOICE; i++)
		if (draft_is_empty(&form->drafts[i]))
			return (enum form_field)i;
	return FORM_CHOICE;
}

static void
say(struct form *form, struct bytes sentence, bool is_wrong)
{
	text_clean_line(sentence, form->say, sizeof(form->say));
	form->is_wrong = is_wrong;
}

void
form_open(struct form *form, struct bytes server, struct bytes hint, struct bytes name, bool is_new)
{
	fill(&form->drafts[FORM_SERVER], server);
	fill(&form->drafts[FORM_NAME], name);
	forget_passwords(form);
	text_clean_line(hint, form->hint, sizeof(form->hint));
	say(form, bytes_of(NULL, 0), false);
	form->is_open = true;
	form->is_busy = false;
	form->is_new = is_new;
	form->field = first_empty(form);
}

void
form_close(struct form *form)
{
	forget_passwords(form);
	form->is_open = false;
	form->is_busy = false;
}

static void
go(struct form *form, int steps)
{
	if (!form->is_busy)
		form->field = (enum form_field)(((int)form->field + FORM_FIELDS +
		    steps) % FORM_FIELDS);
}

void
form_next(struct form *form)
{
	go(form, 1);
}

void
form_previous(struct form *form)
{
	go(form, -1);
}

void
form_choose(struct form *form, bool is_new)
{
	if (form->is_busy)
		return;
	form->is_new = is_new;
	if (is_new || draft_is_empty(&form->first))
		return;
	if (draft_is_empty(&form->drafts[FORM_PASSWORD]))
		fill(&form->drafts[FORM_PASSWORD], draft_bytes(&form->first));
	draft_reset(&form->first);
	say(form, bytes_of(NULL, 0), false);
}

void
form_ask_again(struct form *form, struct bytes sentence)
{
	fill(&form->first, draft_bytes(&form->drafts[FORM_PASSWORD]));
	draft_reset(&form->drafts[FORM_PASSWORD]);
	form->field = FORM_PASSWORD;
	say(form, sentence, false);
}

bool
form_is_again(const struct form *form)
{
	return form->is_new && !draft_is_empty(&form->first);
}

bool
form_is_same(struct form *form)
{
	if (bytes_equal(draft_bytes(&form->first), draft_bytes(&form->drafts[FORM_PASSWORD])))
		return true;
	forget_passwords(form);
	return false;
}

struct draft *
form_draft(struct form *form)
{
	return form->is_busy || form->field == FORM_CHOICE ? NULL : &form->drafts[form->field];
}

struct bytes
form_text(const struct form *form, enum form_field field)
{
	return draft_bytes(&form->drafts[field]);
}

void
form_submit(struct form *form, struct bytes sentence)
{
	form->is_busy = true;
	say(form, sentence, false);
}

void
form_hush(struct form *form)
{
	if (form->is_wrong)
		say(form, bytes_of(NULL, 0), false);
}

void
form_refuse(struct form *form, enum form_field field, struct bytes why)
{
	form->is_busy = false;
	form->field = field;
	if (field == FORM_PASSWORD)
		forget_passwords(form);
	say(form, why, true);
}
