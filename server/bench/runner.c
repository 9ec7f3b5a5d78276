/* SPDX-License-Identifier: ISC */
#include "server/bench/runner.h"

#include <inttypes.h>
#include <poll.h>

#include "shared/clock.h"
#include "shared/log.h"

enum {
	SETTLE_MS = 1000,	/* for the server to see that everybody left */
	COUNT_PATIENCE_MS = 5000,
	WARM_UP_CLIENTS = 64,	/* of each swarm */
};

/* Where the figures of a phase go that brings all clients online. */
struct login_figures {
	enum figure online, lost, failed_attempts, seconds, per_second, p50_us, p99_us, max_us;
	enum figure server_cpu_us, server_user_s, server_system_s, bench_cpu_us;
};

#define LOGIN_FIGURES(PHASE) { \
	FIGURE_##PHASE##_online, FIGURE_##PHASE##_lost, FIGURE_##PHASE##_failed_attempts, \
	FIGURE_##PHASE##_seconds, FIGURE_##PHASE##_per_second, FIGURE_##PHASE##_p50_us, \
	FIGURE_##PHASE##_p99_us, FIGURE_##PHASE##_max_us, FIGURE_##PHASE##_server_cpu_us, \
	FIGURE_##PHASE##_server_user_s, FIGURE_##PHASE##_server_system_s, \
	FIGURE_##PHASE##_bench_cpu_us }

void
runner_init(struct runner *runner, const struct bench_options *options, struct fleet *fleet,
    struct bench_report *report)
{
	*runner = (struct runner){
		.options = options,
		.fleet = fleet,
		.board = fleet->board,
		.report = report,
	};
	progress_init(&runner->progress, stderr, !options->quiet);
}

static void
add(struct runner *runner, enum figure figure, double value)
{
	bench_report_add(runner->report, figure, value);
}

/* A figure about the server's processes, when they are known. */
static void
add_server(struct runner *runner, enum figure figure, double value)
{
	if (runner->options->server_pid != 0)
		add(runner, figure, value);
}

static double
per(double value, double count)
{
	return count > 0 ? value / count : 0;
}

/* --- the board, over all rows --- */

static uint64_t
sum(const struct runner *runner, enum tally tally)
{
	return scoreboard_sum(runner->board, tally);
}

/* "login: 12 attempts failed, 0 connections lost (reset 10, timeout 2)" */
static void
explain(const struct runner *runner, enum phase phase)
{
	const char *comma = " (";

	if (sum(runner, TALLY_FAILED) + sum(runner, TALLY_LOST) == 0)
		return;
	fprintf(stderr, "%s: %" PRIu64 " attempts failed, %" PRIu64 " connections lost",
	    phase_name(phase),
	    sum(runner, TALLY_FAILED), sum(runner, TALLY_LOST));
	for (unsigned i = 0; i < SCOREBOARD_REASONS; i++) {
		uint64_t count = scoreboard_sum_reasons(runner->board, i);

		if (count == 0)
			continue;
		fprintf(stderr, "%s%s %" PRIu64, comma, status_name((enum status)i), count);
		comma = ", ";
	}
	fprintf(stderr, ")\n");
}

static void
lose(struct runner *runner, enum figure figure, uint64_t count)
{
	add(runner, figure, (double)count);
	runner->lost += count;
}

/* --- orders --- */

static void
show_registered(void *arg)
{
	struct runner *runner = arg;

	progress_show(&runner->progress, sum(runner, TALLY_REGISTERED), runner->options->clients,
	    0);
}

static void
show_online(void *arg)
{
	struct runner *runner = arg;

	progress_show(&runner->progress, sum(runner, TALLY_ONLINE), runner->options->clients,
	    sum(runner, TALLY_LOST));
}

static void
show_answers(void *arg)
{
	struct runner *runner = arg;
	uint64_t all =
	    (uint64_t)runner->options->rate * runner->options->measure_s * OPERATION_COUNT;

	progress_show(&runner->progress, sum(runner, TALLY_ANSWERED), all, sum(runner, TALLY_LOST));
}

/* One order to all, with the progress of "phase" meanwhile. */
static bool
command(struct runner *runner, enum phase phase, const struct order *order, void (*show)(void *arg))
{
	bool alive;

	progress_start(&runner->progress, phase_name(phase));
	alive = fleet_order(runner->fleet, order, runner->fleet->count, show, runner);
	progress_stop(&runner->progress);
	return alive;
}

static bool
bring_online(struct runner *runner, enum phase phase, enum order_kind kind, bool is_phase)
{
	const struct order order = {
		.kind = kind,
		.seconds = runner->options->timeout_s,
		.is_phase = is_phase,
	};

	return command(runner, phase, &order, show_online);
}

static bool
drop_all(struct runner *runner, enum phase phase)
{
	return bring_online(runner, phase, ORDER_DROP, false);
}

/*
 * Phases that need people online bring them there, unmeasured, when the login before was left
 * out.
 */
static bool
ensure_online(struct runner *runner, enum phase phase)
{
	if (sum(runner, TALLY_ONLINE) >= sum(runner, TALLY_REGISTERED))
		return true;
	return bring_online(runner, phase, ORDER_LOGIN, true);
}

/* --- phases --- */

static void
save_accounts(const struct runner *runner)
{
	const char *path = runner->options->accounts;
	enum status status;

	if (path == NULL)
		return;
	status = accounts_save(path, runner->board->accounts, runner->board->account_count);
	if (status != STATUS_OK)
		log_warn("%s: the accounts could not be written: %s", path, status_text(status));
}

static bool
run_register(struct runner *runner)
{
	const struct order order = {
		.kind = ORDER_REGISTER,
		.seconds = runner->options->timeout_s,
		.is_phase = true,
	};
	struct reading before, after;
	double seconds, made;

	if (sum(runner, TALLY_REGISTERED) == runner->options->clients)
		return true;
	reading_take(runner->options->server_pid, &before);
	if (!command(runner, PHASE_REGISTER, &order, show_registered))
		return false;
	reading_take(runner->options->server_pid, &after);
	save_accounts(runner);
	seconds = scoreboard_seconds(runner->board);
	made = (double)sum(runner, TALLY_ARRIVED);
	add(runner, FIGURE_REGISTER_accounts, made);
	lose(runner, FIGURE_REGISTER_missing,
	    runner->options->clients - sum(runner, TALLY_REGISTERED));
	add(runner, FIGURE_REGISTER_failed_attempts, (double)sum(runner, TALLY_FAILED));
	add(runner, FIGURE_REGISTER_seconds, seconds);
	add(runner, FIGURE_REGISTER_per_second, per(made, seconds));
	add_server(runner, FIGURE_REGISTER_server_cpu_us,
	    per(reading_cpu_us(&before.server, &after.server), made));
	add(runner, FIGURE_REGISTER_bench_cpu_us, per(reading_cpu_us(&before.bench, &after.bench),
	    made));
	return true;
}

static uint64_t
offline(const struct runner *runner)
{
	uint64_t online = sum(runner, TALLY_ONLINE);

	return online < runner->options->clients ? runner->options->clients - online : 0;
}

/* Processes that ended meanwhile took theirs along. */
static double
seconds_between(uint64_t before_ms, uint64_t after_ms)
{
	return after_ms > before_ms ? (double)(after_ms - before_ms) / 1000 : 0;
}

static void
add_login_costs(struct runner *runner, const struct login_figures *to, const struct reading *before,
    const struct reading *after)
{
	double arrived = (double)sum(runner, TALLY_ARRIVED);

	add_server(runner, to->server_cpu_us, per(reading_cpu_us(&before->server, &after->server),
	    arrived));
	add_server(runner, to->server_user_s,
	    seconds_between(before->server.user_ms, after->server.user_ms));
	add_server(runner, to->server_system_s,
	    seconds_between(before->server.system_ms, after->server.system_ms));
	add(runner, to->bench_cpu_us, per(reading_cpu_us(&before->bench, &after->bench), arrived));
}

/* Everybody from offline to online by this order. */
static bool
measure_logins(struct runner *runner, enum phase phase, enum order_kind kind,
    const struct login_figures *to)
{
	struct histogram arrivals, absences;
	struct reading before, after;
	double seconds;

	reading_take(runner->options->server_pid, &before);
	if (!bring_online(runner, phase, kind, true))
		return false;
	reading_take(runner->options->server_pid, &after);
	seconds = scoreboard_seconds(runner->board);
	scoreboard_merge_times(runner->board, &arrivals, &absences);
	add(runner, to->online, (double)sum(runner, TALLY_ONLINE));
	lose(runner, to->lost, offline(runner) + sum(runner, TALLY_LOST));
	add(runner, to->failed_attempts, (double)sum(runner, TALLY_FAILED));
	add(runner, to->seconds, seconds);
	add(runner, to->per_second, per((double)sum(runner, TALLY_ARRIVED), seconds));
	add(runner, to->p50_us, (double)histogram_percentile(&arrivals, 50));
	add(runner, to->p99_us, (double)histogram_percentile(&arrivals, 99));
	add(runner, to->max_us, (double)arrivals.max);
	add_login_costs(runner, to, &before, &after);
	return true;
}

/*
 * What a session costs is measured from here on: a few clients have been there before, so that
 * what the first one costs (code that was never touched, caches of the database) does not count
 * for all.
 */
static bool
find_idle(struct runner *runner)
{
	const struct order few = {
		.kind = ORDER_LOGIN,
		.seconds = runner->options->timeout_s,
		.limit = WARM_UP_CLIENTS,
	};

	if (runner->has_idle)
		return true;
	if (!command(runner, PHASE_LOGIN, &few, NULL) || !drop_all(runner, PHASE_LOGIN))
		return false;
	poll(NULL, 0, SETTLE_MS);
	reading_take(runner->options->server_pid, &runner->idle);
	runner->has_idle = true;
	return true;
}

static bool
run_login(struct runner *runner)
{
	static const struct login_figures figures = LOGIN_FIGURES(LOGIN);

	if (!drop_all(runner, PHASE_LOGIN) || !find_idle(runner))
		return false;
	return measure_logins(runner, PHASE_LOGIN, ORDER_LOGIN, &figures);
}

/*
 * What the server counts, asked again until it agrees: presence may come a little later than the
 * login's answer.
 */
static bool
count_online(struct runner *runner, uint64_t *out)
{
	const struct order order = { .kind = ORDER_COUNT };
	uint64_t end_ms = clock_monotonic_ms() + COUNT_PATIENCE_MS;

	do {
		if (!fleet_order(runner->fleet, &order, 1, NULL, NULL))
			return false;
		poll(NULL, 0, 100);
		*out = runner->board->rows[0].seen_online;
	} while (*out < sum(runner, TALLY_ONLINE) && clock_monotonic_ms() < end_ms);
	return true;
}

/* What something has grown by since nobody was there, for one of those who are. */
static void
add_growth(struct runner *runner, enum figure figure, uint64_t before_kib, uint64_t now_kib)
{
	double grown = (double)now_kib - (double)before_kib;

	add(runner, figure, per(grown * 1024, (double)sum(runner, TALLY_ONLINE)));
}

static void
add_memory(struct runner *runner, const struct reading *now)
{
	const struct reading *idle = &runner->idle;

	add(runner, FIGURE_HOLD_tcp_sockets, (double)now->kernel.tcp_sockets);
	if (!runner->has_idle)
		return;
	add_growth(runner, FIGURE_HOLD_kernel_bytes, idle->kernel.slab_kib, now->kernel.slab_kib);
	if (runner->options->server_pid == 0)
		return;
	add_growth(runner, FIGURE_HOLD_session_bytes, idle->children.private_kib,
	    now->children.private_kib);
	add_growth(runner, FIGURE_HOLD_server_private_bytes, idle->server.private_kib,
	    now->server.private_kib);
	add_growth(runner, FIGURE_HOLD_server_pss_bytes, idle->server.pss_kib, now->server.pss_kib);
	add(runner, FIGURE_HOLD_server_private_kib, (double)now->server.private_kib);
}

static bool
run_hold(struct runner *runner)
{
	uint32_t seconds = runner->options->hold_s;
	const struct order order = { .kind = ORDER_STAY, .seconds = seconds, .is_phase = true };
	struct reading before, after;
	uint64_t online, seen;
	double session_seconds;

	if (!ensure_online(runner, PHASE_HOLD))
		return false;
	reading_take(runner->options->server_pid, &before);
	if (!command(runner, PHASE_HOLD, &order, show_online))
		return false;
	reading_take(runner->options->server_pid, &after);
	if (!count_online(runner, &seen))
		return false;
	online = sum(runner, TALLY_ONLINE);
	session_seconds = (double)online * seconds;
	add(runner, FIGURE_HOLD_seconds, seconds);
	add(runner, FIGURE_HOLD_online, (double)online);
	add(runner, FIGURE_HOLD_seen_online, (double)seen);
	lose(runner, FIGURE_HOLD_lost, sum(runner, TALLY_LOST));
	runner->lost += seen < online ? online - seen : 0;
	add(runner, FIGURE_HOLD_pings, (double)sum(runner, TALLY_PINGS));
	add_memory(runner, &after);
	add_server(runner, FIGURE_HOLD_server_cpu_us,
	    per(reading_cpu_us(&before.server, &after.server), session_seconds));
	add(runner, FIGURE_HOLD_bench_cpu_us,
	    per(reading_cpu_us(&before.bench, &after.bench), session_seconds));
	return true;
}

static void
add_latencies(struct runner *runner)
{
	for (unsigned operation = 0; operation < OPERATION_COUNT; operation++) {
		struct scoreboard_operation all = { 0 };

		for (uint32_t i = 0; i < runner->board->row_count; i++) {
			const struct scoreboard_operation *one =
			    &runner->board->rows[i].operations[operation];

			histogram_merge(&all.answers, &one->answers);
			all.refused += one->refused;
			all.unanswered += one->unanswered;
		}
		bench_report_add_latency(runner->report, (enum operation)operation, &all.answers,
		    all.refused, all.unanswered);
		runner->lost += all.refused + all.unanswered;
	}
}

static bool
run_operations(struct runner *runner)
{
	const struct order order = {
		.kind = ORDER_ASK,
		.seconds = runner->options->measure_s,
		.millihertz =
		    (uint32_t)(UINT64_C(1000) * runner->options->rate / runner->fleet->count),
		.is_phase = true,
	};
	struct reading before, after;
	double answered;

	if (!ensure_online(runner, PHASE_OPERATIONS))
		return false;
	reading_take(runner->options->server_pid, &before);
	if (!command(runner, PHASE_OPERATIONS, &order, show_answers))
		return false;
	reading_take(runner->options->server_pid, &after);
	answered = (double)sum(runner, TALLY_ANSWERED);
	add(runner, FIGURE_OPERATIONS_rate, answered / runner->options->measure_s);
	lose(runner, FIGURE_OPERATIONS_unsent, sum(runner, TALLY_UNSENT));
	lose(runner, FIGURE_OPERATIONS_lost, sum(runner, TALLY_LOST));
	add_server(runner, FIGURE_OPERATIONS_server_cpu_us,
	    per(reading_cpu_us(&before.server, &after.server), answered));
	add(runner, FIGURE_OPERATIONS_bench_cpu_us, per(reading_cpu_us(&before.bench, &after.bench),
	    answered));
	add_latencies(runner);
	return true;
}

static bool
run_storm(struct runner *runner)
{
	static const struct login_figures figures = LOGIN_FIGURES(STORM);

	if (!ensure_online(runner, PHASE_STORM) || !drop_all(runner, PHASE_STORM))
		return false;
	poll(NULL, 0, SETTLE_MS);
	return measure_logins(runner, PHASE_STORM, ORDER_STORM, &figures);
}

static void
show_survival(void *arg)
{
	struct runner *runner = arg;
	uint64_t now_ms = clock_monotonic_ms();

	if (offline(runner) > runner->most_offline)
		runner->most_offline = offline(runner);
	show_online(runner);
	if (!runner->options->verbose || now_ms < runner->next_line_ms)
		return;
	runner->next_line_ms = now_ms + 1000;
	progress_stop(&runner->progress);
	printf("%6.1f s  online %" PRIu64 "  lost %" PRIu64 "  back %" PRIu64 "  failed %" PRIu64
	    "  moved %" PRIu64 "\n",
	    (double)(now_ms - runner->progress.start_ms) / 1000, sum(runner, TALLY_ONLINE),
	    sum(runner, TALLY_LOST), sum(runner, TALLY_ARRIVED), sum(runner, TALLY_FAILED),
	    sum(runner, TALLY_MOVED));
	fflush(stdout);
}

static bool
run_survive(struct runner *runner)
{
	const struct order order = {
		.kind = ORDER_STAY,
		.seconds = runner->options->survive_s,
		.is_phase = true,
	};
	struct histogram arrivals, absences;

	if (!ensure_online(runner, PHASE_SURVIVE))
		return false;
	runner->next_line_ms = clock_monotonic_ms() + 1000;
	if (!command(runner, PHASE_SURVIVE, &order, show_survival))
		return false;
	/* Those who are still out have a last chance. */
	if (!bring_online(runner, PHASE_SURVIVE, ORDER_LOGIN, false))
		return false;
	scoreboard_merge_times(runner->board, &arrivals, &absences);
	add(runner, FIGURE_SURVIVE_seconds, runner->options->survive_s);
	add(runner, FIGURE_SURVIVE_disconnects, (double)sum(runner, TALLY_LOST));
	add(runner, FIGURE_SURVIVE_moved, (double)sum(runner, TALLY_MOVED));
	add(runner, FIGURE_SURVIVE_failed_attempts, (double)sum(runner, TALLY_FAILED));
	add(runner, FIGURE_SURVIVE_most_offline, (double)runner->most_offline);
	add(runner, FIGURE_SURVIVE_back_p50_us, (double)histogram_percentile(&absences, 50));
	add(runner, FIGURE_SURVIVE_back_p99_us, (double)histogram_percentile(&absences, 99));
	add(runner, FIGURE_SURVIVE_back_max_us, (double)absences.max);
	lose(runner, FIGURE_SURVIVE_lost, offline(runner));
	return true;
}

static bool (*const phases[])(struct runner *runner) = {
	[PHASE_REGISTER] = run_register,
	[PHASE_LOGIN] = run_login,
	[PHASE_HOLD] = run_hold,
	[PHASE_OPERATIONS] = run_operations,
	[PHASE_STORM] = run_storm,
	[PHASE_SURVIVE] = run_survive,
};

/* Nothing can be measured without anybody: whoever should be there was counted as lost before. */
static bool
is_pointless(const struct runner *runner, enum phase phase)
{
	return phase > PHASE_LOGIN && runner->lost >= runner->options->clients &&
	    sum(runner, TALLY_ONLINE) == 0;
}

static bool
run_phase(struct runner *runner, enum phase phase)
{
	if (!runner->options->phase_wanted[phase])
		return true;
	if (is_pointless(runner, phase)) {
		fprintf(stderr, "%s: left out, nobody is online\n", phase_name(phase));
		return true;
	}
	if (!phases[phase](runner))
		return false;
	explain(runner, phase);
	return true;
}

/* Phases that stand side by side and are repeated together. */
static bool
run_group(struct runner *runner, unsigned first, unsigned end)
{
	for (unsigned phase = first; phase < end; phase++)
		if (!run_phase(runner, (enum phase)phase))
			return false;
	return true;
}

bool
runner_run(struct runner *runner)
{
	unsigned first = 0, end;

	for (; first < PHASE_COUNT; first = end) {
		bool repeated = phase_is_repeated((enum phase)first);
		uint32_t times = repeated ? runner->options->repeat : 1;

		for (end = first; end < PHASE_COUNT; end++)
			if (phase_is_repeated((enum phase)end) != repeated)
				break;
		while (times-- > 0)
			if (!run_group(runner, first, end))
				return false;
	}
	return drop_all(runner, PHASE_STORM);
}
