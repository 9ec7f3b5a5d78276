/* SPDX-License-Identifier: ISC */
/*
 * The form of the first run: server, name, password (unseen; of a new account it is asked for
 * twice), and whether one is new here.
 */

#ifndef CLIENT_MODEL_FORM_H
#define CLIENT_MODEL_FORM_H

#include <stdbool.h>

#include "client-tui/model/draft.h"

enum form_field {
	FORM_SERVER,
	FORM_NAME,
	FORM_PASSWORD,
	FORM_CHOICE,
	FORM_FIELDS,
};

struct form {
	bool is_open;
	struct draft drafts[FORM_CHOICE]; /* server, name, password */
	struct draft first;		  /* the password as it was typed first */
	enum form_field field;		  /* the one being filled in */
	bool is_new;			  /* an account is to be made */
	bool is_busy;			  /* handed in; the answer is awaited */
	char hint[100];			  /* behind the server: "found on this machine" */
	/* a sentence at its foot: what is wrong, or what is going on */
	char say[300];
	bool is_wrong;			  /* the sentence is a refusal */
};

void form_init(struct form *form, struct draft_clip *clip);
void form_clear(struct form *form);

/*
 * Shows it, filled in with the server and the name last used (each may be empty); the password is
 * always empty.
 */
void form_open(struct form *form, struct bytes server, struct bytes hint, struct bytes name,
    bool is_new);

/* Takes it away; the password is wiped. */
void form_close(struct form *form);

void form_next(struct form *form);
void form_previous(struct form *form);

/* Who was asked for the password again and is no newcomer after all has typed it already. */
void form_choose(struct form *form, bool is_new);

/* The password of the new account is to be typed once more: its field is empty again. */
void form_ask_again(struct form *form, struct bytes say);
bool form_is_again(const struct form *form);

/* False: the two differ, and both are forgotten. */
bool form_is_same(struct form *form);

/* The draft that keys go to; NULL on the choice. */
struct draft *form_draft(struct form *form);

/* The text of a field, borrowed until it changes. */
struct bytes form_text(const struct form *form, enum form_field field);

/*
 * Handed in: nothing can be changed until form_refuse, with a sentence about what is going on
 * ("Signing in…").
 */
void form_submit(struct form *form, struct bytes say);

/* Somebody goes on writing: the sentence about what was wrong has been read. */
void form_hush(struct form *form);

/* What is wrong, and the field where; the passwords are wiped when that is the field. */
void form_refuse(struct form *form, enum form_field field, struct bytes why);

#endif
