/* SPDX-License-Identifier: ISC */
#include "tests/support/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/tmpdir.h"

static const struct {
	const char *name, *value;
} patience[] = {
	{ "handshake-seconds", "300" },
	{ "login-seconds", "300" },
	{ "idle-seconds", "600" },
	{ "dead-seconds", "600" },
};

/* Whether a line begins with this name. */
static bool
has_line(const char *lines, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = lines; (at = strstr(at, name)) != NULL; at++)
		if ((at == lines || at[-1] == '\n') && at[len] == ' ')
			return true;
	return false;
}

void
server_configure(const char *folder, const char *format, ...)
{
	char text[4096];
	va_list arguments;
	size_t len;

	va_start(arguments, format);
	len = (size_t)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	for (size_t i = 0; i < ARRAY_LEN(patience) && len < sizeof(text); i++)
		if (!has_line(text, patience[i].name))
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %s\n",
			    patience[i].name, patience[i].value);
	assert_true(len < sizeof(text));
	tmpdir_write(folder, "conf", text);
}

struct process *
server_run(const char *folder)
{
	char *conf = tmpdir_path(folder, "conf"), *invite = tmpdir_path(folder, "invite");
	const char *const argv[] = { process_program("tingyu-server"), "-c", conf, NULL };
	struct process *process;

	unlink(invite); /* of one that was killed */
	process = process_start("tingyu-server", argv);
	assert_true(process_wait_file(process, invite, PROCESS_PATIENCE_MS));
	free(conf);
	free(invite);
	return process;
}

char *
server_invite(const char *folder)
{
	char *line = tmpdir_read(folder, "invite");

	assert_non_null(line);
	line[strcspn(line, "\n")] = '\0';
	return line;
}
