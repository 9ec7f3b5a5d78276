/* SPDX-License-Identifier: ISC */
/* Pastes, completion and keys: what becomes of them in the line. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
	assert_string_equal(typist_draft(typist), "/online 11");
}

static void
a_pasted_command_is_text_in_a_session(void **state)
{
	struct typist *typist = *state;

	typist_meet_bob(typist);
	typist_type(typist, PASTE("/close"));
	assert_int_equal(typist->model->ask.kind, ASK_PASTE);
	typist_type(typist, "e");
	assert_string_equal(typist_draft(typist), "//close");
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

	typist_meet_bob(typist);
	typist_type(typist, PASTE("one\rtwo"));
	assert_string_equal(typist_draft(typist), "one\ntwo");
	typist_type(typist, "\025\025\025");
	typist_type(typist, "\003" PASTE("1\r2\r3\r4\r5"));
	assert_string_equal(typist->model->ask.question, "5 lines pasted.");
	typist_type(typist, "\033");
	assert_string_equal(typist_sent(typist), "");
	assert_string_equal(typist_draft(typist), "");
	typist_type(typist, PASTE("1\r2\r3\r4\r5") "\r");
	assert_non_null(strstr(typist_sent(typist), " 1\n2\n3\n4\n5\n"));
}

static void
a_paste_that_is_too_long_is_refused(void **state)
{
	struct typist *typist = *state;
	char *text = mem_format("\033[200~%0*d\033[201~", TEXT_MESSAGE_MAX + 1, 0);

	typist_meet_bob(typist);
	typist_type(typist, text);
	assert_non_null(
	    strstr(typist_screen(typist), "That does not fit: 16384 bytes are the most."));
	assert_string_equal(typist_draft(typist), "");
	free(text);
}

/* --- completion and keys ------------------------------------------------------------------ */

static void
tab_completes(void **state)
{
	struct typist *typist = *state;
	struct msg_user_list_ok end = { .page = 1, .pages = 7, .total = 134 };

	typist_type(typist, "/us\t");
	assert_string_equal(typist_draft(typist), "/users ");
	typist_type(typist, "\r");
	typist_add_user(typist, 21, "zhang", "", true);
	typist_add_user(typist, 22, "zoe", "", true);
	typist_answer(typist, MSG_USER_LIST_OK, &end);
	typist_type(typist, "/talk z\t");
	assert_string_equal(typist_draft(typist), "/talk zhang");
	typist_type(typist, "\t");
	assert_string_equal(typist_draft(typist), "/talk zoe");
	typist_type(typist, "\t");
	assert_string_equal(typist_draft(typist), "/talk zhang");
	typist_type(typist, "\033[Z");
	assert_string_equal(typist_draft(typist), "/talk zoe");
	typist_type(typist, "\025/help ta\t");
	assert_string_equal(typist_draft(typist), "/help talk ");
	typist_type(typist, "\025/users 7\t");
	assert_string_equal(typist_draft(typist), "/users 7 ");
	typist_type(typist, "\025/talk nobody\t");
	assert_string_equal(typist_draft(typist), "/talk nobody");
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
	assert_string_equal(typist_draft(typist), "");
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
