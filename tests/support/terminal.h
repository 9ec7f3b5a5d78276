/* SPDX-License-Identifier: ISC */
/*
 * A terminal emulator (libvterm) with a real program in it: it is typed at, and what the program
 * draws is read from the screen. A thread of its own takes the output at any time, so that a
 * program never has to wait for the test. Every wait is for a condition on the screen, ends at
 * once when the program ends, and fails the test with the screen in words after
 * PROCESS_PATIENCE_MS.
 */

#ifndef TESTS_SUPPORT_TERMINAL_H
#define TESTS_SUPPORT_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

#include "shared/bytes.h"

struct terminal;

/* How the terminal stands; what a program changes it has to put back. */
struct terminal_state {
	bool is_alternate;    /* the alternate screen is shown */
	bool shows_cursor;
	bool brackets_pastes; /* pastes are marked as such */
	int cursor_x, cursor_y;
	struct termios modes; /* of the line: echo, signals from keys, ... */
};

/* As pty_start(); fails the test when that is not possible. The caller frees it. */
struct terminal *terminal_start(const char *const argv[], const char *const variables[],
    int columns, int rows);

/* Kills the program and waits for it. NULL is fine. */
void terminal_free(struct terminal *terminal);

pid_t terminal_pid(const struct terminal *terminal);

/* --- what a person does ------------------------------------------------------------------- */

/* UTF-8; \n is the key Enter. */
void terminal_type(struct terminal *terminal, const char *text);

/*
 * A key by its name: "Esc", "Tab", "Up", "F1", "C-c", "M-2", ... What follows "Esc" before it has
 * shown its effect is taken for a key with Alt.
 */
void terminal_press(struct terminal *terminal, const char *key);

/* In brackets if the program has asked for them; line breaks as terminals send them. */
void terminal_paste(struct terminal *terminal, const char *text);

void terminal_resize(struct terminal *terminal, int columns, int rows);

/* The window is closed under the program. Only terminal_wait_exit() and terminal_free() follow. */
void terminal_hang_up(struct terminal *terminal);

/* --- what a person sees ------------------------------------------------------------------- */

/* The rows without the blanks at their ends, each with a line feed; the caller frees it. */
char *terminal_screen(struct terminal *terminal);

/* Waits until that text is in a row of the screen, or no more. */
void terminal_see(struct terminal *terminal, const char *text);
void terminal_miss(struct terminal *terminal, const char *text);

/* Looks without waiting. */
bool terminal_shows(struct terminal *terminal, const char *text);

typedef bool terminal_condition(const char *screen, const void *of);

/* Waits until "holds" is true of the screen. */
void terminal_wait(struct terminal *terminal, terminal_condition *holds, const void *of);

struct terminal_state terminal_state(struct terminal *terminal);

/* Waits until it stands like that again, the cursor's place aside. */
void terminal_wait_state(struct terminal *terminal, const struct terminal_state *like);

/* How many times these bytes came from the program since the start. */
size_t terminal_count_written(struct terminal *terminal, struct bytes bytes);

/* Waits until they came that often. */
void terminal_wait_written(struct terminal *terminal, const char *sequence, size_t count);

/* Waits for the program's end; *status (may be NULL) is what waitpid(2) gives. */
void terminal_wait_exit(struct terminal *terminal, int *status);

#endif
