/* SPDX-License-Identifier: ISC */
/*
 * Events in, screens out; the screens are in tests/screens/. It is Saturday, 21 November 2026,
 * 14:02, in UTC.
 */

#include "tests/support/screen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client-tui/model/text.h"
#include "client-tui/view/view.h"
#include "shared/compiler.h"
#include "shared/mem.h"

#define TEXT bytes_of_string
#define FAMILY "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466"

enum {
	NOW = 1795269720,
	MINUTE = 60,
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR,
};

static struct model *model;

static int
begin(void **state UNUSED)
{
	model = model_new();
	model_set_now(model, NOW);
	return 0;
}

static int
end(void **state UNUSED)
{
	model_free(model);
	return 0;
}

#define SHOWS(name, columns, rows) assert_true(screen_is(model, name, columns, rows))

static void
shows_everywhere(const char *name)
{
	static const struct {
		int columns, rows;
	} sizes[] = { { 100, 30 }, { 80, 24 }, { 60, 20 }, { 40, 10 }, { 20, 3 }, { 8, 2 },
		{ 1, 1 } };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		SHOWS(name, sizes[i].columns, sizes[i].rows);
}

static void
type(const char *text)
{
	draft_type(model_change_draft(model), TEXT(text));
}

static void
sign_in(void)
{
	struct me *me = model_change_me(model);

	me_set_server(me, TEXT("home.example"));
	me_sign_in(me, 15, TEXT("alice"));
	me_set_link(me, ME_LINK_ONLINE, NOW, 0, TEXT(""));
}

static void
meet(uint64_t uid, const char *name, enum presence presence)
{
	struct roster *roster = model_change_roster(model);

	roster_set(roster, uid, TEXT(name));
	roster_set_presence(roster, uid, PRESENCE_ONLINE, NOW - 2 * HOUR);
	roster_set_presence(roster, uid, presence, NOW - 2 * HOUR);
}

static void
open_direct(uint64_t uid, const char *name)
{
	struct chat *chat = model_open_chat(model, uid, TEXT(name));

	chat_set_road(chat, CHAT_ROAD_DIRECT, NOW, TEXT(""));
	chat_set_round_trip(chat, 3);
	chat_set_trust(chat, CHAT_TRUST_SEALED);
}

static void
hear(uint64_t uid, uint64_t time_s, const char *text)
{
	model_add_theirs(model, uid, time_s, TEXT(text));
}

static void
say(uint64_t uid, uint64_t time_s, const char *text, enum delivery delivery)
{
	uint64_t id = model_add_mine(model, uid, time_s, TEXT(text));

	transcript_set_delivery(model_change_transcript(model, pane_chat(uid)), id, delivery);
}

static void
scroll(int columns, int rows, int lines)
{
	transcript_scroll(model_change_transcript(model, model_pane(model)),
	    view_scroll(model, columns, rows, lines));
}

/* The people of the drawings: alice is signed in, bob and carol and dave have chats. */
static void
begin_talk(void)
{
	sign_in();
	open_direct(11, "bob");
	open_direct(12, "carol");
	open_direct(13, "dave");
	chat_set_road(model_change_chat(model, 13), CHAT_ROAD_CLOSED, NOW, TEXT(""));
	meet(11, "bob", PRESENCE_ONLINE);
	meet(12, "carol", PRESENCE_ONLINE);
	meet(13, "dave", PRESENCE_ABSENT);
	meet(14, "erin", PRESENCE_UNREACHABLE);
	model_show(model, pane_chat(11));
}

/* --- the first run -------------------------------------------------------------------------- */

static void
open_form(void)
{
	form_open(model_change_form(model), TEXT("home.example:7400"),
	    TEXT("(found on this machine)"), TEXT("alice"), false);
}

static void
first_run(void **state UNUSED)
{
	open_form();
	type("password");
	shows_everywhere("form");
}

static void
first_run_refused(void **state UNUSED)
{
	open_form();
	type("wrong");
	form_submit(model_change_form(model), TEXT("Signing in…"));
	SHOWS("form-busy", 80, 24);
	form_refuse(model_change_form(model), FORM_PASSWORD,
	    TEXT("Wrong password or key for this account."));
	SHOWS("form-refused", 80, 24);
	SHOWS("form-refused", 40, 10);
	SHOWS("form-refused", 20, 3);
}

static void
first_run_choice(void **state UNUSED)
{
	open_form();
	form_next(model_change_form(model));
	form_choose(model_change_form(model), true);
	SHOWS("form-choice", 80, 24);
	model_set_ascii(model, true);
	SHOWS("form-choice-ascii", 60, 20);
}

/* --- home and sessions ------------------------------------------------------------------------ */

static void
home_of_a_newcomer(void **state UNUSED)
{
	sign_in();
	shows_everywhere("home");
}

static void
home_of_nobody(void **state UNUSED)
{
	model_note(model, pane_home(), TEXT("You are signed out."));
	SHOWS("home-nobody", 100, 30);
	SHOWS("home-nobody", 80, 24);
	SHOWS("home-nobody", 40, 10);
}

static void
home_answers(void **state UNUSED)
{
	sign_in();
	meet(11, "bob", PRESENCE_ONLINE);
	meet(12, "carol", PRESENCE_ABSENT);
	roster_select(model_change_roster(model), 1);
	type("/joni");
	model_alert(model, pane_home(), TEXT("/joni: no such command. Did you mean /join?"));
	model_note(model, pane_home(),
	    TEXT("/online UID: is that person online?\nExample: /online 15"));
	model_set_hint(model, TEXT("/joni: no such command"));
	SHOWS("home-answers", 100, 30);
	SHOWS("home-answers", 40, 10);
	SHOWS("home-answers", 20, 3);
}

static void
two_people_talk(void **state UNUSED)
{
	begin_talk();
	hear(11, NOW - DAY + 4 * HOUR, "did the build pass?");
	say(11, NOW - DAY + 4 * HOUR + MINUTE, "yes, all 412 tests", DELIVERY_READ);
	model_show(model, pane_home());
	hear(11, NOW - MINUTE,
	    "hello~\nand this is the second line of the same breath, wrapped under its own text, "
	    "never under the name");
	hear(12, NOW, "one");
	hear(12, NOW, "two");
	model_show(model, pane_chat(13));
	type("a draft");
	model_show(model, pane_chat(11));
	hear(11, NOW, "great. release tonight?");
	type("let me check the");
	shows_everywhere("talk");
	say(11, NOW, "let me check", DELIVERY_DELIVERED);
	say(11, NOW, "the list", DELIVERY_QUEUED);
	say(11, NOW,
	    "does this one fit, or is the word about what became of it left out because it is "
	    "long?",
	    DELIVERY_STORED);
	say(11, NOW, "and this?", DELIVERY_FAILED);
	SHOWS("delivery", 80, 24);
	SHOWS("delivery", 40, 10);
	model_fold_list(model, true);
	SHOWS("delivery-folded", 100, 30);
}

static void
unicode_talk(void **state UNUSED)
{
	begin_talk();
	hear(11, NOW, "听雨是一个终端里的即时通讯工具。消息从你这里直接到对方那里，中间没有服务器；没有人能够偷听。");
	say(11, NOW,
	    FAMILY " e\u0301te\u0301 \U0001F44D\U0001F3FD \U0001F1E9\U0001F1EA \u2764\uFE0F "
		   "안녕하세요 नमस्ते",
	    DELIVERY_DELIVERED);
	hear(11, NOW,
	    FAMILY FAMILY FAMILY FAMILY FAMILY FAMILY FAMILY FAMILY FAMILY FAMILY FAMILY FAMILY
		FAMILY FAMILY FAMILY FAMILY FAMILY FAMILY FAMILY FAMILY FAMILY FAMILY FAMILY FAMILY
		    FAMILY FAMILY FAMILY FAMILY FAMILY);
	hear(11, NOW, "a\ttab\tand columns\n1\t2\t3");
	type("今天的会议改到下午三点，请大家准时参加。地点不变。另外请把昨天的报告带来，我们要一起看一遍，然后决定下一步。");
	shows_everywhere("unicode");
}

static void
hostile_talk(void **state UNUSED)
{
	begin_talk();
	model_open_chat(model, 11, TEXT("\033[2Jbob\u202e\u200b"));
	meet(16, "a\033]0;you are owned\007", PRESENCE_ONLINE);
	model_open_chat(model, 17, TEXT("Alice"));
	meet(18, "dave", PRESENCE_ONLINE);
	hear(11, NOW,
	    "\033[31mred\033[0m \302\233"
	    "31m \rback\b\b\177 \u202egnp.exe\u202c \u2066x\u2069 \xff\xfe \355\240\200 end");
	hear(11, NOW, "line\r\nline\rline\n\n\nline");
	hear(11, NOW,
	    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e\u0349\u035a"
	    "\u032f\u031e\u0320\u034d"
	    "alg\u0334o and \u200b\u200b\u200bnothing\u2028more");
	shows_everywhere("hostile");
	model_show(model, pane_chat(17));
	hear(17, NOW, "I have your name");
	say(17, NOW, "so you are not me", DELIVERY_DELIVERED);
	SHOWS("namesake", 80, 24);
}

static void
a_message_of_16384_bytes(void **state UNUSED)
{
	char *text = mem_new(TEXT_MESSAGE_MAX + 1);
	size_t len = 0;

	begin_talk();
	for (int word = 0; len + 10 <= TEXT_MESSAGE_MAX; word++)
		len += (size_t)sprintf(text + len, "word%d ", word);
	memset(text + len, '.', TEXT_MESSAGE_MAX - len);
	hear(11, NOW, "before");
	hear(11, NOW, text);
	SHOWS("long-message", 80, 24);
	SHOWS("long-message", 40, 10);
	scroll(80, 24, -100);
	SHOWS("long-message-scrolled", 80, 24);
	scroll(80, 24, -1000);
	SHOWS("long-message-top", 80, 24);
	draft_paste(model_change_draft(model), TEXT(text));
	type("x");
	SHOWS("long-draft", 80, 24);
	free(text);
}

static void
hear_many(int count)
{
	char text[32];

	for (int i = 1; i <= count; i++) {
		snprintf(text, sizeof(text), "message %d", i);
		hear(11, NOW, text);
	}
}

static void
scrolled_up(void **state UNUSED)
{
	begin_talk();
	hear_many(60);
	scroll(80, 24, -view_page(model, 80, 24));
	SHOWS("scrolled", 80, 24);
	SHOWS("scrolled", 20, 3);
	hear(11, NOW, "one more");
	hear(11, NOW, "and another");
	SHOWS("scrolled-new", 100, 30);
	SHOWS("scrolled-new", 80, 24);
	SHOWS("scrolled-new", 40, 10);
	transcript_scroll(model_change_transcript(model, pane_chat(11)), view_first_new(model, 40,
	    10));
	SHOWS("first-new", 40, 10);
}

static bool
is_at_top(int columns, int rows)
{
	struct transcript_place here = view_scroll(model, columns, rows, 0),
				above = view_scroll(model, columns, rows, -1);

	return here.id == above.id && here.line == above.line;
}

static void
mark_seen(bool *seen, int columns, int rows)
{
	char *text = screen_text(model, columns, rows);

	for (int message = 1; message <= 200; message++) {
		char *line = mem_format("message %d\n", message);

		seen[message] |= strstr(text, line) != NULL;
		free(line);
	}
	free(text);
}

/* Paging up shows every message, and paging down leads back to the end. */
static void
pages_show_everything(void **state UNUSED)
{
	static const struct {
		int columns, rows;
	} sizes[] = { { 100, 30 }, { 80, 24 }, { 40, 10 }, { 20, 7 }, { 20, 3 }, { 80, 2 } };

	begin_talk();
	hear_many(200);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		int columns = sizes[i].columns, rows = sizes[i].rows, pages = 0;
		bool seen[201] = { false };

		mark_seen(seen, columns, rows);
		while (!is_at_top(columns, rows)) {
			scroll(columns, rows, -view_page(model, columns, rows));
			mark_seen(seen, columns, rows);
			assert_true(++pages < 500);
		}
		for (int message = 1; message <= 200; message++)
			if (!seen[message])
				fail_msg("message %d is not on any page at %dx%d", message, columns,
				    rows);
		for (int page = 0; page <= pages; page++)
			scroll(columns, rows, view_page(model, columns, rows));
		assert_int_equal(model_chat(model, 11)->transcript.place.id, 0);
	}
}

static void
more_than_is_kept(void **state UNUSED)
{
	begin_talk();
	hear_many(2100);
	scroll(80, 24, -100000);
	SHOWS("older-gone", 80, 24);
}

static void
sessions_that_ended(void **state UNUSED)
{
	static const struct {
		enum chat_road road;
		const char *name, *why;
	} ends[] = {
		{ CHAT_ROAD_CALLING, "road-calling", "" },
		{ CHAT_ROAD_REFUSED, "road-refused", "This user is not online now." },
		{ CHAT_ROAD_CLOSED, "road-closed", "" },
		{ CHAT_ROAD_LOST, "road-lost", "Nothing was heard for too long." },
	};

	begin_talk();
	hear(11, NOW, "bye");
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		chat_set_road(model_change_chat(model, 11), ends[i].road, NOW, TEXT(ends[i].why));
		SHOWS(ends[i].name, 100, 30);
		SHOWS(ends[i].name, 40, 10);
		SHOWS(ends[i].name, 40, 5);
	}
	chat_set_trust(model_change_chat(model, 11), CHAT_TRUST_CHANGED);
	SHOWS("key-changed", 100, 30);
	SHOWS("key-changed", 40, 10);
}

static void
news_of_others(void **state UNUSED)
{
	begin_talk();
	hear(11, NOW, "hello");
	hear(12, NOW, "one");
	hear(12, NOW, "two");
	model_note(model, pane_chat(13), TEXT("dave has left the session."));
	SHOWS("news", 100, 30);
	SHOWS("news", 80, 24);
	SHOWS("news", 40, 10);
}

static void
server_gone(void **state UNUSED)
{
	begin_talk();
	me_set_link(model_change_me(model), ME_LINK_WAITING, NOW - 12, NOW + 4,
	    TEXT("The connection broke."));
	SHOWS("offline", 100, 30);
	SHOWS("offline", 80, 24);
	SHOWS("offline", 40, 10);
	roster_forget_presence(model_change_roster(model));
	chat_set_road(model_change_chat(model, 12), CHAT_ROAD_LOST, NOW, TEXT(""));
	SHOWS("offline-sessions", 80, 24);
	model_show(model, pane_home());
	SHOWS("offline-home", 80, 24);
	me_set_link(model_change_me(model), ME_LINK_NONE, NOW, 0,
	    TEXT("Your account is used at another place now."));
	SHOWS("sent-away", 80, 24);
	SHOWS("sent-away", 40, 10);
}

/*
 * --- everybody ----------------------------------------------------------------------------------
 */

static const char *
display_of(unsigned uid)
{
	switch (uid) {
	case 21:
		return "张伟";
	case 23:
		return "Gustav Å.";
	case 25:
		return "\033[1m\u202ea very long display name of 64 bytes";
	default:
		return "";
	}
}

static void
load_page(uint32_t page)
{
	struct directory *directory = model_change_directory(model);
	char name[20];

	directory_load(directory, page);
	for (unsigned uid = 20 * page - 19; uid <= 20 * page; uid++) {
		snprintf(name, sizeof(name), "yuan%03u", uid);
		directory_add(directory, uid, TEXT(uid == 22 ? "abcdefghijklmnop" : name),
		    TEXT(display_of(uid)), uid % 3 == 0);
	}
	directory_finish(directory, page, 20, 134);
}

static void
page_2_of_7(void **state UNUSED)
{
	begin_talk();
	hear(12, NOW, "x");
	model_show(model, pane_directory());
	load_page(2);
	directory_select(model_change_directory(model), 2);
	shows_everywhere("directory");
	directory_select(model_change_directory(model), 99);
	SHOWS("directory-last", 40, 10);
	model_set_ascii(model, true);
	SHOWS("directory-ascii", 80, 24);
}

static void
directory_states(void **state UNUSED)
{
	struct directory *directory;

	sign_in();
	model_show(model, pane_directory());
	directory = model_change_directory(model);
	directory_load(directory, 1);
	SHOWS("directory-loading", 80, 24);
	directory_refuse(directory, TEXT("The server is busy; try again in a moment."));
	SHOWS("directory-refused", 80, 24);
	directory_set_filter(directory, TEXT("zh"), true);
	directory_load(directory, 1);
	directory_finish(directory, 1, 20, 0);
	SHOWS("directory-nobody", 80, 24);
	load_page(2);
	model_alert(model, pane_directory(), TEXT("There is no account with this uid or name."));
	SHOWS("directory-note", 80, 24);
	SHOWS("directory-note", 40, 10);
}

/*
 * --- questions, help, ASCII ----------------------------------------------------------------------
 */

static void
questions(void **state UNUSED)
{
	struct ask *ask;

	begin_talk();
	hear(11, NOW, "hello");
	ask = model_change_ask(model);
	ask_paste(ask, 1, TEXT("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n/quit\n"));
	shows_everywhere("ask-paste");
	ask_key(ask, 1, TEXT("Delete alice (15) for ever? Nobody can bring the account back."),
	    TEXT("y deletes it · Esc keeps it"), true);
	shows_everywhere("ask-delete");
	ask_secret(ask, 1, TEXT("Password of alice (15)"), 100);
	type("12345");
	shows_everywhere("ask-password");
	ask_line(ask, 1, TEXT("Names that begin with"), 16);
	type("zh");
	model_set_ascii(model, true);
	SHOWS("ask-line-ascii", 80, 24);
}

static void
help_over_everything(void **state UNUSED)
{
	static const char *const lines[] = {
		"Commands",
		"",
		"/talk UID       opens a session · the number is 6",
		("/users [page]   a page of the directory: everybody who has an account on this "
		 "server, 20 on a page"),
		"",
		"Keys",
		"",
		"F1              this help",
		"F3              everybody",
		"Alt-1 to Alt-9  panes by number",
		"PgUp, PgDn      older and newer messages",
		"Ctrl-C          empties the line",
	};

	sign_in();
	help_open(model_change_help(model), TEXT("Help"), lines, ARRAY_LEN(lines));
	SHOWS("help", 80, 24);
	SHOWS("help", 40, 10);
	SHOWS("help", 8, 2);
	help_scroll(model_change_help(model), 100, view_help_end(model, 40, 10));
	SHOWS("help-end", 40, 10);
}

static void
ascii_only(void **state UNUSED)
{
	begin_talk();
	model_set_ascii(model, true);
	hear(11, NOW - DAY, "hello");
	say(11, NOW, "hi", DELIVERY_DELIVERED);
	SHOWS("ascii", 100, 30);
	SHOWS("ascii", 80, 24);
	SHOWS("ascii", 40, 10);
}

static void
more_contacts_than_rows(void **state UNUSED)
{
	char name[16];

	begin_talk();
	for (uint64_t i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "person%02u", (unsigned)i);
		meet(100 + i, name, PRESENCE_ABSENT);
	}
	model_open_chat(model, 139, TEXT("person39"));
	hear(139, NOW, "hey");
	SHOWS("many-contacts", 100, 30);
	SHOWS("many-contacts", 60, 20);
	model_show(model, pane_chat(139));
	SHOWS("many-contacts-last", 80, 24);
}

/*
 * --- what holds for all
 * ------------------------------------------------------------------------------
 */

/* The meaning of a style is on the screen as a word too; these are for the eye. */
static void
styles_help_the_eye(void **state UNUSED)
{
	struct canvas canvas;

	begin_talk();
	hear(12, NOW, "x");
	say(11, NOW, "lost", DELIVERY_FAILED);
	canvas_init(&canvas);
	canvas_resize(&canvas, 80, 24);
	view_draw(model, &canvas);
	assert_int_equal(canvas_at(&canvas, 0, 0)->style, STYLE_REVERSE);
	assert_string_equal(canvas_at(&canvas, 3, 2)->text, "c");
	assert_int_equal(canvas_at(&canvas, 3, 2)->style, STYLE_BOLD);
	assert_int_equal(canvas_at(&canvas, 1, 2)->style, STYLE_GOOD);
	assert_string_equal(canvas_at(&canvas, 79, 2)->text, "!");
	assert_int_equal(canvas_at(&canvas, 79, 2)->style, STYLE_ALERT);
	canvas_clear(&canvas);
}

static void
draws_the_same_twice(void **state UNUSED)
{
	char *once, *again;
	uint64_t revision;

	begin_talk();
	hear_many(30);
	revision = model->revision;
	once = screen_text(model, 77, 23);
	again = screen_text(model, 77, 23);
	assert_string_equal(once, again);
	assert_int_equal(model->revision, revision);
	free(once);
	free(again);
}

/* Every size there is, with something of everything on the screen. */
static void
is_sound_at_every_size(void **state UNUSED)
{
	begin_talk();
	hear_many(30);
	hear(11, NOW, "听雨 " FAMILY " e\u0301 a word that is long");
	say(11, NOW, "听雨 " FAMILY " e\u0301 a word that is long", DELIVERY_STORED);
	type("听雨 " FAMILY);
	for (int columns = 1; columns <= 130; columns++)
		for (int rows = 1; rows <= 40; rows += 1 + rows / 12)
			free(screen_text(model, columns, rows));
}

static void
survives_anything(void **state UNUSED)
{
	uint8_t script[1000];

	for (unsigned seed = 1; seed <= 40; seed++) {
		uint32_t random = seed;

		for (size_t i = 0; i < sizeof(script); i++) {
			random = random * 1664525 + 1013904223;
			script[i] = (uint8_t)(random >> 24);
		}
		screen_play(bytes_of(script, sizeof(script)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(first_run, begin, end),
		cmocka_unit_test_setup_teardown(first_run_refused, begin, end),
		cmocka_unit_test_setup_teardown(first_run_choice, begin, end),
		cmocka_unit_test_setup_teardown(home_of_a_newcomer, begin, end),
		cmocka_unit_test_setup_teardown(home_of_nobody, begin, end),
		cmocka_unit_test_setup_teardown(home_answers, begin, end),
		cmocka_unit_test_setup_teardown(two_people_talk, begin, end),
		cmocka_unit_test_setup_teardown(unicode_talk, begin, end),
		cmocka_unit_test_setup_teardown(hostile_talk, begin, end),
		cmocka_unit_test_setup_teardown(a_message_of_16384_bytes, begin, end),
		cmocka_unit_test_setup_teardown(scrolled_up, begin, end),
		cmocka_unit_test_setup_teardown(pages_show_everything, begin, end),
		cmocka_unit_test_setup_teardown(more_than_is_kept, begin, end),
		cmocka_unit_test_setup_teardown(sessions_that_ended, begin, end),
		cmocka_unit_test_setup_teardown(news_of_others, begin, end),
		cmocka_unit_test_setup_teardown(server_gone, begin, end),
		cmocka_unit_test_setup_teardown(page_2_of_7, begin, end),
		cmocka_unit_test_setup_teardown(directory_states, begin, end),
		cmocka_unit_test_setup_teardown(questions, begin, end),
		cmocka_unit_test_setup_teardown(help_over_everything, begin, end),
		cmocka_unit_test_setup_teardown(ascii_only, begin, end),
		cmocka_unit_test_setup_teardown(more_contacts_than_rows, begin, end),
		cmocka_unit_test_setup_teardown(styles_help_the_eye, begin, end),
		cmocka_unit_test_setup_teardown(draws_the_same_twice, begin, end),
		cmocka_unit_test_setup_teardown(is_sound_at_every_size, begin, end),
		cmocka_unit_test(survives_anything),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
