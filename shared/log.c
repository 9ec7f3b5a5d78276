/* SPDX-License-Identifier: ISC */
#include "shared/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOG_LINE_MAX = 1024 };

/*
 * The sink: the one global there is, so that the deepest floor can speak before anything is set
 * up.
 */
static struct {
	_Atomic int fd;
	_Atomic int level;
	char program[64];
	char path[512];
} sink = { .fd = STDERR_FILENO, .level = LOG_LEVEL_INFO, .program = "tingyu" };

static const char *const level_words[] = { "error", "warn", "info", "debug" };

void
log_open(const char *program)
{
	snprintf(sink.program, sizeof(sink.program), "%s", program);
	log_to_file(NULL);
}

/*
 * Lines go to "fd" from now on. Once there was a file its number stays the sink's, and dup3()
 * swaps what is behind it, so that a line in flight on another thread stays whole and no
 * descriptor is lost.
 */
static enum status
swap_to(int fd)
{
	if (sink.fd != STDERR_FILENO && dup3(fd, sink.fd, O_CLOEXEC) < 0)
		return status_of_errno(errno);
	return STATUS_OK;
}

static enum status
open_path(void)
{
	int fd = open(sink.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
	enum status status;

	if (fd < 0)
		return status_of_errno(errno);
	if (sink.fd == STDERR_FILENO) {
		sink.fd = fd;
		return STATUS_OK;
	}
	status = swap_to(fd);
	close(fd);
	return status;
}

enum status
log_to_file(const char *path)
{
	char old[sizeof(sink.path)];
	enum status status;

	if (path == NULL) {
		sink.path[0] = '\0';
		return swap_to(STDERR_FILENO);
	}
	if (strlen(path) >= sizeof(sink.path))
		return STATUS_TOO_LONG;
	memcpy(old, sink.path, sizeof(old));
	snprintf(sink.path, sizeof(sink.path), "%s", path);
	status = open_path();
	if (status != STATUS_OK)
		memcpy(sink.path, old, sizeof(old));
	return status;
}

enum status
log_reopen(void)
{
	return sink.path[0] == '\0' ? STATUS_OK : open_path();
}

void
log_set_level(enum log_level level)
{
	sink.level = level;
}

bool
log_is_on(enum log_level level)
{
	return (int)level <= sink.level;
}

bool
log_level_parse(const char *word, enum log_level *out)
{
	for (size_t i = 0; i < ARRAY_LEN(level_words); i++) {
		if (strcmp(word, level_words[i]) != 0)
			continue;
		*out = (enum log_level)i;
		return true;
	}
	return false;
}

static size_t
clamp_length(int len, size_t room)
{
	if (len < 0)
		return 0;
	return (size_t)len < room ? (size_t)len : room - 1;
}

static size_t
put_head(char *line, size_t room, enum log_level level)
{
	struct timespec now;
	struct tm local;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &local);
	len = strftime(line, room, "%Y-%m-%d %H:%M:%S", &local);
	return len + clamp_length(snprintf(line + len, room - len, ".%03ld %s[%ld] %s: ",
	    now.tv_nsec / 1000000, sink.program, (long)getpid(), level_words[level]), room - len);
}

/* C0, DEL, and C1 as UTF-8 writes it: C2 80 to C2 9F. */
static void
blank_controls(char *text, size_t len)
{
	unsigned char *at = (unsigned char *)text;

	for (size_t i = 0; i < len; i++) {
		if (at[i] == 0xc2 && i + 1 < len && at[i + 1] >= 0x80 && at[i + 1] < 0xa0)
			at[i] = at[i + 1] = '?';
		else if (at[i] < ' ' || at[i] == 0x7f)
			at[i] = '?';
	}
}

static void PRINTF_LIKE(3, 0)
put_line(enum log_level level, int error, const char *format, va_list arguments)
{
	char line[LOG_LINE_MAX];
	size_t len, room = sizeof(line) - 1;
	char text[128];

	if (!log_is_on(level))
		return;
	len = put_head(line, room, level);
	len += clamp_length(vsnprintf(line + len, room - len, format, arguments), room - len);
	if (error != 0)
		len += clamp_length(snprintf(line + len, room - len, ": %s",
		    strerror_r(error, text, sizeof(text))), room - len);
	blank_controls(line, len);
	line[len++] = '\n';
	if (write(sink.fd, line, len) < 0)
		return; /* nowhere left to tell */
}

#define LOG_FUNCTION(name, level) \
	void name(const char *format, ...) \
	{ \
		va_list arguments; \
		int saved = errno; \
\
		va_start(arguments, format); \
		put_line(level, 0, format, arguments); \
		va_end(arguments); \
		errno = saved; \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

void
log_fatal(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	put_line(LOG_LEVEL_ERROR, errno, format, arguments);
	va_end(arguments);
	exit(EXIT_FAILURE);
}

void
log_fatalx(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	put_line(LOG_LEVEL_ERROR, 0, format, arguments);
	va_end(arguments);
	exit(EXIT_FAILURE);
}
