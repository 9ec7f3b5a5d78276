/* SPDX-License-Identifier: ISC */
#include "client-tui/term/term.h"

#include <curses.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "shared/compiler.h"
#include "shared/mem.h"

enum {
	RESTORE_MAX = 256,
	ZERO_WIDTH_JOINER = 0x200d,
	PAIR_ALERT = 1,
	PAIR_GOOD = 2,
};

#define PASTE_ON "\033[?2004h"
#define PASTE_OFF "\033[?2004l"

struct term {
	SCREEN *screen;
	struct canvas_cell *shown;	/* what is on the screen, row by row */
	int columns, rows;
	bool has_colour;
};

/*
 * What gives the terminal back, made while all is well: a handler of a fatal signal can do
 * nothing but write it. Like the log's sink it has to be found from anywhere.
 */
static struct {
	char bytes[RESTORE_MAX];
	size_t len;
	struct termios before;
	volatile sig_atomic_t is_taken;
} restore;

static const int fatal_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };

/* --- giving it back ------------------------------------------------------------------ */

/* Async-signal-safe: write(2) and tcsetattr(3) only. */
static void
restore_now(void)
{
	if (!restore.is_taken)
		return;
	restore.is_taken = 0;
	if (write(STDOUT_FILENO, restore.bytes, restore.len) < 0)
		return; /* the terminal is gone, and with it what was to be restored */
	tcsetattr(STDIN_FILENO, TCSANOW, &restore.before);
}

static void
on_fatal_signal(int number)
{
	restore_now();
	/*
	 * SA_RESETHAND has put the default action back: the core and the exit status are those of
	 * the signal.
	 */
	raise(number);
}

/* terminfo(5) writes pauses as "$<5>", which are for tputs(3) and not for the terminal. */
static void
add_to_restore(const char *sequence)
{
	while (sequence != NULL && *sequence != '\0' && restore.len < sizeof(restore.bytes)) {
		const char *end = strncmp(sequence, "$<", 2) == 0 ? strchr(sequence, '>') : NULL;

		if (end == NULL)
			restore.bytes[restore.len++] = *sequence++;
		else
			sequence = end + 1;
	}
}

/* NULL when the terminal does not have it. */
static const char *
capability_of(const char *name)
{
	/* terminfo's functions take no const, but write nothing. */
	const char *capability = tigetstr((char *)(uintptr_t)name);

	return capability == (const char *)-1 ? NULL : capability;
}

/* Where there is no other screen to go back to, what was read here does not stay for others. */
static void
prepare_restore(void)
{
	const char *back = capability_of("rmcup");

	restore.len = 0;
	add_to_restore(PASTE_OFF);
	add_to_restore(capability_of("sgr0"));
	add_to_restore(capability_of("cnorm"));
	add_to_restore(back != NULL ? back : capability_of("clear"));
}

static void
guard_against_crashes(void)
{
	struct sigaction action = { .sa_handler = on_fatal_signal,
		.sa_flags = SA_RESETHAND | SA_NODEFER };

	for (size_t i = 0; i < ARRAY_LEN(fatal_signals); i++)
		sigaction(fatal_signals[i], &action, NULL);
	atexit(restore_now);
}

/* --- taking it ----------------------------------------------------------------------- */

static enum status
refuse(char *why, size_t room, enum status status, const char *sentence)
{
	snprintf(why, room, "%s", sentence);
	return status;
}

static enum status
check_place(char *why, size_t room)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return refuse(why, room, STATUS_NOT_FOUND,
		    "There is no terminal here; tingyu --headless works without one.");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		return refuse(why, room, STATUS_BAD_TEXT,
		    "The locale is not UTF-8, so names and messages could not be shown; try "
		    "LANG=C.UTF-8 tingyu.");
	return STATUS_OK;
}

/* no-color.org: "when present and not an empty string". */
static bool
wants_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return no == NULL || no[0] == '\0';
}

static void
set_modes(struct term *term)
{
	raw();
	noecho();
	nonl();
	typeahead(-1);
	leaveok(stdscr, FALSE);
	term->has_colour = wants_colour() && has_colors() && start_color() == OK &&
	    use_default_colors() == OK;
	if (term->has_colour) {
		init_pair(PAIR_ALERT, COLOR_RED, -1);
		init_pair(PAIR_GOOD, COLOR_GREEN, -1);
	}
}

static void
say(const char *sequence)
{
	fputs(sequence, stdout);
	fflush(stdout);
}

/* newterm(3) takes terminals too that cannot place the cursor, and then draws nonsense. */
static const char *
open_screen(SCREEN **out)
{
	*out = newterm(NULL, stdout, stdin);
	if (*out == NULL)
		return "The terminal named by TERM is not known here; try TERM=xterm-256color "
		       "tingyu.";
	if (capability_of("cup") != NULL && capability_of("clear") != NULL)
		return NULL;
	endwin();
	delscreen(*out);
	return "The terminal named by TERM cannot move its cursor; try TERM=xterm-256color "
	       "tingyu, or tingyu --headless, which works on plain lines.";
}

enum status
term_open(struct term **out, char *why, size_t room)
{
	enum status status = check_place(why, room);
	struct term *term;
	const char *wrong;

	if (status != STATUS_OK)
		return status;
	term = mem_new(sizeof(*term));
	tcgetattr(STDIN_FILENO, &restore.before);
	wrong = open_screen(&term->screen);
	if (wrong != NULL) {
		free(term);
		return refuse(why, room, STATUS_NOT_FOUND, wrong);
	}
	prepare_restore();
	restore.is_taken = 1;
	guard_against_crashes();
	set_modes(term);
	say(PASTE_ON);
	*out = term;
	return STATUS_OK;
}

void
term_close(struct term *term)
{
	if (term == NULL)
		return;
	say(PASTE_OFF);
	endwin();
	delscreen(term->screen);
	restore_now();
	free(term->shown);
	free(term);
}

int
term_fd(const struct term *term UNUSED)
{
	return STDIN_FILENO;
}

void
term_suspend(struct term *term UNUSED)
{
	say(PASTE_OFF);
	endwin();
	restore_now();
}

void
term_resume(struct term *term)
{
	/* curses takes the rest back when it draws next, by then in the right size. */
	restore.is_taken = 1;
	say(PASTE_ON);
	term_forget(term);
}

/* --- the screen ---------------------------------------------------------------------- */

void
term_forget(struct term *term)
{
	if (term->shown != NULL)
		memset(term->shown, 0xff,
		    (size_t)term->columns * (size_t)term->rows * sizeof(*term->shown));
	clearok(stdscr, TRUE);
}

void
term_size(struct term *term, int *columns, int *rows)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0 &&
	    (size.ws_row != LINES || size.ws_col != COLS))
		resizeterm(size.ws_row, size.ws_col);
	*columns = COLS;
	*rows = LINES;
	if (*columns == term->columns && *rows == term->rows)
		return;
	term->columns = *columns;
	term->rows = *rows;
	free(term->shown);
	term->shown = mem_new_array((size_t)*columns * (size_t)*rows, sizeof(*term->shown));
	term_forget(term);
}

static attr_t
attributes_of(const struct term *term, uint8_t style, short *pair)
{
	static const struct {
		attr_t attributes;
		short pair;
	} looks[STYLE_COUNT] = {
		[STYLE_NORMAL] = { A_NORMAL, 0 },
		[STYLE_DIM] = { A_DIM, 0 },
		[STYLE_BOLD] = { A_BOLD, 0 },
		[STYLE_REVERSE] = { A_REVERSE, 0 },
		[STYLE_ALERT] = { A_BOLD, PAIR_ALERT },
		[STYLE_GOOD] = { A_NORMAL, PAIR_GOOD },
	};

	*pair = term->has_colour ? looks[style].pair : 0;
	return looks[style].attributes;
}

/*
 * curses takes only so many code points for a cell; a cluster that has more loses its end, but
 * never ends in a joiner.
 */
static void
widen(const char *text, wchar_t wide[CCHARW_MAX + 1])
{
	mbstate_t state = { 0 };
	size_t len = mbsrtowcs(wide, &text, CCHARW_MAX, &state);

	if (len == (size_t)-1) {
		wide[0] = L'?';
		len = 1;
	}
	while (len > 1 && wide[len - 1] == ZERO_WIDTH_JOINER)
		len--;
	wide[len] = L'\0';
}

static void
put_cell(const struct term *term, int x, int y, const struct canvas_cell *cell)
{
	wchar_t wide[CCHARW_MAX + 1];
	cchar_t character;
	attr_t attributes;
	short pair;

	if (cell->width == 0)
		return; /* the wide character to the left covers it */
	widen(cell->text, wide);
	attributes = attributes_of(term, cell->style, &pair);
	if (setcchar(&character, wide, attributes, pair, NULL) == OK)
		mvadd_wch(y, x, &character);
}

void
term_show(struct term *term, const struct canvas *canvas)
{
	int rows = canvas->rows < term->rows ? canvas->rows : term->rows;
	int columns = canvas->columns < term->columns ? canvas->columns : term->columns;

	for (int y = 0; y < rows; y++) {
		for (int x = 0; x < columns; x++) {
			const struct canvas_cell *cell = canvas_at(canvas, x, y);
			struct canvas_cell *shown =
			    &term->shown[(size_t)y * (size_t)term->columns + (size_t)x];

			if (memcmp(cell, shown, sizeof(*cell)) == 0)
				continue;
			*shown = *cell;
			put_cell(term, x, y, cell);
		}
	}
	curs_set(canvas->cursor_is_shown ? 1 : 0);
	move(canvas->cursor_y, canvas->cursor_x);
	refresh();
}
