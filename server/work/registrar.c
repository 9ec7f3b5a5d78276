/* SPDX-License-Identifier: ISC */
#include "server/work/registrar.h"

#include <stdbool.h>
#include <stdlib.h>

#include "server/proc/child.h"
#include "server/proc/counters.h"
#include "server/store/store_client.h"
#include "server/work/session.h"
#include "server/work/session_table.h"
#include "server/work/worker.h"
#include "shared/compiler.h"
#include "shared/mem.h"

enum {
	REPEAT_SESSIONS = 256,	/* said again in one go */
	REPEAT_PAUSE_MS = 100,
	RETRY_MS = 2000,
};

struct registrar {
	struct worker *worker;
	struct wheel_timer timer;
	size_t cursor;
};

struct registrar *
registrar_new(struct worker *worker)
{
	struct registrar *registrar = mem_new(sizeof(*registrar));

	registrar->worker = worker;
	return registrar;
}

void
registrar_free(struct registrar *registrar)
{
	if (registrar == NULL)
		return;
	store_client_cancel(registrar->worker->store, registrar);
	wheel_clear(registrar->worker->wheel, &registrar->timer);
	free(registrar);
}

static void
registrar_on_due(struct wheel_timer *timer)
{
	struct registrar *registrar = CONTAINER_OF(timer, struct registrar, timer);
	struct session *session;

	for (int i = 0; i < REPEAT_SESSIONS; i++) {
		session = session_table_next(registrar->worker->sessions, &registrar->cursor);
		if (session == NULL)
			return;
		if (session->uid != 0)
			registrar_add(registrar, session);
	}
	wheel_set(registrar->worker->wheel, timer, REPEAT_PAUSE_MS, registrar_on_due);
}

static void
repeat_after(struct registrar *registrar, uint64_t delay_ms)
{
	registrar->cursor = 0;
	wheel_set(registrar->worker->wheel, &registrar->timer, delay_ms, registrar_on_due);
}

void
registrar_repeat(struct registrar *registrar)
{
	if (registrar != NULL)
		repeat_after(registrar, 0);
}

/*
 * Whatever was not written is said again with everything else: a few rows too many cost less than
 * a list of what is missing.
 */
static void
on_answer(void *arg, const struct store_answer *answer)
{
	if (answer->status != STATUS_OK)
		repeat_after(arg, answer->retry_ms + RETRY_MS);
}

void
registrar_add(struct registrar *registrar, const struct session *session)
{
	struct verb_session_add ask = { .session = session->id, .uid = session->uid };
	struct endpoint address;

	if (registrar == NULL || !session_address(session, &address))
		return;
	ask.host = bytes_of_string(address.host);
	ask.port = address.port;
	store_client_ask(registrar->worker->store, VERB_SESSION_ADD, &ask, on_answer, registrar, 0);
}

/* A row that could not be removed ends with our lease, or when the user comes back. */
static void
on_removed(void *arg UNUSED, const struct store_answer *answer UNUSED)
{
}

void
registrar_remove(struct registrar *registrar, const struct session *session)
{
	struct verb_session_remove ask = { .session = session->id, .uid = session->uid };

	if (registrar != NULL)
		store_client_ask(
		    registrar->worker->store, VERB_SESSION_REMOVE, &ask, on_removed, registrar, 0);
}

/* It ends in any case; what became of the account says why. */
static void
on_fate(void *arg, const struct store_answer *answer)
{
	struct session *session = arg;
	struct counters *counters = proc_child_counters(session->worker->child);

	if (session->state == IN_LEAVING)
		return;
	if (answer->status == STATUS_NO_SUCH_USER) {
		session_refuse(session, STATUS_ACCOUNT_GONE, 0);
		return;
	}
	counter_add(&counters->takeovers, 1);
	session_refuse(session, STATUS_TAKEN_OVER, 0);
}

void
registrar_on_taken(struct registrar *registrar, const struct verb_session_taken *taken)
{
	struct session *session = session_table_find(registrar->worker->sessions, taken->session);
	struct verb_account_epoch ask = { .uid = taken->uid };

	if (session != NULL && session->uid == taken->uid)
		store_client_ask(
		    registrar->worker->store, VERB_ACCOUNT_EPOCH, &ask, on_fate, session, 0);
}
