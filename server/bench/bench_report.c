/* SPDX-License-Identifier: ISC */
#include "server/bench/bench_report.h"

#include <stdlib.h>
#include <string.h>

#include "shared/compiler.h"

enum unit { UNIT_COUNT, UNIT_SECONDS, UNIT_PER_SECOND, UNIT_MICROSECONDS, UNIT_BYTES, UNIT_KIB };

static const struct {
	enum phase phase;
	const char *name;
	enum unit unit;
	const char *label;
} figures[] = {
#define FIGURE(PHASE, name, UNIT, label) { PHASE_##PHASE, #name, UNIT_##UNIT, label },
#include "server/bench/figures.def"
#undef FIGURE
};

static const struct {
	const char *name;
	const char *label;
} operations[] = {
#define OPERATION(NAME, name, label, REQUEST) { #name, label },
#include "server/bench/operations.def"
#undef OPERATION
};

static const struct {
	const char *name;
	const char *label;
	enum unit unit;
} latency_columns[] = {
	[LATENCY_ANSWERED] = { "answered", "answered", UNIT_COUNT },
	[LATENCY_REFUSED] = { "refused", "refused", UNIT_COUNT },
	[LATENCY_UNANSWERED] = { "unanswered", "no answer", UNIT_COUNT },
	[LATENCY_P50] = { "p50_us", "50 %", UNIT_MICROSECONDS },
	[LATENCY_P90] = { "p90_us", "90 %", UNIT_MICROSECONDS },
	[LATENCY_P99] = { "p99_us", "99 %", UNIT_MICROSECONDS },
	[LATENCY_MAX] = { "max_us", "longest", UNIT_MICROSECONDS },
};

static int
compare_doubles(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* The samples in order; returns how many. */
static uint32_t
sort_samples(const struct samples *samples, double out[REPORT_SAMPLES_MAX])
{
	memcpy(out, samples->values, samples->count * sizeof(*out));
	qsort(out, samples->count, sizeof(*out), compare_doubles);
	return samples->count;
}

double
samples_median(const struct samples *samples)
{
	double sorted[REPORT_SAMPLES_MAX];
	uint32_t count = sort_samples(samples, sorted);

	return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

double
samples_min(const struct samples *samples)
{
	double sorted[REPORT_SAMPLES_MAX];

	sort_samples(samples, sorted);
	return sorted[0];
}

double
samples_max(const struct samples *samples)
{
	double sorted[REPORT_SAMPLES_MAX];
	uint32_t count = sort_samples(samples, sorted);

	return sorted[count - 1];
}

static void
add_sample(struct samples *samples, double value)
{
	if (samples->count < REPORT_SAMPLES_MAX)
		samples->values[samples->count++] = value;
}

void
bench_report_init(struct bench_report *report, const char *target, uint32_t clients,
    uint32_t processes)
{
	memset(report, 0, sizeof(*report));
	snprintf(report->target, sizeof(report->target), "%s", target);
	report->clients = clients;
	report->processes = processes;
}

void
bench_report_add(struct bench_report *report, enum figure figure, double value)
{
	add_sample(&report->figures[figure], value);
}

void
bench_report_add_latency(struct bench_report *report, enum operation operation,
    const struct histogram *answers, uint64_t refused, uint64_t unanswered)
{
	struct samples *row = report->latencies[operation];

	add_sample(&row[LATENCY_ANSWERED], (double)answers->count);
	add_sample(&row[LATENCY_REFUSED], (double)refused);
	add_sample(&row[LATENCY_UNANSWERED], (double)unanswered);
	add_sample(&row[LATENCY_P50], (double)histogram_percentile(answers, 50));
	add_sample(&row[LATENCY_P90], (double)histogram_percentile(answers, 90));
	add_sample(&row[LATENCY_P99], (double)histogram_percentile(answers, 99));
	add_sample(&row[LATENCY_MAX], (double)answers->max);
}

/* "1.25 ms": a length of time in the unit that people would take. */
static void
format_time(double us, char *out, size_t room)
{
	if (us >= 1e6)
		snprintf(out, room, "%.2f s", us / 1e6);
	else if (us >= 1e3)
		snprintf(out, room, "%.2f ms", us / 1e3);
	else
		snprintf(out, room, us < 10 ? "%.2f us" : "%.0f us", us);
}

static void
format_value(enum unit unit, double value, char *out, size_t room)
{
	switch (unit) {
	case UNIT_COUNT:
		snprintf(out, room, "%.0f", value);
		break;
	case UNIT_SECONDS:
		snprintf(out, room, "%.2f s", value);
		break;
	case UNIT_PER_SECOND:
		snprintf(out, room, "%.0f /s", value);
		break;
	case UNIT_MICROSECONDS:
		format_time(value, out, room);
		break;
	case UNIT_BYTES:
		snprintf(out, room, "%.0f B", value);
		break;
	case UNIT_KIB:
		snprintf(out, room, "%.1f MiB", value / 1024);
		break;
	}
}

static void
print_figure(enum figure figure, const struct samples *samples, FILE *out)
{
	char middle[32], low[32], high[32];
	enum unit unit = figures[figure].unit;

	format_value(unit, samples_median(samples), middle, sizeof(middle));
	fprintf(out, "  %-44s %12s", figures[figure].label, middle);
	if (samples->count > 1) {
		format_value(unit, samples_min(samples), low, sizeof(low));
		format_value(unit, samples_max(samples), high, sizeof(high));
		fprintf(out, "  (%s to %s)", low, high);
	}
	fputc('\n', out);
}

static void
print_latencies(const struct bench_report *report, FILE *out)
{
	char text[32];

	fprintf(out, "\n%-24s", "operation");
	for (size_t column = 0; column < LATENCY_COUNT; column++)
		fprintf(out, " %9s", latency_columns[column].label);
	fputc('\n', out);
	for (size_t i = 0; i < OPERATION_COUNT; i++) {
		fprintf(out, "  %-22s", operations[i].label);
		for (size_t column = 0; column < LATENCY_COUNT; column++) {
			format_value(latency_columns[column].unit,
			    samples_median(&report->latencies[i][column]), text, sizeof(text));
			fprintf(out, " %9s", text);
		}
		fputc('\n', out);
	}
}

void
bench_report_print(const struct bench_report *report, FILE *out)
{
	int phase = -1;

	fprintf(out, "%s: %u clients in %u processes\n", report->target, report->clients,
	    report->processes);
	for (size_t i = 0; i < FIGURE_COUNT; i++) {
		if (report->figures[i].count == 0)
			continue;
		if (phase != (int)figures[i].phase) {
			phase = (int)figures[i].phase;
			fprintf(out, "\n%s\n", phase_name(figures[i].phase));
		}
		print_figure((enum figure)i, &report->figures[i], out);
	}
	if (report->latencies[0][0].count > 0)
		print_latencies(report, out);
}

/* "name": {"median": 1, "min": 1, "max": 1, "samples": [1]} */
static void
print_json_samples(const char *name, const struct samples *samples, FILE *out)
{
	fprintf(out, "\"%s\": {\"median\": %.10g, \"min\": %.10g, \"max\": %.10g, \"samples\": [",
	    name,
	    samples_median(samples), samples_min(samples), samples_max(samples));
	for (uint32_t i = 0; i < samples->count; i++)
		fprintf(out, "%s%.10g", i > 0 ? ", " : "", samples->values[i]);
	fputs("]}", out);
}

/* The figures of one phase; nothing when there are none. */
static void
print_json_phase(const struct bench_report *report, enum phase phase, FILE *out)
{
	const char *comma = "";

	for (size_t i = 0; i < FIGURE_COUNT; i++) {
		if (figures[i].phase != phase || report->figures[i].count == 0)
			continue;
		if (*comma == '\0')
			fprintf(out, ",\n  \"%s\": {", phase_name(phase));
		fprintf(out, "%s\n    ", comma);
		print_json_samples(figures[i].name, &report->figures[i], out);
		comma = ",";
	}
	if (*comma != '\0')
		fputs("\n  }", out);
}

static void
print_json_latencies(const struct bench_report *report, FILE *out)
{
	fputs(",\n  \"latencies\": {", out);
	for (size_t i = 0; i < OPERATION_COUNT; i++) {
		fprintf(out, "%s\n    \"%s\": {", i > 0 ? "," : "", operations[i].name);
		for (size_t column = 0; column < LATENCY_COUNT; column++) {
			fprintf(out, "%s\n      ", column > 0 ? "," : "");
			print_json_samples(latency_columns[column].name,
			    &report->latencies[i][column], out);
		}
		fputs("\n    }", out);
	}
	fputs("\n  }", out);
}

/*
 * JSON (RFC 8259, section 7) text; "target" is a host and a port, what else is in it is shown as
 * '?'.
 */
static void
print_json_text(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text != '\0'; text++)
		fputc(*text < 0x20 || *text > 0x7e ||
		    *text == '"' || *text == '\\' ? '?' : *text, out);
	fputc('"', out);
}

void
bench_report_print_json(const struct bench_report *report, FILE *out)
{
	fputs("{\n  \"program\": \"tingyu-bench " PACKAGE_VERSION "\",\n  \"target\": ", out);
	print_json_text(report->target, out);
	fprintf(out, ",\n  \"clients\": %u,\n  \"processes\": %u", report->clients,
	    report->processes);
	for (size_t i = 0; i < PHASE_COUNT; i++)
		print_json_phase(report, (enum phase)i, out);
	if (report->latencies[0][0].count > 0)
		print_json_latencies(report, out);
	fputs("\n}\n", out);
}
