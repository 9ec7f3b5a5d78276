/* SPDX-License-Identifier: ISC */
/* The form, everybody and help: what is typed there, what is asked, what is shown. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client-tui/control/incoming.h"
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

/* --- the form ----------------------------------------------------------------------------- */

static void
the_form_signs_in(void **state)
{
	struct typist *typist = *state;

	typist_sign_out(typist);
	typist_enter(typist, "/login");
	assert_true(typist->model->form.is_open);
	/* The server is filled in, the name of before too; only the password is missing. */
	assert_int_equal(typist->model->form.field, FORM_PASSWORD);
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
	typist_sign_out(typist);
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

	typist_sign_out(typist);
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

/* A server waits only so long for somebody who does not sign in; that is no news. */
static void
an_unused_connection_ends_in_silence(void **state)
{
	static const char sentence[] = "The end of it.";
	struct answer end = { .status = STATUS_TIMEOUT, .sentence = sentence };
	struct typist *typist = *state;

	typist_sign_out(typist);
	incoming_on_state(typist->control, SERVER_LINK_IDLE, &end, 0);
	assert_null(strstr(typist_screen(typist), sentence));
	end.status = STATUS_WRONG_PIN;
	incoming_on_state(typist->control, SERVER_LINK_IDLE, &end, 0);
	assert_non_null(strstr(typist_screen(typist), sentence));
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
keys_do_not_wait_for_a_page(void **state)
{
	struct typist *typist = *state;

	typist_enter(typist, "/users");
	show_everybody(typist, 1, 134);
	typist_type(typist, "\033[6~\033[6~\033[6~");
	assert_string_equal(typist_sent(typist), "users 2\nusers 3\nusers 4\n");
	assert_non_null(strstr(typist_screen(typist), "loading page 4"));
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

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_form_signs_in),
		TEST(the_form_asks_a_newcomer_twice),
		TEST(who_is_no_newcomer_types_it_once),
		TEST(the_form_says_what_is_missing_where_it_is),
		TEST(escape_stops_a_form_that_waits),
		TEST(an_unused_connection_ends_in_silence),
		TEST(answers_about_a_page_go_with_it),
		TEST(keys_do_not_wait_for_a_page),
		TEST(escape_ends_the_filter_and_then_the_page),
		TEST(i_am_one_of_everybody),
		TEST(help_has_two_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
