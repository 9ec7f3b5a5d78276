/* SPDX-License-Identifier: ISC */
#include "tests/support/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/mem.h"

static void
scene_on_state(void *arg, enum server_link_state state, const struct answer *why)
{
	struct scene *scene = arg;

	scene->states[state]++;
	scene->why = why->status;
	snprintf(scene->sentence, sizeof(scene->sentence), "%s", why->sentence);
}

static bool
scene_on_unknown_pin(void *arg, const struct endpoint *server,
    const uint8_t pin[ENDPOINT_PIN_SIZE])
{
	struct scene *scene = arg;

	assert_string_equal(server->host, "127.0.0.1");
	assert_memory_equal(pin, scene->stage.pin, ENDPOINT_PIN_SIZE);
	scene->pins_shown++;
	return scene->trusts;
}

static void
scene_on_account(void *arg, const struct account *account)
{
	struct scene *scene = arg;

	assert_ptr_equal(account, server_link_account(scene->link));
	scene->account_changes++;
}

static void
scene_on_warning(void *arg, const char *sentence)
{
	struct scene *scene = arg;

	scene->warnings++;
	snprintf(scene->warning, sizeof(scene->warning), "%s", sentence);
}

static uint16_t
scene_on_port_refused(void *arg)
{
	struct scene *scene = arg;

	scene->port_refusals++;
	return scene->other_port;
}

static void
scene_on_presence(void *arg, uint64_t uid, bool is_online)
{
	struct scene *scene = arg;

	scene->presences++;
	scene->presence_uid = uid;
	scene->presence_online = is_online;
}

static const struct server_link_handler handler = {
	.on_state = scene_on_state,
	.on_unknown_pin = scene_on_unknown_pin,
	.on_account = scene_on_account,
	.on_warning = scene_on_warning,
	.on_port_refused = scene_on_port_refused,
	.on_presence = scene_on_presence,
};

void
scene_on_answer(void *arg, const struct answer *answer)
{
	struct scene *scene = arg;

	assert_non_null(answer->sentence);
	scene->answers++;
	scene->status = answer->status;
	snprintf(scene->answer_sentence, sizeof(scene->answer_sentence), "%s", answer->sentence);
	memset(&scene->message, 0, sizeof(scene->message));
	if (answer->message != NULL)
		memcpy(&scene->message, answer->message,
		    protocol_schema(answer->type)->struct_size);
	else
		assert_int_not_equal(answer->status, STATUS_OK);
}

void
scene_on_item(void *arg, const void *message)
{
	const struct msg_user_item *item = message;
	struct scene *scene = arg;

	assert_true(scene->items < SCENE_ITEMS);
	scene->item_uids[scene->items++] = item->uid;
}

struct scene *
scene_new(bool tls)
{
	struct scene *scene = mem_new(sizeof(*scene));

	stage_open(&scene->stage, tls);
	scripted_server_start(&scene->first, &scene->stage);
	scripted_server_start(&scene->second, &scene->stage);
	assert_int_equal(helper_start(scene->stage.base, &scene->helper), STATUS_OK);
	scene->routes[0] = scene->first.invite;
	scene->routes[1] = scene->second.invite;
	scene->config = (struct server_link_config){
		.base = scene->stage.base,
		.loop = scene->stage.loop,
		.helper = scene->helper,
		.routes = scene->routes,
		.route_count = 1,
		.program = "test 1",
		.is_plain = !tls,
		.times = { .retry_first = 10, .retry_step = 20, .retry_most = 80 },
	};
	return scene;
}

void
scene_link(struct scene *scene)
{
	assert_int_equal(server_link_new(&scene->config, &handler, scene, &scene->link),
	    STATUS_OK);
}

void
scene_free(struct scene *scene)
{
	server_link_free(scene->link);
	helper_stop(scene->helper);
	scripted_server_stop(&scene->first);
	scripted_server_stop(&scene->second);
	stage_close(&scene->stage);
	free(scene);
}

struct account
scene_account(struct scene *scene)
{
	static const uint8_t seed[IDENTITY_SEED_SIZE] = { 3, 1, 4 };
	struct account account = { .uid = 15, .has_identity = true };

	scripted_server_add_account(&scene->first, 15, "alice", "secret", seed);
	identity_init_from_seed(&account.identity, seed);
	return account;
}

void
scene_start_return(struct scene *scene)
{
	struct account account = scene_account(scene);

	scene_link(scene);
	assert_int_equal(server_link_return(scene->link, &account, scene_on_answer, scene),
	    STATUS_OK);
	account_clear(&account);
}

void
scene_come_back(struct scene *scene)
{
	scene_start_return(scene);
	scene_until(scene, scene->answers == 1);
	assert_int_equal(scene->status, STATUS_OK);
	assert_int_equal(server_link_state(scene->link), SERVER_LINK_ONLINE);
}

void
scene_know_two_routes(struct scene *scene)
{
	scene->config.route_count = 2;
	scene->second.offers[0] = scene->first.invite;
}
