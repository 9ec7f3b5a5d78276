/* SPDX-License-Identifier: ISC */
/*
 * The store when things break: its process killed or stopped, the database killed or stopped,
 * the disk full, while accounts are registered. What was acknowledged is there afterwards,
 * once; what was not may be asked again.
 */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "shared/compiler.h"
#include "tests/support/database.h"
#include "tests/support/mariadb.h"
#include "tests/support/store_process.h"

enum { ACCOUNTS = 1500 };

/* Accounts being registered, several at a time, each again and again until it is. */
struct crowd {
	struct event_base *base;
	struct store_client *client;
	size_t next, acknowledged, repeated;
	uint64_t uids[ACCOUNTS];
	bool is_paused;			/* nobody new */
};

static void register_account(struct crowd *crowd, uint32_t number);

struct later {
	struct crowd *crowd;
	uint32_t number;
	struct event *timer;
};

static void
on_later(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct later *later = arg;

	register_account(later->crowd, later->number);
	event_free(later->timer);
	free(later);
}

static void
register_later(struct crowd *crowd, uint32_t number, uint32_t ms)
{
	const struct timeval delay = { ms / 1000, ms % 1000 * 1000 };
	struct later *later = malloc(sizeof(*later));

	*later = (struct later){ crowd, number, evtimer_new(crowd->base, on_later, later) };
	event_add(later->timer, &delay);
	crowd->repeated++;
}

static void
on_registered(void *arg, const struct store_answer *answer)
{
	struct crowd *crowd = arg;

	if (answer->status == STATUS_STORE_AWAY || answer->status == STATUS_BUSY ||
	    answer->status == STATUS_DISK_FULL) {
		assert_true(answer->retry_ms > 0);
		register_later(crowd, answer->tag, answer->retry_ms);
		return;
	}
	if (answer->status != STATUS_OK)
		fail_msg("account %u: %s", answer->tag, status_text(answer->status));
	crowd->uids[answer->tag] = ((const struct verb_account_add_ok *)answer->message)->uid;
	crowd->acknowledged++;
	if (crowd->next < ACCOUNTS && !crowd->is_paused)
		register_account(crowd, (uint32_t)crowd->next++);
}

static void
register_account(struct crowd *crowd, uint32_t number)
{
	struct sample sample;

	sample_fill(&sample, number, "lin");
	store_client_ask(crowd->client, VERB_ACCOUNT_ADD, &sample.add, on_registered, crowd,
	    number);
}

static void
start_crowd(struct crowd *crowd, struct event_base *base, unsigned timeout_ms)
{
	*crowd = (struct crowd){ .base = base };
	crowd->client = store_client_new(base, timeout_ms, NULL, NULL);
}

static void
let_in(struct crowd *crowd, size_t count)
{
	while (count-- > 0)
		register_account(crowd, (uint32_t)crowd->next++);
}

/* Each acknowledged account is there under its uid, each uid once; nobody is there twice. */
static void
check_crowd(const struct crowd *crowd, const struct database *database)
{
	struct store *store = database_open(&database->config);

	assert_int_equal(crowd->acknowledged, ACCOUNTS);
	for (size_t i = 0; i < ACCOUNTS; i++) {
		struct verb_account_get_ok got;
		struct sample sample;

		sample_fill(&sample, i, "lin");
		assert_int_equal(store_account_get(store,
		    &(struct verb_account_get){ .uid = crowd->uids[i], .with_bundle = 1 }, &got),
		    STATUS_OK);
		assert_true(bytes_equal(got.identity, sample.add.identity));
		assert_true(bytes_equal(got.bundle, sample.add.bundle));
	}
	store_close(store);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"), ACCOUNTS);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM bundle"), ACCOUNTS);
	assert_int_equal(database_ask(database, "SELECT live FROM account_block WHERE block = 0") +
	    database_ask(database, "SELECT SUM(live) FROM account_block WHERE block > 0"),
	    ACCOUNTS);
}

static void
the_store_process_is_killed_again_and_again(void **state)
{
	struct database *database = *state;
	struct event_base *base = event_base_new();
	struct crowd crowd;
	uint32_t generation = 1;
	pid_t pid;
	int fd;

	start_crowd(&crowd, base, STORE_PATIENCE_MS);
	pid = store_process_start(&database->config, generation, &fd);
	store_client_attach(crowd.client, fd);
	let_in(&crowd, 40);
	for (size_t goal = 150; goal < ACCOUNTS; goal += 250) {
		loop_until(base, crowd.acknowledged >= goal);
		store_process_kill(pid);
		pid = store_process_start(&database->config, ++generation, &fd);
		store_client_attach(crowd.client, fd);
	}
	loop_until(base, crowd.acknowledged == ACCOUNTS);
	assert_true(crowd.repeated > 0);
	store_process_kill(pid);
	check_crowd(&crowd, database);
	store_client_free(crowd.client);
	event_base_free(base);
}

static void
the_database_is_killed_again_and_again(void **state)
{
	struct database *database = *state;
	struct event_base *base = event_base_new();
	struct crowd crowd;
	size_t repeated = 0;
	pid_t pid;
	int fd;

	if (database->mariadb == NULL) {
		event_base_free(base);
		return;
	}
	start_crowd(&crowd, base, STORE_PATIENCE_MS);
	pid = store_process_start(&database->config, 1, &fd);
	store_client_attach(crowd.client, fd);
	let_in(&crowd, 40);
	for (size_t goal = 300; goal < ACCOUNTS; goal += 500) {
		loop_until(base, crowd.acknowledged >= goal);
		mariadb_kill(database->mariadb);
		repeated = crowd.repeated;
		loop_until(base, crowd.repeated > repeated);
		mariadb_start(database->mariadb);
	}
	loop_until(base, crowd.acknowledged == ACCOUNTS);
	store_process_kill(pid);
	check_crowd(&crowd, database);
	store_client_free(crowd.client);
	event_base_free(base);
}

/* It hangs: connections stay, answers do not come. */
static void
the_database_is_stopped_and_goes_on(void **state)
{
	struct database *database = *state;
	struct event_base *base = event_base_new();
	struct crowd crowd;
	pid_t pid;
	int fd;

	if (database->mariadb == NULL) {
		event_base_free(base);
		return;
	}
	start_crowd(&crowd, base, 2000);
	pid = store_process_start(&database->config, 1, &fd);
	store_client_attach(crowd.client, fd);
	let_in(&crowd, 40);
	loop_until(base, crowd.acknowledged >= 300);
	mariadb_stop(database->mariadb);
	loop_until(base, crowd.repeated > 0);
	mariadb_go_on(database->mariadb);
	loop_until(base, crowd.acknowledged == ACCOUNTS);
	store_process_kill(pid);
	check_crowd(&crowd, database);
	store_client_free(crowd.client);
	event_base_free(base);
}

static void
the_store_process_is_stopped_and_goes_on(void **state)
{
	struct database *database = *state;
	struct event_base *base = event_base_new();
	struct crowd crowd;
	pid_t pid;
	int fd;

	start_crowd(&crowd, base, 1500);
	pid = store_process_start(&database->config, 1, &fd);
	store_client_attach(crowd.client, fd);
	let_in(&crowd, 40);
	loop_until(base, crowd.acknowledged >= 300);
	kill(pid, SIGSTOP);
	loop_until(base, crowd.repeated >= 40);
	kill(pid, SIGCONT);
	loop_until(base, crowd.acknowledged == ACCOUNTS);
	store_process_kill(pid);
	check_crowd(&crowd, database);
	store_client_free(crowd.client);
	event_base_free(base);
}

static off_t
size_of(const char *path)
{
	struct stat info;

	assert_int_equal(stat(path, &info), 0);
	return info.st_size;
}

/* No file of the store process may grow any more: what a full disk is to it. */
static void
the_disk_is_full_and_then_it_is_not(void **state)
{
	struct database *database = *state;
	struct event_base *base = event_base_new();
	struct rlimit limit;
	struct reply reply;
	struct crowd crowd;
	char wal[600];
	pid_t pid;
	int fd;

	if (database->mariadb != NULL) {
		event_base_free(base);
		return;
	}
	start_crowd(&crowd, base, STORE_PATIENCE_MS);
	pid = store_process_start(&database->config, 1, &fd);
	store_client_attach(crowd.client, fd);
	let_in(&crowd, 40);
	loop_until(base, crowd.acknowledged >= 300);
	crowd.is_paused = true;
	loop_until(base, store_client_pending(crowd.client) == 0);
	snprintf(wal, sizeof(wal), "%s-wal", database->config.path);
	assert_int_equal(prlimit(pid, RLIMIT_FSIZE, NULL, &limit), 0);
	limit.rlim_cur = (rlim_t)size_of(wal) + 100;
	assert_int_equal(prlimit(pid, RLIMIT_FSIZE, &limit, NULL), 0);

	crowd.is_paused = false;
	let_in(&crowd, 40);
	do {
		struct sample sample;

		sample_fill(&sample, 1000000, "last");
		reply = ask_and_wait(base, crowd.client, VERB_ACCOUNT_ADD, &sample.add);
	} while (reply.answer.status == STATUS_OK);
	assert_int_equal(reply.answer.status, STATUS_DISK_FULL);
	assert_true(reply.answer.retry_ms > 0);
	/* Reading goes on. */
	reply = ask_and_wait(base, crowd.client, VERB_ACCOUNT_FIND,
	    &(struct verb_account_find){ .uid = crowd.uids[0] });
	assert_int_equal(reply.answer.status, STATUS_OK);

	limit.rlim_cur = limit.rlim_max;
	assert_int_equal(prlimit(pid, RLIMIT_FSIZE, &limit, NULL), 0);
	loop_until(base, crowd.acknowledged == ACCOUNTS);
	store_process_kill(pid);
	check_crowd(&crowd, database);
	store_client_free(crowd.client);
	event_base_free(base);
}

/* The same by SQLite's own count of pages; deleting makes room. */
static void
room_that_is_made_is_used(void **state)
{
	struct database *database = *state;
	struct verb_account_add_ok out;
	struct sample sample;
	enum status status;
	uint64_t seed = 0;
	bool was_there = false;

	if (database->mariadb != NULL)
		return;
	store_close(database->store);
	database->config.sqlite_pages_max = 60;
	database->store = database_open(&database->config);
	do {
		sample_fill(&sample, ++seed, "lin");
		status = store_account_add(database->store, &sample.add, &out);
	} while (status == STATUS_OK);
	assert_int_equal(status, STATUS_DISK_FULL);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"), seed - 1);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM bundle"), seed - 1);
	assert_int_equal(database_ask(database, "SELECT live FROM account_block"), seed - 1);
	for (uint64_t uid = 1; uid <= 40; uid++)
		assert_int_equal(store_account_delete(database->store,
		    &(struct verb_account_delete){ .uid = uid }, &was_there), STATUS_OK);
	assert_int_equal(store_account_add(database->store, &sample.add, &out), STATUS_OK);
}

/* Killed with a full disk: the next one starts all the same, and works when there is room. */
static void
a_full_disk_is_no_reason_not_to_start(void **state)
{
	struct database *database = *state;
	struct event_base *base = event_base_new();
	struct store_client *client = store_client_new(base, STORE_PATIENCE_MS, NULL, NULL);
	struct rlimit limit, none;
	struct sample sample;
	struct reply reply;
	pid_t pid;
	int fd;

	if (database->mariadb != NULL) {
		store_client_free(client);
		event_base_free(base);
		return;
	}
	sample_add(database->store, 1, "lin");
	store_close(database->store);	/* the last one takes the -wal file along */
	database->store = NULL;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	signal(SIGXFSZ, SIG_IGN);
	fflush(NULL);		/* our own output may go to a file */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	pid = store_process_start(&database->config, 1, &fd);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	store_client_attach(client, fd);
	sample_fill(&sample, 2, "bo");
	reply = ask_and_wait(base, client, VERB_ACCOUNT_ADD, &sample.add);
	assert_true(reply.answer.status == STATUS_DISK_FULL ||
	    reply.answer.status == STATUS_STORE_AWAY);
	assert_int_equal(prlimit(pid, RLIMIT_FSIZE, &limit, NULL), 0);
	do
		reply = ask_patiently(base, client, VERB_ACCOUNT_ADD, &sample.add);
	while (reply.answer.status == STATUS_DISK_FULL);
	assert_int_equal(reply.answer.status, STATUS_OK);
	store_process_kill(pid);
	assert_int_equal(database_ask(database, "SELECT COUNT(*) FROM account"), 2);
	store_client_free(client);
	event_base_free(base);
}

/*
 * A store process that was killed holds its lock no longer; its replacement starts although
 * nobody has waited for it.
 */
static void
a_killed_holder_gives_its_file_back(void **state)
{
	struct database *database = *state;
	struct event_base *base = event_base_new();
	struct store_client *client = store_client_new(base, STORE_PATIENCE_MS, NULL, NULL);
	struct reply reply;
	pid_t pids[5];
	int fd, status;

	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		pids[i] = store_process_start(&database->config, 1, &fd);
		store_client_attach(client, fd);
		reply = ask_patiently(base, client, VERB_ACCOUNT_FIND,
		    &(struct verb_account_find){ .uid = 1 });
		assert_int_equal(reply.answer.status, STATUS_NO_SUCH_USER);
		kill(pids[i], SIGKILL);
	}
	for (size_t i = 0; i < ARRAY_LEN(pids); i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFSIGNALED(status));
	}
	store_client_free(client);
	event_base_free(base);
}

static void
a_second_process_on_the_same_file_gives_up(void **state)
{
	struct database *database = *state;
	struct event_base *base = event_base_new();
	struct store_client *client = store_client_new(base, STORE_PATIENCE_MS, NULL, NULL);
	struct reply reply;
	pid_t first, second;
	int fd, second_fd, status;

	if (database->mariadb != NULL) {
		store_client_free(client);
		event_base_free(base);
		return;
	}
	first = store_process_start(&database->config, 1, &fd);
	store_client_attach(client, fd);
	reply = ask_and_wait(base, client, VERB_ACCOUNT_FIND,
	    &(struct verb_account_find){ .uid = 1 });
	assert_int_equal(reply.answer.status, STATUS_NO_SUCH_USER);
	second = store_process_start(&database->config, 1, &second_fd);
	assert_int_equal(waitpid(second, &status, 0), second);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), STATUS_STORE_LOCKED);
	close(second_fd);
	reply = ask_and_wait(base, client, VERB_ACCOUNT_FIND,
	    &(struct verb_account_find){ .uid = 1 });
	assert_int_equal(reply.answer.status, STATUS_NO_SUCH_USER);
	store_process_kill(first);
	store_client_free(client);
	event_base_free(base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_store_process_is_killed_again_and_again),
		cmocka_unit_test(the_database_is_killed_again_and_again),
		cmocka_unit_test(the_database_is_stopped_and_goes_on),
		cmocka_unit_test(the_store_process_is_stopped_and_goes_on),
		cmocka_unit_test(the_disk_is_full_and_then_it_is_not),
		cmocka_unit_test(room_that_is_made_is_used),
		cmocka_unit_test(a_full_disk_is_no_reason_not_to_start),
		cmocka_unit_test(a_killed_holder_gives_its_file_back),
		cmocka_unit_test(a_second_process_on_the_same_file_gives_up),
	};

	return database_run_tests(tests, ARRAY_LEN(tests));
}
