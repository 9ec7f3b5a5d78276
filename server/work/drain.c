/* SPDX-License-Identifier: ISC */
#include "server/work/drain.h"

#include <stdbool.h>
#include <stdlib.h>

#include "server/proc/child.h"
#include "server/work/session.h"
#include "server/work/session_table.h"
#include "server/work/worker.h"
#include "shared/compiler.h"
#include "shared/crypto.h"
#include "shared/mem.h"
#include "shared/protocol.h"

enum {
	STEP_MS = 100,
	/* A client waits at most so long before it moves; then it has as long again for the way. */
	MOVE_DELAY_MS = 2000,
	MOVE_TIME_MS = 8000,
	/* To tell everybody that the server stops. */
	STOP_MS = 1000,
};

struct drain {
	struct worker *worker;
	struct wheel_timer timer;
	size_t cursor;
};

static void
cut_the_rest(struct wheel_timer *timer)
{
	struct drain *drain = CONTAINER_OF(timer, struct drain, timer);
	struct session *session;
	size_t cursor = 0;

	while ((session = session_table_next(drain->worker->sessions, &cursor)) != NULL)
		session_refuse(session, STATUS_DRAINING, MOVE_DELAY_MS);
}

static void
ask_to_move(struct session *session)
{
	struct msg_move message = { .delay_ms =
					(uint32_t)(crypto_random_number() % MOVE_DELAY_MS) };

	if (session->state == IN_ONLINE)
		session_send(session, MSG_MOVE, &message);
	else
		session_refuse(session, STATUS_DRAINING, 0);
}

static void
ask_some(struct wheel_timer *timer)
{
	struct drain *drain = CONTAINER_OF(timer, struct drain, timer);
	struct worker *worker = drain->worker;
	unsigned children = proc_child_count(worker->child, proc_child_self(worker->child)->role);
	unsigned step =
	    worker->settings.drain_per_second * STEP_MS / 1000 / (children > 0 ? children : 1) + 1;
	struct session *session;

	for (unsigned i = 0; i < step; i++) {
		session = session_table_next(worker->sessions, &drain->cursor);
		if (session == NULL) {
			wheel_set(worker->wheel, timer, MOVE_TIME_MS, cut_the_rest);
			return;
		}
		ask_to_move(session);
	}
	wheel_set(worker->wheel, timer, STEP_MS, ask_some);
}

static void
leave_now(struct wheel_timer *timer)
{
	proc_child_leave(CONTAINER_OF(timer, struct drain, timer)->worker->child, 0);
}

static void
begin(struct worker *worker)
{
	worker->drain = mem_new(sizeof(*worker->drain));
	worker->drain->worker = worker;
}

void
drain_start(struct worker *worker)
{
	if (worker->drain != NULL)
		return;
	begin(worker);
	wheel_set(worker->wheel, &worker->drain->timer, 0, ask_some);
	drain_on_session_end(worker);
}

void
drain_stop(struct worker *worker)
{
	struct session *session;
	size_t cursor = 0;

	if (worker->drain == NULL)
		begin(worker);
	wheel_set(worker->wheel, &worker->drain->timer, STOP_MS, leave_now);
	while ((session = session_table_next(worker->sessions, &cursor)) != NULL)
		session_refuse(session, STATUS_STOPPED, 0);
	drain_on_session_end(worker);
}

void
drain_on_session_end(struct worker *worker)
{
	if (worker->drain != NULL && session_table_count(worker->sessions) == 0)
		proc_child_leave(worker->child, 0);
}

void
drain_free(struct worker *worker)
{
	if (worker->drain == NULL)
		return;
	wheel_clear(worker->wheel, &worker->drain->timer);
	free(worker->drain);
	worker->drain = NULL;
}
