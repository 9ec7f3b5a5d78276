/* SPDX-License-Identifier: ISC */
#include "tests/support/rogue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/wire.h"

static void
take_text(struct rogue *rogue, const void *message)
{
	const struct msg_user_conversation *text = message;
	struct wire wire = wire_reader(text->inner);
	struct msg_user_conversation_ok answer = { .request = text->request };

	wire_get_u8(&wire);
	answer.id = rogue->number = wire_get_u64(&wire);
	rogue->texts++;
	if (!rogue->leaves_texts)
		rogue_send(rogue, MSG_USER_CONVERSATION_OK, &answer);
}

static void
take_text_ok(struct rogue *rogue, const void *message)
{
	rogue->oks++;
	rogue->number = ((const struct msg_user_conversation_ok *)message)->id;
}

static void
take_ping(struct rogue *rogue, const void *message)
{
	struct msg_ping_ok answer = { .request = ((const struct msg_ping *)message)->request };

	rogue->pings++;
	rogue_send(rogue, MSG_PING_OK, &answer);
}

static void
take_choose(struct rogue *rogue, const void *message)
{
	struct msg_choose_ok answer = { .request = ((const struct msg_choose *)message)->request };

	rogue_send(rogue, MSG_CHOOSE_OK, &answer);
}

static void
take_error(struct rogue *rogue, const void *message)
{
	rogue->error = ((const struct msg_error *)message)->status;
}

static const struct {
	uint16_t type;
	void (*take)(struct rogue *rogue, const void *message);
} intakes[] = {
	{ MSG_USER_CONVERSATION, take_text },
	{ MSG_USER_CONVERSATION_OK, take_text_ok },
	{ MSG_PING, take_ping },
	{ MSG_CHOOSE, take_choose },
	{ MSG_ERROR, take_error },
};

static void
rogue_on_frame(struct end *end, const struct frame *frame)
{
	struct rogue *rogue = CONTAINER_OF(end, struct rogue, end);
	const struct schema *schema = protocol_schema(frame->type);
	union codec_room room;

	assert_non_null(schema);
	assert_int_equal(codec_decode(schema, frame->payload, &room, NULL), STATUS_OK);
	for (size_t i = 0; i < ARRAY_LEN(intakes) && !rogue->is_deaf; i++)
		if (intakes[i].type == frame->type)
			intakes[i].take(rogue, &room);
}

void
rogue_open(struct rogue *rogue, struct talker *mark, uint64_t uid, bool leads)
{
	int order;

	*rogue = (struct rogue){ .mark = mark, .uid = uid };
	do {
		identity_init(&rogue->identity);
		order = memcmp(
		    rogue->identity.public_key, mark->identity.public_key, IDENTITY_KEY_SIZE);
	} while ((order > 0) != leads);
	assert_int_equal(tls_context_new_peer(leads, rogue->identity.secret_key,
			     rogue->identity.public_key, &rogue->tls),
	    STATUS_OK);
}

void
rogue_close(struct rogue *rogue)
{
	end_close(&rogue->end);
	tls_context_unref(rogue->tls);
}

void
rogue_introduce(struct rogue *rogue)
{
	struct peer_meeting meeting = meeting_with(rogue->uid, rogue->identity.public_key);

	memcpy(rogue->token, meeting.token, sizeof(rogue->token));
	assert_int_equal(peer_thread_meet(rogue->mark->thread, &meeting), STATUS_OK);
}

int
rogue_dial(const struct rogue *rogue)
{
	const struct timeval patience = { .tv_sec = 30 };
	struct address door = loopback(2, rogue->mark->port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	assert_int_equal(connect(fd, &door.any, door.len), 0);
	return fd;
}

/* The talker hears of the introduction in its own time; who comes before is sent away. */
int
rogue_dial_by_token(const struct rogue *rogue)
{
	for (;;) {
		uint8_t answer[PEER_TOKEN_SIZE];
		int fd = rogue_dial(rogue);

		assert_int_equal(send(fd, rogue->token, sizeof(rogue->token), MSG_NOSIGNAL),
		    (int)sizeof(rogue->token));
		if (recv(fd, answer, sizeof(answer), MSG_WAITALL) == (int)sizeof(answer)) {
			assert_memory_equal(answer, rogue->token, sizeof(answer));
			return fd;
		}
		close(fd);
	}
}

void
rogue_secure(struct rogue *rogue)
{
	struct stage *stage = rogue->mark->stage;
	struct tls_context *usual = stage->server;
	uint8_t pin[TLS_PIN_SIZE];

	assert_int_equal(tls_pin_of_key(rogue->mark->identity.public_key, pin), STATUS_OK);
	assert_null(rogue->end.link);
	rogue->end = (struct end){ .on_frame = rogue_on_frame };
	stage->server = rogue->tls;
	end_adopt(&rogue->end, stage, rogue_dial_by_token(rogue), pin);
	stage->server = usual;
}

void
rogue_join(struct rogue *rogue)
{
	struct heard *heard = heard_of(rogue->mark, rogue->uid);
	struct msg_choose choose = { .request = 1 };
	unsigned ups = heard->ups;

	rogue_introduce(rogue);
	rogue_secure(rogue);
	stage_until(rogue->mark->stage, rogue->end.ups > 0 || rogue->end.downs > 0);
	if (memcmp(rogue->identity.public_key, rogue->mark->identity.public_key,
		IDENTITY_KEY_SIZE) > 0)
		rogue_send(rogue, MSG_CHOOSE, &choose);
	stage_until(rogue->mark->stage, heard->ups > ups);
}

void
rogue_send(struct rogue *rogue, uint16_t type, const void *message)
{
	assert_int_equal(link_send(rogue->end.link, type, message), STATUS_OK);
}

void
rogue_say(struct rogue *rogue, uint64_t number, struct bytes text)
{
	static uint8_t room[20480];
	struct wire wire = wire_writer(room, sizeof(room));
	struct msg_user_conversation message = { .request = (uint32_t)number };

	wire_put_u8(&wire, 1);
	wire_put_u64(&wire, number);
	wire_put_blob(&wire, text);
	assert_true(wire_is_good(&wire));
	message.inner = bytes_of(room, wire.position);
	rogue_send(rogue, MSG_USER_CONVERSATION, &message);
}
