/* SPDX-License-Identifier: ISC */
#include "client-tui/control/commands.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "client-tui/control/acts.h"
#include "client-tui/control/control.h"
#include "shared/compiler.h"
#include "shared/mem.h"
#include "shared/str.h"

static const struct command commands[] = {
#define ANYWHERE COMMAND_ANYWHERE
#define SESSION COMMAND_SESSION
#define COMMAND(name, number, usage, least, most, where, help, more, example, function) \
	{ name, number, usage, least, most, where, help, more, example, function },
#include "client-tui/control/commands.def"
#undef COMMAND
#undef ANYWHERE
#undef SESSION
};

const struct command *
command_table(size_t *count)
{
	*count = ARRAY_LEN(commands);
	return commands;
}

static bool
begins_with(const char *name, struct bytes start)
{
	return start.len <= strlen(name) && strncasecmp(name, start.data, start.len) == 0;
}

const struct command *
command_find(struct bytes word)
{
	const struct command *found = NULL;

	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (word.len == 0 || !begins_with(commands[i].name, word))
			continue;
		if (strlen(commands[i].name) == word.len)
			return &commands[i];
		/* A start that two have is nobody's. */
		if (found != NULL)
			return NULL;
		found = &commands[i];
	}
	return found;
}

const struct command *
command_find_number(struct bytes word)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (word.len > 0 && bytes_equal(word, bytes_of_string(commands[i].number)))
			return &commands[i];
	return NULL;
}

bool
command_is_start(struct bytes word)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (word.len > 0 && begins_with(commands[i].name, word))
			return true;
	return false;
}

void
command_print_starts(struct bytes word, char *out, size_t room)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(commands) && len < room; i++)
		if (begins_with(commands[i].name, word))
			len += (size_t)snprintf(out + len, room - len, "%s/%s", len > 0 ? ", " : "",
			    commands[i].name);
}

/* --- the nearest name --------------------------------------------------------------------- */

enum { GUESS_ROOM = 32 };

static size_t
smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Letters to change, add or take away to make one word of the other (Levenshtein). */
static size_t
distance(const char *name, struct bytes word)
{
	const char *typed = word.data;
	size_t row[GUESS_ROOM + 1];

	for (size_t i = 0; i <= word.len; i++)
		row[i] = i;
	for (size_t line = 1; line <= strlen(name); line++) {
		size_t before = row[0];

		row[0] = line;
		for (size_t i = 1; i <= word.len; i++) {
			size_t change = before + (name[line - 1] != (typed[i - 1] | ' '));

			before = row[i];
			row[i] = smallest(change, row[i] + 1, row[i - 1] + 1);
		}
	}
	return row[word.len];
}

const struct command *
command_guess(struct bytes word)
{
	const struct command *nearest = NULL;
	size_t least = 3; /* two slips are forgiven */

	if (word.len == 0 || word.len > GUESS_ROOM)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		size_t far = begins_with(commands[i].name, word) ? 1
								 : distance(commands[i].name, word);

		/* Everything is near to a word of two letters. */
		if (far < least && far < word.len) {
			least = far;
			nearest = &commands[i];
		}
	}
	return nearest;
}

/* --- what a line means -------------------------------------------------------------------- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct bytes
trim(struct bytes text)
{
	const char *start = text.data;
	size_t len = text.len;

	while (len > 0 && is_blank(*start)) {
		start++;
		len--;
	}
	while (len > 0 && is_blank(start[len - 1]))
		len--;
	return bytes_of(start, len);
}

/* The first word of "rest", which goes on behind it. */
static struct bytes
next_word(struct bytes *rest)
{
	struct bytes text = trim(*rest);
	const char *start = text.data;
	size_t len = 0;

	while (len < text.len && !is_blank(start[len]))
		len++;
	*rest = bytes_from(text, len);
	return bytes_of(start, len);
}

static void
split(struct order *order, struct bytes text)
{
	struct bytes word = next_word(&text), rest = trim(text);

	if (rest.len < sizeof(order->rest))
		memcpy(order->rest, rest.data, rest.len);
	for (order->count = 0; word.len > 0 && order->count < COMMAND_WORDS_MAX;
	     word = next_word(&text)) {
		/* Longer than any name or uid: it stays a word nobody has. */
		size_t len = word.len < COMMAND_WORD_ROOM ? word.len : COMMAND_WORD_ROOM - 1;

		memcpy(order->words[order->count], word.data, len);
		order->words[order->count++][len] = '\0';
	}
}

static void
take_command(struct line *line, struct bytes text, const struct command *command)
{
	struct order *order = &line->order;

	split(order, text);
	line->kind = LINE_COMMAND;
	order->command = command != NULL ? command : command_find(bytes_of_string(order->words[0]));
	order->is_secret = order->command != NULL && order->count - 1 > order->command->most;
}

static const struct command *
bare_command(struct pane pane, struct bytes text)
{
	struct bytes word = next_word(&text);

	if (pane.kind != PANE_CHAT)
		return command_find_number(word);
	return bytes_equal(word, bytes_of_string("quit")) && trim(text).len == 0
	    ? command_find(bytes_of_string("close"))
	    : NULL;
}

void
line_parse(struct pane pane, struct bytes text, struct line *out)
{
	struct bytes trimmed = trim(text);
	const char *start = text.data; /* a slash behind blanks begins no command */
	const struct command *bare;

	memset(out, 0, sizeof(*out));
	out->order.pane = pane;
	out->kind = trimmed.len == 0 ? LINE_EMPTY : LINE_TEXT;
	out->text = text;
	if (trimmed.len == 0 || memchr(text.data, '\n', text.len) != NULL)
		return;
	bare = bare_command(pane, trimmed);
	if (bare != NULL)
		take_command(out, trimmed, bare);
	else if (*start == '/' && trimmed.len > 1 && start[1] == '/')
		out->text = bytes_from(text, 1);
	else if (*start == '/')
		take_command(out, bytes_from(trimmed, 1), NULL);
}

/* --- running it --------------------------------------------------------------------------- */

void
command_print_usage(const struct command *command, char *out, size_t room)
{
	snprintf(out, room, "usage: /%s%s%s", command->name, command->usage[0] != '\0' ? " " : "",
	    command->usage);
}

static bool
asks_for_password(const struct command *command)
{
	return command->run == command_login || command->run == command_register ||
	    command->run == command_delete;
}

/* False, and it has been said why, when it cannot run. */
static bool
may_run(const struct order *order)
{
	const struct command *command = order->command;
	char usage[COMMAND_WORD_ROOM];

	if (command->where == COMMAND_SESSION && order->pane.kind != PANE_CHAT) {
		control_alert(order->control, order->pane,
		    "That acts on a session, and none is shown here. Alt-3 and so on show one, "
		    "/talk opens one.");
		return false;
	}
	if (order->count - 1 >= command->least && order->count - 1 <= command->most)
		return true;
	command_print_usage(command, usage, sizeof(usage));
	control_alert(order->control, order->pane, "%s · %s", usage,
	    order->is_secret && asks_for_password(command)
		? "The password is asked for then, unseen. What was typed is forgotten."
		: command->help);
	return false;
}

bool
command_obey(struct order *order)
{
	if (order->command == NULL)
		return false;
	if (may_run(order))
		order->command->run(order);
	return true;
}

bool
command_uid(const char *word, uint64_t *uid)
{
	return str_to_number(bytes_of_string(word), UINT64_MAX, uid) && *uid > 0;
}
