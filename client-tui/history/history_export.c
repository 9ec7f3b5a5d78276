/* SPDX-License-Identifier: ISC */
#include "client-tui/history/history_export.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "shared/mem.h"
#include "shared/str.h"

enum { DAY_ROOM = 32, STAMP_ROOM = 40 };

struct format;

struct writer {
	const struct history_export *wish;
	const struct format *format;
	FILE *file;
	uint64_t messages;
	uint64_t peer; /* the one whose messages are written now */
	char name[HISTORY_NAME_ROOM];
	char day[DAY_ROOM]; /* of the message before */
};

struct format {
	void (*begin)(struct writer *writer);
	void (*begin_peer)(struct writer *writer);
	void (*message)(struct writer *writer, const struct history_message *message);
	void (*end)(struct writer *writer);
};

static const char *
author_of(const struct writer *writer, const struct history_message *message)
{
	return message->key.author == HISTORY_MINE ? writer->wish->me : writer->name;
}

/* In the time zone of this computer; 1970 for what no calendar has. */
static struct tm
local_time(uint64_t time_s)
{
	time_t time = (time_t)time_s;
	struct tm parts = { .tm_mday = 1, .tm_year = 70 };

	localtime_r(&time, &parts);
	return parts;
}

/* Safe to be shown on a terminal, whatever was received. On the heap. */
static char *
safe_text(struct bytes text)
{
	size_t room = 4 * text.len + 1;
	char *safe = mem_new(room);

	str_escape(text, safe, room);
	return safe;
}

/* --- for people --------------------------------------------------------------------------- */

static void
text_begin(struct writer *writer)
{
	(void)writer;
}

static void
text_begin_peer(struct writer *writer)
{
	writer->day[0] = '\0';
	fprintf(writer->file, "%s=== %s (%" PRIu64 ") ===\n", writer->messages > 0 ? "\n" : "",
	    writer->name, writer->peer);
}

/* The lines of a text; those behind the first are set in. */
static void
text_lines(FILE *file, struct bytes text)
{
	const char *data = text.data;
	size_t start = 0;

	while (start <= text.len) {
		const char *end = memchr(data + start, '\n', text.len - start);
		size_t stop = end != NULL ? (size_t)(end - data) : text.len;
		char *line = safe_text(bytes_of(data + start, stop - start));

		fprintf(file, "%s%s", start > 0 ? "\n       " : "", line);
		free(line);
		start = stop + 1;
	}
}

static void
text_message(struct writer *writer, const struct history_message *message)
{
	struct tm parts = local_time(message->time_s);
	char day[DAY_ROOM], clock[DAY_ROOM];

	strftime(day, sizeof(day), "%Y-%m-%d", &parts);
	strftime(clock, sizeof(clock), "%H:%M", &parts);
	if (strcmp(day, writer->day) != 0) {
		memcpy(writer->day, day, sizeof(day));
		fprintf(writer->file, "\n--- %s ---\n", day);
	}
	fprintf(writer->file, "%s  %s: ", clock, author_of(writer, message));
	text_lines(writer->file, message->text);
	if (message->key.author == HISTORY_MINE)
		fprintf(writer->file, " [%s]", history_state_word(message->state));
	putc('\n', writer->file);
}

static void
text_end(struct writer *writer)
{
	(void)writer;
}

/* --- for programs: an array, an object a line (RFC 8259) ------------------------------------ */

static void
json_begin(struct writer *writer)
{
	putc('[', writer->file);
}

static void
json_begin_peer(struct writer *writer)
{
	(void)writer;
}

/* What is no clean text stands there as \xNN: JSON has no bytes. */
static void
json_string(FILE *file, struct bytes text)
{
	char *safe = str_is_clean_message(text) ? mem_string_of(text) : safe_text(text);

	putc('"', file);
	for (const char *at = safe; *at != '\0'; at++) {
		if (*at == '"' || *at == '\\')
			fprintf(file, "\\%c", *at);
		else if (*at == '\n')
			fputs("\\n", file);
		else if (*at == '\t')
			fputs("\\t", file);
		else
			putc(*at, file);
	}
	putc('"', file);
	free(safe);
}

static void
json_member(FILE *file, const char *name, const char *value)
{
	fprintf(file, ",\"%s\":", name);
	json_string(file, bytes_of_string(value));
}

static void
json_message(struct writer *writer, const struct history_message *message)
{
	struct tm parts = local_time(message->time_s);
	char stamp[STAMP_ROOM];
	bool is_mine = message->key.author == HISTORY_MINE;

	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S%z", &parts);
	fprintf(
	    writer->file, "%s\n{\"uid\":%" PRIu64, writer->messages > 0 ? "," : "", writer->peer);
	json_member(writer->file, "with", writer->name);
	json_member(writer->file, "time", stamp);
	json_member(writer->file, "from", author_of(writer, message));
	fprintf(writer->file, ",\"mine\":%s", is_mine ? "true" : "false");
	if (is_mine)
		json_member(writer->file, "state", history_state_word(message->state));
	fputs(",\"text\":", writer->file);
	json_string(writer->file, message->text);
	putc('}', writer->file);
}

static void
json_end(struct writer *writer)
{
	fputs("\n]\n", writer->file);
}

/* --- the file ----------------------------------------------------------------------------- */

static const struct format formats[] = {
	[HISTORY_TEXT] = { text_begin, text_begin_peer, text_message, text_end },
	[HISTORY_JSON] = { json_begin, json_begin_peer, json_message, json_end },
};

static bool
on_message(void *arg, const struct history_message *message)
{
	struct writer *writer = arg;

	writer->format->message(writer, message);
	writer->messages++;
	return ferror(writer->file) == 0;
}

static enum status
export_peer(struct writer *writer, struct history_store *store, uint64_t peer)
{
	enum status status = history_store_name(store, peer, writer->name);

	if (status != STATUS_OK)
		return status;
	if (writer->name[0] == '\0')
		snprintf(writer->name, sizeof(writer->name), "%" PRIu64, peer);
	writer->peer = peer;
	writer->format->begin_peer(writer);
	return history_store_each(store, peer, on_message, writer);
}

static enum status
export_all(struct writer *writer, struct history_store *store)
{
	uint64_t *peers;
	size_t count;
	enum status status = history_store_peers(store, &peers, &count);

	for (size_t i = 0; i < count && status == STATUS_OK; i++)
		status = export_peer(writer, store, peers[i]);
	free(peers);
	return status;
}

static enum status
export_wish(struct writer *writer, struct history_store *store)
{
	enum status status;

	writer->format->begin(writer);
	status = writer->wish->peer != 0 ? export_peer(writer, store, writer->wish->peer)
					 : export_all(writer, store);
	writer->format->end(writer);
	return status;
}

static enum status
say_file(const struct history_export *wish, int error, char why[HISTORY_WHY_ROOM])
{
	snprintf(why, HISTORY_WHY_ROOM, "%s cannot be written: %s.", wish->path, strerror(error));
	return error == EEXIST ? STATUS_ALREADY_THERE : status_of_errno(error);
}

enum status
history_export_run(const struct history_export *wish, struct history_store *store,
    uint64_t *messages, char why[HISTORY_WHY_ROOM])
{
	struct writer writer = { .wish = wish, .format = &formats[wish->format] };
	int fd = open(wish->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	enum status status;
	bool is_written;

	if (fd < 0)
		return say_file(wish, errno, why);
	writer.file = fdopen(fd, "w");
	if (writer.file == NULL) {
		status = say_file(wish, errno, why);
		close(fd);
		unlink(wish->path);
		return status;
	}
	status = export_wish(&writer, store);
	if (status != STATUS_OK)
		snprintf(why, HISTORY_WHY_ROOM, "%s", history_store_why(store));
	errno = 0;
	is_written = ferror(writer.file) == 0 && fflush(writer.file) == 0 && fsync(fd) == 0;
	if (fclose(writer.file) != 0)
		is_written = false;
	if (status == STATUS_OK && !is_written)
		status = say_file(wish, errno != 0 ? errno : EIO, why);
	if (status != STATUS_OK)
		unlink(wish->path);
	*messages = writer.messages;
	return status;
}
