/* SPDX-License-Identifier: ISC */
#include "tests/support/terminal.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <vterm.h>

#include "shared/compiler.h"
#include "shared/mem.h"
#include "shared/str.h"
#include "tests/support/process.h"
#include "tests/support/pty.h"

enum { READ_MAX = 4096, CELL_MAX = 4 * VTERM_MAX_CHARS_PER_CELL, TAIL_MAX = 300 };

struct terminal {
	struct pty pty;
	pthread_t thread;
	int stop; /* eventfd(2): the thread is to leave */

	pthread_mutex_t mutex; /* of all below */
	pthread_cond_t moved;
	VTerm *vterm;
	VTermScreen *screen;
	bool is_alternate, shows_cursor;
	bool has_ended; /* nothing more comes from the program */
	char *written;	/* all that came */
	size_t written_len, written_room;
	char *text; /* terminal_screen() of the last look */
};

/* --- the thread --------------------------------------------------------------------------- */

static int
on_property(VTermProp property, VTermValue *value, void *arg)
{
	struct terminal *terminal = arg;

	if (property == VTERM_PROP_ALTSCREEN)
		terminal->is_alternate = value->boolean;
	else if (property == VTERM_PROP_CURSORVISIBLE)
		terminal->shows_cursor = value->boolean;
	return 1;
}

/* Whole, however small the kernel's buffer is: who types waits. */
static void
send_all(struct terminal *terminal, struct bytes bytes)
{
	while (bytes.len > 0) {
		struct pollfd fd = { .fd = terminal->pty.fd, .events = POLLOUT };
		ssize_t sent = write(terminal->pty.fd, bytes.data, bytes.len);

		if (sent < 0 && errno == EAGAIN)
			sent = poll(&fd, 1, PROCESS_PATIENCE_MS) == 1 ? 0 : -1;
		if (sent < 0)
			return; /* the program is gone, and says so at the next look */
		bytes = bytes_from(bytes, (size_t)sent);
	}
}

/* What the emulator has to say: keys that were pressed, answers to questions. */
static size_t
take_reply(struct terminal *terminal, char reply[READ_MAX])
{
	return vterm_output_read(terminal->vterm, reply, READ_MAX);
}

static void
take_output(struct terminal *terminal, const char *bytes, size_t len)
{
	char reply[READ_MAX];
	size_t reply_len;

	pthread_mutex_lock(&terminal->mutex);
	if (terminal->written_room - terminal->written_len < len) {
		terminal->written_room = 2 * terminal->written_room + len;
		terminal->written = mem_resize(terminal->written, terminal->written_room, 1);
	}
	memcpy(terminal->written + terminal->written_len, bytes, len);
	terminal->written_len += len;
	vterm_input_write(terminal->vterm, bytes, len);
	reply_len = take_reply(terminal, reply);
	pthread_cond_broadcast(&terminal->moved);
	pthread_mutex_unlock(&terminal->mutex);
	send_all(terminal, bytes_of(reply, reply_len));
}

/* EIO: the last who had the terminal open is gone. */
static void *
watch(void *arg)
{
	struct terminal *terminal = arg;
	struct pollfd fds[] = {
		{ .fd = terminal->pty.fd, .events = POLLIN },
		{ .fd = terminal->stop, .events = POLLIN },
	};
	char bytes[READ_MAX];

	while (fds[0].fd >= 0) {
		ssize_t got;

		poll(fds, ARRAY_LEN(fds), -1);
		if (fds[1].revents != 0)
			break;
		got = read(terminal->pty.fd, bytes, sizeof(bytes));
		if (got > 0)
			take_output(terminal, bytes, (size_t)got);
		else if (got == 0 || (errno != EAGAIN && errno != EINTR))
			fds[0].fd = -1;
	}
	pthread_mutex_lock(&terminal->mutex);
	terminal->has_ended = true;
	pthread_cond_broadcast(&terminal->moved);
	pthread_mutex_unlock(&terminal->mutex);
	return NULL;
}

static void
stop_thread(struct terminal *terminal)
{
	if (terminal->stop < 0)
		return;
	eventfd_write(terminal->stop, 1);
	pthread_join(terminal->thread, NULL);
	close(terminal->stop);
	terminal->stop = -1;
}

/* --- start and end ------------------------------------------------------------------------ */

static const VTermScreenCallbacks callbacks = { .settermprop = on_property };

static void
open_emulator(struct terminal *terminal, int columns, int rows)
{
	terminal->vterm = vterm_new(rows, columns);
	vterm_set_utf8(terminal->vterm, 1);
	terminal->screen = vterm_obtain_screen(terminal->vterm);
	vterm_screen_set_callbacks(terminal->screen, &callbacks, terminal);
	vterm_screen_enable_altscreen(terminal->screen, 1);
	vterm_screen_reset(terminal->screen, 1);
	terminal->shows_cursor = true;
}

struct terminal *
terminal_start(const char *const argv[], const char *const variables[], int columns, int rows)
{
	struct terminal *terminal = mem_new(sizeof(*terminal));
	pthread_condattr_t monotonic;
	enum status status;

	open_emulator(terminal, columns, rows);
	pthread_mutex_init(&terminal->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&terminal->moved, &monotonic);
	pthread_condattr_destroy(&monotonic);
	terminal->stop = eventfd(0, EFD_CLOEXEC);
	status = pty_start(argv, variables, columns, rows, &terminal->pty);
	if (status != STATUS_OK)
		fail_msg("%s on a pty: %s", argv[0], status_text(status));
	if (pthread_create(&terminal->thread, NULL, watch, terminal) != 0)
		fail_msg("no thread for a terminal");
	return terminal;
}

void
terminal_free(struct terminal *terminal)
{
	if (terminal == NULL)
		return;
	if (terminal->pty.pid > 0) {
		kill(terminal->pty.pid, SIGKILL);
		waitpid(terminal->pty.pid, NULL, 0);
	}
	stop_thread(terminal);
	if (terminal->pty.fd >= 0)
		close(terminal->pty.fd);
	vterm_free(terminal->vterm);
	pthread_cond_destroy(&terminal->moved);
	pthread_mutex_destroy(&terminal->mutex);
	free(terminal->written);
	free(terminal->text);
	free(terminal);
}

pid_t
terminal_pid(const struct terminal *terminal)
{
	return terminal->pty.pid;
}

/* --- what a person does ------------------------------------------------------------------- */

/* UTF-8 of the test's own, so it is good. */
static uint32_t
next_character(const char **text)
{
	const unsigned char *at = (const unsigned char *)*text;
	int more = *at < 0xc0 ? 0 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : 3;
	uint32_t character = more == 0 ? *at : *at & (0x3fu >> more);

	for (int i = 1; i <= more; i++)
		character = character << 6 | (at[i] & 0x3fu);
	*text += 1 + more;
	return character;
}

static void
press_character(struct terminal *terminal, uint32_t character, VTermModifier modifier)
{
	char reply[READ_MAX];
	size_t len;

	pthread_mutex_lock(&terminal->mutex);
	if (character == '\n')
		vterm_keyboard_key(terminal->vterm, VTERM_KEY_ENTER, modifier);
	else
		vterm_keyboard_unichar(terminal->vterm, character, modifier);
	len = take_reply(terminal, reply);
	pthread_mutex_unlock(&terminal->mutex);
	send_all(terminal, bytes_of(reply, len));
}

void
terminal_type(struct terminal *terminal, const char *text)
{
	while (*text != '\0')
		press_character(terminal, next_character(&text), VTERM_MOD_NONE);
}

static void
press_key(struct terminal *terminal, VTermKey key)
{
	char reply[READ_MAX];
	size_t len;

	pthread_mutex_lock(&terminal->mutex);
	vterm_keyboard_key(terminal->vterm, key, VTERM_MOD_NONE);
	len = take_reply(terminal, reply);
	pthread_mutex_unlock(&terminal->mutex);
	send_all(terminal, bytes_of(reply, len));
}

void
terminal_press(struct terminal *terminal, const char *key)
{
	static const struct {
		const char *name;
		VTermKey key;
	} keys[] = {
		{ "Enter", VTERM_KEY_ENTER }, { "Esc", VTERM_KEY_ESCAPE }, { "Tab", VTERM_KEY_TAB },
		{ "Backspace", VTERM_KEY_BACKSPACE }, { "Up", VTERM_KEY_UP }, { "Down", VTERM_KEY_DOWN },
		{ "Left", VTERM_KEY_LEFT }, { "Right", VTERM_KEY_RIGHT }, { "PgUp", VTERM_KEY_PAGEUP },
		{ "PgDn", VTERM_KEY_PAGEDOWN }, { "F1", VTERM_KEY_FUNCTION(1) },
		{ "F3", VTERM_KEY_FUNCTION(3) },
	};

	if (strncmp(key, "C-", 2) == 0 || strncmp(key, "M-", 2) == 0) {
		VTermModifier modifier = key[0] == 'C' ? VTERM_MOD_CTRL : VTERM_MOD_ALT;

		key += 2;
		press_character(terminal, next_character(&key), modifier);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (strcmp(keys[i].name, key) == 0) {
			press_key(terminal, keys[i].key);
			return;
		}
	}
	fail_msg("no key is called \"%s\"", key);
}

/* libvterm brackets a paste by itself, if the program has asked for it: this asks libvterm. */
static size_t
bracket(struct terminal *terminal, void (*mark)(VTerm *vterm), char reply[READ_MAX])
{
	mark(terminal->vterm);
	return take_reply(terminal, reply);
}

void
terminal_paste(struct terminal *terminal, const char *text)
{
	char open[READ_MAX], close[READ_MAX], *sent = mem_string(text);
	size_t open_len, close_len;

	for (char *end = strchr(sent, '\n'); end != NULL; end = strchr(end, '\n'))
		*end = '\r';
	pthread_mutex_lock(&terminal->mutex);
	open_len = bracket(terminal, vterm_keyboard_start_paste, open);
	close_len = bracket(terminal, vterm_keyboard_end_paste, close);
	pthread_mutex_unlock(&terminal->mutex);
	send_all(terminal, bytes_of(open, open_len));
	send_all(terminal, bytes_of_string(sent));
	send_all(terminal, bytes_of(close, close_len));
	free(sent);
}

void
terminal_resize(struct terminal *terminal, int columns, int rows)
{
	pthread_mutex_lock(&terminal->mutex);
	vterm_set_size(terminal->vterm, rows, columns);
	pty_resize(&terminal->pty, columns, rows);
	pthread_mutex_unlock(&terminal->mutex);
}

void
terminal_hang_up(struct terminal *terminal)
{
	stop_thread(terminal);
	close(terminal->pty.fd);
	terminal->pty.fd = -1;
}

/* --- what a person sees ------------------------------------------------------------------- */

/* With the mutex held. The terminal keeps it until the next look. */
static const char *
look(struct terminal *terminal)
{
	size_t len = 0, room;
	int rows, columns;

	vterm_get_size(terminal->vterm, &rows, &columns);
	room = (size_t)columns * CELL_MAX + 1;
	terminal->text = mem_resize(terminal->text, (size_t)rows * room + 1, 1);
	for (int y = 0; y < rows; y++) {
		const VTermRect row = { .start_row = y, .end_row = y + 1, .start_col = 0, .end_col = columns };
		size_t start = len;

		len += vterm_screen_get_text(terminal->screen, terminal->text + len, room, row);
		while (len > start && terminal->text[len - 1] == ' ')
			len--;
		terminal->text[len++] = '\n';
	}
	terminal->text[len] = '\0';
	return terminal->text;
}

char *
terminal_screen(struct terminal *terminal)
{
	char *text;

	pthread_mutex_lock(&terminal->mutex);
	text = mem_string(look(terminal));
	pthread_mutex_unlock(&terminal->mutex);
	return text;
}

static void
read_state(struct terminal *terminal, struct terminal_state *out)
{
	char reply[READ_MAX];
	VTermPos cursor;

	vterm_state_get_cursorpos(vterm_obtain_state(terminal->vterm), &cursor);
	*out = (struct terminal_state){
		.is_alternate = terminal->is_alternate, .shows_cursor = terminal->shows_cursor,
		.brackets_pastes = bracket(terminal, vterm_keyboard_start_paste, reply) > 0,
		.cursor_x = cursor.col, .cursor_y = cursor.row,
	};
	tcgetattr(terminal->pty.fd, &out->modes);
}

struct terminal_state
terminal_state(struct terminal *terminal)
{
	struct terminal_state state;

	pthread_mutex_lock(&terminal->mutex);
	read_state(terminal, &state);
	pthread_mutex_unlock(&terminal->mutex);
	return state;
}

/* --- waiting ------------------------------------------------------------------------------ */

typedef bool check(struct terminal *terminal, const void *of);

/* For the one who reads the log of the test. */
static void
complain(struct terminal *terminal, const char *what)
{
	struct bytes tail = bytes_of(terminal->written, terminal->written_len);
	char last[5 * TAIL_MAX];

	if (tail.len > TAIL_MAX)
		tail = bytes_from(tail, tail.len - TAIL_MAX);
	str_escape(tail, last, sizeof(last));
	print_error("%s%s; the screen:\n%s----\nwhat was written last: %s\n", what,
	    terminal->has_ended ? ", and the program has ended" : "", look(terminal), last);
}

static void
wait_until(struct terminal *terminal, check *holds, const void *of, const char *what)
{
	struct timespec deadline;
	bool held;
	int error = 0;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += PROCESS_PATIENCE_MS / 1000;
	pthread_mutex_lock(&terminal->mutex);
	while (!(held = holds(terminal, of)) && !terminal->has_ended && error == 0)
		error = pthread_cond_timedwait(&terminal->moved, &terminal->mutex, &deadline);
	if (!held)
		complain(terminal, what);
	pthread_mutex_unlock(&terminal->mutex);
	if (!held)
		fail();
}

static bool
shows(struct terminal *terminal, const void *text)
{
	return strstr(look(terminal), text) != NULL;
}

static bool
shows_not(struct terminal *terminal, const void *text)
{
	return !shows(terminal, text);
}

bool
terminal_shows(struct terminal *terminal, const char *text)
{
	bool is_there;

	pthread_mutex_lock(&terminal->mutex);
	is_there = shows(terminal, text);
	pthread_mutex_unlock(&terminal->mutex);
	return is_there;
}

static void
wait_for_text(struct terminal *terminal, check *holds, const char *text, const char *verdict)
{
	char *what = mem_format("\"%s\" %s", text, verdict);

	wait_until(terminal, holds, text, what);
	free(what);
}

void
terminal_see(struct terminal *terminal, const char *text)
{
	wait_for_text(terminal, shows, text, "was not shown");
}

void
terminal_miss(struct terminal *terminal, const char *text)
{
	wait_for_text(terminal, shows_not, text, "did not go away");
}

struct claim {
	terminal_condition *holds;
	const void *of;
};

static bool
claim_holds(struct terminal *terminal, const void *of)
{
	const struct claim *claim = of;

	return claim->holds(look(terminal), claim->of);
}

void
terminal_wait(struct terminal *terminal, terminal_condition *holds, const void *of)
{
	const struct claim claim = { holds, of };

	wait_until(terminal, claim_holds, &claim, "the screen never became what was waited for");
}

static bool
stands_like(struct terminal *terminal, const void *of)
{
	const struct terminal_state *like = of;
	struct terminal_state state;

	read_state(terminal, &state);
	return state.is_alternate == like->is_alternate && state.shows_cursor == like->shows_cursor &&
	    state.brackets_pastes == like->brackets_pastes && state.modes.c_iflag == like->modes.c_iflag &&
	    state.modes.c_oflag == like->modes.c_oflag && state.modes.c_cflag == like->modes.c_cflag &&
	    state.modes.c_lflag == like->modes.c_lflag &&
	    memcmp(state.modes.c_cc, like->modes.c_cc, sizeof(state.modes.c_cc)) == 0;
}

void
terminal_wait_state(struct terminal *terminal, const struct terminal_state *like)
{
	wait_until(terminal, stands_like, like, "the terminal was not given back as it was");
}

static size_t
count_written(struct terminal *terminal, struct bytes bytes)
{
	const char *at = terminal->written, *end = at + terminal->written_len;
	size_t count = 0;

	while (at != NULL && (at = memmem(at, (size_t)(end - at), bytes.data, bytes.len)) != NULL) {
		at += bytes.len;
		count++;
	}
	return count;
}

size_t
terminal_count_written(struct terminal *terminal, struct bytes bytes)
{
	size_t count;

	pthread_mutex_lock(&terminal->mutex);
	count = count_written(terminal, bytes);
	pthread_mutex_unlock(&terminal->mutex);
	return count;
}

struct quota {
	const char *sequence;
	size_t count;
};

static bool
is_met(struct terminal *terminal, const void *of)
{
	const struct quota *quota = of;

	return count_written(terminal, bytes_of_string(quota->sequence)) >= quota->count;
}

void
terminal_wait_written(struct terminal *terminal, const char *sequence, size_t count)
{
	const struct quota quota = { sequence, count };

	wait_until(terminal, is_met, &quota, "what was waited for was not written");
}

static bool
is_over(struct terminal *terminal, const void *of UNUSED)
{
	return terminal->has_ended;
}

void
terminal_wait_exit(struct terminal *terminal, int *status)
{
	struct pollfd ended = { .fd = (int)syscall(SYS_pidfd_open, terminal->pty.pid, 0), .events = POLLIN };
	bool has_ended = poll(&ended, 1, PROCESS_PATIENCE_MS) == 1;

	close(ended.fd);
	/* Its last words are still on their way. */
	if (terminal->pty.fd >= 0)
		wait_until(terminal, is_over, NULL, "the program did not end");
	if (!has_ended || waitpid(terminal->pty.pid, status, 0) != terminal->pty.pid)
		fail_msg("the program did not end");
	terminal->pty.pid = -1;
}
