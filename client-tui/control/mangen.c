/* SPDX-License-Identifier: ISC */
/*
 * Writes the manual's page of a command out of commands.def, while the client is built: mangen
 * COMMAND. Without an argument it lists the commands.
 */

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
	const char *name, *number, *usage, *help, *more, *example;
};

static const struct row rows[] = {
#define COMMAND(name, number, usage, least, most, where, help, more, example, function) \
	{ name, number, usage, help, more, example },
#include "client-tui/control/commands.def"
#undef COMMAND
};

enum { COUNT = sizeof(rows) / sizeof(rows[0]) };

/* A blank where the line ends: behind a sentence, or when the next word does not fit. */
static bool
breaks_at(const char *text, const char *at, size_t column)
{
	return at > text && (strchr(".:", at[-1]) != NULL || column + strcspn(at + 1, " ") > 75);
}

/*
 * Text of the manual: every sentence begins a line, and no line begins with a control character of
 * roff.
 */
static void
print_sentences(const char *text)
{
	size_t column = 0;

	for (const char *at = text; *at != '\0'; at++) {
		if (at == text && (*at == '.' || *at == '\''))
			fputs("\\&", stdout);
		if (*at == '\\')
			fputs("\\e", stdout);
		else if (*at != ' ' || !breaks_at(text, at, column))
			putchar(*at);
		else
			putchar('\n');
		column = *at == ' ' && breaks_at(text, at, column) ? 0 : column + 1;
	}
	putchar('\n');
}

/* The name's line has no full stop, and begins with a small letter. */
static void
print_description(const char *help)
{
	printf(".Nd %c%.*s\n", tolower((unsigned char)help[0]), (int)strlen(help) - 2, help + 1);
}

/* "[PAGE]" and "UID|NAME" as mdoc has them. */
static void
print_usage(const char *usage)
{
	bool is_optional = usage[0] == '[';
	const char *at = usage + is_optional;

	if (usage[0] == '\0')
		return;
	fputs(is_optional ? ".Op" : "", stdout);
	for (bool is_first = !is_optional; *at != '\0' && *at != ']'; is_first = false) {
		size_t len = strcspn(at, "|]");

		fputs(is_first ? ".Ar " : " Ar ", stdout);
		for (size_t i = 0; i < len; i++)
			putchar(tolower((unsigned char)at[i]));
		at += len;
		if (*at == '|') {
			fputs(" |", stdout);
			at++;
		}
	}
	putchar('\n');
}

static void
print_title(const char *name)
{
	for (const char *at = name; *at != '\0'; at++)
		putchar(toupper((unsigned char)*at));
}

static void
print_page(const struct row *row)
{
	puts(".\\\" SPDX-License-Identifier: ISC\n.\\\" Made of client-tui/control/commands.def by "
	     "mangen.\n"
	     ".Dd November 22, 2026");
	fputs(".Dt TINGYU-", stdout);
	print_title(row->name);
	printf(" 1\n.Os\n.Sh NAME\n.Nm tingyu-%s\n", row->name);
	print_description(row->help);
	printf(".Sh SYNOPSIS\n.Ic /%s\n", row->name);
	print_usage(row->usage);
	printf(".Sh DESCRIPTION\nA command inside of\n.Xr tingyu 1 .\n");
	print_sentences(row->help);
	print_sentences(row->more);
	if (row->number[0] != '\0')
		printf(".Pp\nIn home and directory the number\n.Li %s\ndoes the same.\n",
		    row->number);
	printf(".Sh EXAMPLES\n.Dl %s\n.Sh SEE ALSO\n.Xr tingyu 1\n", row->example);
}

int
main(int argc, char **argv)
{
	for (size_t i = 0; i < COUNT; i++) {
		if (argc == 1) {
			puts(rows[i].name);
		} else if (strcmp(rows[i].name, argv[1]) == 0) {
			print_page(&rows[i]);
			return EXIT_SUCCESS;
		}
	}
	return argc == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
