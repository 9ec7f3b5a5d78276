/* SPDX-License-Identifier: ISC */
#include "tests/support/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/queue.h>

#include <cmocka.h>
#include <event2/event.h>

#include "shared/clock.h"
#include "shared/link.h"
#include "shared/mem.h"
#include "shared/str.h"
#include "tests/support/process.h"

enum { TICK_MS = 20 };

struct heard {
	STAILQ_ENTRY(heard) next;
	struct frame frame;
};

struct peer {
	struct event_base *base;
	struct link_loop *loop;
	struct tls_context *tls;
	struct link *link;
	struct sockaddr_in here, there;
	STAILQ_HEAD(, heard) frames;
	struct heard *last;	/* what peer_expect() gave out */
	bool was_up;
	enum status why;	/* STATUS_OK: not down yet */
	uint8_t nonce[IDENTITY_BINDING_SIZE];	/* of HELLO_OK */
};

static const struct link_limits limits = {
	.handshake_ms = PROCESS_PATIENCE_MS,
	.drain_ms = 1000,
	.output_low = 1 << 20,
	.output_high = 16 << 20,
};

void
peer_identity_init(struct peer_identity *identity)
{
	assert_int_equal(tls_make_certificate(&identity->certificate, &identity->key), STATUS_OK);
	assert_int_equal(tls_pin_of_certificate(bytes_of_string(identity->certificate),
	    identity->pin), STATUS_OK);
	str_to_hex(bytes_of(identity->pin, sizeof(identity->pin)), identity->pin_text);
}

void
peer_identity_clear(struct peer_identity *identity)
{
	free(identity->certificate);
	free(identity->key);
}

/* --- what the link says --------------------------------------------------- */

static void
on_up(struct link *link UNUSED, void *arg)
{
	struct peer *peer = arg;

	peer->was_up = true;
	event_base_loopbreak(peer->base);
}

static void
on_frame(struct link *link UNUSED, const struct frame *frame, void *arg)
{
	struct peer *peer = arg;
	struct heard *heard = mem_new(sizeof(*heard) + frame->payload.len);

	memcpy(heard + 1, frame->payload.data, frame->payload.len);
	heard->frame.type = frame->type;
	heard->frame.payload = bytes_of(heard + 1, frame->payload.len);
	STAILQ_INSERT_TAIL(&peer->frames, heard, next);
	event_base_loopbreak(peer->base);
}

static void
on_down(struct link *link UNUSED, enum status why, void *arg)
{
	struct peer *peer = arg;

	peer->link = NULL;
	peer->why = why;
	event_base_loopbreak(peer->base);
}

static const struct link_handler handler = { .on_up = on_up, .on_frame = on_frame,
    .on_down = on_down };

/* --- waiting -------------------------------------------------------------- */

static void
on_time(evutil_socket_t fd UNUSED, short what UNUSED, void *arg UNUSED)
{
	/* The turn ends; the deadline is looked at outside. */
}

typedef bool condition(const struct peer *peer);

static bool
wait_for(struct peer *peer, condition *holds, int timeout_ms)
{
	const struct timeval time = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };
	uint64_t deadline = clock_monotonic_ms() + (uint64_t)timeout_ms;
	struct event *timer = evtimer_new(peer->base, on_time, NULL);

	evtimer_add(timer, &time);
	while (!holds(peer) && clock_monotonic_ms() < deadline)
		event_base_loop(peer->base, EVLOOP_ONCE);
	event_free(timer);
	return holds(peer);
}

static bool
is_up_or_down(const struct peer *peer)
{
	return peer->was_up || peer->why != STATUS_OK;
}

static bool
is_down(const struct peer *peer)
{
	return peer->why != STATUS_OK;
}

static bool
has_frame(const struct peer *peer)
{
	return !STAILQ_EMPTY(&peer->frames);
}

static bool
has_frame_or_is_down(const struct peer *peer)
{
	return has_frame(peer) || is_down(peer);
}

/* --- life ----------------------------------------------------------------- */

static struct sockaddr_in
loopback(const char *host, unsigned port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	assert_int_equal(inet_pton(AF_INET, host, &address.sin_addr), 1);
	return address;
}

static void
dial(struct peer *peer)
{
	struct link_target target = {
		.tls = peer->tls,
		.address = (struct sockaddr *)&peer->there, .address_len = sizeof(peer->there),
		.local = (struct sockaddr *)&peer->here, .local_len = sizeof(peer->here),
	};

	peer->was_up = false;
	peer->why = STATUS_OK;
	peer->link = link_connect(peer->loop, &target, &limits, &handler, peer);
}

struct peer *
peer_connect_from(const char *local, unsigned port, const struct peer_identity *identity,
    bool is_plain)
{
	struct peer *peer = mem_new(sizeof(*peer));
	struct bytes certificate = bytes_of(NULL, 0), key = bytes_of(NULL, 0);

	peer->there = loopback("127.0.0.1", port);
	peer->here = loopback(local, 0);
	STAILQ_INIT(&peer->frames);
	if (identity != NULL) {
		certificate = bytes_of_string(identity->certificate);
		key = bytes_of_string(identity->key);
	}
	if (!is_plain)
		assert_int_equal(tls_context_new_client(certificate, key, &peer->tls), STATUS_OK);
	peer->base = link_base_new();
	assert_non_null(peer->base);
	peer->loop = link_loop_new(peer->base, TICK_MS);
	dial(peer);
	return peer;
}

struct peer *
peer_connect(unsigned port, const struct peer_identity *identity, bool is_plain)
{
	return peer_connect_from("127.0.0.1", port, identity, is_plain);
}

static void
drop_frame(struct peer *peer)
{
	struct heard *heard = STAILQ_FIRST(&peer->frames);

	STAILQ_REMOVE_HEAD(&peer->frames, next);
	free(heard);
}

void
peer_connect_again(struct peer *peer)
{
	if (peer->link != NULL) {
		link_set_handler(peer->link, NULL, NULL);
		link_close(peer->link, STATUS_GOODBYE);
	}
	while (has_frame(peer))
		drop_frame(peer);
	dial(peer);
	peer_wait_up(peer);
	peer_hello(peer);
}

void
peer_free(struct peer *peer)
{
	if (peer == NULL)
		return;
	if (peer->link != NULL)
		link_close(peer->link, STATUS_GOODBYE);
	link_loop_free(peer->loop);
	event_base_free(peer->base);
	tls_context_unref(peer->tls);
	while (has_frame(peer))
		drop_frame(peer);
	free(peer->last);
	free(peer);
}

/* --- steps ---------------------------------------------------------------- */

void
peer_wait_up(struct peer *peer)
{
	if (!wait_for(peer, is_up_or_down, PROCESS_PATIENCE_MS) || !peer->was_up)
		fail_msg("not connected: %s", status_name(peer->why));
}

void
peer_send(struct peer *peer, uint16_t type, const void *message)
{
	if (peer->link == NULL || link_send(peer->link, type, message) != STATUS_OK)
		fail_msg("%s cannot be sent: %s", protocol_name(type), status_name(peer->why));
}

void
peer_send_raw(struct peer *peer, struct bytes bytes)
{
	if (peer->link == NULL || link_send_frame(peer->link, bytes) != STATUS_OK)
		fail_msg("bytes cannot be sent: %s", status_name(peer->why));
}

static bool
has_sent_or_is_down(const struct peer *peer)
{
	return is_down(peer) || link_output_pending(peer->link) == 0;
}

void
peer_flush(struct peer *peer)
{
	if (!wait_for(peer, has_sent_or_is_down, PROCESS_PATIENCE_MS))
		fail_msg("the other side does not read");
}

static bool
has_room_or_is_down(const struct peer *peer)
{
	return is_down(peer) || link_output_pending(peer->link) < limits.output_low;
}

void
peer_send_blindly(struct peer *peer, struct bytes bytes, size_t times)
{
	link_pause(peer->link);
	while (times-- > 0 && !is_down(peer) && link_send_frame(peer->link, bytes) == STATUS_OK)
		if (!wait_for(peer, has_room_or_is_down, PROCESS_PATIENCE_MS))
			fail_msg("the other side neither reads nor cuts us");
}

bool
peer_hears(struct peer *peer, int timeout_ms)
{
	return wait_for(peer, has_frame_or_is_down, timeout_ms) && has_frame(peer);
}

uint16_t
peer_next_type(struct peer *peer)
{
	if (!peer_hears(peer, PROCESS_PATIENCE_MS))
		fail_msg("a frame expected, but: %s",
		    peer->why != STATUS_OK ? status_name(peer->why) : "nothing came");
	return STAILQ_FIRST(&peer->frames)->frame.type;
}

/* A frame that came instead of the expected one, for the message of the failure. */
static void
fail_about(const struct frame *frame, uint16_t type)
{
	const struct schema *schema = protocol_schema(frame->type);
	union codec_room room;
	char line[512];

	if (schema == NULL || codec_decode(schema, frame->payload, &room, NULL) != STATUS_OK)
		fail_msg("%s expected, a broken %s came", protocol_name(type),
		    protocol_name(frame->type));
	codec_describe(schema, &room, line, sizeof(line));
	fail_msg("%s expected, but: %s", protocol_name(type), line);
}

void
peer_expect(struct peer *peer, uint16_t type, void *out)
{
	union codec_room room;

	if (!peer_hears(peer, PROCESS_PATIENCE_MS))
		fail_msg("%s expected, but: %s", protocol_name(type),
		    peer->why != STATUS_OK ? status_name(peer->why) : "nothing came");
	free(peer->last);
	peer->last = STAILQ_FIRST(&peer->frames);
	STAILQ_REMOVE_HEAD(&peer->frames, next);
	if (peer->last->frame.type != type)
		fail_about(&peer->last->frame, type);
	assert_int_equal(codec_decode(protocol_schema(type), peer->last->frame.payload,
	    out != NULL ? out : &room, NULL), STATUS_OK);
}

void
peer_expect_error(struct peer *peer, enum status status)
{
	struct msg_error error;

	peer_expect(peer, MSG_ERROR, &error);
	if (error.status != status)
		fail_msg("ERROR %s expected, but it was %s", status_name(status),
		    status_name((enum status)error.status));
}

enum status
peer_wait_down(struct peer *peer, int timeout_ms)
{
	if (!wait_for(peer, is_down, timeout_ms))
		fail_msg("the connection stays open");
	while (has_frame(peer))
		drop_frame(peer);
	return peer->why;
}

void
peer_hello(struct peer *peer)
{
	const struct msg_hello hello = { .request = 1, .version = PROTOCOL_VERSION,
	    .program = bytes_of_string("test") };
	struct msg_hello_ok answer;

	peer_send(peer, MSG_HELLO, &hello);
	peer_expect(peer, MSG_HELLO_OK, &answer);
	memcpy(peer->nonce, answer.nonce.data, sizeof(peer->nonce));
}

void
peer_channel(struct peer *peer, struct identity_channel *out)
{
	*out = (struct identity_channel){ 0 };
	if (peer->tls == NULL) {
		memcpy(out->binding, peer->nonce, sizeof(out->binding));
		return;
	}
	assert_int_equal(link_peer_pin(peer->link, out->pin), STATUS_OK);
	assert_int_equal(link_binding(peer->link, out->binding), STATUS_OK);
}
