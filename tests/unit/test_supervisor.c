/* SPDX-License-Identifier: ISC */
/* What the supervisor keeps in its folder, tells its programs, and finds out about ports. */

#include <limits.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/supervisor/ports.h"
#include "server/supervisor/program.h"
#include "server/supervisor/state.h"
#include "server/supervisor/team.h"
#include "shared/mem.h"
#include "shared/str.h"
#include "tests/support/process.h"
#include "tests/support/tmpdir.h"

struct fixture {
	char *folder;
	char *route;	/* "route-listen=…" */
	char *work;
	char *state;
	int fds[2];	/* they listen there */
};

/* A port that is nobody else's, also not when the listener is closed. */
static int
listen_somewhere(unsigned *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	*port = process_free_port();
	address.sin_port = htons((uint16_t)*port);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static int
set_up(void **state)
{
	struct fixture *fixture = mem_new(sizeof(*fixture));
	unsigned ports[2];

	fixture->folder = tmpdir_new();
	for (size_t i = 0; i < 2; i++)
		fixture->fds[i] = listen_somewhere(&ports[i]);
	fixture->state = mem_format("state-dir=%s", fixture->folder);
	fixture->route = mem_format("route-listen=127.0.0.1:%u", ports[0]);
	fixture->work = mem_format("work-listen=127.0.0.1:%u", ports[1]);
	*state = fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < 2; i++)
		if (fixture->fds[i] >= 0)
			close(fixture->fds[i]);
	tmpdir_free(fixture->folder);
	free(fixture->state);
	free(fixture->route);
	free(fixture->work);
	free(fixture);
	return 0;
}

/* --- the folder ----------------------------------------------------------- */

static void
one_supervisor_a_folder(void **state)
{
	struct fixture *fixture = *state;
	char sentence[STATE_SENTENCE_MAX] = "", pid[16];
	struct state first, second;
	char *text;

	assert_int_equal(state_open(fixture->folder, &first, sentence), STATUS_OK);
	text = tmpdir_read(fixture->folder, "server.pid");
	snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	assert_string_equal(text, pid);
	free(text);

	assert_int_equal(state_open(fixture->folder, &second, sentence), STATUS_BUSY);
	snprintf(pid, sizeof(pid), "pid %d ", (int)getpid());
	assert_non_null(strstr(sentence, pid));
	assert_non_null(strstr(sentence, fixture->folder));

	state_close(&first);
	assert_null(tmpdir_read(fixture->folder, "server.pid"));
	assert_int_equal(state_open(fixture->folder, &second, sentence), STATUS_OK);
	state_close(&second);
	assert_int_equal(rmdir(fixture->folder), 0);
	assert_int_equal(mkdir(fixture->folder, 0700), 0);
}

static void
what_a_killed_one_left_is_no_hindrance(void **state)
{
	struct fixture *fixture = *state;
	char sentence[STATE_SENTENCE_MAX];
	struct state opened;

	tmpdir_write(fixture->folder, "server.pid", "123456789\n");
	tmpdir_write(fixture->folder, "invite", "tingyu://old:1\n");
	assert_int_equal(state_open(fixture->folder, &opened, sentence), STATUS_OK);
	assert_null(tmpdir_read(fixture->folder, "invite"));
	state_close(&opened);
}

static void
a_folder_that_cannot_be_used_is_told(void **state)
{
	struct fixture *fixture = *state;
	char sentence[STATE_SENTENCE_MAX] = "";
	char *under_a_file = tmpdir_path(fixture->folder, "file/folder");
	struct state opened;

	tmpdir_write(fixture->folder, "file", "x");
	assert_int_not_equal(state_open(under_a_file, &opened, sentence), STATUS_OK);
	assert_non_null(strstr(sentence, under_a_file));
	free(under_a_file);
}

static void
the_invite_is_written(void **state)
{
	struct fixture *fixture = *state;
	char sentence[STATE_SENTENCE_MAX];
	struct state opened;
	char *text;

	assert_int_equal(state_open(fixture->folder, &opened, sentence), STATUS_OK);
	assert_int_equal(state_write_invite(&opened, "tingyu://a:1"), STATUS_OK);
	text = tmpdir_read(fixture->folder, "invite");
	assert_string_equal(text, "tingyu://a:1\n");
	free(text);
	state_close(&opened);
	assert_null(tmpdir_read(fixture->folder, "invite"));
}

/* The two programs read exactly what the supervisor has, whatever is in it. */
static void
settings_survive_the_file(void **state)
{
	struct fixture *fixture = *state;
	const char *const overrides[] = {
		fixture->state, fixture->route, "log-file=/tmp/a \"quoted\" \\ name # here",
		    "children=7",
		"route-server=tingyu://a.example:1", "route-server=tingyu://b.example:2",
		    "accept-registrations=no",
		"log-level=debug",
	};
	struct conf_mistakes mistakes = { 0 };
	struct settings before, after;
	char sentence[STATE_SENTENCE_MAX];
	struct state opened;
	struct bytes a, b;

	assert_int_equal(settings_load(NULL, false, overrides, ARRAY_LEN(overrides), &before,
	    &mistakes), STATUS_OK);
	assert_int_equal(state_open(fixture->folder, &opened, sentence), STATUS_OK);
	assert_int_equal(state_write_conf(&opened, &before), STATUS_OK);
	assert_int_equal(settings_load(opened.conf_path, true, NULL, 0, &after, &mistakes),
	    STATUS_OK);
	a = settings_encode(&before);
	b = settings_encode(&after);
	assert_true(bytes_equal(a, b));
	free((void *)(uintptr_t)a.data);
	free((void *)(uintptr_t)b.data);
	settings_clear(&before);
	settings_clear(&after);
	state_close(&opened);
}

static void
the_default_folder_follows_the_user(void **state UNUSED)
{
	char *folder;

	setenv("XDG_STATE_HOME", "/xdg", 1);
	setenv("HOME", "/home/somebody", 1);
	folder = state_default_folder();
	if (geteuid() == 0 || access(TINGYU_STATEDIR, W_OK) == 0) {
		assert_string_equal(folder, TINGYU_STATEDIR);
		free(folder);
		return;
	}
	assert_string_equal(folder, "/xdg/tingyu");
	free(folder);
	setenv("XDG_STATE_HOME", "relative", 1);
	folder = state_default_folder();
	assert_string_equal(folder, "/home/somebody/.local/state/tingyu");
	free(folder);
	unsetenv("XDG_STATE_HOME");
	unsetenv("HOME");
	assert_null(state_default_folder());
}

/* --- ports ---------------------------------------------------------------- */

static enum status
check_ports(const char *route, const char *work, char *sentence)
{
	const char *const overrides[] = { route, work };
	struct conf_mistakes mistakes = { 0 };
	struct settings settings;
	enum status status;

	assert_int_equal(settings_load(NULL, false, overrides, 2, &settings, &mistakes), STATUS_OK);
	status = ports_check(&settings, sentence);
	settings_clear(&settings);
	return status;
}

static void
taken_ports_are_told(void **state)
{
	struct fixture *fixture = *state;
	char sentence[PORTS_SENTENCE_MAX] = "";
	char *same;

	assert_int_equal(check_ports(fixture->route, fixture->work, sentence), STATUS_BAD_CONFIG);
	assert_non_null(strstr(sentence, strchr(fixture->route, '=') + 1));
	assert_non_null(strstr(sentence, "-o route-listen="));

	close(fixture->fds[0]);
	fixture->fds[0] = -1;
	assert_int_equal(check_ports(fixture->route, fixture->work, sentence), STATUS_BAD_CONFIG);
	assert_non_null(strstr(sentence, strchr(fixture->work, '=') + 1));
	assert_non_null(strstr(sentence, "-o work-listen="));

	close(fixture->fds[1]);
	fixture->fds[1] = -1;
	assert_int_equal(check_ports(fixture->route, fixture->work, sentence), STATUS_OK);
	/* And nothing is left of the attempt. */
	assert_int_equal(check_ports(fixture->route, fixture->work, sentence), STATUS_OK);

	same = mem_format("work-listen=%s", strchr(fixture->route, '=') + 1);
	assert_int_equal(check_ports(fixture->route, same, sentence), STATUS_BAD_CONFIG);
	free(same);
	assert_int_equal(check_ports("route-listen=127.0.0.1:0", fixture->work, sentence),
	    STATUS_BAD_CONFIG);
	assert_int_equal(check_ports("route-listen=192.0.2.1:7400", fixture->work, sentence),
	    STATUS_BAD_CONFIG);
	assert_non_null(strstr(sentence, "no address of this machine"));
}

/* --- each other ----------------------------------------------------------- */

static void
start_team(struct fixture *fixture, const char *more, struct arguments *arguments,
    struct team *team)
{
	char *argv[] = {
		(char *)"tingyu-server", (char *)"-c", (char *)"/dev/null", (char *)"-o",
		    fixture->state,
		(char *)"-o", (char *)(uintptr_t)more, NULL,
	};

	assert_int_equal(team_start(7, argv, arguments, team), ARGUMENTS_RUN);
}

static void
both_know_each_other(void **state)
{
	struct fixture *fixture = *state;
	char sentence[TEAM_SENTENCE_MAX], pin[2 * CREDENTIALS_PIN_SIZE + 1],
	    invite[ENDPOINT_INVITE_SIZE];
	struct arguments arguments;
	struct team team;

	start_team(fixture, "route-server=tingyu://other.example:7400", &arguments, &team);
	assert_int_equal(team_meet(&team, sentence), STATUS_OK);
	str_to_hex(bytes_of(team.credentials.pin, CREDENTIALS_PIN_SIZE), pin);
	assert_int_equal(team.settings.allowed_work.count, 1);
	assert_string_equal(team.settings.allowed_work.items[0], pin);
	assert_int_equal(team.settings.route_servers.count, 2);
	team_invite(&team, invite);
	assert_string_equal(team.settings.route_servers.items[1], invite);
	assert_memory_equal(team_pin(&team), team.credentials.pin, CREDENTIALS_PIN_SIZE);

	/* Again: nothing is there twice. */
	assert_int_equal(team_reload(&team, &arguments, sentence), STATUS_OK);
	assert_int_equal(team.settings.allowed_work.count, 1);
	assert_int_equal(team.settings.route_servers.count, 2);
	team_clear(&team);
	arguments_clear(&arguments);
}

static const struct {
	const char *listen;
	const char *invite;
	const char *from_here;
} addresses[] = {
	{ "route-listen=127.0.0.1:7400", "tingyu://127.0.0.1:7400/?pin=",
	    "tingyu://127.0.0.1:7400/?pin=" },
	{ "route-listen=0.0.0.0:7400", "tingyu://127.0.0.1:7400/?pin=",
	    "tingyu://127.0.0.1:7400/?pin=" },
	{ "route-listen=[::]:7400", "tingyu://127.0.0.1:7400/?pin=", "tingyu://[::1]:7400/?pin=" },
	{ "route-listen=192.0.2.7:7400", "tingyu://192.0.2.7:7400/?pin=",
	    "tingyu://192.0.2.7:7400/?pin=" },
};

static void
people_are_told_an_address_that_they_can_use(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
		char sentence[TEAM_SENTENCE_MAX], invite[ENDPOINT_INVITE_SIZE];
		struct arguments arguments;
		struct team team;

		start_team(fixture, addresses[i].listen, &arguments, &team);
		assert_int_equal(team_meet(&team, sentence), STATUS_OK);
		team_invite(&team, invite);
		assert_memory_equal(invite, addresses[i].invite, strlen(addresses[i].invite));
		assert_memory_equal(team.settings.route_servers.items[0], addresses[i].from_here,
		    strlen(addresses[i].from_here));
		team_clear(&team);
		arguments_clear(&arguments);
	}
}

static void
without_encryption_there_is_no_pin(void **state)
{
	char sentence[TEAM_SENTENCE_MAX], invite[ENDPOINT_INVITE_SIZE];
	struct arguments arguments;
	struct team team;

	start_team(*state, "insecure-plaintext=yes", &arguments, &team);
	assert_int_equal(team_meet(&team, sentence), STATUS_OK);
	assert_null(team_pin(&team));
	team_invite(&team, invite);
	assert_null(strstr(invite, "pin"));
	assert_int_equal(team.settings.allowed_work.count, 1);
	team_clear(&team);
	arguments_clear(&arguments);
}

static void
a_bad_reload_changes_nothing(void **state)
{
	struct fixture *fixture = *state;
	char sentence[TEAM_SENTENCE_MAX] = "";
	char *conf = tmpdir_path(fixture->folder, "conf");
	char *argv[] = { (char *)"tingyu-server", (char *)"-c", conf, (char *)"-o",
	    fixture->state, NULL };
	struct arguments arguments;
	struct team team;
	uint8_t pin[CREDENTIALS_PIN_SIZE];

	tmpdir_write(fixture->folder, "conf", "idle-seconds 60\n");
	assert_int_equal(team_start(5, argv, &arguments, &team), ARGUMENTS_RUN);
	assert_int_equal(team_meet(&team, sentence), STATUS_OK);
	memcpy(pin, team.credentials.pin, sizeof(pin));

	tmpdir_write(fixture->folder, "conf", "idle-seconds 70\nrubbish\n");
	assert_int_equal(team_reload(&team, &arguments, sentence), STATUS_BAD_CONFIG);
	assert_int_equal(team.settings.idle_seconds, 60);

	tmpdir_write(fixture->folder, "conf", "idle-seconds 70\n");
	tmpdir_write(fixture->folder, "certificate.pem", "rubbish\n");
	assert_int_not_equal(team_reload(&team, &arguments, sentence), STATUS_OK);
	assert_int_equal(team.settings.idle_seconds, 60);
	assert_memory_equal(team.credentials.pin, pin, sizeof(pin));
	assert_int_equal(team.settings.allowed_work.count, 1);

	/* A new pair: the new pin alone is allowed. */
	unlink(team.settings.certificate);
	unlink(team.settings.private_key);
	assert_int_equal(team_reload(&team, &arguments, sentence), STATUS_OK);
	assert_int_equal(team.settings.idle_seconds, 70);
	assert_memory_not_equal(team.credentials.pin, pin, sizeof(pin));
	assert_int_equal(team.settings.allowed_work.count, 1);
	assert_int_equal(team.settings.route_servers.count, 1);
	team_clear(&team);
	arguments_clear(&arguments);
	free(conf);
}

/* --- patience ------------------------------------------------------------- */

static void
every_death_costs_more_time(void **state UNUSED)
{
	static const uint64_t seconds[] = { 0, 1, 2, 4, 8, 16, 30, 30 };

	for (unsigned deaths = 0; deaths < ARRAY_LEN(seconds); deaths++)
		assert_int_equal(program_wait_ms(deaths), seconds[deaths] * 1000);
	assert_int_equal(program_wait_ms(UINT_MAX), 30000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_death_costs_more_time),
		cmocka_unit_test_setup_teardown(one_supervisor_a_folder, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_a_killed_one_left_is_no_hindrance, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_used_is_told, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(the_invite_is_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(settings_survive_the_file, set_up, tear_down),
		cmocka_unit_test(the_default_folder_follows_the_user),
		cmocka_unit_test_setup_teardown(taken_ports_are_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(both_know_each_other, set_up, tear_down),
		cmocka_unit_test_setup_teardown(people_are_told_an_address_that_they_can_use,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_encryption_there_is_no_pin, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(a_bad_reload_changes_nothing, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
