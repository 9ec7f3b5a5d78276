/* SPDX-License-Identifier: ISC */
#include "tests/support/work_server.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/server.h"
#include "tests/support/tmpdir.h"

enum { CHILDREN = 2 };

static void
configure(const struct work_server *server, const char *more)
{
	server_configure(server->folder,
	    "state-dir %s\nwork-listen 127.0.0.1:%u\nchildren %d\n%s", server->folder,
	    server->port, CHILDREN, more);
}

void
work_server_run(struct work_server *server)
{
	const char *const argv[] = { process_program("tingyu-work"), "-c", server->file, NULL };

	server->process = process_start("tingyu-work", argv);
	assert_true(
	    process_wait_line(server->process, "reach this work server", PROCESS_PATIENCE_MS));
}

void
work_server_start(struct work_server *server, const char *more)
{
	*server = (struct work_server){ .folder = tmpdir_new(), .port = process_free_port() };
	server->file = tmpdir_path(server->folder, "conf");
	server->is_plain = strstr(more, "insecure-plaintext yes") != NULL;
	configure(server, more);
	work_server_run(server);
}

void
work_server_end(struct work_server *server)
{
	assert_true(process_stop(server->process, SIGINT, PROCESS_PATIENCE_MS));
	process_free(server->process);
	free(server->file);
	tmpdir_free(server->folder);
}

struct peer *
work_server_connect(const struct work_server *server)
{
	struct peer *peer = peer_connect(server->port, NULL, server->is_plain);

	peer_wait_up(peer);
	return peer;
}

struct peer *
work_server_greet(const struct work_server *server)
{
	struct peer *peer = work_server_connect(server);

	peer_hello(peer);
	return peer;
}

struct peer *
work_server_login(const struct work_server *server, struct account *account, const char *name)
{
	struct peer *peer = work_server_greet(server);

	account_init(account, name);
	account_register_patiently(account, peer);
	account_login_patiently(account, peer);
	return peer;
}

void
work_server_ask_page(struct peer *peer, uint32_t page, uint8_t per_page, uint8_t online_only,
    const char *prefix)
{
	struct msg_user_list message = {
		.request = 9, .page = page, .per_page = per_page, .online_only = online_only,
		.prefix = bytes_of_string(prefix),
	};

	peer_send(peer, MSG_USER_LIST, &message);
}

void
work_server_ask_find(struct peer *peer, uint64_t uid, const char *name)
{
	struct msg_find_user message = { .request = 10, .uid = uid, .name = bytes_of_string(name) };

	peer_send(peer, MSG_FIND_USER, &message);
}

void
work_server_call(struct peer *peer, uint32_t request, uint64_t uid, const char *candidates)
{
	const struct msg_obtain_client_addr message = {
		.request = request,
		.uid = uid,
		.candidates = bytes_of_string(candidates),
	};

	peer_send(peer, MSG_OBTAIN_CLIENT_ADDR, &message);
	peer_flush(peer);
}

void
work_server_answer(struct peer *peer, uint32_t call, enum status status, const char *candidates)
{
	const struct msg_introduce_ok ok = {
		.request = call,
		.candidates = bytes_of_string(candidates),
	};
	const struct msg_error error = { .request = call, .status = (uint16_t)status };

	if (status == STATUS_OK)
		peer_send(peer, MSG_INTRODUCE_OK, &ok);
	else
		peer_send(peer, MSG_ERROR, &error);
	peer_flush(peer);
}
