/* SPDX-License-Identifier: ISC */
#include "client-tui/history/history_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client-tui/history/history_words.h"
#include "shared/compiler.h"
#include "shared/mem.h"

enum {
	BUSY_MS = 1000,
	/*
	 * Says in the file's head whose it is: "ting"
	 * (https://www.sqlite.org/pragma.html#pragma_application_id).
	 */
	APPLICATION = 0x74696e67,
};

static const struct {
	int number;
	const char *statement;
} steps[] = {
#define STEP(step, text) { step, text },
#include "client-tui/history/history_schema.def"
#undef STEP
};

/* --- what is wrong ------------------------------------------------------------------------ */

static enum status say(struct history_file *file, enum status status, const char *format, ...)
    PRINTF_LIKE(3, 4);

static enum status
say(struct history_file *file, enum status status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(file->why, sizeof(file->why), format, arguments);
	va_end(arguments);
	return status;
}

static enum status
say_unwritable(struct history_file *file, const char *reason)
{
	return say(file, STATUS_NOT_ALLOWED,
	    "The history in %s cannot be written (%s), so nothing of what is said is "
	    "kept now.",
	    file->path, reason);
}

static enum status
say_full(struct history_file *file)
{
	return say(file, STATUS_DISK_FULL,
	    "The disk is full: the history in %s cannot be written now. What is said "
	    "waits for room, and is lost if tingyu ends before.",
	    file->path);
}

/* The errno below an SQLite error; SQLite often forgets it. */
static bool
is_disk_full(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

/* https://www.sqlite.org/rescode.html */
enum status
history_file_failed(struct history_file *file)
{
	int error = errno, known = sqlite3_system_errno(file->db);
	const char *text = sqlite3_errmsg(file->db);

	switch (sqlite3_errcode(file->db) & 0xff) {
	case SQLITE_FULL:
		return say_full(file);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return say(file, STATUS_BUSY,
		    "Another program has the history in %s open, so it cannot be used now.",
		    file->path);
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return say(file, STATUS_BAD_VALUE,
		    "The history in %s is damaged (%s), so nothing is shown of it or kept "
		    "now. Move it away to begin a new one; sqlite3(1) may recover what "
		    "is in it.",
		    file->path, text);
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_AUTH:
		return say_unwritable(file, text);
	case SQLITE_IOERR:
		if (is_disk_full(known != 0 ? known : error))
			return say_full(file);
		/* fall through */
	default:
		return say(file, STATUS_STORE_FAILED, "The history in %s cannot be used now: %s.",
		    file->path, text);
	}
}

static enum status
execute(struct history_file *file, const char *text)
{
	errno = 0;
	if (sqlite3_exec(file->db, text, NULL, NULL, NULL) != SQLITE_OK)
		return history_file_failed(file);
	return STATUS_OK;
}

/* The number that a pragma tells. */
static enum status
ask_number(struct history_file *file, const char *text, int *out)
{
	sqlite3_stmt *stmt;
	enum status status = STATUS_OK;

	errno = 0;
	if (sqlite3_prepare_v2(file->db, text, -1, &stmt, NULL) != SQLITE_OK)
		return history_file_failed(file);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		*out = sqlite3_column_int(stmt, 0);
	else
		status = history_file_failed(file);
	sqlite3_finalize(stmt);
	return status;
}

/* --- the tables --------------------------------------------------------------------------- */

static int
newest_version(void)
{
	return steps[ARRAY_LEN(steps) - 1].number;
}

static enum status
take_steps(struct history_file *file, int version)
{
	char numbers[100];
	enum status status = STATUS_OK;

	for (size_t i = 0; i < ARRAY_LEN(steps) && status == STATUS_OK; i++)
		if (steps[i].number > version)
			status = execute(file, steps[i].statement);
	snprintf(numbers, sizeof(numbers), "PRAGMA application_id = %d; PRAGMA user_version = %d",
	    APPLICATION, newest_version());
	return status == STATUS_OK ? execute(file, numbers) : status;
}

/* All or nothing: a kill in the middle leaves the version from before. */
static enum status
update(struct history_file *file, int version)
{
	enum status status = execute(file, "BEGIN IMMEDIATE");

	if (status == STATUS_OK)
		status = take_steps(file, version);
	if (status == STATUS_OK)
		status = execute(file, "COMMIT");
	if (status != STATUS_OK && !sqlite3_get_autocommit(file->db))
		sqlite3_exec(file->db, "ROLLBACK", NULL, NULL, NULL);
	return status;
}

/* An empty file is new; in any other our name has to stand. */
static enum status
check_owner(struct history_file *file, int version)
{
	int application = 0, tables = 0;
	enum status status = ask_number(file, "PRAGMA application_id", &application);

	if (status == STATUS_OK && version == 0)
		status = ask_number(file, "SELECT count(*) FROM sqlite_master", &tables);
	if (status != STATUS_OK)
		return status;
	if (version == 0 ? application != 0 || tables != 0 : application != APPLICATION)
		return say(file, STATUS_BAD_VALUE,
		    "%s is no history of tingyu but a database of another program, so "
		    "nothing is kept now. Move it away to begin one.",
		    file->path);
	return STATUS_OK;
}

static enum status
bring_up_to_date(struct history_file *file)
{
	int version = 0;
	enum status status = ask_number(file, "PRAGMA user_version", &version);

	if (status == STATUS_OK)
		status = check_owner(file, version);
	if (status != STATUS_OK)
		return status;
	if (version > newest_version())
		return say(file, STATUS_STORE_NEWER,
		    "The history in %s was made by a newer version of tingyu, so nothing "
		    "is shown of it or kept now. Update tingyu, or move the file "
		    "away.",
		    file->path);
	/* Not before it is known to be ours. */
	status = execute(file, "PRAGMA journal_mode = WAL");
	return status == STATUS_OK && version < newest_version() ? update(file, version) : status;
}

/* --- the file ----------------------------------------------------------------------------- */

/*
 * SQLite would make the file readable for all; it gives the mode of the file to the log beside it.
 * A descriptor of a file that SQLite has open must not be closed
 * (https://www.sqlite.org/howtocorrupt.html, 2.2): this is before.
 */
static enum status
make_private(struct history_file *file)
{
	int fd = open(file->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	enum status status = STATUS_OK;
	struct stat stat;

	if (fd < 0)
		return is_disk_full(errno) ? say_full(file) : say_unwritable(file, strerror(errno));
	if (fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode))
		status = say_unwritable(file, "it is no ordinary file");
	else if ((stat.st_mode & 077) != 0 && fchmod(fd, 0600) != 0)
		status = say_unwritable(file, strerror(errno));
	close(fd);
	return status;
}

/*
 * One client at a time has the folder, so the log needs no shared memory and works on any file
 * system (https://www.sqlite.org/wal.html#noshm). synchronous = FULL: what is committed survives a
 * loss of power, too.
 */
static enum status
set_up(struct history_file *file)
{
	sqlite3_extended_result_codes(file->db, 1);
	sqlite3_busy_timeout(file->db, BUSY_MS);
	return execute(file,
	    "PRAGMA trusted_schema = OFF;"
	    "PRAGMA locking_mode = EXCLUSIVE;"
	    "PRAGMA synchronous = FULL;"
	    "PRAGMA cache_size = -2048;"
	    "PRAGMA journal_size_limit = 4194304");
}

enum status
history_file_open(const char *path, struct history_file *out)
{
	enum status status;

	*out = (struct history_file){ .path = mem_string(path) };
	status = make_private(out);
	if (status != STATUS_OK)
		return status;
	errno = 0;
	if (sqlite3_open_v2(path, &out->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		return history_file_failed(out);
	status = set_up(out);
	return status == STATUS_OK ? bring_up_to_date(out) : status;
}

void
history_file_close(struct history_file *file)
{
	sqlite3_close(file->db);
	free(file->path);
	*file = (struct history_file){ .path = NULL };
}
