/* SPDX-License-Identifier: ISC */
#include "shared/status.h"

#include <errno.h>
#include <stddef.h>

#include "shared/compiler.h"

struct status_row {
	enum status status;
	const char *name;
	const char *sentence;
};

static const struct status_row status_rows[] = {
#define STATUS(NAME, number, log_name, sentence) { STATUS_##NAME, log_name, sentence },
#include "shared/status.def"
#undef STATUS
};

static const struct {
	int error;
	enum status status;
} errno_rows[] = {
	{ ECONNREFUSED, STATUS_REFUSED },
	{ ECONNRESET, STATUS_RESET },
	{ EPIPE, STATUS_RESET },
	{ ETIMEDOUT, STATUS_TIMEOUT },
	{ ENETUNREACH, STATUS_UNREACHABLE },
	{ EHOSTUNREACH, STATUS_UNREACHABLE },
	{ ENETDOWN, STATUS_UNREACHABLE },
	{ EMFILE, STATUS_NO_DESCRIPTORS },
	{ ENFILE, STATUS_NO_DESCRIPTORS },
	{ ENOMEM, STATUS_NO_MEMORY },
	{ ENOBUFS, STATUS_NO_MEMORY },
	{ ENOSPC, STATUS_DISK_FULL },
	{ EDQUOT, STATUS_DISK_FULL },
	{ ENOENT, STATUS_NOT_FOUND },
	{ EEXIST, STATUS_ALREADY_THERE },
	{ EADDRINUSE, STATUS_PORT_TAKEN },
	{ EADDRNOTAVAIL, STATUS_PORT_TAKEN },
	{ EACCES, STATUS_NOT_ALLOWED },
	{ EPERM, STATUS_NOT_ALLOWED },
};

static const struct status_row *
find_row(unsigned number)
{
	for (size_t i = 0; i < ARRAY_LEN(status_rows); i++)
		if ((unsigned)status_rows[i].status == number)
			return &status_rows[i];
	return NULL;
}

const char *
status_text(enum status status)
{
	const struct status_row *row = find_row((unsigned)status);

	return row != NULL ? row->sentence
			   : "The other side reported something this version does not know.";
}

const char *
status_name(enum status status)
{
	const struct status_row *row = find_row((unsigned)status);

	return row != NULL ? row->name : "unknown";
}

bool
status_is_known(unsigned number)
{
	return find_row(number) != NULL;
}

enum status
status_of_errno(int error)
{
	for (size_t i = 0; i < ARRAY_LEN(errno_rows); i++)
		if (errno_rows[i].error == error)
			return errno_rows[i].status;
	return STATUS_SYSTEM;
}
