/* SPDX-License-Identifier: ISC */
/*
 * The outbox of the real client: questions go over its connection to the server, texts through
 * its sessions.
 */

#include <stdio.h>

#include "client-tui/app.h"
#include "client-tui/keep.h"

enum { SERVER_PORT = 7400 };

static enum status
register_account(
    void *arg, const char *name, const char *password, call_on_answer *on_answer, void *who)
{
	struct app *app = arg;

	return app->link == NULL
	    ? STATUS_NO_SERVER
	    : server_link_register(app->link, name, "", password, on_answer, who);
}

static enum status
login(void *arg, uint64_t uid, const char *name, const char *password, call_on_answer *on_answer,
    void *who)
{
	struct app *app = arg;

	return app->link == NULL
	    ? STATUS_NO_SERVER
	    : server_link_login(app->link, uid, name, password, on_answer, who);
}

static enum status
logout(void *arg, call_on_answer *on_answer, void *who)
{
	struct app *app = arg;

	return app->link == NULL ? STATUS_NO_SERVER : server_link_logout(app->link, on_answer, who);
}

/* What was kept of it goes, too. */
static void
on_deleted(void *arg, const struct answer *answer)
{
	struct app *app = arg;
	struct deletion deletion = app->deletion;

	app->deletion.on_answer = NULL;
	if (answer->status == STATUS_OK && app->book.owner == deletion.uid)
		address_book_burn(&app->book);
	deletion.on_answer(deletion.who, answer);
}

static enum status
delete_account(void *arg, uint64_t uid, const char *password, call_on_answer *on_answer, void *who)
{
	struct app *app = arg;
	enum status status;

	if (app->link == NULL)
		return STATUS_NO_SERVER;
	if (app->deletion.on_answer != NULL)
		return STATUS_BUSY;
	app->deletion = (struct deletion){ .uid = uid, .on_answer = on_answer, .who = who };
	status = server_link_delete(app->link, uid, password, on_deleted, app);
	if (status != STATUS_OK)
		app->deletion.on_answer = NULL;
	return status;
}

static enum status
users(void *arg, uint32_t page, bool online_only, const char *prefix, call_on_item *on_item,
    call_on_answer *on_answer, void *who)
{
	struct app *app = arg;

	return app->link == NULL ? STATUS_NO_SERVER
				 : server_link_users(app->link, page, DIRECTORY_PAGE, online_only,
				       prefix, on_item, on_answer, who);
}

static enum status
find(void *arg, uint64_t uid, const char *name, call_on_answer *on_answer, void *who)
{
	struct app *app = arg;

	return app->link == NULL ? STATUS_NO_SERVER
				 : server_link_find(app->link, uid, name, on_answer, who);
}

static enum status
reconnect(void *arg)
{
	struct app *app = arg;

	if (app->link == NULL)
		return STATUS_NO_SERVER;
	server_link_connect(app->link);
	return STATUS_OK;
}

static void
stop(void *arg)
{
	struct app *app = arg;

	if (app->link != NULL)
		server_link_disconnect(app->link);
}

/* The same place as a server that is known counts as that one, with its key. */
static bool
is_known(const struct app *app, const struct endpoint *where, struct invite *out)
{
	struct invite known[3] = { app->server };
	size_t count = app->has_server;

	count += keep_last_server(app->keep, &known[count]);
	count += keep_find_server(app->keep, &known[count]);
	for (size_t i = 0; i < count; i++)
		if (known[i].server.port == where->port &&
		    strcmp(known[i].server.host, where->host) == 0 && known[i].has_pin) {
			*out = known[i];
			return true;
		}
	return false;
}

bool
app_parse_server(struct bytes text, struct invite *out)
{
	*out = (struct invite){ .has_pin = false };
	return endpoint_parse_invite(text, out) ||
	    endpoint_parse_host(text, SERVER_PORT, &out->server);
}

static bool
use_server(void *arg, struct bytes text, char *why)
{
	struct app *app = arg;
	struct invite invite;
	enum status status;

	if (!app_parse_server(text, &invite)) {
		snprintf(why, OUTBOX_WHY_ROOM,
		    "That is no server: an invite line (tingyu://…), or host:port.");
		return false;
	}
	if (!invite.has_pin)
		is_known(app, &invite.server, &invite);
	status = app_use_server(app, &invite);
	if (status != STATUS_OK)
		snprintf(why, OUTBOX_WHY_ROOM, "%s", status_text(status));
	return status == STATUS_OK;
}

/* --- people ------------------------------------------------------------------------------- */

static enum status
talk(void *arg, uint64_t uid)
{
	struct app *app = arg;

	return sessions_talk(&app->sessions, uid);
}

static enum status
say(void *arg, uint64_t uid, uint64_t id, struct bytes text)
{
	struct app *app = arg;

	return sessions_say(&app->sessions, uid, id, text);
}

static void
leave(void *arg, uint64_t uid)
{
	struct app *app = arg;

	sessions_leave(&app->sessions, uid);
}

static enum status
add_contact(void *arg, uint64_t uid, struct bytes name)
{
	struct app *app = arg;

	return address_book_add(&app->book, uid, name);
}

static void
remove_contact(void *arg, uint64_t uid)
{
	struct app *app = arg;

	address_book_remove(&app->book, uid);
}

static enum status
accept_key(void *arg, uint64_t uid)
{
	struct app *app = arg;

	return sessions_accept_key(&app->sessions, uid);
}

void
app_fill_outbox(struct app *app)
{
	app->outbox = (struct outbox){
		.arg = app,
		.use_server = use_server,
		.register_account = register_account,
		.login = login,
		.logout = logout,
		.delete_account = delete_account,
		.users = users,
		.find = find,
		.reconnect = reconnect,
		.stop = stop,
		.talk = talk,
		.say = say,
		.leave = leave,
		.add_contact = add_contact,
		.remove_contact = remove_contact,
		.accept_key = accept_key,
	};
}
