/* SPDX-License-Identifier: ISC */
/*
 * The connection breaks after the database has committed and before it has said so. Between the
 * store and MariaDB stands somebody who swallows every other answer to COMMIT, and hangs up.
 * Every verb has to be done once, and to say so.
 */

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/store/writer.h"
#include "shared/compiler.h"
#include "shared/mem.h"
#include "tests/support/database.h"
#include "tests/support/mariadb.h"
#include "tests/support/tmpdir.h"

static struct sockaddr_un
address_of(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return address;
}

/*
 * The commits seen so far, for the test to look at; in memory that it shares with the process
 * in between.
 */
static unsigned
count_in(int counter)
{
	char digits[16] = "";

	assert_true(pread(counter, digits, sizeof(digits) - 1, 0) >= 0);
	return (unsigned)atoi(digits);
}

static bool
is_commit(const char *bytes, ssize_t len)
{
	return len == 11 && memcmp(bytes + 5, "COMMIT", 6) == 0;
}

/* One connection, until either side hangs up, or until an answer to COMMIT has been swallowed. */
static void
pass_on(int client, int server, int counter, unsigned *commits)
{
	struct pollfd fds[2] = { { .fd = client, .events = POLLIN },
	    { .fd = server, .events = POLLIN } };
	static char bytes[65536];
	bool swallow = false;

	while (poll(fds, 2, -1) > 0) {
		for (int i = 0; i < 2; i++) {
			ssize_t len;

			if (fds[i].revents == 0)
				continue;
			len = read(fds[i].fd, bytes, sizeof(bytes));
			if (len <= 0 || (swallow && i == 1))
				return;
			if (i == 0 && is_commit(bytes, len)) {
				swallow = ++*commits % 2 == 1;
				dprintf(counter, "%u", *commits);
				lseek(counter, 0, SEEK_SET);
			}
			for (ssize_t at = 0; at < len;) {
				ssize_t written = write(fds[1 - i].fd, bytes + at,
				    (size_t)(len - at));

				if (written < 0)
					return;
				at += written;
			}
		}
	}
}

static void
stand_between(int listener, const char *server_path, int counter)
{
	struct sockaddr_un address = address_of(server_path);
	unsigned commits = 0;

	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int client = accept(listener, NULL, NULL);
		int server = socket(AF_UNIX, SOCK_STREAM, 0);

		if (client < 0 || connect(server, (struct sockaddr *)&address,
		    sizeof(address)) != 0)
			_exit(1);
		pass_on(client, server, counter, &commits);
		close(client);
		close(server);
	}
}

struct between {
	char *folder;
	int counter;
	pid_t pid;
	struct store_config config;	/* of the database, by way of us */
};

static void
start_between(struct between *between, const struct database *database)
{
	struct sockaddr_un address;
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t test = getpid();
	char *path, *counter;

	between->folder = tmpdir_new();
	between->config = database->config;
	path = tmpdir_path(between->folder, "s");
	counter = tmpdir_path(between->folder, "commits");
	snprintf(between->config.socket, sizeof(between->config.socket), "%s", path);
	address = address_of(path);
	between->counter = open(counter, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(between->counter >= 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 8), 0);
	between->pid = fork();
	assert_true(between->pid >= 0);
	if (between->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != test)
			_exit(1);
		stand_between(listener, database->config.socket, between->counter);
	}
	close(listener);
	free(path);
	free(counter);
}

static void
end_between(struct between *between)
{
	kill(between->pid, SIGKILL);
	assert_int_equal(waitpid(between->pid, NULL, 0), between->pid);
	close(between->counter);
	tmpdir_free(between->folder);
}

static void
every_verb_is_done_once_and_says_so(void **state)
{
	struct database *database = *state;
	const struct store_child child = { 0, 1 };
	struct between between;
	struct store *store;
	struct sample sample, other;
	struct verb_account_add_ok added;
	struct verb_bundle_put_ok put;
	bool was_there = false;

	if (database->mariadb == NULL)
		return;		/* a file does not hang up */
	start_between(&between, database);
	store = database_open(&between.config);

	sample_fill(&sample, 1, "lin");
	sample_fill(&other, 2, "lin");
	assert_int_equal(store_account_add(store, &sample.add, &added), STATUS_OK);
	assert_int_equal(count_in(between.counter), 2);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"), 1);
	assert_int_equal(database_ask(database, "SELECT live FROM account_block"), 1);
	assert_int_equal(database_ask(database, "SELECT uid FROM account"), added.uid);

	assert_int_equal(store_bundle_put(store, &(struct verb_bundle_put){ .uid = added.uid,
	    .version = 1,
	    .wrapped_key = other.add.wrapped_key, .bundle = other.add.bundle }, &put), STATUS_OK);
	assert_int_equal(put.version, 2);
	assert_int_equal(database_ask(database, "SELECT version FROM bundle"), 2);

	assert_int_equal(store_session_add(store, &child,
	    &(struct verb_session_add){ .uid = added.uid, .session = 1,
	    .host = bytes_of_string("::1") }), STATUS_OK);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM session"), 1);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM letter"), 0);
	assert_int_equal(store_session_remove(store, &child,
	    &(struct verb_session_remove){ .uid = added.uid, .session = 1 }), STATUS_OK);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM session"), 0);

	assert_int_equal(store_account_delete(store,
	    &(struct verb_account_delete){ .uid = added.uid }, &was_there), STATUS_OK);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"), 0);
	assert_int_equal(database_ask(database, "SELECT live FROM account_block"), 0);
	assert_int_equal(count_in(between.counter), 10);
	store_close(store);
	end_between(&between);
}

/* What the writer does with a batch that meets this. */
struct task {
	struct writer_job job;
	struct sample sample;
	struct verb_account_add_ok out;
	enum status status;
};

static enum status
run(void *arg UNUSED, struct store *store, struct writer_job *job)
{
	struct task *task = CONTAINER_OF(job, struct task, job);

	return store_account_add(store, &task->sample.add, &task->out);
}

static void
done(void *arg UNUSED, struct store *store UNUSED, struct writer_job *job, enum status status)
{
	CONTAINER_OF(job, struct task, job)->status = status;
}

static void
a_batch_is_done_once_and_says_so(void **state)
{
	enum { COUNT = 50 };
	const struct writer_options options = { .queue_max = COUNT, .run = run, .done = done };
	struct database *database = *state;
	struct between between;
	struct writer *writer;
	struct task *tasks = mem_new_array(COUNT, sizeof(*tasks));

	if (database->mariadb == NULL) {
		free(tasks);
		return;
	}
	start_between(&between, database);
	writer = writer_new(&options, store_new(&between.config, NULL));
	for (size_t i = 0; i < COUNT; i++) {
		sample_fill(&tasks[i].sample, i, "lin");
		assert_int_equal(writer_post(writer, &tasks[i].job, false), STATUS_OK);
	}
	writer_start(writer);
	writer_free(writer);
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(tasks[i].status, STATUS_OK);
		assert_int_equal(sample_add(database->store, i, "lin"), tasks[i].out.uid);
	}
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"), COUNT);
	assert_int_equal(database_ask(database, "SELECT live FROM account_block"), COUNT);
	assert_int_equal(count_in(between.counter), 2);
	end_between(&between);
	free(tasks);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_verb_is_done_once_and_says_so),
		cmocka_unit_test(a_batch_is_done_once_and_says_so),
	};

	return database_run_tests(tests, ARRAY_LEN(tests));
}
