/* SPDX-License-Identifier: ISC */
#include "client-tui/screen.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "client-tui/term/keys.h"
#include "client-tui/term/term.h"
#include "client-tui/view/view.h"
#include "shared/compiler.h"
#include "shared/mem.h"

enum { READ_MAX = 16 * 1024 };

struct screen {
	struct app *app;
	struct term *term;
	struct keys *keys;
	struct canvas canvas;
	struct event *input, *settle;
	uint64_t revision; /* that is on the screen */
};

static void
draw(struct screen *screen)
{
	struct control *control = screen->app->control;
	const struct model *model = screen->app->model;

	if (control->wants_redraw)
		term_forget(screen->term);
	if (screen->revision == model->revision && !control->wants_redraw)
		return;
	control->wants_redraw = false;
	screen->revision = model->revision;
	canvas_resize(&screen->canvas, control->columns, control->rows);
	view_draw(model, &screen->canvas);
	term_show(screen->term, &screen->canvas);
}

/* Also before the first key, when nobody has asked yet. */
static void
measure(struct screen *screen)
{
	int columns, rows;

	term_size(screen->term, &columns, &rows);
	control_resize(screen->app->control, columns, rows);
}

/* --- keys --------------------------------------------------------------------------------- */

static void
take_key(struct screen *screen, const struct key_event *key)
{
	struct control *control = screen->app->control;

	if (key->key == KEY_PASTED)
		control_paste(control, key->text);
	else if (key->key == KEY_TEXT && (key->modifiers & (KEY_ALT | KEY_CTRL)) == 0)
		control_type(control, key->text);
	else
		control_key(control, key_name(key));
}

static void
take_keys(struct screen *screen)
{
	struct key_event key;
	struct timeval wait = { 0 };
	int ms;

	while (keys_next(screen->keys, &key))
		take_key(screen, &key);
	ms = keys_settle_ms(screen->keys);
	evtimer_del(screen->settle);
	if (ms == 0)
		return;
	wait.tv_sec = ms / 1000;
	wait.tv_usec = ms % 1000 * 1000;
	evtimer_add(screen->settle, &wait);
}

static void
on_settle(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	struct screen *screen = arg;

	keys_settle(screen->keys);
	take_keys(screen);
}

static void
on_input(evutil_socket_t fd, short what UNUSED, void *arg)
{
	struct screen *screen = arg;
	char bytes[READ_MAX];
	ssize_t got = read(fd, bytes, sizeof(bytes));

	if (got > 0) {
		keys_feed(screen->keys, bytes_of(bytes, (size_t)got));
		take_keys(screen);
		mem_wipe(bytes, (size_t)got);
	} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		/* The terminal is gone. */
		screen->app->is_stopped = true;
	}
}

/* --- turns -------------------------------------------------------------------------------- */

static void
stop_for_a_while(struct screen *screen)
{
	term_suspend(screen->term);
	raise(SIGSTOP);
	term_resume(screen->term);
	measure(screen);
	screen->app->control->wants_redraw = true;
}

static void
on_turn(void *arg)
{
	struct screen *screen = arg;
	struct control *control = screen->app->control;

	if (control->wants_stop) {
		control->wants_stop = false;
		stop_for_a_while(screen);
	}
	draw(screen);
}

static void
on_signal(void *arg, int number)
{
	struct screen *screen = arg;

	if (number == SIGTSTP)
		screen->app->control->wants_stop = true;
	else
		measure(screen);
}

bool
screen_open(struct app *app, struct screen **out, char why[APP_WHY_ROOM])
{
	struct screen *screen = mem_new(sizeof(*screen));

	screen->app = app;
	if (term_open(&screen->term, why, APP_WHY_ROOM) != STATUS_OK) {
		free(screen);
		return false;
	}
	canvas_init(&screen->canvas);
	screen->keys = keys_new();
	screen->input = event_new(app->base, term_fd(screen->term), EV_READ | EV_PERSIST, on_input,
	    screen);
	screen->settle = evtimer_new(app->base, on_settle, screen);
	event_add(screen->input, NULL);
	measure(screen);
	*out = screen;
	return true;
}

void
screen_close(struct screen *screen)
{
	if (screen == NULL)
		return;
	event_free(screen->input);
	event_free(screen->settle);
	keys_free(screen->keys);
	canvas_clear(&screen->canvas);
	term_close(screen->term);
	free(screen);
}

void
screen_show(struct screen *screen)
{
	draw(screen);
}

void
screen_run(struct screen *screen)
{
	static const struct app_face face = {
		.on_turn = on_turn, .on_signal = on_signal, .has_clock = true
	};

	app_run(screen->app, &face, screen);
}
