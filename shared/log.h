/* SPDX-License-Identifier: ISC */
/*
 * The log: one line per event, "time program[pid] level: text". The sink is the only global of
 * the program. Foreign text goes through str_escape() before it comes here; control characters
 * that slip through are replaced by '?' as the last guard. Safe from several threads: a line is
 * one write(2).
 */

#ifndef SHARED_LOG_H
#define SHARED_LOG_H

#include <stdbool.h>

#include "shared/compiler.h"
#include "shared/status.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/*
 * Starts with standard error, level info, and this program name ("tingyu-work session/3"); the
 * name is copied.
 */
void log_open(const char *program);

/*
 * From now on into this file (appended, mode 0640); the path is kept for log_reopen(). NULL:
 * standard error. When the file cannot be opened the old sink stays and the status says why.
 */
enum status log_to_file(const char *path);

/* Opens the file again by its name, after a rotation (USR1). Keeps the old one when that fails. */
enum status log_reopen(void);

void log_set_level(enum log_level level);
bool log_is_on(enum log_level level);

/* "error", "warn", "info", "debug" to a level; false when it is none of these. */
bool log_level_parse(const char *word, enum log_level *out);

void log_error(const char *format, ...) PRINTF_LIKE(1, 2);
void log_warn(const char *format, ...) PRINTF_LIKE(1, 2);
void log_info(const char *format, ...) PRINTF_LIKE(1, 2);
void log_debug(const char *format, ...) PRINTF_LIKE(1, 2);

/* Logs an error and ends the process with exit status 1; the first form adds the text of errno. */
void log_fatal(const char *format, ...) PRINTF_LIKE(1, 2) NO_RETURN;
void log_fatalx(const char *format, ...) PRINTF_LIKE(1, 2) NO_RETURN;

#endif
