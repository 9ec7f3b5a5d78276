/* SPDX-License-Identifier: ISC */
/* A link in good weather: everything once plain and once with TLS. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/compiler.h"
#include "shared/protocol.h"
#include "tests/support/stage.h"

static int
set_up_plain(void **state)
{
	*state = malloc(sizeof(struct stage));
	stage_open(*state, false);
	return 0;
}

static int
set_up_tls(void **state)
{
	*state = malloc(sizeof(struct stage));
	stage_open(*state, true);
	return 0;
}

static int
tear_down(void **state)
{
	stage_close(*state);
	free(*state);
	return 0;
}

static void
check_seed(struct end *end, const struct frame *frame)
{
	assert_int_equal(frame->payload.len, end->other->number);
	assert_true(frame_is_sent_by_seed(frame, (unsigned)end->frames));
}

static void
frames_of_every_size_arrive_whole(void **state)
{
	struct stage *stage = *state;
	struct end client = { 0 }, server = { .on_frame = check_seed };
	unsigned sent = 0;

	stage_link(stage, &client, &server);
	for (size_t size = 0; size <= FRAME_PAYLOAD_MAX; size += size < 300 ? 1 : 997) {
		client.number = size;
		assert_int_equal(end_send(&client, 7, size, ++sent), STATUS_OK);
		stage_until(stage, server.frames == sent);
	}
	client.number = FRAME_PAYLOAD_MAX;
	end_send(&client, 7, FRAME_PAYLOAD_MAX, ++sent);
	stage_until(stage, server.frames == sent);
	end_close(&client);
	stage_until(stage, server.downs);
	assert_int_equal(server.why, STATUS_CLOSED);
}

#define BOTH(test) \
	cmocka_unit_test_setup_teardown(test, set_up_plain, tear_down), \
	cmocka_unit_test_setup_teardown(test, set_up_tls, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(frames_of_every_size_arrive_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
