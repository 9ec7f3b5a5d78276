/* SPDX-License-Identifier: ISC */
/* tingyu(1): what is asked of it on the command line and in tingyu.conf(5), then the client. */

#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client-tui/app.h"
#include "client-tui/keep.h"
#include "client-tui/lines.h"
#include "client-tui/screen.h"
#include "client-tui/term/keys.h"
#include "shared/compiler.h"
#include "shared/conf.h"
#include "shared/log.h"
#include "shared/mem.h"
#include "shared/str.h"

/* What tingyu.conf says. */
struct settings {
	char *server;
	bool is_ascii;
	bool keeps_history;
	struct conf_list binds;
};

/* What the command line says. */
struct wishes {
	const char *config; /* NULL: the usual place, if there is one */
	const char *server; /* NULL: nothing said */
	bool is_headless;
	bool is_ascii;
};

/* --- tingyu.conf -------------------------------------------------------------------------- */

static const char *
check_bind(const char *value)
{
	struct key_event key;
	char *name = mem_string_of(bytes_of(value, strcspn(value, " \t")));
	bool is_key = key_parse(name, &key);

	free(name);
	return is_key ? keymap_check(value)
		      : "has to begin with the name of a key: C-a, M-Enter, F1";
}

static const struct conf_option options[] = {
#define TEXT(option, field, value, low, high, judge, text) \
	{ .name = option, .help = text, .kind = CONF_TEXT, .min = low, .max = high, \
	  .offset = offsetof(struct settings, field), .fallback = value, .check = judge },
#define FLAG(option, field, value, text) \
	{ .name = option, .help = text, .kind = CONF_FLAG, \
	  .offset = offsetof(struct settings, field), .fallback = #value },
#define LIST(option, field, high, judge, text) \
	{ .name = option, .help = text, .kind = CONF_LIST, .max = high, \
	  .offset = offsetof(struct settings, field), .check = judge },
#include "client-tui/options.def"
#undef TEXT
#undef FLAG
#undef LIST
};

static const struct conf_table table = {
	.options = options, .count = ARRAY_LEN(options), .manual = "tingyu.conf(5)",
};

static char *
usual_config(void)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (xdg != NULL && xdg[0] == '/')
		return mem_format("%s/tingyu/tingyu.conf", xdg);
	return mem_format("%s/.config/tingyu/tingyu.conf", home != NULL ? home : "");
}

/* Every mistake is told, and then it ends: half a configuration is nobody's wish. */
static void
read_config(const char *named, struct settings *settings)
{
	struct conf_mistakes mistakes = { .count = 0 };
	char *path = named != NULL ? mem_string(named) : usual_config();

	conf_init(&table, settings);
	if (named != NULL || access(path, F_OK) == 0)
		conf_read_file(&table, path, settings, &mistakes);
	free(path);
	for (size_t i = 0; i < conf_mistakes_kept(&mistakes); i++)
		fprintf(stderr, "tingyu: %s\n", mistakes.sentences[i]);
	if (mistakes.count > 0)
		exit(EXIT_FAILURE);
	conf_mistakes_clear(&mistakes);
}

/* --- the command line --------------------------------------------------------------------- */

typedef void take_switch(struct wishes *wishes, const char *argument);

static void
take_config(struct wishes *wishes, const char *argument)
{
	wishes->config = argument;
}

static void
take_server(struct wishes *wishes, const char *argument)
{
	wishes->server = argument;
}

static void
take_headless(struct wishes *wishes, const char *argument UNUSED)
{
	wishes->is_headless = true;
}

static void
take_ascii(struct wishes *wishes, const char *argument UNUSED)
{
	wishes->is_ascii = true;
}

static void
take_version(struct wishes *wishes UNUSED, const char *argument UNUSED)
{
	puts(PACKAGE_STRING);
	exit(EXIT_SUCCESS);
}

static take_switch take_help;

static const struct {
	int letter;
	const char *name, *argument, *help;
	take_switch *take;
} switches[] = {
#define SWITCH(letter, name, argument, help, function) { letter, name, argument, help, function },
#include "client-tui/switches.def"
#undef SWITCH
};

static void
print_usage(FILE *out)
{
	fputs("usage: tingyu [option...]\n\n", out);
	for (size_t i = 0; i < ARRAY_LEN(switches); i++) {
		char name[64];

		snprintf(name, sizeof(name), "--%s%s%s", switches[i].name,
		    switches[i].argument != NULL ? " " : "",
		    switches[i].argument != NULL ? switches[i].argument : "");
		fprintf(out, "  %c%c%c %-16s %s\n", switches[i].letter != 0 ? '-' : ' ',
		    switches[i].letter != 0 ? switches[i].letter : ' ',
		    switches[i].letter != 0 ? ',' : ' ', name, switches[i].help);
	}
	fputs("\ntingyu(1) says more, and inside of the program F1.\n", out);
}

static void
take_help(struct wishes *wishes UNUSED, const char *argument UNUSED)
{
	print_usage(stdout);
	exit(EXIT_SUCCESS);
}

static void
wrong_usage(void)
{
	print_usage(stderr);
	exit(2);
}

static void
read_arguments(int argc, char **argv, struct wishes *wishes)
{
	struct option longs[ARRAY_LEN(switches) + 1] = { 0 };
	char shorts[2 * ARRAY_LEN(switches) + 1] = "";
	int found;

	/* Each switch is known by its place, the letters by themselves. */
	for (size_t i = 0; i < ARRAY_LEN(switches); i++) {
		longs[i] = (struct option){ switches[i].name,
			switches[i].argument != NULL ? required_argument : no_argument, NULL,
			256 + (int)i };
		if (switches[i].letter != 0)
			snprintf(shorts + strlen(shorts), sizeof(shorts) - strlen(shorts), "%c%s",
			    switches[i].letter, switches[i].argument != NULL ? ":" : "");
	}
	while ((found = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		size_t at = 0;

		if (found == '?')
			wrong_usage();
		while (found != switches[at].letter && found != 256 + (int)at)
			at++;
		switches[at].take(wishes, optarg);
	}
	if (optind < argc)
		wrong_usage();
}

/* --- which server ------------------------------------------------------------------------- */

static void NO_RETURN
give_up(const char *sentence)
{
	fprintf(stderr, "tingyu: %s\n", sentence);
	exit(EXIT_FAILURE);
}

/* What was named has to be a server; told before the screen is taken, where nobody would see it. */
static void
check_server(const char *named)
{
	struct invite invite;
	char shown[ENDPOINT_INVITE_SIZE];

	if (named[0] == '\0' || app_parse_server(bytes_of_string(named), &invite))
		return;
	str_escape(bytes_of_string(named), shown, sizeof(shown));
	give_up(mem_format("%s is no server: that is an invite line (tingyu://…), or host:port.",
	    shown));
}

/* The one that was named; else the one used last, else one that runs here. The hint says which. */
static const char *
choose_server(struct app *app, const char *named)
{
	struct invite server;
	char why[OUTBOX_WHY_ROOM];

	if (named[0] != '\0') {
		if (!app->outbox.use_server(app, bytes_of_string(named), why))
			control_alert(app->control, pane_home(), "%s", why);
		return "";
	}
	if (keep_last_server(app->keep, &server) && app_use_server(app, &server) == STATUS_OK)
		return "used last";
	if (keep_find_server(app->keep, &server) && app_use_server(app, &server) == STATUS_OK)
		return "found on this machine";
	return "";
}

/* A first run: nobody is signed in here, so the form is what one sees. */
static void
greet(struct app *app, const char *hint)
{
	const struct me *me = &app->model->me;

	if (me->uid == 0)
		form_open(model_change_form(app->model), bytes_of_string(me->server),
		    bytes_of_string(hint), bytes_of_string(""), true);
	control_note(app->control, pane_home(),
	    "Welcome to tingyu. /users shows everybody, /talk NAME opens a session, F1 shows all "
	    "keys and commands.");
}

/* --- start -------------------------------------------------------------------------------- */

static void
run_screen(struct app *app, const char *named)
{
	struct screen *screen;
	char why[APP_WHY_ROOM];

	if (!screen_open(app, &screen, why)) {
		fprintf(stderr, "tingyu: %s\n", why);
		exit(EXIT_FAILURE);
	}
	/* What can be shown before anything is connected comes first. */
	screen_show(screen);
	greet(app, choose_server(app, named));
	screen_run(screen);
	screen_close(screen);
}

static void
bind_keys(struct app *app, const struct settings *settings)
{
	for (size_t i = 0; i < settings->binds.count; i++)
		keymap_bind(app->control->keymap, settings->binds.items[i]);
}

/*
 * What can be said about the surroundings before anything is touched. Of the locale only the
 * characters matter: everything else that is shown is in one language, and eleven files need not
 * be read.
 */
static void
check_surroundings(const struct wishes *wishes)
{
	if (setlocale(LC_CTYPE, "") == NULL || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		give_up("The locale is not UTF-8, so names and texts could not be shown. "
			"Try: LC_ALL=C.UTF-8 tingyu");
	if (!wishes->is_headless && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)))
		give_up("This is no terminal. tingyu --headless works on plain lines.");
}

int
main(int argc, char **argv)
{
	struct wishes wishes = { .config = NULL };
	struct settings settings;
	struct keep *keep;
	struct app app;
	char why[KEEP_WHY_ROOM];
	const char *named;

	read_arguments(argc, argv, &wishes);
	log_open("tingyu");
	signal(SIGPIPE, SIG_IGN);
	check_surroundings(&wishes);
	read_config(wishes.config, &settings);
	named = wishes.server != NULL ? wishes.server : settings.server;
	if (named == NULL)
		named = "";
	check_server(named);
	if (!keep_open(&keep, why))
		give_up(why);
	if (app_open(keep, &app) != STATUS_OK)
		give_up("The system gives no event loop or no thread.");
	model_set_ascii(app.model, wishes.is_ascii || settings.is_ascii);
	app.keeps_history = settings.keeps_history;
	bind_keys(&app, &settings);
	if (wishes.is_headless) {
		choose_server(&app, named);
		lines_run(&app);
	} else {
		run_screen(&app, named);
	}
	app_close(&app);
	keep_close(keep);
	conf_clear(&table, &settings);
	return EXIT_SUCCESS;
}
