/* SPDX-License-Identifier: ISC */
#include "tests/support/store_process.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "server/store/store_service.h"
#include "shared/channel.h"
#include "shared/compiler.h"
#include "shared/log.h"

enum { PATIENCE_S = 120 };

static void
serve(const struct store_config *config, uint32_t generation, int fd)
{
	struct event_base *base = event_base_new();
	struct store_service *service;
	char why[512];
	enum status status = store_service_new(base, config, NULL, NULL, &service, why,
	    sizeof(why));

	if (status != STATUS_OK) {
		log_error("%s", why);
		_exit((int)status);
	}
	store_service_add_child(service, 0, generation, fd);
	event_base_dispatch(base);
	_exit(0);
}

pid_t
store_process_start(const struct store_config *config, uint32_t generation, int *fd)
{
	pid_t test = getpid(), pid;
	int ends[2];

	assert_int_equal(channel_pair(ends), STATUS_OK);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != test)
			_exit(1);
		close(ends[0]);
		serve(config, generation, ends[1]);
	}
	close(ends[1]);
	*fd = ends[0];
	return pid;
}

void
store_process_kill(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

void
reply_on_answer(void *arg, const struct store_answer *answer)
{
	struct reply *reply = arg;

	assert_false(reply->came);
	if (!answer->is_last) {
		reply->items++;
		return;
	}
	reply->came = true;
	reply->answer = *answer;
	reply->answer.message = NULL;
	if (answer->message != NULL)
		memcpy(&reply->message, answer->message, verb_schema(answer->verb)->struct_size);
}

static void
on_impatient(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	*(bool *)arg = true;
}

void
loop_turn(struct event_base *base)
{
	const struct timeval patience = { PATIENCE_S, 0 };
	bool is_over = false;
	struct event *timer = evtimer_new(base, on_impatient, &is_over);

	event_add(timer, &patience);
	event_base_loop(base, EVLOOP_ONCE);
	event_free(timer);
	if (is_over)
		fail_msg("nothing happened for %d s", PATIENCE_S);
}

void
reply_wait(struct event_base *base, struct reply *reply)
{
	loop_until(base, reply->came);
}

struct reply
ask_and_wait(struct event_base *base, struct store_client *client, uint16_t verb,
    const void *message)
{
	struct reply reply = { 0 };

	store_client_ask(client, verb, message, reply_on_answer, &reply, 7);
	assert_false(reply.came);
	reply_wait(base, &reply);
	assert_int_equal(reply.answer.tag, 7);
	return reply;
}

static void
on_waited(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
	*(bool *)arg = true;
}

static void
wait_ms(struct event_base *base, uint32_t ms)
{
	const struct timeval delay = { ms / 1000, ms % 1000 * 1000 };
	bool waited = false;
	struct event *timer = evtimer_new(base, on_waited, &waited);

	event_add(timer, &delay);
	loop_until(base, waited);
	event_free(timer);
}

struct reply
ask_patiently(struct event_base *base, struct store_client *client, uint16_t verb,
    const void *message)
{
	for (;;) {
		struct reply reply = ask_and_wait(base, client, verb, message);

		if (reply.answer.status != STATUS_STORE_AWAY && reply.answer.status != STATUS_BUSY)
			return reply;
		wait_ms(base, reply.answer.retry_ms);
	}
}
