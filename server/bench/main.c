/* SPDX-License-Identifier: ISC */
/* tingyu-bench: many real clients against real servers; see tingyu-bench(1). */

#include <stdio.h>
#include <stdlib.h>

#include "server/bench/runner.h"
#include "shared/log.h"

enum { EXIT_NOTHING_LOST = 0, EXIT_LOST = 1, EXIT_NOT_RUN = 2 };

/* What is on disk, and fresh keys for the rest. */
static bool
prepare_accounts(const struct bench_options *options, struct scoreboard *board)
{
	size_t loaded = 0, line = 0;
	enum status status;

	accounts_make(board->accounts, board->account_count);
	if (options->accounts == NULL)
		return true;
	status = accounts_load(options->accounts, board->accounts, board->account_count, &loaded,
	    &line);
	if (status == STATUS_BAD_VALUE)
		fprintf(stderr, "%s:%zu: this is not a line of a file of accounts\n",
		    options->accounts, line);
	else if (status != STATUS_OK)
		fprintf(stderr, "%s cannot be read: %s\n", options->accounts, status_text(status));
	return status == STATUS_OK;
}

static bool
write_json(const struct bench_options *options, const struct bench_report *report)
{
	FILE *file;
	bool written;

	if (options->json == NULL)
		return true;
	file = fopen(options->json, "we");
	if (file != NULL)
		bench_report_print_json(report, file);
	written = file != NULL && !ferror(file);
	if (file != NULL && fclose(file) != 0)
		written = false;
	if (!written)
		fprintf(stderr, "%s could not be written\n", options->json);
	return written;
}

static int
run(const struct bench_options *options, const struct invite *invite, struct scoreboard *board)
{
	char target[ENDPOINT_TEXT_SIZE];
	struct bench_report report;
	struct runner runner;
	struct fleet fleet;
	bool well;

	endpoint_print(&invite->server, target);
	bench_report_init(&report, target, options->clients, board->row_count);
	well = fleet_start(&fleet, options, invite, board);
	runner_init(&runner, options, &fleet, &report);
	well = well && runner_run(&runner);
	well = fleet_stop(&fleet) && well;
	if (!well) {
		fprintf(stderr, "tingyu-bench: it could not run; the lines above say why\n");
		return EXIT_NOT_RUN;
	}
	bench_report_print(&report, stdout);
	if (!write_json(options, &report))
		return EXIT_NOT_RUN;
	return runner.lost > 0 ? EXIT_LOST : EXIT_NOTHING_LOST;
}

static int
start(const struct bench_options *options)
{
	struct invite invite;
	struct scoreboard board;
	int code = EXIT_NOT_RUN;

	if (!endpoint_parse_invite(bytes_of_string(options->invite), &invite)) {
		fprintf(stderr, "tingyu-bench: this is no invite line; one looks like "
		    "tingyu://host:port/?pin=...\n");
		return EXIT_NOT_RUN;
	}
	scoreboard_open(&board, fleet_size(options->clients, options->processes), options->clients);
	if (prepare_accounts(options, &board))
		code = run(options, &invite, &board);
	scoreboard_close(&board);
	return code;
}

int
main(int argc, char **argv)
{
	struct bench_options options;
	char error[160];

	log_open("tingyu-bench");
	if (!bench_options_parse(argc, argv, &options, error, sizeof(error))) {
		fprintf(stderr, "tingyu-bench: %s\nTry tingyu-bench --help.\n", error);
		return EXIT_NOT_RUN;
	}
	if (options.help) {
		bench_options_print_help(stdout);
		return EXIT_NOTHING_LOST;
	}
	if (options.version) {
		puts("tingyu-bench " PACKAGE_VERSION);
		return EXIT_NOTHING_LOST;
	}
	log_set_level(options.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN);
	return start(&options);
}
