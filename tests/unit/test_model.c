/* SPDX-License-Identifier: ISC */
#include "client-tui/model/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/compiler.h"

#define TEXT bytes_of_string

static struct model *model;

static int
begin(void **state UNUSED)
{
	model = model_new();
	return 0;
}

static int
end(void **state UNUSED)
{
	model_free(model);
	return 0;
}

static void
knows_who_i_am(void **state UNUSED)
{
	struct me *me = model_change_me(model);

	assert_string_equal(me_link_words(me->link), "not connected");
	me_set_server(me, TEXT("home.example\033"));
	me_sign_in(me, 15, TEXT("alice"));
	me_set_link(me, ME_LINK_WAITING, 100, 104, TEXT("The connection broke."));
	assert_string_equal(model->me.server, "home.example\\x1b");
	assert_string_equal(model->me.name, "alice");
	assert_string_equal(me_link_words(model->me.link), "offline");
	assert_string_equal(model->me.why, "The connection broke.");
	me_sign_out(me);
	assert_int_equal(model->me.uid, 0);
	/* Whose it is what stands in the panes, and who may want to sign in again. */
	assert_string_equal(model->me.name, "alice");
}

/* --- contacts ---------------------------------------------------------------------- */

static void
sorts_contacts_by_name(void **state UNUSED)
{
	struct roster *roster = model_change_roster(model);
	static const uint64_t expected[] = { 4, 2, 9, 3 };

	roster_set(roster, 3, TEXT("carol"));
	roster_set(roster, 9, TEXT("Bob"));
	roster_set(roster, 2, TEXT("bob"));
	roster_set(roster, 4, TEXT("zoe"));
	roster_set(roster, 4, TEXT("alice"));
	assert_int_equal(roster->count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(roster->contacts[i].uid, expected[i]);
	roster_remove(roster, 9);
	roster_remove(roster, 77);
	assert_null(roster_find(roster, 9));
	assert_int_equal(roster->contacts[2].uid, 3);
}

static void
knows_who_is_there(void **state UNUSED)
{
	struct roster *roster = model_change_roster(model);

	roster_set(roster, 3, TEXT("carol"));
	assert_int_equal(roster_find(roster, 3)->presence, PRESENCE_UNKNOWN);
	assert_true(roster_set_presence(roster, 3, PRESENCE_ONLINE, 100));
	assert_false(roster_set_presence(roster, 4, PRESENCE_ONLINE, 100));
	assert_int_equal(roster_find(roster, 3)->seen_s, 0);
	roster_set_presence(roster, 3, PRESENCE_ABSENT, 200);
	roster_set_presence(roster, 3, PRESENCE_ABSENT, 300);
	assert_int_equal(roster_find(roster, 3)->seen_s, 200);
	/* A new name changes nothing else. */
	roster_set(roster, 3, TEXT("carola"));
	assert_int_equal(roster_find(roster, 3)->seen_s, 200);
	roster_forget_presence(roster);
	assert_int_equal(roster_find(roster, 3)->presence, PRESENCE_UNKNOWN);
}

static void
keeps_the_selected_contact(void **state UNUSED)
{
	struct roster *roster = model_change_roster(model);

	roster_select(roster, 1);
	assert_int_equal(roster->selected, 0);
	roster_set(roster, 2, TEXT("bob"));
	roster_set(roster, 3, TEXT("carol"));
	roster_select(roster, 1);
	assert_int_equal(roster->selected, 2);
	roster_select(roster, 1);
	roster_select(roster, 5);
	assert_int_equal(roster->selected, 3);
	roster_set(roster, 1, TEXT("alice"));
	assert_int_equal(roster->selected, 3);
	roster_select(roster, -9);
	assert_int_equal(roster->selected, 1);
	roster_remove(roster, 1);
	assert_int_equal(roster->selected, 2);
	roster_select(roster, 1);
	roster_remove(roster, 3);
	assert_int_equal(roster->selected, 2);
	roster_remove(roster, 2);
	assert_int_equal(roster->selected, 0);
}

/* --- everybody ---------------------------------------------------------------------- */

static void
add_people(struct directory *directory, uint64_t first, size_t count)
{
	for (uint64_t i = 0; i < count; i++)
		directory_add(directory, first + i, TEXT("name"), TEXT(""), i == 0);
}

static void
shows_a_page_when_all_of_it_is_there(void **state UNUSED)
{
	struct directory *directory = model_change_directory(model);

	directory_load(directory, 1);
	add_people(directory, 1, 20);
	assert_int_equal(directory->count, 0);
	directory_finish(directory, 1, 20, 134);
	assert_int_equal(directory->count, 20);
	assert_int_equal(directory->pages, 7);
	assert_int_equal(directory->state, DIRECTORY_SHOWN);

	/* A page that never came in full leaves nothing behind. */
	directory_load(directory, 2);
	add_people(directory, 21, 3);
	directory_refuse(directory, TEXT("The list has no such page."));
	assert_int_equal(directory->count, 20);
	assert_int_equal(directory->page, 1);
	assert_string_equal(directory->why, "The list has no such page.");
	directory_load(directory, 7);
	add_people(directory, 121, 14);
	directory_finish(directory, 7, 20, 134);
	assert_int_equal(directory->count, 14);
	assert_string_equal(directory->why, "");
}

static void
takes_no_more_rows_than_it_has(void **state UNUSED)
{
	struct directory *directory = model_change_directory(model);

	directory_load(directory, 1);
	add_people(directory, 1, 2 * DIRECTORY_PAGE_MOST);
	directory_finish(directory, 1, 0, 0);
	assert_int_equal(directory->count, DIRECTORY_PAGE_MOST);
	assert_int_equal(directory->pages, 1);
	directory_finish(directory, 1, 1, UINT64_MAX);
	assert_true(directory->pages == UINT32_MAX);
}

static void
selects_rows_of_the_page(void **state UNUSED)
{
	struct directory *directory = model_change_directory(model);

	assert_null(directory_selected(directory));
	directory_select(directory, 3);
	assert_null(directory_selected(directory));
	add_people(directory, 21, 20);
	directory_finish(directory, 2, 20, 134);
	directory_select(directory, 5);
	assert_int_equal(directory_selected(directory)->uid, 26);
	add_people(directory, 21, 20);
	directory_finish(directory, 2, 20, 134);
	assert_int_equal(directory_selected(directory)->uid, 26);
	directory_select(directory, 99);
	assert_int_equal(directory_selected(directory)->uid, 40);
	directory_select(directory, -99);
	directory_set_presence(directory, 21, false);
	assert_false(directory_selected(directory)->is_online);
	directory_select(directory, 7);
	add_people(directory, 41, 20);
	directory_finish(directory, 3, 20, 134);
	assert_int_equal(directory_selected(directory)->uid, 41);
}

/* --- panes and chats ------------------------------------------------------------------ */

static void
open_three_chats(void)
{
	model_open_chat(model, 11, TEXT("bob"));
	model_open_chat(model, 12, TEXT("carol"));
	model_open_chat(model, 13, TEXT("dave"));
}

static void
goes_from_pane_to_pane(void **state UNUSED)
{
	open_three_chats();
	assert_int_equal(model_pane(model).kind, PANE_HOME);
	assert_null(model_shown_chat(model));
	assert_true(model_show_number(model, 4));
	assert_int_equal(model_shown_chat(model)->uid, 12);
	assert_false(model_show_number(model, 6));
	assert_false(model_show_number(model, 0));
	model_show_next(model, 2);
	assert_int_equal(model_pane(model).kind, PANE_HOME);
	model_show_next(model, -1);
	assert_int_equal(model_pane(model).uid, 13);
	model_show_before(model);
	assert_int_equal(model_pane(model).kind, PANE_HOME);
	model_show_before(model);
	assert_int_equal(model_pane(model).uid, 13);
	assert_false(model_show(model, pane_chat(99)));
	assert_true(model_show(model, pane_directory()));
	model_show_next(model, -7);
	assert_int_equal(model_pane(model).uid, 13);
}

static void
closes_a_chat(void **state UNUSED)
{
	open_three_chats();
	model_show(model, pane_chat(13));
	model_show(model, pane_chat(12));
	model_close_chat(model, 12);
	assert_int_equal(model_pane(model).uid, 13);
	assert_null(model_chat(model, 12));
	assert_non_null(roster_find(&model->roster, 12));
	model_close_chat(model, 11);
	assert_int_equal(model_pane(model).uid, 13);
	model_close_chat(model, 13);
	model_close_chat(model, 13);
	assert_int_equal(model_pane(model).kind, PANE_HOME);
	assert_int_equal(model->panes.count, 2);
}

static void
finds_a_chat_again(void **state UNUSED)
{
	struct chat *chat = model_open_chat(model, 11, TEXT("bob"));

	assert_ptr_equal(model_open_chat(model, 11, TEXT("bobby\t")), chat);
	assert_string_equal(chat->name, "bobby ");
	assert_int_equal(model->panes.count, 3);
	assert_int_equal(model->roster.count, 1);
	assert_null(model_change_chat(model, 12));
}

static void
knows_how_a_chat_is_connected(void **state UNUSED)
{
	struct chat *chat = model_open_chat(model, 11, TEXT("bob"));

	assert_string_equal(chat_road_words(chat->road), "not connected");
	assert_string_equal(chat_trust_words(chat->trust), "");
	chat_set_road(chat, CHAT_ROAD_DIRECT, 500, TEXT(""));
	chat_set_round_trip(chat, 3);
	chat_set_trust(chat, CHAT_TRUST_CHANGED);
	assert_int_equal(chat->road_ms, 3);
	assert_string_equal(chat_trust_words(chat->trust), "KEY CHANGED");
	chat_set_road(chat, CHAT_ROAD_LOST, 600, TEXT("Nothing was heard for too long."));
	assert_int_equal(chat->road_ms, -1);
	assert_int_equal(chat->road_since_s, 600);
	assert_string_equal(chat->road_why, "Nothing was heard for too long.");
}

static void
counts_unread_messages_of_hidden_chats(void **state UNUSED)
{
	open_three_chats();
	model_show(model, pane_chat(11));
	assert_int_not_equal(model_add_theirs(model, 11, 1, TEXT("seen")), 0);
	model_add_theirs(model, 13, 1, TEXT("not seen"));
	model_add_theirs(model, 13, 1, TEXT("not seen"));
	assert_int_equal(model_add_theirs(model, 99, 1, TEXT("from nowhere")), 0);
	assert_int_equal(model_add_mine(model, 99, 1, TEXT("to nowhere")), 0);
	assert_int_equal(model_unread(model), 2);
	assert_true(model_show_unread(model));
	assert_int_equal(model_pane(model).uid, 13);
	assert_int_equal(model_unread(model), 0);
	assert_false(model_show_unread(model));
	/* What is only told comes behind what was said. */
	model_note(model, pane_chat(11), TEXT("11 left the session."));
	model_add_theirs(model, 12, 1, TEXT("not seen"));
	assert_true(model_show_unread(model));
	assert_int_equal(model_pane(model).uid, 12);
	assert_true(model_show_unread(model));
	assert_int_equal(model_pane(model).uid, 11);
	model_show(model, pane_chat(13));
	model_add_theirs(model, 13, 1, TEXT("seen"));
	model_show(model, pane_home());
	model_add_theirs(model, 13, 1, TEXT("not seen"));
	model_show(model, pane_chat(13));
	assert_int_not_equal(model_chat(model, 13)->transcript.new_id, 0);
	model_show(model, pane_home());
	assert_int_equal(model_chat(model, 13)->transcript.new_id, 0);
}

static void
answers_where_it_was_asked(void **state UNUSED)
{
	model_set_now(model, 1234);
	model_open_chat(model, 11, TEXT("bob"));
	model_show(model, pane_chat(11));
	model_note(model, pane_directory(), TEXT("21 is online"));
	assert_string_equal(transcript_at(&model->directory_notes, 0)->text, "21 is online");
	model_alert(model, pane_chat(11), TEXT("no"));
	assert_int_equal(transcript_at(&model_chat(model, 11)->transcript, 0)->kind,
	    TRANSCRIPT_ALERT);
	assert_int_equal(transcript_at(&model_chat(model, 11)->transcript, 0)->time_s, 1234);
	model_close_chat(model, 11);
	model_note(model, pane_chat(11), TEXT("too late"));
	assert_string_equal(transcript_at(&model->home, 0)->text, "too late");
}

/* --- the form, questions, help ----------------------------------------------------------- */

static void
fills_in_the_form(void **state UNUSED)
{
	struct form *form = model_change_form(model);

	form_open(form, TEXT("home.example:7400"), TEXT("found"), TEXT(""), true);
	assert_int_equal(form->field, FORM_NAME);
	assert_ptr_equal(model_change_draft(model), &form->drafts[FORM_NAME]);
	draft_type(model_change_draft(model), TEXT("alice"));
	form_next(form);
	draft_type(model_change_draft(model), TEXT("secret"));
	assert_int_equal(form->drafts[FORM_PASSWORD].kind, DRAFT_SECRET);
	form_next(form);
	assert_null(model_change_draft(model));
	form_choose(form, false);
	form_next(form);
	assert_int_equal(form->field, FORM_SERVER);
	form_previous(form);
	assert_int_equal(form->field, FORM_CHOICE);

	form_submit(form, TEXT("Signing in"));
	form_next(form);
	form_choose(form, true);
	assert_int_equal(form->field, FORM_CHOICE);
	assert_false(form->is_new);
	assert_null(model_draft(model));
	form_refuse(form, FORM_PASSWORD, TEXT("Wrong password or key for this account."));
	assert_int_equal(form_text(form, FORM_PASSWORD).len, 0);
	assert_true(bytes_equal(form_text(form, FORM_NAME), TEXT("alice")));
	assert_true(form->is_wrong);
	draft_type(model_change_draft(model), TEXT("right"));
	form_close(form);
	assert_int_equal(form_text(form, FORM_PASSWORD).len, 0);
	assert_ptr_equal(model_draft(model), &model->home_draft);
}

static void
asks_and_takes_the_answer(void **state UNUSED)
{
	struct ask *ask = model_change_ask(model);

	draft_type(model_change_draft(model), TEXT("half a comm"));
	ask_line(ask, 7, TEXT("Page"), 10);
	assert_true(ask_takes_text(ask));
	draft_type(model_change_draft(model), TEXT("5"));
	assert_int_equal(ask->topic, 7);
	assert_string_equal(ask->draft.text, "5");
	ask_secret(ask, 8, TEXT("Password"), 10);
	assert_int_equal(ask->draft.kind, DRAFT_SECRET);
	assert_true(draft_is_empty(&ask->draft));
	ask_key(ask, 9, TEXT("Delete?"), TEXT("y · n"), true);
	assert_false(ask_takes_text(ask));
	assert_null(model_draft(model));
	ask_finish(ask);
	assert_int_equal(ask->kind, ASK_NOTHING);
	assert_string_equal(model_draft(model)->text, "half a comm");
}

static void
asks_about_a_paste(void **state UNUSED)
{
	struct ask *ask = model_change_ask(model);
	static char large[TEXT_MESSAGE_MAX + 1];

	assert_int_equal(ask_paste(ask, 3, TEXT("one\r\ntwo\n/quit\n\n")), STATUS_OK);
	assert_int_equal(ask->kind, ASK_PASTE);
	assert_string_equal(ask->question, "3 lines pasted.");
	assert_string_equal(ask->draft.text, "one\ntwo\n/quit");
	assert_null(model_draft(model));

	memset(large, 'x', sizeof(large));
	assert_int_equal(ask_paste(ask, 4, bytes_of(large, sizeof(large))), STATUS_TOO_LONG);
	assert_int_equal(ask->topic, 3);
	assert_int_equal(ask_paste(ask, 4, bytes_of(large, TEXT_MESSAGE_MAX)), STATUS_OK);
	assert_string_equal(ask->question, "1 line pasted.");
}

static void
keeps_its_help(void **state UNUSED)
{
	struct help *help = model_change_help(model);
	static const char *const lines[] = { "one", "two\033" };

	help_open(help, TEXT("Help"), lines, ARRAY_LEN(lines));
	assert_string_equal(help->lines[1], "two\\x1b");
	help_scroll(help, 5, 3);
	assert_int_equal(help->top, 3);
	help_scroll(help, -9, 3);
	assert_int_equal(help->top, 0);
	help_open(help, TEXT("Help"), lines, 1);
	assert_int_equal(help->count, 1);
	help_close(help);
	assert_false(help->is_open);
}

/* --- the sum ------------------------------------------------------------------------------ */

static void
types_into_the_pane_that_is_shown(void **state UNUSED)
{
	model_open_chat(model, 11, TEXT("bob"));
	draft_type(model_change_draft(model), TEXT("at home"));
	model_show(model, pane_directory());
	draft_type(model_change_draft(model), TEXT("in the directory"));
	model_show(model, pane_chat(11));
	draft_type(model_change_draft(model), TEXT("to bob"));
	assert_string_equal(model_chat(model, 11)->draft.text, "to bob");
	model_show(model, pane_home());
	assert_string_equal(model_draft(model)->text, "at home");
	model_show(model, pane_directory());
	assert_string_equal(model_draft(model)->text, "in the directory");
}

static uint64_t
moved(void)
{
	static uint64_t before;
	uint64_t by = model->revision - before;

	before = model->revision;
	return by;
}

static void
moves_its_revision_with_every_change(void **state UNUSED)
{
	moved();
	model_open_chat(model, 11, TEXT("bob"));
	assert_int_not_equal(moved(), 0);
	model_chat(model, 11);
	model_draft(model);
	model_transcript(model, pane_home());
	assert_int_equal(moved(), 0);
	model_show(model, pane_chat(11));
	assert_int_not_equal(moved(), 0);
	model_show(model, pane_chat(11));
	assert_int_equal(moved(), 0);
	model_add_theirs(model, 11, 1, TEXT("x"));
	assert_int_not_equal(moved(), 0);
	model_change_draft(model);
	assert_int_not_equal(moved(), 0);
	model_set_hint(model, TEXT("usage"));
	assert_int_not_equal(moved(), 0);
	model_fold_list(model, true);
	assert_int_not_equal(moved(), 0);
}

/* Nothing is drawn for a second that nobody sees. */
static void
draws_once_a_minute_and_each_second_while_offline(void **state UNUSED)
{
	model_set_now(model, 6000);
	moved();
	model_set_now(model, 6001);
	model_set_now(model, 6059);
	assert_int_equal(moved(), 0);
	model_set_now(model, 6060);
	assert_int_equal(moved(), 1);
	me_set_link(model_change_me(model), ME_LINK_WAITING, 6060, 6064, TEXT(""));
	assert_true(model_shows_seconds(model));
	moved();
	model_set_now(model, 6061);
	assert_int_equal(moved(), 1);
	model_set_now(model, 6061);
	assert_int_equal(moved(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(knows_who_i_am, begin, end),
		cmocka_unit_test_setup_teardown(sorts_contacts_by_name, begin, end),
		cmocka_unit_test_setup_teardown(knows_who_is_there, begin, end),
		cmocka_unit_test_setup_teardown(keeps_the_selected_contact, begin, end),
		cmocka_unit_test_setup_teardown(shows_a_page_when_all_of_it_is_there, begin, end),
		cmocka_unit_test_setup_teardown(takes_no_more_rows_than_it_has, begin, end),
		cmocka_unit_test_setup_teardown(selects_rows_of_the_page, begin, end),
		cmocka_unit_test_setup_teardown(goes_from_pane_to_pane, begin, end),
		cmocka_unit_test_setup_teardown(closes_a_chat, begin, end),
		cmocka_unit_test_setup_teardown(finds_a_chat_again, begin, end),
		cmocka_unit_test_setup_teardown(knows_how_a_chat_is_connected, begin, end),
		cmocka_unit_test_setup_teardown(counts_unread_messages_of_hidden_chats, begin, end),
		cmocka_unit_test_setup_teardown(answers_where_it_was_asked, begin, end),
		cmocka_unit_test_setup_teardown(fills_in_the_form, begin, end),
		cmocka_unit_test_setup_teardown(asks_and_takes_the_answer, begin, end),
		cmocka_unit_test_setup_teardown(asks_about_a_paste, begin, end),
		cmocka_unit_test_setup_teardown(keeps_its_help, begin, end),
		cmocka_unit_test_setup_teardown(types_into_the_pane_that_is_shown, begin, end),
		cmocka_unit_test_setup_teardown(moves_its_revision_with_every_change, begin, end),
		cmocka_unit_test_setup_teardown(draws_once_a_minute_and_each_second_while_offline,
		    begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
