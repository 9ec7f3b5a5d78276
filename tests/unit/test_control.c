/* SPDX-License-Identifier: ISC */
/* Commands, keys, completion and pastes: from the bytes of a keyboard to what would be sent. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client-tui/control/commands.h"
#include "client-tui/control/incoming.h"
#include "client-tui/term/keys.h"
#include "shared/compiler.h"
#include "shared/mem.h"
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

/* A session with bob (11) is open and shown. */
static void
talk_to_bob(struct typist *typist)
{
	typist_enter(typist, "/talk bob");
	typist_find(typist, 11, "bob", true);
	incoming_on_up(typist->control, 11, bytes_of_string("bob"), CHAT_TRUST_SEALED, 3);
	typist_sent(typist);
}

static const char *
draft(const struct typist *typist)
{
	return model_draft(typist->model)->text;
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

	talk_to_bob(typist);
	typist_enter(typist, "-1");
	assert_string_equal(strchr(typist_sent(typist) + 7, ' '), " -1\n");
	assert_false(typist->control->wants_quit);
}

static void
quit_leaves_a_session_and_the_program(void **state)
{
	struct typist *typist = *state;

	talk_to_bob(typist);
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

	talk_to_bob(typist);
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
	assert_string_equal(draft(typist), "/tlak 11");
	typist_type(typist, "\r\r");
	assert_string_equal(typist_sent(typist), "find 11 11\n");
	assert_string_equal(draft(typist), "");
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
	assert_string_equal(draft(typist), "/re");
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

	talk_to_bob(typist);
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
sign_out(struct typist *typist)
{
	me_sign_out(model_change_me(typist->model));
}

static void
passwords_are_never_shown(void **state)
{
	struct typist *typist = *state;
	struct msg_register_ok ok = { .uid = 16 };

	sign_out(typist);
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
	assert_string_equal(draft(typist), "/register bob");
}

static void
a_password_in_the_line_is_refused_and_forgotten(void **state)
{
	struct typist *typist = *state;

	sign_out(typist);
	typist_enter(typist, "/login 15 geheim");
	assert_string_equal(typist_last(typist),
	    "usage: /login [UID|NAME] · The password is asked for then, unseen. "
	    "What was typed is forgotten.");
	typist_type(typist, "\033[A");
	assert_string_equal(draft(typist), "");
}

static void
two_different_passwords_make_no_account(void **state)
{
	struct typist *typist = *state;

	sign_out(typist);
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
	sign_out(typist);
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

static void
the_form_signs_in(void **state)
{
	struct typist *typist = *state;

	sign_out(typist);
	typist_enter(typist, "/login");
	assert_true(typist->model->form.is_open);
	/* The server is filled in, the name of before too. */
	typist_type(typist, "\033[A\033[A\033[A");
	while (typist->model->form.field != FORM_NAME)
		typist_type(typist, "\t");
	typist_type(typist, "\025bob\t");
	typist_enter(typist, "hunter2");
	assert_string_equal(typist_sent(typist), "server home.example\nlogin 0 bob hunter2\n");
	assert_true(typist->model->form.is_busy);
	typist_refuse(typist, STATUS_WRONG_PROOF);
	assert_int_equal(typist->model->form.field, FORM_PASSWORD);
	typist_enter(typist, "hunter3");
	typist_sent(typist);
	typist_answer(typist, MSG_LOGIN_OK, NULL);
	assert_false(typist->model->form.is_open);
}

/* The form of somebody who is new, with name and password in it. */
static void
fill_form(struct typist *typist)
{
	sign_out(typist);
	typist_enter(typist, "/register");
	typist_type(typist, "\025bob\r");
	typist_enter(typist, "hunter2");
}

static void
the_form_asks_a_newcomer_twice(void **state)
{
	struct typist *typist = *state;

	fill_form(typist);
	assert_string_equal(typist_sent(typist), "");
	assert_non_null(strstr(typist_screen(typist), "Again"));
	typist_enter(typist, "hunter3");
	assert_string_equal(typist_sent(typist), "");
	assert_non_null(strstr(typist->model->form.say, "not the same"));
	typist_enter(typist, "hunter2");
	typist_enter(typist, "hunter2");
	assert_string_equal(typist_sent(typist), "server home.example\nregister bob hunter2\n");
}

static void
who_is_no_newcomer_types_it_once(void **state)
{
	struct typist *typist = *state;

	fill_form(typist);
	/* From the password to the choice, "back", Enter. */
	typist_enter(typist, "\t ");
	assert_string_equal(typist_sent(typist), "server home.example\nlogin 0 bob hunter2\n");
}

static void
the_form_says_what_is_missing_where_it_is(void **state)
{
	struct typist *typist = *state;

	sign_out(typist);
	typist_enter(typist, "/register");
	typist_type(typist, "\025\r");
	assert_int_equal(typist->model->form.field, FORM_NAME);
	assert_string_equal(typist->model->form.say, "Which name?");
	typist_type(typist, "bad name");
	assert_string_equal(typist->model->form.say, "");
	typist_type(typist, "\r");
	assert_int_equal(typist->model->form.field, FORM_NAME);
	typist_type(typist, "\025bob\r");
	assert_int_equal(typist->model->form.field, FORM_PASSWORD);
	assert_string_equal(typist->model->form.say, "");
}

static void
escape_stops_a_form_that_waits(void **state)
{
	static const char sentence[] = "The other side refused the connection.";
	struct answer refusal = { .status = STATUS_CLOSED, .sentence = sentence };
	struct typist *typist = *state;

	fill_form(typist);
	typist_enter(typist, "hunter2");
	typist_sent(typist);
	incoming_on_state(typist->control, SERVER_LINK_OFFLINE, &refusal, typist->model->now_s + 4);
	assert_non_null(strstr(typist_screen(typist), sentence));
	assert_non_null(strstr(typist_screen(typist), "trying again in 4 s"));
	typist_type(typist, "\033");
	assert_string_equal(typist_sent(typist), "stop\n");
	assert_true(typist->model->form.is_open);
	assert_false(typist->model->form.is_busy);
	typist_type(typist, "\033");
	assert_false(typist->model->form.is_open);
}

/* --- everybody ---------------------------------------------------------------------------- */

static void
show_everybody(struct typist *typist, uint32_t page, uint64_t total)
{
	struct msg_user_list_ok end = { .page = page, .total = total };

	typist_add_user(typist, 15, "alice", "", true);
	typist_add_user(typist, 21, "zhang", "", true);
	typist_answer(typist, MSG_USER_LIST_OK, &end);
	typist_sent(typist);
}

static void
answers_about_a_page_go_with_it(void **state)
{
	struct typist *typist = *state;

	typist_enter(typist, "/users");
	show_everybody(typist, 1, 22);
	typist_type(typist, "\033[5~");
	assert_string_equal(typist_last(typist), "This is the first page.");
	typist_type(typist, "\033[6~");
	assert_string_equal(typist_sent(typist), "users 2\n");
	assert_string_equal(typist_last(typist), "");
	show_everybody(typist, 2, 22);
	typist_type(typist, "\033[6~");
	assert_string_equal(typist_last(typist), "This is the last page.");
	/* Where there is a line for it, no row of the page is covered. */
	assert_non_null(
	    strstr(typist_screen(typist), "│ This is the last page.\n F3 everybody   │ ›"));
	typist_type(typist, "\033[B");
	assert_string_equal(typist_last(typist), "");
}

static void
escape_ends_the_filter_and_then_the_page(void **state)
{
	struct typist *typist = *state;

	typist_enter(typist, "/users");
	show_everybody(typist, 1, 2);
	typist_enter(typist, "/filter z");
	assert_string_equal(typist_sent(typist), "users 1 z\n");
	show_everybody(typist, 1, 1);
	typist_type(typist, "\033");
	assert_string_equal(typist_sent(typist), "users 1\n");
	show_everybody(typist, 1, 2);
	typist_type(typist, "\033");
	assert_int_equal(model_pane(typist->model).kind, PANE_HOME);
}

static void
i_am_one_of_everybody(void **state)
{
	struct typist *typist = *state;

	typist_enter(typist, "/users");
	show_everybody(typist, 1, 2);
	assert_non_null(strstr(typist_screen(typist), "15 ● alice             you\n"));
	typist_type(typist, "\033[B");
	assert_non_null(strstr(
	    typist_screen(typist), "21 ● zhang             online        Enter talks · + adds\n"));
}

/* --- help --------------------------------------------------------------------------------- */

static void
help_has_two_ends(void **state)
{
	struct typist *typist = *state;

	typist_type(typist, "\033OP\033[F");
	assert_non_null(strstr(typist_screen(typist), "Back to the shell; fg brings tingyu back."));
	typist_type(typist, "\033[H");
	assert_non_null(strstr(typist_screen(typist), "Commands (a number alone"));
	typist_type(typist, " ");
	assert_null(strstr(typist_screen(typist), "Commands (a number alone"));
	typist_type(typist, "q");
	assert_false(typist->model->help.is_open);
}

/* --- sessions ----------------------------------------------------------------------------- */

static void
words_to_somebody_who_is_gone_stay(void **state)
{
	struct typist *typist = *state;

	talk_to_bob(typist);
	incoming_on_message(typist->control, 11, bytes_of_string("hello\033[2J"));
	assert_string_equal(typist_last(typist), "hello\\x1b[2J");
	incoming_on_down(typist->control, 11, CHAT_ROAD_CLOSED, "bob left the session.");
	typist_enter(typist, "are you there?");
	assert_string_equal(typist_sent(typist), "");
	assert_string_equal(draft(typist), "are you there?");
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

	talk_to_bob(typist);
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
	talk_to_bob(typist);
	typist_enter(typist, "/remove bob");
	assert_string_equal(
	    typist_last(typist), "You are in a session with bob: /close leaves it first.");
	roster_set(model_change_roster(typist->model), 12, bytes_of_string("bob"));
	typist_enter(typist, "/remove bob");
	assert_string_equal(
	    typist_last(typist), "Several contacts have the name bob; use the uid.");
	assert_string_equal(typist_sent(typist), "");
}

/* --- a paste ------------------------------------------------------------------------------ */

#define PASTE(text) "\033[200~" text "\033[201~"

static void
a_paste_is_never_a_command(void **state)
{
	struct typist *typist = *state;

	typist_type(typist, PASTE("/quit\r/delete 15\r-1\r"));
	assert_false(typist->control->wants_quit);
	typist_type(typist, "\r");
	assert_false(typist->control->wants_quit);
	assert_string_equal(typist_sent(typist), "");
	assert_non_null(strstr(typist_last(typist), "Nobody reads"));
}

static void
a_line_is_pasted_without_its_end(void **state)
{
	struct typist *typist = *state;

	typist_type(typist, "\033[200~/online 11\r\n\033[201~");
	assert_string_equal(draft(typist), "/online 11");
}

static void
a_pasted_command_is_text_in_a_session(void **state)
{
	struct typist *typist = *state;

	talk_to_bob(typist);
	typist_type(typist, PASTE("/close"));
	assert_int_equal(typist->model->ask.kind, ASK_PASTE);
	typist_type(typist, "e");
	assert_string_equal(draft(typist), "//close");
	typist_type(typist, "\r");
	assert_non_null(strstr(typist_sent(typist), " /close\n"));
	typist_type(typist, PASTE("/close") "\r");
	assert_non_null(strstr(typist_sent(typist), " /close\n"));
	assert_non_null(model_chat(typist->model, 11));
}

static void
a_long_paste_asks_first(void **state)
{
	struct typist *typist = *state;

	talk_to_bob(typist);
	typist_type(typist, PASTE("one\rtwo"));
	assert_string_equal(draft(typist), "one\ntwo");
	typist_type(typist, "\025\025\025");
	typist_type(typist, "\003" PASTE("1\r2\r3\r4\r5"));
	assert_string_equal(typist->model->ask.question, "5 lines pasted.");
	typist_type(typist, "\033");
	assert_string_equal(typist_sent(typist), "");
	assert_string_equal(draft(typist), "");
	typist_type(typist, PASTE("1\r2\r3\r4\r5") "\r");
	assert_non_null(strstr(typist_sent(typist), " 1\n2\n3\n4\n5\n"));
}

static void
a_paste_that_is_too_long_is_refused(void **state)
{
	struct typist *typist = *state;
	char *text = mem_format("\033[200~%0*d\033[201~", TEXT_MESSAGE_MAX + 1, 0);

	talk_to_bob(typist);
	typist_type(typist, text);
	assert_non_null(
	    strstr(typist_screen(typist), "That does not fit: 16384 bytes are the most."));
	assert_string_equal(draft(typist), "");
	free(text);
}

/* --- completion and keys ------------------------------------------------------------------ */

static void
tab_completes(void **state)
{
	struct typist *typist = *state;
	struct msg_user_list_ok end = { .page = 1, .pages = 7, .total = 134 };

	typist_type(typist, "/us\t");
	assert_string_equal(draft(typist), "/users ");
	typist_type(typist, "\r");
	typist_add_user(typist, 21, "zhang", "", true);
	typist_add_user(typist, 22, "zoe", "", true);
	typist_answer(typist, MSG_USER_LIST_OK, &end);
	typist_type(typist, "/talk z\t");
	assert_string_equal(draft(typist), "/talk zhang");
	typist_type(typist, "\t");
	assert_string_equal(draft(typist), "/talk zoe");
	typist_type(typist, "\t");
	assert_string_equal(draft(typist), "/talk zhang");
	typist_type(typist, "\033[Z");
	assert_string_equal(draft(typist), "/talk zoe");
	typist_type(typist, "\025/help ta\t");
	assert_string_equal(draft(typist), "/help talk ");
	typist_type(typist, "\025/users 7\t");
	assert_string_equal(draft(typist), "/users 7 ");
	typist_type(typist, "\025/talk nobody\t");
	assert_string_equal(draft(typist), "/talk nobody");
}

static void
the_hint_says_what_is_typed(void **state)
{
	struct typist *typist = *state;

	typist_type(typist, "/talk b");
	assert_string_equal(typist->model->hint, "/talk UID|NAME · Opens a session with somebody.");
	typist_type(typist, "\025/re");
	assert_string_equal(typist->model->hint, "register  remove  redraw  reconnect");
	typist_type(typist, "\0255 ");
	assert_non_null(strstr(typist->model->hint, "/online"));
	typist_type(typist, "\025");
	assert_string_equal(typist->model->hint, "");
}

static void
every_key_is_a_key_and_has_an_action(void **state UNUSED)
{
	static const char *const lines[] = {
#define BIND(line) line,
#include "client-tui/control/keys.def"
#undef BIND
	};
	struct key_event key;
	char name[KEYMAP_KEY_ROOM];

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		assert_null(keymap_check(lines[i]));
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(lines[i], " "), lines[i]);
		if (!key_parse(name, &key))
			fail_msg("%s is no key", name);
		assert_string_equal(key_name(&key), name);
	}
	assert_non_null(keymap_check("C-a"));
	assert_non_null(keymap_check("C-a fly"));
	assert_null(keymap_check("C-a none"));
}

static void
keys_can_be_changed(void **state)
{
	struct typist *typist = *state;

	assert_null(keymap_bind(typist->control->keymap, "C-x help"));
	assert_null(keymap_bind(typist->control->keymap, "F1 none"));
	typist_type(typist, "\033OP");
	assert_false(typist->model->help.is_open);
	typist_type(typist, "\030");
	assert_true(typist->model->help.is_open);
}

static void
ctrl_c_empties_then_asks(void **state)
{
	struct typist *typist = *state;

	typist_type(typist, "half a line\003");
	assert_string_equal(draft(typist), "");
	typist_type(typist, "\003");
	assert_int_equal(typist->model->ask.kind, ASK_KEY);
	typist_type(typist, "\033");
	assert_false(typist->control->wants_quit);
	typist_type(typist, "\003\003");
	typist_type(typist, "y");
	assert_true(typist->control->wants_quit);
}

static void
what_is_too_long_is_refused(void **state)
{
	struct typist *typist = *state;
	char *text = mem_format("%0*d", TEXT_MESSAGE_MAX, 0);

	typist_type(typist, text);
	typist_type(typist, "x");
	assert_non_null(
	    strstr(typist_screen(typist), "That does not fit: 16384 bytes are the most."));
	free(text);
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
		TEST(the_form_signs_in),
		TEST(the_form_asks_a_newcomer_twice),
		TEST(who_is_no_newcomer_types_it_once),
		TEST(the_form_says_what_is_missing_where_it_is),
		TEST(escape_stops_a_form_that_waits),
		TEST(answers_about_a_page_go_with_it),
		TEST(escape_ends_the_filter_and_then_the_page),
		TEST(i_am_one_of_everybody),
		TEST(help_has_two_ends),
		TEST(words_to_somebody_who_is_gone_stay),
		TEST(a_refused_call_says_why),
		TEST(an_open_session_is_found_without_a_server),
		TEST(a_call_that_comes_is_told_at_home),
		TEST(a_new_key_waits_for_a_person),
		TEST(contacts_come_and_go),
		TEST(a_paste_is_never_a_command),
		TEST(a_line_is_pasted_without_its_end),
		TEST(a_pasted_command_is_text_in_a_session),
		TEST(a_long_paste_asks_first),
		TEST(a_paste_that_is_too_long_is_refused),
		TEST(tab_completes),
		TEST(the_hint_says_what_is_typed),
		TEST(every_key_is_a_key_and_has_an_action),
		TEST(keys_can_be_changed),
		TEST(ctrl_c_empties_then_asks),
		TEST(what_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
