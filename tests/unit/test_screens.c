/* SPDX-License-Identifier: ISC */
/* What a person sees: bytes of a keyboard and events in, the whole screen out. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client-tui/control/incoming.h"
#include "shared/compiler.h"
#include "shared/protocol.h"
#include "tests/support/typist.h"

static void
expect(struct typist *typist, const char *screen)
{
	assert_string_equal(typist_screen(typist), screen);
}

static void
open_directory(struct typist *typist)
{
	struct msg_user_list_ok end = { .page = 2, .pages = 7, .total = 134 };

	typist_enter(typist, "4 2");
	typist_add_user(typist, 21, "zhang", "张伟", true);
	typist_add_user(typist, 22, "frida", "", false);
	typist_answer(typist, MSG_USER_LIST_OK, &end);
}

static void
talk(struct typist *typist)
{
	typist_enter(typist, "/talk zhang");
	typist_find(typist, 21, "zhang", true);
	incoming_on_up(typist->control, 21, bytes_of_string("zhang"), CHAT_TRUST_SEALED, 3);
	incoming_on_message(typist->control, 21, bytes_of_string("你好, \033[2Jalice"));
	typist_enter(typist, "hi~");
	incoming_on_delivery(typist->control, 21, TRANSCRIPT_FIRST_ID + 2, DELIVERY_DELIVERED);
	typist_type(typist, "听雨");
}

static void
everybody_at_80x24(void **state UNUSED)
{
	struct typist *typist = typist_new(80, 24);

	open_directory(typist);
	expect(typist,
	    " alice (15) · online at home.example                          Sat 21 Nov  14:02\n"
	    " nobody yet     │ Everybody                          page 2 of 7 · 134 accounts\n"
	    "                │›     21 ● zhang             online  张伟  Enter talks · + adds\n"
	    "                │      22 ○ frida\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │ PgUp PgDn turn · g jumps · o online · /filter NAME · Esc back\n"
	    " F3 everybody   │ ›\n");
	typist_free(typist);
}

static void
everybody_at_40x10(void **state UNUSED)
{
	struct typist *typist = typist_new(40, 10);

	open_directory(typist);
	expect(typist,
	    "alice (15) · online at home.example\n"
	    "Everybody     page 2 of 7 · 134 accounts\n"
	    "›     21 ● zhang             张伟\n"
	    "      22 ○ frida\n"
	    "\n"
	    "\n"
	    "\n"
	    "\n"
	    "PgUp PgDn turn · o online · Esc back\n"
	    "›\n");
	typist_free(typist);
}

static void
a_session_at_80x24(void **state UNUSED)
{
	struct typist *typist = typist_new(80, 24);

	talk(typist);
	expect(typist,
	    " alice (15) · online at home.example     zhang · direct · sealed · not verified\n"
	    "›● zhang        │──────────────────────────── today ────────────────────────────\n"
	    "                │ 14:02 --    You are connected to zhang. /close leaves the\n"
	    "                │             session.\n"
	    "                │ 14:02 zhang 你好, \\x1b[2Jalice\n"
	    "                │ 14:02 alice hi~                                   delivered ✓✓\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    "                │\n"
	    " F3 everybody   │ › 听雨\n");
	typist_free(typist);
}

static void
a_session_at_40x10(void **state UNUSED)
{
	struct typist *typist = typist_new(40, 10);

	talk(typist);
	expect(typist,
	    "zhang · direct · not verified      alice\n"
	    "──────────────── today ─────────────────\n"
	    "14:02 --    You are connected to zhang.\n"
	    "            /close leaves the session.\n"
	    "14:02 zhang 你好, \\x1b[2Jalice\n"
	    "14:02 alice hi~             delivered ✓✓\n"
	    "\n"
	    "\n"
	    "\n"
	    "› 听雨\n");
	typist_free(typist);
}

static void
a_wrong_command_at_40x10(void **state UNUSED)
{
	struct typist *typist = typist_new(40, 10);

	typist_enter(typist, "/tlak zhang");
	expect(typist,
	    "alice (15) · online at home.example\n"
	    "Messages go straight from you to them.\n"
	    "\n"
	    "F3 shows everybody; Enter there opens a\n"
	    "session.\n"
	    "/talk UID opens one with somebody whose\n"
	    "number you know.\n"
	    "\n"
	    "/tlak: no such command. Did you mean\n"
	    "/talk? Enter runs it · Esc edits\n");
	typist_free(typist);
}

/* At any size something is drawn, and the sizes that the drawings name are exact. */
static void
never_garbage(void **state UNUSED)
{
	struct typist *typist = typist_new(80, 24);

	talk(typist);
	for (int columns = 1; columns <= 120; columns += 7)
		for (int rows = 1; rows <= 40; rows += 3) {
			control_resize(typist->control, columns, rows);
			assert_null(strchr(typist_screen(typist), '\033'));
		}
	control_resize(typist->control, 8, 2);
	assert_non_null(strstr(typist_screen(typist), "听雨"));
	typist_free(typist);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everybody_at_80x24),
		cmocka_unit_test(everybody_at_40x10),
		cmocka_unit_test(a_session_at_80x24),
		cmocka_unit_test(a_session_at_40x10),
		cmocka_unit_test(a_wrong_command_at_40x10),
		cmocka_unit_test(never_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
