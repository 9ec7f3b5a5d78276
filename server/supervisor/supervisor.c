/* SPDX-License-Identifier: ISC */
#include "server/supervisor/supervisor.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "server/proc/arguments.h"
#include "server/proc/signals.h"
#include "server/supervisor/ports.h"
#include "server/supervisor/probe.h"
#include "server/supervisor/program.h"
#include "server/supervisor/state.h"
#include "server/supervisor/team.h"
#include "shared/link.h"
#include "shared/log.h"

enum { TICK_MS = 50 };

enum { ROUTE, WORK, PROGRAMS };

struct supervisor {
	struct arguments *arguments;
	struct team team;
	struct state state;
	struct event_base *base;
	struct link_loop *loop;
	struct signals *signals;
	struct program programs[PROGRAMS];
	struct probe *probe;
	bool is_ready;
	bool is_stopping;
	int exit_status;
};

/* --- the end -------------------------------------------------------------- */

static bool
somebody_runs(const struct supervisor *supervisor)
{
	for (size_t i = 0; i < PROGRAMS; i++)
		if (supervisor->programs[i].pid != 0)
			return true;
	return false;
}

static void
leave_if_done(struct supervisor *supervisor)
{
	if (supervisor->is_stopping && !somebody_runs(supervisor))
		event_base_loopbreak(supervisor->base);
}

static void
pass_on(struct supervisor *supervisor, int signal)
{
	for (size_t i = 0; i < PROGRAMS; i++)
		program_signal(&supervisor->programs[i], signal);
}

static void
stop(struct supervisor *supervisor, int signal)
{
	supervisor->is_stopping = true;
	probe_free(supervisor->probe);
	supervisor->probe = NULL;
	for (size_t i = 0; i < PROGRAMS; i++)
		program_forget_restart(&supervisor->programs[i]);
	pass_on(supervisor, signal);
	leave_if_done(supervisor);
}

static void
fail(struct supervisor *supervisor)
{
	supervisor->exit_status = EXIT_FAILURE;
	if (!supervisor->is_stopping)
		stop(supervisor, SIGTERM);
}

/* --- ready ---------------------------------------------------------------- */

static void
publish_invite(struct supervisor *supervisor)
{
	char line[ENDPOINT_INVITE_SIZE];
	enum status status;

	team_invite(&supervisor->team, line);
	status = state_write_invite(&supervisor->state, line);
	if (status != STATUS_OK) {
		log_error("%s cannot be written: %s", supervisor->state.invite_path,
		    status_text(status));
		fail(supervisor);
		return;
	}
	puts(line);
	fflush(stdout);
}

static void
on_ready(void *arg)
{
	struct supervisor *supervisor = arg;

	supervisor->is_ready = true;
	log_info("ready: clients can log in");
	publish_invite(supervisor);
}

static enum status
wait_for_work(struct supervisor *supervisor)
{
	struct address route;

	team_route_address(&supervisor->team, &route);
	return probe_start(supervisor->loop, &route, team_pin(&supervisor->team), on_ready,
	    supervisor, &supervisor->probe);
}

/* --- signals -------------------------------------------------------------- */

/*
 * Who ends before all was ready once will not get better by itself, and has said why; later
 * ends are accidents.
 */
static void
take_end(struct supervisor *supervisor, struct program *program, int status)
{
	bool is_good = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	if (supervisor->is_stopping) {
		if (!is_good)
			supervisor->exit_status = EXIT_FAILURE;
		leave_if_done(supervisor);
	} else if (supervisor->is_ready) {
		program_restart(program);
	} else {
		log_error("%s could not start; its last words above say why", program->name);
		fail(supervisor);
	}
}

static void
reap(struct supervisor *supervisor)
{
	int status;

	for (size_t i = 0; i < PROGRAMS; i++)
		if (program_has_ended(&supervisor->programs[i], &status))
			take_end(supervisor, &supervisor->programs[i], status);
}

/* The programs read what we have checked, or go on as they were. */
static void
reload(struct supervisor *supervisor)
{
	char sentence[TEAM_SENTENCE_MAX] = "the configuration has mistakes";
	enum status status = team_reload(&supervisor->team, supervisor->arguments, sentence);

	if (status == STATUS_OK) {
		status = state_write_conf(&supervisor->state, &supervisor->team.settings);
		if (status != STATUS_OK)
			snprintf(sentence, sizeof(sentence), "%s: %s",
			    supervisor->state.conf_path, status_text(status));
	}
	if (status != STATUS_OK) {
		log_error("reload: nothing was changed: %s", sentence);
		return;
	}
	if (supervisor->is_ready)
		publish_invite(supervisor);
	log_info("reload: the configuration is good, both programs read it again");
	pass_on(supervisor, SIGHUP);
}

static void
on_signal(enum signal_action action, void *arg)
{
	struct supervisor *supervisor = arg;

	switch (action) {
	case SIGNAL_DRAIN:
		stop(supervisor, SIGTERM);
		break;
	case SIGNAL_STOP:
		stop(supervisor, SIGINT);
		break;
	case SIGNAL_RELOAD:
		reload(supervisor);
		break;
	case SIGNAL_REOPEN:
		log_reopen();
		pass_on(supervisor, SIGUSR1);
		break;
	case SIGNAL_REAP:
		reap(supervisor);
		break;
	case SIGNAL_IGNORE:
		break;
	}
}

/* --- life ----------------------------------------------------------------- */

static enum status
start_programs(struct supervisor *supervisor)
{
	static const char *const names[] = { [ROUTE] = "tingyu-route", [WORK] = "tingyu-work" };
	struct wheel *wheel = link_loop_wheel(supervisor->loop);
	enum status status = STATUS_OK;

	for (size_t i = 0; i < PROGRAMS && status == STATUS_OK; i++)
		status = program_init(&supervisor->programs[i], names[i],
		    supervisor->state.conf_path, wheel);
	for (size_t i = 0; i < PROGRAMS && status == STATUS_OK; i++)
		status = program_start(&supervisor->programs[i]);
	return status;
}

static void
supervise(struct supervisor *supervisor)
{
	supervisor->base = link_base_new();
	if (supervisor->base == NULL)
		log_fatalx("the event loop cannot be had");
	supervisor->loop = link_loop_new(supervisor->base, TICK_MS);
	supervisor->signals = signals_new(supervisor->base, on_signal, supervisor);
	if (start_programs(supervisor) != STATUS_OK || wait_for_work(supervisor) != STATUS_OK)
		fail(supervisor);
	if (!supervisor->is_stopping || somebody_runs(supervisor))
		event_base_dispatch(supervisor->base);
	probe_free(supervisor->probe);
	for (size_t i = 0; i < PROGRAMS; i++)
		program_clear(&supervisor->programs[i]);
	signals_free(supervisor->signals);
	link_loop_free(supervisor->loop);
	event_base_free(supervisor->base);
}

/* With the folder locked: everything before there are other processes. */
static int
run_in_folder(struct supervisor *supervisor)
{
	char sentence[TEAM_SENTENCE_MAX];
	enum status status = ports_check(&supervisor->team.settings, sentence);

	if (status == STATUS_OK)
		status = team_meet(&supervisor->team, sentence);
	if (status == STATUS_OK) {
		status = state_write_conf(&supervisor->state, &supervisor->team.settings);
		if (status != STATUS_OK)
			snprintf(sentence, sizeof(sentence), "%s: %s",
			    supervisor->state.conf_path, status_text(status));
	}
	if (status != STATUS_OK) {
		log_error("%s", sentence);
		return EXIT_FAILURE;
	}
	supervise(supervisor);
	return supervisor->exit_status;
}

static int
run(struct supervisor *supervisor)
{
	const struct settings *settings = &supervisor->team.settings;
	char sentence[STATE_SENTENCE_MAX];
	int exit_status;

	settings_start_log(settings);
	if (state_open(settings->state_dir, &supervisor->state, sentence) != STATUS_OK) {
		log_error("%s", sentence);
		return EXIT_FAILURE;
	}
	exit_status = run_in_folder(supervisor);
	state_close(&supervisor->state);
	return exit_status;
}

int
supervisor_run(int argc, char **argv)
{
	struct supervisor supervisor = { 0 };
	struct arguments arguments;
	int exit_status;

	log_open("tingyu-server");
	supervisor.arguments = &arguments;
	switch (team_start(argc, argv, &arguments, &supervisor.team)) {
	case ARGUMENTS_DONE:
		return EXIT_SUCCESS;
	case ARGUMENTS_WRONG:
		return 2;
	case ARGUMENTS_RUN:
		break;
	}
	exit_status = run(&supervisor);
	team_clear(&supervisor.team);
	arguments_clear(&arguments);
	return exit_status;
}
