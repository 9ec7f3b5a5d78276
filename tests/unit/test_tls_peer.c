/* SPDX-License-Identifier: ISC */
/* TLS between two people: raw keys on both sides, exactly the expected ones, and nothing said before that is known. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/identity.h"
#include "shared/protocol.h"
#include "tests/support/stage.h"

struct side {
	struct identity identity;
	struct tls_context *context;
	uint8_t pin[TLS_PIN_SIZE];
};

struct pair {
	struct stage stage;
	struct side server, client;
	struct end a, b; /* server, client */
	int fds[2];
};

static void
side_open(struct side *side, bool is_server)
{
	identity_init(&side->identity);
	assert_int_equal(tls_context_new_peer(is_server, side->identity.secret_key, side->identity.public_key,
			     &side->context), STATUS_OK);
	assert_int_equal(tls_pin_of_key(side->identity.public_key, side->pin), STATUS_OK);
}

static int
set_up(void **state)
{
	static struct pair pair;

	memset(&pair, 0, sizeof(pair));
	stage_open(&pair.stage, true);
	side_open(&pair.server, true);
	side_open(&pair.client, false);
	stage_sockets(pair.fds);
	*state = &pair;
	return 0;
}

static int
tear_down(void **state)
{
	struct pair *pair = *state;

	end_close(&pair->a);
	end_close(&pair->b);
	tls_context_unref(pair->server.context);
	tls_context_unref(pair->client.context);
	stage_close(&pair->stage);
	return 0;
}

static void
on_up(struct link *link UNUSED, void *arg)
{
	((struct end *)arg)->ups++;
}

static void
on_frame(struct link *link UNUSED, const struct frame *frame UNUSED, void *arg)
{
	((struct end *)arg)->frames++;
}

static void
on_down(struct link *link UNUSED, enum status why, void *arg)
{
	struct end *end = arg;

	end->downs++;
	end->why = why;
	end->link = NULL;
}

static const struct link_handler handler = { .on_up = on_up, .on_frame = on_frame, .on_down = on_down };

static void
adopt(struct pair *pair, struct end *end, int fd, struct tls_context *context, const uint8_t *pin)
{
	end->stage = &pair->stage;
	end->link = link_adopt(pair->stage.loop, fd, context, pin, &pair->stage.limits, &handler, end);
}

static void
expected_keys_meet(void **state)
{
	struct pair *pair = *state;
	struct msg_ping ping = { .request = 1 };
	uint8_t pin[TLS_PIN_SIZE];

	adopt(pair, &pair->a, pair->fds[0], pair->server.context, pair->client.pin);
	adopt(pair, &pair->b, pair->fds[1], pair->client.context, pair->server.pin);
	stage_until(&pair->stage, pair->a.ups == 1 && pair->b.ups == 1);
	assert_int_equal(link_peer_pin(pair->a.link, pin), STATUS_OK);
	assert_memory_equal(pin, pair->client.pin, sizeof(pin));
	assert_int_equal(link_peer_pin(pair->b.link, pin), STATUS_OK);
	assert_memory_equal(pin, pair->server.pin, sizeof(pin));
	link_send(pair->a.link, MSG_PING, &ping);
	link_send(pair->b.link, MSG_PING, &ping);
	stage_until(&pair->stage, pair->a.frames == 1 && pair->b.frames == 1);
}

static void
a_server_with_another_key_is_left(void **state)
{
	struct pair *pair = *state;

	adopt(pair, &pair->a, pair->fds[0], pair->server.context, pair->client.pin);
	adopt(pair, &pair->b, pair->fds[1], pair->client.context, pair->client.pin);
	stage_until(&pair->stage, pair->a.downs == 1 && pair->b.downs == 1);
	assert_int_equal(pair->b.why, STATUS_WRONG_PIN);
	assert_int_equal(pair->a.ups + pair->b.ups, 0);
}

/* The client is through before the server has looked at its key; what it sends meanwhile is not read. */
static void
a_client_with_another_key_is_cut(void **state)
{
	struct pair *pair = *state;
	struct msg_ping ping = { .request = 1 };

	adopt(pair, &pair->a, pair->fds[0], pair->server.context, pair->server.pin);
	adopt(pair, &pair->b, pair->fds[1], pair->client.context, pair->server.pin);
	link_send(pair->b.link, MSG_PING, &ping);
	stage_until(&pair->stage, pair->a.downs == 1 && pair->b.downs == 1);
	assert_int_equal(pair->a.why, STATUS_WRONG_PIN);
	assert_int_equal(pair->a.ups + pair->a.frames, 0);
}

static void
certificates_are_not_spoken(void **state)
{
	struct pair *pair = *state;

	adopt(pair, &pair->a, pair->fds[0], pair->server.context, pair->client.pin);
	adopt(pair, &pair->b, pair->fds[1], pair->stage.client, NULL);
	stage_until(&pair->stage, pair->a.downs == 1 && pair->b.downs == 1);
	assert_int_equal(pair->a.why, STATUS_HANDSHAKE_FAILED);
	assert_int_equal(pair->a.ups + pair->b.ups, 0);
}

static void
a_server_with_a_certificate_is_left(void **state)
{
	struct pair *pair = *state;

	adopt(pair, &pair->a, pair->fds[0], pair->stage.server, NULL);
	adopt(pair, &pair->b, pair->fds[1], pair->client.context, pair->server.pin);
	stage_until(&pair->stage, pair->a.downs == 1 && pair->b.downs == 1);
	assert_int_equal(pair->a.ups + pair->b.ups, 0);
}

static void
garbage_is_cut(void **state)
{
	struct pair *pair = *state;
	static const char garbage[64] = "GET / HTTP/1.1\r\n\r\n";

	assert_int_equal(send(pair->fds[1], garbage, sizeof(garbage), MSG_NOSIGNAL), sizeof(garbage));
	adopt(pair, &pair->a, pair->fds[0], pair->server.context, pair->client.pin);
	adopt(pair, &pair->b, pair->fds[1], NULL, NULL);
	stage_until(&pair->stage, pair->a.downs == 1);
	assert_int_equal(pair->a.why, STATUS_HANDSHAKE_FAILED);
}

/* The key of RFC 8032 7.1, test 1; hashed by sha256sum(1) behind the prefix of RFC 8410. */
static void
the_pin_is_the_hash_of_the_der_form(void **state UNUSED)
{
	static const char key[] =
	    "\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a"
	    "\x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07\x51\x1a";
	static const char hash[] =
	    "\x06\xe3\xfd\x8f\xda\x29\xbb\x60\xab\x59\x55\x7d\xe6\x1e\xdb\x0a"
	    "\xec\xdb\x23\x11\x34\xbe\x30\xe7\x5b\x45\x5f\x8e\x1b\x79\x2f\xa9";
	uint8_t pin[TLS_PIN_SIZE];

	assert_int_equal(tls_pin_of_key((const uint8_t *)key, pin), STATUS_OK);
	assert_memory_equal(pin, hash, sizeof(pin));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(expected_keys_meet),
		TEST(a_server_with_another_key_is_left),
		TEST(a_client_with_another_key_is_cut),
		TEST(certificates_are_not_spoken),
		TEST(a_server_with_a_certificate_is_left),
		TEST(garbage_is_cut),
		cmocka_unit_test(the_pin_is_the_hash_of_the_der_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
