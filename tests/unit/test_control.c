/* SPDX-License-Identifier: ISC */
/* Commands and what becomes of them: from the bytes of a keyboard to what would be sent. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client-tui/control/commands.h"
#include "client-tui/control/incoming.h"
#include "shared/compiler.h"
#include "shared/protocol.h"
#include "tests/support/typist.h"

static int
set_up(void **state)
{
	*state = typist_new(80, 24);
	return 0;
}

static int
tear_down(void **state)
{
	typist_free(*state);
	return 0;
}

/* --- commands ----------------------------------------------------------------------------- */

static void
names_and_their_starts(void **state UNUSED)
{
	assert_string_equal(command_find(bytes_of_string("talk"))->name, "talk");
	assert_string_equal(command_find(bytes_of_string("TALK"))->name, "talk");
	assert_string_equal(command_find(bytes_of_string("us"))->name, "users");
	/* Two begin so. */
	assert_null(command_find(bytes_of_string("re")));
	assert_null(command_find(bytes_of_string("")));
	assert_null(command_find(bytes_of_string("talkx")));
	assert_string_equal(command_guess(bytes_of_string("tlak"))->name, "talk");
	assert_string_equal(command_guess(bytes_of_string("usres"))->name, "users");
	assert_null(command_guess(bytes_of_string("zzzzzz")));
}

static void
every_command_is_complete(void **state UNUSED)
{
	size_t count;
	const struct command *commands = command_table(&count);

	for (size_t i = 0; i < count; i++) {
		assert_ptr_equal(command_find(bytes_of_string(commands[i].name)), &commands[i]);
		assert_int_equal(commands[i].help[strlen(commands[i].help) - 1], '.');
		assert_true(
		    commands[i].least <= commands[i].most && commands[i].most < COMMAND_WORDS_MAX);
		assert_memory_equal(
		    commands[i].example + 1, commands[i].name, strlen(commands[i].name));
	}
}

static void
founding_numbers(void **state)
{
	static const struct {
		const char *number, *name;
	} founding[] = { { "2", "register" }, { "3", "login" }, { "4", "users" }, { "5", "online" },
		{ "6", "talk" }, { "12", "logout" }, { "14", "delete" }, { "-1", "quit" },
		{ "0", "help" } };
	struct typist *typist = *state;

	for (size_t i = 0; i < ARRAY_LEN(founding); i++)
		assert_string_equal(command_find_number(bytes_of_string(founding[i].number))->name,
		    founding[i].name);
	typist_enter(typist, "4 2");
	assert_string_equal(typist_sent(typist), "users 2\n");
	typist_refuse(typist, STATUS_NO_SUCH_PAGE);
	/* Also in the directory, where that led to. */
	typist_enter(typist, "5 11");
	assert_string_equal(typist_sent(typist), "find 11 11\n");
	typist_find(typist, 11, "bob", true);
	assert_string_equal(typist_last(typist), "bob (11) is online.");
}

static void
numbers_are_text_in_a_session(void **state)
{
	struct typist *typist = *state;

	typist_meet_bob(typist);
	typist_enter(typist, "-1");
	assert_string_equal(strchr(typist_sent(typist) + 7, ' '), " -1\n");
	assert_false(typist->control->wants_quit);
}

static void
quit_leaves_a_session_and_the_program(void **state)
{
	struct typist *typist = *state;

	typist_meet_bob(typist);
	typist_enter(typist, "quit");
	assert_string_equal(typist_sent(typist), "leave 11\n");
	assert_null(model_chat(typist->model, 11));
	assert_false(typist->control->wants_quit);
	typist_enter(typist, "-1");
	assert_true(typist->control->wants_quit);
}

static void
two_slashes_are_text(void **state)
{
	struct typist *typist = *state;

	typist_meet_bob(typist);
	typist_enter(typist, "//quit now");
	assert_non_null(strstr(typist_sent(typist), " /quit now\n"));
	typist_enter(typist, " /close");
	assert_non_null(strstr(typist_sent(typist), "  /close\n"));
	assert_non_null(model_chat(typist->model, 11));
}

static void
a_wrong_command_is_asked_about(void **state)
{
	struct typist *typist = *state;

	typist_enter(typist, "/tlak 11");
	assert_string_equal(
	    typist->model->ask.question, "/tlak: no such command. Did you mean /talk?");
	assert_string_equal(typist_sent(typist), "");
	typist_type(typist, "x");
	assert_int_equal(typist->model->ask.kind, ASK_KEY);
	typist_type(typist, "\033");
	assert_int_equal(typist->model->ask.kind, ASK_NOTHING);
	assert_string_equal(typist_draft(typist), "/tlak 11");
	typist_type(typist, "\r\r");
	assert_string_equal(typist_sent(typist), "find 11 11\n");
	assert_string_equal(typist_draft(typist), "");
	typist_find(typist, 11, "bob", false);
	assert_string_equal(
	    typist_last(typist), "bob (11) is not online, so there is nobody to talk to.");
	typist_enter(typist, "/zzzzzz");
	assert_non_null(strstr(typist_last(typist), "no such command"));
}

static void
a_start_that_several_have_names_them(void **state)
{
	struct typist *typist = *state;

	typist_enter(typist, "/red");
	assert_true(typist->control->wants_redraw);
	typist_enter(typist, "/re");
	assert_non_null(strstr(typist_last(typist), "/re is the start of /register"));
	assert_non_null(strstr(typist_last(typist), "/reconnect."));
	assert_string_equal(typist_draft(typist), "/re");
}

static void
wrong_arguments_get_the_usage(void **state)
{
	struct typist *typist = *state;

	typist_enter(typist, "/talk");
	assert_string_equal(
	    typist_last(typist), "usage: /talk UID|NAME · Opens a session with somebody.");
	typist_enter(typist, "/users 0");
	assert_string_equal(typist_last(typist), "0: a page is a number from 1 on.");
	typist_enter(typist, "/close");
	assert_non_null(strstr(typist_last(typist), "none is shown here"));
	typist_enter(typist, "/delete bob");
	assert_non_null(strstr(typist_last(typist), "wants the uid"));
	typist_enter(typist, "hello");
	assert_non_null(strstr(typist_last(typist), "Nobody reads"));
	assert_string_equal(typist_sent(typist), "");
}

static void
an_answer_goes_where_it_was_asked(void **state)
{
	struct typist *typist = *state;

	typist_meet_bob(typist);
	typist_enter(typist, "/online 77");
	typist_type(typist, "\0331");
	typist_refuse(typist, STATUS_NO_SUCH_USER);
	assert_int_equal(model_pane(typist->model).kind, PANE_HOME);
	assert_int_equal(typist->model->home.count, 0);
	typist_type(typist, "\0333");
	assert_string_equal(typist_last(typist), "77: There is no account with this uid or name.");
}

/* --- accounts ----------------------------------------------------------------------------- */

static void
passwords_are_never_shown(void **state)
{
	struct typist *typist = *state;
	struct msg_register_ok ok = { .uid = 16 };

	typist_sign_out(typist);
	typist_enter(typist, "/register bob");
	typist_type(typist, "geheim");
	assert_null(strstr(typist_screen(typist), "geheim"));
	typist_enter(typist, "");
	assert_string_equal(typist_sent(typist), "");
	typist_enter(typist, "geheim");
	assert_string_equal(typist_sent(typist), "register bob geheim\n");
	typist_answer(typist, MSG_REGISTER_OK, &ok);
	assert_non_null(strstr(typist_last(typist), "You are bob, uid 16."));
	assert_null(strstr(typist_screen(typist), "geheim"));
	/* Nor does it come back. */
	typist_type(typist, "\033[A");
	assert_string_equal(typist_draft(typist), "/register bob");
}

static void
a_password_in_the_line_is_refused_and_forgotten(void **state)
{
	struct typist *typist = *state;

	typist_sign_out(typist);
	typist_enter(typist, "/login 15 geheim");
	assert_string_equal(typist_last(typist),
	    "usage: /login [UID|NAME] · The password is asked for then, unseen. "
	    "What was typed is forgotten.");
	typist_type(typist, "\033[A");
	assert_string_equal(typist_draft(typist), "");
}

static void
two_different_passwords_make_no_account(void **state)
{
	struct typist *typist = *state;

	typist_sign_out(typist);
	typist_enter(typist, "/register bob");
	typist_enter(typist, "one");
	typist_enter(typist, "two");
	assert_string_equal(typist_sent(typist), "");
	assert_non_null(strstr(typist_last(typist), "not the same"));
}

static void
logging_in_by_uid_or_name(void **state)
{
	struct typist *typist = *state;

	typist_enter(typist, "/login 15");
	assert_non_null(strstr(typist_last(typist), "already"));
	typist_sign_out(typist);
	typist_enter(typist, "3 15");
	typist_enter(typist, "wrong");
	assert_string_equal(typist_sent(typist), "login 15 15 wrong\n");
	typist_refuse(typist, STATUS_WRONG_PROOF);
	assert_string_equal(typist_last(typist), status_text(STATUS_WRONG_PROOF));
	typist_enter(typist, "/login alice");
	typist_type(typist, "\033");
	assert_int_equal(typist->model->ask.kind, ASK_NOTHING);
	assert_string_equal(typist_sent(typist), "");
}

static void
deleting_asks_twice(void **state)
{
	struct typist *typist = *state;

	typist_enter(typist, "14 15");
	typist_enter(typist, "secret");
	assert_string_equal(typist_sent(typist), "");
	typist_type(typist, "n");
	assert_string_equal(typist_last(typist), "The account stays.");
	typist_enter(typist, "/delete 15");
	typist_enter(typist, "secret");
	typist_type(typist, "y");
	assert_string_equal(typist_sent(typist), "delete 15 secret\n");
	typist_refuse(typist, STATUS_WRONG_PROOF);
	assert_string_equal(typist_last(typist), status_text(STATUS_WRONG_PROOF));
}

/* --- sessions ----------------------------------------------------------------------------- */

static void
words_to_somebody_who_is_gone_stay(void **state)
{
	struct typist *typist = *state;

	typist_meet_bob(typist);
	incoming_on_message(typist->control, 11, bytes_of_string("hello\033[2J"));
	assert_string_equal(typist_last(typist), "hello\\x1b[2J");
	incoming_on_down(typist->control, 11, CHAT_ROAD_CLOSED, "bob left the session.");
	typist_enter(typist, "are you there?");
	assert_string_equal(typist_sent(typist), "");
	assert_string_equal(typist_draft(typist), "are you there?");
	assert_non_null(strstr(typist_last(typist), "not connected"));
}

static void
a_refused_call_says_why(void **state)
{
	struct typist *typist = *state;

	typist_enter(typist, "6 15");
	typist_find(typist, 15, "alice", true);
	assert_string_equal(typist_last(typist), "That is you.");
	typist_enter(typist, "/talk bob");
	typist->refuses = STATUS_BUSY;
	typist_find(typist, 11, "bob", true);
	assert_int_equal(model_chat(typist->model, 11)->road, CHAT_ROAD_REFUSED);
}

/* An open session is shown again without asking a server that may be away. */
static void
an_open_session_is_found_without_a_server(void **state)
{
	struct typist *typist = *state;

	typist_meet_bob(typist);
	typist_enter(typist, "/home");
	typist->refuses = STATUS_CLOSED;
	typist_enter(typist, "/talk BOB");
	assert_int_equal(model_pane(typist->model).uid, 11);
	typist_enter(typist, "/home");
	typist_enter(typist, "/talk 11");
	assert_int_equal(model_pane(typist->model).uid, 11);
	assert_string_equal(typist_sent(typist), "");
	/* Two by the same name: the server's directory decides. */
	incoming_on_up(typist->control, 12, bytes_of_string("bob"), CHAT_TRUST_SEALED, 3);
	typist_enter(typist, "/talk bob");
	assert_string_equal(typist_sent(typist), "find 0 bob\n");
	assert_non_null(strstr(typist_last(typist), "no connection to the server"));
}

static void
a_call_that_comes_is_told_at_home(void **state)
{
	struct typist *typist = *state;

	incoming_on_up(typist->control, 21, bytes_of_string("zhang"), CHAT_TRUST_SEALED, 3);
	assert_int_equal(model_pane(typist->model).kind, PANE_HOME);
	assert_string_equal(
	    typist_last(typist), "zhang (21) opened a session with you. /talk 21 shows it.");
	incoming_on_message(typist->control, 21, bytes_of_string("hello\033[2J"));
	assert_int_equal(model_unread(typist->model), 1);
	typist_enter(typist, "/talk 21");
	assert_null(strchr(typist_last(typist), '\033'));
	incoming_on_down(typist->control, 21, CHAT_ROAD_CLOSED, "zhang left the session.");
	assert_string_equal(typist_last(typist), "zhang left the session.");
	assert_non_null(model_chat(typist->model, 21));
}

static void
a_new_key_waits_for_a_person(void **state)
{
	struct typist *typist = *state;

	typist_enter(typist, "/talk bob");
	typist_find(typist, 11, "bob", true);
	typist_enter(typist, "/accept");
	assert_string_equal(
	    typist_last(typist), "bob has no new key, so there is nothing to accept.");
	incoming_on_new_key(typist->control, 11, bytes_of_string("bob"));
	assert_non_null(strstr(typist_last(typist), "bob has a new key."));
	assert_non_null(strstr(typist_screen(typist), "KEY CHANGED"));
	typist_sent(typist);
	typist_enter(typist, "/accept");
	typist_type(typist, "\033");
	assert_string_equal(typist_sent(typist), "");
	assert_int_equal(model_chat(typist->model, 11)->trust, CHAT_TRUST_CHANGED);
	typist_enter(typist, "/accept");
	typist_type(typist, "y");
	assert_string_equal(typist_sent(typist), "accept 11\n");
	assert_int_equal(model_chat(typist->model, 11)->trust, CHAT_TRUST_SEALED);
}

static void
contacts_come_and_go(void **state)
{
	struct typist *typist = *state;

	typist_enter(typist, "/add zhang");
	typist_find(typist, 21, "zhang", true);
	assert_string_equal(typist_sent(typist), "find 0 zhang\nadd 21\n");
	assert_int_equal(roster_find(&typist->model->roster, 21)->presence, PRESENCE_ONLINE);
	typist->refuses = STATUS_FULL;
	typist_enter(typist, "/add bob");
	typist->refuses = STATUS_OK;
	typist_sent(typist);
	typist_enter(typist, "/remove bob");
	assert_string_equal(typist_last(typist), "bob is no contact of yours.");
	typist_enter(typist, "/remove 21");
	assert_string_equal(typist_sent(typist), "leave 21\nremove 21\n");
	assert_null(roster_find(&typist->model->roster, 21));
	typist_meet_bob(typist);
	typist_enter(typist, "/remove bob");
	assert_string_equal(
	    typist_last(typist), "You are in a session with bob: /close leaves it first.");
	roster_set(model_change_roster(typist->model), 12, bytes_of_string("bob"));
	typist_enter(typist, "/remove bob");
	assert_string_equal(
	    typist_last(typist), "Several contacts have the name bob; use the uid.");
	assert_string_equal(typist_sent(typist), "");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_and_their_starts),
		TEST(every_command_is_complete),
		TEST(founding_numbers),
		TEST(numbers_are_text_in_a_session),
		TEST(quit_leaves_a_session_and_the_program),
		TEST(two_slashes_are_text),
		TEST(a_wrong_command_is_asked_about),
		TEST(a_start_that_several_have_names_them),
		TEST(wrong_arguments_get_the_usage),
		TEST(an_answer_goes_where_it_was_asked),
		TEST(passwords_are_never_shown),
		TEST(a_password_in_the_line_is_refused_and_forgotten),
		TEST(two_different_passwords_make_no_account),
		TEST(logging_in_by_uid_or_name),
		TEST(deleting_asks_twice),
		TEST(words_to_somebody_who_is_gone_stay),
		TEST(a_refused_call_says_why),
		TEST(an_open_session_is_found_without_a_server),
		TEST(a_call_that_comes_is_told_at_home),
		TEST(a_new_key_waits_for_a_person),
		TEST(contacts_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
