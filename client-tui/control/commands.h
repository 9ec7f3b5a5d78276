/* SPDX-License-Identifier: ISC */
/*
 * Commands: a slash and a word, or in home and directory the number that the founding client had
 * for it. What a line means is decided here, without doing any of it; the functions that do it are
 * named in commands.def.
 */

#ifndef CLIENT_CONTROL_COMMANDS_H
#define CLIENT_CONTROL_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "client-tui/model/panes.h"
#include "shared/bytes.h"

enum {
	COMMAND_WORDS_MAX = 4, /* the command's own included */
	COMMAND_WORD_ROOM = 160,
	COMMAND_REST_ROOM = 1024,
};

struct control;

enum command_where {
	COMMAND_ANYWHERE,
	COMMAND_SESSION,
};

/* A command as it was typed. */
struct order {
	struct control *control;
	struct pane pane;	       /* where; its answer goes there */
	const struct command *command; /* NULL: nobody knows it */
	/* words[0] is the command's, without slash */
	char words[COMMAND_WORDS_MAX][COMMAND_WORD_ROOM];
	char rest[COMMAND_REST_ROOM]; /* all that stands behind that word */
	size_t count;		       /* at most COMMAND_WORDS_MAX are kept */
	bool is_secret;		       /* it looks as if a password was in it */
};

typedef void command_run(struct order *order);

/* A row of commands.def. */
struct command {
	const char *name;
	const char *number; /* "" when it has none */
	const char *usage;
	size_t least, most; /* arguments */
	enum command_where where;
	const char *help, *more, *example;
	command_run *run;
};

const struct command *command_table(size_t *count);

/* By name, or by the start of a name that only one has; NULL. */
const struct command *command_find(struct bytes word);
const struct command *command_find_number(struct bytes word);

/* Whether any name begins so; and those that do: "/redraw, /reconnect". */
bool command_is_start(struct bytes word);
void command_print_starts(struct bytes word, char *out, size_t room);

/* The command that was probably meant, or NULL. */
const struct command *command_guess(struct bytes word);

enum line_kind {
	LINE_EMPTY,
	LINE_TEXT,    /* "text" is what is to be sent */
	LINE_COMMAND, /* "order" */
};

struct line {
	enum line_kind kind;
	struct bytes text;
	struct order order;
};

/*
 * What a line means in a pane: text of several lines is text whatever it begins with, two slashes
 * begin text with one; in a session the bare word "quit" leaves it, in the other panes bare numbers
 * are commands.
 */
void line_parse(struct pane pane, struct bytes text, struct line *out);

/* "usage: /talk UID|NAME" */
void command_print_usage(const struct command *command, char *out, size_t room);

/* Runs it, or says why not. False: nobody knows this command, and nothing happened. */
bool command_obey(struct order *order);

/* A uid: digits, not 0. */
bool command_uid(const char *word, uint64_t *uid);

#endif
