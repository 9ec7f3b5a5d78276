/* SPDX-License-Identifier: ISC */
/* The client's link in good weather: every verb, once over TLS and once without. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "tests/support/scene.h"

static int
set_up_plain(void **state)
{
	*state = scene_new(false);
	return 0;
}

static int
set_up_tls(void **state)
{
	*state = scene_new(true);
	return 0;
}

static int
tear_down(void **state)
{
	scene_free(*state);
	return 0;
}

static void
registers_and_goes_online(void **state)
{
	struct scene *scene = *state;
	const struct account *account;

	scene_link(scene);
	assert_int_equal(server_link_state(scene->link), SERVER_LINK_IDLE);
	scene_ask(scene,
	    server_link_register(scene->link, "alice", "Älice", "secret", scene_on_answer,
		scene));
	assert_int_equal(scene->status, STATUS_OK);
	assert_int_equal(((struct msg_register_ok *)&scene->message)->uid, 15);
	scene_reach(scene, SERVER_LINK_ONLINE);
	assert_int_equal(scene->first.seen[MSG_REGISTER], 1);
	assert_int_equal(scene->first.seen[MSG_LOGIN], 1);
	assert_int_equal(scene->first.seen[MSG_OBTAIN_SERVER_ADDR], 1);
	account = server_link_account(scene->link);
	assert_int_equal(account->uid, 15);
	assert_string_equal(account->name, "alice");
	assert_memory_equal(account->identity.public_key, scene->first.identity,
	    IDENTITY_KEY_SIZE);
	assert_true(account->token_len > 0);
	assert_int_equal(account->bundle_version, 1);
}

/* On a machine that knows nothing: the identity comes out of the bundle. */
static void
logs_in_by_password(void **state)
{
	struct scene *scene = *state;
	struct account known = scene_account(scene);
	const struct account *account;

	scene_link(scene);
	scene_ask(scene,
	    server_link_login(scene->link, 15, NULL, "secret", scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_OK);
	assert_int_equal(server_link_state(scene->link), SERVER_LINK_ONLINE);
	account = server_link_account(scene->link);
	assert_memory_equal(&account->identity, &known.identity, sizeof(known.identity));
	assert_string_equal(account->display, "Display");
	assert_true(account->has_cost);
	assert_int_equal(account->bundle.others_len, 7);
	assert_int_equal(server_link_login(scene->link, 15, NULL, "secret", scene_on_answer,
			     scene),
	    STATUS_WRONG_STATE);
	account_clear(&known);
}

static void
logs_in_by_name(void **state)
{
	struct scene *scene = *state;
	struct account known = scene_account(scene);

	scene_link(scene);
	scene_ask(scene,
	    server_link_login(scene->link, 0, "alice", "secret", scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_OK);
	assert_int_equal(((struct msg_login_ok *)&scene->message)->uid, 15);
	account_clear(&known);
}

static void
a_wrong_password_is_said_and_can_be_tried_again(void **state)
{
	struct scene *scene = *state;
	struct account known = scene_account(scene);

	scene_link(scene);
	scene_ask(scene,
	    server_link_login(scene->link, 15, NULL, "Secret", scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_WRONG_PROOF);
	assert_string_equal(scene->answer_sentence, status_text(STATUS_WRONG_PROOF));
	assert_int_equal(server_link_account(scene->link)->uid, 0);
	assert_int_equal(server_link_state(scene->link), SERVER_LINK_AT_WORK);
	scene_ask(scene,
	    server_link_login(scene->link, 15, NULL, "secret", scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_OK);
	/* Over the same connections: one to the route server, one to the work server. */
	assert_int_equal(scene->first.accepted, 2);
	account_clear(&known);
}

static void
an_unknown_account_is_said(void **state)
{
	struct scene *scene = *state;
	struct account known = scene_account(scene);

	scene_link(scene);
	scene_ask(scene,
	    server_link_login(scene->link, 16, NULL, "secret", scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_NO_SUCH_USER);
	assert_int_equal(scene->first.seen[MSG_LOGIN], 0);
	account_clear(&known);
}

static void
returns_by_key_then_by_token(void **state)
{
	struct scene *scene = *state;

	scene_come_back(scene);
	assert_int_equal(scene->first.seen[MSG_LOGIN], 1);
	scripted_server_cut(&scene->first);
	scene_reach(scene, SERVER_LINK_OFFLINE);
	scene_reach(scene, SERVER_LINK_ONLINE);
	assert_int_equal(scene->first.seen[MSG_RESUME], 1);
	assert_int_equal(scene->first.seen[MSG_LOGIN], 1);
	/* Straight to the work server it had. */
	assert_int_equal(scene->first.seen[MSG_OBTAIN_SERVER_ADDR], 1);
}

static void
a_token_nobody_takes_is_followed_by_the_key(void **state)
{
	struct scene *scene = *state;

	scene_come_back(scene);
	scene->first.token = 1000;
	scripted_server_cut(&scene->first);
	scene_reach(scene, SERVER_LINK_OFFLINE);
	scene_reach(scene, SERVER_LINK_ONLINE);
	assert_int_equal(scene->first.seen[MSG_RESUME], 1);
	assert_int_equal(scene->first.seen[MSG_LOGIN], 2);
}

static void
a_token_alone_is_enough(void **state)
{
	struct scene *scene = *state;
	struct account account = scene_account(scene);

	account.has_identity = false;
	scene->first.token = 5;
	account_set_token(&account, bytes_of(&scene->first.token, 4));
	scene_link(scene);
	scene_ask(scene, server_link_return(scene->link, &account, scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_OK);
	assert_int_equal(server_link_state(scene->link), SERVER_LINK_ONLINE);

	/* And when nobody takes it there is nothing left to come back with. */
	scene->first.token = 1000;
	scripted_server_cut(&scene->first);
	scene_reach(scene, SERVER_LINK_IDLE);
	assert_int_equal(scene->why, STATUS_BAD_TOKEN);
	assert_int_equal(server_link_account(scene->link)->uid, 0);
	account_clear(&account);
}

static void
lists_users(void **state)
{
	struct scene *scene = *state;
	struct msg_user_list_ok *end = (struct msg_user_list_ok *)&scene->message;

	scene_come_back(scene);
	scene_ask(scene,
	    server_link_users(scene->link, 1, 0, false, "", scene_on_item, scene_on_answer,
		scene));
	assert_int_equal(scene->status, STATUS_OK);
	assert_int_equal(scene->items, 2);
	assert_int_equal(scene->item_uids[0], 15);
	assert_int_equal(scene->item_uids[1], 16);
	assert_int_equal(end->total, 2);
	scene_ask(scene,
	    server_link_users(scene->link, 2, 0, false, "", scene_on_item, scene_on_answer,
		scene));
	assert_int_equal(scene->status, STATUS_NO_SUCH_PAGE);
}

static void
asks_about_others(void **state)
{
	struct scene *scene = *state;
	struct msg_obtain_client_addr_ok *address;
	struct endpoint seen;

	scene_come_back(scene);
	scene_ask(scene, server_link_find(scene->link, 15, NULL, scene_on_answer, scene));
	assert_int_equal(((struct msg_find_user_ok *)&scene->message)->online, 1);
	scene_ask(scene, server_link_find(scene->link, 0, "alice", scene_on_answer, scene));
	assert_int_equal(((struct msg_find_user_ok *)&scene->message)->uid, 15);
	scene_ask(scene, server_link_find(scene->link, 99, NULL, scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_NO_SUCH_USER);
	scene_ask(scene, server_link_address(scene->link, 99, bytes_of("", 0), scene_on_answer, scene));
	address = (struct msg_obtain_client_addr_ok *)&scene->message;
	assert_int_equal(address->port, 4711);
	scene_ask(scene, server_link_keys(scene->link, 15, scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_OK);
	assert_true(server_link_seen_as(scene->link, &seen));
	assert_string_equal(seen.host, "127.0.0.1");
	assert_int_equal(seen.port, 4711);
}

static void
puts_a_bundle(void **state)
{
	struct scene *scene = *state;
	uint8_t others[] = { 0x12, 0x34, 0, 1, 'x' };
	const struct account *account;
	struct bundle bundle;

	scene_link(scene);
	scene_ask(scene,
	    server_link_register(scene->link, "alice", "", "secret", scene_on_answer, scene));
	scene_reach(scene, SERVER_LINK_ONLINE);
	account = server_link_account(scene->link);
	bundle = account->bundle;
	bundle.others = others;
	bundle.others_len = sizeof(others);
	scene_ask(scene, server_link_put_bundle(scene->link, &bundle, scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_OK);
	assert_int_equal(((struct msg_bundle_ok *)&scene->message)->version, 2);
	assert_int_equal(account->bundle_version, 2);
	assert_int_equal(account->bundle.others_len, sizeof(others));
	assert_memory_equal(account->bundle.others, others, sizeof(others));
	/* What the server has now opens with the key this machine has. */
	assert_int_equal(bundle_open(bytes_of(scene->first.bundle, scene->first.bundle_len),
			     account->bundle_key, 2, &bundle),
	    STATUS_OK);
	assert_int_equal(bundle.others_len, sizeof(others));
	bundle_clear(&bundle);
}

/* Another machine was first: its bundle is fetched, and can be replaced then. */
static void
a_conflict_brings_the_newer_bundle(void **state)
{
	struct scene *scene = *state;
	struct account known = scene_account(scene);
	const struct account *account;
	uint8_t wanted[] = { 0x70, 0, 0, 3, 'n', 'e', 'w' };
	struct bundle bundle;

	scene_link(scene);
	scene_ask(scene,
	    server_link_login(scene->link, 15, NULL, "secret", scene_on_answer, scene));
	account = server_link_account(scene->link);
	bundle_init(&bundle, known.identity.secret_key);
	scripted_server_renew_bundle(&scene->first, "secret", known.identity.secret_key,
	    account->bundle_key);
	scene_ask(scene, server_link_put_bundle(scene->link, &bundle, scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_CONFLICT);
	scene_reach(scene, SERVER_LINK_OFFLINE);
	scene_reach(scene, SERVER_LINK_ONLINE);
	assert_int_equal(account->bundle_version, scene->first.bundle_version);
	assert_memory_equal(account->bundle.others, wanted, sizeof(wanted));
	scene_ask(scene, server_link_put_bundle(scene->link, &bundle, scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_OK);
	account_clear(&known);
}

static void
logs_out(void **state)
{
	struct scene *scene = *state;

	scene_come_back(scene);
	scene_ask(scene, server_link_logout(scene->link, scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_OK);
	assert_int_equal(server_link_state(scene->link), SERVER_LINK_IDLE);
	assert_int_equal(scene->why, STATUS_GOODBYE);
	assert_int_equal(server_link_account(scene->link)->uid, 0);
	assert_int_equal(scene->first.seen[MSG_LOGOUT], 1);
	assert_int_equal(server_link_logout(scene->link, scene_on_answer, scene),
	    STATUS_WRONG_STATE);
	/* And in again. */
	scene_ask(scene,
	    server_link_login(scene->link, 15, NULL, "secret", scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_OK);
}

static void
deletes_by_key_and_by_password(void **state)
{
	struct scene *scene = *state;
	struct account known;

	scene_come_back(scene);
	assert_int_equal(server_link_delete(scene->link, 16, NULL, scene_on_answer, scene),
	    STATUS_WRONG_STATE);
	scene_ask(scene, server_link_delete(scene->link, 15, NULL, scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_OK);
	assert_int_equal(server_link_state(scene->link), SERVER_LINK_IDLE);
	assert_int_equal(scene->first.uid, 0);

	known = scene_account(scene);
	scene_ask(scene, server_link_delete(scene->link, 15, "wrong", scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_WRONG_PROOF);
	scene_ask(scene,
	    server_link_login(scene->link, 15, NULL, "secret", scene_on_answer, scene));
	scene_ask(scene, server_link_delete(scene->link, 15, "secret", scene_on_answer, scene));
	assert_int_equal(scene->status, STATUS_OK);
	assert_int_equal(scene->first.uid, 0);
	assert_int_equal(server_link_account(scene->link)->uid, 0);
	account_clear(&known);
}

static void
wrong_arguments_are_refused_at_once(void **state)
{
	struct scene *scene = *state;
	char long_text[2000];

	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	scene_link(scene);
#define REGISTER(name, display, password) \
	server_link_register(scene->link, name, display, password, scene_on_answer, scene)
	assert_int_equal(REGISTER("", "", "secret"), STATUS_BAD_NAME);
	assert_int_equal(REGISTER("a:b", "", "secret"), STATUS_BAD_NAME);
	assert_int_equal(REGISTER("seventeenletters1", "", "secret"), STATUS_BAD_NAME);
	assert_int_equal(REGISTER("alice", "\x1b[2J", "secret"), STATUS_BAD_TEXT);
	assert_int_equal(REGISTER("alice", "\xff", "secret"), STATUS_BAD_TEXT);
	assert_int_equal(REGISTER("alice", long_text, "secret"), STATUS_TOO_LONG);
	assert_int_equal(REGISTER("alice", "", ""), STATUS_TOO_SHORT);
	assert_int_equal(REGISTER("alice", "", long_text), STATUS_TOO_LONG);
#undef REGISTER
	assert_int_equal(server_link_login(scene->link, 0, "", "x", scene_on_answer, scene),
	    STATUS_BAD_NAME);
	assert_int_equal(server_link_find(scene->link, 15, NULL, scene_on_answer, scene),
	    STATUS_CLOSED);
	assert_int_equal(server_link_state(scene->link), SERVER_LINK_IDLE);
	assert_int_equal(scene->first.accepted, 0);
}

static void
only_one_operation_at_a_time(void **state)
{
	struct scene *scene = *state;

	scene_link(scene);
	assert_int_equal(server_link_register(scene->link, "alice", "", "secret", scene_on_answer,
			     scene),
	    STATUS_OK);
	assert_int_equal(server_link_register(scene->link, "alice", "", "secret", scene_on_answer,
			     scene),
	    STATUS_BUSY);
	scene_until(scene, scene->answers == 1);
	assert_int_equal(scene->status, STATUS_OK);
}

/* connect without an account: as far as the work server, and no further. */
static void
connects_to_look(void **state)
{
	struct scene *scene = *state;
	char line[200];

	scene_link(scene);
	server_link_connect(scene->link);
	scene_reach(scene, SERVER_LINK_AT_WORK);
	server_link_describe(scene->link, line, sizeof(line));
	assert_memory_equal(line, "at work server (127.0.0.1:", 26);
	assert_int_equal(server_link_find(scene->link, 15, NULL, scene_on_answer, scene),
	    STATUS_WRONG_STATE);
	/* The server does not wait for ever; nobody comes back then. */
	scripted_server_cut(&scene->first);
	scene_reach(scene, SERVER_LINK_IDLE);
	stage_quiet(&scene->stage);
	assert_int_equal(scene->first.accepted, 2);
}

static void
disconnects_and_stays_away(void **state)
{
	struct scene *scene = *state;

	scene_come_back(scene);
	assert_int_equal(server_link_find(scene->link, 15, NULL, scene_on_answer, scene),
	    STATUS_OK);
	server_link_disconnect(scene->link);
	assert_int_equal(server_link_state(scene->link), SERVER_LINK_IDLE);
	assert_int_equal(scene->answers, 2);
	assert_int_equal(scene->status, STATUS_STOPPED);
	/* The account is still there. */
	server_link_connect(scene->link);
	scene_reach(scene, SERVER_LINK_ONLINE);
}

static void
everything_can_be_freed_half_way(void **state)
{
	struct scene *scene = *state;
	struct account known = scene_account(scene);

	for (unsigned turns = 0; turns < 30; turns++) {
		scene_link(scene);
		assert_int_equal(server_link_login(scene->link, 15, NULL, "secret",
				     scene_on_answer, scene),
		    STATUS_OK);
		for (unsigned i = 0; i < turns && scene->answers == 0; i++)
			stage_turn(&scene->stage);
		scene->answers = 0;
		server_link_free(scene->link);
		scene->link = NULL;
		/* The server has to have a place free for the next one. */
		scene_until(scene, scene->first.links[0] == NULL);
	}
	account_clear(&known);
}

#define BOTH(test) \
	cmocka_unit_test_setup_teardown(test, set_up_plain, tear_down), \
	    cmocka_unit_test_setup_teardown(test, set_up_tls, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(registers_and_goes_online),
		BOTH(logs_in_by_password),
		BOTH(logs_in_by_name),
		BOTH(a_wrong_password_is_said_and_can_be_tried_again),
		BOTH(an_unknown_account_is_said),
		BOTH(returns_by_key_then_by_token),
		BOTH(a_token_nobody_takes_is_followed_by_the_key),
		BOTH(a_token_alone_is_enough),
		BOTH(lists_users),
		BOTH(asks_about_others),
		BOTH(puts_a_bundle),
		BOTH(a_conflict_brings_the_newer_bundle),
		BOTH(logs_out),
		BOTH(deletes_by_key_and_by_password),
		BOTH(wrong_arguments_are_refused_at_once),
		BOTH(only_one_operation_at_a_time),
		BOTH(connects_to_look),
		BOTH(disconnects_and_stays_away),
		BOTH(everything_can_be_freed_half_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
