/* SPDX-License-Identifier: ISC */
#include "tests/support/real_server.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "tests/support/process.h"
#include "tests/support/server.h"
#include "tests/support/tmpdir.h"

void
real_server_start(struct real_server *server)
{
	server->folder = tmpdir_new();
	server->work_port = process_free_port();
	server_configure(server->folder,
	    "state-dir %s\nroute-listen 127.0.0.1:%u\nwork-listen 127.0.0.1:%u\nchildren 2\n",
	    server->folder, process_free_port(), server->work_port);
	real_server_resume(server);
}

void
real_server_resume(struct real_server *server)
{
	server->process = server_run(server->folder);
	free(server->invite);
	server->invite = server_invite(server->folder);
}

void
real_server_stop(struct real_server *server)
{
	assert_true(process_stop(server->process, SIGINT, PROCESS_PATIENCE_MS));
	process_free(server->process);
	server->process = NULL;
}

void
real_server_kill(struct real_server *server)
{
	pid_t pids[8];
	size_t count = process_children(process_pid(server->process), NULL, pids, ARRAY_LEN(pids));

	process_signal(server->process, SIGKILL);
	assert_true(process_wait_exit(server->process, PROCESS_PATIENCE_MS, NULL));
	for (size_t i = 0; i < count; i++)
		assert_true(process_wait_gone(pids[i], PROCESS_PATIENCE_MS));
	process_free(server->process);
	server->process = NULL;
}

void
real_server_clear(struct real_server *server)
{
	process_free(server->process);
	tmpdir_free(server->folder);
	free(server->invite);
}
