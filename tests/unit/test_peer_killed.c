/* SPDX-License-Identifier: ISC */
/* The other side is another process, and it is killed: seen at once, and only in that session. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "shared/clock.h"
#include "tests/support/talker.h"

enum { ANN = 1001, BEN = 1002, CAI = 1003 };

/* What Ann has to know of a talker in another process. */
struct card {
	uint64_t uid;
	uint16_t port;
	uint8_t key[IDENTITY_KEY_SIZE];
};

struct child {
	pid_t pid;
	int line; /* cards out, meetings in */
	struct card card;
};

/* Meets whom it is told to, and says one text when that is done. */
static void
live(int line, uint64_t uid)
{
	struct stage stage;
	struct talker talker;
	struct card card = { .uid = uid };
	struct peer_meeting meeting;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stage_open(&stage, false);
	talker_open(&talker, &stage, uid, NULL);
	card.port = talker.port;
	memcpy(card.key, talker.identity.public_key, sizeof(card.key));
	if (write(line, &card, sizeof(card)) != sizeof(card) ||
	    read(line, &meeting, sizeof(meeting)) != sizeof(meeting))
		_exit(1);
	if (peer_thread_meet(talker.thread, &meeting) != STATUS_OK)
		_exit(2);
	while (heard_of(&talker, ANN)->ups == 0)
		event_base_loop(stage.base, EVLOOP_ONCE);
	talker_say(&talker, ANN, 1, "I live.");
	event_base_dispatch(stage.base);
	_exit(3);
}

/* Before there is any thread in this process. */
static void
child_start(struct child *child, uint64_t uid)
{
	int line[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, line), 0);
	child->pid = fork();
	assert_true(child->pid >= 0);
	if (child->pid == 0) {
		close(line[0]);
		live(line[1], uid);
	}
	close(line[1]);
	child->line = line[0];
	assert_int_equal(
	    read(child->line, &child->card, sizeof(child->card)), (int)sizeof(child->card));
}

static void
child_kill(struct child *child)
{
	assert_int_equal(kill(child->pid, SIGKILL), 0);
	assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
}

static void
call(struct talker *talker, const struct child *child)
{
	struct peer_meeting here = meeting_with(child->card.uid, child->card.key);
	struct peer_meeting there = meeting_with(talker->uid, talker->identity.public_key);

	memcpy(there.token, here.token, sizeof(there.token));
	meeting_add(&here, loopback(2, child->card.port));
	meeting_add(&there, loopback(3, talker->port));
	assert_int_equal(write(child->line, &there, sizeof(there)), (int)sizeof(there));
	assert_int_equal(peer_thread_meet(talker->thread, &here), STATUS_OK);
}

static void
a_killed_client_is_seen_at_once(void **state UNUSED)
{
	struct child ben = { 0 }, cai = { 0 };
	struct heard *ben_of_ann, *cai_of_ann;
	struct stage stage;
	struct talker ann;
	uint64_t killed_at;

	child_start(&ben, BEN);
	child_start(&cai, CAI);
	stage_open(&stage, false);
	talker_open(&ann, &stage, ANN, NULL);
	ben_of_ann = heard_of(&ann, BEN);
	cai_of_ann = heard_of(&ann, CAI);
	call(&ann, &ben);
	call(&ann, &cai);
	stage_until(&stage, ben_of_ann->texts == 1 && cai_of_ann->texts == 1);
	killed_at = clock_monotonic_us();
	child_kill(&ben);
	stage_until(&stage, ben_of_ann->downs == 1);
	print_message("a killed client was missed after %.1f ms\n",
	    (double)(ben_of_ann->down_at_us - killed_at) / 1000);
	/* And not by waiting for a sign of life. */
	assert_int_equal(ben_of_ann->why, STATUS_RESET);
	assert_string_equal(ben_of_ann->sentence, "The connection to the other side broke.");
	talker_say(&ann, CAI, 1, "and you?");
	stage_until(&stage, cai_of_ann->delivered == 1);
	assert_int_equal(cai_of_ann->downs, 0);
	child_kill(&cai);
	stage_until(&stage, cai_of_ann->downs == 1);
	talker_close(&ann);
	stage_close(&stage);
	close(ben.line);
	close(cai.line);
}

/* Stopped, not dead: the system still answers for it, nobody else does. */
static void
a_stopped_client_is_lost_in_time(void **state UNUSED)
{
	struct peer_limits limits = peer_limits_usual;
	struct child ben = { 0 };
	struct heard *ben_of_ann;
	struct stage stage;
	struct talker ann;

	limits.ping_ms = 500;
	limits.ping_skew_ms = 0;
	limits.lost_ms = 4000;
	child_start(&ben, BEN);
	stage_open(&stage, false);
	talker_open(&ann, &stage, ANN, &limits);
	ben_of_ann = heard_of(&ann, BEN);
	call(&ann, &ben);
	stage_until(&stage, ben_of_ann->texts == 1);
	assert_int_equal(kill(ben.pid, SIGSTOP), 0);
	stage_until(&stage, ben_of_ann->downs == 1);
	assert_int_equal(ben_of_ann->why, STATUS_IDLE);
	child_kill(&ben);
	talker_close(&ann);
	stage_close(&stage);
	close(ben.line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_killed_client_is_seen_at_once),
		cmocka_unit_test(a_stopped_client_is_lost_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
