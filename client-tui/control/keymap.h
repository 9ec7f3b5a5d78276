/* SPDX-License-Identifier: ISC */
/*
 * Which key means what. The keys that come with tingyu are written as a person would write others
 * into tingyu.conf: "C-a line-start". A key may mean one thing everywhere, and another in the
 * directory or the form.
 */

#ifndef CLIENT_CONTROL_KEYMAP_H
#define CLIENT_CONTROL_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "shared/bytes.h"

enum { KEYMAP_KEY_ROOM = 24 };

struct control;
struct keymap;

typedef void action_run(struct control *control, int number);

/* A row of actions.def. */
struct action {
	const char *name;
	const char *group;
	const char *help;
	action_run *run;
	int number; /* what is given to "run" */
};

/* All rows. */
const struct action *action_table(size_t *count);

/* NULL when there is none. */
const struct action *action_find(struct bytes name);

/* The keys that come with tingyu. */
struct keymap *keymap_new(void);
void keymap_free(struct keymap *keymap);

/*
 * "KEY ACTION", both by name; "KEY none" takes the key's meaning away. NULL when that was good,
 * else what it has to be: "has to be …". What a key's name is, the owner of the keyboard has to
 * judge.
 */
const char *keymap_check(const char *line);
const char *keymap_bind(struct keymap *keymap, const char *line);

/* What a key means; NULL: nothing. */
const struct action *keymap_find(const struct keymap *keymap, const char *key);

/* The first key for an action, or NULL. */
const char *keymap_key_of(const struct keymap *keymap, const struct action *action);

#endif
