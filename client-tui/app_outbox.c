/* SPDX-License-Identifier: ISC */
/* The outbox of the real client: questions go over its connection to the server. */

#include <stdio.h>

#include "client-tui/app.h"
#include "client-tui/keep.h"

enum { SERVER_PORT = 7400 };

static enum status
register_account(void *arg, const char *name, const char *password, call_on_answer *on_answer, void *who)
{
	struct app *app = arg;

	return app->link == NULL ? STATUS_NO_SERVER
				 : server_link_register(app->link, name, "", password, on_answer, who);
}

static enum status
login(void *arg, uint64_t uid, const char *name, const char *password, call_on_answer *on_answer, void *who)
{
	struct app *app = arg;

	return app->link == NULL ? STATUS_NO_SERVER
				 : server_link_login(app->link, uid, name, password, on_answer, who);
}

static enum status
logout(void *arg, call_on_answer *on_answer, void *who)
{
	struct app *app = arg;

	return app->link == NULL ? STATUS_NO_SERVER : server_link_logout(app->link, on_answer, who);
}

static enum status
delete_account(void *arg, uint64_t uid, const char *password, call_on_answer *on_answer, void *who)
{
	struct app *app = arg;

	return app->link == NULL ? STATUS_NO_SERVER : server_link_delete(app->link, uid, password, on_answer, who);
}

static enum status
users(void *arg, uint32_t page, bool online_only, const char *prefix, call_on_item *on_item,
    call_on_answer *on_answer, void *who)
{
	struct app *app = arg;

	return app->link == NULL
	    ? STATUS_NO_SERVER
	    : server_link_users(app->link, page, DIRECTORY_PAGE, online_only, prefix, on_item, on_answer, who);
}

static enum status
find(void *arg, uint64_t uid, const char *name, call_on_answer *on_answer, void *who)
{
	struct app *app = arg;

	return app->link == NULL ? STATUS_NO_SERVER : server_link_find(app->link, uid, name, on_answer, who);
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
		if (known[i].server.port == where->port && strcmp(known[i].server.host, where->host) == 0 &&
		    known[i].has_pin) {
			*out = known[i];
			return true;
		}
	return false;
}

bool
app_parse_server(struct bytes text, struct invite *out)
{
	*out = (struct invite){ .has_pin = false };
	return endpoint_parse_invite(text, out) || endpoint_parse_host(text, SERVER_PORT, &out->server);
}

static bool
use_server(void *arg, struct bytes text, char *why)
{
	struct app *app = arg;
	struct invite invite;
	enum status status;

	if (!app_parse_server(text, &invite)) {
		snprintf(why, OUTBOX_WHY_ROOM, "That is no server: an invite line (tingyu://…), or host:port.");
		return false;
	}
	if (!invite.has_pin)
		is_known(app, &invite.server, &invite);
	status = app_use_server(app, &invite);
	if (status != STATUS_OK)
		snprintf(why, OUTBOX_WHY_ROOM, "%s", status_text(status));
	return status == STATUS_OK;
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
	};
}
