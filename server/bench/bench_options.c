/* SPDX-License-Identifier: ISC */
#include "server/bench/bench_options.h"

#include <getopt.h>
#include <stddef.h>
#include <string.h>

#include "shared/compiler.h"
#include "shared/str.h"

enum option_kind { OPTION_NUMBER, OPTION_TEXT, OPTION_FLAG };

struct option_row {
	enum option_kind kind;
	const char *name;
	char letter;
	size_t offset;		/* of its field in struct bench_options */
	uint32_t min, max, standard;
	const char *argument;
	const char *help;
};

static const struct option_row rows[] = {
#define FIELD_AT(field) offsetof(struct bench_options, field)
#define NUMBER(field, name, letter, min, max, standard, argument, help) \
	{ OPTION_NUMBER, name, letter, FIELD_AT(field), min, max, standard, argument, help },
#define TEXT(field, name, letter, argument, help) \
	{ OPTION_TEXT, name, letter, FIELD_AT(field), 0, 0, 0, argument, help },
#define FLAG(field, name, letter, help) \
	{ OPTION_FLAG, name, letter, FIELD_AT(field), 0, 0, 0, "", help },
#include "server/bench/bench_options.def"
#undef NUMBER
#undef TEXT
#undef FLAG
};

static const struct {
	const char *name;
	bool repeated;
	const char *help;
} phases[] = {
#define PHASE(NAME, name, repeated, help) { #name, repeated, help },
#include "server/bench/phases.def"
#undef PHASE
};

const char *
phase_name(enum phase phase)
{
	return phases[phase].name;
}

bool
phase_is_repeated(enum phase phase)
{
	return phases[phase].repeated;
}

static void *
field_of(struct bench_options *options, const struct option_row *row)
{
	return (char *)options + row->offset;
}

static void
set_defaults(struct bench_options *options)
{
	*options = (struct bench_options){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].kind == OPTION_NUMBER)
			*(uint32_t *)field_of(options, &rows[i]) = rows[i].standard;
}

/* The tables of getopt_long(3); "val" is the row's number plus 256, so that it is no letter. */
static void
make_getopt_tables(struct option *longs, char *letters)
{
	*letters++ = ':';
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool has_argument = rows[i].kind != OPTION_FLAG;

		longs[i] = (struct option){ rows[i].name,
			has_argument ? required_argument : no_argument, NULL, 256 + (int)i };
		if (rows[i].letter == 0)
			continue;
		*letters++ = rows[i].letter;
		if (has_argument)
			*letters++ = ':';
	}
	longs[ARRAY_LEN(rows)] = (struct option){ 0 };
	*letters = '\0';
}

static const struct option_row *
row_of(int code)
{
	if (code >= 256)
		return &rows[code - 256];
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].letter == code)
			return &rows[i];
	return NULL;
}

static bool
set_option(struct bench_options *options, const struct option_row *row, const char *text,
    char *error, size_t room)
{
	uint64_t number;

	if (row->kind == OPTION_FLAG) {
		*(bool *)field_of(options, row) = true;
	} else if (row->kind == OPTION_TEXT) {
		*(const char **)field_of(options, row) = text;
	} else if (str_to_number(bytes_of_string(text), row->max, &number) && number >= row->min) {
		*(uint32_t *)field_of(options, row) = (uint32_t)number;
	} else {
		snprintf(error, room, "--%s takes a number from %u to %u", row->name, row->min,
		    row->max);
		return false;
	}
	return true;
}

static bool
want_phase(struct bench_options *options, const char *name, size_t len)
{
	for (size_t i = 0; i < PHASE_COUNT; i++) {
		if (strlen(phases[i].name) == len && memcmp(phases[i].name, name, len) == 0) {
			options->phase_wanted[i] = true;
			return true;
		}
	}
	return false;
}

static bool
choose_phases(struct bench_options *options, char *error, size_t room)
{
	const char *list = options->phases;

	for (size_t i = 0; i < PHASE_COUNT && list == NULL; i++)
		options->phase_wanted[i] = true;
	while (list != NULL) {
		size_t len = strcspn(list, ",");

		if (!want_phase(options, list, len)) {
			snprintf(error, room, "--phases: there is no phase \"%.*s\"", (int)len,
			    list);
			return false;
		}
		list = list[len] == ',' ? list + len + 1 : NULL;
	}
	if (options->survive_s == 0)
		options->phase_wanted[PHASE_SURVIVE] = false;
	return true;
}

static bool
parse_options(int argc, char **argv, struct bench_options *options, char *error, size_t room)
{
	struct option longs[ARRAY_LEN(rows) + 1];
	char letters[2 * ARRAY_LEN(rows) + 2];
	int code;

	make_getopt_tables(longs, letters);
	optind = 0;
	while ((code = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const struct option_row *row = row_of(code);

		if (row == NULL) {
			snprintf(error, room, code == ':' ? "%s needs an argument" :
			    "%s is not an option", argv[optind - 1]);
			return false;
		}
		if (!set_option(options, row, optarg, error, room))
			return false;
	}
	return true;
}

bool
bench_options_parse(int argc, char **argv, struct bench_options *out, char *error, size_t room)
{
	set_defaults(out);
	if (!parse_options(argc, argv, out, error, room))
		return false;
	if (out->help || out->version)
		return true;
	if (optind != argc - 1) {
		snprintf(error, room, "one invite line (tingyu://...) has to be given");
		return false;
	}
	out->invite = argv[optind];
	return choose_phases(out, error, room);
}

static void
print_row(FILE *out, const struct option_row *row)
{
	char left[64], letter[8] = "   ";

	if (row->letter != 0)
		snprintf(letter, sizeof(letter), "-%c,", row->letter);
	snprintf(left, sizeof(left), "%s --%s %s", letter, row->name, row->argument);
	fprintf(out, "  %-26s %s", left, row->help);
	if (row->kind == OPTION_NUMBER)
		fprintf(out, " (%u)", row->standard);
	fputc('\n', out);
}

void
bench_options_print_help(FILE *out)
{
	fputs("usage: tingyu-bench [options] tingyu://HOST:PORT/?pin=...\n\n"
	      "Brings many real clients online through the route server and measures what\n"
	      "they see, and what it costs.\n\n", out);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		print_row(out, &rows[i]);
	fputs("\nPhases:\n", out);
	for (size_t i = 0; i < PHASE_COUNT; i++)
		fprintf(out, "  %-26s %s\n", phases[i].name, phases[i].help);
	fputs("\nExit status: 0 when nothing was lost, 1 when something was, 2 when it could not\n"
	      "run at all.\n", out);
}
