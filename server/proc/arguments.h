/* SPDX-License-Identifier: ISC */
/*
 * The command line that all server programs share:
 *
 *	program [-htV] [-c file] [-o name=value]...
 */

#ifndef SERVER_PROC_ARGUMENTS_H
#define SERVER_PROC_ARGUMENTS_H

#include "server/proc/settings.h"

/* Borrows from argv. */
struct arguments {
	const char *program;		/* last part of argv[0] */
	const char *file;		/* -c, or SETTINGS_FILE */
	bool file_is_given;
	bool is_test;			/* -t */
	const char **overrides;		/* -o */
	size_t override_count;
};

enum arguments_verdict {
	ARGUMENTS_RUN,		/* go on; *out and *settings are set, clear both */
	ARGUMENTS_DONE,		/* -h, -V or a good -t: it was printed; leave with exit status 0 */
	ARGUMENTS_WRONG,	/* it was said on standard error why; leave with exit status 2 */
};

/*
 * Reads the command line and loads the settings; "about" is one line of help: what the program is.
 * -t says "ok" on standard output, or every mistake on standard error.
 */
enum arguments_verdict arguments_start(int argc, char **argv, const char *about,
    struct arguments *out, struct settings *settings);

/*
 * Loads again, with the same file and overrides (HUP). Mistakes go to the log and the status is
 * STATUS_BAD_CONFIG: then *settings is as it was. Options that only count at start keep their
 * value, with a warning if the file now has another.
 */
enum status arguments_reload(const struct arguments *arguments, struct settings *settings);

/* One more "name=value", as if it had come last on the command line; borrowed. */
void arguments_add_override(struct arguments *arguments, const char *override);

void arguments_clear(struct arguments *arguments);

#endif
