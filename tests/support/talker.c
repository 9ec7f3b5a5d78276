/* SPDX-License-Identifier: ISC */
#include "tests/support/talker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/clock.h"
#include "shared/crypto.h"
#include "shared/mem.h"

struct heard *
heard_of(struct talker *talker, uint64_t uid)
{
	for (size_t i = 0; i < talker->count; i++)
		if (talker->heard[i].uid == uid)
			return &talker->heard[i];
	assert_true(talker->count < TALKER_PEERS_MAX);
	talker->heard[talker->count].uid = uid;
	return &talker->heard[talker->count++];
}

static void
on_up(void *arg, uint64_t uid, uint32_t ms)
{
	struct heard *heard = heard_of(arg, uid);

	heard->ups++;
	heard->ms = ms;
}

static void
on_message(void *arg, uint64_t uid, struct bytes text)
{
	struct talker *talker = arg;
	struct heard *heard = heard_of(talker, uid);

	assert_true(heard->ups > 0);
	heard->texts++;
	free(heard->text);
	heard->text = mem_string_of(text);
	heard->len = text.len;
	if (talker->on_text != NULL)
		talker->on_text(talker, heard);
}

static void
on_delivered(void *arg, uint64_t uid, uint64_t id)
{
	struct heard *heard = heard_of(arg, uid);

	heard->delivered++;
	heard->last_id = id;
}

static void
on_down(void *arg, uint64_t uid, enum status why, const char *sentence)
{
	struct heard *heard = heard_of(arg, uid);

	heard->downs++;
	heard->why = why;
	heard->down_at_us = clock_monotonic_us();
	snprintf(heard->sentence, sizeof(heard->sentence), "%s", sentence);
}

static const struct peer_handler handler = {
	.on_up = on_up,
	.on_message = on_message,
	.on_delivered = on_delivered,
	.on_down = on_down,
};

void
talker_open(
    struct talker *talker, struct stage *stage, uint64_t uid, const struct peer_limits *limits)
{
	*talker = (struct talker){ .stage = stage, .uid = uid };
	identity_init(&talker->identity);
	assert_int_equal(
	    peer_thread_start_with(stage->base, limits != NULL ? limits : &peer_limits_usual,
		&handler, talker, &talker->thread),
	    STATUS_OK);
	assert_int_equal(peer_thread_listen(talker->thread, &talker->port), STATUS_OK);
	peer_thread_set_identity(talker->thread, &talker->identity);
}

void
talker_close(struct talker *talker)
{
	peer_thread_stop(talker->thread);
	talker->thread = NULL;
	for (size_t i = 0; i < talker->count; i++)
		free(talker->heard[i].text);
	talker->count = 0;
}

void
talkers_order(struct talker *greater, struct talker *less)
{
	struct identity identity = greater->identity;

	if (memcmp(greater->identity.public_key, less->identity.public_key, IDENTITY_KEY_SIZE) > 0)
		return;
	greater->identity = less->identity;
	less->identity = identity;
	peer_thread_set_identity(greater->thread, &greater->identity);
	peer_thread_set_identity(less->thread, &less->identity);
}

struct address
loopback(unsigned host, uint16_t port)
{
	struct address address = { .len = sizeof(address.v4) };

	address.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
	address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + host);
	return address;
}

struct peer_meeting
meeting_with(uint64_t uid, const uint8_t *key)
{
	struct peer_meeting meeting = { .uid = uid };

	memcpy(meeting.identity, key, sizeof(meeting.identity));
	crypto_random(meeting.token, sizeof(meeting.token));
	return meeting;
}

void
meeting_add(struct peer_meeting *meeting, struct address address)
{
	meeting->addresses[meeting->address_count++] = address;
}

void
introduce(struct talker *a, struct talker *b, bool a_dials, bool b_dials)
{
	struct peer_meeting for_a = meeting_with(b->uid, b->identity.public_key);
	struct peer_meeting for_b = meeting_with(a->uid, a->identity.public_key);

	memcpy(for_b.token, for_a.token, sizeof(for_b.token));
	if (a_dials)
		meeting_add(&for_a, loopback(2, b->port));
	if (b_dials)
		meeting_add(&for_b, loopback(3, a->port));
	assert_int_equal(peer_thread_meet(a->thread, &for_a), STATUS_OK);
	assert_int_equal(peer_thread_meet(b->thread, &for_b), STATUS_OK);
}

void
talker_say(struct talker *talker, uint64_t to, uint64_t id, const char *text)
{
	assert_int_equal(peer_thread_say(talker->thread, to, id, bytes_of_string(text)), STATUS_OK);
}
