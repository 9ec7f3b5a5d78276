/* SPDX-License-Identifier: ISC */
#include "tests/support/typist.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client-tui/control/incoming.h"
#include "client-tui/term/keys.h"
#include "client-tui/view/view.h"
#include "shared/compiler.h"
#include "shared/mem.h"
#include "shared/protocol.h"

enum { SATURDAY = 1795269720 }; /* 21 November 2026, 14:02 UTC */

/* --- the outbox that writes down ---------------------------------------------------------- */

static void PRINTF_LIKE(2, 3)
record(struct typist *typist, const char *format, ...)
{
	size_t len = strlen(typist->sent);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(typist->sent + len, sizeof(typist->sent) - len, format, arguments);
	va_end(arguments);
}

static enum status
wait_for(struct typist *typist, call_on_item *on_item, call_on_answer *on_answer, void *who)
{
	if (typist->refuses != STATUS_OK)
		return typist->refuses;
	typist->on_item = on_item;
	typist->on_answer = on_answer;
	typist->who = who;
	return STATUS_OK;
}

static bool
use_server(void *arg, struct bytes server, char *why)
{
	record(arg, "server %.*s\n", (int)server.len, (const char *)server.data);
	snprintf(why, OUTBOX_WHY_ROOM, "That is no server.");
	return memchr(server.data, '!', server.len) == NULL;
}

static enum status
register_account(void *arg, const char *name, const char *password, call_on_answer *on_answer, void *who)
{
	record(arg, "register %s %s\n", name, password);
	return wait_for(arg, NULL, on_answer, who);
}

static enum status
login(void *arg, uint64_t uid, const char *name, const char *password, call_on_answer *on_answer, void *who)
{
	record(arg, "login %" PRIu64 " %s %s\n", uid, name, password);
	return wait_for(arg, NULL, on_answer, who);
}

static enum status
logout(void *arg, call_on_answer *on_answer, void *who)
{
	record(arg, "logout\n");
	return wait_for(arg, NULL, on_answer, who);
}

static enum status
delete_account(void *arg, uint64_t uid, const char *password, call_on_answer *on_answer, void *who)
{
	record(arg, "delete %" PRIu64 " %s\n", uid, password);
	return wait_for(arg, NULL, on_answer, who);
}

static enum status
users(void *arg, uint32_t page, bool online_only, const char *prefix, call_on_item *on_item,
    call_on_answer *on_answer, void *who)
{
	record(arg, "users %u%s%s%s\n", page, online_only ? " online" : "", prefix[0] != '\0' ? " " : "", prefix);
	return wait_for(arg, on_item, on_answer, who);
}

static enum status
find(void *arg, uint64_t uid, const char *name, call_on_answer *on_answer, void *who)
{
	record(arg, "find %" PRIu64 " %s\n", uid, name);
	return wait_for(arg, NULL, on_answer, who);
}

static enum status
reconnect(void *arg)
{
	record(arg, "reconnect\n");
	return STATUS_OK;
}

static void
stop(void *arg)
{
	struct typist *typist = arg;

	record(typist, "stop\n");
	typist_refuse(typist, STATUS_STOPPED);
}

static enum status
talk(void *arg, uint64_t uid)
{
	struct typist *typist = arg;

	record(arg, "talk %" PRIu64 "\n", uid);
	return typist->refuses;
}

static enum status
say(void *arg, uint64_t uid, uint64_t id, struct bytes text)
{
	record(arg, "say %" PRIu64 " %" PRIu64 " %.*s\n", uid, id, (int)text.len, (const char *)text.data);
	return STATUS_OK;
}

static void
leave(void *arg, uint64_t uid)
{
	record(arg, "leave %" PRIu64 "\n", uid);
}

static enum status
add_contact(void *arg, uint64_t uid, struct bytes name)
{
	struct typist *typist = arg;

	record(arg, "add %" PRIu64 "\n", uid);
	if (typist->refuses == STATUS_OK)
		roster_set(model_change_roster(typist->model), uid, name);
	return typist->refuses;
}

static void
remove_contact(void *arg, uint64_t uid)
{
	struct typist *typist = arg;

	record(arg, "remove %" PRIu64 "\n", uid);
	roster_remove(model_change_roster(typist->model), uid);
}

static enum status
accept_key(void *arg, uint64_t uid)
{
	struct typist *typist = arg;

	record(arg, "accept %" PRIu64 "\n", uid);
	return typist->refuses;
}

/* --- the person --------------------------------------------------------------------------- */

struct typist *
typist_new(int columns, int rows)
{
	struct typist *typist = mem_new(sizeof(*typist));
	struct me *me;

	typist->outbox = (struct outbox){
		.arg = typist, .use_server = use_server, .register_account = register_account, .login = login,
		.logout = logout, .delete_account = delete_account, .users = users, .find = find,
		.reconnect = reconnect, .stop = stop, .talk = talk, .say = say, .leave = leave,
		.add_contact = add_contact, .remove_contact = remove_contact, .accept_key = accept_key,
	};
	setenv("TZ", "UTC", 1);
	typist->model = model_new();
	model_set_now(typist->model, SATURDAY);
	typist->control = control_new(typist->model, &typist->outbox);
	control_resize(typist->control, columns, rows);
	typist->keys = keys_new();
	me = model_change_me(typist->model);
	me_set_server(me, bytes_of_string("home.example"));
	me_sign_in(me, 15, bytes_of_string("alice"));
	me_set_link(me, ME_LINK_ONLINE, SATURDAY, 0, bytes_of_string(""));
	return typist;
}

void
typist_free(struct typist *typist)
{
	keys_free(typist->keys);
	control_free(typist->control);
	model_free(typist->model);
	free(typist->screen);
	free(typist);
}

/* As client-tui/screen.c does. */
static void
take_keys(struct typist *typist)
{
	struct key_event key;

	while (keys_next(typist->keys, &key)) {
		if (key.key == KEY_PASTED)
			control_paste(typist->control, key.text);
		else if (key.key == KEY_TEXT && (key.modifiers & (KEY_ALT | KEY_CTRL)) == 0)
			control_type(typist->control, key.text);
		else
			control_key(typist->control, key_name(&key));
	}
}

void
typist_type(struct typist *typist, const char *bytes)
{
	keys_feed(typist->keys, bytes_of_string(bytes));
	take_keys(typist);
	if (keys_settle_ms(typist->keys) == 0)
		return;
	keys_settle(typist->keys);
	take_keys(typist);
}

void
typist_enter(struct typist *typist, const char *line)
{
	typist_type(typist, line);
	typist_type(typist, "\r");
}

const char *
typist_sent(struct typist *typist)
{
	strcpy(typist->taken, typist->sent);
	typist->sent[0] = '\0';
	return typist->taken;
}

static void
answer(struct typist *typist, const struct answer *given)
{
	call_on_answer *on_answer = typist->on_answer;

	typist->on_answer = NULL;
	on_answer(typist->who, given);
}

void
typist_answer(struct typist *typist, uint16_t type, const void *message)
{
	answer(typist, &(struct answer){ .status = STATUS_OK, .sentence = "", .type = type, .message = message });
}

void
typist_refuse(struct typist *typist, enum status status)
{
	answer(typist, &(struct answer){ .status = status, .sentence = status_text(status) });
}

void
typist_add_user(struct typist *typist, uint64_t uid, const char *name, const char *display, bool is_online)
{
	struct msg_user_item item = { .uid = uid, .online = is_online, .name = bytes_of_string(name),
		.display = bytes_of_string(display) };

	typist->on_item(typist->who, &item);
}

void
typist_find(struct typist *typist, uint64_t uid, const char *name, bool is_online)
{
	struct msg_find_user_ok ok = { .uid = uid, .online = is_online, .name = bytes_of_string(name),
		.display = bytes_of_string("") };

	typist_answer(typist, MSG_FIND_USER_OK, &ok);
}

void
typist_sign_out(struct typist *typist)
{
	me_sign_out(model_change_me(typist->model));
}

void
typist_meet_bob(struct typist *typist)
{
	typist_enter(typist, "/talk bob");
	typist_find(typist, 11, "bob", true);
	incoming_on_up(typist->control, 11, bytes_of_string("bob"), CHAT_TRUST_SEALED, 3);
	typist_sent(typist);
}

const char *
typist_draft(const struct typist *typist)
{
	return model_draft(typist->model)->text;
}

const char *
typist_screen(struct typist *typist)
{
	struct canvas canvas;

	canvas_init(&canvas);
	canvas_resize(&canvas, typist->control->columns, typist->control->rows);
	view_draw(typist->model, &canvas);
	free(typist->screen);
	typist->screen = canvas_to_text(&canvas);
	canvas_clear(&canvas);
	return typist->screen;
}

static const char *
last_of(const struct transcript *transcript)
{
	return transcript->count > 0 ? transcript_at(transcript, transcript->count - 1)->text : "";
}

const char *
typist_last(const struct typist *typist)
{
	return last_of(model_transcript(typist->model, model_pane(typist->model)));
}

const char *
typist_home(const struct typist *typist)
{
	return last_of(&typist->model->home);
}
