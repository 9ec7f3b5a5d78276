/* SPDX-License-Identifier: ISC */
#include "tests/support/fake_server.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "shared/compiler.h"
#include "shared/identity.h"
#include "shared/mem.h"
#include "shared/protocol.h"

struct fake_client {
	struct fake_server *server;
	struct fake_client *next;
	struct fake_client **place;	/* the pointer to this one */
	struct link *link;
	uint64_t uid;			/* 0: nobody yet */
};

static void
refuse(struct fake_client *client, uint32_t request, unsigned status)
{
	const struct msg_error error = {
		.request = request,
		.status = (uint16_t)status,
		.retry_ms = client->server->refuse_retry_ms,
	};

	link_send(client->link, MSG_ERROR, &error);
}

static struct fake_account *
account_of(struct fake_server *server, uint64_t uid)
{
	return uid > 0 && uid <= server->account_count ? &server->accounts[uid - 1] : NULL;
}

static void
come_online(struct fake_client *client, uint64_t uid)
{
	client->uid = uid;
	client->server->accounts[uid - 1].online = client;
	client->server->online_count++;
}

static void
handle_hello(struct fake_client *client, const void *message)
{
	static const uint8_t nonce[32];
	const struct msg_hello_ok answer = {
		.request = ((const struct msg_hello *)message)->request,
		.version = PROTOCOL_VERSION,
		.program = bytes_of_string("fake"),
		.port = 1,
		.host = bytes_of_string("127.0.0.1"),
		.nonce = bytes_of(nonce, sizeof(nonce)),
	};

	link_send(client->link, MSG_HELLO_OK, &answer);
}

static void
handle_obtain_server_addr(struct fake_client *client, const void *message)
{
	uint32_t request = ((const struct msg_obtain_server_addr *)message)->request;
	const struct msg_server_addr item = {
		.request = request,
		.port = ntohs(client->server->address.sin_port),
		.host = bytes_of_string("127.0.0.1"),
		.pin = bytes_of(client->server->pin, TLS_PIN_SIZE),
	};
	const struct msg_obtain_server_addr_ok end = { .request = request, .count = 1 };

	link_send(client->link, MSG_SERVER_ADDR, &item);
	link_send(client->link, MSG_OBTAIN_SERVER_ADDR_OK, &end);
}

/* The connection as this server sees it; its nonce is zeros. */
static bool
is_signed(const struct fake_client *client, const struct msg_register *ask)
{
	struct identity_channel channel = { 0 };

	if (client->server->tls != NULL) {
		memcpy(channel.pin, client->server->pin, sizeof(channel.pin));
		assert_int_equal(link_binding(client->link, channel.binding), STATUS_OK);
	}
	return identity_verify_register(&channel, ask);
}

static void
handle_register(struct fake_client *client, const void *message)
{
	const struct msg_register *ask = message;
	struct fake_server *server = client->server;
	struct msg_register_ok answer = { .request = ask->request };

	if (!is_signed(client, ask)) {
		refuse(client, ask->request, STATUS_WRONG_PROOF);
		return;
	}
	assert_true(server->account_count < FAKE_ACCOUNTS_MAX);
	memcpy(server->accounts[server->account_count].secret, ask->secret.data, 32);
	answer.uid = ++server->account_count;
	link_send(client->link, MSG_REGISTER_OK, &answer);
}

static void
handle_login(struct fake_client *client, const void *message)
{
	const struct msg_login *ask = message;
	const struct fake_account *account = account_of(client->server, ask->uid);
	const struct msg_login_ok answer = {
		.request = ask->request,
		.uid = ask->uid,
		.name = bytes_of_string("somebody"),
		.token = bytes_of(&ask->uid, sizeof(ask->uid)),
		.token_seconds = 60,
	};

	if (account == NULL || !bytes_equal(ask->proof, bytes_of(account->secret, 32))) {
		refuse(client, ask->request, STATUS_WRONG_PROOF);
		return;
	}
	come_online(client, ask->uid);
	link_send(client->link, MSG_LOGIN_OK, &answer);
}

static void
handle_resume(struct fake_client *client, const void *message)
{
	const struct msg_resume *ask = message;
	struct msg_resume_ok answer = { .request = ask->request, .token = ask->token,
	    .token_seconds = 60 };

	if (client->server->forgets_tokens || ask->token.len != sizeof(answer.uid)) {
		refuse(client, ask->request, STATUS_BAD_TOKEN);
		return;
	}
	memcpy(&answer.uid, ask->token.data, sizeof(answer.uid));
	come_online(client, answer.uid);
	link_send(client->link, MSG_RESUME_OK, &answer);
}

static void
handle_ping(struct fake_client *client, const void *message)
{
	const struct msg_ping_ok answer =
	    { .request = ((const struct msg_ping *)message)->request };

	if (!client->server->ignores_pings)
		link_send(client->link, MSG_PING_OK, &answer);
}

static void
handle_user_list(struct fake_client *client, const void *message)
{
	const struct msg_user_list *ask = message;
	const struct fake_server *server = client->server;
	const struct msg_user_item item = {
		.request = ask->request,
		.uid = 1,
		.online = 1,
		.name = bytes_of_string("somebody"),
	};
	const struct msg_user_list_ok end = {
		.request = ask->request,
		.page = ask->page,
		.pages = (server->account_count + 19) / 20,
		.total = ask->online_only ? server->online_count : server->account_count,
	};

	link_send(client->link, MSG_USER_ITEM, &item);
	link_send(client->link, MSG_USER_LIST_OK, &end);
}

static void
handle_find_user(struct fake_client *client, const void *message)
{
	const struct msg_find_user *ask = message;
	const struct msg_find_user_ok answer = {
		.request = ask->request,
		.uid = ask->uid,
		.online = 1,
		.name = bytes_of_string("somebody"),
	};

	link_send(client->link, MSG_FIND_USER_OK, &answer);
}

static void
handle_obtain_client_addr(struct fake_client *client, const void *message)
{
	static const uint8_t zeros[32];
	const struct msg_obtain_client_addr *ask = message;
	const struct msg_obtain_client_addr_ok answer = {
		.request = ask->request,
		.uid = ask->uid,
		.port = 1,
		.host = bytes_of_string("127.0.0.1"),
		.identity = bytes_of(zeros, 32),
		.token = bytes_of(zeros, 16),
	};

	link_send(client->link, MSG_OBTAIN_CLIENT_ADDR_OK, &answer);
}

static void
handle_keys(struct fake_client *client, const void *message)
{
	static const uint8_t key[32];
	const struct msg_keys *ask = message;
	const struct msg_keys_ok answer = {
		.request = ask->request,
		.uid = ask->uid,
		.identity = bytes_of(key, sizeof(key)),
	};

	link_send(client->link, MSG_KEYS_OK, &answer);
}

static const struct {
	uint16_t type;
	void (*handle)(struct fake_client *client, const void *message);
} handlers[] = {
	{ MSG_HELLO, handle_hello },
	{ MSG_OBTAIN_SERVER_ADDR, handle_obtain_server_addr },
	{ MSG_REGISTER, handle_register },
	{ MSG_LOGIN, handle_login },
	{ MSG_RESUME, handle_resume },
	{ MSG_PING, handle_ping },
	{ MSG_USER_LIST, handle_user_list },
	{ MSG_FIND_USER, handle_find_user },
	{ MSG_OBTAIN_CLIENT_ADDR, handle_obtain_client_addr },
	{ MSG_KEYS, handle_keys },
};

static void
on_frame(struct link *link UNUSED, const struct frame *frame, void *arg)
{
	struct fake_client *client = arg;
	struct fake_server *server = client->server;
	union codec_room message;
	size_t row = 0;

	while (row < ARRAY_LEN(handlers) && handlers[row].type != frame->type)
		row++;
	assert_true(row < ARRAY_LEN(handlers));
	assert_int_equal(codec_decode(protocol_schema(frame->type), frame->payload, &message,
	    NULL), STATUS_OK);
	server->taken[frame->type]++;
	if (server->refuse_count > 0 && server->refuse_type == frame->type) {
		server->refuse_count--;
		refuse(client, protocol_request_of(frame), server->refuse_status);
		return;
	}
	handlers[row].handle(client, &message);
}

static void
leave(struct fake_client *client)
{
	if (client->uid != 0) {
		client->server->accounts[client->uid - 1].online = NULL;
		client->server->online_count--;
	}
	*client->place = client->next;
	if (client->next != NULL)
		client->next->place = client->place;
	free(client);
}

static void
on_down(struct link *link UNUSED, enum status why UNUSED, void *arg)
{
	leave(arg);
}

static const struct link_handler handler = { .on_frame = on_frame, .on_down = on_down };

static void
on_accept(evutil_socket_t fd, short what UNUSED, void *arg)
{
	struct fake_server *server = arg;
	int taken;

	while ((taken = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct fake_client *client = mem_new(sizeof(*client));

		client->server = server;
		client->next = server->clients;
		client->place = &server->clients;
		if (client->next != NULL)
			client->next->place = &client->next;
		server->clients = client;
		client->link = link_accept(server->loop, taken, server->tls, &server->limits,
		    &handler,
		    client);
	}
}

static int
listen_anywhere(struct sockaddr_in *address)
{
	socklen_t len = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*address = (struct sockaddr_in){ .sin_family = AF_INET };
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)address, len), 0);
	assert_int_equal(listen(fd, 4096), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)address, &len), 0);
	return fd;
}

void
fake_server_start(struct fake_server *server, struct event_base *base, struct link_loop *loop,
    struct tls_context *tls, const uint8_t pin[TLS_PIN_SIZE])
{
	memset(server, 0, sizeof(*server));
	server->loop = loop;
	server->tls = tls;
	memcpy(server->pin, pin, TLS_PIN_SIZE);
	server->limits = (struct link_limits){
		.handshake_ms = 60000,
		.drain_ms = 60000,
		.output_low = 1 << 16,
		.output_high = 1 << 20,
	};
	server->listener = listen_anywhere(&server->address);
	server->accepting = event_new(base, server->listener, EV_READ | EV_PERSIST, on_accept,
	    server);
	event_add(server->accepting, NULL);
}

unsigned
fake_server_cut(struct fake_server *server)
{
	unsigned count = 0;

	for (struct fake_client *client = server->clients; client != NULL; client = client->next) {
		link_close(client->link, STATUS_STOPPED);
		count++;
	}
	return count;
}

void
fake_server_move(struct fake_server *server, uint32_t delay_ms)
{
	const struct msg_move move = { .delay_ms = delay_ms };

	for (struct fake_client *client = server->clients; client != NULL; client = client->next)
		if (client->uid != 0)
			link_send(client->link, MSG_MOVE, &move);
}

void
fake_server_stop(struct fake_server *server)
{
	fake_server_cut(server);
	event_free(server->accepting);
	close(server->listener);
}
