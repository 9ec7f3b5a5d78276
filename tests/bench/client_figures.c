/* SPDX-License-Identifier: ISC */
/*
 * What the full screen costs a person: the real tingyu on a pty, at a real server, with somebody to
 * talk to. Figures and no judgement: one line each, its name and what tests/bench/client.sh makes a
 * table of. Output is looked for in the bytes that a terminal would get.
 */

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shared/compiler.h"
#include "shared/mem.h"
#include "tests/bench/client_proc.h"
#include "tests/support/process.h"
#include "tests/support/pty.h"
#include "tests/support/real_server.h"

enum {
	COLUMNS = 80,
	ROWS = 24,
	STARTS = 41,
	KEYS = 501,
	LINE_KEYS = 32, /* so many in a line, then it is emptied */
	MESSAGES = 301,
	BURST = 1000, /* as many as a session takes at once from one person (peer_limits), ... */
	PORTION = 200, /* ... with so many under way */
	PORTION_US = 10000,
	LOAD_EACH_US = 2700, /* and then 400 a second */
	QUIET_MS = 30,
	SEEN_MAX = 4 * 1024 * 1024,
};

/* Somebody at a terminal. "seen" is what came since the last forget(). */
struct client {
	struct pty pty;
	char *seen;
	size_t len;
};

/* Somebody without one, who writes. */
struct writer {
	struct process *process;
	int input;
	atomic_bool is_stopped;
};

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void NO_RETURN
give_up(const char *what)
{
	fprintf(stderr, "client_figures: %s\n", what);
	exit(EXIT_FAILURE);
}

/* --- figures ------------------------------------------------------------------------------ */

static int
compare(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* In units of "unit_ns" with as many decimals as make sense there. */
static void
report_times(const char *name, uint64_t *times, size_t count, double unit_ns)
{
	qsort(times, count, sizeof(*times), compare);
	printf("%s median %.3f p99 %.3f least %.3f most %.3f\n", name, (double)times[count / 2] / unit_ns,
	    (double)times[count * 99 / 100] / unit_ns, (double)times[0] / unit_ns,
	    (double)times[count - 1] / unit_ns);
	fflush(stdout);
}

/* --- a terminal --------------------------------------------------------------------------- */

static void
start_on(struct client *client, const char *const argv[], const char *state, const char *config)
{
	const char *const variables[] = { state, config, "TERM=xterm-256color", "LC_ALL=C.UTF-8", "LINES",
		"COLUMNS", "NO_COLOR", NULL };

	client->len = 0;
	if (client->seen == NULL)
		client->seen = mem_new(SEEN_MAX);
	if (pty_start(argv, variables, COLUMNS, ROWS, &client->pty) != STATUS_OK)
		give_up("no pty");
}

static void
start_client(struct client *client, const struct real_server *server, const char *name)
{
	char *state = mem_format("XDG_STATE_HOME=%s/%s", server->folder, name);
	char *config = mem_format("XDG_CONFIG_HOME=%s/%s", server->folder, name);
	char *program = mem_string(process_program("tingyu"));
	const char *const argv[] = { program, "-s", server->invite, NULL };

	start_on(client, argv, state, config);
	free(state);
	free(config);
	free(program);
}

/* One piece of output, if it comes in time. */
static bool
take(struct client *client, int timeout_ms)
{
	struct pollfd fd = { .fd = client->pty.fd, .events = POLLIN };
	ssize_t got;

	if (poll(&fd, 1, timeout_ms) <= 0)
		return false;
	got = read(client->pty.fd, client->seen + client->len, SEEN_MAX - client->len);
	if (got <= 0)
		return false;
	client->len += (size_t)got;
	return true;
}

static void
forget(struct client *client)
{
	client->len = 0;
}

/* Until nothing more comes. */
static void
settle(struct client *client)
{
	while (take(client, QUIET_MS))
		forget(client);
	forget(client);
}

static uint64_t
wait_for(struct client *client, const char *text)
{
	while (memmem(client->seen, client->len, text, strlen(text)) == NULL) {
		if (!take(client, PROCESS_PATIENCE_MS)) {
			fprintf(stderr, "%.*s\n", (int)client->len, client->seen);
			give_up(text);
		}
	}
	return now_ns();
}

static void
type(struct client *client, const char *text)
{
	if (write(client->pty.fd, text, strlen(text)) < 0)
		give_up("typing");
}

static void
end_client(struct client *client)
{
	kill(client->pty.pid, SIGTERM);
	while (take(client, PROCESS_PATIENCE_MS))
		forget(client);
	waitpid(client->pty.pid, NULL, 0);
	close(client->pty.fd);
}

static void
register_client(struct client *client, const struct real_server *server, const char *name)
{
	start_client(client, server, name);
	wait_for(client, "Tab next field");
	type(client, name);
	type(client, "\ta secret\r");
	wait_for(client, "Again");
	type(client, "a secret\r");
	wait_for(client, "You are online.");
	settle(client);
}

/* --- start and idleness ------------------------------------------------------------------- */

static void
measure_start(const struct real_server *server)
{
	uint64_t first[STARTS];
	struct client client = { .len = 0 };

	for (size_t i = 0; i < STARTS; i++) {
		uint64_t before = now_ns();

		start_client(&client, server, "bob");
		first[i] = wait_for(&client, "F3 everybody") - before;
		settle(&client);
		end_client(&client);
	}
	report_times("first_screen_ms", first, STARTS, 1e6);
	free(client.seen);
}

static void
report_memory(const char *name, const struct client *client)
{
	printf("%s_rss_mb %.2f\n%s_pss_mb %.2f\n", name,
	    (double)client_proc_memory_kb(client->pty.pid, "Rss:") / 1024, name,
	    (double)client_proc_memory_kb(client->pty.pid, "Pss:") / 1024);
	fflush(stdout);
}

static void
measure_idle(struct client *client, int seconds)
{
	uint64_t end = now_ns() + (uint64_t)seconds * 1000000000u;
	unsigned long before = client_proc_switches(client->pty.pid), cpu = client_proc_cpu_us(client->pty.pid);

	while (now_ns() < end) {
		take(client, (int)((end - now_ns()) / 1000000 + 1));
		forget(client);
	}
	printf("idle_wakeups_a_minute %.2f\nidle_cpu_us_a_minute %.0f\n",
	    (double)(client_proc_switches(client->pty.pid) - before) * 60 / seconds,
	    (double)(client_proc_cpu_us(client->pty.pid) - cpu) * 60 / seconds);
	fflush(stdout);
}

/* --- keys --------------------------------------------------------------------------------- */

/* Letters that no message, no word on the screen and no control sequence has. */
static const char *const letters[] = { "Q", "V", "Y", "U" };

static void
measure_keys(const char *name, struct client *client)
{
	uint64_t times[KEYS];

	forget(client);
	for (size_t i = 0; i < KEYS; i++) {
		/* Not where it stood before: what is the same in the next frame is not drawn again. */
		const char *letter = letters[(i + i / LINE_KEYS) % ARRAY_LEN(letters)];
		uint64_t before = now_ns();

		type(client, letter);
		times[i] = wait_for(client, letter) - before;
		if (i % LINE_KEYS == LINE_KEYS - 1)
			type(client, "\025"); /* Ctrl-U: the line is empty again */
		take(client, 7);
		forget(client);
	}
	type(client, "\025");
	report_times(name, times, KEYS, 1e3);
}

/* What the same costs with nobody but the kernel and cat(1). */
static void
measure_cat(void)
{
	const char *const argv[] = { "/bin/cat", NULL };
	struct client client = { .len = 0 };
	uint64_t times[KEYS];

	start_on(&client, argv, "A=", "B=");
	for (size_t i = 0; i < KEYS; i++) {
		uint64_t before = now_ns();

		/* The line discipline echoes at once; the second copy is cat's own. */
		type(&client, "Q\n");
		wait_for(&client, "Q\r\nQ\r\n");
		times[i] = now_ns() - before;
		forget(&client);
		take(&client, 2);
	}
	report_times("cat_echo_us", times, KEYS, 1e3);
	end_client(&client);
	free(client.seen);
}

/* --- messages ----------------------------------------------------------------------------- */

static void
tell(const struct writer *writer, const char *line)
{
	if (dprintf(writer->input, "%s\n", line) < 0)
		give_up("telling");
}

static void
start_writer(struct writer *writer, const struct real_server *server, const char *name)
{
	char *pipe = mem_format("%s/input", server->folder);
	char *command = mem_format("exec '%s' --headless -s '%s' <'%s'", process_program("tingyu"),
	    server->invite, pipe);
	char *state = mem_format("XDG_STATE_HOME=%s/%s", server->folder, name);
	char *line = mem_format("/register %s", name);
	const char *const argv[] = { "/usr/bin/env", "LC_ALL=C.UTF-8", state, "/bin/sh", "-c", command, NULL };

	if (mkfifo(pipe, 0600) != 0 || (writer->input = open(pipe, O_RDWR | O_CLOEXEC)) < 0)
		give_up(pipe);
	writer->process = process_start("writer", argv);
	tell(writer, line);
	tell(writer, "a secret");
	tell(writer, "a secret");
	if (!process_wait_line(writer->process, "state online", PROCESS_PATIENCE_MS))
		give_up("the writer is not online");
	free(pipe);
	free(command);
	free(state);
	free(line);
}

static void
connect_both(const struct writer *writer, struct client *client)
{
	tell(writer, "/talk bob");
	wait_for(client, "opened a session");
	type(client, "/talk alice\r");
	wait_for(client, "connected to alice");
	settle(client);
}

static void
measure_messages(const struct writer *writer, struct client *client)
{
	uint64_t times[MESSAGES];
	char token[32];

	for (size_t i = 0; i < MESSAGES; i++) {
		uint64_t before;

		snprintf(token, sizeof(token), "t%05zut", i);
		before = now_ns();
		tell(writer, token);
		times[i] = wait_for(client, token) - before;
		settle(client);
	}
	report_times("message_us", times, MESSAGES, 1e3);
}

static void
advance(struct timespec *next, long us)
{
	next->tv_nsec += us * 1000;
	next->tv_sec += next->tv_nsec / 1000000000;
	next->tv_nsec %= 1000000000;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, NULL);
}

static void *
write_burst(void *arg)
{
	const struct writer *writer = arg;
	struct timespec next;
	char line[64];

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (int i = 0; i < BURST; i++) {
		if (i % PORTION == 0 && i > 0)
			advance(&next, PORTION_US);
		snprintf(line, sizeof(line), "line %04d of the burst", i);
		tell(writer, line);
	}
	/* Like no other line: curses writes only what is different. */
	tell(writer, "and then: silence");
	return NULL;
}

static size_t
count_seen(const struct client *client, const char *text)
{
	const char *at = client->seen, *end = at + client->len;
	size_t count = 0;

	while ((at = memmem(at, (size_t)(end - at), text, strlen(text))) != NULL) {
		at += strlen(text);
		count++;
	}
	return count;
}

static void
measure_burst(struct writer *writer, struct client *client)
{
	unsigned long cpu = client_proc_cpu_us(client->pty.pid);
	uint64_t before = now_ns();
	pthread_t thread;

	pthread_create(&thread, NULL, write_burst, writer);
	before = wait_for(client, "and then: silence") - before;
	pthread_join(thread, NULL);
	/* The cursor comes back to where one types at the end of a frame. */
	printf("burst_ms %.1f\nburst_cpu_ms %.1f\nburst_frames %zu\nburst_bytes %zu\n",
	    (double)before / 1e6, (double)(client_proc_cpu_us(client->pty.pid) - cpu) / 1e3,
	    count_seen(client, "\033[24;21H"), client->len);
	fflush(stdout);
	settle(client);
}

static void *
write_on(void *arg)
{
	struct writer *writer = arg;
	struct timespec next;
	unsigned count = 0;
	char line[64];

	clock_gettime(CLOCK_MONOTONIC, &next);
	while (!atomic_load(&writer->is_stopped)) {
		snprintf(line, sizeof(line), "message %06u under load", count++);
		tell(writer, line);
		advance(&next, LOAD_EACH_US);
	}
	return NULL;
}

static void
measure_keys_under_load(struct writer *writer, struct client *client)
{
	pthread_t thread;

	pthread_create(&thread, NULL, write_on, writer);
	wait_for(client, "under load");
	measure_keys("key_echo_loaded_us", client);
	atomic_store(&writer->is_stopped, true);
	pthread_join(thread, NULL);
	settle(client);
}

int
main(int argc, char **argv)
{
	int idle_seconds = argc > 1 ? atoi(argv[1]) : 120;
	struct real_server server = { .folder = NULL };
	struct client client = { .len = 0 };
	struct writer writer = { .process = NULL };

	real_server_start(&server);
	register_client(&client, &server, "bob");
	end_client(&client);
	measure_start(&server);
	start_client(&client, &server, "bob");
	settle(&client);
	report_memory("start", &client);
	measure_cat();
	measure_keys("key_echo_us", &client);
	if (idle_seconds > 0)
		measure_idle(&client, idle_seconds);
	start_writer(&writer, &server, "alice");
	connect_both(&writer, &client);
	measure_messages(&writer, &client);
	measure_burst(&writer, &client);
	measure_keys_under_load(&writer, &client);
	report_memory("lines", &client);
	end_client(&client);
	process_free(writer.process);
	real_server_clear(&server);
	free(client.seen);
	return 0;
}
