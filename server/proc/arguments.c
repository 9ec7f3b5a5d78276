/* SPDX-License-Identifier: ISC */
#include "server/proc/arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/log.h"
#include "shared/mem.h"

static void
print_help(const char *program, const char *about)
{
	printf("%s: %s\n\n"
	    "usage: %s [-htV] [-c file] [-o name=value]...\n\n"
	    "  -c file        read this configuration (default: %s)\n"
	    "  -h             print this help\n"
	    "  -o name=value  set an option, over what the file says; may be repeated\n"
	    "  -t             test the configuration, say \"ok\" or what is wrong, and leave\n"
	    "  -V             print the version\n\n"
	    "The options are in tingyu-server.conf(5).\n",
	    program, about, program, SETTINGS_FILE);
}

static void
print_version(const char *program)
{
	printf("%s %s\n", program, PACKAGE_VERSION);
}

static enum arguments_verdict
refuse(const struct arguments *arguments, const char *why)
{
	fprintf(stderr, "%s: %s; %s -h lists what there is\n", arguments->program, why,
	    arguments->program);
	return ARGUMENTS_WRONG;
}

static enum arguments_verdict
parse(int argc, char **argv, const char *about, struct arguments *out)
{
	int letter;

	/* 0 makes getopt(3) start anew, also in tests that come here twice. */
	for (optind = 0, opterr = 0; (letter = getopt(argc, argv, "+:c:ho:tV")) != -1;) {
		if (letter == 'c') {
			out->file = optarg;
			out->file_is_given = true;
		} else if (letter == 'o') {
			out->overrides[out->override_count++] = optarg;
		} else if (letter == 't') {
			out->is_test = true;
		} else if (letter == 'h') {
			print_help(out->program, about);
			return ARGUMENTS_DONE;
		} else if (letter == 'V') {
			print_version(out->program);
			return ARGUMENTS_DONE;
		} else {
			char why[] = "-? is not an option here";
			char lack[] = "-? needs a value behind it";

			why[1] = lack[1] = (char)(optopt > ' ' && optopt < 0x7f ? optopt : '?');
			return refuse(out, letter == ':' ? lack : why);
		}
	}
	return optind == argc ? ARGUMENTS_RUN : refuse(out, "only options are expected");
}

static void
print_mistakes(const struct arguments *arguments, const struct conf_mistakes *mistakes)
{
	size_t kept = conf_mistakes_kept(mistakes);

	for (size_t i = 0; i < kept; i++)
		fprintf(stderr, "%s: %s\n", arguments->program, mistakes->sentences[i]);
	if (mistakes->count > kept)
		fprintf(stderr, "%s: and %zu mistakes more\n", arguments->program,
		    mistakes->count - kept);
}

static enum status
load(const struct arguments *arguments, struct settings *out, struct conf_mistakes *mistakes)
{
	return settings_load(arguments->file, arguments->file_is_given, arguments->overrides,
	    arguments->override_count, out, mistakes);
}

static enum arguments_verdict
load_first(const struct arguments *arguments, struct settings *settings)
{
	struct conf_mistakes mistakes = { 0 };
	enum status status = load(arguments, settings, &mistakes);

	print_mistakes(arguments, &mistakes);
	conf_mistakes_clear(&mistakes);
	if (status != STATUS_OK)
		return ARGUMENTS_WRONG;
	if (!arguments->is_test)
		return ARGUMENTS_RUN;
	puts("ok");
	settings_clear(settings);
	return ARGUMENTS_DONE;
}

enum arguments_verdict
arguments_start(int argc, char **argv, const char *about, struct arguments *out,
    struct settings *settings)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	enum arguments_verdict verdict;

	*out = (struct arguments){
		.program = slash != NULL ? slash + 1 : argc > 0 ? argv[0] : "tingyu",
		.file = SETTINGS_FILE,
		.overrides = mem_new_array((size_t)argc + 1, sizeof(*out->overrides)),
	};
	verdict = parse(argc, argv, about, out);
	if (verdict == ARGUMENTS_RUN)
		verdict = load_first(out, settings);
	if (verdict != ARGUMENTS_RUN)
		arguments_clear(out);
	return verdict;
}

static void
log_notes(const struct conf_mistakes *notes, bool is_error)
{
	size_t kept = conf_mistakes_kept(notes);

	for (size_t i = 0; i < kept; i++) {
		if (is_error)
			log_error("%s", notes->sentences[i]);
		else
			log_warn("%s", notes->sentences[i]);
	}
	if (notes->count > kept)
		log_error("and %zu mistakes more", notes->count - kept);
}

enum status
arguments_reload(const struct arguments *arguments, struct settings *settings)
{
	struct conf_mistakes mistakes = { 0 };
	struct settings fresh;
	enum status status = load(arguments, &fresh, &mistakes);

	if (status == STATUS_OK) {
		settings_keep_fixed(&fresh, settings, &mistakes);
		settings_clear(settings);
		*settings = fresh;
	}
	log_notes(&mistakes, status != STATUS_OK);
	conf_mistakes_clear(&mistakes);
	return status;
}

void
arguments_add_override(struct arguments *arguments, const char *override)
{
	arguments->overrides = mem_resize(arguments->overrides, arguments->override_count + 1,
	    sizeof(*arguments->overrides));
	arguments->overrides[arguments->override_count++] = override;
}

void
arguments_clear(struct arguments *arguments)
{
	free(arguments->overrides);
	*arguments = (struct arguments){ 0 };
}
