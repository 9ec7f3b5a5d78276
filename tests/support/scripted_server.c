/* SPDX-License-Identifier: ISC */
#include "tests/support/scripted_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "shared/codec.h"
#include "shared/compiler.h"
#include "shared/crypto.h"
#include "shared/mem.h"
#include "shared/wire.h"

static const uint8_t nonce[32] = { 4, 5, 6 };

void
scripted_server_refuse(struct link *link, uint32_t request, enum status status, uint32_t retry_ms)
{
	struct msg_error error = { .request = request,
		.status = (uint16_t)status,
		.retry_ms = retry_ms,
		.sentence = bytes_of_string(status_text(status)) };

	link_send(link, MSG_ERROR, &error);
	if (request == 0)
		link_finish(link, status);
}

/* What the client signs for, as this side sees it. */
static struct identity_channel
channel_of(const struct scripted_server *server, struct link *link)
{
	struct identity_channel channel = { .pin = { 0 } };

	if (server->stage->server == NULL) {
		memcpy(channel.binding, nonce, sizeof(nonce));
		return channel;
	}
	memcpy(channel.pin, server->stage->pin, sizeof(channel.pin));
	assert_int_equal(link_binding(link, channel.binding), STATUS_OK);
	return channel;
}

static void
greet(struct scripted_server *server UNUSED, struct link *link, const void *message)
{
	const struct msg_hello *hello = message;
	struct msg_hello_ok ok = { .request = hello->request,
		.version = 1,
		.program = bytes_of_string("scripted 1"),
		.port = 4711,
		.host = bytes_of_string("127.0.0.1"),
		.nonce = bytes_of(nonce, sizeof(nonce)) };

	link_send(link, MSG_HELLO_OK, &ok);
}

static void
offer(struct scripted_server *server, struct link *link, const void *message)
{
	const struct msg_obtain_server_addr *ask = message;
	struct msg_obtain_server_addr_ok ok = { .request = ask->request,
		.count = (uint8_t)server->offer_count };

	for (size_t i = 0; i < server->offer_count; i++) {
		const struct invite *invite = &server->offers[i];
		struct msg_server_addr item = { .request = ask->request,
			.port = invite->server.port,
			.host = bytes_of_string(invite->server.host),
			.pin = bytes_of(invite->pin, sizeof(invite->pin)) };

		link_send(link, MSG_SERVER_ADDR, &item);
	}
	link_send(link, MSG_OBTAIN_SERVER_ADDR_OK, &ok);
}

static void
answer_ping(struct scripted_server *server UNUSED, struct link *link, const void *message)
{
	struct msg_ping_ok ok = { .request = ((const struct msg_ping *)message)->request };

	link_send(link, MSG_PING_OK, &ok);
}

static void
register_account(struct scripted_server *server, struct link *link, const void *message)
{
	const struct msg_register *ask = message;
	struct identity_channel channel = channel_of(server, link);
	struct msg_register_ok ok = { .request = ask->request };

	assert_true(identity_verify_register(&channel, ask));
	/* The same identity again is the same account. */
	if (server->uid != 0) {
		assert_memory_equal(server->identity, ask->identity.data, IDENTITY_KEY_SIZE);
		assert_memory_equal(server->secret, ask->secret.data, PASSWORD_SECRET_SIZE);
	}
	server->uid = 15;
	snprintf(server->name, sizeof(server->name), "%.*s", (int)ask->name.len,
	    (const char *)ask->name.data);
	memcpy(server->identity, ask->identity.data, sizeof(server->identity));
	memcpy(server->secret, ask->secret.data, sizeof(server->secret));
	memcpy(server->cost.salt, ask->salt.data, sizeof(server->cost.salt));
	server->cost.ops = ask->ops;
	server->cost.memory_kib = ask->memory_kib;
	memcpy(server->wrapped_key, ask->wrapped_key.data, sizeof(server->wrapped_key));
	memcpy(server->bundle, ask->bundle.data, ask->bundle.len);
	server->bundle_len = ask->bundle.len;
	server->bundle_version = 1;
	ok.uid = server->uid;
	link_send(link, MSG_REGISTER_OK, &ok);
}

static bool
is_proven(struct scripted_server *server, struct link *link, bool is_login, uint8_t method,
    struct bytes proof)
{
	struct identity_channel channel = channel_of(server, link);

	if (method == 1)
		return bytes_equal(proof, bytes_of(server->secret, sizeof(server->secret)));
	assert_int_equal(proof.len, IDENTITY_SIGNATURE_SIZE);
	return is_login
	    ? identity_verify_login(server->identity, &channel, server->uid, proof.data)
	    : identity_verify_delete(server->identity, &channel, server->uid, proof.data);
}

static struct bytes
new_token(struct scripted_server *server)
{
	server->token++;
	return bytes_of(&server->token, sizeof(server->token));
}

static void
log_in(struct scripted_server *server, struct link *link, const void *message)
{
	const struct msg_login *ask = message;
	struct msg_login_ok ok = { .request = ask->request,
		.uid = server->uid,
		.name = bytes_of_string(server->name),
		.display = bytes_of_string("Display"),
		.token_seconds = 3600,
		.bundle_version = server->bundle_version };

	if (server->uid == 0 || ask->uid != server->uid) {
		scripted_server_refuse(link, ask->request, STATUS_NO_SUCH_USER, 0);
	} else if (!is_proven(server, link, true, ask->method, ask->proof)) {
		scripted_server_refuse(link, ask->request, STATUS_WRONG_PROOF, 0);
	} else {
		if (ask->bundle_version != server->bundle_version) {
			ok.wrapped_key = bytes_of(server->wrapped_key, BUNDLE_WRAPPED_SIZE);
			ok.bundle = bytes_of(server->bundle, server->bundle_len);
		}
		ok.token = new_token(server);
		server->online = link;
		link_send(link, MSG_LOGIN_OK, &ok);
	}
}

static void
resume(struct scripted_server *server, struct link *link, const void *message)
{
	const struct msg_resume *ask = message;
	struct msg_resume_ok ok = { .request = ask->request,
		.uid = server->uid,
		.token_seconds = 3600 };

	if (!bytes_equal(ask->token, bytes_of(&server->token, sizeof(server->token)))) {
		scripted_server_refuse(link, ask->request, STATUS_BAD_TOKEN, 0);
		return;
	}
	ok.token = new_token(server);
	server->online = link;
	link_send(link, MSG_RESUME_OK, &ok);
}

static void
tell_salt(struct scripted_server *server, struct link *link, const void *message)
{
	const struct msg_salt *ask = message;
	struct msg_salt_ok ok = { .request = ask->request,
		.uid = server->uid,
		.salt = bytes_of(server->cost.salt, sizeof(server->cost.salt)),
		.ops = server->cost.ops,
		.memory_kib = server->cost.memory_kib };

	if (ask->uid == server->uid ||
	    (ask->uid == 0 && bytes_equal(ask->name, bytes_of_string(server->name))))
		link_send(link, MSG_SALT_OK, &ok);
	else
		scripted_server_refuse(link, ask->request, STATUS_NO_SUCH_USER, 0);
}

static void
list_users(struct scripted_server *server, struct link *link, const void *message)
{
	const struct msg_user_list *ask = message;
	struct msg_user_item item = { .request = ask->request,
		.uid = server->uid,
		.online = 1,
		.name = bytes_of_string(server->name),
		.display = bytes_of_string("Display") };
	struct msg_user_list_ok ok = { .request = ask->request,
		.page = ask->page,
		.pages = 1,
		.total = 2 };

	if (ask->page > 1) {
		scripted_server_refuse(link, ask->request, STATUS_NO_SUCH_PAGE, 0);
		return;
	}
	link_send(link, MSG_USER_ITEM, &item);
	item.uid++;
	item.online = 0;
	link_send(link, MSG_USER_ITEM, &item);
	link_send(link, MSG_USER_LIST_OK, &ok);
}

static void
find(struct scripted_server *server, struct link *link, const void *message)
{
	const struct msg_find_user *ask = message;
	struct msg_find_user_ok ok = { .request = ask->request,
		.uid = server->uid,
		.online = 1,
		.name = bytes_of_string(server->name),
		.display = bytes_of_string("Display") };

	if (ask->uid != 0 && ask->uid != server->uid)
		scripted_server_refuse(link, ask->request, STATUS_NO_SUCH_USER, 0);
	else
		link_send(link, MSG_FIND_USER_OK, &ok);
}

static void
tell_address(struct scripted_server *server UNUSED, struct link *link, const void *message)
{
	static const uint8_t zeros[32];
	const struct msg_obtain_client_addr *ask = message;
	struct msg_obtain_client_addr_ok ok = { .request = ask->request,
		.uid = ask->uid,
		.port = 4711,
		.host = bytes_of_string("127.0.0.1"),
		.identity = bytes_of(zeros, 32),
		.token = bytes_of(zeros, 16) };

	link_send(link, MSG_OBTAIN_CLIENT_ADDR_OK, &ok);
}

static void
tell_keys(struct scripted_server *server, struct link *link, const void *message)
{
	const struct msg_keys *ask = message;
	struct msg_keys_ok ok = { .request = ask->request,
		.uid = ask->uid,
		.identity = bytes_of(server->identity, sizeof(server->identity)) };

	link_send(link, MSG_KEYS_OK, &ok);
}

static void
put_bundle(struct scripted_server *server, struct link *link, const void *message)
{
	const struct msg_bundle *ask = message;
	struct identity_channel channel = channel_of(server, link);
	struct msg_bundle_ok ok = { .request = ask->request };

	assert_true(identity_verify_bundle(server->identity, &channel, server->uid, ask));
	if (ask->version != server->bundle_version) {
		scripted_server_refuse(link, ask->request, STATUS_CONFLICT, 0);
		return;
	}
	memcpy(server->bundle, ask->bundle.data, ask->bundle.len);
	server->bundle_len = ask->bundle.len;
	ok.version = ++server->bundle_version;
	link_send(link, MSG_BUNDLE_OK, &ok);
}

static void
log_out(struct scripted_server *server, struct link *link, const void *message)
{
	struct msg_logout_ok ok = { .request = ((const struct msg_logout *)message)->request };

	server->online = NULL;
	link_send(link, MSG_LOGOUT_OK, &ok);
	link_finish(link, STATUS_GOODBYE);
}

static void
delete_account(struct scripted_server *server, struct link *link, const void *message)
{
	const struct msg_delete_user *ask = message;
	struct msg_delete_user_ok ok = { .request = ask->request };

	if (ask->uid != server->uid || !is_proven(server, link, false, ask->method, ask->proof)) {
		scripted_server_refuse(link, ask->request, STATUS_WRONG_PROOF, 0);
		return;
	}
	server->uid = 0;
	link_send(link, MSG_DELETE_USER_OK, &ok);
	if (link == server->online)
		scripted_server_refuse(link, 0, STATUS_ACCOUNT_GONE, 0);
}

void
scripted_server_tell_presence(struct scripted_server *server, uint64_t uid, bool is_online)
{
	struct msg_presence presence = { .uid = uid, .online = is_online };

	link_send(server->online, MSG_PRESENCE, &presence);
}

static void
watch(struct scripted_server *server, struct link *link, const void *message)
{
	const struct msg_watch *ask = message;
	struct msg_watch_ok ok = { .request = ask->request };
	struct wire wire = wire_reader(ask->uids);

	while (wire_left(&wire) > 0) {
		uint64_t uid = wire_get_u64(&wire);

		assert_true(wire_is_good(&wire));
		scripted_server_tell_presence(server, uid, uid != server->absent);
	}
	link_send(link, MSG_WATCH_OK, &ok);
}

/* Each answers its message. */
static void (*const scripts[SCRIPTED_TYPES])(struct scripted_server *server, struct link *link,
    const void *message) = {
	[MSG_OBTAIN_SERVER_ADDR] = offer,
	[MSG_REGISTER] = register_account,
	[MSG_LOGIN] = log_in,
	[MSG_USER_LIST] = list_users,
	[MSG_FIND_USER] = find,
	[MSG_OBTAIN_CLIENT_ADDR] = tell_address,
	[MSG_LOGOUT] = log_out,
	[MSG_DELETE_USER] = delete_account,
	[MSG_HELLO] = greet,
	[MSG_PING] = answer_ping,
	[MSG_SALT] = tell_salt,
	[MSG_RESUME] = resume,
	[MSG_KEYS] = tell_keys,
	[MSG_BUNDLE] = put_bundle,
	[MSG_WATCH] = watch,
};

static void
server_on_frame(struct link *link, const struct frame *frame, void *arg)
{
	struct scripted_server *server = arg;
	const struct schema *schema = protocol_schema(frame->type);
	union codec_room room;

	assert_non_null(schema);
	assert_int_equal(codec_decode(schema, frame->payload, &room, NULL), STATUS_OK);
	if (frame->type < SCRIPTED_TYPES)
		server->seen[frame->type]++;
	if (server->hook != NULL && server->hook(server, link, frame->type, &room))
		return;
	if (frame->type == MSG_ERROR)
		return;
	if (frame->type >= SCRIPTED_TYPES || scripts[frame->type] == NULL)
		fail_msg("a client sent %s", schema->name);
	else
		scripts[frame->type](server, link, &room);
}

static void
server_on_down(struct link *link, enum status why UNUSED, void *arg)
{
	struct scripted_server *server = arg;

	if (server->online == link)
		server->online = NULL;
	for (size_t i = 0; i < SCRIPTED_CLIENTS; i++)
		if (server->links[i] == link)
			server->links[i] = NULL;
}

static const struct link_handler server_handler = {
	.on_frame = server_on_frame,
	.on_down = server_on_down,
};

static void
server_on_connection(evutil_socket_t listener, short what UNUSED, void *arg)
{
	struct scripted_server *server = arg;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	size_t i = 0;

	if (fd < 0)
		return;
	while (i < SCRIPTED_CLIENTS && server->links[i] != NULL)
		i++;
	assert_true(i < SCRIPTED_CLIENTS);
	server->accepted++;
	server->links[i] = link_accept(server->stage->loop, fd, server->stage->server,
	    &server->stage->limits, &server_handler, server);
}

/* The port is bound all the time; only while it listens are clients not refused. */
static void
bind_port(struct scripted_server *server)
{
	struct address address;
	int yes = 1;

	assert_int_equal(endpoint_to_address(&server->invite.server, &address), STATUS_OK);
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	assert_int_equal(bind(server->fd, &address.any, address.len), 0);
	assert_int_equal(getsockname(server->fd, &address.any, &address.len), 0);
	assert_true(endpoint_of_sockaddr(&address.any, &server->invite.server));
}

void
scripted_server_open(struct scripted_server *server)
{
	assert_null(server->event);
	assert_int_equal(listen(server->fd, 16), 0);
	server->event = event_new(server->stage->base, server->fd, EV_READ | EV_PERSIST,
	    server_on_connection, server);
	event_add(server->event, NULL);
}

void
scripted_server_close(struct scripted_server *server)
{
	if (server->event == NULL)
		return;
	event_free(server->event);
	close(server->fd);
	server->event = NULL;
	bind_port(server);
}

void
scripted_server_start(struct scripted_server *server, struct stage *stage)
{
	memset(server, 0, sizeof(*server));
	server->stage = stage;
	assert_true(endpoint_parse(bytes_of_string("127.0.0.1:0"), &server->invite.server));
	server->invite.has_pin = stage->server != NULL;
	memcpy(server->invite.pin, stage->pin, sizeof(server->invite.pin));
	bind_port(server);
	scripted_server_open(server);
	server->offers[0] = server->invite;
	server->offer_count = 1;
}

void
scripted_server_cut(struct scripted_server *server)
{
	for (size_t i = 0; i < SCRIPTED_CLIENTS; i++)
		if (server->links[i] != NULL)
			link_close(server->links[i], STATUS_CLOSED);
}

void
scripted_server_stop(struct scripted_server *server)
{
	scripted_server_close(server);
	close(server->fd);
	scripted_server_cut(server);
	for (size_t i = 0; i < SCRIPTED_CLIENTS; i++)
		stage_until(server->stage, server->links[i] == NULL);
}

static struct password_keys
keys_of(const struct scripted_server *server, const char *password)
{
	struct password_keys keys;

	assert_int_equal(password_derive(bytes_of_string(password), &server->cost, &keys),
	    STATUS_OK);
	return keys;
}

void
scripted_server_add_account(struct scripted_server *server, uint64_t uid, const char *name,
    const char *password, const uint8_t seed[IDENTITY_SEED_SIZE])
{
	static const uint8_t key[CRYPTO_KEY_SIZE] = { 77 };
	struct password_keys keys;
	struct identity identity;

	server->uid = uid;
	snprintf(server->name, sizeof(server->name), "%s", name);
	server->cost = (struct password_cost){ .salt = { 9 },
		.ops = PASSWORD_OPS_MIN,
		.memory_kib = PASSWORD_MEMORY_MIN };
	keys = keys_of(server, password);
	memcpy(server->secret, keys.secret, sizeof(server->secret));
	identity_init_from_seed(&identity, seed);
	memcpy(server->identity, identity.public_key, sizeof(server->identity));
	scripted_server_renew_bundle(server, password, seed, key);
}

void
scripted_server_renew_bundle(struct scripted_server *server, const char *password,
    const uint8_t seed[IDENTITY_SEED_SIZE], const uint8_t key[CRYPTO_KEY_SIZE])
{
	struct password_keys keys = keys_of(server, password);
	uint8_t others[] = { 0x70, 0, 0, 3, 'n', 'e', 'w' };
	struct bundle bundle;

	bundle_init(&bundle, seed);
	bundle.others = others;
	bundle.others_len = sizeof(others);
	server->bundle_version++;
	assert_int_equal(bundle_seal(&bundle, key, server->bundle_version, server->bundle,
			     &server->bundle_len),
	    STATUS_OK);
	bundle_wrap_key(key, keys.wrapping_key, server->identity, server->wrapped_key);
}
