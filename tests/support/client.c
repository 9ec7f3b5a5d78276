/* SPDX-License-Identifier: ISC */
#include "tests/support/client.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/mem.h"
#include "tests/support/process.h"
#include "tests/support/server.h"

void
client_start(struct client *client, const char *folder, size_t number)
{
	char *invite = server_invite(folder);
	char *state = mem_format("XDG_STATE_HOME=%s/%zu", folder, number);
	char *config = mem_format("XDG_CONFIG_HOME=%s/%zu", folder, number);
	char *pipe = mem_format("%s/input.%zu", folder, number);
	char *program = mem_string(process_program("tingyu"));
	const char *const argv[] = { "/usr/bin/env", "LC_ALL=C.UTF-8", state, config, "/bin/sh",
		"-c", "exec \"$1\" --headless -s \"$2\" <\"$3\"", "sh", program, invite, pipe,
		NULL };

	unlink(pipe);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	client->input = open(pipe, O_RDWR | O_CLOEXEC);
	assert_true(client->input >= 0);
	client->process = process_start("tingyu", argv);
	free(invite);
	free(state);
	free(config);
	free(pipe);
	free(program);
}

void
client_stop(struct client *client)
{
	if (client->process == NULL)
		return;
	process_free(client->process);
	close(client->input);
	client->process = NULL;
}

void
tell(struct client *client, const char *line)
{
	assert_int_equal(dprintf(client->input, "%s\n", line), strlen(line) + 1);
}

void
hear(struct client *client, const char *text)
{
	if (!process_wait_line(client->process, text, PROCESS_PATIENCE_MS))
		fail_msg("the client did not say \"%.200s\"", text);
}

void
ask(struct client *client, const char *line, const char *text)
{
	tell(client, line);
	hear(client, text);
}

void
client_register(struct client *client, const char *name, const char *password, size_t uid)
{
	char *line = mem_format("/register %s", name);
	char *answer = mem_format("note You are %s, uid %zu", name, uid);

	ask(client, line, "ask A password for");
	ask(client, password, "ask The same once more");
	ask(client, password, answer);
	hear(client, "state online");
	free(line);
	free(answer);
}
