/* SPDX-License-Identifier: ISC */
#include "tests/support/real_server.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

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
	char *conf = tmpdir_path(server->folder, "conf"), *path = tmpdir_path(server->folder, "invite");
	const char *const argv[] = { process_program("tingyu-server"), "-c", conf, NULL };

	unlink(path);
	server->process = process_start("tingyu-server", argv);
	assert_true(process_wait_file(server->process, path, PROCESS_PATIENCE_MS));
	free(server->invite);
	server->invite = tmpdir_read(server->folder, "invite");
	server->invite[strcspn(server->invite, "\n")] = '\0';
	free(conf);
	free(path);
}

void
real_server_stop(struct real_server *server)
{
	assert_true(process_stop(server->process, SIGINT, PROCESS_PATIENCE_MS));
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
