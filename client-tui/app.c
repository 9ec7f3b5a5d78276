/* SPDX-License-Identifier: ISC */
#include "client-tui/app.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

#include <event2/event.h>

#include "client-tui/control/incoming.h"
#include "client-tui/control/past.h"
#include "client-tui/keep.h"
#include "client-tui/net/helper.h"
#include "shared/clock.h"
#include "shared/compiler.h"
#include "shared/link.h"
#include "shared/str.h"

enum { TICK_MS = 250, MINUTE_MS = 60 * 1000 };

/* --- what the link says ------------------------------------------------------------------- */

static void
on_state(void *arg, enum server_link_state state, const struct answer *why)
{
	struct app *app = arg;
	uint64_t retry_ms = app->link != NULL ? server_link_retry_ms(app->link) : 0;

	incoming_on_state(
	    app->control, state, why, retry_ms > 0 ? clock_wall_s() + (retry_ms + 999) / 1000 : 0);
	if (state == SERVER_LINK_ONLINE)
		sessions_begin(&app->sessions, server_link_account(app->link));
	else if (why->status == STATUS_TAKEN_OVER)
		sessions_end(&app->sessions,
		    "Your account is used at another place now, so this session was closed.");
	else if (why->status == STATUS_ACCOUNT_GONE)
		address_book_burn(&app->book);
}

/* Trusted when it is met first; from then on it is kept, and another key is refused. */
static bool
on_unknown_pin(void *arg, const struct endpoint *server, const uint8_t pin[ENDPOINT_PIN_SIZE])
{
	struct app *app = arg;
	struct invite invite = { .server = *server, .has_pin = true };
	char hex[2 * ENDPOINT_PIN_SIZE + 1], where[ENDPOINT_TEXT_SIZE];

	memcpy(invite.pin, pin, ENDPOINT_PIN_SIZE);
	endpoint_print(server, where);
	str_to_hex(bytes_of(pin, ENDPOINT_PIN_SIZE), hex);
	control_note(app->control, pane_home(),
	    "%s is met for the first time. Its key is kept, and only this one is trusted from now "
	    "on: %s",
	    where, hex);
	if (keep_set_last_server(app->keep, &invite) == STATUS_OK)
		app->server = invite;
	return true;
}

/* The panes of another account's sessions are nothing for this one. */
static void
close_panes(struct model *model)
{
	while (model->chat_count > 0)
		model_close_chat(model, model->chats[0]->uid);
}

/* Nobody is signed in (uid 0): contacts and panes stay until somebody else is. */
static void
use_account(struct app *app, const struct account *account)
{
	char *path = keep_contacts_path(app->keep, &app->server, account->uid);

	incoming_on_account(app->control, account);
	if (account->uid != app->sessions.me)
		sessions_end(&app->sessions, "You are signed out, so this session was closed.");
	if (account->uid != 0 && account->uid != app->book.owner)
		close_panes(app->model);
	if (account->uid != 0)
		address_book_open(&app->book, account->uid, path);
	free(path);
}

static void
on_account(void *arg, const struct account *account)
{
	struct app *app = arg;
	enum status status = keep_save(app->keep, &app->server, account);

	use_account(app, account);
	if (status != STATUS_OK)
		control_alert(app->control, pane_home(),
		    "The account could not be kept on this computer, so the password is asked for "
		    "next time: %s",
		    status_text(status));
}

static void
on_introduce(void *arg, const struct msg_introduce *call)
{
	struct app *app = arg;

	sessions_on_introduce(&app->sessions, call);
}

static void
on_presence(void *arg, uint64_t uid, bool is_online)
{
	struct app *app = arg;

	incoming_on_presence(app->control, uid, is_online);
}

static uint16_t
on_port_refused(void *arg)
{
	struct app *app = arg;

	return sessions_change_port(&app->sessions);
}

static void
on_warning(void *arg, const char *sentence)
{
	struct app *app = arg;

	incoming_on_warning(app->control, sentence);
}

static const struct server_link_handler handler = {
	.on_state = on_state,
	.on_unknown_pin = on_unknown_pin,
	.on_account = on_account,
	.on_introduce = on_introduce,
	.on_port_refused = on_port_refused,
	.on_presence = on_presence,
	.on_warning = on_warning,
};

/* --- the server --------------------------------------------------------------------------- */

static void
on_returned(void *arg, const struct answer *answer)
{
	struct app *app = arg;

	/* A loss on the way is no refusal: the link goes on trying, and its state says so. */
	if (answer->status != STATUS_OK)
		control_alert(app->control, pane_home(),
		    "You could not be signed in again: %s /login asks for the "
		    "password.",
		    answer->sentence);
}

static void
return_to_account(struct app *app)
{
	struct account account = { 0 };
	enum status status = keep_load(app->keep, &app->server, &account);

	if (status == STATUS_OK && account_can_return(&account)) {
		use_account(app, &account);
		status = server_link_return(app->link, &account, on_returned, app);
	}
	account_clear(&account);
	if (status != STATUS_OK && status != STATUS_NOT_FOUND)
		control_alert(app->control, pane_home(),
		    "The account that was kept here cannot be used (%s) "
		    "/login signs in with the password.",
		    status_text(status));
}

static bool
is_same_server(const struct invite *a, const struct invite *b)
{
	return a->server.port == b->server.port && strcmp(a->server.host, b->server.host) == 0 &&
	    a->has_pin == b->has_pin && memcmp(a->pin, b->pin, sizeof(a->pin)) == 0;
}

/* An account of another server is somebody else. */
static void
leave_server(struct app *app)
{
	control_forget_questions(app->control);
	app->deletion.on_answer = NULL;
	server_link_free(app->link);
	app->link = NULL;
	sessions_set_link(&app->sessions, NULL);
	sessions_end(&app->sessions, "Another server was chosen.");
	close_panes(app->model);
	address_book_open(&app->book, 0, "");
}

enum status
app_use_server(struct app *app, const struct invite *server)
{
	struct server_link_config config = {
		.base = app->base,
		.loop = app->loop,
		.helper = app->helper,
		.routes = server,
		.route_count = 1,
		.program = PACKAGE_STRING,
		.local_port = app->sessions.port,
	};
	char where[ENDPOINT_TEXT_SIZE];
	enum status status;

	if (app->link != NULL && is_same_server(server, &app->server))
		return STATUS_OK;
	leave_server(app);
	app_keep_history(app, 0);
	status = server_link_new(&config, &handler, app, &app->link);
	sessions_set_link(&app->sessions, app->link);
	app->watched = app->book.revision - 1;
	if (status != STATUS_OK)
		return status;
	app->server = *server;
	app->has_server = true;
	endpoint_print(&server->server, where);
	me_set_server(model_change_me(app->model), bytes_of_string(where));
	if (server->has_pin)
		(void)keep_set_last_server(app->keep, server);
	return_to_account(app);
	return STATUS_OK;
}

/* --- the loop ----------------------------------------------------------------------------- */

static void
on_signal(evutil_socket_t number, short what UNUSED, void *arg)
{
	struct app *app = arg;

	if (number == SIGWINCH || number == SIGTSTP)
		app->face->on_signal(app->face_arg, (int)number);
	else
		app->is_stopped = true;
}

/*
 * The clock itself is read at each turn. What is due before the next tick need not wake us again.
 */
static void
on_tick(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct app *app = arg;

	if (app->link != NULL)
		server_link_ping_early(app->link, MINUTE_MS);
}

/*
 * Before curses looks: it leaves alone what has a handler, and would otherwise ignore SIGTSTP while
 * it writes.
 */
static void
add_signals(struct app *app)
{
	static const int numbers[APP_SIGNALS] = { SIGWINCH, SIGTSTP, SIGTERM, SIGHUP, SIGINT,
		SIGQUIT };

	for (size_t i = 0; i < APP_SIGNALS; i++) {
		app->signals[i] = evsignal_new(app->base, numbers[i], on_signal, app);
		event_add(app->signals[i], NULL);
	}
}

enum status
app_open(struct keep *keep, struct app *out)
{
	enum status status;

	*out = (struct app){ .keep = keep };
	out->base = link_base_new();
	if (out->base == NULL)
		return STATUS_SYSTEM;
	status = helper_start(out->base, &out->helper);
	if (status != STATUS_OK) {
		event_base_free(out->base);
		return status;
	}
	out->loop = link_loop_new(out->base, TICK_MS);
	out->model = model_new();
	model_set_now(out->model, clock_wall_s());
	app_fill_outbox(out);
	out->control = control_new(out->model, &out->outbox);
	address_book_init(&out->book, out->control, out->helper);
	status = sessions_open(&out->sessions, out->base, out->control, &out->book);
	out->tick = evtimer_new(out->base, on_tick, out);
	add_signals(out);
	if (status != STATUS_OK)
		app_close(out);
	return status;
}

void
app_close(struct app *app)
{
	for (size_t i = 0; i < APP_SIGNALS; i++)
		if (app->signals[i] != NULL)
			event_free(app->signals[i]);
	event_free(app->tick);
	app->is_closing = true;
	sessions_close(&app->sessions);
	server_link_free(app->link);
	past_end(app->control);
	helper_stop(app->helper);
	address_book_clear(&app->book);
	control_free(app->control);
	model_free(app->model);
	link_loop_free(app->loop);
	event_base_free(app->base);
}

/* Only while somebody looks at the time, or counts the seconds to the next try. */
static void
set_tick(struct app *app)
{
	struct timeval now, wait = { 0 };

	if (!app->face->has_clock || evtimer_pending(app->tick, NULL))
		return;
	gettimeofday(&now, NULL);
	wait.tv_sec = app->model->me.link == ME_LINK_WAITING ? 0 : 59 - now.tv_sec % 60;
	wait.tv_usec = 1000000 - now.tv_usec;
	evtimer_add(app->tick, &wait);
}

/* The wait for the next minute becomes one for the next second. */
static void
hurry_tick(struct app *app, enum me_link before)
{
	if (app->model->me.link != before)
		evtimer_del(app->tick);
}

/* Of so many the server tells when they come and go. */
static void
watch_contacts(struct app *app)
{
	uint64_t uids[SERVER_LINK_WATCH_MAX];
	size_t count;
	enum status status;

	if (app->link == NULL || app->watched == app->book.revision)
		return;
	app->watched = app->book.revision;
	count = address_book_list(&app->book, uids, SERVER_LINK_WATCH_MAX);
	status = server_link_watch(app->link, uids, count);
	assert(status == STATUS_OK);
	(void)status;
}

static void
turn(struct app *app)
{
	app_keep_history(app, app->model->me.uid);
	past_turn(app->control);
	app->face->on_turn(app->face_arg);
}

void
app_run(struct app *app, const struct app_face *face, void *arg)
{
	app->face = face;
	app->face_arg = arg;
	turn(app);
	while (!app->is_stopped && !app->control->wants_quit) {
		enum me_link before = app->model->me.link;

		set_tick(app);
		event_base_loop(app->base, EVLOOP_ONCE);
		model_set_now(app->model, clock_wall_s());
		hurry_tick(app, before);
		watch_contacts(app);
		turn(app);
	}
}
